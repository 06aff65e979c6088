"""Identities by loops over events: sets of ids that are merged one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .support import Project

UUID = re.compile(r"(\$device:)?[0-9a-fA-F]{1,}-[0-9a-fA-F]+-[0-9a-fA-F]+-[0-9a-fA-F]+-[0-9a-fA-F]+")


@dataclass
class Users:
    """Sets of ids that are one user, and how many links were refused for each reason."""

    sets: list[set[str]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)

    def of(self, who: str) -> set[str]:
        for members in self.sets:
            if who in members:
                return members
        self.sets.append({who})
        return self.sets[-1]

    def merge(self, one: str, other: str) -> None:
        a, b = self.of(one), self.of(other)
        if a is not b:
            self.sets.remove(b)
            a |= b

    def refuse(self, reason: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1

    @property
    def merged(self) -> set[frozenset[str]]:
        return {frozenset(members) for members in self.sets if len(members) > 1}


def in_order(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(events, key=lambda event: event["properties"]["time"])


def original(events: Sequence[Mapping[str, Any]], most: int = 500) -> Users:
    """The users of a project of the original ID merge."""
    users = Users()
    identified: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for event in in_order(events):
        p = event["properties"]
        before, who = p.get("$distinct_id_before_identity"), p.get("distinct_id")
        if before and who and before != who:
            users.merge(before, who)
    for kind, one, other, failure in unique(verbs(events)):
        together = users.of(one) is users.of(other)
        if failure:
            users.refuse(failure)
        elif kind == "$identify" and one == other:
            users.refuse("errSameIDs")
        elif kind == "$identify" and not UUID.fullmatch(one):
            users.refuse("errAnonDistinctIdNonGUIDForm")
        elif kind == "$identify" and one in identified and not together:
            users.refuse("errAnonDistinctIdAssignedAlready")
        elif kind == "$create_alias" and one in aliases and not together:
            users.refuse("errAliasAlreadyExists")
        elif not together and len(users.of(one)) + len(users.of(other)) > most:
            users.refuse("errManyIDs")
        else:
            if kind == "$identify":
                identified.setdefault(one, other)
            if kind == "$create_alias":
                aliases.setdefault(one, other)
            users.merge(one, other)
    return users


def verbs(events: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, str | None]]:
    found = []
    for event in in_order(events):
        p, name = event["properties"], event["event"]
        failure = p.get("$failure_reason")
        if name == "$identify":
            one, other = p.get("$anon_id"), p.get("$identified_id") or p.get("distinct_id")
        elif name == "$create_alias":
            one, other = p.get("alias"), p.get("distinct_id")
        elif name == "$merge" and len(p.get("$distinct_ids") or []) == 2:
            one, other = p["$distinct_ids"]
        else:
            continue
        if one and other:
            found.append((name, str(one), str(other), failure))
    return found


def unique(found: list[Any]) -> list[Any]:
    return list(dict.fromkeys(found))


def simplified(events: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The user of each device of a project of the simplified ID merge."""
    user_of: dict[str, str] = {}
    for event in in_order(events):
        p = event["properties"]
        before, who = p.get("$distinct_id_before_identity"), p.get("distinct_id")
        if before and who and before.startswith("$device:") and not who.startswith("$device:"):
            user_of.setdefault(before, who)
    for event in in_order(events):
        p = event["properties"]
        device, user = p.get("$device_id"), p.get("$user_id")
        if device and user and not p.get("$identity_failure_reason"):
            user_of.setdefault(f"$device:{device}", str(user))
    return user_of


def replaced(project: Project, user_of: Mapping[str, str]) -> Project:
    """The project as if its events had the users' ids from the beginning."""
    events = []
    for event in project.events:
        who = event["properties"].get("distinct_id")
        if who in user_of:
            event = {**event, "properties": {**event["properties"], "distinct_id": user_of[who]}}
        events.append(event)
    return replace(project, events=events)
