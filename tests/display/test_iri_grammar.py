"""Altair starts without a grammar that it does not use; whoever checks a format has it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def installed() -> None:
    assert find_spec("rfc3987_syntax"), "JupyterLab brings it"


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_chart_does_without_it() -> None:
    run("import sys, mixpanel_nb.display, altair; assert 'lark' not in sys.modules")


def test_formats_are_checked_as_before() -> None:
    run(
        "import sys, mixpanel_nb.display, altair, jsonschema\n"
        "checks = lambda text: jsonschema.FormatChecker().conforms(text, 'iri')\n"
        "assert checks('http://exämple.org/') and not checks('no address')\n"
        "import rfc3987_syntax; assert rfc3987_syntax.parse('iri', 'http://exämple.org/')"
    )


def test_who_imports_it_gets_it() -> None:
    run(
        "import mixpanel_nb.display, rfc3987_syntax\n"
        "assert rfc3987_syntax.parse('iri', 'http://exämple.org/')\n"
        "assert rfc3987_syntax.is_valid_syntax('iri', 'http://exämple.org/')"
    )
