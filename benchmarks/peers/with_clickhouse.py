"""In ClickHouse's SQL, through chdb, on a table in the order of time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.peers import BORN, COLUMNS
from benchmarks.reports import STEPS, Answer, funnel_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_IN_RANGE = (
    "event_time >= toDateTime64('2025-01-01', 6, 'UTC') AND event_time < toDateTime64('2025-04-01', 6, 'UTC')"
)
_PAGE_VIEWS = f"event_name = 'Page View' AND {_IN_RANGE}"
_DAY_AND_COUNTRY = "toDate(event_time) AS date, ifNull(mp_country_code, 'undefined') AS segment"
_GRACE, _WINDOW = "toIntervalSecond(2)", "toIntervalDay(7)"

_SEGMENTATION = f"SELECT {_DAY_AND_COUNTRY}, count() FROM events WHERE {_PAGE_VIEWS} GROUP BY date, segment"
_UNIQUE = f"""
SELECT {_DAY_AND_COUNTRY}, uniqExact(distinct_id)
FROM events WHERE {_PAGE_VIEWS} AND distinct_id <> '' GROUP BY date, segment
"""


_NOT_REACHED = "toDateTime64(0, 6, 'UTC')"  # the minimum of an empty list


def _reached(step: int) -> str:
    """The earliest time of a step that follows the one before it, within the window."""
    after, until = f"time_{step - 1} - {_GRACE}", f"time_1 + {_WINDOW}"
    follows = f"time_{step - 1} > {_NOT_REACHED} AND t >= {after} AND t <= {until}"
    return f"arrayMin(arrayFilter(t -> {follows}, times_{step})) AS time_{step}"


def _figures(step: int) -> str:
    reached = f"time_{step} > {_NOT_REACHED}"
    elapsed = [
        f"avgIf(greatest(dateDiff('microsecond', time_{since}, time_{step}), 0), {reached}) / 1e6"
        for since in (step - 1, 1)
    ]
    return ", ".join((f"countIf({reached})", *elapsed))


def _funnel_sql() -> str:
    steps = range(2, len(STEPS) + 1)
    lists = ", ".join(
        f"groupArrayIf(event_time, event_name = '{STEPS[step - 1]}') AS times_{step}" for step in steps
    )
    names = ", ".join(f"'{step}'" for step in STEPS)
    found = f"""(
        SELECT distinct_id, minIf(event_time, {_PAGE_VIEWS}) AS time_1, {lists}
        FROM events WHERE event_name IN ({names}) AND distinct_id <> '' GROUP BY distinct_id
        HAVING countIf({_PAGE_VIEWS}) > 0
    )"""
    for step in steps:
        found = f"(SELECT *, {_reached(step)} FROM {found})"
    return f"SELECT count(), {', '.join(map(_figures, steps))} FROM {found}"


_BORN = f"""(
    SELECT distinct_id, toMonday(event_time) AS cohort, min(event_time) AS born
    FROM events WHERE event_name = '{BORN}' AND {_IN_RANGE} AND distinct_id <> '' GROUP BY distinct_id, cohort
)"""
_WEEK = 7 * 86_400 * 1_000_000  # in microseconds
_SIZES = f"SELECT cohort, -1, count() FROM {_BORN} GROUP BY cohort"
_BACK = f"""
SELECT cohort, intDiv(elapsed, {_WEEK}) AS period, uniqExact(distinct_id)
FROM (
    SELECT *, dateDiff('microsecond', born, event_time) AS elapsed
    FROM events INNER JOIN {_BORN} AS b USING (distinct_id)
)
WHERE (elapsed > 0 OR (elapsed = 0 AND event_name <> '{BORN}')) AND elapsed < 11 * {_WEEK}
GROUP BY cohort, period
"""


@contextmanager
def table(parquet: Path, folder: Path) -> Iterator[Any]:
    """A session with the events of a file as a table.

    Args:
        parquet: The file, with ``COLUMNS``.
        folder: Where the session keeps its data.
    """
    from chdb.session import Session

    session = Session(str(folder))
    session.query("CREATE DATABASE IF NOT EXISTS peers")
    session.query("USE peers")
    columns = ", ".join(COLUMNS)
    session.query(
        "CREATE TABLE events (event_name LowCardinality(String), event_time DateTime64(6, 'UTC'),"
        " distinct_id String, mp_country_code LowCardinality(Nullable(String)))"
        " ENGINE = MergeTree ORDER BY event_time"
    )
    session.query(f"INSERT INTO events SELECT {columns} FROM file('{parquet}', Parquet)")
    try:
        yield session
    finally:
        session.close()


def _rows(session: Any, sql: str) -> list[tuple[Any, ...]]:
    from io import BytesIO

    import pyarrow as pa

    answer = session.query(sql, "Arrow")
    found = pa.ipc.open_file(BytesIO(answer.bytes())).read_all()
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def _by_two(sql: str) -> Callable[[Any], Answer]:
    return lambda session: {(_date(one), _text(two)): count for one, two, count in _rows(session, sql)}


PLAIN: dict[str, Callable[[Any], Answer]] = {
    "segmentation": _by_two(_SEGMENTATION),
    "unique": _by_two(_UNIQUE),
    "funnel": lambda session: funnel_rows(_rows(session, _funnel_sql())),
    "retention": lambda session: _by_two(_SIZES)(session) | _by_two(_BACK)(session),
}


def _date(value: Any) -> Any:
    from datetime import date, timedelta

    return date(1970, 1, 1) + timedelta(days=value) if isinstance(value, int) else value


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
