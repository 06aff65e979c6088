"""Packages whose names are imported on first use: every name is there, and is what type checkers see."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from mixpanel_nb import lazy, results
from mixpanel_nb.queries import QUERIES, Query
from mixpanel_nb.views import VIEWS, View

ROOT = Path(lazy.__file__).parent
PACKAGES = sorted(
    ".".join(("mixpanel_nb", *file.parent.relative_to(ROOT).parts))
    for file in ROOT.rglob("__init__.py")
    if "lazy.names(" in file.read_text(encoding="utf-8")
)


def seen_by_type_checkers(package: str) -> dict[str, str]:
    """The names that a package imports in ``if TYPE_CHECKING:`` from itself, and from which module each."""
    tree = ast.parse(Path(str(import_module(package).__file__)).read_text(encoding="utf-8"))
    (branch,) = [
        node.body
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    return {
        alias.name: str(node.module)
        for node in branch
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(package)
        for alias in node.names
    }


def test_there_are_such_packages() -> None:
    assert {f"mixpanel_nb.{name}" for name in ("display", "queries", "results", "services.local")} < set(
        PACKAGES
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_is_what_type_checkers_see(package: str) -> None:
    loaded = import_module(package)
    names = seen_by_type_checkers(package)
    assert names.keys() <= set(loaded.__all__)
    assert set(loaded.__all__) <= set(dir(loaded))
    for name in loaded.__all__:
        value = getattr(loaded, name)
        if name in names:
            module = import_module(names[name])
            assert value is (
                getattr(module, name) if module is not loaded else import_module(f"{package}.{name}")
            )


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_hides_behind_a_module_of_the_same_name(package: str) -> None:
    names = seen_by_type_checkers(package)
    modules = {name for name in names if find_spec(f"{package}.{name}") is not None}
    assert modules == {name for name in names if names[name] == package}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_is_found_before_and_after_its_module_was_imported(package: str) -> None:
    program = (
        "import sys; from importlib import import_module\n"
        f"package = import_module({package!r})\n"
        "before = {name: getattr(package, name) for name in package.__all__}\n"
        "assert before == {name: getattr(package, name) for name in package.__all__}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_is_none_is_an_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = import_module(package).nothing
    with pytest.raises(ImportError):
        exec(f"from {package} import nothing")


def test_a_registry_finds_what_it_names() -> None:
    registry: lazy.ByName[object] = lazy.ByName("mixpanel_nb", {"a": "lazy.ByName"})
    assert registry["a"] is lazy.ByName
    assert (list(registry), len(registry), "a" in registry, "b" in registry) == (["a"], 1, True, False)
    with pytest.raises(KeyError):
        registry["b"]


def test_every_query_is_registered_under_its_name() -> None:
    assert all(issubclass(query, Query) and query.name == name for name, query in QUERIES.items())


def test_every_view_is_registered_under_a_result() -> None:
    for name, view in VIEWS.items():
        assert issubclass(view, View)
        assert issubclass(getattr(results, name), results.Result)


def test_listing_a_registry_imports_nothing() -> None:
    program = (
        "import sys; from mixpanel_nb.queries import QUERIES; assert 'funnel' in list(QUERIES)\n"
        "assert not [name for name in sys.modules if name.startswith('mixpanel_nb.queries.')]\n"
        "QUERIES['funnel']; assert 'mixpanel_nb.queries.funnel' in sys.modules\n"
        "assert 'mixpanel_nb.queries.retention' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_method_of_a_report_is_completed_when_it_is_looked_up() -> None:
    program = (
        "import inspect; from mixpanel_nb import Workspace\n"
        "assert inspect.isfunction(Workspace.funnel)\n"
        "assert 'window_unit: ' in Workspace.funnel.__doc__\n"
        "assert 'compare' in inspect.signature(Workspace.segmentation).parameters\n"
        "ws = Workspace.memory(); assert inspect.ismethod(ws.retention)\n"
        "assert 'Args:' in ws.retention.__doc__\n"
        "class Own(Workspace): pass\n"
        "assert 'Args:' in Own.frequency.__doc__ and Own.frequency is Workspace.frequency"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
