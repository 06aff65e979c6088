"""``datetime(…)`` and ``NOW``: moments in expressions, with the server's rules.

A text is read in the project's time zone; a number is Unix seconds up to 4,294,967,295, milliseconds beyond,
and undefined from 0 down. Moments are compared in whole seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MOST_SECONDS = 4_294_967_295
_MOST_MILLISECONDS = 253_402_300_799_000  # the last second of the year 9999
_WITHOUT_ZONE = r"'\d+-\d+-\d+([T ]\d+:\d+(:\d+(\.\d*)?)?)?'"


def of_text(text: str, zone: ZoneInfo) -> datetime | None:
    """The moment in UTC (naive, whole seconds) that a text names, or None if it names none."""
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None, microsecond=0)


def of_number(number: float) -> datetime | None:
    """The moment in UTC (naive, whole seconds) that a number stands for, or None."""
    seconds = number if number <= _MOST_SECONDS else number / 1000
    if not 1 <= number <= _MOST_MILLISECONDS:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)


def number_sql(number: str) -> str:
    """``of_number`` in SQL."""
    return (
        f"CASE WHEN {number} BETWEEN 1 AND {_MOST_SECONDS} "
        f"THEN make_timestamp(CAST(trunc({number}) AS BIGINT) * 1000000) "
        f"WHEN {number} > {_MOST_SECONDS} AND {number} <= {_MOST_MILLISECONDS} "
        f"THEN make_timestamp(CAST(trunc({number} / 1000) AS BIGINT) * 1000000) END"
    )


def text_sql(text: str, zone: str | None) -> str:
    """``of_text`` in SQL.

    Args:
        text: SQL of the text.
        zone: SQL of the zone's name; None for UTC.
    """
    moment = instant_sql(text)
    if zone is not None:
        local = f"timezone('UTC', timezone({zone}, {moment}))"
        moment = f"CASE WHEN {_names_no_zone(text)} THEN {local} ELSE {moment} END"
    return f"date_trunc('second', {moment})"


def instant_sql(text: str) -> str:
    """The moment in UTC of a text (UTC if the text has no zone); NULL if it is not a moment.

    A cast to TIMESTAMP ignores a zone, and one to TIMESTAMPTZ uses the session's if there is none.
    """
    zoned = f"replace(replace({text}, ' +', '+'), ' -', '-')"  # as Ruby writes it
    return (
        f"CASE WHEN {_names_no_zone(text)} THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN regexp_matches({text}, '^\\d') THEN timezone('UTC', TRY_CAST({zoned} AS TIMESTAMPTZ)) END"
    )


def _names_no_zone(text: str) -> str:
    return f"regexp_full_match({text}, {_WITHOUT_ZONE})"
