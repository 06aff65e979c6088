"""``config.toml``: the accounts of one home directory, and how one of them is selected.

The file is treated like a private key:

* it is created with mode 0600 in a directory of mode 0700;
* a file that others can read or write is refused on reading, as ssh does (its secrets may be known by
  now, so the owner should decide); writing replaces it with one of mode 0600;
* a symbolic link in its place is refused for reading and writing;
* writing is atomic, and a lock lets several processes add accounts at once without losing any;
* a file that cannot be understood is reported with its line and never overwritten.

Writing keeps keys it does not know, but not comments. In memory every secret, and everything this module does
not know, is wrapped as soon as the file is parsed, so that no variable shows one.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.accounts.credentials import Credentials, Secret
from mixpanel_nb.accounts.home import (
    ensure_home_directory,
    exclusive,
    home_directory,
    read_private,
    write_private,
)
from mixpanel_nb.accounts.tokens import GivenToken, TokenFile
from mixpanel_nb.errors import (
    AccountExistsError,
    AccountNotFoundError,
    Command,
    ConfigError,
    Word,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.accounts.tokens import Tokens
    from mixpanel_nb.errors import Text

SANDBOX = "sandbox"
"""The account name that always means the offline sandbox, so no configured account may have it."""

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_LONG_NUMBER = re.compile("[0-9_]{4000,}")  # Python reads 4,300 digits
_NO_ACCOUNT_HINT = (
    "Add one with `",
    Command("auth add NAME"),
    "`, or start without an account: `",
    Word("account", SANDBOX),
    "`.",
)
_KINDS: dict[str, tuple[type, ...]] = {
    "username": (str,),
    "secret": (Secret,),
    "project_id": (str, int),
    "region": (str,),
    "timezone": (str,),
    "legacy_time": (bool,),
    "week_start": (str,),
    "workspace_id": (str, int),
    "signed_in": (bool,),
}
_PUBLIC = _KINDS.keys() - {"secret"}


@dataclass(frozen=True)
class AccountInfo:
    """A configured account without its secret."""

    name: str
    username: str
    project_id: str
    region: str
    is_default: bool
    timezone: str
    legacy_time: bool
    workspace_id: str | None = None


class ConfigManager:
    """The accounts of one home directory.

    Args:
        home: Directory that holds ``config.toml``; by default `home_directory`. Only writing creates it.

    Example:
        >>> from mixpanel_nb import ConfigManager, Credentials
        >>> accounts = ConfigManager()
        >>> accounts.add("shop", Credentials("me.a1b2c3.mp", "the secret", "12345", region="eu"))
        >>> [(account.name, account.region, account.is_default) for account in accounts.list_accounts()]
        [('shop', 'eu', True)]
        >>> accounts.remove("shop")
    """

    def __init__(self, home: Path | None = None) -> None:
        self._home = home

    @property
    def home(self) -> Path:
        """The directory that holds the accounts; determined on first use.

        Raises:
            ConfigError: the system does not know the user's home directory.
        """
        return self._home or home_directory()

    @property
    def path(self) -> Path:
        """The file that holds the accounts, whether it exists or not."""
        return self.home / "config.toml"

    def list_accounts(self) -> list[AccountInfo]:
        """The configured accounts by name, without their secrets.

        Raises:
            ConfigError: The file cannot be read or understood.
        """
        document = self._read()
        default = document.get("default")
        return [
            _info(self._credentials(name, entry), is_default=name == default)
            for name, entry in sorted(self._entries(document).items())
        ]

    def get(self, name: str) -> Credentials:
        """The credentials of the account ``name``.

        Raises:
            AccountNotFoundError: No account has that name.
            ConfigError: The file cannot be read or understood.
        """
        entries = self._entries(self._read())
        self._require(name, entries)
        return self._credentials(name, entries[name])

    def add(self, name: str, credentials: Credentials, *, default: bool = False) -> None:
        """Store ``credentials`` under ``name``; the first account becomes the default.

        Raises:
            AccountExistsError: The name is taken.
            ConfigError: The name is not usable, or the file cannot be read or written.
        """
        _check_name(name)
        with self._changing() as document:
            entries = self._entries(document)
            if name in entries:
                raise AccountExistsError(
                    f"There is an account {name!r} already.",
                    hint=["Remove it first: `", Command(f"auth remove {name}"), "`."],
                )
            if default or not entries:
                document["default"] = name
            document["accounts"] = {**entries, name: _entry(credentials)}

    def sign_in(self, name: str, credentials: Credentials, tokens: Tokens, *, default: bool = False) -> None:
        """Store the account of a sign-in with its tokens, in place of an earlier sign-in of that name.

        Raises:
            AccountExistsError: A service account has the name.
            ConfigError: The name is not usable, or a file cannot be read or written.
        """
        self.check_free(name)
        with self._changing() as document:
            entries = self._entries(document)
            TokenFile(self.home, name).write(tokens)
            if default or not entries:
                document["default"] = name
            document["accounts"] = {**entries, name: _entry(credentials)}

    def check_free(self, name: str) -> None:
        """Check that a sign-in may have a name.

        Raises:
            AccountExistsError: A service account has it.
            ConfigError: It is not usable, or the file cannot be read.
        """
        _check_name(name)
        entry = self._entries(self._read()).get(name)
        if entry is not None and not (isinstance(entry, dict) and entry.get("signed_in") is True):
            message = f"The account {name!r} is a service account."
            hint = ["Sign in under another name, or remove it: `", Command(f"auth remove {name}"), "`."]
            raise AccountExistsError(message, hint=hint)

    def remove(self, name: str) -> None:
        """Remove the account ``name``, and the tokens of its sign-in.

        If it was the default and exactly one account is left, that one becomes the default; otherwise there
        is no default.

        Raises:
            AccountNotFoundError: No account has that name.
            ConfigError: The file cannot be read or written.
        """
        with self._changing() as document:
            entries = self._entries(document)
            self._require(name, entries)
            TokenFile(self.home, name).remove()
            document["accounts"] = rest = {other: entry for other, entry in entries.items() if other != name}
            if document.get("default") == name:
                del document["default"]
                if len(rest) == 1:
                    document["default"] = next(iter(rest))

    def set_default(self, name: str) -> None:
        """Make ``name`` the account that is used when none is named.

        Raises:
            AccountNotFoundError: No account has that name.
            ConfigError: The file cannot be read or written.
        """
        with self._changing() as document:
            self._require(name, self._entries(document))
            document["default"] = name

    def account_in_effect(self, account: str | None = None) -> str | None:
        """The account name that `resolve` uses: ``account``, ``MP_ACCOUNT``, or the default.

        Returns:
            The name (which may be ``sandbox``), or None if the environment contains the credentials or no
            account is configured.
        """
        if account is not None:
            return account
        if _credential_variables():
            return None
        default = os.environ.get("MP_ACCOUNT") or self._read().get("default")
        return default if isinstance(default, str) else None

    def resolve(
        self, account: str | None = None, *, project_id: str | int | None = None, region: str | None = None
    ) -> Credentials:
        """The credentials to use: the first of these that exists.

        1. the ``account`` named in the call;
        2. ``MP_USERNAME``, ``MP_SECRET``, ``MP_PROJECT_ID`` and, if it is not ``us``, ``MP_REGION``; or,
           in place of the first two, ``MP_OAUTH_TOKEN``; and perhaps ``MP_WORKSPACE_ID``;
        3. the account named by ``MP_ACCOUNT``;
        4. the default account.

        Args:
            account: Name of a configured account.
            project_id: Query this project instead of the account's own, and none of its data views.
            region: The region of that project.

        Raises:
            AccountNotFoundError: The named account does not exist.
            ConfigError: There is no account, or the environment holds only a part of the credentials.
        """
        if account is None and _credential_variables():
            return _from_environment(project_id, region)
        name = self.account_in_effect(account)
        if name is None:
            raise ConfigError("No Mixpanel account is configured.", hint=_NO_ACCOUNT_HINT)
        credentials = self.get(name)
        number = credentials.project_id if project_id is None else str(project_id)
        return replace(
            credentials,
            project_id=number,
            workspace_id=credentials.workspace_id if number == credentials.project_id else None,
            region=credentials.region if region is None else region,
        )

    def _require(self, name: str, entries: dict[str, Any]) -> None:
        if name in entries:
            return
        hint: Text = did_you_mean(name, entries) or ["Add it with `", Command(f"auth add {name}"), "`."]
        if name == SANDBOX:
            hint = [
                "The sandbox needs no account: `Workspace.sandbox()`, or `",
                Word("account", SANDBOX),
                "`.",
            ]
        raise AccountNotFoundError(f"There is no account {name!r}.", hint=hint, details={"account": name})

    def _entries(self, document: dict[str, Any]) -> dict[str, Any]:
        entries = document.get("accounts", {})
        if not isinstance(entries, dict):
            raise self._unusable("`accounts` is not a table")
        return entries

    def _credentials(self, name: str, entry: object) -> Credentials:
        if not isinstance(entry, dict):
            raise self._unusable(f"account {name!r} is not a table")
        signed_in = entry.get("signed_in") is True
        needed = ("project_id",) if signed_in else ("username", "secret", "project_id")
        missing = [key for key in needed if key not in entry]
        if missing:
            raise self._unusable(f"account {name!r} lacks {' and '.join(missing)}")
        wrong = [key for key, kinds in _KINDS.items() if key in entry and type(entry[key]) not in kinds]
        if wrong:
            raise self._unusable(f"account {name!r} has a value of the wrong type for {' and '.join(wrong)}")
        known = {key: entry[key] for key in _KINDS if key in entry and key != "signed_in"}
        if signed_in:
            known = {"username": "", **known, "secret": "", "tokens": TokenFile(self.home, name)}
        try:
            return Credentials(account=name, **known)
        except ConfigError as error:
            problem, hint = error.message, error.hint
        raise ConfigError(f"Account {name!r} in {self.path} is not usable: {problem}", hint=hint)

    def _unusable(self, problem: str) -> ConfigError:
        return ConfigError(
            f"{self.path} is not usable: {problem}.",
            hint="Correct it by hand, or move it away and add the accounts again.",
        )

    def _read(self, *, any_mode: bool = False) -> dict[str, Any]:
        """The file as TOML with wrapped secrets, or an empty document if there is none."""
        document = _parsed(read_private(self.path, any_mode=any_mode))
        if isinstance(document, str):
            raise self._unusable(document)
        return document

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The document to change in place; it is written when the block ends without an error."""
        ensure_home_directory(self.home)
        with exclusive(self.home / "config.lock"):
            document = self._read(any_mode=True)
            yield document
            write_private(self.path, lambda: _rendered(document))


