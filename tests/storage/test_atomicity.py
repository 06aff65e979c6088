"""All of a change or nothing of it: errors in the middle, a full disk, a killed process."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from mixpanel_nb.storage import StorageEngine, dedupe, ingest, ledger

from .support import Exports, chunk, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from .support import Start


class UnforeseenError(Exception):
    """Something that nobody expected."""


def then_fails(step: Callable[..., object]) -> Callable[..., object]:
    """The step, and an error behind it."""

    def run(*arguments: object, **options: object) -> object:
        step(*arguments, **options)
        raise UnforeseenError

    return run


STEPS: list[tuple[ModuleType, str]] = [
    (ingest, "insert_events"),
    (dedupe, "remove_duplicate_events"),
    (ledger, "record_columns"),
    (ledger, "add_chunks"),
    (ledger, "record"),
]


@pytest.mark.parametrize("place", ["file", "memory"])
def test_an_error_after_any_step_leaves_table_and_ledger_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with StorageEngine(tmp_path / "data.db" if place == "file" else None) as engine:
        exports = Exports(engine, tmp_path)
        exports.load(
            event({"plan": "pro"}, insert_id="a"), chunks=[chunk(date(2025, 1, 1), date(2025, 1, 1))]
        )
        before = exports.everything()
        for module, name in STEPS:
            with monkeypatch.context() as patched:
                patched.setattr(module, name, then_fails(getattr(module, name)))
                for table in ("events", "fresh"):
                    with pytest.raises(UnforeseenError):
                        exports.load(event({"plan": 5}, insert_id="a"), table=table, chunks=[chunk()])
            assert exports.everything() == before, name
        assert exports.load(event({"plan": 5, "new": 1}, insert_id="a")).duplicates == 1


def test_a_failed_swap_leaves_both_tables(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    exports.load(event({"v": "old"}))
    exports.load(event({"v": "new"}), table="_replacing_events")
    before = exports.everything()
    monkeypatch.setattr(ledger, "rename", then_fails(ledger.rename))
    with pytest.raises(UnforeseenError):
        exports.engine.swap("_replacing_events", "events")
    assert exports.everything() == before


# A limit on the size of files (RLIMIT_FSIZE) makes writes fail for any user on any file system, much as a
# full disk does; the operating system says "File too large" in place of "No space left on device".
FULL_DISK = """
    import resource, signal, sys
    from datetime import datetime
    from pathlib import Path
    from mixpanel_nb.errors import StorageError
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.loading import Batch

    path, file = map(Path, sys.argv[1:])
    metadata = TableMetadata("events", datetime(2025, 2, 1))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 300_000,) * 2)
    engine = StorageEngine(path)
    for change in (
        lambda: engine.load(Batch("events", [file], [], metadata)),
        lambda: engine.load(Batch("fresh", [file], [], metadata)),
        lambda: engine.execute_rows("CREATE TABLE big AS SELECT hash(range) AS h FROM range(1000000)"),
    ):
        try:
            change()
        except StorageError as error:
            print(error.message)
    print([table.name for table in engine.list_tables()], engine.execute_rows("SELECT plan FROM events"))
    """


def test_a_full_disk_is_named_and_changes_nothing(exports: Exports, path: Path, start: Start) -> None:
    exports.load(event({"plan": "pro"}), chunks=[chunk()])
    before = exports.everything()
    file = exports.file([event({"plan": f"{uuid4()}", "n": f"{uuid4()}"}) for _ in range(8000)])
    full = "The disk is full (File too large); nothing was changed."
    assert start(FULL_DISK, path, file).ended() == [full, full, full, "['events'] [('pro',)]"]
    assert exports.everything() == before
    assert exports.load(files=[file]).rows == 8000


def test_a_killed_load_leaves_the_table_as_it_was(exports: Exports, path: Path, start: Start) -> None:
    exports.load(event({"plan": "pro"}), chunks=[chunk()])
    before = exports.everything()
    file = exports.file([event({"n": number}) for number in range(3000)])
    program = start(
        """
        import sys
        from datetime import datetime
        from pathlib import Path
        from mixpanel_nb.storage import StorageEngine, TableMetadata, ledger
        from mixpanel_nb.storage.loading import Batch

        def wait(*arguments):
            print("loaded, not committed", flush=True)
            sys.stdin.read()

        ledger.add_chunks = wait
        engine = StorageEngine(sys.argv[1])
        engine.load(Batch("events", [Path(sys.argv[2])], [], TableMetadata("events", datetime(2025, 2, 1))))
        """,
        path,
        file,
    )
    assert program.told() == "loaded, not committed"
    program.killed()
    assert exports.everything() == before
    assert exports.load(files=[file]).rows == 3000
