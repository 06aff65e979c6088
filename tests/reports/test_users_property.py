"""The users behind each number: as many as are counted, and those that the reference finds.

Whether a user is behind a number is asked of the reference, which is given the events of this user alone:
where its count is not 0, the user is one of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
from hypothesis import given

from mixpanel_nb import Buckets, Metric
from mixpanel_nb.errors import ExpressionError

from .insights_reference import InsightsReference, Measured, Ranged
from .reference import Reference
from .strategies import NAME, USUAL, asked, examples, properties, ranges, scenes, with_profiles
from .support import of_reference, plain
from .test_activity_property import feeds, frequencies, tops
from .test_flow_property import detailed_flows, flows, split_sessions
from .test_funnel_property import attempted_funnels, filtered_funnels
from .test_insights_property import ON
from .test_retention_property import filtered_retentions, retentions, summed_retentions
from .test_segmentation_property import (
    SCENES,
    calculations,
    event_countings,
    numeric_buckets,
    property_countings,
    segmentations,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from .support import Package, Project

    Case = tuple[Project, list[dict[str, Any]]]
    Holds = Callable[[list[dict[str, Any]]], bool]
    Cells = Callable[[Any, dict[str, Any]], Iterator[tuple[dict[str, Any], float | None, Holds | None]]]

MOST = 4
"""Numbers of an answer whose users are asked for."""

OVERALL = "$overall"
LIFTED: dict[str, dict[str, Any]] = {
    "segmentation": {"limit": 10_000, "type": "unique"},
    "property_counts": {"limit": 10_000, "type": "unique"},
    "event_counts": {"type": "unique"},
    "top_events": {"limit": 10_000, "type": "unique"},
    "funnel": {"limit": 10_000},
    "retention": {"limit": 10_000, "prop": None},
    "sessions": {"limit": 10_000},
    "flow": {"limit": 1_000, "segments": 1_000},
}
"""What of a question is changed for one user: nothing is beyond a limit."""


def alone(project: Project) -> dict[str, Project]:
    """The project of each user, with the time up to which events are known."""
    users: dict[str, list[Any]] = {}
    for event in project.events:
        users.setdefault(event["properties"].get("distinct_id") or "", []).append(event)
    users.pop("", None)
    last = max(project.events, key=lambda event: event["properties"]["time"], default=None)
    ghost = (
        [] if last is None else [{"event": "ghost", "properties": {**last["properties"], "distinct_id": ""}}]
    )
    return {user: replace(project, events=[*events, *ghost]) for user, events in users.items()}


def answer(package: Package, project: Project, report: str, question: dict[str, Any]) -> Any:
    """The package's answer; from the JSON where a typed column cannot take an expression."""
    ask = getattr(package.workspace(project.zone, project.week_start), report)
    try:
        package(project)
        return ask(**plain(question), table="events")
    except ExpressionError:
        package(replace(project, columns=0))
        return ask(**plain(question), table="events")


