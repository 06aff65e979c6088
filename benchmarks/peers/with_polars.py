"""In polars, lazily: by joining and grouping."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from benchmarks.peers import BORN, COLUMNS
from benchmarks.reports import STEPS, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, END = map(datetime.fromisoformat, ("2025-01-01", "2025-04-01"))
GRACE, WINDOW = pl.duration(seconds=2), pl.duration(days=7)

event_name, event_time, distinct_id = (pl.col(name) for name in COLUMNS[:3])
in_range = (event_time >= FIRST) & (event_time < END)


def segmentation(frame: pl.DataFrame) -> Answer:
    """Events by day and country."""
    counted = _page_views(frame).group_by("date", "segment").len().collect()
    return {(date, segment): count for date, segment, count in counted.iter_rows()}


def unique(frame: pl.DataFrame) -> Answer:
    """Users by day and country."""
    views = _page_views(frame).filter(distinct_id != "")
    counted = views.group_by("date", "segment").agg(distinct_id.n_unique()).collect()
    return {(date, segment): count for date, segment, count in counted.iter_rows()}


def funnel(frame: pl.DataFrame) -> Answer:
    """A funnel, step by step: join, filter, take the earliest."""
    users = frame.lazy().filter(distinct_id != "")
    reached = (
        users.filter((event_name == STEPS[0]) & in_range)
        .group_by("distinct_id")
        .agg(event_time.min().alias("time_1"))
    )
    for step, event in enumerate(STEPS[1:], start=2):
        times = (
            users.filter(event_name == event)
            .join(reached, on="distinct_id")
            .filter(event_time.is_between(pl.col(f"time_{step - 1}") - GRACE, pl.col("time_1") + WINDOW))
            .group_by("distinct_id")
            .agg(event_time.min().alias(f"time_{step}"))
        )
        reached = reached.join(times, on="distinct_id", how="left")
    taken = [(step - 1, step) for step in range(2, len(STEPS) + 1)]
    found = reached.select(
        pl.len().alias("users"),
        *(pl.col(f"time_{step}").count().alias(f"users_{step}") for _, step in taken),
        *(_seconds(since, step).alias(f"before_{step}") for since, step in taken),
        *(_seconds(1, step).alias(f"start_{step}") for _, step in taken),
    ).collect()
    row = found.row(0, named=True)
    return {1: (row["users"], None, None)} | {
        step: (row[f"users_{step}"], round(row[f"before_{step}"], 3), round(row[f"start_{step}"], 3))
        for _, step in taken
    }


def _seconds(since: int, step: int) -> pl.Expr:
    elapsed = (pl.col(f"time_{step}") - pl.col(f"time_{since}")).dt.total_microseconds()
    return elapsed.clip(lower_bound=0).mean() / 1_000_000


def retention(frame: pl.DataFrame) -> Answer:
    """Retention: join everybody's events with the first ones of weeks, count users by cohort and week."""
    users = frame.lazy().filter(distinct_id != "")
    born = (
        users.filter((event_name == BORN) & in_range)
        .group_by("distinct_id", event_time.dt.truncate("1w").dt.date().alias("cohort"))
        .agg(event_time.min().alias("born"))
    )
    period = (event_time - pl.col("born")).dt.total_days() // 7
    back = (
        users.join(born, on="distinct_id")
        .filter((pl.col("born") < event_time) | ((pl.col("born") == event_time) & (event_name != BORN)))
        .with_columns(period.alias("period"))
        .filter(pl.col("period") <= 10)
        .group_by("cohort", "period")
        .agg(distinct_id.n_unique())
    )
    sizes, counted = pl.collect_all([born.group_by("cohort").len(), back])
    return {(cohort, -1): size for cohort, size in sizes.iter_rows()} | {
        (cohort, period): users for cohort, period, users in counted.iter_rows()
    }


def _page_views(frame: pl.DataFrame) -> pl.LazyFrame:
    return (
        frame.lazy()
        .filter((event_name == "Page View") & in_range)
        .with_columns(
            event_time.dt.date().alias("date"),
            pl.col("mp_country_code").fill_null("undefined").alias("segment"),
        )
    )


PLAIN: dict[str, Callable[[pl.DataFrame], Answer]] = {
    "segmentation": segmentation,
    "unique": unique,
    "funnel": funnel,
    "retention": retention,
}
