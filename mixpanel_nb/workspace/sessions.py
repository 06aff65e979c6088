"""``SessionView``: the parameters of a view of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.analytics import sessions
from mixpanel_nb.queries.checks import Name, Names, OneOf, Whole
from mixpanel_nb.queries.sessions import MAX_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.analytics.columns import TableColumns


@dataclass(frozen=True)
class SessionView:
    """A view of the sessions of a table.

    Attributes:
        name: The view.
        per: What a row is: a ``session``, or an ``event``.
        timeout: Minutes without an event that end a session.
        exclude: Events that are not part of sessions, beside Mixpanel's own.
    """

    name: str
    per: Literal["session", "event"]
    timeout: int
    exclude: tuple[str, ...]

    @classmethod
    def of(cls, name: Any, *, per: Any, timeout: Any, exclude: Any) -> SessionView:
        """The view with these values.

        Raises:
            ParameterError: one makes no sense.
        """
        kind: Any = OneOf(("session", "event"))(per, "per")
        minutes = Whole(MAX_TIMEOUT)(timeout, "timeout")
        return cls(Name()(name, "name"), kind, minutes, Names(optional=True)(exclude, "exclude"))

    def sql(self, events: TableColumns, columns: Sequence[str], zone: str, hidden: Iterable[str]) -> str:
        """Its query.

        Args:
            events: The table.
            columns: Names of its columns.
            zone: The project's time zone.
            hidden: Events that are known to be hidden in Lexicon.
        """
        rules = sessions.SessionRules.of(self.timeout, (*self.exclude, *sorted(hidden)))
        return sessions.view(events, columns, zone, rules, per_event=self.per == "event")