def check_users(package: Package, case: Case, report: str, cells: Cells) -> None:
    project, questions = case
    for question in questions:
        result = answer(package, project, report, question)
        lifted = {**question, **LIFTED.get(report, {})}
        if "prop" not in question and report == "retention":
            lifted.pop("prop")
        known = {user: of_reference(theirs)(report, **lifted) for user, theirs in alone(project).items()}
        found = list(cells(result, question))
        for cell, count, holds in found[:: max(len(found) // MOST, 1)]:
            users = result.users(**cell)
            assert list(users.ids) == [row[0] for row in users]
            assert len(set(users.ids)) == len(users.ids) == len(users), (plain(question), cell)
            assert all(row[1] <= row[2] and row[3] > 0 for row in users), (plain(question), cell)
            if count is not None:
                assert len(users) == count, (plain(question), cell, users.ids)
            if holds is not None:
                expected = {user for user, records in known.items() if holds(records)}
                assert set(users.ids) == expected, (plain(question), cell)


def named(names: Sequence[Any]) -> bool:
    """Whether no name is one that another user's events may change."""
    return not any(str(name).startswith(OVERALL) for name in names)


def of_series(counted: str = "count") -> Cells:
    def cells(result: Any, question: dict[str, Any]) -> Any:
        columns = [name for name in result.column_names if name not in {counted, "complete"}]
        split = columns[1:]
        for *key, count, _ in result.tuples():
            if count is None or "(other)" in key[1:]:
                continue
            wanted = dict(zip(columns, [key[0].isoformat(), *key[1:]], strict=True))
            cell: dict[str, Any] = {"date": key[0]}
            if split in (["segment"], ["event"], ["value"]):
                cell |= {} if key[1] == "total" and "on" not in question else {split[0]: key[1]}
            elif split:
                cell["segment"] = tuple(key[1:])

            def holds(records: Any, wanted: dict[str, Any] = wanted) -> bool:
                return any(
                    record[counted] and all(record[name] == value for name, value in wanted.items())
                    for record in records
                )

            yield cell, count if question.get("type") == "unique" else None, holds

    return cells


@examples(15)
@given(asked(SCENES, segmentations))
def test_segmentation(package: Package, case: Case) -> None:
    check_users(package, case, "segmentation", of_series())


@examples(7)
@given(asked(scenes(properties()), property_countings))
def test_property_counts(package: Package, case: Case) -> None:
    check_users(package, case, "property_counts", of_series())


@examples(6)
@given(asked(scenes(properties(), ids=2), event_countings))
def test_event_counts(package: Package, case: Case) -> None:
    check_users(package, case, "event_counts", of_series())


@examples(10)
@given(asked(SCENES, numeric_buckets))
def test_ranges_of_numbers(package: Package, case: Case) -> None:
    for question in case[1]:
        result = answer(package, case[0], "segmentation_numeric", question)
        rows = [row for row in result.tuples() if row[2] is not None]
        for day, name, count, _ in rows[:: max(len(rows) // MOST, 1)]:
            users = result.users(date=day, bucket=name)
            assert question["type"] != "unique" or len(users) == count, (plain(question), day, name)
        everyone: set[str] = set()
        for day in result.dates:
            everyone |= set(result.users(date=day).ids)
        assert set(result.users().ids) == everyone


@examples(5)
@given(asked(SCENES, calculations))
def test_sums(package: Package, case: Case) -> None:
    for question in case[1]:
        result = answer(package, case[0], "segmentation_sum", question)
        same = {name: value for name, value in question.items() if name != "on"}
        segmented = answer(package, case[0], "segmentation", same)
        for day in result.dates[:MOST]:
            assert result.users(date=day).ids == segmented.users(date=day).ids


@examples(5)
@given(asked(scenes(), tops))
def test_top_events(package: Package, case: Case) -> None:
    def cells(result: Any, question: dict[str, Any]) -> Any:
        for event in result.events:
            yield {"event": event.event}, event.count if question["type"] == "unique" else None, None

    check_users(package, case, "top_events", cells)


def of_funnels(result: Any, question: dict[str, Any]) -> Any:
    """Each step reached, and the loss before it."""
    is_users = question.get("count", "uniques") == "uniques"
    split = result.column_names[: result.column_names.index("step")]
    rows = result.tuples()
    optional = question.get("optional", ())
    for place, step in enumerate(result.steps):
        before = max((n for n in range(1, step.step) if n not in optional), default=0)
        segment = step.segments or step.segment
        names = segment if isinstance(segment, tuple) else () if segment is None else (segment,)
        cell = {"date": step.date, "segment": segment}
        wanted = dict(zip(split, rows[place], strict=False))
        if "date" in wanted and question.get("unit"):
            wanted["date"] = step.date.isoformat()
        # A user's own funnel has no row where another user's events made the segment.
        clear = named(names) or set(names) <= {OVERALL}

        def counts(records: Any, number: int, wanted: dict[str, Any] = wanted) -> int:
            return sum(
                record["count"]
                for record in records
                if record["step"] == number and all(record[name] == value for name, value in wanted.items())
            )

        yield (
            {**cell, "step": step.step},
            step.count if is_users else None,
            (lambda records, n=step.step, counts=counts: counts(records, n) > 0) if clear else None,
        )
        if step.step > 1:
            yield (
                {**cell, "step": step.step, "dropped": True},
                result.steps[place - step.step + before].count - step.count if is_users else None,
                (
                    lambda records, n=step.step, before=before, counts=counts: (
                        counts(records, before) > counts(records, n)
                    )
                )
                if clear
                else None,
            )


@examples(15)
@given(asked(with_profiles(scenes(properties(), most_users=4)), filtered_funnels))
def test_funnel(package: Package, case: Case) -> None:
    check_users(package, case, "funnel", of_funnels)


@examples(22)
@given(asked(with_profiles(scenes(properties(), most_users=3, ids=2)), attempted_funnels))
def test_attempts(package: Package, case: Case) -> None:
    check_users(package, case, "funnel", of_funnels)


def of_cohorts(result: Any, question: dict[str, Any]) -> Any:
    """Each cohort, and who came back in which period, or did not."""
    columns = result.segment_columns
    for cohort in result.cohorts:
        if cohort.size is None:
            continue
        segment = cohort.segment
        names = segment if isinstance(segment, tuple) else () if segment is None else (segment,)
        clear = named(names) or set(names) <= {OVERALL}
        wanted = {**dict(zip(columns, names, strict=True)), "cohort_date": cohort.date.isoformat()}

        def count(records: Any, name: str, wanted: dict[str, Any] = wanted) -> int:
            return sum(
                record[name] or 0
                for record in records
                if all(record[each] == value for each, value in wanted.items())
            )

        cell = {"cohort": cohort.date, "segment": segment}
        yield (
            cell,
            cohort.size,
            (lambda records, count=count: count(records, "cohort_size") > 0) if clear else None,
        )
        for period, back in enumerate(cohort.counts):
            if back is None:
                continue
            asked_of = {**cell, "period": period}
            name = f"period_{period}"
            users = question.get("prop") is None
            yield (
                asked_of,
                back if users else None,
                (lambda records, name=name, count=count: count(records, name) > 0) if clear else None,
            )
            yield (
                {**asked_of, "returned": False},
                cohort.size - back if users else None,
                (lambda records, name=name, count=count: count(records, "cohort_size") > count(records, name))
                if clear
                else None,
            )


@examples(12)
@given(asked(scenes(most_users=3), retentions, most=4))
def test_retention(package: Package, case: Case) -> None:
    check_users(package, case, "retention", of_cohorts)


@examples(12)
@given(
    asked(
        with_profiles(scenes(properties(), most_users=4)),
        lambda day: filtered_retentions(day) | summed_retentions(day),
    )
)
def test_retention_by_segment(package: Package, case: Case) -> None:
    check_users(package, case, "retention", of_cohorts)


@examples(10)
@given(asked(scenes(properties(), most_users=3), frequencies))
def test_frequency(package: Package, case: Case) -> None:
    def cells(result: Any, question: dict[str, Any]) -> Any:
        del question
        for day, *counts, _ in result.tuples():
            for place, count in list(enumerate(counts, 1))[:4]:

                def holds(records: Any, day: date = day, place: int = place) -> bool:
                    return any(
                        record["date"] == day.isoformat() and record[f"period_{place}"] for record in records
                    )

                yield {"date": day, "at_least": place}, count, holds

    check_users(package, case, "frequency", cells)


@examples(10)
@given(asked(with_profiles(scenes(properties(), most_users=3)), split_sessions))
def test_sessions(package: Package, case: Case) -> None:
    def cells(result: Any, question: dict[str, Any]) -> Any:
        for segment, figures in result.figures.items():
            for day in result.dates:
                if segment != OVERALL and not named([segment]):
                    continue
                wanted = {"date": day.isoformat()} | ({"segment": segment} if "on" in question else {})

                def holds(records: Any, wanted: dict[str, Any] = wanted) -> bool:
                    return any(
                        record["users"] and all(record[name] == value for name, value in wanted.items())
                        for record in records
                    )

                count = figures[day].users if day in figures else 0
                yield {"date": day, "segment": segment if "on" in question else None}, count, holds

    check_users(package, case, "sessions", cells)


def of_flows(result: Any, question: dict[str, Any]) -> Any:
    """Each node, edge and path."""
    is_users = question["count"] == "uniques"

    def cell_of(segment: str | None, key: str, value: Any, count: int, **cell: Any) -> Any:
        split = {} if result.on is None else {"segment": segment}

        def holds(records: Any) -> bool:
            return any(
                record["count"]
                and record.get(key) == value
                and all(record[name] == wanted for name, wanted in split.items())
                for record in records
            )

        clear = segment is None or segment == OVERALL or named([segment])
        return {**cell, "segment": segment}, count if is_users else None, holds if clear else None

    for node in result.flow_nodes:
        if node.kind != "other":
            key = (node.step, node.event, node.kind)
            yield cell_of(node.segment, "node", key, node.count, step=node.step, event=node.event)
    several = {
        (one.segment, one.step, one.source, one.target)
        for one in result.flow_edges
        for two in result.flow_edges
        if (one.segment, one.step, one.source, one.target) == (two.segment, two.step, two.source, two.target)
        and one.target_step != two.target_step
    }
    for edge in result.flow_edges:
        unique = (edge.segment, edge.step, edge.source, edge.target) not in several
        if "$other" not in (edge.source, edge.target) and unique:
            joined = (edge.step, edge.source, edge.target, edge.target_step)
            ends = {"source": edge.source, "target": edge.target}
            yield cell_of(edge.segment, "edge", joined, edge.count, step=edge.step, **ends)
    ranks: dict[Any, int] = {}
    for path in result.flow_paths:
        ranks[path.segment] = ranks.get(path.segment, 0) + 1
        yield cell_of(path.segment, "path", path.path, path.count, path=ranks[path.segment])


@examples(12)
@given(asked(scenes(most_users=2, ids=2), flows, most=4))
def test_flow(package: Package, case: Case) -> None:
    check_users(package, case, "flow", of_flows)


@examples(10)
@given(asked(with_profiles(scenes(properties(), most_users=2)), detailed_flows))
def test_flow_in_detail(package: Package, case: Case) -> None:
    check_users(package, case, "flow", of_flows)


@examples(5)
@given(asked(scenes(properties()), feeds))
def test_activity_feed(package: Package, case: Case) -> None:
    for question in case[1]:
        result = answer(package, case[0], "activity_feed", question)
        assert set(result.users().ids) == {event.distinct_id for event in result.events}


COUNTED = st.builds(
    Measured,
    NAME | NAME | st.none(),
    st.sampled_from(
        ["unique", "unique", "unique_first", "unique_last", "dau", "wau", "mau", "total", "sessions"]
    ),
    where=USUAL,
)


@st.composite
def metrics(draw: st.DrawFn, day: date) -> dict[str, Any]:
    return {
        "metrics": draw(st.lists(COUNTED, min_size=1, max_size=3)),
        "unit": draw(st.sampled_from(["day", "day", "week", "month"])),
        **draw(ranges(day)),
        "on": draw(st.sampled_from([[], [draw(ON)]])),
        "where": draw(USUAL),
        "limit": draw(st.sampled_from([60, 1, 2])),
        **draw(st.sampled_from([{}, {}, {"totals": True}])),
    }


@examples(15)
@given(asked(with_profiles(scenes(properties())), metrics))
def test_insights(package: Package, case: Case) -> None:
    project, questions = case
    for question in questions:
        measured = [
            Metric(each.event, each.measure, plain(each.of), plain(each.where), each.per_user, f"m{place}")
            for place, each in enumerate(question["metrics"])
        ]
        on = [
            Buckets(plain(each.of), each.edges) if isinstance(each, Ranged) else plain(each)
            for each in question["on"]
        ]
        rest = {name: value for name, value in question.items() if name not in {"metrics", "on"}}
        result = answer(package, project, "insights", {"metrics": measured, "on": on, **rest})
        of_users = [
            replace(each, measure="unique") if each.measure == "total" else each
            for each in question["metrics"]
        ]
        known = {
            user: InsightsReference(
                Reference(theirs.events, theirs.profiles or (), theirs.zone, theirs.week_start)
            ).insights(**{**question, "metrics": of_users, "formulas": [], "limit": 10_000})
            for user, theirs in alone(project).items()
        }
        rows = [
            (day, line.metric, line.segment, line.values[place])
            for place, day in enumerate(result.dates)
            for line in result.lines
            if line.values[place] is not None
            and not (result.left_out and line.segment == result.lines[-1].segment)
        ]
        for day, metric, segment, value in rows[:: max(len(rows) // MOST, 1)]:
            users = result.users(metric=metric, date=day, segment=segment or None)
            kind = question["metrics"][int(metric[1:])].measure
            assert len(set(users.ids)) == len(users.ids), (plain(question), metric, day)
            if kind not in {"total", "sessions"}:
                assert len(users) == value, (plain(question), metric, day, segment, users.ids)
            if kind in {"unique_first", "unique_last"} and segment:
                continue  # at equal times the larger segment of all users counts
            expected = set()
            for user, records in known.items():
                for record in records:
                    shown = list(record.values())
                    # A user without a name is counted as an event, not as a user.
                    if shown[0] == day.isoformat() and shown[1] == metric and tuple(shown[2:-2]) == segment:
                        expected |= {user} if shown[-2] else set()
            assert set(users.ids) == expected, (plain(question), metric, day, segment)