def _parsed(content: bytes) -> dict[str, Any] | str:
    """The document, or a description of the problem.

    A problem is returned, not raised, because the frames and arguments of the parser's errors hold the file.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return f"line {content.count(10, 0, error.start) + 1} is not UTF-8"
    try:
        return {name: _wrapped(value, (name,)) for name, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        last_line = text.count("\n") + 1
        return str(error).replace("at end of document", f"at line {last_line}, where the file ends")
    except RecursionError:
        return "it has lists or tables nested too deeply"
    except Exception:  # noqa: BLE001 - the parser lets through what Python says of its numbers and dates
        number = _LONG_NUMBER.search(text)
        line = text.count("\n", 0, number.start()) + 1 if number else None
        return "a number or a date cannot be read" if line is None else f"line {line} has an endless number"


def _rendered(document: dict[str, Any]) -> bytes:
    import tomli_w  # only writing needs it

    return tomli_w.dumps(_unwrapped(document)).encode()


class _Unknown:
    """A value of an unknown key: it may be a misplaced secret, so its ``repr`` hides it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "***"


def _wrapped(value: Any, path: tuple[str, ...]) -> Any:
    """A copy of a value in which everything not known to be public is wrapped."""
    if isinstance(value, dict):
        return {name: _wrapped(item, (*path, name)) for name, item in value.items()}
    if path == ("default",) or (path[0] == "accounts" and len(path) == 3 and path[2] in _PUBLIC):
        return value
    return Secret(value) if isinstance(value, str) else _Unknown(value)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unwrapped(item) for name, item in value.items()}
    if isinstance(value, Secret):
        return value.reveal()
    return value.value if isinstance(value, _Unknown) else value


