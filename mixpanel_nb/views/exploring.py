"""The explorer's form above an answer, made of the query's declared fields."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display.charts import CHART_KINDS
from mixpanel_nb.display.widgets import Explorer, Field
from mixpanel_nb.errors import ParameterError, did_you_mean
from mixpanel_nb.queries import QUERIES, Segmentation, parameters_of
from mixpanel_nb.queries.base import types_of
from mixpanel_nb.queries.checks import (
    COMPARISONS,
    Brackets,
    Breakdowns,
    Comparison,
    Day,
    Exclusions,
    Expansions,
    Flag,
    Name,
    OneOf,
    OneStep,
    Optional,
    Several,
    Steps,
    Text,
    Whole,
    WordOr,
    parse_expansion,
    whole_or_word,
    without_none,
)
from mixpanel_nb.queries.checks import Names as ListOfNames
from mixpanel_nb.queries.days import DayOrDays, Days
from mixpanel_nb.queries.formulas import Formulas
from mixpanel_nb.queries.groups import COHORT, Groups
from mixpanel_nb.queries.metric_words import parse_metric
from mixpanel_nb.queries.metrics import Metric, Metrics, PropertiesOrBuckets
from mixpanel_nb.queries.shared import WHERE_EXAMPLE
from mixpanel_nb.queries.why import OneMetric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_nb.queries import Parameter, Query
    from mixpanel_nb.results.query import SQLResult
    from mixpanel_nb.results.question import QueryService
    from mixpanel_nb.results.report import ReportResult

OFFERED = (
    "segmentation",
    "insights",
    "active",
    "event_counts",
    "property_counts",
    "funnel",
    "retention",
    "flow",
    "frequency",
    "sessions",
    "experiment",
    "signal",
    "why",
    "anomalies",
    "segmentation_sum",
    "segmentation_average",
    "segmentation_numeric",
)
"""The reports that the form offers, in its order."""

_DAYS_HINT = "2025-02-18, or 2025-02-10..2025-02-16"
_SMOOTH = (3, 7, 14, 28)
_LOOKS = ("group", "log", "smooth")
_KEPT = {"on": "properties", "unit": None}
"""Fields that other reports have too, and the names that they take: numbers in ``on`` are not kept."""
_DAYS = ("from_date", "to_date")
_SHARED = (*_DAYS, "table", "where")
_OF_MIXPANEL = "Mixpanel"
_ASK = "Ask Mixpanel"
_BEGUN_WITH: dict[str, dict[str, Any]] = {
    "retention": {"unit": "week"},
    "frequency": {"unit": "week", "addiction_unit": "day"},
}
"""What a report begins with where another one was shown before."""


def explorer(result: ReportResult) -> Explorer | None:
    """The form of a report's query and its answer; None if there is no such form, or no service."""
    asked = result.question
    if asked is None or asked.service is None or asked.query.name not in OFFERED:
        return None
    kept = {name: day.isoformat() for name in _DAYS if (day := getattr(result, name, None)) is not None}
    return Explorer(QueryForm(type(asked.query), asked.query.given(), asked.service, kept), result)


def opened(report: str, given: Mapping[str, Any], service: QueryService) -> Explorer:
    """The form of a report without an answer yet.

    Args:
        report: One of ``OFFERED``.
        given: The values of a segmentation, of which the report takes over what it has a field for.
        service: Answers the query.
    """
    form = QueryForm(Segmentation, given, service)
    return Explorer(form if report == Segmentation.name else form.but("report", report))


def check_offered(report: str) -> None:
    """Check that there is a form of a report.

    Raises:
        ParameterError: there is none.
    """
    if report not in OFFERED:
        hint = did_you_mean(report, OFFERED) or f"The reports are {', '.join(OFFERED)}."
        raise ParameterError(
            f"There is no form of {report[:60]!r}.", parameter="report", value=report, hint=hint
        )


