"""What was tried, and how it ended."""

from __future__ import annotations

import json
import re
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS_OF_A_FAULT = 160
FAULTS_SHOWN = 6
SAVED_EVERY = 15.0  # seconds
_PATH = re.compile(r"/[\w./-]+/")  # folders of this machine say nothing to others


class Fault(AssertionError):  # noqa: N818 - it is what the harness looks for, in its own word
    """A property that did not hold."""


def must(holds: object, what: str) -> None:
    """Raise a `Fault` unless ``holds``."""
    if not holds:
        raise Fault(what)


@dataclass
class Row:
    """One row of the table: a kind of trial.

    Attributes:
        heading: The part of the harness it belongs to.
        what: What was tried.
        outcomes: How often it ended in which good way.
        faults: How often it ended in which bad way.
        seconds: How long it took.
    """

    heading: str
    what: str
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def tried(self) -> int:
        """Trials in all."""
        return self.outcomes.total() + self.faults.total()


class Record:
    """All rows, in the order in which they were first tried.

    Args:
        file: Where they are kept, also while the trials go on; None for nowhere.
        about: What is to be known of the run.
    """

    def __init__(self, file: Path | None = None, about: str = "") -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self._file = file
        self._about = about
        self._saved = time.monotonic()

    def row(self, heading: str, what: str) -> Row:
        """The row of this name."""
        return self.rows.setdefault((heading, what), Row(heading, what))

    def attempt(self, heading: str, what: str, trial: Callable[[], str | Counter[str]]) -> None:
        """Run a trial, whatever happens in it, and note how it ended.

        A trial returns its outcome, or a count of outcomes, and raises where something did not hold.
        """
        row = self.row(heading, what)
        started = time.monotonic()
        try:
            outcome = trial()
        except Exception as error:  # noqa: BLE001 - whatever comes is what the harness looks for
            row.faults[described(error)] += 1
        else:
            row.outcomes.update([outcome] if isinstance(outcome, str) else outcome)
        row.seconds += time.monotonic() - started
        if time.monotonic() - self._saved > SAVED_EVERY:
            self.save()

    def save(self) -> None:
        """Write the rows, and what is to be known of the run."""
        self._saved = time.monotonic()
        if self._file is None:
            return
        rows = [vars(row) for row in self.rows.values()]
        text = json.dumps({"about": self._about, "rows": rows}, indent=1)
        self._file.write_text(f"{text}\n")


def read(file: Path) -> tuple[list[Row], dict[str, Any]]:
    """The rows of a file that `Record.save` wrote, and what else is in it."""
    data = json.loads(file.read_text())
    rows = [
        Row(**{**row, "outcomes": Counter(row["outcomes"]), "faults": Counter(row["faults"])})
        for row in data.pop("rows")
    ]
    return rows, data


def described(error: BaseException) -> str:
    """One line for the table: the property that did not hold, or where a traceback came from."""
    text = _PATH.sub("…/", " ".join(str(error).split()))[:WORDS_OF_A_FAULT]
    if isinstance(error, Fault):
        return text
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "mixpanel_nb" in f.filename]
    place = f" in {frames[-1].filename.rpartition('mixpanel_nb/')[2]}" if frames else " in the harness"
    return f"{type(error).__name__}{place}: {text}"
