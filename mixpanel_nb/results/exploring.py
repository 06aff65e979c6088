"""What can be changed about a question: the form above a report's answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display.charts import CHART_KINDS
from mixpanel_nb.display.widgets import Explorer, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mixpanel_nb.results.query import SQLResult
    from mixpanel_nb.results.question import Asker, Question
    from mixpanel_nb.results.report import ReportResult

_REPORTS = {
    "segmentation": "Segmentation",
    "event_counts": "Several events",
    "property_counts": "Property values",
    "funnel": "Funnel",
    "retention": "Retention",
    "frequency": "Frequency",
    "segmentation_sum": "Sum of a number",
    "segmentation_average": "Average of a number",
    "segmentation_numeric": "Ranges of a number",
}
_SHARED = ("from_date", "to_date", "table", "where")
_OF_MIXPANEL = "Mixpanel"
_ASK = "Ask Mixpanel"

_UNITS = ("minute", "hour", "day", "week", "month")
_LARGE_UNITS = ("day", "week", "month")
_WINDOW_UNITS = ("minute", "hour", "day", "week")
_TYPES = (("events", "general"), ("people", "unique"), ("events per person", "average"))
_WHERE = 'properties["plan"] == "pro"'


def explorer(result: ReportResult) -> Explorer | None:
    """The form of a report's question and its answer; None where there is no such form, or nobody to ask."""
    asked = result.asked
    if asked is None or asked.asker is None or asked.question.report not in _REPORTS:
        return None
    return Explorer(QuestionForm(asked.question, asked.asker), result)


def opened(question: Question, asker: Asker) -> Explorer:
    """The form of a question that nobody has answered yet."""
    return Explorer(QuestionForm(question, asker))


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
            ]
        ]

    def but(self, name: str, value: Any) -> ChartForm:
        """The form after a change; without a kind there is no chart."""
        options = {**(self.result.chart_options or {}), name: value}
        if name != "kind" and not options.get("kind"):
            options["kind"] = CHART_KINDS[0]
        return ChartForm(replace(self.result, chart_options=options if options.get("kind") else None))

    def answer(self) -> SQLResult:
        """The rows with their chart."""
        return self.result


@dataclass(frozen=True)
class QuestionForm:
    """A question as fields.

    Attributes:
        question: The question so far; it may lack what its report needs.
        asker: Who answers it.
    """

    question: Question
    asker: Asker

    @property
    def missing(self) -> str | None:
        """What has still to be chosen."""
        return _MISSING.get(self.question.report, _no_event)(self.question)

    @property
    def costs(self) -> str | None:
        """Mixpanel's answers cost quota, so they come when they are asked for."""
        return _ASK if self.question.table is None else None

    def answer(self) -> ReportResult:
        """The answer; errors are those of the report."""
        return self.asker.ask(self.question)

    def but(self, name: str, value: Any) -> QuestionForm:
        """The form after a change."""
        if name == "report":
            return replace(self, question=_as_report(self.question, value))
        if name == "table":
            return replace(self, question=_of_table(self.question, value))
        if isinstance(value, date):
            value = value.isoformat()
        parameters = dict(self.question.parameters)
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = _kept_filters(parameters.get(name), value) if name == "steps" else value
        return replace(self, question=replace(self.question, parameters=parameters))

    def lines(self) -> list[list[Field]]:
        """What is asked of whom; about what; when and how."""
        own, how = _FIELDS[self.question.report](self)
        return [
            [
                Field("report", "Report", "choice", self.question.report, _labelled(_REPORTS), width="180px"),
                self._source(),
                *own,
            ],
            [self._day("from_date", "From"), self._day("to_date", "To"), *how],
        ]

    # The fields

    def _source(self) -> Field:
        table = self.question.table
        tables = dict.fromkeys([*self.asker.vocabulary.tables(), *([table] if table else [])])
        choices = [(f"table {name}", name) for name in tables]
        return Field("table", "Ask", "choice", table, [*choices, (_OF_MIXPANEL, None)], width="150px")

    def _event(self, name: str, label: str, none: str | None = None) -> Field:
        return Field(name, label, "suggest", self._value(name), self._events(), none=none)

    def _property(self, name: str, label: str, event: str | None, none: str | None = None) -> Field:
        names = self.asker.vocabulary.properties(self.question.table, event)
        return Field(name, label, "suggest", self._value(name), names, none=none, hint="name or expression")

    def _number(self, event: str | None) -> Field:
        names = self.asker.vocabulary.numbers(self.question.table, event)
        return Field("on", "Number", "suggest", self._value("on"), names, hint="name or expression")

    def _choice(self, name: str, label: str, choices: Iterable[Any], default: Any) -> Field:
        return Field(name, label, "choice", self._value(name, default), tuple(choices))

    def _whole(self, name: str, label: str, default: int) -> Field:
        return Field(name, label, "number", self._value(name) or default)

    def _day(self, name: str, label: str) -> Field:
        return Field(name, label, "date", date.fromisoformat(str(self.question.parameters[name])))

    def _where(self, name: str = "where", label: str = "Where") -> Field:
        return Field(name, label, "text", self._value(name), hint=_WHERE)

    def _events(self) -> list[str]:
        return self.asker.vocabulary.events(self.question.table)

    def _value(self, name: str, default: Any = None) -> Any:
        return self.question.parameters.get(name, default)


