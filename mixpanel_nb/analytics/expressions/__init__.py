"""Mixpanel's segmentation expressions: parsed, and compiled to SQL.

``parser`` turns text into ``nodes``, ``compiler`` turns nodes into ``values`` (SQL for each type a value may
have); ``moments`` reads dates in expressions. The language is described at
https://developer.mixpanel.com/reference/segmentation-expressions.
"""

from mixpanel_nb.analytics.expressions.compiler import Compiler, Scope
from mixpanel_nb.analytics.expressions.parser import Dialect, parse

__all__ = ["Compiler", "Dialect", "Scope", "parse"]
