"""Flows and sessions by loops over the events of each user, sharing nothing with the package."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Any

from .expressions import Node, compact, kind, scalar_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from .reference import Event, Records, Reference

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 7 * 86_400}
OVERALL = "$overall"
START, END = "$session_start", "$session_end"
OF_MIXPANEL = {"$identify", "$create_alias", "$merge", "$unsubscribe"}  # those that tests use


def by_user(reference: Reference) -> dict[str, list[Event]]:
    users: defaultdict[str, list[Event]] = defaultdict(list)
    for event in reference.events:
        if event.user:
            users[event.user].append(event)
    return users


def sessions_of(
    reference: Reference, events: Sequence[Event], minutes: int = 30, exclude: Sequence[str] = ()
) -> list[list[Event]]:
    """A user's events as sessions."""
    found: list[list[Event]] = []
    for event in events:
        if event.name in OF_MIXPANEL or event.name in exclude:
            continue
        day = reference.local(event).date()
        before = found[-1][-1] if found else None
        if before and event.ms - before.ms <= minutes * 60_000 and reference.local(before).date() == day:
            found[-1].append(event)
        else:
            found.append([event])
    return found


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def sessions(
    reference: Reference,
    *,
    from_date: date,
    to_date: date,
    unit: str = "day",
    event: str | None = None,
    where: Node | None = None,
    on: str | Node | None = None,
    timeout: int = 30,
    exclude: Sequence[str] = (),
    limit: int = 60,
) -> Records:
    cells: defaultdict[Any, list[list[Event]]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    for events in by_user(reference).values():
        for session in sessions_of(reference, events, timeout, exclude):
            if not reference.within(session[0], from_date, to_date):
                continue
            if not any(reference.matches(one, event, where) for one in session):
                continue
            names = {OVERALL} | (segments_of(reference, session, on) if on is not None else set())
            sizes.update(names)
            for name in names:
                cells[name, reference.bucket(session[0], unit)].append(session)
    ranked = sorted((name for name in sizes if name != OVERALL), key=lambda name: (-sizes[name], name))
    return [
        {
            "date": bucket.isoformat(),
            **({} if on is None else {"segment": name}),
            **figures(cells[name, bucket]),
            "complete": reference.is_whole(bucket, unit, from_date, to_date),
        }
        for bucket in reference.buckets(from_date, to_date, unit)
        for name in [OVERALL, *ranked[:limit]]
    ]


def segments_of(reference: Reference, session: Sequence[Event], on: str | Node) -> set[str]:
    """The segments of a session: of its first event that has the property."""
    having = (one for one in session if kind(reference.value(on, one)) != "undefined")
    first = next(having, None)
    return {"undefined"} if first is None else reference.segments(first, on)


def figures(found: Sequence[Sequence[Event]]) -> dict[str, Any]:
    lasted = [(session[-1].ms - session[0].ms) / 1000 for session in found]
    return {
        "sessions": len(found),
        "users": len({session[0].user for session in found}),
        "avg_duration": fmean(lasted) if lasted else None,
        "median_duration": percentile(lasted, 0.5) if lasted else None,
        "p90_duration": percentile(lasted, 0.9) if lasted else None,
        "events_per_session": fmean(map(len, found)) if lasted else None,
    }


# Flows


def given_or(value: int | None, default: int) -> int:
    return default if value is None else value


@dataclass
class Run:
    """An event, or several that are the same and follow each other."""

    first: Event
    last: Event
    label: str
    marks: tuple[bool, ...]


@dataclass
class Took:
    """A flow that was taken: what is shown at which step, and where it ended early."""

    entry: Event
    shown: dict[int, str]
    more: tuple[bool, ...]
    dropped: int | None


class Flows:
    """Follows users one by one."""

    def __init__(self, reference: Reference, **query: Any) -> None:
        self.reference = reference
        self.first, self.last = query["from_date"], query["to_date"]
        start, end, through = query.get("start"), query.get("end"), query.get("through", ())
        given = [*([start] if start else []), *through, *([end] if end else [])]
        self.anchors = [(one, None) if isinstance(one, str) else one for one in given]
        self.open_left, self.open_right = start is None, end is None
        only_end = start is None and not through
        self.after: int = given_or(query.get("forward"), 0 if only_end else 3)
        self.before: int = given_or(query.get("back"), 3 if start is None else 0)
        self.count = query.get("count", "uniques")
        self.window = query.get("window", 30) * SECONDS[query.get("window_unit", "day")] * 1000
        self.hide, self.exclude = query.get("hide", ()), query.get("exclude", ())
        self.collapse, self.hold = query.get("collapse_repeats", False), query.get("hold", ())
        self.expand, self.where = query.get("expand", ()), query.get("where")
        self.on = query.get("on")
        self.sessions: dict[int, Sequence[Event]] = {}
        self.bounds: list[Event] = []  # kept, so that none takes the id of another

    # What an event is

    def is_anchor(self, number: int, event: Event) -> bool:
        name, where = self.anchors[number]
        return self.reference.matches(event, name, where)

    def enters(self, event: Event) -> bool:
        return self.reference.within(event, self.first, self.last) and self.is_anchor(0, event)

    def text(self, prop: str | Node, event: Event) -> str | None:
        value = self.reference.value(prop, event)
        if kind(value) == "undefined":
            return None
        return compact(value) if kind(value) in {"list", "object"} else str(scalar_text(value))

    def label(self, event: Event) -> str:
        found = [self.text(prop, event) for name, prop in self.expand if name == event.name]
        texts = ["undefined" if text is None else text for text in found]
        return f"{event.name} · {', '.join(texts)}" if texts else event.name

    def held(self, event: Event) -> tuple[str | None, ...]:
        return tuple(self.text(prop, event) for prop in self.hold)

    def marks(self, event: Event) -> tuple[bool, ...]:
        later = [self.is_anchor(number, event) for number in range(1, len(self.anchors))]
        return (self.enters(event), *later, event.name in self.exclude)

    # Whom it is about

    def all(self) -> Iterator[Took]:
        for events in by_user(self.reference).values():
            groups = [events]
            if self.count == "sessions":
                groups = [self.bounded(session) for session in sessions_of(self.reference, events)]
            for group in groups:
                yield from self.of(group)

    def bounded(self, session: Sequence[Event]) -> list[Event]:
        """A session's events between its start and its end, where these are anchors."""
        held: dict[str, Any] = {}
        for event in session:
            for name, value in event.properties.items():
                if held.get(name) is None:
                    held[name] = value
        start = replace(session[0], name=START, properties=held)
        end = replace(session[-1], name=END, properties=held)
        self.sessions |= {id(start): session, id(end): session}
        self.bounds += [start, end]
        anchors = {name for name, _ in self.anchors}
        return [
            *([start] if START in anchors else []),
            *session,
            *([end] if END in anchors else []),
        ]

    def segments(self, entry: Event) -> set[str]:
        session = self.sessions.get(id(entry))
        if session is None:
            return set(self.reference.segments(entry, self.on))
        return set() if self.on is None else segments_of(self.reference, session, self.on)

    def of(self, events: Sequence[Event]) -> Iterator[Took]:
        kept = [e for e in events if e.name not in self.hide and self.reference.matches(e, None, self.where)]
        kept = [event for event in kept if None not in self.held(event)]
        places = {id(event): place for place, event in enumerate(kept)}
        runs = {
            held: self.runs([e for e in kept if self.held(e) == held]) for held in set(map(self.held, kept))
        }
        busy_place, busy_time = -1, None
        for event in kept:
            chain = runs[self.held(event)]
            here = next((n for n, run in enumerate(chain) if run.first is event), None)
            if here is None or not self.enters(event):
                continue
            if places[id(event)] <= busy_place or (busy_time is not None and event.ms <= busy_time):
                continue
            took, over = self.follow(chain, here)
            if took is not None:
                yield took
            if self.count != "totals":
                return
            busy_place, busy_time = (places[id(over)], None) if over else (-1, event.ms + self.window)

    def runs(self, events: Sequence[Event]) -> list[Run]:
        found: list[Run] = []
        for event in events:
            label, marks = self.label(event), self.marks(event)
            if self.collapse and found and (found[-1].label, found[-1].marks) == (label, marks):
                found[-1].last = event
            else:
                found.append(Run(event, event, label, marks))
        return found

    def follow(self, chain: Sequence[Run], here: int) -> tuple[Took | None, Event | None]:
        """The flow that begins at a place; None if it is left out; and the event with which it is over."""
        limit = chain[here].first.ms + self.window
        reached, place = [here], here
        while len(reached) < len(self.anchors):
            place += 1
            if place == len(chain) or chain[place].first.ms > limit:
                break
            if chain[place].first.name in self.exclude:
                return None, chain[place].first
            if chain[place].marks[len(reached)]:
                reached.append(place)
        complete = len(reached) == len(self.anchors)
        over = chain[reached[-1]].first if complete else None
        took, seen = self.shown(chain, reached, limit)
        return (None if any(chain[n].first.name in self.exclude for n in seen) else took), over

    def shown(self, chain: Sequence[Run], reached: list[int], limit: int) -> tuple[Took, list[int]]:
        shown: dict[int, int] = {}
        step, more, dropped = 0, [], None
        entry = chain[reached[0]].first
        if self.open_left:
            for distance in range(1, self.before + 1):
                place = reached[0] - distance
                if place >= 0 and chain[place].last.ms >= entry.ms - self.window:
                    shown[-distance] = place
        for number, place in enumerate(reached):
            shown[step] = place
            is_last = number == len(self.anchors) - 1
            if is_last and not self.open_right:
                break
            ahead = [n for n in range(place + 1, len(chain)) if chain[n].first.ms <= limit]
            until = reached[number + 1] if number + 1 < len(reached) else None
            between = [n for n in ahead if until is None or n < until]
            right = between[: self.after]
            shown |= {step + 1 + n: one for n, one in enumerate(right)}
            nearer = between[self.after :][-self.before :] if self.before and until is not None else []
            anchor = step + self.after + self.before + 1
            shown |= {anchor - len(nearer) + n: one for n, one in enumerate(nearer)}
            if until is not None:
                more.append(len(between) > self.after + self.before)
                step = anchor
            elif len(right) < self.after:
                dropped = step + 1 + len(right)
            elif not is_last:
                dropped = anchor
        more += [False] * (len(self.anchors) - 1 - len(more))
        labels = {at: chain[one].label for at, one in sorted(shown.items())}
        return Took(entry, labels, tuple(more), dropped), list(shown.values())


def flow(reference: Reference, *, limit: int = 3, segments: int = 10, **query: Any) -> Records:
    flows = Flows(reference, **query)
    groups: defaultdict[str | None, list[Took]] = defaultdict(list)
    for took in flows.all():
        groups[None].append(took)
        for segment in flows.segments(took.entry):
            groups[segment].append(took)
    ranked = sorted(
        (name for name in groups if name is not None), key=lambda name: (-len(groups[name]), name)
    )
    records: Records = []
    for name in [None, *ranked[:segments]] if groups else []:
        split = {} if flows.on is None else {"segment": OVERALL if name is None else name}
        records += [split | row for row in counted(groups[name], limit, flows)]
    return records


def counted(found: Sequence[Took], limit: int, flows: Flows) -> Records:
    """What the package has as nodes, edges and paths."""
    anchors = [number * (flows.after + flows.before + 1) for number in range(len(flows.anchors))]
    events: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for took in found:
        for step, label in took.shown.items():
            events[step][label] += 1
    shown = {
        step: sorted(each, key=lambda name: (-each[name], name))[:limit] for step, each in events.items()
    }
    nodes: Counter[tuple[int, str, str]] = Counter()
    edges: Counter[tuple[int, str, str, int]] = Counter()
    paths: Counter[Any] = Counter()
    for took in found:
        line = [
            (step, label if label in shown[step] else "$other") for step, label in sorted(took.shown.items())
        ]
        for step, label in line:
            nodes[
                step, label, "other" if label == "$other" else "anchor" if step in anchors else "event"
            ] += 1
        if took.dropped is not None:
            line.append((took.dropped, "$dropoff"))
            nodes[took.dropped, "$dropoff", "dropoff"] += 1
        for (step, source), (next_step, target) in pairwise(line):
            edges[step, source, target, next_step] += 1
        paths[tuple(sorted(took.shown.items())), took.more, took.dropped] += 1
    steps = sorted(events)
    return [
        *sorted_nodes(nodes),
        *({"edge": key, "count": count} for key, count in sorted(edges.items())),
        *top_paths(paths, steps, [at + flows.after + 0.5 for at in anchors], len(found)),
    ]


def sorted_nodes(nodes: Counter[tuple[int, str, str]]) -> Records:
    rank = {"anchor": 0, "event": 0, "other": 1, "dropoff": 2}
    ordered = sorted(nodes.items(), key=lambda item: (item[0][0], rank[item[0][2]], -item[1], item[0][1]))
    return [{"node": key, "count": count} for key, count in ordered]


def top_paths(paths: Counter[Any], steps: Sequence[int], gaps: Sequence[float], whole: int) -> Records:
    def order(item: tuple[Any, int]) -> Any:
        (shown, more, _), count = item
        held = dict(shown)
        return -count, [(step not in held, held.get(step, "")) for step in steps], more

    return [
        {"path": line_of(key, gaps), "count": count, "share": count / whole}
        for key, count in sorted(paths.items(), key=order)[:50]
    ]


def line_of(path: Any, gaps: Sequence[float]) -> str:
    shown, more, dropped = path
    line = [*shown, *((at, "…") for at, unseen in zip(gaps, more, strict=False) if unseen)]
    return " → ".join(
        label for _, label in sorted([*line, *([(dropped, "$dropoff")] if dropped is not None else [])])
    )
