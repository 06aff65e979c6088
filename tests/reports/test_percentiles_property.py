"""Medians and percentiles of every report, compared with Polars' (interpolated linearly) on random tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given

from .strategies import examples
from .support import Project, did

if TYPE_CHECKING:
    from .support import Package

FIRST = date(2025, 1, 1)
DAYS: dict[str, Any] = {"from_date": FIRST, "to_date": date(2025, 1, 3)}
MEASURES = {"median": 0.5, "p1": 0.01, "p25": 0.25, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}

# Ties, zero, negative and large numbers, whole ones beside decimals; and what is no number at all.
NUMBERS = (
    st.sampled_from([0, 1, 1, 2, -3, 0.1, 0.2, 99.99, 2**53, -1e15])
    | st.integers(-1_000, 1_000)
    | st.floats(-1e6, 1e6, width=32)
)
VALUES = NUMBERS | st.sampled_from([None, "12", "", True, [5], {"a": 1}])
ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.sampled_from(["pro", "free"]), VALUES),
    min_size=1,
    max_size=40,
)


def bought(user: int, day: int, plan: str, value: Any) -> dict[str, Any]:
    return did(f"u{user}", "Buy", f"{FIRST + timedelta(days=day)} 12:00", plan=plan, price=value)


def numbers_of(rows: list[tuple[int, int, str, Any]]) -> pl.DataFrame:
    """The rows with a number."""
    kept = [
        (user, str(FIRST + timedelta(days=day)), plan, float(value))
        for user, day, plan, value in rows
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return pl.DataFrame(kept, ["user", "date", "plan", "price"], orient="row")


def quantiles(frame: pl.DataFrame, keys: list[str], metric: str) -> dict[tuple[Any, ...], float]:
    """The percentiles of the prices of each group, by its keys and the word of the metric."""
    if frame.is_empty():
        return {}
    measures = [
        pl.col("price").quantile(part, "linear").alias(metric.format(name)) for name, part in MEASURES.items()
    ]
    return {
        (*(row[key] for key in keys), name): row[name]
        for row in frame.group_by(keys).agg(measures).iter_rows(named=True)
        for name in row.keys() - set(keys)
    }


def found(package: Package, metric: str, **query: Any) -> dict[tuple[Any, ...], float]:
    words = [metric.format(name) for name in MEASURES]
    result = package.workspace().insights(words, **query, **DAYS, table="events")
    keys = ["date", *result.breakdowns, "metric"]
    return {
        tuple(record[key] for key in keys): record["value"]
        for record in result.records()
        if record["value"] is not None
    }


def same(actual: dict[Any, float], expected: dict[Any, float]) -> None:
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        assert actual[key] == pytest.approx(value, rel=1e-9, abs=1e-6), key


@examples(40)
@given(ROWS, st.sampled_from([100, 0]))
def test_percentiles_of_a_property(
    package: Package, rows: list[tuple[int, int, str, Any]], columns: int
) -> None:
    package(Project([bought(*row) for row in rows], columns=columns))
    frame = numbers_of(rows)
    metric = "{}(Buy, price)"
    same(found(package, metric), quantiles(frame, ["date"], metric))
    same(found(package, metric, on="plan"), quantiles(frame, ["date", "plan"], metric))


@examples(40)
@given(ROWS)
def test_percentiles_of_a_number_per_user(package: Package, rows: list[tuple[int, int, str, Any]]) -> None:
    package(Project([bought(*row) for row in rows]))
    frame = numbers_of(rows)
    for measure, made in {"sum": pl.col("price").sum(), "average": pl.col("price").mean()}.items():
        per_user = frame.group_by("date", "user").agg(made)
        metric = f"{{}}(per user {measure}(Buy, price))"
        same(found(package, metric), quantiles(per_user, ["date"], metric))
    every = pl.DataFrame([row[:2] for row in rows], ["user", "day"], orient="row")
    counts = every.group_by("user").len("price").with_columns(pl.lit(str(FIRST)).alias("date"))
    metric = "{}(per user total(Buy))"
    same(
        found(package, metric, totals=True),
        quantiles(counts.with_columns(pl.col("price").cast(pl.Float64)), ["date"], metric),
    )


TIMES = st.lists(st.integers(0, 1_700) | st.sampled_from([0, 60, 60, 60.5]), min_size=1, max_size=25)


def moments(seconds: float) -> str:
    return str(datetime(2025, 1, 1, 12) + timedelta(seconds=seconds))


@examples(40)
@given(TIMES)
def test_percentiles_of_times_between_steps_and_of_sessions(package: Package, times: list[float]) -> None:
    """Each user looks at noon and buys some seconds later: in a funnel the time to convert, in a session its
    length."""
    package(
        Project(
            [
                event
                for number, seconds in enumerate(times)
                for event in (
                    did(f"u{number}", "Look", moments(0)),
                    did(f"u{number}", "Buy", moments(seconds)),
                )
            ]
        )
    )
    ws = package.workspace()
    series = pl.Series(times, dtype=pl.Float64, strict=False)
    median, p90 = (series.quantile(part, "linear") for part in (0.5, 0.9))
    total = ws.sessions(**DAYS, table="events").total
    assert (total.median_duration, total.p90_duration) == pytest.approx((median, p90))
    funnel = ws.funnel(steps=["Look", "Buy"], times=True, **DAYS, table="events")
    _, step = funnel.steps
    assert (step.median_time, step.p90_time) == pytest.approx((median, p90))
    (row,) = funnel.times_df.to_dict("records")
    parts = {"min": 0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99, "max": 1}
    assert {name: row[name] for name in parts} == pytest.approx(
        {name: series.quantile(part, "linear") for name, part in parts.items()}
    )