def _check_name(name: str) -> None:
    """Check an account name.

    Raises:
        ConfigError: the name is not usable.
    """
    if name == SANDBOX:
        problem, hint = "The name 'sandbox' is reserved for the offline sandbox.", "Choose another."
    elif not _NAME.fullmatch(name):
        problem, hint = f"{name!r} is no account name.", "Use letters, digits, `_`, `.` and `-`."
    else:
        return
    raise ConfigError(problem, hint=hint, details={"parameter": "name"})


def _info(credentials: Credentials, *, is_default: bool) -> AccountInfo:
    return AccountInfo(
        name=credentials.account or "",
        username=credentials.username,
        project_id=credentials.project_id,
        region=credentials.region,
        is_default=is_default,
        timezone=credentials.timezone,
        legacy_time=credentials.legacy_time,
        workspace_id=credentials.workspace_id,
    )


def _entry(credentials: Credentials) -> dict[str, Any]:
    hidden = {"signed_in"} if credentials.tokens is None else {"signed_in", "secret"}
    values = {key: getattr(credentials, key) for key in _KINDS if key not in hidden}
    entry = {key: value for key, value in values.items() if value is not None}
    return entry if credentials.tokens is None else {**entry, "signed_in": True}


_TOKEN = "MP_OAUTH_TOKEN"  # noqa: S105 - the variable's name


