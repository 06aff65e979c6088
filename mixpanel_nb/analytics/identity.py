"""Identity: which ids of a table of events are one user, by Mixpanel's two systems.

- Simplified ID merge: an event with ``$device_id`` and ``$user_id`` gives the device to the user
  (https://docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-simplified).
- Original ID merge: ``$identify``, ``$create_alias`` and ``$merge`` events merge two ids
  (https://docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-original).

In both, ``$distinct_id_before_identity`` is the id of an event before Mixpanel merged it
(https://docs.mixpanel.com/docs/data-structure/property-reference/reserved-properties).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.context import USER
from mixpanel_nb.analytics.expressions.compiler import EVENTS
from mixpanel_nb.analytics.expressions.values import held_text
from mixpanel_nb.analytics.sql import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.queries.shared import System

IDENTIFY, ALIAS, MERGE = "$identify", "$create_alias", "$merge"
DEVICE, BEFORE = "$device_id", "$distinct_id_before_identity"
KINDS = (IDENTIFY, ALIAS, MERGE, DEVICE, BEFORE)
"""The kinds of links, by the event or the property that carries them."""

VERBS = (IDENTIFY, ALIAS, MERGE)
DEVICE_PREFIX = "$device:"
MOST_IDS = 500
"""The most ids of one user in the original system."""

SAME_IDS = "errSameIDs"
NO_GUID = "errAnonDistinctIdNonGUIDForm"
ASSIGNED = "errAnonDistinctIdAssignedAlready"
MANY_IDS = "errManyIDs"
ALIAS_EXISTS = "errAliasAlreadyExists"

_HOT_SHARD = "$hotshard_events"
_DELETED = "$is_deleted"
# UUIDs, and the ids of the same five groups that older versions of Mixpanel's JavaScript library made.
_ANONYMOUS = re.compile(r"(\$device:)?[0-9a-f]+(-[0-9a-f]+){4}", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """Two ids that an event names as one user.

    Attributes:
        kind: One of ``KINDS``.
        one: The anonymous id, the alias, the device (with ``$device:``), the id before a merge.
        other: The other id: of the user, or the one after a merge.
        failure: Why Mixpanel refused it, as the events say; None if it did not.
        events: How many events carry it.
    """

    kind: str
    one: str
    other: str
    failure: str | None = None
    events: int = 1


@dataclass
class Resolution:
    """The users of some ids.

    Attributes:
        system: The system by which they are merged.
        users: The user of each id that has another id's.
        largest: Ids of the user who has most; 1 if no ids are merged.
        joined: Links that merged two users, by kind.
        refused: Links that did not, by kind, reason, and whether Mixpanel said so itself.
        ignored: Links that mean nothing in this system, by kind.
    """

    system: System
    users: dict[str, str] = field(default_factory=dict)
    largest: int = 1
    joined: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)


def links(context: ReportContext) -> Statement:
    """Columns ``kind, one, other, failure, events``, in the order in which the links came first.

    Args:
        context: The table with its raw ids. Its days do not matter.
    """
    selection = context.select()
    verbs = {name: context.bind(name, "verb") for name in VERBS}
    device, user = _text(context, selection, DEVICE), _text(context, selection, "$user_id")
    moved = _first(context, selection, BEFORE, "$preshuffle_distinct_id")
    device_prefix = context.bind(DEVICE_PREFIX, "device")
    prefixed = f"{device_prefix} || _device"
    is_verb = f"{EVENTS}.event_name IN ({', '.join(verbs.values())})"
    selection.that(f"({is_verb} OR {moved} <> '' OR ({device} <> '' AND {user} <> ''))")
    pair = selection.property("$distinct_ids").items or "CAST(NULL AS JSON)"
    two = f"CASE WHEN {EVENTS}.event_name = {verbs[MERGE]} AND json_array_length({pair}) = 2 THEN {pair} END"
    alias = _text(context, selection, "alias")
    named = f"CASE WHEN {EVENTS}.event_name = {verbs[IDENTIFY]} THEN"
    parts = [
        (IDENTIFY, "_anonymous", "coalesce(nullif(_identified, ''), _user)", f"_name = {verbs[IDENTIFY]}"),
        (ALIAS, "_alias", "_user", f"_name = {verbs[ALIAS]}"),
        (MERGE, "_pair ->> '$[0]'", "_pair ->> '$[1]'", "_pair IS NOT NULL"),
        (
            DEVICE,
            f"CASE WHEN starts_with(_device, {device_prefix}) THEN _device ELSE {prefixed} END",
            "_user_id",
            f"_device <> '' AND _name NOT IN ({', '.join(verbs.values())})",
        ),
        (BEFORE, "_moved", "_user", "_moved <> _user"),
    ]
    failed = {BEFORE: "CAST(NULL AS VARCHAR)"}
    union = "\n    UNION ALL\n".join(
        f"    SELECT {context.bind(kind, 'kind')} AS kind, {one} AS one, {other} AS other, "
        f"{failed.get(kind, '_failure')} AS failure, _at, _place\n    FROM _found\n    WHERE {condition}"
        for kind, one, other, condition in parts
    )
    return context.statement(f"""\
