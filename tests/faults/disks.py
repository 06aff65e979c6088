"""Disks that fill, refuse, or give back something else than what was written."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from faults import kills
from faults import truth as known
from faults.record import must
from faults.resources import MB, remount
from mixpanel_nb.accounts import ConfigManager, Credentials
from mixpanel_nb.client.quota import QuotaLedger
from mixpanel_nb.errors import ConfigError, MixpanelDataError
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from faults.kills import Yard

HEADING = "Disk"
QUESTION = "SELECT count(*) AS n, sum(hash(properties, event_name, event_time, plan)) AS h FROM events"
CODES = range(1, 6)
NOT_WHOLE = "refused in one line"


def full(where: Yard, disk: Path, name: str, draw: random.Random) -> str:
    """Run a command on a disk with little room left, then once more with room enough."""
    folder = _onto(where, disk)
    room = int(10 ** draw.uniform(0, 6.7))  # bytes, up to 5 MB
    filler = folder.parent / "filler"
    _fill(filler, room)
    told = where.empty()
    process = kills._start(where, folder, name, told)
    process.join(kills.PATIENCE)
    said = kills._said(told)
    filler.unlink()
    must(process.exitcode is not None, "it did not end")
    must("Traceback" not in said, f"a traceback: {said[-150:]}")
    must(process.exitcode in (0, 1, 2), f"it ended with {process.exitcode}: {said[-100:]}")
    kills._check_before(where, folder, name)
    if process.exitcode:
        must(said.count("Error: ") == 1, f"no error in one line: {said[-150:]}")
        again = kills._start(where, folder, name, told)
        again.join(kills.PATIENCE)
        must(again.exitcode == 0, f"run again with room, it failed: {kills._said(told)[-150:]}")
    kills._check_after(where, folder, name)
    shutil.rmtree(folder)
    return "failed and said why; with room it went well" if process.exitcode else "there was room enough"


def read_only(where: Yard, disk: Path, name: str) -> str:
    """Reading works on a disk that cannot be written; whatever changes a table is refused in one line."""
    folder = _onto(where, disk)
    aside = where.empty()
    (aside / "tmp").mkdir()
    remount(disk, "ro")
    try:
        words = ["sql", QUESTION] if name == "read" else kills.COMMANDS[name]
        process = _start_on(where, aside, [*words], folder / "data.db")
        process.join(kills.PATIENCE)
        said = kills._said(aside)
    finally:
        remount(disk, "rw")
    shutil.rmtree(folder)
    must(process.exitcode is not None, "it did not end")
    must("Traceback" not in said, f"a traceback: {said[-150:]}")
    must((process.exitcode == 0) == (name == "read"), f"it ended with {process.exitcode}: {said[-100:]}")
    return "read" if name == "read" else NOT_WHOLE


def damaged(where: Yard, how: str, draw: random.Random) -> str:
    """Ask a database file whose bytes are not what they were: the same answer, or none."""
    folder = where.fresh()
    expected = _asked(where, folder)
    _damage(folder / "data.db", how, draw)
    answer = _asked(where, folder)
    must(answer in (None, expected), "a damaged file gave another answer")
    shutil.rmtree(folder)
    return NOT_WHOLE if answer is None else "the damage did not matter"


def _damage(file: Path, how: str, draw: random.Random) -> None:
    data = bytearray(file.read_bytes())
    place = draw.randrange(len(data))
    match how:
        case "a byte changed":
            data[place] ^= 1 << draw.randrange(8)
        case "a block of zeros":
            data[place : place + 4096] = bytes(min(4096, len(data) - place))
        case "cut off":
            del data[place:]
        case "the head changed":
            data[draw.randrange(12288)] ^= 1 << draw.randrange(8)
        case "of a newer version":
            data[12:20] = (999).to_bytes(8, "little")
        case "empty":
            data.clear()
        case "garbage in the log":
            file.with_name("data.db.wal").write_bytes(draw.randbytes(5000))
        case "text":
            data[:] = b"This is not a database. " * 5000
    file.write_bytes(data)


DAMAGES = [
    *("a byte changed", "a block of zeros", "cut off", "the head changed"),
    *("of a newer version", "empty", "garbage in the log", "text"),
]


CACHE_DAMAGES = [how for how in DAMAGES if how not in ("garbage in the log", "of a newer version")]


def _asked(where: Yard, folder: Path) -> str | None:
    """What ``mp sql`` and ``mp tables`` answer in a process of their own, or None where they refuse."""
    answers = []
    for words in (["sql", QUESTION], ["tables"]):
        for name in ("out", "err"):
            (folder / name).unlink(missing_ok=True)
        process = _start_on(where, folder, words, folder / "data.db")
        process.join(kills.PATIENCE)
        said, error = (folder / "out").read_text(), (folder / "err").read_text()
        must(process.exitcode is not None, "it did not end")
        must(process.exitcode >= 0, f"it was ended by signal {-process.exitcode}")
        must("Traceback" not in error, f"a traceback: {error[-150:]}")
        if process.exitcode:
            must(
                error.startswith("Error: ") and process.exitcode in CODES,
                f"no error in one line: {error[-150:]}",
            )
            return None
        answers.append(said)
    return answers[0]


def _start_on(where: Yard, folder: Path, words: list[str], database: Path) -> Any:
    return kills.start(where, folder, ["--db", str(database), *words])


def half_config(cut: int, folder: Path) -> str:
    """A configuration that was cut: what is left is right, or an error; nothing is written over it."""
    home = folder / f"home-{cut}"
    config = ConfigManager(home)
    config.add("shop", Credentials("ann", "secret-of-ann", "1", region="eu"))
    config.add("blog", Credentials("bob", "secret-of-bob", "2", timezone="Europe/Berlin"))
    whole = config.path.read_bytes()
    names = {"shop": "secret-of-ann", "blog": "secret-of-bob"}
    config.path.write_bytes(whole[: cut % (len(whole) + 1)])
    cut_off = config.path.read_bytes()
    try:
        found = [account.name for account in config.list_accounts()]
        must(all(config.get(name).secret.reveal() == names[name] for name in found), "a secret was cut")
        outcome = "what was left was right"
    except ConfigError as error:
        must("\n" not in error.message, "an error of several lines")
        must("secret-of" not in str(error.to_dict()), "the secret is in an error")
        outcome = NOT_WHOLE
    try:
        config.add("new", Credentials("eve", "x", "3"))
    except ConfigError:
        must(config.path.read_bytes() == cut_off, "a file that could not be read was written over")
    must([f.name for f in home.iterdir() if f.suffix == ".part"] == [], "a part is left")
    return outcome


def odd_ledger(folder: Path, draw: random.Random) -> str:
    """A quota ledger that is damaged costs nothing but its memory."""
    file = folder / f"quota-{draw.randrange(10**9)}.sqlite"
    for _ in range(3):
        with QuotaLedger(file).acquire("k", "query"):
            pass
    data = bytearray(file.read_bytes())
    for _ in range(draw.randrange(1, 200)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    if draw.random() < 0.3:
        del data[draw.randrange(len(data)) :]
    file.write_bytes(data)
    for _ in range(2):
        with QuotaLedger(file).acquire("k", "query", max_wait=0.5):
            pass
    return "went on"


STAGED = (
    "cut at a line",
    "cut in a line",
    "zeros at its end",
    "receipt cut",
    "receipt of other types",
    "receipt lies",
)


def odd_downloads(where: Yard, how: str, draw: random.Random) -> str:
    """Downloads that wait on disk for the next fetch, damaged as a power cut would: asked for anew."""
    folder = where.fresh()
    account = sandbox_credentials()
    with known.open_workspace(folder, where.server.url, account=account, export_timeout=30.0) as ws:
        waiting = folder / ".data.db.fetch" / "fresh"

        def stop(_: object) -> None:
            if len(list(waiting.glob("*.receipt"))) >= 2:
                raise KeyboardInterrupt

        with contextlib.suppress(KeyboardInterrupt):
            ws.fetch_events("fresh", **known.DAYS, columns=["plan"], workers=1, progress=stop)
        files = sorted(waiting.glob("*.jsonl"))
        if not files:
            return "all was stored before it could be damaged"
        _damage_download(draw.choice(files), how)
        ws.fetch_events("fresh", **known.DAYS, columns=["plan"])
        must(known.holds_truth(ws, where.truth, "fresh"), "a damaged download was believed")
    return "noticed, and asked for anew"


def _damage_download(file: Path, how: str) -> None:
    receipt = file.with_suffix(".receipt")
    data = file.read_bytes()
    lines = data.splitlines(keepends=True)
    match how:
        case "cut at a line":
            file.write_bytes(b"".join(lines[: len(lines) // 2]))
        case "cut in a line":
            file.write_bytes(data[: len(data) // 2])
        case "zeros at its end":
            file.write_bytes(data[:-500] + bytes(500))
        case "receipt cut":
            receipt.write_text(receipt.read_text()[:-9])
        case "receipt of other types":
            receipt.write_text(json.dumps(dict.fromkeys(json.loads(receipt.read_text()), "x")))
        case "receipt lies":
            known_ = json.loads(receipt.read_text())
            receipt.write_text(json.dumps({**known_, "rows": known_["rows"] + 5}))


def odd_cache(folder: Path, draw: random.Random, how: str) -> str:
    """The sandbox's data, damaged on disk: built anew, or an error in one line."""
    home = folder / f"cache-{draw.randrange(10**9)}"
    with Dataset.generated(home, events=300) as store:
        files = [store.path]
        expected = sum(1 for _ in store.export_lines(known.FIRST, known.LAST))
    for file in files:
        _damage(file, how, draw)
    try:
        with Dataset.generated(home, events=300) as store:
            found = sum(1 for _ in store.export_lines(known.FIRST, known.LAST))
    except MixpanelDataError as error:
        must("\n" not in error.message, "an error of several lines")
        return NOT_WHOLE
    must(found == expected, "the sandbox has other data now")
    return "the same data"


def _onto(where: Yard, disk: Path) -> Path:
    folder = disk / str(os.urandom(4).hex())
    shutil.copytree(where.template, folder)
    (folder / "tmp").mkdir()
    return folder


def _fill(filler: Path, room: int) -> None:
    """Fill the disk up to ``room`` bytes."""
    free = shutil.disk_usage(filler.parent).free
    with filler.open("wb") as file:
        left = max(free - room, 0)
        while left > 0:
            left -= file.write(bytes(min(left, MB)))
