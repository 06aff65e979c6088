"""Whatever is loaded, in whatever batches: every typed column agrees with the JSON, and no row is lost."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .support import Exports, check_columns, event, profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.storage import StorageEngine

# Few names, so that each meets many kinds of values; they differ in case, or need quoting, or are taken.
NAMES = st.sampled_from(
    [
        *(
            "plan",
            "Plan",
            "PLAN",
            "amount",
            "$os",
            "a/b",
            "a~1",
            'a"; drop table x',
            "é",
            "😀",
            "0",
            "rowid",
            "p0",
        ),
        *("properties", "event_name", "Time", "", "nul\0", "a.b", "it's", "$.x", "line\u2028end"),
    ]
)
WHOLE = st.integers(-(2**65), 2**65) | st.sampled_from(
    [0, 1, -1, 2**53 - 1, 2**53, 2**53 + 1, -(2**53), 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30]
)
DECIMAL = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [1.0, -0.0, 1e3, 2.5, 1e300, 5e-324]
)
TEXT = st.text(max_size=5) | st.sampled_from(
    [
        "",
        "5",
        "-5",
        "1e3",
        "true",
        "false",
        "null",
        "[1]",
        '{"a":1}',
        '"',
        "\\",
        "2025-01-01",
        "NaN",
        "\u2028",
        "\0",
    ]
)
SCALAR = st.none() | st.booleans() | WHOLE | DECIMAL | TEXT
VALUE = SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(TEXT, SCALAR, max_size=2)
# Half of all runs hold few kinds a property, so that typed columns of every type really occur.
SETTLED = st.fixed_dictionaries(
    {},
    optional={
        "plan": TEXT,
        "Plan": st.booleans(),
        "amount": DECIMAL | st.integers(-1000, 1000),
        "count": WHOLE.filter(lambda n: abs(n) < 2**63),
        "tags": st.lists(SCALAR, max_size=2),
        "rare": SCALAR,
    },
)
PROPERTIES = SETTLED | st.dictionaries(NAMES, VALUE, max_size=6)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    properties = draw(PROPERTIES)
    if draw(st.booleans()):
        properties["mp_processing_time_ms"] = draw(st.integers(1, 3))
    return event(
        {name: value for name, value in properties.items() if name != "time"},
        name=draw(st.sampled_from(["Visit", "Buy"])),
        time=draw(st.sampled_from([1_735_732_800, 1_735_732_801])),
        distinct_id=draw(st.sampled_from(["ann", "bob"])),
        insert_id=draw(st.sampled_from(["i1", "i2", "i3"])),
    )


BATCHES = st.lists(st.lists(events(), max_size=8), min_size=1, max_size=3)
WANTED = st.sampled_from([100, 100, 3, None, ["plan", "Plan", "nobody has it"]])
# More of them on request: STORAGE_EXAMPLES=2000 takes some minutes.
EXAMPLES = int(os.environ.get("STORAGE_EXAMPLES", "25"))
SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def exports(memory: StorageEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    """One engine for all examples."""
    yield Exports(memory, tmp_path_factory.mktemp("model"))
    memory.discard("events")
    memory.discard("profiles")


def kept(batches: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The events that Mixpanel counts: of equal ones the most recently ingested, by a dictionary."""
    latest: dict[Any, dict[str, Any]] = {}
    for one in (one for batch in batches for one in batch):
        properties = one["properties"]
        key = (one["event"], properties["distinct_id"], properties["time"], properties["$insert_id"])
        if key not in latest or ingested(latest[key]) <= ingested(one):
            latest[key] = one
    return list(latest.values())


def ingested(one: dict[str, Any]) -> int:
    return int(one["properties"].get("mp_processing_time_ms", 0))


def as_text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def stored(engine: StorageEngine, table: str) -> Counter[str]:
    rows = engine.execute_rows(f"SELECT CAST(properties AS VARCHAR) FROM {table}")
    return Counter(as_text(json.loads(properties)) for (properties,) in rows)


@settings(SLOW, max_examples=EXAMPLES)
@given(batches=BATCHES, wanted=WANTED)
def test_typed_columns_agree_with_properties_in_every_row(
    exports: Exports, batches: Any, wanted: Any
) -> None:
    exports.engine.discard("events")
    duplicates = sum(exports.load(*batch, columns=wanted).duplicates for batch in batches)
    check_columns(exports.engine, "events")
    expected = kept(batches)
    assert stored(exports.engine, "events") == Counter(as_text(one["properties"]) for one in expected)
    assert duplicates == sum(map(len, batches)) - len(expected)
    assert exports.engine.get_metadata("events").row_count == len(expected)


@settings(SLOW, max_examples=EXAMPLES // 2)
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), PROPERTIES), max_size=5), min_size=1, max_size=3
    )
)
def test_profiles_keep_the_last_of_each_user(
    exports: Exports, batches: list[list[tuple[str, dict[str, Any]]]]
) -> None:
    exports.engine.discard("profiles")
    for batch in batches:
        lines = [profile(user, properties) for user, properties in batch]
        exports.load(*lines, table="profiles", table_type="profiles")
    check_columns(exports.engine, "profiles")
    latest = dict(one for batch in batches for one in batch)
    rows = exports.engine.execute_rows("SELECT distinct_id, CAST(properties AS VARCHAR) FROM profiles")
    assert {user: as_text(json.loads(text)) for user, text in rows} == {
        user: as_text(properties) for user, properties in latest.items()
    }
    assert len(rows) == len(latest)
