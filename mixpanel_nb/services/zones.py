"""The time zone in which a report counts days: one rule for all interfaces."""

from __future__ import annotations

from dataclasses import dataclass

from mixpanel_nb.errors import ParameterError, Word

UTC = "UTC"


@dataclass(frozen=True)
class ReportZone:
    """A time zone, and a note for the reader of a report.

    Attributes:
        name: Its name, such as ``Europe/Berlin``.
        note: The line for the report; None if the days are UTC by default.
    """

    name: str
    note: str | None = None


def zone_of_table(table: str, *, named: str | None, fetched_with: str | None, account: str) -> ReportZone:
    """The zone of a report on a table: the given one, that of the table's fetch, or the account's.

    Args:
        table: The table, for the note.
        named: The given zone, or None.
        fetched_with: The zone recorded with the table; None if it was not fetched.
        account: The zone of the account.
    """
    zone = named or fetched_with or account
    if named is not None and fetched_with not in (None, named):
        note = f"Days are those of {zone}; {table} was fetched with {fetched_with}."
        return ReportZone(zone, note)
    if named is None and fetched_with is not None and account not in (UTC, fetched_with):
        note = f"Days are those of {zone}, with which {table} was fetched; the account says {account}."
        return ReportZone(zone, note)
    return ReportZone(zone, _utc_note(zone))


def zone_of_project(*, named: str | None, account: str) -> ReportZone:
    """The zone of a live report: always the project's.

    Raises:
        ParameterError: another zone was given.
    """
    if named not in (None, account):
        project = "its project's time zone" if account == UTC else f"its project's time zone, {account}"
        message = f"The time zone {named} applies to tables only: Mixpanel counts days in {project}."
        hint = ["Ask a fetched table (", Word("table", "events"), "), or leave out the time zone."]
        raise ParameterError(message, parameter="timezone", value=named, hint=hint)
    return ReportZone(account, _utc_note(account))


def _utc_note(zone: str) -> str | None:
    return None if zone == UTC else f"Days are those of {zone}."
