"""A clock that all processes of a machine share and that cannot be set: time since the machine started."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """A moment, on two clocks.

    Attributes:
        wall: Seconds since the epoch; the clock may be set back or ahead.
        steady: Seconds since the machine started, sleep included; comparable where ``boot`` is the same.
        boot: Identifies the machine's start that ``steady`` counts from.
    """

    wall: float
    steady: float
    boot: str


def now() -> Moment:
    """This moment.

    If the system does not identify its start (any but Linux), only the wall clock is used.
    """
    wall, boot = time.time(), _boot()
    return Moment(wall, time.clock_gettime(time.CLOCK_BOOTTIME) if boot else wall, boot)


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip() if hasattr(time, "CLOCK_BOOTTIME") else ""
    except OSError:
        return ""
