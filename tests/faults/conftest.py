"""What the tests under fire share; the harness itself knows nothing of pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from shells import opened_shell

from faults import kills, network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from faults.kills import Yard
    from faults.network import Arena
    from mixpanel_nb.sandbox.store import Dataset


@pytest.fixture(scope="module")
def arena(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A sandbox behind a front that can misbehave."""
    with network.arena(store, tmp_path_factory.mktemp("arena")) as made:
        yield made


@pytest.fixture(scope="module")
def yard(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A database for every victim, and a Mixpanel."""
    with kills.yard(store, tmp_path_factory.mktemp("yard")) as made:
        yield made


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Any]:
    """An IPython shell with the extension loaded."""
    with opened_shell() as shell:
        shell.run_line_magic("load_ext", "mixpanel_nb")
        yield shell
        shell.run_line_magic("unload_ext", "mixpanel_nb")
