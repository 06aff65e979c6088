"""``CohortService``: cohorts of the database, computed from tables, queries, lists and Mixpanel."""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.analytics import cohorts
from mixpanel_nb.analytics.calendar import Period, later
from mixpanel_nb.analytics.context import ReportContext
from mixpanel_nb.errors import Command, ParameterError, TableExistsError, Word, did_you_mean
from mixpanel_nb.queries.checks import OneOf, Whole, check_one_of, in_order
from mixpanel_nb.queries.cohorts import Definition, Listed, OfMixpanel, OfSQL, definition_of
from mixpanel_nb.queries.funnel import MAX_ID
from mixpanel_nb.queries.shared import LARGE_UNITS
from mixpanel_nb.results.cohorts import CohortResult, CohortSizesResult, LocalCohort
from mixpanel_nb.services.local.identities import ReadUsers
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.cohorts import CohortRecord, table_of
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mixpanel_nb.bookmarks import OwnCohort
    from mixpanel_nb.services.local.project import LocalProject
    from mixpanel_nb.storage.cohorts import Bound

MAX_SIZES = 400
MAX_NAMED = 2_000
"""Users that a request for profiles can name (known from Mixpanel's own client)."""

_IDS = "SELECT unnest(CAST($ids AS VARCHAR[])) AS distinct_id"