_Lines = tuple[list[Field], list[Field]]


def _segmentation(form: QuestionForm) -> _Lines:
    event = form._value("event")
    own = [form._event("event", "Event"), form._property("on", "By", event, none="(total)")]
    return own, [*_counting(form), form._where()]


def _numeric(form: QuestionForm) -> _Lines:
    own = [form._event("event", "Event"), form._number(form._value("event"))]
    return own, [*_counting(form), form._whole("buckets", "Ranges", 10), form._where()]


def _calculated(form: QuestionForm) -> _Lines:
    own = [form._event("event", "Event"), form._number(form._value("event"))]
    return own, [form._choice("unit", "Per", _UNITS, "day"), form._where()]


def _event_counts(form: QuestionForm) -> _Lines:
    events = form._value("events") or []
    chosen = [events] if isinstance(events, str) else list(events)
    return [Field("events", "Event", "list", chosen, form._events())], [*_counting(form), form._where()]


def _property_counts(form: QuestionForm) -> _Lines:
    own = [form._event("event", "Event"), form._property("prop", "Property", form._value("event"))]
    return own, [*_counting(form), form._where()]


def _funnel(form: QuestionForm) -> _Lines:
    if form.question.table is None:  # whose funnels have their steps and window saved with them
        funnels = form.asker.vocabulary.funnels()
        own = [
            Field("funnel_id", "Saved funnel", "choice", _known(form._value("funnel_id"), funnels), funnels)
        ]
        return own, [form._where()]
    within = [form._whole("window", "Within", 7), form._choice("window_unit", "", _WINDOW_UNITS, "day")]
    steps = [step if isinstance(step, str) else step[0] for step in form._value("steps") or []]
    own = [Field("steps", "Step", "list", steps, form._events())]
    by = form._property("on", "By", steps[0] if steps else None, none="(all)")
    return own, [*within, by, form._where()]


def _retention(form: QuestionForm) -> _Lines:
    own = [form._event("born_event", "First"), form._event("return_event", "Then", none="(any event)")]
    how = [
        form._choice("unit", "Per", _LARGE_UNITS, "day"),
        form._whole("interval_count", "Periods", 10),
        form._property("on", "By", form._value("born_event"), none="(all)"),
        form._where("born_where", "First where"),
    ]
    return own, how


def _frequency(form: QuestionForm) -> _Lines:
    own = [form._event("event", "Event", none="(any event)")]
    how = [
        form._choice("unit", "Per", _LARGE_UNITS, "day"),
        form._choice("addiction_unit", "Count", (("hours", "hour"), ("days", "day")), "hour"),
        form._where(),
    ]
    return own, how


