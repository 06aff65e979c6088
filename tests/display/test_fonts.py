"""The fonts of a machine have no say in what a chart looks like."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from mixpanel_nb.display import theme

FONTS = Path(theme.__file__).parent / "fonts"

# Latin, Greek and Cyrillic letters, signs, and what the package has no letters for.
DRAW = """
import hashlib
from datetime import date
from mixpanel_nb.display import Bar, ranked_bars, render_png, render_svg, series_chart
days = [date(2025, 1, 1 + day) for day in range(13)]
latin = ("free", "Größe → 5 €", "план", "Ωμέγα")
names = (*latin, "日本語", "العربية", "👩‍👩‍👧 e\\u0301")
for named in (latin, names):
    rows = [{"day": day, "n": 10, "c": name} for day in days for name in named]
    line = series_chart(rows, "day", "n", "c", title=", ".join(named))
    bars = ranked_bars([Bar(name, place + 1, "") for place, name in enumerate(named)])
    for chart in (line, bars):
        print(hashlib.sha256(render_svg(chart).encode()).hexdigest())
    if named is latin:
        print(hashlib.sha256(render_png(line)).hexdigest())
print(hashlib.sha256(render_svg(line.configure(font="Arial")).encode()).hexdigest())
"""


def drawn(fonts: Path) -> list[str]:
    """Sums of charts drawn by a process that finds these fonts of the machine alone."""
    (fonts / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig><dir>{fonts}</dir></fontconfig>"
    )
    environment = os.environ | {"FONTCONFIG_FILE": str(fonts / "fonts.conf")}
    done = subprocess.run([sys.executable, "-c", DRAW], capture_output=True, check=True, env=environment)
    return done.stdout.decode().split()


def pretender(path: Path, family: str) -> None:
    """A font of a well-known name whose letters are all twice as wide as ours, for every character."""
    font = TTFont(FONTS / "MixpanelNBMetrics-Bold.ttf")
    for name, (width, side) in font["hmtx"].metrics.items():
        font["hmtx"][name] = (2 * width, side)
    for record in font["name"].names:
        record.string = family
    font.save(path)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a machine without any font draws."""
    return drawn(tmp_path_factory.mktemp("no fonts"))


def test_the_fonts_of_this_machine_change_nothing(bare: list[str]) -> None:
    here = subprocess.run([sys.executable, "-c", DRAW], capture_output=True, check=True).stdout.decode()
    assert here.split()[:-1] == bare[:-1]
    assert len(bare) == 6


def test_fonts_of_known_names_change_nothing(bare: list[str], tmp_path: Path) -> None:
    for family in ("Arial", "Liberation Sans", "sans-serif", "DejaVu Sans"):
        pretender(tmp_path / f"{family}.ttf", family)
    others = drawn(tmp_path)
    assert others[:-1] == bare[:-1]
    assert others[-1] != bare[-1]  # a chart that asks for Arial by name gets the pretender


def test_the_licence_comes_with_the_fonts() -> None:
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert len(list(FONTS.glob("*.ttf"))) == 4
