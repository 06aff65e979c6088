"""A workspace without an account, and what plain pandas says of the same rows."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPORTS = Path(__file__).parents[1] / "fixtures" / "exports"


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "own.db", create=True) as workspace:
        yield workspace


@pytest.fixture
def orders() -> pd.DataFrame:
    """900 rows as an analyst has them: repeated times, users that are missing, a zip code with zeros."""
    rng = random.Random(7)
    start = datetime(2025, 1, 30, 22)
    rows = [
        {
            "event_name": rng.choice(["View", "Cart", "Purchase"]),
            "ts": start + timedelta(seconds=300 * (number // 3)),
            "user_id": rng.choice([*(f"u{n}" for n in range(40)), None]),
            "plan": rng.choice(["free", "pro", "team"]),
            "amount": round(rng.uniform(0, 100), 2),
            "quantity": rng.randrange(9),
            "gift": rng.random() < 0.3,
            "zip": f"{rng.randrange(100_000):05}",
            "place": number,
        }
        for number in range(900)
    ]
    return pd.DataFrame(rows)


def figures(frame: pd.DataFrame) -> dict[str, Any]:
    """What pandas counts in the rows."""
    days = frame["ts"].dt.strftime("%Y-%m-%d")
    return {
        "rows": len(frame),
        "users": frame["user_id"].nunique(),
        "without_user": int(frame["user_id"].isna().sum()),
        "per_day": days.value_counts().sort_index().to_dict(),
        "per_event": frame["event_name"].value_counts().sort_index().to_dict(),
        "users_of": frame.groupby("event_name")["user_id"].nunique().to_dict(),
        "amounts": frame.groupby("plan")["amount"].sum().round(2).to_dict(),
        "gifts": int(frame["gift"].sum()),
        "quantity": int(frame["quantity"].sum()),
        "zips": sorted(frame["zip"]),
        "order": frame["place"].tolist(),
    }


def stored_figures(ws: Workspace, result: Any, table: str = "events") -> dict[str, Any]:
    """The same, of a table that was loaded."""

    def pairs(sql: str) -> dict[Any, Any]:
        return dict(ws.sql_rows(sql).rows)

    return {
        "rows": result.rows,
        "users": result.users,
        "without_user": result.without_user,
        "per_day": {str(day): count for day, count in result.per_day},
        "per_event": pairs(f"SELECT event_name, count(*) FROM {table} GROUP BY 1 ORDER BY 1"),
        "users_of": pairs(f"SELECT event_name, count(DISTINCT distinct_id) FROM {table} GROUP BY 1"),
        "amounts": pairs(f"SELECT plan, round(sum(amount), 2) FROM {table} GROUP BY 1"),
        "gifts": ws.sql_scalar(f"SELECT count(*) FILTER (gift) FROM {table}"),
        "quantity": int(ws.sql_scalar(f"SELECT sum(quantity) FROM {table}")),
        "zips": [zip_code for (zip_code,) in ws.sql_rows(f"SELECT zip FROM {table} ORDER BY zip").rows],
        "order": [place for (place,) in ws.sql_rows(f"SELECT place FROM {table} ORDER BY rowid").rows],
    }
