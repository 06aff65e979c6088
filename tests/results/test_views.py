"""Every kind of result has a view, and results know of views in one place."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any, get_origin

import pytest

import mixpanel_nb
from mixpanel_nb import results
from mixpanel_nb.results import NameList, Result
from mixpanel_nb.views import view_of

from .reports import every_report

ROOT = Path(mixpanel_nb.__file__).parent
DRAWING = ("mixpanel_nb.display", "mixpanel_nb.views")
CONCRETE = [
    kind
    for kind in vars(results).values()
    if isinstance(kind, type) and issubclass(kind, Result) and not kind.__abstractmethods__
]


class Unregistered(Result):
    @property
    def column_names(self) -> list[str]:
        return ["a"]

    def tuples(self) -> list[tuple[Any, ...]]:
        return [(1,)]


@pytest.mark.parametrize("kind", [kind for kind in CONCRETE if kind is not results.ReportResult])
def test_every_kind_of_result_has_a_view_of_its_own(kind: type[Result]) -> None:
    view = view_of(kind.__new__(kind))
    arguments = [
        get_origin(each.__args__[0]) or each.__args__[0] for each in getattr(type(view), "__orig_bases__", ())
    ]
    assert kind in arguments


def test_a_derived_class_is_shown_like_what_it_is_derived_from() -> None:
    class Events(NameList):
        pass

    assert repr(Events("events", ["Sign Up"])) == repr(NameList("events", ["Sign Up"]))


def test_a_result_without_a_view_names_the_place_to_add_it() -> None:
    assert Unregistered().records() == [{"a": 1}]
    with pytest.raises(TypeError, match=r"Unregistered; add it to mixpanel_nb\.views\.registry"):
        Unregistered().card()


def test_results_import_views_in_one_function_and_display_nowhere() -> None:
    found = [
        (path.name, function.name)
        for path in sorted((ROOT / "results").glob("*.py"))
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(DRAWING)
    ]
    assert found == [("base.py", "_view")]


def test_views_come_without_pandas_altair_rich_or_ipywidgets_until_something_is_drawn() -> None:
    program = (
        "import sys, mixpanel_nb.views\n"
        "from mixpanel_nb.results import NameList\n"
        "assert NameList('events', ['a'], remark='b').remarks == ['b']\n"
        "assert '<table' in NameList('events', ['a'])._repr_html_()\n"
        "heavy = {'altair', 'pandas', 'numpy', 'rich', 'duckdb', 'ipywidgets', 'IPython'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("report", every_report(), ids=lambda report: type(report).__name__)
def test_a_view_leaves_its_result_as_it_is(report: Result) -> None:
    before = repr(report.to_dict())
    report.to_html()
    report.to_text()
    assert report.codes() == report.codes()
    assert report.remarks == report.remarks
    assert report.headline == report.card().title
    assert repr(report.to_dict()) == before
