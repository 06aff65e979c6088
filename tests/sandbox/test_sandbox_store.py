"""The DuckDB file of raw lines: built once, shared, and true to its source."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mixpanel_nb
from mixpanel_nb.errors import MixpanelDataError
from mixpanel_nb.sandbox.clocktime import in_milliseconds, in_seconds
from mixpanel_nb.sandbox.dataset import generate_events, generate_profiles
from mixpanel_nb.sandbox.profiles import Choice
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

EXPORT = [
    '{"event":"B","properties":{"time":1736380800,"distinct_id":"z","when":"a\u2028b\u0085c","n":9007199254740993}}',
    '{"event": "A", "properties": {"time": 1736294400.5, "distinct_id": "y", "x/y~z": "odd", "n": 1.50}}',
    '{"event":"A","properties":{"time":1736294400123,"distinct_id":"x","tags":["b","a","b"],"ok":true,"no":null}}',
]


def write(path: Path, lines: Sequence[str]) -> Path:
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.fixture
def replayed(tmp_path: Path) -> Any:
    data = write(tmp_path / "export.jsonl", EXPORT)
    profiles = write(
        tmp_path / "people.jsonl", ['{"$distinct_id":"x","$properties":{"id":9007199254740993}}']
    )
    with Dataset.from_files(data, profiles, tmp_path / "cache") as dataset:
        yield dataset


def test_the_generated_lines_come_back_byte_for_byte_in_order(dataset: Dataset) -> None:
    assert list(dataset.export_lines("2025-01-01", "2025-03-31")) == list(generate_events(60_000))
    assert dataset.date_range == (date(2025, 1, 1), date(2025, 3, 31))


def test_a_second_opening_builds_nothing(dataset: Dataset, cache: Path) -> None:
    built = dataset.path.stat().st_mtime_ns
    with Dataset.generated(cache, events=60_000) as again:
        assert again.path.stat().st_mtime_ns == built
    assert [path for path in cache.iterdir() if path.name.startswith(".building")] == []


def test_building_tells_its_progress(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    Dataset.generated(tmp_path, events=12_000, on_progress=lambda done, of: seen.append((done, of))).close()
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert seen[-1][0] == sum(1 for _ in generate_events(12_000))


def test_two_processes_may_build_the_same_cache_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mixpanel_nb.sandbox.store import Dataset; "
        "dataset = Dataset.generated(Path(sys.argv[1]), events=4000); "
        "print(sum(1 for _ in dataset.export_lines('2025-01-01', '2025-03-31')))"
    )
    environment = {"PYTHONPATH": str(Path(mixpanel_nb.__file__).parents[1])}
    command = [sys.executable, "-c", program, str(tmp_path / "cache")]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    counts = [int(process.communicate(timeout=120)[0]) for process in running]
    assert counts == [sum(1 for _ in generate_events(4000))] * 2
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, expected: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Dataset.generated(tmp_path / "cache", events=9000, on_progress=interrupt)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_replayed_export_keeps_every_byte_and_is_sorted_by_day(replayed: Dataset) -> None:
    found = [line.decode() for line in replayed.export_lines("2025-01-01", "2025-01-31")]
    assert found == [EXPORT[1], EXPORT[2], EXPORT[0]]
    assert replayed.date_range == (date(2025, 1, 8), date(2025, 1, 9))
    assert replayed.profiles.page(0) == (['{"$distinct_id":"x","$properties":{"id":9007199254740993}}'], 1)


def test_lines_of_either_unit_are_given_in_the_unit_asked_for(replayed: Dataset) -> None:
    def times(*, time_in_ms: bool) -> list[int]:
        lines = replayed.export_lines("2025-01-01", "2025-01-31", time_in_ms=time_in_ms)
        return [json.loads(line)["properties"]["time"] for line in lines]

    assert times(time_in_ms=False) == [1736294400, 1736294400, 1736380800]
    assert times(time_in_ms=True) == [1736294400500, 1736294400123, 1736380800000]


@pytest.mark.parametrize(
    ("line", "seconds", "milliseconds"),
    [
        (
            '{"properties":{"time":12,"a":1}}',
            '{"properties":{"time":12,"a":1}}',
            '{"properties":{"time":12000,"a":1}}',
        ),
        ('{"a":{"time":5},"time" : 12}', '{"a":{"time":5},"time" : 12}', '{"a":{"time":5},"time" : 12000}'),
        (
            '{"say":"\\"time\\":12","time":12}',
            '{"say":"\\"time\\":12","time":12}',
            '{"say":"\\"time\\":12","time":12000}',
        ),
        ('{"time":1.2e1}', '{"time":12}', '{"time":12000}'),
    ],
)
def test_only_the_time_of_the_event_is_rewritten(line: str, seconds: str, milliseconds: str) -> None:
    assert in_seconds(line, 12.0) == seconds
    assert in_milliseconds(line, 12.0) == milliseconds


def test_exports_are_filtered_by_event_and_limited(dataset: Dataset) -> None:
    purchases = [line for line in generate_events(60_000) if line.startswith(b'{"event":"Purchase"')]
    assert list(dataset.export_lines("2025-01-01", "2025-03-31", ["Purchase"], 7)) == purchases[:7]
    blocks = b"".join(dataset.export_blocks("2025-01-01", "2025-03-31", ["Purchase"]))
    assert blocks == b"\n".join(purchases) + b"\n"
    assert list(dataset.export_lines("2024-01-01", "2024-12-31")) == []


def test_names_properties_and_values_count_as_plain_python_does(
    dataset: Dataset, dumped: list[dict[str, Any]], deduplicated: list[dict[str, Any]]
) -> None:
    assert set(dataset.event_names()) == {event["event"] for event in dumped}
    purchases = [event["properties"] for event in deduplicated if event["event"] == "Purchase"]
    top = dataset.top_properties("Purchase", 100)
    assert top["coupon"] == {"count": len(purchases)}
    assert top["$user_id"] == {"count": sum("$user_id" in properties for properties in purchases)}
    assert set(top) == {name for properties in purchases for name in properties} - {"time", "distinct_id"}
    assert len(dataset.top_properties(None, 3)) == 3
    categories = dataset.property_values("Purchase", "categories")
    assert set(categories) == {category for properties in purchases for category in properties["categories"]}
    assert "SPRING10" in dataset.property_values(None, "coupon")


def test_values_are_text_lists_count_by_item_and_names_may_hold_anything(replayed: Dataset) -> None:
    assert replayed.property_values(None, "tags") == ["b", "a"]
    assert replayed.property_values("A", "ok") == ["true"]
    assert replayed.property_values("A", "no") == []
    assert "9007199254740993" in replayed.property_values(None, "n")
    assert replayed.property_values("A", "x/y~z") == ["odd"]
    assert replayed.property_values("A", 'it\'s "not" there') == []


def test_profile_pages_cover_all_profiles_once(dataset: Dataset) -> None:
    expected = [line.decode() for line in generate_profiles(60_000)]
    pages = [dataset.profiles.page(page, 1000) for page in range(4)]
    assert [line for lines, _ in pages for line in lines] == expected
    assert {total for _, total in pages} == {len(expected)}
    wanted = [json.loads(expected[3])["$distinct_id"], "nobody"]
    assert dataset.profiles.page(0, choice=Choice(distinct_ids=wanted)) == ([expected[3]], 1)
    assert dataset.profiles.page(0, choice=Choice(distinct_ids=[])) == ([], 0)


def test_dumps_are_the_same_file_each_time_and_can_be_replayed(tmp_path: Path, replayed: Dataset) -> None:
    first, second = tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl.gz"
    assert replayed.dump(first) == replayed.dump(second) == 3
    assert first.read_bytes() == second.read_bytes()
    assert replayed.dump(tmp_path / "people.jsonl", "profiles", replace=True) == 1
    with Dataset.from_files(first, None, tmp_path / "cache") as again:
        lines = list(again.export_lines("2025-01-01", "2025-01-31"))
        assert lines == list(replayed.export_lines("2025-01-01", "2025-01-31"))


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    data = write(tmp_path / "export.jsonl", EXPORT[:1])
    with Dataset.from_files(data, None, tmp_path / "cache") as dataset:
        assert dataset.event_names() == ["B"]
    write(data, EXPORT[1:])
    with Dataset.from_files(data, None, tmp_path / "cache") as dataset:
        assert dataset.event_names() == ["A"]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([*EXPORT, "terminated early"], "line 4: not JSON"),
        ([EXPORT[0], "", '{"event":"A"}'], 'line 3: an event without a numeric "time"'),
        ([EXPORT[0], "[1]"], "line 2: not an event"),
        (['{"event":"A","properties":{"time":"soon"}}'], 'line 1: an event without a numeric "time"'),
        (['{"event":"A","properties":{"time":1e30}}'], 'line 1: an impossible "time"'),
    ],
)
@pytest.mark.parametrize("name", ["export.jsonl", "export.jsonl.gz"])
def test_a_bad_export_is_refused_by_its_line(
    tmp_path: Path, name: str, lines: list[str], complaint: str
) -> None:
    data = write(tmp_path / name, lines)
    with pytest.raises(MixpanelDataError) as raised:
        Dataset.from_files(data, None, tmp_path / "cache")
    assert complaint in raised.value.message
    assert name in raised.value.message
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_bad_profile_a_missing_file_and_half_a_gzip_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "export.jsonl", EXPORT)
    profiles = write(tmp_path / "people.jsonl", ['{"$distinct_id":"x"}', '{"$properties":{}}'])
    with pytest.raises(MixpanelDataError, match=r"people\.jsonl, line 2: not a profile"):
        Dataset.from_files(data, profiles, tmp_path / "cache")
    with pytest.raises(MixpanelDataError, match="No such file"):
        Dataset.from_files(tmp_path / "nowhere.jsonl", None, tmp_path / "cache")
    half = tmp_path / "half.jsonl.gz"
    half.write_bytes(gzip.compress(b"\n".join(generate_events(500)))[:-2000])
    with pytest.raises(MixpanelDataError, match="in the middle of its gzip stream"):
        Dataset.from_files(half, None, tmp_path / "cache")


def test_what_the_sandbox_keeps_of_a_private_file_is_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        data = tmp_path / "export.jsonl"
        data.write_text('{"event":"A","properties":{"time":1736294400,"distinct_id":"x"}}\n')
        data.chmod(0o600)
        cache = tmp_path / "cache"
        for _ in range(2):
            with Dataset.from_files(data, None, cache) as dataset, dataset.runner():
                pass
            kept = [file for file in cache.rglob("*") if file.is_file()]
            assert len(kept) == 2
            assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
            for file in kept:
                file.chmod(0o644)  # as an earlier version left them
        assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b"\x1f\x8b\x08\x00", "a.jsonl is compressed with gzip. Let its name end in .gz."),
        ("a.jsonl.gz", b"{}\n", "a.jsonl.gz is not compressed with gzip, though its name ends in .gz."),
        ("a.jsonl", '{"event": 1}'.encode("utf-16"), "a.jsonl is text in UTF-16. Save it as text in UTF-8"),
        ("a.jsonl", '{"event": 1}'.encode("utf-16-be"), "a.jsonl is text in UTF-16."),
        ("a.jsonl", b"PAR1xxxx", "a.jsonl is a Parquet file."),
        ("a.jsonl", b'{"event":"\xe9"}\n', "a.jsonl, line 1: no text in UTF-8."),
    ],
)
def test_a_file_to_replay_is_named_for_what_it_is(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(MixpanelDataError) as caught:
        Dataset.from_files(file, None, tmp_path / "cache")
    assert says in str(caught.value)


def test_files_of_the_seventies_are_replayed_in_either_unit_and_other_units_refused(tmp_path: Path) -> None:
    def line(time: int) -> bytes:
        properties = {"time": time, "distinct_id": "u0", "$insert_id": "i0"}
        return json.dumps({"event": "A", "properties": properties}).encode()

    for time in (44_582_400, 44_582_400_000):
        data = tmp_path / f"{time}.jsonl"
        data.write_bytes(line(time))
        with Dataset.from_files(data, None, tmp_path / "cache") as dataset:
            assert str(dataset.last_day) == "1971-06-01"
    data.write_bytes(line(44_582_400) + b"\n" + line(1_735_732_800_123_456))
    with pytest.raises(MixpanelDataError, match='line 2: an impossible "time" \\(1735732800123456\\)'):
        Dataset.from_files(data, None, tmp_path / "cache")