def _credential_variables() -> list[str]:
    """The credential variables that are set (an empty one counts as not set)."""
    names = ("MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID", _TOKEN)
    return [name for name in names if os.environ.get(name)]


def _workspace_in_environment(project_id: str | int | None) -> str | None:
    """The data view that the environment names; it belongs to the environment's project."""
    is_own = project_id is None or str(project_id) == os.environ.get("MP_PROJECT_ID")
    return (os.environ.get("MP_WORKSPACE_ID") or None) if is_own else None


def _from_environment(project_id: str | int | None, region: str | None) -> Credentials:
    present = _credential_variables()
    own = ["MP_USERNAME", "MP_SECRET"]
    if _TOKEN in present and not set(own) <= set(present):
        own = [_TOKEN]
    needed = [*own, *(["MP_PROJECT_ID"] if project_id is None else [])]
    missing = [name for name in needed if name not in present]
    if missing:
        raise ConfigError(
            f"The environment sets {' and '.join(present)}, but not {' and '.join(missing)}.",
            hint=f"Set all of {', '.join(own)} and MP_PROJECT_ID, or none of them.",
            details={"missing": missing},
        )
    try:
        return Credentials(
            username=os.environ.get("MP_USERNAME", ""),
            secret=Secret(os.environ.get("MP_SECRET", "")),
            project_id=os.environ["MP_PROJECT_ID"] if project_id is None else project_id,
            region=region or os.environ.get("MP_REGION") or "us",
            workspace_id=_workspace_in_environment(project_id),
            tokens=GivenToken(Secret(os.environ[_TOKEN])) if own == [_TOKEN] else None,
        )
    except ConfigError as error:
        problem, hint = error.message, error.hint
    raise ConfigError(f"The account in the environment is not usable: {problem}", hint=hint)
