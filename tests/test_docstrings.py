"""The examples in docstrings of the public surface are true, on a sandbox of which a month was fetched."""

from __future__ import annotations

import doctest
import inspect
import re
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest
from workspaces import with_sandbox

import mixpanel_nb
from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JANUARY = {"from_date": "2025-01-01", "to_date": "2025-01-31", "table": "events"}
PUBLIC = [value for name in mixpanel_nb.__all__ if inspect.isclass(value := getattr(mixpanel_nb, name))]
DOCUMENTED = (FunctionType, property, cached_property, classmethod)


def _examples() -> Iterator[doctest.DocTest]:
    for kind in PUBLIC:
        members = {f"{kind.__name__}.{name}": _member(kind, name) for name in _names(kind) if name[0] != "_"}
        described = {name: value for name, value in members.items() if isinstance(value, DOCUMENTED)}
        for name, value in {kind.__name__: kind, **described}.items():
            text = inspect.getdoc(value) or ""
            yield doctest.DocTestParser().get_doctest(text, {}, name, None, None)


def _names(kind: type) -> list[str]:
    """The names that a class defines; a workspace's are those of its parts."""
    parts = [
        each for each in kind.__mro__ if each is kind or each.__module__.startswith("mixpanel_nb.workspace.")
    ]
    return [name for each in parts for name in vars(each)]


def _member(kind: type, name: str) -> Any:
    value = inspect.getattr_static(kind, name)  # the methods of reports are completed when they are looked up
    return value if isinstance(value, DOCUMENTED) else getattr(kind, name)


EXAMPLES = {example.name: example for example in _examples() if example.examples}
# What a notebook's first hour uses, and so has an example.
MUST = {
    "Workspace",
    *(f"Workspace.{name}" for name in ("fetch_events", "fetch_profiles", "events", "properties", "ask")),
    *(f"Workspace.{name}" for name in ("segmentation", "funnel", "retention", "frequency", "top_events")),
    *(f"Workspace.{name}" for name in ("sql", "sql_scalar", "sql_rows", "export", "info", "tables")),
    *(f"Workspace.{name}" for name in ("schema", "sample", "summarize", "promote", "drop", "expression")),
    *(f"Result.{name}" for name in ("df", "records", "to_dict", "headline", "chart", "to_html", "to_text")),
    *("ConfigManager", "MixpanelDataError", "ParameterError", "ExpressionError", "QueryError", "ChartError"),
}


@pytest.fixture(scope="module")
def workspace(whole_sandbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = with_sandbox(tmp_path_factory.mktemp("docstrings"), whole_sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXPANEL_NB_HOME", str(home))
        with Workspace.sandbox() as workspace:
            workspace.fetch_events(from_date="2025-01-01", to_date="2025-01-31")
            yield workspace


def test_what_one_begins_with_has_an_example() -> None:
    assert MUST - EXAMPLES.keys() == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_true(
    name: str,
    workspace: Workspace,
    whole_sandbox: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_sandbox(home, whole_sandbox)
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    example = EXAMPLES[name]
    names: dict[str, Any] = {"ws": workspace, "january": JANUARY}
    example.globs = names
    runner.run(example, out=told.append, clear_globs=False)
    assert not told, "".join(told)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short(name: str) -> None:
    source = "".join(example.source for example in EXAMPLES[name].examples)
    assert len(source.splitlines()) <= 8
    assert not re.search(r"/work|/home|/tmp", source)
