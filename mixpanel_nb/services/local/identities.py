"""``IdentityService``: the users that the ids of a table are; and reports that read a table by them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from mixpanel_nb import results
from mixpanel_nb.analytics import identity
from mixpanel_nb.analytics.calendar import Period
from mixpanel_nb.analytics.context import ReportContext
from mixpanel_nb.errors import Command, ParameterError
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.identities import IdentityRecord, table_of
from mixpanel_nb.storage.sqltext import identifier, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.identity import Link, Resolution
    from mixpanel_nb.queries.shared import System
    from mixpanel_nb.services.local.engines import Engine, EventTable
    from mixpanel_nb.services.local.engines.base import KnownIdentities
    from mixpanel_nb.services.local.project import LocalProject


@dataclass(frozen=True)
class ReadUsers:
    """How a report reads the users of a table.

    Attributes:
        table: The table.
        known: The identities by which its ids are resolved; None for ids as they are.
        note: What to say of it; None where no identities are known.
    """

    table: str
    known: KnownIdentities | None = None
    note: str | None = None

    @classmethod
    def of(cls, engine: Engine, table: str, asked: str | None = None) -> ReadUsers:
        """How the users of a table are read: resolved where its identities are known, unless raw is asked.

        Raises:
            ParameterError: resolved users are asked, and the identities are not known.
            StorageError: they are asked where none can be kept.
        """
        known = engine.identities(table)
        if known is None and asked == "resolved":
            engine.check_keeps()
            message = f"The identities of {table} were not found yet."
            hint = ["Find them first: ", Command(f"identities {table}")]
            raise ParameterError(message, parameter="identities", value=asked, hint=hint)
        if known is None:
            return cls(table)
        if asked == "raw":
            return cls(table, None, "Users are raw: each id of the events is one.")
        return cls(table, known, _said(table, known))

    def events(self, found: EventTable) -> EventTable:
        """The table as it is read, with the note."""
        columns = found.columns
        if self.known is not None:
            columns = replace(columns, identities=self.known.source)
        notes = found.notes if self.note is None else (*found.notes, self.note)
        return replace(found, columns=columns, notes=notes)

    def profiles(self, engine: Engine) -> TableColumns | None:
        """The profiles as they are read.

        The original system keeps the profile of the id that stands for the user, or else that of another of
        the user's ids; the simplified one never gives a device's profile to a user.
        """
        found = engine.profiles(self.table)
        if found is None or self.known is None or self.known.system != "original":
            return found
        return replace(found, identities=self.known.source, one_each=True)


@dataclass(frozen=True)
class _Found:
    """The users of some ids, and how they were found."""

    resolution: Resolution
    counts: tuple[results.LinkCount, ...]
    sql: str


class IdentityService:
    """Finds and keeps the identities of tables.

    Args:
        project: The project and its tables.
    """

    def __init__(self, project: LocalProject) -> None:
        self._project = project

    def find(
        self, table: str | None, system: System | None, mapping: str | None = None
    ) -> results.IdentitiesResult:
        """Find the identities of a table, and keep them.

        Args:
            table: The table of events; None for the usual one.
            system: The system of the project; None to tell it by the links.
            mapping: A table or file with the user of each id, instead of the links of the events.

        Raises:
            ParameterError: there is no table.
            TableNotFoundError: there is no such table.
            StorageError: it does not hold events, or the database is read-only.
            TableExistsError: there is another table of the name that the resolved ids would have.
        """
        self._project.storage.check_writable()
        name = table or self._project.usual_table()
        if name is None:
            message = "There is no table of events to find identities in."
            raise ParameterError(message, parameter="table", hint=["Fetch one: ", Command("fetch events")])
        self._project.storage.check_identities_free(name)
        found = self._linked(name, system) if mapping is None else self._mapped(mapping, system)
        resolution, told = found.resolution, found.resolution.system
        ((events, ids, hot, deleted),) = self._project.engine.rows(identity.figures(self._context(name)))
        users = ids - self._saved(name, resolution.users)
        kept = self._project.storage.identities(name)
        previous = None if kept is None else self._previous(kept, resolution.users)
        record = IdentityRecord(name, table_of(name), told, events, ids, users, ledger.now())
        self._project.storage.save_identities(record, resolution.users)
        return results.IdentitiesResult(
            name,
            told,
            record.table,
            events,
            ids,
            users,
            resolution.largest,
            record.computed_at,
            found.counts,
            tuple(
                results.Refusal(kind, reason, count, by_mixpanel)
                for (kind, reason, by_mixpanel), count in sorted(resolution.refused.items())
            ),
            previous,
            hot,
            deleted or 0,
            system is not None or mapping is not None,
            found.sql,
            partial(self._resolved, name),
        )

    def _linked(self, table: str, system: System | None) -> _Found:
        """The users by the links that the events of a table carry."""
        context = self._context(table)
        statement = identity.links(context)
        links = [identity.Link(*row) for row in self._project.engine.rows(statement)]
        told = system or identity.system_of(links)
        resolution = identity.resolve(links, told, self._with_profile(context, links, told))
        return _Found(resolution, _counts(links, resolution), statement.rendered())

    def _mapped(self, mapping: str, system: System | None) -> _Found:
        """The users by a table or file of identity mappings, as Mixpanel's pipelines write it.

        See https://docs.mixpanel.com/docs/data-pipelines/json-pipelines.
        """
        storage = self._project.storage
        source = identifier(mapping) if storage.table_exists(mapping) else text(mapping)
        sql = (
            "SELECT CAST(distinct_id AS VARCHAR), CAST(resolved_distinct_id AS VARCHAR)\n"
            f"FROM {source}\nWHERE distinct_id <> resolved_distinct_id"
        )
        users = dict(storage.execute_rows(sql))
        most = Counter(users.values()).most_common(1)
        largest = 1 + most[0][1] if most else 1
        resolution = identity.Resolution(system or "simplified", users, largest)
        count = results.LinkCount("identity mappings", 0, len(users), len(users), 0, 0)
        return _Found(resolution, (count,), sql)

    def _context(self, table: str) -> ReportContext:
        zone, today = self._project.zone_of(table), self._project.today()
        return ReportContext(
            self._project.engine.events(table, zone).columns,
            partial(self._project.engine.profiles, table),
            Period(today, today, zone),
            self._project.clock(),
        )

    def _with_profile(self, context: ReportContext, links: Sequence[Link], system: System) -> frozenset[str]:
        """The linked ids that have a profile."""
        profiles = context.find_profiles() if system == "original" and links else None
        if profiles is None:
            return frozenset()
        ids = {link.one for link in links} | {link.other for link in links}
        return frozenset(user for (user,) in self._project.engine.rows(identity.among(profiles, sorted(ids))))

    def _saved(self, table: str, users: Mapping[str, str]) -> int:
        """By how many the users of the table are fewer than its ids."""
        if not users:
            return 0
        columns = self._project.engine.events(table, self._project.zone_of(table)).columns
        ids = sorted({*users, *users.values()})
        held = [user for (user,) in self._project.engine.rows(identity.among(columns, ids))]
        return len(held) - len({users.get(user, user) for user in held})

    def _previous(self, kept: IdentityRecord, users: Mapping[str, str]) -> results.PreviousIdentities:
        joined, parted = identity.differences(self._project.storage.resolved_ids(kept.of_table), users)
        return results.PreviousIdentities(kept.computed_at, kept.events, kept.ids, kept.users, joined, parted)

    def _resolved(self, table: str) -> list[tuple[str, str]]:
        return sorted(self._project.storage.resolved_ids(table).items())


def _counts(links: Sequence[Link], resolution: Resolution) -> tuple[results.LinkCount, ...]:
    pairs: Counter[str] = Counter(link.kind for link in links)
    events: Counter[str] = Counter()
    for link in links:
        events[link.kind] += link.events
    refused: Counter[str] = Counter()
    for (kind, _, _), count in resolution.refused.items():
        refused[kind] += count
    return tuple(
        results.LinkCount(
            kind, events[kind], pairs[kind], resolution.joined[kind], refused[kind], resolution.ignored[kind]
        )
        for kind in identity.KINDS
        if pairs[kind]
    )


def _said(table: str, known: KnownIdentities) -> str:
    """How users are resolved, and whether the table changed since."""
    if known.computed_at is None:
        return f"Users are resolved by {known.table}."
    said = f"Users are resolved: identities of {known.computed_at:%Y-%m-%d %H:%M} UTC."
    if known.newer > 0:
        return f"{said} {table} has {known.newer:,} more events since then, which they do not know."
    if known.newer or known.changed:
        return f"{said} {table} has changed since then."
    return said
