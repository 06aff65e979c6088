"""What the library says of parameters, in the words of a command: ``from_date`` is typed ``--from``."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import MixpanelDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Parameters of the library, and what the functions of commands call them, where that differs.
_CALLED = {
    "entity_type": "kind",
    "type": "kind",
    "n": "rows",
    "cohort_id": "cohort",
    "output_properties": "output_property",
    "distinct_ids": "distinct_id",
    "group_id": "group",
    "as_of_timestamp": "as_of",
    "include_all_users": "only_with_profile",
}


def in_words_of(command: Any) -> Callable[..., Any]:
    """The function of a command, whose errors name its options and arguments where they name parameters."""
    function: Callable[..., Any] = command.callback

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except MixpanelDataError as error:
            error.word(_options(command))
            raise

    return run


def _options(command: Any) -> Mapping[str, str]:
    """What is typed for each parameter of the library: ``--from``, or ``EVENT`` for an argument."""
    typed = {
        param.name: param.opts[0] if param.param_type_name == "option" else param.metavar or param.name
        for param in command.params
    }
    return {name: typed[called] for name, called in _CALLED.items() if called in typed} | typed