WITH _found AS (
    SELECT
        {EVENTS}.event_name AS _name,
        {EVENTS}.event_time AS _at,
        {context.place} AS _place,
        {USER} AS _user,
        {named} {_first(context, selection, "$anon_id", "$anon_distinct_id")} END AS _anonymous,
        {named} {_text(context, selection, "$identified_id")} END AS _identified,
        CASE WHEN {EVENTS}.event_name = {verbs[ALIAS]} THEN {alias} END AS _alias,
        {two} AS _pair,
        {device} AS _device,
        {user} AS _user_id,
        {moved} AS _moved,
        nullif({_first(context, selection, "$failure_reason", "$identity_failure_reason")}, '') AS _failure
    {selection.sql()}
), _links AS (
{union}
)
SELECT kind, one, other, failure, count(*) AS events
FROM _links
WHERE one <> '' AND other <> ''
GROUP BY 1, 2, 3, 4
ORDER BY min(ROW(_at, _place)), kind, one, other, failure""")


def figures(context: ReportContext) -> Statement:
    """Columns ``events, users, hot, deleted``: of the table as it is read.

    ``hot`` are the events whose user Mixpanel took away because there were too many of a day
    (https://docs.mixpanel.com/docs/tracking-best-practices/hot-shard-limits), ``deleted`` those with
    ``$is_deleted``, NULL where that is no column.
    """
    selection = context.select()
    deleted = "CAST(NULL AS BIGINT)"
    if _DELETED in context.events.properties:
        marked = held_text(selection.property(_DELETED))
        deleted = f"count(*) FILTER (WHERE lower({marked}) IN ('true', '1'))"
    return context.statement(f"""\
SELECT
    count(*) AS events,
    count(DISTINCT {USER}) AS users,
    count(*) FILTER (WHERE {EVENTS}.event_name = {context.bind(_HOT_SHARD, "event")}) AS hot,
    {deleted} AS deleted
{selection.sql("")}""")


def _text(context: ReportContext, selection: Selection, name: str) -> str:
    """SQL of a property as text: an id may be a number too."""
    if name in context.events.properties or not context.events.has_json:
        return held_text(selection.property(name))
    path = context.bind("/" + name, "path")
    return f"({EVENTS}.properties ->> {path})"


def _first(context: ReportContext, selection: Selection, *names: str) -> str:
    texts = ", ".join(f"nullif({_text(context, selection, name)}, '')" for name in names)
    return f"coalesce({texts})"


def system_of(found: Iterable[Link]) -> System:
    """The system whose links these are.

    Simplified where Mixpanel says that it refused a device; original where there is any of the events that
    merge ids, which do nothing in the simplified system; else simplified where an event has a device and
    a user, or a device became a user.
    """
    kinds: set[str] = set()
    for link in found:
        if link.kind == DEVICE and link.failure:
            return "simplified"
        kinds.add(link.kind)
        if link.kind == BEFORE and _is_device(link.one) and not _is_device(link.other):
            kinds.add(DEVICE)
    if kinds & set(VERBS):
        return "original"
    return "simplified" if DEVICE in kinds or not kinds else "original"


def resolve(found: Sequence[Link], system: System, profiles: Collection[str] = ()) -> Resolution:
    """Merge ids by their links.

    Args:
        found: The links, in the order in which they came first.
        system: The rules by which they are merged.
        profiles: Ids that have a profile: Mixpanel keeps that of the id which stands for the user.
    """
    return _simplified(found) if system == "simplified" else _Original(found, profiles).resolved()


def _is_device(text: str) -> bool:
    return text.startswith(DEVICE_PREFIX)


def _simplified(found: Sequence[Link]) -> Resolution:
    """Each device has the user with whom it was first seen; users are never merged."""
    resolution = Resolution("simplified")
    users = resolution.users
    for link in sorted(found, key=lambda link: link.kind != BEFORE):
        if link.kind in VERBS or not _is_device(link.one) or _is_device(link.other):
            resolution.ignored[link.kind] += 1
        elif link.failure is not None:
            resolution.refused[link.kind, link.failure, True] += 1
        elif link.one not in users:
            users[link.one] = link.other
            resolution.joined[link.kind] += 1
        elif users[link.one] != link.other:
            resolution.refused[link.kind, ASSIGNED, False] += 1
    resolution.largest = 1 + max(Counter(users.values()).values(), default=0)
    return resolution


class _Original:
    """Merges clusters of ids, by a union-find over ids as numbers.

    What Mixpanel merged (``$distinct_id_before_identity``) comes first and is never refused.
    """

    def __init__(self, found: Sequence[Link], profiles: Collection[str]) -> None:
        self._found = found
        self._profiles = profiles
        self._numbers: dict[str, int] = {}
        self._parents: list[int] = []
        self._sizes: list[int] = []
        self._identified: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._mentions: Counter[str] = Counter()
        self._result = Resolution("original")

    def resolved(self) -> Resolution:
        for link in self._found:
            if link.kind == BEFORE:
                self._mentions[link.other] += link.events
                self._join(link)
        for link in self._found:
            if link.kind == DEVICE:
                self._result.ignored[DEVICE] += 1
            elif link.kind != BEFORE:
                self._take(link)
        self._name()
        return self._result

    def _take(self, link: Link) -> None:
        reason = link.failure or self._refusal(link)
        if reason is not None:
            self._result.refused[link.kind, reason, link.failure is not None] += 1
            return
        if link.kind == IDENTIFY:
            self._identified.setdefault(link.one, link.other)
        elif link.kind == ALIAS:
            self._aliases.setdefault(link.one, link.other)
        self._join(link)

    def _refusal(self, link: Link) -> str | None:
        """Why Mixpanel would not merge them; None if it would."""
        if link.one == link.other:
            return SAME_IDS if link.kind == IDENTIFY else None
        if link.kind == IDENTIFY and not _ANONYMOUS.fullmatch(link.one):
            return NO_GUID
        one, other = self._root(link.one), self._root(link.other)
        if one == other:
            return None
        if link.kind == IDENTIFY and link.one in self._identified:
            return ASSIGNED
        if link.kind == ALIAS and link.one in self._aliases:
            return ALIAS_EXISTS
        return MANY_IDS if self._sizes[one] + self._sizes[other] > MOST_IDS else None

    def _join(self, link: Link) -> None:
        one, other = self._root(link.one), self._root(link.other)
        if one == other:
            return
        if self._sizes[one] < self._sizes[other]:
            one, other = other, one
        self._parents[other] = one
        self._sizes[one] += self._sizes[other]
        self._result.joined[link.kind] += 1

    def _root(self, text: str) -> int:
        parents = self._parents
        number = self._numbers.setdefault(text, len(parents))
        if number == len(parents):
            parents.append(number)
            self._sizes.append(1)
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    def _name(self) -> None:
        """The id that stands for each cluster, which Mixpanel chooses.

        It is the one that events have instead of another; else one with a profile; else one that was
        identified, not anonymous; else the first. An id in whose place events have another is none of these.
        """
        gone = {link.one for link in self._found if link.kind == BEFORE}
        known = set(self._identified.values())
        clusters: dict[int, list[str]] = {}
        for text in self._numbers:
            clusters.setdefault(self._root(text), []).append(text)
        for members in clusters.values():
            if len(members) == 1:
                continue
            self._result.largest = max(self._result.largest, len(members))
            chosen = min(members, key=lambda text: self._rank(text, gone, known))
            self._result.users |= {text: chosen for text in members if text != chosen}

    def _rank(self, text: str, gone: Collection[str], known: Collection[str]) -> tuple[bool, int, bool, bool]:
        return text in gone, -self._mentions[text], text not in self._profiles, text not in known


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[int, int]:
    """How often users of ``before`` were merged for ``after``, and how often they were divided.

    Args:
        before: The user of each id that has another's.
        after: The same, later.
    """
    ids = {*before, *before.values(), *after, *after.values()}
    pairs = {(before.get(text, text), after.get(text, text)) for text in ids}
    return len(pairs) - len({new for _, new in pairs}), len(pairs) - len({old for old, _ in pairs})


def among(columns: TableColumns, ids: Sequence[str]) -> Statement:
    """Column ``distinct_id``: those of some ids that a table of events or profiles has."""
    return Statement(
        f"SELECT DISTINCT _held.distinct_id\nFROM {columns.source()} AS _held\n"
        "WHERE _held.distinct_id IN (SELECT unnest(CAST($ids AS VARCHAR[])))",
        {"ids": list(ids)},
    )