class CohortService:
    """Computes, lists and drops the cohorts of a database.

    Args:
        project: The project and its tables.
        members: Asks Mixpanel for the ids of a saved cohort.
    """

    def __init__(self, project: LocalProject, members: Callable[[int], Iterable[str]]) -> None:
        self._project = project
        self._members = members

    def save(
        self, name: str, definition: Definition, ids: list[str] | None, table: str | None, *, replace: bool
    ) -> CohortResult:
        """Compute a cohort and keep it.

        Args:
            name: Its name.
            definition: Who is meant.
            ids: The ids of a list.
            table: The table of events; None for the usual one.
            replace: Whether it may take the place of another cohort of that name.

        Raises:
            ParameterError: a value makes no sense.
            ExpressionError: there is a mistake in an expression.
            TableNotFoundError: there is no such table.
            TableExistsError: there is another cohort of that name, or a table of its ids' name.
            StorageError: the database is read-only.
        """
        self._project.storage.check_writable()
        record = CohortRecord(table_of(name), name, json.dumps(definition.to_dict(), ensure_ascii=False))
        if name in definition.cohorts:
            message = f"The cohort {name!r} would be made of itself."
            raise ParameterError(message, parameter="definition", value=name)
        kept = next((each for each in self._project.storage.cohorts() if each.name == name), None)
        of_table = self._table(definition, table)
        if (
            kept is not None
            and not replace
            and (kept.definition, kept.of_table) != (record.definition, of_table)
        ):
            raise _other_cohort(kept)
        return self._compute(record, definition, ids, of_table)

    def refresh(self, name: str) -> CohortResult:
        """Compute a cohort again, as it is defined.

        Raises:
            ParameterError: there is no such cohort, or it is a list.
        """
        record = self._record(name)
        definition = definition_of(json.loads(record.definition))
        if isinstance(definition, Listed):
            message = f"{name!r} is a list of users, so there is nothing to compute."
            raise ParameterError(
                message, parameter="name", value=name, hint="Save it again with another list."
            )
        return self._compute(record, definition, None, record.of_table)

    def refresh_all(self, table: str) -> list[CohortResult]:
        """Compute all cohorts of a table again; those of which others are made come first."""
        defined = {each.name: each for each in self._project.storage.cohorts() if each.of_table == table}
        return [self.refresh(name) for name in _in_order(defined)]

    def found(self, name: str) -> CohortResult:
        """A cohort as it is kept.

        Raises:
            ParameterError: there is no such cohort.
        """
        return self._result(self._record(name))

    def defined(self, name: str) -> OwnCohort:
        """A cohort as a query to Mixpanel can define it.

        Raises:
            ParameterError: there is no such cohort.
        """
        from mixpanel_nb.bookmarks import OwnCohort

        record = self._record(name)
        return OwnCohort(definition_of(json.loads(record.definition)), record.from_date, record.to_date)

    def all(self) -> tuple[LocalCohort, ...]:
        """The cohorts, by name."""
        return tuple(map(_as_result, self._project.storage.cohorts()))

    def sizes(
        self, name: str, asked: Callable[[date], tuple[date | None, date | None]], unit: str
    ) -> CohortSizesResult:
        """How many users a cohort had as of the end of each bucket of the table.

        Args:
            name: The cohort.
            asked: Gives the first and the last day, from the table's last one; None for the table's own.
            unit: The buckets.

        Raises:
            ParameterError: there is no such cohort, it is not defined by what users did, or there are too
                many buckets.
        """
        record = self._record(name)
        definition = definition_of(json.loads(record.definition))
        if record.of_table is None or isinstance(definition, Listed | OfSQL | OfMixpanel):
            message = f"{name!r} is {definition.words()[:60]}, so it has no size over time."
            raise ParameterError(message, parameter="name", value=name, hint="Define it by what users did.")
        held = self._project.engine.days(record.of_table) or (self._project.today(), self._project.today())
        first, last = asked(held[1])
        period = Period(
            *in_order(first or held[0], last or held[1]),
            self._project.zone_of(record.of_table),
            self._project.week_start(),
        )
        size: Any = OneOf(LARGE_UNITS)(unit, "unit")
        starts = [start for start in period.buckets(size) if not isinstance(start, datetime)]
        if len(starts) > MAX_SIZES:
            message = f"{len(starts):,} sizes are too many; {MAX_SIZES} is the most."
            raise ParameterError(
                message, parameter="unit", value=unit, hint="Take a larger unit or fewer days."
            )
        ends = [min(later(start, size, 1) - timedelta(days=1), period.last) for start in starts]
        statement = cohorts.sizes(self.context(record.of_table), definition, ends)
        found = tuple((day, users) for day, users in self._project.engine.rows(statement))
        return CohortSizesResult(_as_result(record), unit, found, statement.rendered())

    def few_ids(self, name: str, others: object) -> list[str]:
        """The ids of a cohort, for a request to Mixpanel that names users.

        Args:
            name: The cohort.
            others: Ids that are named beside it, which does not go.

        Raises:
            ParameterError: there is no such cohort, it is empty or too large, or others are named too.
        """
        if others is not None:
            message = [Word("in_cohort"), " and ", Word("distinct_ids"), " do not go together."]
            raise ParameterError(message, parameter="in_cohort", value=name, hint="Give one of them.")
        record = self._record(name)
        if not 1 <= record.size <= MAX_NAMED:
            told = f"{name!r} has {record.size:,} users; Mixpanel can be asked for 1 to {MAX_NAMED:,}."
            every = ["Fetch all: ", Command("fetch profiles")] if record.size else "Nobody is in it."
            raise ParameterError(told, parameter="in_cohort", value=name, hint=every)
        return self._ids(record.table, None)

    def drop(self, *names: str) -> None:
        """Drop cohorts: all of them, or none if one is not there.

        Raises:
            ParameterError: there is no such cohort.
        """
        self._project.storage.drop_tables(*(self._record(name).table for name in dict.fromkeys(names)))

    def _record(self, name: str) -> CohortRecord:
        known = {each.name: each for each in self._project.storage.cohorts()}
        if name not in known:
            hint = did_you_mean(name, known) or ["See those that there are: ", Command("cohort list")]
            raise ParameterError(f"There is no cohort {name!r}.", parameter="name", value=name, hint=hint)
        return known[name]

    def _table(self, definition: Definition, table: str | None) -> str | None:
        """The table of events; where none is needed, the usual one if it is clear which that is."""
        if table is not None:
            return table
        if isinstance(definition, Listed | OfSQL | OfMixpanel):
            with suppress(ParameterError):
                return self._project.usual_table()
            return None
        usual = self._project.usual_table()
        if usual is None:
            message = "There is no table of events to find users in."
            raise ParameterError(message, parameter="table", hint=["Fetch one: ", Command("fetch events")])
        return usual

    def _compute(
        self, record: CohortRecord, definition: Definition, ids: list[str] | None, table: str | None
    ) -> CohortResult:
        context = None if table is None else self.context(table)
        held = None if table is None else self._project.engine.days(table)
        first, last = held or (None, None)
        query, shown = self._query(definition, ids, context, last or self._project.today())
        counting: Bound | None = None
        if context is not None:
            counted = cohorts.users(context, record.table)
            counting = counted.text, counted.params
        record = replace(
            record,
            of_table=table,
            from_date=first,
            to_date=last,
            computed_at=ledger.now(),
            users=None,
            found=None,
        )
        saved = self._project.storage.save_cohort(record, query, counting)
        notes = () if context is None else tuple(dict.fromkeys(context.notes))
        return replace(self._result(saved), notes=notes, sql=shown)

    def _query(
        self, definition: Definition, ids: list[str] | None, context: ReportContext | None, last: date
    ) -> tuple[Bound, str | None]:
        """The query of the ids with its values, and the SQL to show."""
        match definition:
            case OfSQL():
                return (self._project.storage.ids_of(definition.query), {}), definition.query
            case OfMixpanel():
                return (_IDS, {"ids": list(self._members(definition.cohort_id))}), None
            case Listed():
                return (_IDS, {"ids": ids or []}), None
        if context is None:
            message = "There is no table of events to find users in."
            raise ParameterError(message, parameter="table", hint=["Fetch one: ", Command("fetch events")])
        statement = cohorts.members(context, definition, last)
        return (statement.text, statement.params), statement.rendered()

    def context(self, table: str) -> ReportContext:
        """The table, for a statement of :mod:`mixpanel_nb.analytics.cohorts`."""
        zone, today = self._project.zone_of(table), self._project.today()
        users = ReadUsers.of(self._project.engine, table)
        events = users.events(self._project.engine.events(table, zone))
        return ReportContext(
            events.columns,
            partial(users.profiles, self._project.engine),
            Period(today, today, zone),
            self._project.clock(),
            notes=[] if users.note is None else [users.note],
            hidden=self._project.hidden(),
            find_cohorts=self._project.engine.cohorts,
            find_definitions=self._project.engine.definitions,
        )

    def _result(self, record: CohortRecord) -> CohortResult:
        return CohortResult(_as_result(record), read=partial(self._ids, record.table))

    def _ids(self, table: str, limit: int | None) -> list[str]:
        some = "" if limit is None else f" LIMIT {limit}"
        rows = self._project.storage.execute_rows(
            f"SELECT distinct_id FROM {identifier(table)} ORDER BY 1{some}"
        )
        return [user for (user,) in rows]


