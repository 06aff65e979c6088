"""The methods of a workspace for cohorts and identities of its database."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.workspace.base import WorkspaceBase
from mixpanel_nb.workspace.defaults import days_to_list

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from mixpanel_nb.queries import LargeUnit
    from mixpanel_nb.queries.cohorts import Definition
    from mixpanel_nb.results import (
        CohortResult,
        CohortSizesResult,
        IdentitiesResult,
        LocalCohortList,
    )
    from mixpanel_nb.services.local.identities import IdentityService
    from mixpanel_nb.services.local.kept_cohorts import HasIds

    Day = str | date


class LocalUsers(WorkspaceBase):
    """Cohorts and identities of the database; :meth:`cohorts` lists those that are saved in Mixpanel."""

    def cohort(
        self,
        name: str,
        users: Definition | HasIds | Iterable[Any] | None = None,
        *,
        sql: str | None = None,
        mixpanel: int | None = None,
        table: str | None = None,
        replace: bool = False,
    ) -> CohortResult:
        """Save a set of users under a name, for any report on a table; the name alone gives the saved cohort.

        The ids are in a table of the database, ``cohort_`` and the name, in the only column ``distinct_id``.
        The same call again computes the cohort anew. ``within`` ends with the last day that the table covers;
        ``did_not`` and ``~`` mean the other users of the table.

        Args:
            name: Its name.
            users: Who is in it: a definition of ``did``, ``did_not``, ``profile`` and ``in_cohort``, joined
                by ``&``, ``|`` and ``~``; a list of ids, a DataFrame with the column ``distinct_id``, or a
                result that has ``ids``, as that of ``users()``.
            sql: A query that gives their ids, in the column ``distinct_id`` or its only one.
            mixpanel: The id of a cohort that is saved in Mixpanel, whose members are fetched (see
                :meth:`cohorts`; a query of the quota for each 1,000 members).
            table: The table of events; by default the usual one.
            replace: Replace another cohort of that name.

        Raises:
            ParameterError: a parameter makes no sense, or there is no cohort of that name.
            ExpressionError: there is a mistake in an expression.
            TableNotFoundError: there is no such table.
            TableExistsError: there is another cohort of that name, or a table of its ids' name.
            StorageError: the database is read-only.

        Example:
            >>> from mixpanel_nb import did
            >>> ws.cohort("buyers twice", did("Purchase", at_least=2, within="30d")).size
            213
            >>> ws.segmentation("Purchase", in_cohort="buyers twice", unit="month", **january).totals
            {'total': 457}
            >>> ws.drop_cohort("buyers twice")
        """
        from mixpanel_nb.services.local.kept_cohorts import source_of

        meant, ids = source_of(users, sql, mixpanel)
        if meant is None:
            return self._cohorts.found(name)
        return self._cohorts.save(name, meant, ids, table, replace=replace)

    @cached_property
    def _identities(self) -> IdentityService:
        from mixpanel_nb.services.local.identities import IdentityService

        return IdentityService(self._local_project)

    def identities(
        self,
        table: str | None = None,
        *,
        system: Literal["original", "simplified"] | None = None,
        mapping: str | Path | None = None,
    ) -> IdentitiesResult:
        """Find the users that the ids of a table are, by the links that its events carry, and keep them.

        Reports on the table count these users from then on, unless they are asked for ``identities="raw"``.
        The resolved ids are in a table of the database, ``identities_`` and the table's name, with the
        columns ``distinct_id`` and ``resolved_id``. After a fetch, ask again: the result tells what changed.
        Mixpanel is not asked. docs/local-reports.md says which links count.

        Args:
            table: The table of events; by default the usual one.
            system: Mixpanel's ID merge of the project (see its settings): ``original`` (``$identify``,
                ``$create_alias`` and ``$merge`` events; at most 500 ids a user) or ``simplified``
                (``$device_id`` and ``$user_id``); by default the one whose links there are.
            mapping: The identity mappings of Mixpanel's pipelines, instead of the links: a file of Parquet,
                CSV or JSON lines, or a table or view, with ``distinct_id`` and ``resolved_distinct_id``.

        Raises:
            ParameterError: there is no table, or no such system.
            TableNotFoundError: there is no such table.
            StorageError: it does not hold events, or the database is read-only.
            TableExistsError: another table has the name that the resolved ids would have.

        Example:
            >>> found = ws.identities()
            >>> found.ids, found.users, found.system
            (6383, 5290, 'simplified')
            >>> ws.drop("identities_events")
        """
        from mixpanel_nb.queries.checks import OneOf
        from mixpanel_nb.queries.shared import SYSTEMS

        chosen: Any = None if system is None else OneOf(SYSTEMS)(system, "system")
        return self._identities.find(table, chosen, None if mapping is None else str(mapping))

    def local_cohorts(self) -> LocalCohortList:
        """The cohorts of the database, by name."""
        from mixpanel_nb.results import LocalCohortList

        return LocalCohortList(self._cohorts.all())

    def cohort_sizes(
        self,
        name: str,
        *,
        unit: LargeUnit = "week",
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
    ) -> CohortSizesResult:
        """How many users a cohort had over time: as of the end of each day, week or month.

        Only the events up to each day count, and ``within`` ends with it. Profiles and other cohorts are
        taken as they are now.

        Args:
            name: A cohort that is defined by what users did.
            unit: ``day``, ``week`` or ``month``.
            from_date: The first day; by default the table's.
            to_date: The last day; by default the table's.
            last: The last days up to ``to_date``: ``30d``, ``12w``, ``3m`` or ``1y``.
            during: One period, such as ``2025-03``.

        Raises:
            ParameterError: there is no such cohort, it is a list or a query, there are too many days, or days
                are wrong or given twice.
        """
        asked = partial(days_to_list, locals(), self._project.today)
        return self._cohorts.sizes(name, asked, unit)

    def refresh_cohort(self, name: str) -> CohortResult:
        """Compute a cohort of the database again, as it is defined, from the table as it is now.

        Raises:
            ParameterError: there is no such cohort, or it is a list of users.
        """
        return self._cohorts.refresh(name)

    def drop_cohort(self, *names: str) -> None:
        """Drop cohorts of the database: all of them, or none if one does not exist.

        Raises:
            ParameterError: one does not exist.
        """
        self._cohorts.drop(*names)
