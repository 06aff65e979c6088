"""Notebook cells in colour: magics whose lines go on, and SQL below ``%%mp_sql``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from IPython.lib.lexers import IPython3Lexer
from pygments.lexer import bygroups, using
from pygments.lexers.sql import SqlLexer
from pygments.token import Keyword, Name, Operator, Text

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class BoundSqlLexer(SqlLexer):
    """SQL with values that are bound: ``$name``."""

    name = "SQL with bound values"
    aliases: ClassVar = ["sql"]
    tokens: ClassVar = {
        **SqlLexer.tokens,
        "root": [(r"\$\w+", Name.Variable), *SqlLexer.tokens["root"]],
    }


class CellLexer(IPython3Lexer):
    """Python with magics, as a cell holds it."""

    name = "Notebook cell"
    aliases: ClassVar = ["ipython"]
    tokens: ClassVar = {
        **IPython3Lexer.tokens,
        "root": [
            (r"(?s)(%%)(mp_sql)([^\n]*\n)(.*)", bygroups(Operator, Keyword, Text, using(BoundSqlLexer))),
            (r"(%)(mp_\w+)((?:[^\n]*\\\n)*[^\n]*\n)", bygroups(Operator, Keyword, Text)),
            *IPython3Lexer.tokens["root"],
        ],
    }


def setup(app: Sphinx) -> dict[str, Any]:
    """Use it for blocks marked ``ipython``, and for cells of notebooks, which say that they are Python."""
    app.add_lexer("ipython", CellLexer)
    app.add_lexer("python", CellLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
