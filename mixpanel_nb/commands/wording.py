"""Wording: parameters and commands in messages, as an interface's users type them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import Command, MixpanelDataError, help_text, worded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.errors import Text

# Parameters of the library whose name differs in command functions.
_CALLED = {
    "events": "event",
    "entity_type": "kind",
    "type": "kind",
    "n": "rows",
    "cohort_id": "cohort",
    "output_properties": "output_property",
    "distinct_ids": "distinct_id",
    "group_id": "group",
    "as_of_timestamp": "as_of",
    "include_all_users": "only_with_profile",
    "path": "files",
    "to": "to_date",
    "if_exists=append": "append",
    "if_exists=replace": "replace",
}


@dataclass(frozen=True, eq=False)
class Face:
    """The wording of one interface.

    Attributes:
        words: The typed form of library parameters that all commands share.
        commands: The typed form of a command, if it is not ``mp`` and the name.
    """

    words: Mapping[str, str]
    commands: Mapping[str, str] = field(default_factory=dict)

    def say(self, text: Text) -> str:
        """A message in this interface's wording."""
        return worded(text, self.words, self.commands)

    def word(self, error: MixpanelDataError, options: Mapping[str, str] | None = None) -> None:
        """Word an error for this interface, with the command's options if it comes from one."""
        error.word({**(options or {}), **self.words}, self.commands)

    def help(self, text: str) -> str:
        """The help of a command, whose last paragraph is the example: ``Example: mp tables``."""
        # Click fills paragraphs; an example keeps its lines so that it can be copied.
        filled = help_text(text, self.commands).replace("\nExample: ", "\n\b\nExample: ")
        said, is_command, example = filled.partition("Example: mp ")
        return f"{said}Example: {self.say((Command(example),))}" if is_command else said


TERMINAL = Face({"account": "--account"})


def in_words_of(command: Any, face: Face) -> Callable[..., Any]:
    """Wrap a command's function: its errors name options and arguments instead of parameters."""
    function: Callable[..., Any] = command.callback

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except MixpanelDataError as error:
            face.word(error, _options(command))
            raise

    return run


def _options(command: Any) -> Mapping[str, str]:
    """The typed form of each library parameter: ``--from``, or ``EVENT`` for an argument."""
    typed = {
        param.name: param.opts[0] if param.param_type_name == "option" else param.metavar or param.name
        for param in command.params
    }
    return {name: typed[called] for name, called in _CALLED.items() if called in typed} | typed
