"""The completer, and its registration in IPython."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mixpanel_nb.notebook.completion.sources import Sources
    from mixpanel_nb.notebook.completion.suggestions import Offer
    from mixpanel_nb.notebook.notebook_session import NotebookSession

IDENTIFIER = "mixpanel_nb"
_SIGN = "%mp_"  # every cell with our magics contains it


def register(shell: InteractiveShell, session: NotebookSession) -> None:
    """Register the completer in a shell, replacing an earlier registration.

    Since version 8.6, IPython has matchers that see the whole cell and declare what they replace. Earlier
    versions, as in Colab, only have matchers of magics' arguments: they also end the search, without other
    completions. (The hook ``complete_command`` would drop quoted names, and mix in Jedi's completions.)
    """
    unregister(shell)
    completer: Any = shell.Completer
    if _has_matchers(completer):
        completer.custom_matchers.append(Matcher(shell, session))
    else:
        completer.magic_arg_matchers.append(OldMatcher(shell, session))


def unregister(shell: InteractiveShell) -> None:
    """Remove the completer."""
    completer: Any = shell.Completer
    for matchers in (completer.custom_matchers, completer.magic_arg_matchers):
        matchers[:] = [matcher for matcher in matchers if not isinstance(matcher, _Matcher)]


def _has_matchers(completer: Any) -> bool:
    return hasattr(completer, "custom_completer_matcher")


class _Matcher:
    """The matcher that IPython calls at a key press. It never raises."""

    def __init__(self, shell: InteractiveShell, session: NotebookSession) -> None:
        self.__qualname__ = IDENTIFIER  # IPython identifies matchers by it
        self._shell: Any = shell
        self._session = session
        self._known: Sources | None = None

    def offer(self, cell: str, cursor: int) -> Offer | None:
        """Completions at the cursor, an index into the cell; None outside this package's magics."""
        if _SIGN not in cell:
            return None
        with suppress(Exception):  # completion never shows a traceback
            return self._offer(cell, cursor)
        return None

    def _offer(self, cell: str, cursor: int) -> Offer | None:
        from mixpanel_nb.notebook.completion import commandline, sql
        from mixpanel_nb.notebook.completion.place import place
        from mixpanel_nb.notebook.names import SQL
        from mixpanel_nb.notebook.sqlcell import LEADING_OPTION

        found = place(cell, cursor)
        if found is None:
            return None
        sources = self._sources()
        if found.kind == "sql":
            return sql.offer(found.before, found.after, sources)
        if found.magic == SQL:
            text = found.before
            while option := LEADING_OPTION.match(text):
                text = text[option.end() :]
            if text.strip() and not text.lstrip().startswith("-"):
                return sql.offer(text, found.after, sources)
        return commandline.offer(found, sources)

    def _sources(self) -> Sources:
        from mixpanel_nb.notebook.completion.sources import Sources

        if self._known is None:
            self._known = Sources(self._session, self._shell.user_ns)
        self._known.begin(self._shell.execution_count)
        return self._known


class Matcher(_Matcher):
    """For IPython from 8.6 on (its "matcher API v2")."""

    matcher_api_version = 2
    matcher_identifier = IDENTIFIER
    matcher_priority = 100

    def __call__(self, context: Any) -> Any:
        """Completions for IPython's ``CompletionContext``; they suppress others."""
        from IPython.core.completer import SimpleCompletion

        lines = context.full_text.split("\n")
        cursor = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        found = self.offer(context.full_text, cursor)
        if found is None or not context.text_until_cursor.endswith(found.fragment):
            return {"completions": []}
        completions = _Suppressing(SimpleCompletion(text, type=kind) for text, kind in found.choices)
        return {
            "completions": completions,
            "matched_fragment": found.fragment,
            "ordered": True,
            "suppress": True,
        }


class _Suppressing(list[Any]):
    """Completions, possibly none, that suppress those of other matchers.

    In IPython, only a matcher with completions suppresses the others. In SQL, Jedi would offer Python names
    and take seconds.
    """

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return max(1, super().__len__())


class OldMatcher(_Matcher):
    """For IPython before 8.6, which passes only the cursor's line to a matcher."""

    def __call__(self, line: str) -> list[str]:
        """Texts that replace IPython's token before the cursor."""
        from mixpanel_nb.notebook.completion.suggestions import replacing

        completer = self._shell.Completer
        before = completer.text_until_cursor
        cell, cursor = self._cell(line, len(before))
        found = self.offer(cell, cursor)
        if found is None:
            return []
        return replacing(found, completer.splitter.split_line(before))

    def _cell(self, line: str, cursor: int) -> tuple[str, int]:
        """The whole cell and the cursor in it, as the front end sent them; otherwise only the line."""
        kernel = getattr(self._shell, "kernel", None)
        if kernel is None or not hasattr(kernel, "get_parent"):
            return line, cursor
        content = kernel.get_parent("shell").get("content", {})
        code, position = content.get("code"), content.get("cursor_pos")
        if not isinstance(code, str) or not isinstance(position, int):
            return line, cursor
        start = code.rfind("\n", 0, position) + 1
        if code[start:position] != line[:cursor]:
            return line, cursor  # this is another completion
        return code, position
