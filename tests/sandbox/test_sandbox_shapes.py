"""Every answer of the query API has the shape of the example that Mixpanel has published of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .shapes import NOTHING, NUMBER, Each, has_shape

if TYPE_CHECKING:
    from .conftest import Get

SERIES = {"data": {"series": [str], "values": Each(Each(NUMBER))}, "legend_size": int}
STEP = {
    "count": int,
    "avg_time": (int, float, NOTHING),
    "avg_time_from_start": (int, float, NOTHING),
    "step_conv_ratio": NUMBER,
    "goal": str,
    "overall_conv_ratio": NUMBER,
    "event": str,
    "step_label": str,
}
REVENUE = 'properties["revenue"]'

# Endpoint, parameters, shape, and Mixpanel's published example (developer.mixpanel.com, reference).
PUBLISHED: list[tuple[str, dict[str, Any], Any, Any]] = [
    (
        "segmentation",
        {"event": "Purchase"},
        SERIES,
        {
            "data": {
                "series": ["2011-08-08", "2011-08-09", "2011-08-06", "2011-08-07"],
                "values": {"Signed up": {"2011-08-06": 147, "2011-08-07": 146, "2011-08-08": 776}},
            },
            "legend_size": 1,
        },
    ),
    (
        "segmentation/numeric",
        {"event": "Purchase", "on": REVENUE},
        SERIES,
        {
            "data": {
                "series": ["2011-08-08", "2011-08-09"],
                "values": {"2,000 - 2,100": {"2011-08-06": 1}, "2,100 - 2,200": {"2011-08-07": 2}},
            },
            "legend_size": 5,
        },
    ),
    (
        "segmentation/sum",
        {"event": "Purchase", "on": REVENUE},
        {"status": str, "computed_at": str, "results": Each(NUMBER)},
        {
            "status": "ok",
            "computed_at": "2019-10-07T23:02:11.666218+00:00",
            "results": {"2019-10-07": 4, "2019-10-06": 7},
        },
    ),
    (
        "segmentation/average",
        {"event": "Purchase", "on": REVENUE},
        {"status": str, "results": Each(NUMBER)},
        {"results": {"2011-08-06": 8.64705882352939, "2011-08-07": 4.640625}, "status": "ok"},
    ),
    (
        "events",
        {"event": '["Purchase","Sign Up"]', "type": "general", "unit": "day"},
        SERIES,
        {
            "data": {
                "series": ["2010-05-29", "2010-05-30", "2010-05-31"],
                "values": {
                    "account-page": {"2010-05-30": 1},
                    "splash features": {"2010-05-29": 6, "2010-05-30": 4, "2010-05-31": 5},
                },
            },
            "legend_size": 2,
        },
    ),
    (
        "events/properties",
        {"event": "Purchase", "name": "plan", "type": "general", "unit": "day"},
        SERIES,
        {
            "data": {
                "series": ["2010-05-29", "2010-05-30", "2010-05-31"],
                "values": {"splash features": {"2010-05-29": 6, "2010-05-30": 4, "2010-05-31": 5}},
            },
            "legend_size": 2,
        },
    ),
    (
        "events/top",
        {"type": "unique"},
        {"events": [{"amount": int, "event": str, "percent_change": NUMBER}], "type": str},
        {
            "events": [
                {"amount": 2, "event": "funnel", "percent_change": -0.35635745999582824},
                {"amount": 2, "event": "projects", "percent_change": 1},
            ],
            "type": "unique",
        },
    ),
    (
        "retention",
        {"born_event": "Sign Up", "unit": "day", "interval_count": 2},
        Each({"counts": [int], "first": int}),
        {"2012-01-01": {"counts": [2, 1, 2], "first": 2}, "2012-01-02": {"counts": [9, 7, 6], "first": 10}},
    ),
    (
        "retention/addiction",
        {"unit": "day", "addiction_unit": "hour"},
        {"data": Each([int])},
        {"data": {"2012-01-01": [305, 107, 60, 41], "2012-01-02": [495, 204, 117, 77]}},
    ),
    (
        "funnels/list",
        {},
        [{"funnel_id": int, "name": str}],
        [{"funnel_id": 7509, "name": "Signup funnel"}, {"funnel_id": 9070, "name": "Funnel tutorial"}],
    ),
    (
        "stream/query",
        {"distinct_ids": '["user_000234"]', "to_date": "2025-03-31"},
        {"status": str, "results": {"events": [{"event": str, "properties": dict}]}},
        {
            "status": "ok",
            "results": {
                "events": [
                    {
                        "event": "Game Played",
                        "properties": {"time": 1599589453, "$distinct_id": "12a34aa567eb8d-9ab1c26f345b67"},
                    }
                ]
            },
        },
    ),
    (
        "insights",
        {"bookmark_id": 3001},
        {
            "computed_at": str,
            "date_range": {"from_date": str, "to_date": str},
            "headers": [str],
            "series": Each(Each(NUMBER)),
        },
        {
            "computed_at": "2020-09-21T16:35:41.252314+00:00",
            "date_range": {
                "from_date": "2020-08-31T00:00:00-07:00",
                "to_date": "2020-09-12T23:59:59.999000-07:00",
            },
            "headers": ["$event"],
            "series": {"Logged in": {"2020-08-31T00:00:00-07:00": 9852, "2020-09-07T00:00:00-07:00": 4325}},
        },
    ),
    (
        "engage/properties",
        {},
        {"status": str, "results": Each({"count": int, "type": str})},
        {"status": "ok", "results": {"$browser": {"count": 124, "type": "string"}}},
    ),
]


@pytest.mark.parametrize("root", ["/api/query", "/api/2.0"])
@pytest.mark.parametrize(
    ("path", "params", "shape", "example"), PUBLISHED, ids=[example[0] for example in PUBLISHED]
)
def test_answers_look_like_the_published_examples(
    get: Get, root: str, path: str, params: dict[str, Any], shape: Any, example: Any
) -> None:
    assert has_shape(example, shape)
    answer = get(path, root, **params)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert has_shape(answer.json(), shape)
    assert answer.json()


def test_a_funnel_looks_like_the_published_example(get: Get) -> None:
    answer = get("funnels", funnel_id=1001, unit="week").json()
    assert set(answer) == {"meta", "data", "computed_at"}
    analysis = {"completion": int, "starting_amount": int, "steps": int, "worst": int}
    assert has_shape(answer["data"], Each({"steps": [STEP], "analysis": analysis}))
    assert has_shape(answer["meta"], {"dates": [str]})


def test_a_broken_down_funnel_has_lists_of_steps_by_segment(get: Get) -> None:
    data = get("funnels", funnel_id=1001, unit="week", on='properties["$os"]').json()["data"]
    assert has_shape(data, Each(Each([STEP])))


def test_cohorts_look_like_the_published_example(get: Get) -> None:
    example = {
        "count": 150,
        "is_visible": 1,
        "description": "This cohort is visible, has an id = 1000, and currently has 150 users.",
        "created": "2019-03-19 23:49:51",
        "project_id": 1,
        "id": 1000,
        "name": "Cohort One",
    }
    for cohort in get("cohorts/list").json():
        assert cohort.pop("data_group_id") is None  # recorded from the real API, not in the docs
        assert {key: type(value) for key, value in cohort.items()} == {
            key: type(value) for key, value in example.items()
        }
