"""The time zone in which a report counts days: one rule for every place where a report is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from mixpanel_nb.errors import ParameterError, Word

UTC = "UTC"


@dataclass(frozen=True)
class ReportZone:
    """A time zone, and what the reader of a report should know of it.

    Attributes:
        name: Its name, such as ``Europe/Berlin``.
        note: The line for the report; None where days are those of UTC and nothing says otherwise.
    """

    name: str
    note: str | None = None


def zone_of_table(table: str, *, named: str | None, fetched_with: str | None, account: str) -> ReportZone:
    """The zone of a report on a table: what is named, what the table was fetched with, or the account's.

    Args:
        table: The table, for the note.
        named: The zone that was asked for, or None.
        fetched_with: The zone that the table remembers; None where it was not fetched.
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
    """The zone of a live report: the project's, which nobody else can choose.

    Raises:
        ParameterError: another one was named.
    """
    if named not in (None, account):
        project = "its project's time zone" if account == UTC else f"its project's time zone, {account}"
        message = f"The time zone {named} applies to tables only: Mixpanel counts days in {project}."
        hint = ["Ask a fetched table (", Word("table", "events"), "), or leave out the time zone."]
        raise ParameterError(message, parameter="timezone", value=named, hint=hint)
    return ReportZone(account, _utc_note(account))


def _utc_note(zone: str) -> str | None:
    return None if zone == UTC else f"Days are those of {zone}."
