"""Groups whose commands are listed without being built; a command is built when it is used."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Entry:
    """A command or a group that is not built yet.

    Attributes:
        help: Gives its help.
        build: Builds it.
    """

    help: Callable[[], str]
    build: Callable[[], Any]


class Commands(Mapping[str, Any]):
    """The commands of a group by name, each built on first use."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The command of this name."""
        if name not in self._built:
            self._built[name] = self._entries[name].build()
        return self._built[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is a command of this name."""
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._entries)

    def listing(self) -> TyperGroup:
        """A group of commands that have the names and helps of these, and do nothing."""
        helps = {name: entry.help() for name, entry in self._entries.items()}
        return TyperGroup(commands={name: TyperCommand(name, help=text) for name, text in helps.items()})


class LazyGroup(TyperGroup):
    """A group whose commands are ``Commands``: its help and the completion of names build none.

    Attributes:
        refuse: Raises an error that tells why there is no command of a name; None for Typer's own.
    """

    refuse: Callable[[str], object] | None = None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        self._listing().format_commands(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """The names of commands, or options, that begin so."""
        listed = copy.copy(ctx)
        listed.command = self._listing()
        return super().shell_complete(listed, incomplete)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named, with the words after it.

        Raises:
            MixpanelDataError: the group tells why it has no such command.
        """
        if self.refuse is not None and args[0] not in self.commands and args[0][:1].isalpha():
            self.refuse(args[0])
        return super().resolve_command(ctx, args)

    def _listing(self) -> TyperGroup:
        return cast("Commands", self.commands).listing()
