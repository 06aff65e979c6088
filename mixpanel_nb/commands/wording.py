"""What the library says of parameters and commands, in the words of a place where commands are typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import Command, MixpanelDataError, help_text, worded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.errors import Text

# Parameters of the library, and what the functions of commands call them, where that differs.
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
    "if_exists=append": "append",
    "if_exists=replace": "replace",
}


@dataclass(frozen=True, eq=False)
class Face:
    """How one place where commands are typed says them, and what is typed whatever the command.

    Attributes:
        words: What is typed for a parameter of the library that every command knows.
        commands: What is typed for the name of a command, where that is not ``mp`` and the name.
    """

    words: Mapping[str, str]
    commands: Mapping[str, str] = field(default_factory=dict)

    def say(self, text: Text) -> str:
        """A message in this place's words."""
        return worded(text, self.words, self.commands)

    def word(self, error: MixpanelDataError, options: Mapping[str, str] | None = None) -> None:
        """Say what is wrong in this place's words, and where it comes from a command, in its options'."""
        error.word({**(options or {}), **self.words}, self.commands)

    def help(self, text: str) -> str:
        """The help of a command, where an example is the last paragraph: ``Example: mp tables``."""
        # Click fills paragraphs; an example is to be copied, so its lines stay as they are.
        filled = help_text(text, self.commands).replace("\nExample: ", "\n\b\nExample: ")
        said, is_command, example = filled.partition("Example: mp ")
        return f"{said}Example: {self.say((Command(example),))}" if is_command else said


TERMINAL = Face({"account": "--account"})


def in_words_of(command: Any, face: Face) -> Callable[..., Any]:
    """The function of a command, whose errors name its options and arguments where they name parameters."""
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
    """What is typed for each parameter of the library: ``--from``, or ``EVENT`` for an argument."""
    typed = {
        param.name: param.opts[0] if param.param_type_name == "option" else param.metavar or param.name
        for param in command.params
    }
    return {name: typed[called] for name, called in _CALLED.items() if called in typed} | typed
