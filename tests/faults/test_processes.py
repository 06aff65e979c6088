"""Signals in the middle of everything; ``make soak`` sends some hundreds."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from faults import interrupts, kills
from mixpanel_nb.cli.program import main
from mixpanel_nb.cli.terminal_session import TerminalSession
from mixpanel_nb.storage.interrupt import deferred_interrupts, deliver_interrupt
from mixpanel_nb.storage.scratch import PREFIX, Scratch

if TYPE_CHECKING:
    from faults.kills import Yard


SENT = [(name, "kill -9") for name in kills.COMMANDS]
SENT += [(name, "SIGTERM" if place % 2 else "Ctrl-C") for place, name in enumerate(kills.COMMANDS)]


@pytest.mark.parametrize(("name", "by"), SENT)
def test_a_signal_leaves_no_half_table_no_lock_and_no_litter(yard: Yard, name: str, by: str) -> None:
    assert kills.killed(yard, name, by, random.Random(f"{name} {by}"))


@pytest.mark.parametrize("name", interrupts.WORK)
def test_ctrl_c_at_any_line_leaves_the_session_usable(yard: Yard, name: str) -> None:
    draw = random.Random(name)
    for at in interrupts.random_moments(yard, name, 6, draw):
        assert interrupts.interrupted(yard, name, at)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_a_command_closes_its_session_is_no_traceback(
    number: signal.Signals, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(TerminalSession, "close", lambda _: signal.raise_signal(number))
    try:
        with pytest.raises(SystemExit) as ended:
            main(["auth", "list"])
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert ended.value.code == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_python_exits_is_no_traceback(number: signal.Signals, tmp_path: Path) -> None:
    code = f"""
        import atexit, signal, sys
        from mixpanel_nb.cli.program import main
        atexit.register(lambda: (print("exiting", file=sys.stderr), signal.raise_signal({number:d})))
        main(["auth", "list"])
    """
    environment = {**os.environ, "MIXPANEL_NB_HOME": str(tmp_path)}
    words = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-number, "[]\n", "exiting\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_an_import_comes_when_the_import_has_ended(
    number: signal.Signals, tmp_path: Path
) -> None:
    """In the middle of one Python may lose it, and keep the import lock from all other threads."""
    lines = [f"import signal, time; signal.raise_signal({number:d})", "time.sleep(0.3)", "print('imported')"]
    (tmp_path / "slow.py").write_text("\n".join(lines))
    code = """
        import time
        from mixpanel_nb.cli import program
        def run(arguments):
            try:
                import slow
                for _ in range(500):
                    time.sleep(0.01)
            except KeyboardInterrupt as interrupt:
                return program._interrupted(interrupt)
        program.run = run
        program.main([])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = {signal.SIGINT: (130, "Interrupted.\n"), signal.SIGTERM: (143, "Terminated.\n")}[number]
    assert (done.returncode, done.stdout, done.stderr) == (said[0], "imported\n", said[1])


def test_a_signal_that_the_shell_has_ignored_stays_ignored(tmp_path: Path) -> None:
    code = """
        import signal
        from mixpanel_nb.cli import program
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        program.run = lambda arguments: signal.raise_signal(signal.SIGINT) or 0
        program.main([])
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == 0


def test_an_interrupt_that_is_kept_back_comes_at_the_end() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        signal.raise_signal(signal.SIGINT)
        with deferred_interrupts():
            signal.raise_signal(signal.SIGINT)
        done.append("all")
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_is_let_through_where_somebody_waits() -> None:
    with deferred_interrupts():
        deliver_interrupt()  # none came
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            deliver_interrupt()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_keep_nothing_back() -> None:
    def work() -> None:
        with deferred_interrupts():
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_what_a_killed_process_left_in_the_temporary_folder_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    code = "from mixpanel_nb.storage.scratch import Scratch; print(Scratch().path, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        own = Scratch()
        assert left.exists()  # its process lives
        process.kill()
    (tmp_path / f"{PREFIX}being-made").mkdir()
    other = Scratch()
    assert not left.exists()
    assert sorted(tmp_path.iterdir()) == sorted([own.path, other.path, tmp_path / f"{PREFIX}being-made"])
    old = time.time() - 2 * 3600
    os.utime(tmp_path / f"{PREFIX}being-made", (old, old))
    own.remove()
    Scratch().remove()
    other.remove()
    assert list(tmp_path.iterdir()) == []
    shutil.rmtree(tmp_path)
