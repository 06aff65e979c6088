"""The result of finding the users that the ids of a table are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixpanel_nb.results.base import RowsResult
from mixpanel_nb.results.json_safe import json_safe

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True)
class LinkCount:
    """The links of one kind.

    Attributes:
        link: The event or property that carries them.
        events: Events that carry one.
        pairs: Different pairs of ids that they name.
        joined: Pairs that merged two users.
        refused: Pairs that were not merged, by Mixpanel or by its rules.
        ignored: Pairs that mean nothing in the project's system.
    """

    link: str
    events: int
    pairs: int
    joined: int
    refused: int
    ignored: int


@dataclass(frozen=True)
class Refusal:
    """Pairs of ids that were not merged for one reason.

    Attributes:
        link: The event or property that carries them.
        reason: Mixpanel's name of the reason, such as ``errManyIDs``.
        pairs: How many pairs.
        by_mixpanel: Whether the events say so themselves; else it follows from Mixpanel's rules.
    """

    link: str
    reason: str
    pairs: int
    by_mixpanel: bool


@dataclass(frozen=True)
class PreviousIdentities:
    """What was found the last time, and what is different now.

    Attributes:
        computed_at: When that was (UTC).
        events: Events of the table then.
        ids: Different ids then.
        users: Users then.
        joined: How often two users of then are one user now.
        parted: How often one user of then is two now.
    """

    computed_at: datetime
    events: int
    ids: int
    users: int
    joined: int
    parted: int


@dataclass(frozen=True, repr=False)
class IdentitiesResult(RowsResult):
    """The users that the ids of a table are.

    ``.df`` has a row for each kind of link: ``link, events, pairs, joined, refused, ignored``.

    Attributes:
        table: The table of events.
        system: Mixpanel's ID merge by which they were found: ``original`` or ``simplified``.
        resolved_table: The table of the database with ``distinct_id, resolved_id`` of each merged id.
        events: Events of the table.
        ids: Different ids of its events.
        users: Users that these are.
        largest: Ids of the user who has most, also ids without events; 1 if none are merged.
        computed_at: When they were found (UTC).
        links: The links by kind.
        refusals: Why links were refused.
        previous: What was found the last time; None for the first.
        hot_shard: Events whose user Mixpanel removed because there were too many of a day.
        deleted: Events with ``$is_deleted``, where that is a column.
        is_told: Whether the system was given; else it was told by the links.
        sql: The statement that finds the links.
    """

    has_facts: ClassVar[bool] = True

    table: str
    system: Literal["original", "simplified"]
    resolved_table: str
    events: int
    ids: int
    users: int
    largest: int
    computed_at: datetime
    links: tuple[LinkCount, ...]
    refusals: tuple[Refusal, ...] = ()
    previous: PreviousIdentities | None = None
    hot_shard: int = 0
    deleted: int = 0
    is_told: bool = False
    sql: str | None = None
    read: Callable[[], list[tuple[str, str]]] | None = field(default=None, compare=False)

    @property
    def resolved(self) -> dict[str, str]:
        """The user of each id that has another id's, sorted; read from the database, as it is now."""
        return {} if self.read is None else dict(self.read())

    @property
    def column_names(self) -> list[str]:
        """``link, events, pairs, joined, refused, ignored``."""
        return [each.name for each in dataclasses.fields(LinkCount)]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a kind of link."""
        return [dataclasses.astuple(link) for link in self.links]

    def to_dict(self) -> dict[str, Any]:
        """All fields but the resolved ids, which are in ``resolved`` and in the database."""
        names = [each.name for each in dataclasses.fields(self) if each.name not in {"read", *_NESTED}]
        found = {name: json_safe(getattr(self, name)) for name in names}
        found["links"] = self.records()
        found["refusals"] = [dataclasses.asdict(each) for each in self.refusals]
        previous = self.previous
        found["previous"] = previous and {
            name: json_safe(value) for name, value in dataclasses.asdict(previous).items()
        }
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "read": None}


_NESTED = frozenset({"links", "refusals", "previous"})
