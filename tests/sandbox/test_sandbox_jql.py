"""JQL: scripts that return JSON are answered, all others fail as Mixpanel's do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx


def run(client: httpx.Client, **form: str) -> httpx.Response:
    return client.post("/api/2.0/jql", params={"project_id": 1}, data=form)


@pytest.mark.parametrize(
    ("script", "rows"),
    [
        ("function main() { return [1, 2]; }", [1, 2]),
        ('function main(){return [{"name": "a}b", "value": null}]}', [{"name": "a}b", "value": None}]),
        ('\n function main ( ) {\n  return [{"a": {"b": 1}}] ;\n};\n', [{"a": {"b": 1}}]),
        ("function main() { return [] }", []),
    ],
)
def test_json_that_main_returns_is_the_answer(client: httpx.Client, script: str, rows: Any) -> None:
    answer = run(client, script=script, params='{"from_date": "2025-01-01"}')
    assert (answer.status_code, answer.json()) == (200, rows)


def test_javascript_is_a_412_with_line_and_caret(client: httpx.Client) -> None:
    script = 'function main() {\n  var from = 1;\n  return Events(params).groupBy(["name"]);\n}\n'
    answer = run(client, script=script)
    assert answer.status_code == 412
    error = answer.json()["error"]
    assert error.startswith(
        "UserVisiblePreconditionFailedError: Uncaught exception Error: The sandbox runs no"
    )
    lines = error.split("\n")
    assert lines[1:4] == ['  return Events(params).groupBy(["name"]);', "  ^", ""]
    assert "Stack trace:" in lines
    assert "<anonymous>:3:3" in error


@pytest.mark.parametrize(
    "script", ["main", "function main() {", "function main() { return", "}", "return NaN"]
)
def test_what_is_no_script_is_a_412_too(client: httpx.Client, script: str) -> None:
    assert run(client, script=script).status_code == 412


def test_script_and_parameters_are_checked(client: httpx.Client) -> None:
    assert run(client).json()["error"] == "Missing required parameter: script"
    bad = run(client, script="function main() { return []; }", params="[1]")
    assert (bad.status_code, bad.json()["error"]) == (400, "Invalid params: expected a JSON object")
