"""Events by their names: a copy of a result, for cards and charts. The result itself keeps the ids."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.results.report import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mixpanel_nb.results import Result

R = TypeVar("R", bound="Result")

_REFERENCE = re.compile(r"\$custom_event:[0-9]+|\$session_start|\$session_end")


def renamed(result: R) -> R:
    """The result with names in place of ``$custom_event:42`` and ``$session_start``, where they are known.

    A name that another event of the result has, too, is followed by the id.
    """
    names: Mapping[str, str] = getattr(result, "event_names", {})
    if not names:
        return result
    times = Counter(names.values())
    taken = {text for text in _texts(result) if text in times}
    shown = {
        reference: f"{name} ({reference})" if times[name] > 1 or name in taken else name
        for reference, name in names.items()
    }

    def change(text: str) -> str:
        return _REFERENCE.sub(lambda found: shown.get(found[0], found[0]), text)

    changed: R = _changed(result, change)
    return changed


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """The value with its texts changed, but for where an answer comes from."""
    if isinstance(value, str):
        return change(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {name: _changed(held, change) for name, held in _held(value)}
        return dataclasses.replace(value, **fields)
    if type(value) in (tuple, list):
        return type(value)(_changed(each, change) for each in value)
    if type(value) is dict:
        return {_changed(key, change): _changed(held, change) for key, held in value.items()}
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for _, held in _held(value):
            yield from _texts(held)
    elif type(value) in (tuple, list):
        for each in value:
            yield from _texts(each)
    elif type(value) is dict:
        for key, held in value.items():
            yield from _texts(key)
            yield from _texts(held)


def _held(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a dataclass that say what was found."""
    for each in dataclasses.fields(value):
        if each.init and each.name not in ORIGIN:
            yield each.name, getattr(value, each.name)
