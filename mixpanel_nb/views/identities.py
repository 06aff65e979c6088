"""View of the users that the ids of a table are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.display import Card, Column, Table, counted
from mixpanel_nb.results import IdentitiesResult
from mixpanel_nb.views.base import View

if TYPE_CHECKING:
    from mixpanel_nb.results import PreviousIdentities

_SYSTEMS = {"original": "Original ID merge", "simplified": "Simplified ID merge"}
_REASONS = {
    "errSameIDs": "both ids are the same",
    "errAnonDistinctIdNonGUIDForm": "the anonymous id is no UUID",
    "errAnonDistinctIdAssignedAlready": "the anonymous id has another user already",
    "errManyIDs": "the user would have more than 500 ids",
    "errAliasAlreadyExists": "the alias has another user already",
}


class IdentitiesView(View[IdentitiesResult]):
    """How many users the ids are, by which links, what was refused, and what changed."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Ids and users, the links by kind, refusals and changes."""
        del max_rows
        result = self.result
        headings = [Column("link", "text")]
        headings += [Column(name, "integer") for name in result.column_names[1:]]
        rows = result.tuples()
        ids = f"{counted(result.ids, 'id')} {_are(result.ids)}"
        return Card(
            title=f"{result.table}: {ids} {counted(result.users, 'user')}",
            subtitle=self._system,
            facts=[("Ids", result.ids), ("Users", result.users), ("Most ids of a user", result.largest)],
            table=Table(headings, rows) if rows else None,
            query=result.sql,
            notes=[*self.remarks, self._use],
            empty=None if rows else f"No event of {result.table} links two ids.",
        )

    @property
    def remarks(self) -> list[str]:
        """What changed, and what was refused or left as it is."""
        result = self.result
        notes = [] if result.previous is None else [_changes(result.previous, result)]
        notes += [
            f"{each.link}: {counted(each.pairs, 'pair')} refused "
            f"by Mixpanel{'' if each.by_mixpanel else ' (its rules, not said by the events)'}: "
            f"{_REASONS.get(each.reason, 'as the events say')} ({each.reason})."
            for each in result.refusals
        ]
        ignored = [link.link for link in result.links if link.ignored]
        if ignored:
            notes.append(f"{_SYSTEMS[result.system]} ignores some of {', '.join(ignored)}.")
        if result.hot_shard:
            told = f"{counted(result.hot_shard, 'event')} of hot shards (mp_original_distinct_id)"
            notes.append(f"{told} have no user, as in Mixpanel's reports.")
        if result.deleted:
            told = f"{counted(result.deleted, 'event')} with $is_deleted"
            notes.append(f"{told} count: Mixpanel's pages do not say what the property means.")
        return notes

    @property
    def _system(self) -> str:
        known = _SYSTEMS[self.result.system]
        if self.result.is_told or not self.result.links:
            return known
        other = "original" if self.result.system == "simplified" else "simplified"
        return f"{known}, as the links tell; --system {other} if the project's settings say so"

    @property
    def _use(self) -> str:
        return (
            f"Reports on {self.result.table} count these users; --identities raw counts ids. "
            f"In SQL: {self.result.resolved_table} (distinct_id, resolved_id)."
        )


def _changes(before: PreviousIdentities, after: IdentitiesResult) -> str:
    """What is different from the last time."""
    since = f"Since {before.computed_at:%Y-%m-%d %H:%M} UTC"
    parts = [
        f"{before.ids:,} ids were {counted(before.users, 'user')}",
        *([f"{counted(before.joined, 'user')} joined another"] if before.joined else []),
        *([f"{counted(before.parted, 'user')} parted"] if before.parted else []),
        *([f"{after.events - before.events:+,} events"] if after.events != before.events else []),
    ]
    if len(parts) == 1 and (before.ids, before.users) == (after.ids, after.users):
        return f"{since}: nothing changed."
    return f"{since}: {'; '.join(parts)}."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
