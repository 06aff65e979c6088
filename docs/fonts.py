"""Makes the fonts of ``mixpanel_nb/display/fonts`` from Liberation Sans 2.

``python docs/fonts.py FOLDER`` reads ``LiberationSans-Regular.ttf`` and ``LiberationSans-Bold.ttf`` from the
folder. Of each it makes two fonts, under names of their own, since the licence reserves "Liberation":

- Mixpanel NB Sans: the letters that charts are drawn with in PNG and PDF.
- Mixpanel NB Metrics: no letters, only their widths, and a width for every other character of Unicode, so
  that no font of the machine is ever asked how wide a text is.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path
from typing import Any

from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

FOLDER = Path(__file__).parent.parent / "mixpanel_nb" / "display" / "fonts"
DRAWN, MEASURED = "Mixpanel NB Sans", "Mixpanel NB Metrics"
WEIGHTS = ("Regular", "Bold")

# Latin, Greek, Cyrillic; punctuation, currencies, arrows, mathematical signs, blocks and shapes.
KEPT = (
    *range(0x20, 0x250),
    *range(0x370, 0x500),
    *range(0x1E00, 0x1F00),
    *range(0x2000, 0x2300),
    *range(0x2500, 0x2700),
    0xFFFD,
)
# Widths of characters that the font has no letter for, in ems.
OTHER_WIDTHS = {"other.none": 0.0, "other.narrow": 0.6, "other.wide": 1.0}
UNICODE_FULL_REPERTOIRE = (0, 6, 13)  # platform, encoding, format: many characters may share a glyph


def main() -> None:
    """Make the four fonts."""
    source = Path(sys.argv[1])
    for weight in WEIGHTS:
        path = source / f"LiberationSans-{weight}.ttf"
        _save(_drawn(path), DRAWN, weight)
        _save(_measured(path), MEASURED, weight)


def _drawn(path: Path) -> Any:
    options = Options(hinting=False, layout_features=["kern"], name_IDs=[])
    font = TTFont(path, recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=KEPT)
    subsetter.subset(font)
    return font


def _measured(path: Path) -> Any:
    font = _drawn(path)
    for name in font.getGlyphOrder():
        font["glyf"][name] = _speck()
    units = font["head"].unitsPerEm
    for name, ems in OTHER_WIDTHS.items():
        font["glyf"][name] = _speck()  # appends it to the order of glyphs
        font["hmtx"][name] = (round(ems * units), 0)
    font["cmap"] = _every_character(font.getBestCmap())
    return font


def _speck() -> Any:
    """A glyph that nobody sees: text without any outline is not measured at all."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 1))
    pen.lineTo((1, 1))
    pen.closePath()
    return pen.glyph()


def _every_character(known: dict[int, str]) -> Any:
    platform, encoding, form = UNICODE_FULL_REPERTOIRE
    subtable = CmapSubtable.newSubtable(form)
    subtable.platformID, subtable.platEncID, subtable.language = platform, encoding, 0
    subtable.cmap = {code: known.get(code) or _other(chr(code)) for code in range(0x20, sys.maxunicode + 1)}
    table = newTable("cmap")
    table.tableVersion, table.tables = 0, [subtable]
    return table


def _other(character: str) -> str:
    if unicodedata.category(character) in {"Mn", "Me", "Cf", "Cs"}:
        return "other.none"
    return "other.wide" if unicodedata.east_asian_width(character) in {"W", "F"} else "other.narrow"


def _save(font: Any, family: str, weight: str) -> None:
    names = font["name"]
    names.names = []
    for number, text in (
        (0, "Digitized data copyright (c) 2010 Google Corporation. Copyright (c) 2012 Red Hat, Inc."),
        (1, family),
        (2, weight),
        (3, f"{family} {weight}"),
        (4, f"{family} {weight}"),
        (5, "Version 1.0"),
        (6, f"{family.replace(' ', '')}-{weight}"),
        (13, "SIL Open Font License, Version 1.1"),
    ):
        names.setName(text, number, 3, 1, 0x409)
    font["post"].formatType = 3.0  # without the names of glyphs
    font.save(FOLDER / f"{family.replace(' ', '')}-{weight}.ttf")


if __name__ == "__main__":
    main()
