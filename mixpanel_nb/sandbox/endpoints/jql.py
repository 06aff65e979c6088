"""``jql``: the sandbox runs no JavaScript, so a script gets the answer of one that fails (query API)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call

_BEGINNING = re.compile(r"\s*function\s+main\s*\(\s*\)\s*\{\s*return\b")
_RETURN = re.compile(r"\breturn\b")
_ERROR = (
    "Error: The sandbox runs no JavaScript. It answers a main() that returns a JSON literal, and no other"
)


def query(call: Call) -> Response:
    """The rows of a script whose ``main`` returns nothing but JSON.

    Raises:
        RefusedError: 412 for all other scripts, as Mixpanel answers those that fail.
    """
    script = call.required("script")
    if call.text("params") and not isinstance(call.json("params"), dict):
        raise RefusedError(400, "Invalid params: expected a JSON object")
    try:
        return json_answer(_constant(script))
    except (ValueError, RecursionError):
        raise RefusedError(412, _uncaught(script)) from None


def _constant(script: str) -> Any:
    """What a ``main`` returns that does nothing else.

    Raises:
        ValueError: it does something else.
    """
    beginning = _BEGINNING.match(script)
    if beginning is None:
        raise ValueError(script)
    body = script[beginning.end() :].rstrip().removesuffix(";").rstrip()
    if not body.endswith("}"):
        raise ValueError(script)
    return json.loads(body[:-1].rstrip().removesuffix(";"))


def _uncaught(script: str) -> str:
    """The error of a script in Mixpanel's form: what, where with a caret below, and a stack trace."""
    found = _RETURN.search(script)
    position = found.start() if found else 0
    begin = script.rfind("\n", 0, position) + 1
    line, column = script[begin:].split("\n", 1)[0], position - begin
    place = f"{script.count(chr(10), 0, position) + 1}:{column + 1}"
    return (
        f"UserVisiblePreconditionFailedError: Uncaught exception {_ERROR}.\n"
        f"{line}\n{' ' * column}^\n\n"
        f"Stack trace:\n{_ERROR}.\n    at main (<anonymous>:{place})\n"
    )