class HasIds(Protocol):
    """A result that is about users."""

    @property
    def ids(self) -> list[str]:
        """Their ids."""


def source_of(
    users: Any, sql: str | None, mixpanel: int | None
) -> tuple[Definition | None, list[str] | None]:
    """The definition of a cohort however it is given, and the ids of a list; None where nothing is given.

    Raises:
        ParameterError: it is given in two ways, or makes no sense.
    """
    check_one_of({"users": users, "sql": sql, "mixpanel": mixpanel})
    if isinstance(users, Definition):
        return users, None
    if users is not None:
        ids = ids_in(users)
        digest = hashlib.sha256(json.dumps(sorted(set(ids))).encode()).hexdigest()[:16]
        return Listed(digest), ids
    if sql is not None:
        return OfSQL(sql.strip()), None
    return (None, None) if mixpanel is None else (OfMixpanel(Whole(MAX_ID)(mixpanel, "mixpanel")), None)


def ids_in(users: Any) -> list[str]:
    """The ids of a list, a column, a frame with the column ``distinct_id``, or anything that has ``ids``.

    Empty values are left out.

    Raises:
        ParameterError: there are none to be found.
    """
    found = getattr(users, "ids", users)
    columns = getattr(found, "columns", None)
    if columns is not None:
        if "distinct_id" not in list(columns):
            hint = "Name the column of the ids distinct_id, or give the column itself."
            raise ParameterError("The frame has no column distinct_id.", parameter="users", hint=hint)
        found = found["distinct_id"]
    if isinstance(found, str | bytes) or not hasattr(found, "__iter__"):
        hint = 'Give a definition, as did("Purchase"), a list of ids, or a result of users().'
        message = f"{str(users)[:40]!r} is neither a definition of a cohort nor a list of users."
        raise ParameterError(message, parameter="users", value=users, hint=hint)
    return list(_texts(found))


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            continue
        yield str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _as_result(record: CohortRecord) -> LocalCohort:
    return LocalCohort(
        record.name,
        record.table,
        record.size,
        record.of_table,
        record.users,
        record.found,
        record.from_date,
        record.to_date,
        record.computed_at or ledger.now(),
        definition_of(json.loads(record.definition)),
    )


def _in_order(defined: Mapping[str, CohortRecord]) -> list[str]:
    """The names of cohorts that can be computed, after those that they are made of."""
    found: dict[str, None] = {}
    begun: set[str] = set()

    def visit(name: str) -> None:
        if name not in defined or name in begun:
            return
        begun.add(name)
        definition = definition_of(json.loads(defined[name].definition))
        for other in definition.cohorts:
            visit(other)
        if not isinstance(definition, Listed | OfMixpanel):
            found[name] = None

    for name in defined:
        visit(name)
    return list(found)


def _other_cohort(kept: CohortRecord) -> TableExistsError:
    words = definition_of(json.loads(kept.definition)).words()
    words = words if len(words) <= 80 else f"{words[:79]}…"
    message = f"There is a cohort {kept.name!r} already: {words}."
    hint = ["Choose another name, or ", Word("replace", value=True), "."]
    return TableExistsError(message, hint=hint, details={"table": kept.table})
