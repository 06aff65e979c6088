"""The completer, and how it comes into a shell and out of it again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mixpanel_nb.notebook.completion.sources import Sources
    from mixpanel_nb.notebook.completion.suggestions import Offer
    from mixpanel_nb.notebook.notebook_session import NotebookSession

IDENTIFIER = "mixpanel_nb"
_SIGN = "%mp_"  # no cell without it is ours


def register(shell: InteractiveShell, session: NotebookSession) -> None:
    """Let a shell complete our magics. An earlier registration is replaced.

    IPython from 8.6 on has matchers that see the whole cell and say what they replace. Before, as in Colab,
    what comes nearest are its matchers of magics' arguments: like ours they end the search, and nothing else
    is offered among theirs. (The hook ``complete_command`` would drop quoted names, and mix ours with what
    Jedi makes of the line.)
    """
    unregister(shell)
    completer: Any = shell.Completer
    if _has_matchers(completer):
        completer.custom_matchers.append(Matcher(shell, session))
    else:
        completer.magic_arg_matchers.append(OldMatcher(shell, session))


def unregister(shell: InteractiveShell) -> None:
    """Take it away."""
    completer: Any = shell.Completer
    for matchers in (completer.custom_matchers, completer.magic_arg_matchers):
        matchers[:] = [matcher for matcher in matchers if not isinstance(matcher, _Matcher)]


def _has_matchers(completer: Any) -> bool:
    return hasattr(completer, "custom_completer_matcher")


class _Matcher:
    """What IPython calls at a key press. It never raises: a key press is no place for errors."""

    def __init__(self, shell: InteractiveShell, session: NotebookSession) -> None:
        self.__qualname__ = IDENTIFIER  # IPython names matchers by it
        self._shell: Any = shell
        self._session = session
        self._known: Sources | None = None

    def offer(self, cell: str, cursor: int) -> Offer | None:
        """What can stand at the cursor, an index into the cell; None where that is not ours to say."""
        if _SIGN not in cell:
            return None
        with suppress(Exception):  # a key press is no place for a traceback
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
        """Completions for IPython's ``CompletionContext``; nobody else is asked where there are some."""
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
    """Completions, perhaps none, that are all there are.

    IPython lets only a matcher that has some suppress the others. In SQL, Jedi would offer Python's names,
    and take seconds for it.
    """

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return max(1, super().__len__())


class OldMatcher(_Matcher):
    """For IPython before 8.6, which tells a matcher only the line that the cursor is in."""

    def __call__(self, line: str) -> list[str]:
        """Texts that can take the place of IPython's token before the cursor."""
        from mixpanel_nb.notebook.completion.suggestions import replacing

        completer = self._shell.Completer
        before = completer.text_until_cursor
        cell, cursor = self._cell(line, len(before))
        found = self.offer(cell, cursor)
        if found is None:
            return []
        return replacing(found, completer.splitter.split_line(before))

    def _cell(self, line: str, cursor: int) -> tuple[str, int]:
        """The whole cell and the cursor in it, as the front end sent them; the line where nobody did."""
        kernel = getattr(self._shell, "kernel", None)
        if kernel is None or not hasattr(kernel, "get_parent"):
            return line, cursor
        content = kernel.get_parent("shell").get("content", {})
        code, position = content.get("code"), content.get("cursor_pos")
        if not isinstance(code, str) or not isinstance(position, int):
            return line, cursor
        start = code.rfind("\n", 0, position) + 1
        if code[start:position] != line[:cursor]:
            return line, cursor  # this completion is another's
        return code, position
