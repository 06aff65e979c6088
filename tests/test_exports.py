"""What can be imported from the package is what its reference documents."""

from __future__ import annotations

import inspect
import subprocess
import sys

import mixpanel_nb
from mixpanel_nb import errors, results

OF_SERVICES = {"ALL_ROWS", "ANY_EVENT", "OVERALL", "json_safe", "MemoryRows", "RowSource", "RowsResult"}


def test_errors_and_results_can_be_imported_from_the_package() -> None:
    documented = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and name.endswith("Error")
    }
    documented |= set(results.__all__) - OF_SERVICES
    documented |= {"Buckets", "Formula", "Metric"}
    documented |= {"did", "did_not", "in_cohort", "profile"}
    documented |= {"ConfigManager", "Credentials", "Workspace", "__version__"}
    assert set(mixpanel_nb.__all__) == documented
    for name in mixpanel_nb.__all__:
        assert getattr(mixpanel_nb, name) is not None
    assert set(dir(mixpanel_nb)) == documented


def test_importing_the_package_loads_nothing_of_it() -> None:
    program = (
        "import sys, mixpanel_nb; mixpanel_nb.ParameterError\n"
        "print(sorted(name for name in sys.modules if name.startswith('mixpanel_nb.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "['mixpanel_nb.errors', 'mixpanel_nb.redaction']"
