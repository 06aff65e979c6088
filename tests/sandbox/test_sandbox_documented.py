"""Every documented method, parameter and value of the query and export APIs is accepted.

The lists are those of Mixpanel's published reference of both APIs (developer.mixpanel.com/reference): for
each endpoint its method, and for each parameter values that its page allows. The only status documented is
200. That ``/api/2.0`` takes the same is tested elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mixpanel_nb.sandbox.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.sandbox.store import Dataset

DAYS: dict[str, Any] = {"from_date": "2025-03-01", "to_date": "2025-03-03"}
NAMED: dict[str, Any] = {"event": "Purchase"}
ON = ['properties["plan"]', 'properties["categories"]', 'string(properties["revenue"] > 50)', 'user["$city"]']
WHERE = [
    'properties["plan"] == "pro"',
    'properties["quantity"] in [1, 2, 3, 4]',
    'not defined(properties["coupon"]) or "10" in properties["coupon"]',
    'event["$time"] >= datetime("2025-03-02T00:00:00")',
    'user["$email"] == "allison@example.com"',
    '(properties["revenue"] + 1) * 2 - 3 / 4 % 5 > -floor(round(ceil(number("1.5"))))',
    'boolean(properties["plan"]) != false and string(properties["quantity"]) <= "5"',
]
ABOUT_PROFILES = [
    where for where in WHERE if not any(word in where for word in ("user[", "event[", "* ", "bool"))
]
TYPES = ["general", "unique", "average"]
FORMATS = ["json", "csv"]
BEHAVIORS = json.dumps([{"window": "30d", "name": "bought", "event_selectors": [{"event": "Purchase"}]}])


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: its path and methods, what every request to it needs, and values of its parameters."""

    path: str
    needed: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    method: str = "GET"
    root: str = "/api/query"

    def requests(self) -> Iterator[dict[str, Any]]:
        """The needed parameters alone, each value of each parameter, and each parameter with the next."""
        yield dict(self.needed)
        for name, values in self.values.items():
            for value in values:
                yield {**self.needed, name: value}
        for (one, first), (other, second) in pairwise(self.values.items()):
            yield {**self.needed, one: first[0], other: second[-1]}


