"""In pandas, as one would write them in a notebook: by merging and grouping, and by a loop over users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.peers import BORN
from benchmarks.reports import STEPS, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, END = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-04-01")
GRACE, WINDOW, WEEK = pd.Timedelta(seconds=2), pd.Timedelta(days=7), pd.Timedelta(weeks=1)


def segmentation(frame: pd.DataFrame) -> Answer:
    """Events by day and country."""
    return dict(_page_views(frame).groupby(["date", "segment"]).size().to_dict())


def unique(frame: pd.DataFrame) -> Answer:
    """Users by day and country."""
    views = _page_views(frame[frame.distinct_id != ""])
    return dict(views.groupby(["date", "segment"]).distinct_id.nunique().to_dict())


def funnel(frame: pd.DataFrame) -> Answer:
    """A funnel, step by step: merge, filter, take the earliest."""
    users = frame[frame.distinct_id != ""]
    entering = _within(users[users.event_name == STEPS[0]])
    reached = entering.groupby("distinct_id").event_time.min().rename("time_1").reset_index()
    answer: Answer = {1: (len(reached), None, None)}
    for step, event in enumerate(STEPS[1:], start=2):
        events = users.loc[users.event_name == event, ["distinct_id", "event_time"]]
        found = reached.merge(events, on="distinct_id")
        found = found[
            (found.event_time >= found[f"time_{step - 1}"] - GRACE)
            & (found.event_time <= found.time_1 + WINDOW)
        ]
        times = found.groupby("distinct_id").event_time.min().rename(f"time_{step}")
        reached = reached.merge(times.reset_index(), on="distinct_id")
        elapsed = [(reached[f"time_{step}"] - reached[f"time_{since}"]) for since in (step - 1, 1)]
        means = [round(float(time.dt.total_seconds().clip(lower=0).mean()), 3) for time in elapsed]
        answer[step] = (len(reached), *means)
    return answer


def retention(frame: pd.DataFrame) -> Answer:
    """Retention: merge everybody's events with the first ones of weeks, count users by cohort and week."""
    users = frame[frame.distinct_id != ""]
    entering = _within(users[users.event_name == BORN])
    weeks = entering.event_time.dt.to_period("W").dt.start_time.dt.date.rename("cohort")
    born = entering.groupby(["distinct_id", weeks]).event_time.min().rename("born").reset_index()
    back = users.merge(born, on="distinct_id")
    back = back[(back.event_time > back.born) | ((back.event_time == back.born) & (back.event_name != BORN))]
    back["period"] = (back.event_time - back.born).dt.days // 7
    back = back[back.period <= 10]
    counted = back.groupby(["cohort", "period"]).distinct_id.nunique()
    sizes = {(cohort, -1): size for cohort, size in born.groupby("cohort").size().to_dict().items()}
    return sizes | counted.to_dict()


def funnel_loop(frame: pd.DataFrame) -> Answer:
    """The funnel, user by user; times apart are left out."""
    steps = frame[frame.event_name.isin(STEPS) & (frame.distinct_id != "")]
    counts = dict.fromkeys(range(1, len(STEPS) + 1), 0)
    for _, events in steps.groupby("distinct_id"):
        pairs = list(zip(events.event_name, events.event_time, strict=True))
        times: list[pd.Timestamp] = []
        for step, event in enumerate(STEPS, start=1):
            since = times[-1] - GRACE if times else FIRST
            until = times[0] + WINDOW if times else END - pd.Timedelta(microseconds=1)
            fitting = [time for name, time in pairs if name == event and since <= time <= until]
            if not fitting:
                break
            times.append(min(fitting))
            counts[step] += 1
    return counts


def retention_loop(frame: pd.DataFrame) -> Answer:
    """Retention, user by user."""
    users = frame[frame.distinct_id != ""]
    counts: Answer = {}
    for _, events in users.groupby("distinct_id"):
        pairs = list(zip(events.event_name, events.event_time, strict=True))
        births: dict[Any, pd.Timestamp] = {}
        for name, time in pairs:
            if name == BORN and FIRST <= time < END:
                cohort = (time - pd.Timedelta(days=time.dayofweek)).date()
                births[cohort] = min(births.get(cohort, time), time)
        for cohort, born in births.items():
            weeks = {
                (time - born) // WEEK
                for name, time in pairs
                if time > born or (time == born and name != BORN)
            }
            for period in {-1, *(week for week in weeks if week <= 10)}:
                counts[cohort, period] = counts.get((cohort, period), 0) + 1
    return counts


def _page_views(frame: pd.DataFrame) -> pd.DataFrame:
    views = _within(frame[frame.event_name == "Page View"])
    return views.assign(date=views.event_time.dt.date, segment=views.mp_country_code.fillna("undefined"))


def _within(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame.event_time >= FIRST) & (frame.event_time < END)]


PLAIN: dict[str, Callable[[pd.DataFrame], Answer]] = {
    "segmentation": segmentation,
    "unique": unique,
    "funnel": funnel,
    "retention": retention,
}
LOOPS: dict[str, Callable[[pd.DataFrame], Answer]] = {"funnel": funnel_loop, "retention": retention_loop}