def drawn(result: SQLResult) -> Explorer:
    """The rows of a query, and which of their columns are drawn how."""
    return Explorer(ChartForm(result), result)


@dataclass(frozen=True)
class ChartForm:
    """How rows are drawn, as fields.

    Attributes:
        result: The rows, and how they are drawn so far.
    """

    result: SQLResult
    missing: ClassVar[str | None] = None
    costs: ClassVar[str | None] = None

    def lines(self) -> list[list[Field]]:
        """The kind of chart, and the columns on it; where none is chosen, their types say."""
        options = self.result.chart_options or {}
        none = "(by its type)" if options.get("kind") else "—"
        columns = [(none, None), *((name, name) for name in self.result.column_names)]
        kinds = [("(no chart)", None), *((kind, kind) for kind in CHART_KINDS)]
        axes = [("x", "x"), ("y", "y"), ("color", "Colour")]
        return [
            [
                Field("kind", "Chart", "choice", options.get("kind"), kinds),
                *(Field(n, label, "choice", options.get(n), columns, width="190px") for n, label in axes),
            ],
            *([self._look(options)] if options.get("kind") else []),
        ]

    def _look(self, options: Mapping[str, Any]) -> list[Field]:
        """What the kind of chart can look like."""
        fields: list[Field] = []
        if options["kind"] == "bar":
            beside = [("on each other", None), ("beside each other", True)]
            fields.append(Field("group", "Colours", "choice", options.get("group") or None, beside))
        if options["kind"] in {"line", "point"}:
            scale = [("linear", None), ("logarithmic", True)]
            fields.append(Field("log", "Axis", "choice", options.get("log") or None, scale))
        if options["kind"] == "line":
            means = [("(as they are)", None), *((f"mean of {size}", size) for size in _SMOOTH)]
            fields.append(Field("smooth", "Values", "choice", options.get("smooth"), means))
        return [*fields, Field("title", "Title", "text", options.get("title"))]

    def but(self, name: str, value: Any) -> ChartForm:
        """The form after a change; without a kind there is no chart."""
        options = {**(self.result.chart_options or {}), name: value}
        if name == "kind":  # the look of another kind
            options = {each: kept for each, kept in options.items() if each not in {"stack", *_LOOKS}}
        if name != "kind" and not options.get("kind"):
            options["kind"] = CHART_KINDS[0]
        return ChartForm(replace(self.result, chart_options=options if options.get("kind") else None))

    def answer(self) -> SQLResult:
        """The rows with their chart."""
        return self.result


