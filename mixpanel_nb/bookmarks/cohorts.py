"""Cohorts of a bookmark, and what users did how often: named here, so that expressions can say them.

An expression names a cohort, ``in_cohort("Pro members")``. Who is in it stands beside the query, in
``Reading.cohorts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.bookmarks.refusals import untranslated
from mixpanel_nb.queries.customs import COHORT, saved_cohort

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_nb.queries import Query

COHORTS = "$cohorts"
FUNCTION = "in_cohort"
FREQUENCY = "$frequency"
_AT_LEAST = {"is at least": 0, "is greater than": 1}
_AT_MOST = {"is at most": 1, "is less than": 0}


def clause_of(name: str) -> dict[str, Any]:
    """The filter by a cohort: one that is saved in Mixpanel, ``$cohort:42``, or one of the database."""
    return {
        "resourceType": "events",
        "filterType": "list",
        "defaultType": "list",
        "filterValue": [{"cohort": {"negated": False, **_entry_of(name)}}],
        "filterOperator": "contains",
        "value": COHORTS,
    }


def negated(clause: Mapping[str, Any]) -> dict[str, Any]:
    """The filter by a cohort, as :func:`clause_of` has it, for all others; both fields say so."""
    entry = clause["filterValue"][0]["cohort"]
    return {
        **clause,
        "filterOperator": "does not contain",
        "filterValue": [{"cohort": entry | {"negated": True}}],
    }


def group_of(name: str) -> dict[str, Any]:
    """The group by a cohort: one that is saved in Mixpanel, ``$cohort:42``, or one of the database."""
    entry = _entry_of(name)
    one = {"negated": False, "data_group_id": None, **entry, **({"groups": []} if "id" in entry else {})}
    return {
        "value": [f"in {name}", f"not in {name}"],
        "resourceType": "events",
        "profileType": None,
        "search": "",
        "dataGroupId": None,
        "propertyType": None,
        "typeCast": None,
        "cohorts": [one, one | {"negated": True}],
        "isHidden": False,
    }


def _entry_of(name: str) -> dict[str, Any]:
    """What names a cohort; one of the database has no id, and is defined by ``inline.defined``."""
    number = saved_cohort(name)
    return {"name": name} if number is None else {"name": "", "id": number}


def clauses_of(query: Query[Any]) -> list[dict[str, Any]]:
    """The filters by the cohorts of ``in_cohort`` and ``not_in_cohort``."""
    inside = [clause_of(name) for name in getattr(query, "in_cohort", ())]
    return [*inside, *(negated(clause_of(name)) for name in getattr(query, "not_in_cohort", ()))]


def condition_of(clause: Mapping[str, Any]) -> str | None:
    """A filter by cohort or by frequency as an expression; None for any other filter.

    Raises:
        ParameterError: it is one of an unknown form.
    """
    if clause.get("value") == COHORTS:
        return _membership(clause)
    if _frequency_of(clause) is not None:
        name, negated = _frequency_name(clause)
        return _called(name, negated=negated)
    return None


def breakdown_of(group: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """A group by cohort as a breakdown, and its segments by their names here; None for any other group.

    Raises:
        ParameterError: a cohort's name cannot be said in a breakdown.
    """
    listed = group.get("cohorts")
    if not listed:
        return None
    labels = group.get("value")
    shown = labels if isinstance(labels, list) else [labels]
    names = list(dict.fromkeys(_name_of(each) for each in listed))
    if len(names) != 1 or "," in names[0]:
        raise untranslated("a group by several cohorts, or by one with a comma in its name", labels)
    (name,) = names
    renamed = {
        f"{'not in' if each.get('negated') else 'in'} {name}": str(label)
        for each, label in zip(listed, shown, strict=False)
    }
    return f"cohort:{name}", renamed


def of_flow(entry: Mapping[str, Any] | None) -> str | None:
    """The filter of a flow by a cohort, as an expression."""
    return None if not entry else _called(_name_of(entry), negated=bool(entry.get("negated")))


def cohorts_of(params: Any) -> dict[str, dict[str, Any]]:
    """What each cohort that a bookmark mentions is, by the name that expressions give it.

    ``{"id": 12}``, ``{"raw_cohort": …}`` or ``{"frequency": …}``, the latter with the least number of times.

    Raises:
        ParameterError: two cohorts have one name.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, definition in _mentioned(params):
        if found.setdefault(name, definition) != definition:
            raise untranslated(f"two cohorts that are both called {name!r}", name)
    return found


def _mentioned(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        for each in node:
            yield from _mentioned(each)
    if not isinstance(node, dict):
        return
    single = node.get("filter_by_cohort"), node.get("cohort")
    for entry in (*single, *(node.get("cohorts") or ())):
        if isinstance(entry, dict):
            yield _name_of(entry), {each: entry[each] for each in ("id", "raw_cohort") if each in entry}
    frequency = _frequency_of(node)
    if frequency is not None and "filterOperator" in node:
        name, _ = _frequency_name(node)
        yield name, {"frequency": frequency, "least": _least(node)}
    for name, value in node.items():
        if name != "raw_cohort":
            yield from _mentioned(value)


def _membership(clause: Mapping[str, Any]) -> str:
    negated = clause.get("filterOperator") == "does not contain"
    try:
        called = [
            _called(_name_of(each["cohort"]), negated=negated or bool(each["cohort"].get("negated")))
            for each in clause["filterValue"]
        ]
    except (KeyError, TypeError, AttributeError):
        raise untranslated("a filter by cohort of an unknown form", clause.get("filterValue")) from None
    if not called:
        raise untranslated("a filter by no cohort", clause)
    joint = " and " if negated else " or "
    return joint.join(f"({each})" for each in called) if len(called) > 1 else called[0]


def _called(name: str, *, negated: bool) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{"not " if negated else ""}in_cohort("{escaped}")'


def _name_of(entry: Mapping[str, Any]) -> str:
    name, number = entry.get("name"), entry.get("id")
    if isinstance(name, str) and name.strip():
        return name.strip()
    return "cohort" if number is None else f"{COHORT}{number}"


def _frequency_of(clause: Mapping[str, Any]) -> Mapping[str, Any] | None:
    behavior = clause.get("behavior")
    is_one = isinstance(behavior, dict) and behavior.get("behaviorType") == FREQUENCY
    return behavior if is_one else None


def _frequency_name(clause: Mapping[str, Any]) -> tuple[str, bool]:
    """The name of those who did something at least so often, and whether the filter means all others."""
    event = ((_frequency_of(clause) or {}).get("event") or {}).get("value")
    return f"{event} at least {_least(clause)} times", clause.get("filterOperator") in _AT_MOST


def _least(clause: Mapping[str, Any]) -> int:
    operator, value = str(clause.get("filterOperator")), clause.get("filterValue")
    more = (_AT_LEAST | _AT_MOST).get(operator)
    if more is None or not isinstance(value, int) or isinstance(value, bool):
        raise untranslated(f"a filter by frequency {operator!r} {value!r}", value)
    return value + more
