"""What is published: a wheel and a source archive that hold what they should, and work on their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mixpanel_nb

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
NAME = f"mixpanel_nb-{mixpanel_nb.__version__}"
NOT_PUBLISHED = (".ci/", ".github/")

IMPORT_ALL = """
import importlib, pkgutil
import mixpanel_nb
for module in pkgutil.walk_packages(mixpanel_nb.__path__, "mixpanel_nb."):
    needs_an_extra = module.name.startswith("mixpanel_nb.analytics.dialects.")
    if not module.name.endswith("__main__") and not needs_an_extra:
        importlib.import_module(module.name)
print(mixpanel_nb.__file__)
"""

RUN_NOTEBOOK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def repository() -> set[str]:
    """The files of the repository, with those that are new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name for name in listed if (ROOT / name).exists()}


def test_the_wheel_holds_the_package_and_nothing_else(built: Path, repository: set[str]) -> None:
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        held = set(wheel.namelist())
    about = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    assert held == {name for name in repository if name.startswith("mixpanel_nb/")} | {
        f"{NAME}.dist-info/{name}" for name in about
    }
    assert "mixpanel_nb/py.typed" in held


def test_the_source_archive_holds_the_repository_and_nothing_else(built: Path, repository: set[str]) -> None:
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        held = {member.name.removeprefix(f"{NAME}/") for member in archive.getmembers() if member.isfile()}
    assert held == {name for name in repository if not name.startswith(NOT_PUBLISHED)} | {"PKG-INFO"}


def test_the_metadata_say_what_a_stranger_asks(built: Path) -> None:
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        about = message_from_string(wheel.read(f"{NAME}.dist-info/METADATA").decode())
    assert about["Version"] == mixpanel_nb.__version__
    assert about["License-Expression"] == "MIT"
    assert about["Requires-Python"] == ">=3.11"
    assert about["Description-Content-Type"] == "text/markdown"
    assert {url.split(", ")[0] for url in about.get_all("Project-URL", [])} >= {
        "Documentation",
        "Changelog",
        "Source",
    }
    extras = [name for name in about.get_all("Requires-Dist", []) if "extra ==" in name]
    assert sorted(extras) == [
        "chdb>=4.0; extra == 'clickhouse'",
        "deltalake>=1.6; extra == 'lake'",
        "isal>=1.7; extra == 'fast'",
        "pyarrow>=16; extra == 'lake'",
        "pyspark>=4.0; extra == 'spark'",
        "scipy>=1.11; extra == 'stats'",
        "sqlglot>=30; extra == 'clickhouse'",
        "sqlglot>=30; extra == 'spark'",
    ]
    assert not re.findall(r"\]\((?!https://)[^)]*\)", str(about.get_payload())), (
        "a link that PyPI cannot follow"
    )


@pytest.fixture(scope="module")
def elsewhere(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs Python where the wheel is installed with what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    wheel = next(built.glob("*.whl"))
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, folder / "env"], check=True)
    subprocess.run([*uv, "pip", "install", "--python", folder / "env", wheel], check=True)

    def run(*words: str | Path) -> str:
        command = [folder / "env" / "bin" / "python", *words]
        environment = {**os.environ, "MIXPANEL_NB_HOME": str(folder / "home")}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_every_module_finds_what_it_imports(elsewhere: Callable[..., str]) -> None:
    assert "site-packages" in elsewhere("-c", IMPORT_ALL)


def test_the_demo_runs_where_only_the_wheel_is(elsewhere: Callable[..., str]) -> None:
    assert "64,521" in elsewhere("-m", "mixpanel_nb", "demo")


def test_the_first_notebook_runs_where_only_the_wheel_is(elsewhere: Callable[..., str]) -> None:
    elsewhere("-c", RUN_NOTEBOOK, ROOT / "notebooks" / "01_first_look.ipynb")
