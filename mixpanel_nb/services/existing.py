"""What a fetch or a load does with a table that exists."""

from __future__ import annotations

from typing import Literal, get_args

from mixpanel_nb.errors import ParameterError, Word

IfExists = Literal["fail", "same", "append", "replace"]
"""Of a fetch: see ``Workspace.fetch_events``."""

IfExistsForLoad = Literal["fail", "append", "replace"]
"""Of a load, which has no request to repeat."""

FETCH_CHOICES: tuple[IfExists, ...] = get_args(IfExists)
LOAD_CHOICES: tuple[IfExistsForLoad, ...] = get_args(IfExistsForLoad)


def check_if_exists(value: str, choices: tuple[str, ...]) -> None:
    """Check the value of ``if_exists``.

    Raises:
        ParameterError: it is none of the choices.
    """
    if value not in choices:
        hint = f"Give one of {', '.join(choices)}."
        raise ParameterError(
            [Word("if_exists"), f" is {value!r}."], parameter="if_exists", value=value, hint=hint
        )