@dataclass(frozen=True)
class QueryForm:
    """A query as fields.

    Attributes:
        query: The kind of query.
        given: Its values so far, as they would be written down; it may lack some that it needs.
        service: Answers the query.
        kept: Values of reports shown before, for those that ask for the like: see ``_KEPT``.
    """

    query: type[Query[Any]]
    given: Mapping[str, Any]
    service: QueryService
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> str | None:
        """What has still to be chosen."""
        for name, parameter in self._fields():
            needed, value = parameter.label and parameter.label.needed, self.given.get(name)
            if parameter.label and any(map(self.given.get, parameter.label.unless)):
                continue
            if needed and (not value or _is_short(parameter, value)):
                return needed
            if isinstance(without_none(parameter.check), Groups) and len(_listed(value)) == 1:
                return "Name a second group."
            if parameter.any_of_tables and self.table is None and not value:
                return "Choose an event."
        return None

    @property
    def costs(self) -> str | None:
        """Mixpanel's answers cost quota, so they come when they are asked for."""
        return _ASK if self.table is None else None

    @property
    def table(self) -> str | None:
        """The table that is asked; None for Mixpanel."""
        return self.given.get("table")

    def answer(self) -> ReportResult:
        """The answer; errors are those of the report."""
        anything = [name for name, each in parameters_of(self.query).items() if each.any_of_tables]
        answer: ReportResult = self.service.ask(self.query.of({**dict.fromkeys(anything), **self.given}))
        return answer

    def but(self, name: str, value: Any) -> QueryForm:
        """The form after a change."""
        if name == "report":
            return self._as_report(QUERIES[value])
        if isinstance(value, date):
            value = value.isoformat()
        given = {each: kept for each, kept in self.given.items() if each != name}
        if value not in (None, []):
            given = {each: kept for each, kept in given.items() if not self._gives_way(each, kept, name)}
            given[name] = self._with_filters(name, value)
        if name == "table":
            given = {each: kept for each, kept in given.items() if self._serves(each, value)}
        return replace(self, given=given)

    def _gives_way(self, name: str, value: Any, chosen: str) -> bool:
        """Whether a field that is not whole gives way to another that was chosen in its place."""
        parameter = parameters_of(self.query).get(name)
        if parameter is None or parameter.label is None:
            return False
        return chosen in parameter.label.unless and _is_short(parameter, value)

    def _with_filters(self, name: str, value: Any) -> Any:
        """The names of steps, each with the filter it had; any other value as it is."""
        check, before = (
            parameters_of(self.query)[name].check if name in parameters_of(self.query) else None,
            self.given.get(name),
        )
        if isinstance(check, Steps | Exclusions):
            return _kept_filters(before, value)
        if isinstance(check, Expansions):
            return [parse_expansion(word) for word in value]
        if isinstance(check, Optional) and isinstance(check.check, WordOr):
            return whole_or_word(value)
        if isinstance(check, Several) and isinstance(check.check, Whole):
            return [int(number) if number.isdecimal() else number for number in value]
        return _kept_filters([before], [value])[0] if isinstance(check, OneStep) and before else value

    def lines(self) -> list[list[Field]]:
        """What is asked of whom; about what; when and how."""
        reports = [(QUERIES[name].title, name) for name in OFFERED]
        report = Field("report", "Report", "choice", self.query.name, reports, width="180px")
        fields = [(parameter, self._field(name, parameter)) for name, parameter in self._fields()]
        subject = [
            field for parameter, field in fields if parameter.label and parameter.label.line == "subject"
        ]
        details = [field for _, field in fields if field not in subject]
        details.sort(key=lambda field: (field.kind == "text", field.kind != "date"))
        return [[report, self._source(), *subject], details]

    # The fields

    def _fields(self) -> Iterator[tuple[str, Parameter]]:
        for name, parameter in parameters_of(self.query).items():
            if parameter.label is None or not self._serves(name, self.table):
                continue
            if parameter.label.names == "cohorts" and not self._has_cohorts(name):
                continue
            yield name, parameter

    def _has_cohorts(self, name: str) -> bool:
        """Whether there are cohorts to choose from, or one is chosen."""
        return bool(self.given.get(name) or self.service.vocabulary.cohorts())

    def _serves(self, name: str, table: str | None) -> bool:
        """Whether a field means something to whom is asked."""
        parameter = parameters_of(self.query).get(name)
        only = parameter and parameter.label and parameter.label.only
        return only is None or only == ("Mixpanel" if table is None else "tables")

    def _source(self) -> Field:
        tables = dict.fromkeys([*self.service.vocabulary.tables(), *([self.table] if self.table else [])])
        choices = [(f"table {name}", name) for name in tables]
        return Field("table", "Ask", "choice", self.table, [*choices, (_OF_MIXPANEL, None)], width="150px")

    def _field(self, name: str, parameter: Parameter) -> Field:
        label, value = parameter.label, self.given.get(name)
        assert label is not None  # noqa: S101 - _fields() gives no others
        check = without_none(parameter.check)
        match check:
            case Day():
                day = None if value is None else date.fromisoformat(str(value))
                return Field(name, label.text, "date", day)
            case DayOrDays():
                return Field(name, label.text, "text", None if value is None else str(value), hint=_DAYS_HINT)
            case Days():
                return Field(name, label.text, "text", value, hint=label.none or "")
            case OneOf():
                default = getattr(self.query, name, None)
                choices = label.choices or check.choices
                return Field(name, label.text, "choice", value or default, choices)
            case Flag():
                return Field(name, label.text, "choice", bool(value), [("no", False), ("yes", True)])
            case Comparison():
                own = [(value, value)] if _are_days(value) else []
                periods = [(label.none or "", None), *label.choices, *own]
                return Field(name, label.text, "choice", value, periods)
            case Whole() if label.choices:
                is_own = all(value != known for _, known in label.choices)
                own = [(str(value), value)] if is_own else []
                return Field(name, label.text, "choice", value, [*label.choices, *own])
            case Whole() if label.names == "funnels":
                return self._saved_funnel(name, label.text, value)
            case Whole():
                return Field(name, label.text, "number", label.default if value is None else value)
            case Brackets():
                text = (
                    None if value is None else ",".join(map(str, value)) if isinstance(value, list) else value
                )
                return Field(name, label.text, "text", text, hint="0,1,3,7,14,30")
            case Groups():
                cohorts = [f"{COHORT}{each}" for each in self.service.vocabulary.cohorts()]
                return Field(name, label.text, "list", _listed(value), cohorts, none=label.none)
            case Breakdowns() if isinstance(value, list | tuple):
                names = self._names(label.names)
                return Field(name, label.text, "list", list(value), names)
            case Metrics():
                events = [str(Metric(event)) for event in self.service.vocabulary.events(self.table)]
                return Field(name, label.text, "list", _listed(value), events)
            case PropertiesOrBuckets():
                return Field(name, label.text, "list", _listed(value), self._names(label.names))
            case WordOr() if label.default is not None:
                word = str(label.default if value is None else value)
                return Field(
                    name, label.text, "suggest", word, [each for each, _ in label.choices], width="90px"
                )
            case _ if isinstance(label.default, int):
                return Field(name, label.text, "number", value if isinstance(value, int) else label.default)
            case Expansions():
                words = [f"{event} by {prop}" for event, prop in value or ()]
                return Field(name, label.text, "list", words, none=label.none)
            case Formulas():
                return Field(name, label.text, "list", _listed(value), none=label.none)
            case WordOr() if label.choices:
                return Field(name, label.text, "choice", value or 1, [*self._numbered(), *label.choices])
            case Several(check=Whole()):
                numbers = [value] if isinstance(value, int) else value or []
                known = [str(number) for _, number in self._numbered()]
                return Field(name, label.text, "list", [*map(str, numbers)], known, none=label.none)
            case Steps() | ListOfNames() | Exclusions() | Several():
                names = [value] if isinstance(value, str) else [_event_of(item) for item in value or []]
                known = [*self._names(label.names), *parameter.also]
                return Field(name, label.text, "list", names, known, none=label.none)
            case OneStep():
                event = None if value is None else _event_of(value)
                events = [*self.service.vocabulary.events(self.table), *parameter.also]
                return Field(name, label.text, "suggest", event, events, none=label.none)
            case Text():
                return Field(name, label.text, "text", value, hint=WHERE_EXAMPLE)
            case _:
                hint = "" if label.names == "events" else "name or expression"
                names = self._names(label.names)
                return Field(name, label.text, "suggest", value, names, none=label.none, hint=hint)

    def _numbered(self) -> list[tuple[str, int]]:
        """The steps of a funnel by their numbers."""
        return [(f"step {number}", number) for number, _ in enumerate(self.given.get("steps") or [1], 1)]

    def _names(self, kind: str | None) -> list[str]:
        vocabulary, event = self.service.vocabulary, self._main_event()
        if kind == "cohorts":
            return vocabulary.cohorts()
        if kind == "events":
            return vocabulary.events(self.table)
        ask = vocabulary.numbers if kind == "numbers" else vocabulary.properties
        return ask(self.table, event)

    def _saved_funnel(self, name: str, label: str, value: Any) -> Field:
        funnels = self.service.vocabulary.funnels()
        known = value if any(value == number for _, number in funnels) else None
        return Field(name, label, "choice", known, funnels)

    # From one report to another

    def _as_report(self, query: type[Query[Any]]) -> QueryForm:
        """The same days, source, filter, event, breakdown and unit, asked of another report."""
        known, kept = parameters_of(query), self._to_keep()
        given = {name: kept[name] for name in _SHARED if name in kept and (name in known or name == "where")}
        given |= _BEGUN_WITH.get(query.name, {})
        place, event = _main_field(query), kept.get("event")
        if place is not None and event is not None:
            word = str(Metric(event)) if isinstance(without_none(known[place].check), Metrics) else event
            given[place] = [word] if "tuple" in str(types_of(query)[place].__origin__) else word
        if "to_date" in kept and "to_date" not in known:
            given["date"] = kept["to_date"]
        if "where" in given and "where" not in known:
            given["born_where"] = given.pop("where")
        return replace(self, query=query, given=given | _fitting(query, kept), kept=kept)

    def _to_keep(self) -> dict[str, Any]:
        """What was kept before, and what this report has of it; what it could have and has not is dropped."""
        kept = {name: value for name, value in self.kept.items() if name not in _SHARED or name in _DAYS}
        kept |= {name: self.given[name] for name in _SHARED if self.given.get(name) is not None}
        for name in _KEPT:
            if _is_kept(self.query, name):
                kept[name] = self.given.get(name)
        if _main_field(self.query) is not None:
            kept["event"] = self._main_event()
        return {name: value for name, value in kept.items() if value is not None}

    def _main_event(self) -> str | None:
        """The first event that the query is about."""
        for name, parameter in parameters_of(self.query).items():
            value = self.given.get(name)
            if parameter.label and parameter.label.names == "events" and value:
                first = value if isinstance(value, str) else _event_of(value[0])
                of_metrics = isinstance(without_none(parameter.check), Metrics | OneMetric)
                return parse_metric(first).event if of_metrics else first
        return None


