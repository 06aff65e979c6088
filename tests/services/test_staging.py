"""Downloads on disk: they count only when they are whole, and belong to one fetch at a time."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import StorageError
from mixpanel_nb.services.fetch.staging import Receipt, Staging
from mixpanel_nb.storage import StorageEngine

if TYPE_CHECKING:
    from pathlib import Path

RECEIPT = Receipt(
    rows=3, size=5, bytes=300, requests=1, fetched_at="2025-02-01T12:00:00.500000", source="project 1 at here"
)
REQUEST: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-07", "where": None}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "data.db"


@pytest.fixture
def staging(database: Path) -> Staging:
    return Staging(database, "Events")


def download(staging: Staging, text: str = "line\n") -> Path:
    """A download that is whole."""
    file = staging.path(REQUEST)
    draft = staging.draft(file)
    draft.write_text(text)
    staging.accept(draft, file, RECEIPT)
    return file


def test_nothing_is_made_before_it_is_needed(staging: Staging, database: Path) -> None:
    assert not database.parent.exists()
    assert staging.receipt(staging.path(REQUEST)) is None
    assert not database.parent.exists()


def test_downloads_lie_beside_the_database_where_nobody_else_reads_them(
    staging: Staging, database: Path
) -> None:
    with staging.locked():
        assert staging.folder == database.parent / ".data.db.fetch" / "events"
        for folder in (staging.folder, staging.folder.parent, database.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_same_request_has_the_same_place_and_another_another(staging: Staging, database: Path) -> None:
    file = staging.path(REQUEST)
    assert file.name.startswith("2025-01-01-")
    assert file == staging.path(dict(reversed(REQUEST.items())))
    assert file == Staging(database, "EVENTS").path(REQUEST)
    others = [{**REQUEST, "to_date": "2025-01-08"}, {**REQUEST, "where": "x"}, {"type": "profiles"}, {}]
    assert len({staging.path(other) for other in [REQUEST, *others]}) == 5
    assert staging.path({"type": "profiles"}).name.startswith("profiles-")


def test_a_download_counts_when_it_is_whole(staging: Staging, database: Path) -> None:
    with staging.locked():
        file = download(staging)
        assert file.read_text() == "line\n"
        assert staging.receipt(file) == RECEIPT
    assert Staging(database, "events").receipt(file) == RECEIPT
    assert RECEIPT.moment == datetime.fromisoformat("2025-02-01T12:00:00.500")


@pytest.mark.parametrize(
    "damage", ["no receipt", "no file", "half a receipt", "another receipt", "no object", "empty receipt"]
)
def test_what_is_not_whole_does_not_count(staging: Staging, damage: str) -> None:
    with staging.locked():
        file = download(staging)
        receipt = file.with_suffix(".receipt")
        match damage:
            case "no receipt":
                receipt.unlink()
            case "no file":
                file.unlink()
            case "half a receipt":
                receipt.write_text(receipt.read_text()[:20])
            case "another receipt":
                receipt.write_text('{"lines": 3}')
            case "no object":
                receipt.write_text("[1, 2]")
            case "empty receipt":
                receipt.write_text("")
        assert staging.receipt(file) is None


def test_drafts_never_meet_and_do_not_count(staging: Staging) -> None:
    with staging.locked():
        file = staging.path(REQUEST)
        drafts = {staging.draft(file) for _ in range(20)}
        assert len(drafts) == 20
        for draft in drafts:
            draft.write_text("half")
        assert staging.receipt(file) is None


def test_drafts_of_broken_downloads_are_removed_by_the_next_fetch(staging: Staging) -> None:
    with staging.locked():
        file = download(staging)
        staging.draft(staging.path({})).write_text("half")
    with staging.locked():
        assert sorted(path.suffix for path in staging.folder.iterdir() if path.stem != "lock") == [
            "",
            ".jsonl",
            ".receipt",
        ]
        assert staging.receipt(file) == RECEIPT


def test_a_discarded_download_is_gone(staging: Staging) -> None:
    with staging.locked():
        file = download(staging)
        staging.discard(file)
        assert staging.receipt(file) is None
        assert not file.exists()
        staging.discard(file)


def test_the_folder_stays_only_for_what_is_yet_to_be_stored(staging: Staging, database: Path) -> None:
    with staging.locked():
        file = download(staging)
    assert file.exists()
    with staging.locked():
        staging.discard(file)
    assert list(database.parent.iterdir()) == []


def test_the_folder_of_another_table_stays(staging: Staging, database: Path) -> None:
    other = Staging(database, "people")
    with other.locked():
        file = download(other)
    with staging.locked():
        pass
    assert file.exists()
    assert [folder.name for folder in staging.folder.parent.iterdir()] == ["people"]


def test_without_a_database_file_downloads_are_kept_as_long_as_the_engine() -> None:
    engine = StorageEngine.memory()
    with Staging(engine.beside, "events").locked():
        file = download(Staging(engine.beside, "events"))
    assert Staging(engine.beside, "events").receipt(file) == RECEIPT
    assert not engine.beside.exists()
    folder = engine.beside.parent
    engine.close()
    assert not folder.exists()


def test_one_fetch_of_a_table_at_a_time(staging: Staging, database: Path) -> None:
    second = Staging(database, "events")
    with staging.locked():
        with (
            pytest.raises(StorageError, match="This process is fetching table 'events' now") as raised,
            second.locked(),
        ):
            pytest.fail("two fetches at once")
        assert raised.value.hint is not None
        with Staging(database, "people").locked():
            pass
    with second.locked():
        pass


def test_another_process_is_named(staging: Staging, database: Path) -> None:
    code = """
import sys
from pathlib import Path
from mixpanel_nb.services.fetch.staging import Staging
with Staging(Path(sys.argv[1]), "events").locked():
    print("fetching", flush=True)
    sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "fetching\n"
        with (
            pytest.raises(StorageError, match=f"Process {other.pid} is fetching table 'Events'"),
            staging.locked(),
        ):
            pytest.fail("two fetches at once")
        other.kill()
    with staging.locked():  # a killed process leaves no lock behind
        assert (staging.folder / "holder").read_text() == str(os.getpid())


def test_the_lock_is_let_go_after_an_error(staging: Staging) -> None:
    with pytest.raises(KeyboardInterrupt), staging.locked():
        raise KeyboardInterrupt
    with staging.locked():
        pass


def test_many_threads_take_turns(database: Path) -> None:
    inside: list[int] = []
    most: list[int] = []
    refused: list[str] = []

    def fetch() -> None:
        for _ in range(30):
            try:
                with Staging(database, "events").locked():
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
            except StorageError as error:
                refused.append(error.message)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
    assert len(most) + len(refused) == 120
    assert all("is fetching table" in message for message in refused)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    staging = Staging(tmp_path / "file" / "data.db", "events")
    with pytest.raises(StorageError, match="file cannot be written"), staging.locked():
        pytest.fail("no folder, no lock")
