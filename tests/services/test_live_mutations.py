"""Whatever Mixpanel changes in an answer, it is read right or refused with an error of ours."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixpanel_nb.errors import MixpanelDataError

from .answered import Answered, published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asking import Asking

AUGUST: dict[str, Any] = {"from_date": "2011-08-06", "to_date": "2011-08-09"}
MAY: dict[str, Any] = {"from_date": "2010-05-29", "to_date": "2010-05-31"}
WEEKS: dict[str, Any] = {"from_date": "2016-09-12", "to_date": "2016-10-02"}
NEW_YEAR: dict[str, Any] = {"from_date": "2012-01-01", "to_date": "2012-01-03"}

REPORTS: dict[str, Callable[[Asking], Any]] = {
    "segmentation-query": lambda live: live.segmentation("Signed up", **AUGUST),
    "segmentation-by-country": lambda live: live.segmentation("A", on="p", **AUGUST),
    "segmentation-numeric-query": lambda live: live.segmentation_numeric("A", on="p", **AUGUST),
    "segmentation-sum-query": lambda live: live.segmentation_sum("A", on="p", **AUGUST),
    "segmentation-query-average": lambda live: live.segmentation_average("A", on="p", **AUGUST),
    "list-recent-events": lambda live: live.event_counts("A", **MAY),
    "query-event-properties": lambda live: live.property_counts("A", "p", **MAY),
    "query-top-events": lambda live: live.top_events(),
    "funnels-query": lambda live: live.funnel(1, unit="week", **WEEKS),
    "retention-query": lambda live: live.retention(born_event="A", **NEW_YEAR),
    "retention-frequency-query": lambda live: live.frequency(**NEW_YEAR),
    "activity-stream-query": lambda live: live.activity_feed("p", **NEW_YEAR),
    "insights-query": lambda live: live.saved_report(1),
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "2025-01-01", "$overall", "null", "steps", "1 - 2", "-", "x" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["2012-01-01", "2011-08-06", "x", "$overall", "null"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield from places(node[key], (*path, key))


def changed(answer: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    answer = copy.deepcopy(answer)
    node = answer
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return answer


@pytest.mark.parametrize("name", REPORTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_an_answer_is_read_or_refused(name: str, data: st.DataObject) -> None:
    answer = published(name)
    path = data.draw(st.sampled_from(list(places(answer))))
    try:
        result = REPORTS[name](Answered(changed(answer, path, data.draw(JSON))).live())
    except MixpanelDataError as error:
        json.dumps(error.to_dict())
        return
    json.dumps(result.records(), allow_nan=False)
    assert list(result.df.columns) == result.column_names
    assert "cannot be shown" not in repr(result)
