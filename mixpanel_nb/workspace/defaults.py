"""``Defaults``: the table and days that a workspace fills in for a query."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries import days, parameters_of
from mixpanel_nb.queries.checks import Day, check_one_of, in_order, without_none
from mixpanel_nb.queries.days import DayOrDays, Days
from mixpanel_nb.queries.groups import Groups, group_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from mixpanel_nb.queries import Query
    from mixpanel_nb.services.local import Engine

USUAL_TABLE = "events"
WHOLE_TABLE_DAYS = 92
"""Maximum number of default days: shorter tables are queried completely, longer ones for their last days."""
USUAL_DAYS = 30

Range = tuple["date", "date"]


class Defaults:
    """Completes the given values of a query's fields.

    Args:
        engine: Holds the tables.
        table: The table that the user chose for all reports, or None.
        today: The day it is in the project.
    """

    def __init__(self, engine: Engine, table: str | None, today: Callable[[], date]) -> None:
        self._engine = engine
        self._table = table
        self._today = today

    def fill(self, query: type[Query[Any]], given: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """The values of the query's fields, and a line that says what was filled in.

        Args:
            query: The kind of query.
            given: Values of its fields and of ``last``, ``during`` and ``live``, as they were typed.

        Raises:
            ParameterError: Days are wrong or given twice, both a table and Mixpanel are to be asked, or
                it is ambiguous which of several tables is meant.
        """
        known = parameters_of(query)
        values = {name: value for name, value in given.items() if name not in ("last", "during", "live")}
        said = ""
        if "table" in known and values.get("table") is None and not _of_mixpanel(query, values):
            values["table"] = None if given.get("live") else self.usual_table()
            said = f"Asked table {values['table']}" if values["table"] else ""
        elif given.get("live") and values.get("table") is not None:
            raise _contradiction("table", "live", values["table"])
        for name, parameter in known.items():
            is_day = isinstance(without_none(parameter.check), Day)
            if is_day and not parameter.filled and values.get(name) is not None:
                values[name] = days.single_day(values[name], name, self._today())
            if values.get(name) is not None and isinstance(without_none(parameter.check), DayOrDays | Days):
                values[name] = self._range(values[name], name)
        if values.get("compare") is not None:
            values["compare"] = self._comparison(values["compare"])
        groups = days_of_groups(values.get("diff"))
        if groups is not None:
            given = self._with_days(groups, given)
        if "from_date" in known:
            (values["from_date"], values["to_date"]), which = self._days(values.get("table"), given)
            if which:
                found = f"{which} ({values['from_date']} to {values['to_date']})"
                said = f"{said}, {found}" if said else f"Asked about {found}"
        return values, f"{said}." if said else None

    def _with_days(self, groups: Range, given: Mapping[str, Any]) -> dict[str, Any]:
        """What was given, with the days of the first of two groups that are days.

        Raises:
            ParameterError: other days are given.
        """
        own = {"from_date": str(groups[0]), "to_date": str(groups[1]), "last": None, "during": None}
        for name, same in own.items():
            if given.get(name) is not None and str(given[name]) != same:
                check_one_of({name: True, "diff": True})
        return {**given, "from_date": groups[0], "to_date": groups[1]}

    def _comparison(self, compare: Any) -> Any:
        """A period that is compared with, as two days; anything else unchanged, for the query to check."""
        if not isinstance(compare, str) or not compare[:1].isdigit():
            return compare
        return days.period(compare, "compare", self._today())

    def _range(self, value: Any, name: str) -> Any:
        """Days in any form as two of them; a pair unchanged, for the query to check."""
        return days.period(value, name, self._today()) if isinstance(value, str) else value

    def usual_table(self) -> str | None:
        """The default table; None if there is none.

        It is the one that the user chose, else ``events``, else the only one of those that were fetched, or
        of all tables with the columns of events.

        Raises:
            ParameterError: There are several.
        """
        if self._table is not None:
            return self._table
        tables = self._engine.tables()
        fetched = self._engine.tables(fetched=True)
        if USUAL_TABLE in tables or len(tables) <= 1:
            return USUAL_TABLE if USUAL_TABLE in tables else next(iter(tables), None)
        if len(fetched) == 1:
            return fetched[0]
        listed = ", ".join(tables[:5]) + (" …" if len(tables) > 5 else "")
        hint = ["Say which: ", Word("table", tables[0]), ", or ask Mixpanel: ", Word("live", 1), "."]
        message = f"There are {len(tables)} tables of events: {listed}."
        raise ParameterError(message, parameter="table", hint=hint)

    def _days(self, table: str | None, given: Mapping[str, Any]) -> tuple[Range, str | None]:
        """The days of a question, and what they are where they were not given."""
        today = self._today()
        last, during = given.get("last"), given.get("during")
        since, until = given.get("from_date"), given.get("to_date")
        _check_once(since, until, last, during)
        if during is not None:
            return days.period(during, "during", today), None
        end = None if until is None else days.last_day(until, "to_date", today)
        if end is not None and since is not None:
            return (days.first_day(since, "from_date", today), end), None
        held = None if table is None else self._engine.days(table)
        end = end or (held[1] if held else today - timedelta(days=1))
        if last is not None:
            return (days.days_before(last, "last", end), end), None
        if since is not None:
            return self._since(days.first_day(since, "from_date", today), end, table)
        count = (end - held[0]).days + 1 if held else 0
        if held and 1 <= count <= WHOLE_TABLE_DAYS:
            return (held[0], end), None if until is not None else f"all {count} days it holds"
        which = f"{'its' if held else 'the'} last {USUAL_DAYS} days"
        return (end - timedelta(days=USUAL_DAYS - 1), end), None if until is not None else which

    def _since(self, first: date, end: date, table: str | None) -> tuple[Range, str | None]:
        """The days from ``first`` to where the data ends."""
        if first > end:
            message = [Word("from_date"), f" is {first}, and {table or 'what is over'} ends on {end}."]
            hint = ["Give an earlier day, or both ", Word("from_date"), " and ", Word("to_date"), "."]
            raise ParameterError(message, parameter="from_date", value=str(first), hint=hint)
        return (first, end), None


def days_of_groups(diff: Any) -> Range | None:
    """The days of the first of two groups; None where the groups are no days."""
    return None if diff is None else group_of(Groups()(diff, "diff")[0]).days


def days_to_fetch(given: Mapping[str, Any], today: date) -> tuple[date | None, date | None]:
    """The first and the last day of a fetch; None where neither is given, nor a period.

    Args:
        given: ``from_date``, ``to_date``, ``last`` and ``during``, as they were typed.
        today: The day it is in the project; a fetch without an end goes on to the day before.

    Raises:
        ParameterError: Days are wrong, or given twice.
    """
    return _asked_days(given, today, today - timedelta(days=1))


def days_to_list(given: Mapping[str, Any], today: date, end: date) -> tuple[date | None, date | None]:
    """The first and the last day of a listing; None where it has no such bound.

    Args:
        given: As for :func:`days_to_fetch`.
        today: The day it is in the project.
        end: The day with which ``last`` ends where there is no ``to_date``.

    Raises:
        ParameterError: Days are wrong, or given twice.
    """
    first, final = _asked_days(given, today, end)
    if all(given[name] is None for name in ("to_date", "last", "during")):
        return first, None
    return (first, final) if first is None or final is None else in_order(first, final)


def _asked_days(given: Mapping[str, Any], today: date, end: date) -> tuple[date | None, date | None]:
    """The first and the last day, which is ``end`` where it is open."""
    since, until, last, during = (given[name] for name in ("from_date", "to_date", "last", "during"))
    _check_once(since, until, last, during)
    if during is not None:
        return days.period(during, "during", today)
    end = end if until is None else days.last_day(until, "to_date", today)
    if last is not None:
        return days.days_before(last, "last", end), end
    if since is not None:
        return days.first_day(since, "from_date", today), end
    return None, None if until is None else end


def _check_once(since: Any, until: Any, last: Any, during: Any) -> None:
    """Refuse days that are given in two ways."""
    for name, value in (("during", during), ("last", last)):
        others = {"from_date": since, "to_date": until if name == "during" else None, "during": during}
        for other in (each for each in others if each != name and others[each] is not None):
            if value is not None:
                raise _contradiction(name, other, value)


def _of_mixpanel(query: type[Query[Any]], values: Mapping[str, Any]) -> bool:
    """Whether a value is given that only Mixpanel can do something with."""
    known = parameters_of(query)
    given = (known[name].label for name, value in values.items() if value is not None and name in known)
    return any(label is not None and label.only == "Mixpanel" for label in given)


def _contradiction(name: str, other: str, value: Any) -> ParameterError:
    message = [Word(name), " and ", Word(other), " do not go together."]
    return ParameterError(message, parameter=name, value=value, hint="Leave out one of them.")
