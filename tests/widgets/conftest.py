"""A workspace with two weeks of the sandbox's events, for questions that widgets ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from workspaces import with_sandbox

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def ws(whole_sandbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = with_sandbox(tmp_path_factory.mktemp("widgets"), whole_sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXPANEL_NB_HOME", str(home))
        with Workspace.memory("sandbox") as workspace:
            workspace.fetch_events(from_date="2025-01-01", to_date="2025-01-14")
            yield workspace
