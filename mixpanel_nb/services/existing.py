"""What a fetch or a load does with a table that exists."""

from __future__ import annotations

from typing import Literal, get_args

from mixpanel_nb.errors import ParameterError, Word

IfExists = Literal["fail", "same", "append", "replace"]
"""See ``Workspace.fetch_events`` and ``Workspace.load``."""

CHOICES: tuple[IfExists, ...] = get_args(IfExists)


def check_if_exists(value: str) -> None:
    """Check the value of ``if_exists``.

    Raises:
        ParameterError: it is none of the choices.
    """
    if value not in CHOICES:
        hint = f"Give one of {', '.join(CHOICES)}."
        raise ParameterError(
            [Word("if_exists"), f" is {value!r}."], parameter="if_exists", value=value, hint=hint
        )
