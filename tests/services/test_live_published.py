"""Every published example of an answer becomes the right rows. Each test names the page it is from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from .answered import Answered, figures, live, published

AUGUST: dict[str, Any] = {"from_date": "2011-08-06", "to_date": "2011-08-09"}
MAY: dict[str, Any] = {"from_date": "2010-05-29", "to_date": "2010-05-31"}
WEEKS: dict[str, Any] = {"from_date": "2016-09-12", "to_date": "2016-10-02"}
NEW_YEAR: dict[str, Any] = {"from_date": "2012-01-01", "to_date": "2012-01-03"}


def test_segmentation() -> None:
    """https://developer.mixpanel.com/reference/segmentation-query."""
    result = live(published("segmentation-query")).segmentation("Signed up", **AUGUST)
    assert figures(result) == [
        (date(2011, 8, 6), "total", 147),
        (date(2011, 8, 7), "total", 146),
        (date(2011, 8, 8), "total", 776),
        (date(2011, 8, 9), "total", 1376),
    ]
    assert result.df[["date", "count"]].dtypes.astype(str).tolist() == ["datetime64[ns]", "int64"]


def test_segmentation_by_a_property() -> None:
    """The example of Mixpanel's former client mixpanel-query-py, a day of one week."""
    result = live(published("segmentation-by-country")).segmentation(
        "Signed up", from_date="2011-08-08", to_date="2011-08-09", on="mp_country_code"
    )
    assert list(result.values) == ["US", "CA", "GB", "IN", "FR"]  # by size, of equal ones by name
    assert result.tuples()[5:] == [
        (date(2011, 8, 9), "US", 1036, True),
        (date(2011, 8, 9), "CA", 277, True),
        (date(2011, 8, 9), "GB", 19, True),
        (date(2011, 8, 9), "IN", 19, True),
        (date(2011, 8, 9), "FR", 8, True),
    ]
    assert {count for _, _, count, _ in result.tuples()[:5]} == {0}


def test_segmentation_numeric() -> None:
    """https://developer.mixpanel.com/reference/segmentation-numeric-query."""
    answer = live(published("segmentation-numeric-query"))
    result = answer.segmentation_numeric("Purchase", on="amount", **AUGUST)
    assert result.buckets == ((2000, 2100), (2100, 2200), (2200, 2300), (2300, 2400), (2400, 2500))
    rows = {(str(day), bucket): count for day, bucket, count, _ in result.tuples()}
    assert len(rows) == 20
    assert rows["2011-08-09", "2,000 - 2,100"] == 15
    assert rows["2011-08-06", "2,100 - 2,200"] == 0
    assert rows["2011-08-08", "2,200 - 2,300"] == 6
    assert rows["2011-08-06", "2,300 - 2,400"] == 4
    assert rows["2011-08-09", "2,400 - 2,500"] == 5
    assert sum(rows.values()) == 85


def test_segmentation_sum() -> None:
    """https://developer.mixpanel.com/reference/segmentation-sum-query."""
    result = live(published("segmentation-sum-query")).segmentation_sum(
        "Purchase", on="amount", from_date="2019-10-05", to_date="2019-10-07"
    )
    assert figures(result) == [(date(2019, 10, 5), 0), (date(2019, 10, 6), 7), (date(2019, 10, 7), 4)]
    assert result.computed_at == "2019-10-07T23:02:11.666218+00:00"


def test_segmentation_average() -> None:
    """https://developer.mixpanel.com/reference/segmentation-query-average."""
    answer = live(published("segmentation-query-average"))
    result = answer.segmentation_average(
        "Purchase", on="amount", from_date="2011-08-05", to_date="2011-08-09"
    )
    assert figures(result) == [
        (date(2011, 8, 5), None),
        (date(2011, 8, 6), 8.64705882352939),
        (date(2011, 8, 7), 4.640625),
        (date(2011, 8, 8), 3.6230899830221),
        (date(2011, 8, 9), 7.3353658536585),
    ]


def test_event_counts() -> None:
    """https://developer.mixpanel.com/reference/list-recent-events."""
    result = live(published("list-recent-events")).event_counts(["splash features", "account-page"], **MAY)
    assert figures(result) == [
        (date(2010, 5, 29), "splash features", 6),
        (date(2010, 5, 29), "account-page", 0),
        (date(2010, 5, 30), "splash features", 4),
        (date(2010, 5, 30), "account-page", 1),
        (date(2010, 5, 31), "splash features", 5),
        (date(2010, 5, 31), "account-page", 0),
    ]


def test_property_counts() -> None:
    """https://developer.mixpanel.com/reference/query-event-properties."""
    answer = published("query-event-properties")
    result = live(answer).property_counts("View", "page", **MAY)
    assert figures(result) == [
        (date(2010, 5, 29), "splash features", 6),
        (date(2010, 5, 30), "splash features", 4),
        (date(2010, 5, 31), "splash features", 5),
    ]
    chosen = live(answer).property_counts("View", "page", values=["pricing", "splash features"], **MAY)
    assert figures(chosen)[:2] == [
        (date(2010, 5, 29), "pricing", 0),
        (date(2010, 5, 29), "splash features", 6),
    ]


def test_top_events() -> None:
    """https://developer.mixpanel.com/reference/query-top-events."""
    result = live(published("query-top-events")).top_events(type="unique")
    assert result.tuples() == [
        ("pages", 75, -0.20209602478821687),
        ("funnel", 2, -0.35635745999582824),
        ("projects", 2, 1.0),
    ]
    assert result.date is None


