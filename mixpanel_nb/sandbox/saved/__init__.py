"""Saved items of a project: funnels, cohorts, reports, annotations, and Lexicon descriptions.

This package contains the kinds of saved items (``kinds``), those of the generated store (``store``,
``lexicon``) and the format of a report's parameters (``params``). The endpoints answer them. A replayed
export has no saved items, only events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.sandbox.saved.kinds import Annotation, Cohort, Entity, Funnel, Report

    Item = TypeVar("Item", Cohort, Funnel, Report)


@dataclass(frozen=True)
class Saved:
    """The saved things of one project."""

    funnels: Sequence[Funnel] = ()
    cohorts: Sequence[Cohort] = ()
    reports: Sequence[Report] = ()
    annotations: Sequence[Annotation] = ()
    lexicon: Sequence[Entity] = ()


NOTHING = Saved()


def by_id(items: Iterable[Item], number: int) -> Item | None:
    """The one with this id, or None."""
    return next((item for item in items if item.id == number), None)


def of_the_store() -> Saved:
    """The saved things that fit the generated data set."""
    from mixpanel_nb.sandbox.saved.lexicon import ENTITIES
    from mixpanel_nb.sandbox.saved.store import ANNOTATIONS, COHORTS, FUNNELS, REPORTS

    return Saved(FUNNELS, COHORTS, REPORTS, ANNOTATIONS, ENTITIES)
