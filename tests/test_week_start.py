"""The day on which weeks begin is a setting of the project: in tables, live, in the sandbox and on cards.

https://docs.mixpanel.com/docs/orgs-and-projects/managing-projects#time-period-settings
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from workspaces import workspace_on

from mixpanel_nb import Workspace
from mixpanel_nb.accounts import ConfigManager, Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import ConfigError
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEBRUARY: dict[str, Any] = {"from_date": "2025-02-05", "to_date": "2025-02-26", "unit": "week"}
SUNDAYS = [date(2025, 2, day) for day in (2, 9, 16, 23)]


@pytest.fixture
def ws(store: Dataset, tmp_path: Path) -> Iterator[Workspace]:
    """A project whose weeks begin on Sunday, with its events of February fetched."""
    with Dataset(store.path) as dataset:
        dataset.week_start = "sunday"
        with SandboxServer(create_app(dataset)) as server:
            client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
            path = tmp_path / "sunday.db"
            with workspace_on(client, path, week_start="Sunday") as workspace:
                workspace.fetch_events(from_date="2025-02-01", to_date="2025-03-10")
                yield workspace


def sunday_of(moment: datetime) -> date:
    day = moment.date()
    while day.strftime("%A") != "Sunday":
        day -= timedelta(days=1)
    return day


def purchases(ws: Workspace) -> Counter[date]:
    """Purchases by week, counted one by one."""
    rows = ws.sql_rows("SELECT event_time FROM events WHERE event_name = 'Purchase'")
    first, last = date(2025, 2, 5), date(2025, 2, 26)
    return Counter(sunday_of(time) for (time,) in rows if first <= time.date() <= last)


def test_weeks_of_a_table_begin_on_sunday_and_the_card_says_so(ws: Workspace) -> None:
    result = ws.segmentation("Purchase", **FEBRUARY, table="events")
    assert list(result.dates) == SUNDAYS
    counted = purchases(ws)
    assert result.df["count"].tolist() == [counted[day] for day in SUNDAYS]
    assert "events per week from Sunday" in repr(result)
    born = ws.retention(born_event="Sign Up", interval_count=2, **FEBRUARY, table="events")
    assert [cohort.date for cohort in born.cohorts] == SUNDAYS
    assert "cohorts per week from Sunday" in repr(born)


def test_weeks_of_the_sandbox_begin_on_sunday_too(ws: Workspace) -> None:
    live = ws.segmentation("Purchase", **FEBRUARY)
    counted = purchases(ws)
    assert list(live.dates) == SUNDAYS
    assert live.df["count"].tolist() == [counted[day] for day in SUNDAYS]
    assert "events per week from Sunday" in repr(live)


def test_the_week_of_an_account_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXPANEL_NB_HOME", str(tmp_path))
    config = ConfigManager()
    config.add("shop", Credentials("me", "s" * 20, "1", account="shop", week_start="Saturday"))
    assert config.resolve("shop").week_start == "saturday"
    with Workspace("shop", path=tmp_path / "x.db") as workspace:
        assert workspace.week_start == "saturday"
    config.add("plain", Credentials("me", "s" * 20, "2", account="plain"))
    assert config.resolve("plain").week_start == "monday"


def test_a_day_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="There is no day of the week 'sun'") as raised:
        Workspace.sandbox(week_start="sun")
    assert "sunday" in str(raised.value.hint)