def _is_kept(query: type[Query[Any]], name: str) -> bool:
    """Whether a report has a field, of the kind that is kept."""
    parameter = parameters_of(query).get(name)
    return parameter is not None and parameter.label is not None and parameter.label.names == _KEPT[name]


def _fitting(query: type[Query[Any]], kept: Mapping[str, Any]) -> dict[str, Any]:
    """What was kept and the report has a field for, as that field takes it."""
    known, fitting = parameters_of(query), {}
    if "on" in kept and _is_kept(query, "on"):
        several = isinstance(kept["on"], list | tuple)
        check = known["on"].check
        single = isinstance(check.check if isinstance(check, Optional) else check, Name)
        fitting["on"] = kept["on"][0] if several and single else kept["on"]
    unit = kept.get("unit")
    if "unit" in known and isinstance(check := known["unit"].check, OneOf) and unit in check.choices:
        fitting["unit"] = unit
        if unit == "day" and "addiction_unit" in known:
            fitting["addiction_unit"] = "hour"  # days are counted in what is longer
    return fitting


def _is_short(parameter: Parameter, value: Any) -> bool:
    """Whether there are too few steps for a funnel."""
    return isinstance(parameter.check, Steps) and len(value or ()) < 2


def _are_days(compare: str | None) -> bool:
    """Whether a comparison is with days of its own."""
    return compare is not None and compare not in COMPARISONS


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _main_field(query: type[Query[Any]]) -> str | None:
    """The field for the event that a query is about, if it needs one."""
    for name, parameter in parameters_of(query).items():
        label = parameter.label
        if label and label.names == "events" and (label.needed or label.main):
            return name
    return None


def _event_of(step: Any) -> str:
    event: str = step if isinstance(step, str) else step[0]
    return event


def _kept_filters(before: Any, names: list[str]) -> list[Any]:
    """The steps of these names, each with the filter it had."""
    filters = {step[0]: step for step in before or [] if not isinstance(step, str)}
    return [filters.get(name, name) for name in names]