ENDPOINTS = [
    Endpoint("insights", {"bookmark_id": 3001}),
    Endpoint(
        "funnels",
        {"funnel_id": 1001, **DAYS},
        {
            "length": [1, 90],
            "length_unit": ["day", "hour", "minute", "second"],
            "interval": [1, 2, 7],
            "unit": ["day", "week", "month"],
            "on": ON,
            "where": WHERE,
            "limit": [1, 255, 10_000],
        },
    ),
    Endpoint("funnels/list"),
    Endpoint(
        "retention",
        {"born_event": "Sign Up", **DAYS},
        {
            "retention_type": ["birth", "compounded"],
            "event": ["Purchase"],
            "born_where": WHERE,
            "where": WHERE,
            "interval": [1, 90],
            "interval_count": [1, 10],
            "unbounded_retention": ["true", "false"],
            "on": ON,
            "limit": [2, 10],
        },
    ),
    Endpoint("retention", {"born_event": "Sign Up", **DAYS}, {"unit": ["day", "week", "month"]}),
    Endpoint(
        "retention/addiction",
        {"unit": "week", "addiction_unit": "day", **DAYS},
        {
            "unit": ["day", "week", "month"],
            "addiction_unit": ["hour", "day"],
            "event": ["Purchase"],
            "where": WHERE,
            "on": ON,
            "limit": [2, 10],
        },
    ),
    Endpoint(
        "segmentation",
        {**NAMED, **DAYS},
        {
            "on": ON,
            "unit": ["minute", "hour", "day", "month"],
            "where": WHERE,
            "limit": [1, 60, 10_000],
            "type": TYPES,
            "format": FORMATS,
        },
    ),
    *(
        Endpoint(
            "segmentation", {**NAMED, "interval": 2, "type": kind, **days}, {"on": ON, "format": FORMATS}
        )
        for kind in ("unique", "average")
        for days in (DAYS, {})
    ),
    Endpoint(
        "segmentation/numeric",
        {"on": 'properties["revenue"]', **NAMED, **DAYS},
        {"unit": ["hour", "day"], "where": WHERE, "type": TYPES},
    ),
    *(
        Endpoint(
            f"segmentation/{kind}",
            {"on": 'properties["revenue"]', **NAMED, **DAYS},
            {"unit": ["hour", "day"], "where": WHERE},
        )
        for kind in ("sum", "average")
    ),
    Endpoint("stream/query", {"distinct_ids": '["user_000032", "nobody"]', **DAYS}),
    Endpoint("cohorts/list", method="POST"),
    Endpoint(
        "engage",
        values={
            "distinct_id": ["user_000032"],
            "data_group_id": ["-1405123841946871899"],
            "where": ABOUT_PROFILES,
            "output_properties": ['["$last_name", "$email", "Total Spent"]'],
            "page": [0],
            "behaviors": [BEHAVIORS],
            "as_of_timestamp": [1_700_000_000, 1_743_000_000, 1_900_000_000],
            "include_all_users": ["true", "false"],
        },
        method="POST",
    ),
    Endpoint("engage", {"distinct_ids": '["user_000032", "nobody"]'}, {"where": ABOUT_PROFILES}, "POST"),
    Endpoint(
        "engage",
        {"filter_by_cohort": '{"id":2003}'},
        {"include_all_users": ["true", "false"], "where": ABOUT_PROFILES},
        "POST",
    ),
    Endpoint(
        "events",
        {"event": '["Purchase", "Sign Up"]', "type": "general", "unit": "day", **DAYS},
        {
            "type": TYPES,
            "unit": ["day", "week", "month", "hour", "minute"],
            "interval": [1, 2],
            "format": FORMATS,
        },
    ),
    Endpoint("events", {"event": '["Purchase"]', "type": "general", "unit": "day", "interval": 30}),
    Endpoint("events/top", {"type": "general"}, {"type": TYPES, "limit": [1, 100, 1_000_000]}),
    Endpoint("events/names", {"type": "general"}, {"type": TYPES, "limit": [1, 255, 1_000_000]}),
    Endpoint(
        "events/properties",
        {"name": "plan", "type": "general", "unit": "day", **NAMED, **DAYS},
        {
            "values": ['["pro", "free"]'],
            "type": TYPES,
            "unit": ["day", "week", "month", "hour", "minute"],
            "interval": [1, 2],
            "format": FORMATS,
            "limit": [1, 255, 1_000_000],
        },
    ),
    Endpoint("events/properties/top", NAMED, {"limit": [1, 10, 1_000_000]}),
    Endpoint("events/properties/values", {"name": "plan", **NAMED}, {"limit": [1, 255, 1_000_000]}),
    Endpoint(
        "jql",
        {"script": "function main(){ return [] }"},
        {"params": ['{"scriptParam": "paramValue"}']},
        "POST",
    ),
    Endpoint(
        "export",
        DAYS,
        {
            "limit": [1, 100_000],
            "event": ['["signup","purchase"]', '["Purchase"]'],
            "where": WHERE,
            "time_in_ms": ["true", "false"],
        },
        root="/api/2.0",
    ),
]


@pytest.fixture(scope="module")
def client(dataset: Dataset) -> Iterator[httpx.Client]:
    transport = httpx.WSGITransport(create_app(dataset))
    with httpx.Client(
        transport=transport, base_url="http://localhost", auth=("sandbox", "sandbox"), timeout=60
    ) as client:
        yield client


def is_excluded(params: Mapping[str, Any]) -> bool:
    """What the pages themselves exclude: hourly uniques."""
    return params.get("type") == "unique" and params.get("unit") in ("hour", "minute")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
def test_every_documented_parameter_is_accepted(client: httpx.Client, endpoint: Endpoint) -> None:
    refused = {}
    for asked in endpoint.requests():
        params = {"project_id": 1, "workspace_id": 7}
        where: dict[str, Any] = (
            {"params": {**params, **asked}} if endpoint.method == "GET" else {"params": params, "data": asked}
        )
        answer = client.request(endpoint.method, f"{endpoint.root}/{endpoint.path}", **where)
        if answer.status_code != (400 if is_excluded(asked) and endpoint.path.startswith("events") else 200):
            refused[json.dumps(asked)] = answer.text
        elif asked.get("format") == "csv":
            assert answer.text.startswith("date,")
        elif endpoint.path not in ("export", "segmentation") and answer.status_code == 200:
            answer.json()
    assert refused == {}
