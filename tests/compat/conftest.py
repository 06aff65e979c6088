"""One server, and one workspace with its quarter fetched, that every client's figures are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from workspaces import workspace_on

from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.workspace import sandbox_credentials

from .environment import QUARTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.store import Dataset


@pytest.fixture(scope="module")
def server(store: Dataset) -> Iterator[SandboxServer]:
    with SandboxServer(create_app(store)) as server:
        yield server


@pytest.fixture(scope="module")
def ws(server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
    folder = tmp_path_factory.mktemp("ours")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXPANEL_NB_HOME", str(folder))
        with workspace_on(client, folder / "data.db") as workspace:
            workspace.fetch_events(**QUARTER)
            yield workspace