def _counting(form: QuestionForm) -> list[Field]:
    return [form._choice("unit", "Per", _UNITS, "day"), form._choice("type", "Count", _TYPES, "general")]


_FIELDS: dict[str, Callable[[QuestionForm], _Lines]] = {
    "segmentation": _segmentation,
    "event_counts": _event_counts,
    "property_counts": _property_counts,
    "funnel": _funnel,
    "retention": _retention,
    "frequency": _frequency,
    "segmentation_sum": _calculated,
    "segmentation_average": _calculated,
    "segmentation_numeric": _numeric,
}


# What is missing


def _no_event(question: Question) -> str | None:
    return None if question.parameters.get("event") else "Choose an event."


def _no_number(question: Question) -> str | None:
    return _no_event(question) or (None if question.parameters.get("on") else "Choose a number.")


def _no_property(question: Question) -> str | None:
    return _no_event(question) or (None if question.parameters.get("prop") else "Choose a property.")


def _no_steps(question: Question) -> str | None:
    if question.table is None:
        return None if question.parameters.get("funnel_id") else "Choose a saved funnel."
    return None if len(question.parameters.get("steps") or []) > 1 else "Choose at least two steps."


_MISSING: dict[str, Callable[[Question], str | None]] = {
    "event_counts": lambda question: None if question.parameters.get("events") else "Choose an event.",
    "property_counts": _no_property,
    "funnel": _no_steps,
    "retention": lambda question: (
        None if question.parameters.get("born_event") else "Choose the first event."
    ),
    "frequency": lambda _: None,
    "segmentation_sum": _no_number,
    "segmentation_average": _no_number,
    "segmentation_numeric": _no_number,
}


# From one report to another


def _as_report(question: Question, report: str) -> Question:
    """The same days, source, filter and event, asked of another report."""
    before = question.parameters
    kept = {name: before[name] for name in _SHARED if before.get(name) is not None}
    event = _main_event(question)
    if event is not None:
        kept |= {"events": [event]} if report == "event_counts" else {}
        kept |= {"steps": [event]} if report == "funnel" else {}
        kept |= {"born_event": event} if report == "retention" else {}
        if report not in {"event_counts", "funnel", "retention", "frequency"}:
            kept["event"] = event
    if report == "retention":
        kept["unit"] = "week"
        kept |= {"born_where": kept.pop("where")} if "where" in kept else {}
    if report == "frequency":
        kept |= {"unit": "week", "addiction_unit": "day"}
    return replace(question, report=report, parameters=kept)


def _of_table(question: Question, table: str | None) -> Question:
    """The same question of another table, or of Mixpanel, without what only the other one can do."""
    parameters = {name: value for name, value in question.parameters.items() if name != "table"}
    if table is not None:
        parameters["table"] = table
    if question.report == "funnel":
        for name in ("funnel_id",) if table is not None else ("steps", "on", "window", "window_unit"):
            parameters.pop(name, None)
    return replace(question, parameters=parameters)


def _main_event(question: Question) -> str | None:
    parameters = question.parameters
    events = parameters.get("events") or []
    steps = parameters.get("steps") or []
    first = [events] if isinstance(events, str) else [*events, *steps]
    found = parameters.get("event") or parameters.get("born_event") or next(iter(first), None)
    return found[0] if isinstance(found, tuple) else found


def _kept_filters(before: Any, names: list[str]) -> list[Any]:
    """The steps of these names, each with the filter it had."""
    filters = {step[0]: step for step in before or [] if not isinstance(step, str)}
    return [filters.get(name, name) for name in names]


def _known(value: Any, choices: list[tuple[str, int]]) -> Any:
    return value if any(value == known for _, known in choices) else None


def _labelled(names: dict[str, str]) -> list[tuple[str, str]]:
    return [(label, name) for name, label in names.items()]
