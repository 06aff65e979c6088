"""A clock that all processes of a machine share and that nobody can set: time since the machine started."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """A moment, on two clocks.

    Attributes:
        wall: Seconds since the epoch; somebody may set it back or ahead.
        steady: Seconds since the machine started, sleep included; comparable where ``boot`` is the same.
        boot: Which start of which machine ``steady`` counts from.
    """

    wall: float
    steady: float
    boot: str


def now() -> Moment:
    """This moment.

    Where the system does not name its start (anything but Linux), the clock on the wall is all there is.
    """
    wall, boot = time.time(), _boot()
    return Moment(wall, time.clock_gettime(time.CLOCK_BOOTTIME) if boot else wall, boot)


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip() if hasattr(time, "CLOCK_BOOTTIME") else ""
    except OSError:
        return ""