def test_funnel() -> None:
    """https://developer.mixpanel.com/reference/funnels-query."""
    result = live(published("funnels-query")).funnel(7509, unit="week", **WEEKS)
    assert result.events == ("App Open", "Game Played")  # a custom event has its name, not its number
    assert result.column_names[0] == "date"
    assert [row[:8] for row in result.tuples()] == [
        (date(2016, 9, 12), 1, "App Open", 32688, 1.0, 1.0, 2.0, 5.0),
        (date(2016, 9, 12), 2, "Game Played", 20524, 0.627875673029858, 0.627875673029858, 133.0, 133.0),
        (date(2016, 9, 19), 1, "App Open", 32486, 1.0, 1.0, 10.0, 10.0),
        (date(2016, 9, 19), 2, "Game Played", 20809, 0.6405528535369082, 0.6405528535369082, 75.0, 75.0),
        (date(2016, 9, 26), 1, "App Open", 16103, 1.0, 1.0, 10.0, 5.0),
        (date(2016, 9, 26), 2, "Game Played", 12679, 0.7873688132646091, 0.7873688132646091, 571.0, 571.0),
    ]


def test_retention() -> None:
    """https://developer.mixpanel.com/reference/retention-query."""
    result = live(published("retention-query")).retention(
        born_event="Added to cart", return_event="Viewed report", interval_count=2, **NEW_YEAR
    )
    assert result.tuples() == [
        (date(2012, 1, 1), 2, 2, 1, 2),
        (date(2012, 1, 2), 10, 9, 7, 6),
        (date(2012, 1, 3), 10, 9, 6, 4),
    ]
    assert result.rates["period_1"].tolist() == [0.5, 0.7, 0.6]


def test_frequency() -> None:
    """https://developer.mixpanel.com/reference/retention-frequency-query."""
    answer = published("retention-frequency-query")
    result = live(answer).frequency(from_date="2012-01-01", to_date="2012-01-02")
    first, second = result.tuples()
    assert first[:8] == (date(2012, 1, 1), 305, 107, 60, 41, 32, 20, 12)
    assert second[:5] == (date(2012, 1, 2), 495, 204, 117, 77)
    assert len(first) == len(second) == 26
    bare = live(answer["data"])  # the prose beside the example shows it without its envelope
    assert bare.frequency(from_date="2012-01-01", to_date="2012-01-02").tuples() == [first, second]


def test_activity_feed() -> None:
    """https://developer.mixpanel.com/reference/activity-stream-query."""
    user = "12a34aa567eb8d-9ab1c26f345b67-89123c45-6aeaa7-89f12af345f678"
    answer = live(published("activity-stream-query"))
    result = answer.activity_feed(user, from_date="2020-09-08", to_date="2020-09-08")
    game, page = result.events
    assert (game.event, game.time) == ("Game Played", datetime(2020, 9, 8, 18, 24, 13, tzinfo=UTC))
    assert (page.event, page.time) == ("Viewed Page", datetime(2020, 9, 8, 18, 24, 30, tzinfo=UTC))
    assert {game.distinct_id, page.distinct_id} == {user}
    assert [row["report_name"] for row in result.records()] == ["insights", "funnels"]


def test_saved_report() -> None:
    """https://developer.mixpanel.com/reference/insights-query."""
    result = live(published("insights-query")).saved_report(123)
    assert result.column_names == ["$event", "date", "value"]
    assert result.tuples() == [
        ("Logged in", date(2020, 8, 31), 9852),
        ("Logged in", date(2020, 9, 7), 4325),
        ("Viewed page", date(2020, 8, 31), 10246),
        ("Viewed page", date(2020, 9, 7), 11432),
    ]
    assert str(result.df["date"].dtype) == "datetime64[ns]"
    assert result.computed_at == "2020-09-21T16:35:41.252314+00:00"
    assert result.card().subtitle == "2020-08-31 to 2020-09-12, by $event"
    assert result.chart().to_dict()["mark"]["type"] == "line"


def test_saved_funnels() -> None:
    """https://developer.mixpanel.com/reference/funnels-list-saved."""
    funnels = Answered(published("funnels-list-saved")).discovery().funnels()
    assert funnels.records() == [
        {"funnel_id": 9070, "name": "Funnel tutorial"},
        {"funnel_id": 7509, "name": "Signup funnel"},
    ]


def test_cohorts() -> None:
    """https://developer.mixpanel.com/reference/cohorts-list."""
    one, two = Answered(published("cohorts-list")).discovery().cohorts()
    assert (one.id, one.name, one.count, one.is_visible) == (1000, "Cohort One", 150, True)
    assert str(one.created) == "2019-03-19 23:49:51"
    assert one.description.startswith("This cohort is visible")
    assert (two.id, two.name, two.count, two.is_visible) == (2000, "Cohort Two", 25, False)


def test_profiles() -> None:
    """https://developer.mixpanel.com/reference/engage-query."""
    answer = published("engage-query")
    assert list(Answered(answer).client.export_profiles()) == answer["results"]


def test_names() -> None:
    """https://developer.mixpanel.com/reference/query-months-top-event-names and its neighbours."""
    names = Answered(published("query-months-top-event-names")).discovery()
    assert names.events() == ["View homepage", "battle", "click signup button"]
    properties = Answered(published("query-events-top-properties")).discovery()
    assert properties.properties("View") == ["ad version", "user type"]
    values = Answered(published("query-events-top-property-values")).discovery()
    assert values.property_values("View", "pet") == ["cat", "dog", "gecko", "rabbit"]
