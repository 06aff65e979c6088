"""What the library says of parameters, in the words of a command: ``from_date`` is typed ``--from``."""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import MixpanelDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Parameters of the library, and what the functions of commands call them, where that differs.
_CALLED = {
    "type": "kind",
    "entity_type": "kind",
    "born_event": "born",
    "return_event": "returned",
    "interval_count": "intervals",
    "steps": "step",
    "values": "value",
    "n": "rows",
    "cohort_id": "cohort",
    "output_properties": "output_property",
    "distinct_ids": "distinct_id",
    "group_id": "group",
    "as_of_timestamp": "as_of",
    "include_all_users": "only_with_profile",
}
# ``columns=0``; what is quoted, which is a user's or Mixpanel's and stays; names that no sentence holds by
# chance: those with a ``_``.
QUOTED = r"""(?<!\w)(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")(?!\w)"""
_PARTS = re.compile(
    rf"""\b(?P<name>[a-z_]+)=(?P<value>"[^"]*"|'[^']*'|[^\s,.;)'"]+)
      | (?P<quoted>{QUOTED})
      | \b(?P<word>[a-z]+(?:_[a-z]+)+)\b""",
    re.VERBOSE,
)
_FIRST = re.compile(r"[a-z]+\b")


def in_words_of(command: Any) -> Callable[..., Any]:
    """The function of a command, whose errors name its options and arguments where they name parameters."""
    function: Callable[..., Any] = command.callback

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except MixpanelDataError as error:
            options = _options(command)
            error.message = _begun(_named(error.message, options), error.details.get("parameter"), options)
            error.hint = error.hint and _named(error.hint, options)
            raise

    return run


def _options(command: Any) -> Mapping[str, str]:
    """What is typed for each parameter of the library: ``--from``, or ``EVENT`` for an argument."""
    typed = {
        param.name: param.opts[0] if param.param_type_name == "option" else param.metavar or param.name
        for param in command.params
    }
    return typed | {name: typed[called] for name, called in _CALLED.items() if called in typed}


def _named(text: str, options: Mapping[str, str]) -> str:
    """The text with ``--columns 0`` for ``columns=0`` and ``--from`` for ``from_date``, but not in quotes."""

    def typed(found: re.Match[str]) -> str:
        option = options.get(found["name"] or found["word"] or "")
        if option is None:
            return found[0]
        if found["word"] or found["value"] == "True":
            return option
        return f"{option} {_word(found['value'])}"

    return _PARTS.sub(typed, text)


def _word(value: str) -> str:
    """A Python literal as it is typed: quotes go where they keep nothing together."""
    plain = value.strip("\"'")
    return value if " " in plain else plain


def _begun(message: str, parameter: str | None, options: Mapping[str, str]) -> str:
    """A message whose first word is the parameter it is about, as in ``unit is 'x'``."""
    found = _FIRST.match(message)
    if found is None or found[0] != parameter or parameter not in options:
        return message
    return options[parameter] + message[found.end() :]
