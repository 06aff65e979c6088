"""Workspaces on a client of the test's own; homes in which the sandbox need not be made."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from mixpanel_nb import Workspace
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.workspace import Project

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.client import MixpanelAPIClient


def workspace_on(
    client: MixpanelAPIClient, path: str | Path, *, read_only: bool = False, week_start: str | None = None
) -> Workspace:
    """A workspace on ``path`` that asks ``client``; closing it closes both."""
    project = Project(client.credentials, week_start=week_start, client=client)
    return Workspace.from_parts(project, StorageEngine(path, read_only=read_only))


def with_sandbox(home: Path, files: Path) -> Path:
    """The home, in which the sandbox finds its files (those of the fixture ``whole_sandbox``)."""
    shutil.copytree(files, home / "cache", copy_function=os.link)
    return home
