"""What all tests share: a home of their own, and a small sandbox to fetch from."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import HealthCheck, settings
from workspaces import workspace_on

from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import Faults
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb import Workspace

EVENTS = 8_000

# A shell that starts the tests in the background lets them ignore Ctrl-C, and so all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast the machine is decides nothing.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
_BROWSER = "tests/browser/"
# What takes long begins first, so that no core waits for another one in the end.
_LONG = (
    _BROWSER,
    "tests/test_docs.py",
    "tests/test_names_in_sql.py",
    "tests/test_packaging.py",
    "tests/reports/",
    "notebooks/",
    "tests/faults/",
    "tests/notebook/",
    "tests/services/",
)


class OpenWorkspace(Protocol):
    """Opens a workspace on a server, by default on the file ``data.db`` of the test's folder."""

    def __call__(self, url: str, path: Path | None = None, **credentials: Any) -> Workspace: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-sql", action="store_true", help="write the SQL of reports anew")
    parser.addoption("--pictures", metavar="FOLDER", help="take pictures of what tests in a browser see")


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, for tests also wait: for a browser, an interrupt, a lock."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As ``--dist loadscope``, but all browser tests in one process, for they share a JupyterLab."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False  # which puts modules of few tests last, long ones too

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is untyped
        def _split_scope(self, nodeid: str) -> str:
            return _BROWSER if nodeid.startswith(_BROWSER) else str(super()._split_scope(nodeid))

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((place for place, start in enumerate(_LONG) if item.nodeid.startswith(start)), len(_LONG))


def pytest_collection_finish() -> None:
    """What is here now stays, and is not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the user's own accounts, files or settings, nor does a program it starts."""
    for name in [name for name in os.environ if name.startswith("MP_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("MIXPANEL_NB_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    """The generated store with few events; built once, also for several test processes."""
    with Dataset.generated(_shared(tmp_path_factory) / "store", events=EVENTS) as dataset:
        yield dataset


@pytest.fixture(scope="session")
def whole_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sandbox's own files, for the ``cache`` of a home; built once, also for several test processes."""
    folder = _shared(tmp_path_factory) / "sandbox"
    with Dataset.generated(folder) as dataset, dataset.runner():
        return folder


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run have."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def mixpanel(store: Dataset, faults: Faults) -> Iterator[SandboxServer]:
    """A Mixpanel over HTTP; ``faults`` are its bad days."""
    with SandboxServer(create_app(store, faults=faults)) as server:
        yield server


@pytest.fixture
def open_workspace(tmp_path: Path) -> Iterator[OpenWorkspace]:
    """Workspaces whose client asks again quickly and keeps no quota; closed after the test."""
    opened: list[Workspace] = []

    def open_it(
        url: str, path: Path | None = None, *, read_only: bool = False, **credentials: Any
    ) -> Workspace:
        account = Credentials("sandbox", "sandbox", "1", **credentials)
        client = MixpanelAPIClient(account, base_url=url, max_retries=2, backoff=0.01)
        workspace = workspace_on(client, path or tmp_path / "data.db", read_only=read_only)
        opened.append(workspace)
        return workspace

    yield open_it
    for workspace in opened:
        workspace.close()


@pytest.fixture
def ws(mixpanel: SandboxServer, open_workspace: OpenWorkspace) -> Workspace:
    """A workspace on ``mixpanel``."""
    return open_workspace(mixpanel.url)
