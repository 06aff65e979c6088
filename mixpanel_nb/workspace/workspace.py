"""``Workspace``: its life cycle, its account and its file; what it does is in its bases."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import AccessDeniedError, AccountNotFoundError, ConfigError, NotFoundError
from mixpanel_nb.system import expanded
from mixpanel_nb.workspace.fetching import Fetching
from mixpanel_nb.workspace.reports import Reports
from mixpanel_nb.workspace.tables import Tables

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from mixpanel_nb.accounts import ConfigManager, Credentials
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results import (
        WorkspaceInfo,
    )
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.weekdays import Weekday

SANDBOX = "sandbox"
SANDBOX_URL = "http://sandbox.localhost"  # never resolved: the sandbox is called in-process


class Workspace(Reports, Fetching, Tables):
    """A project's data: what Mixpanel answers, and what was fetched into a DuckDB file.

    Nothing is opened or asked before it is needed, and the database file is held only while a statement
    runs, so several notebooks and terminals can share it.

    Account and time zone are found in one way, wherever a workspace is made. The account is the one named,
    else that of the environment, else the default one; where there is none, a database file that exists is
    opened for queries alone. A report on a table counts days in ``timezone`` if that is given, else in the
    time zone the table was fetched with, else in the account's.

    Args:
        account: A configured account, or ``sandbox``; None takes the environment's or the default one.
        project_id: Another project than the account's.
        region: ``us``, ``eu`` or ``in``, if not the account's.
        path: The database file; by default one per project in ``~/.mixpanel_nb``.
        read_only: Refuse every change to the database, and SQL that changes anything else.
        timezone: The time zone of days in reports on tables, such as ``Europe/Berlin``.
        week_start: The day on which weeks of reports begin, such as ``sunday``, if not the account's.

    Raises:
        ConfigError: no usable account and no database file, no such time zone, or no such day.
    """

    def __init__(
        self,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        path: str | Path | None = None,
        read_only: bool = False,
        timezone: str | None = None,
        *,
        week_start: str | None = None,
        _config_manager: ConfigManager | None = None,
        _api_client: MixpanelAPIClient | None = None,
        _storage: StorageEngine | None = None,
    ) -> None:
        from mixpanel_nb.accounts import ConfigManager, checked_timezone, checked_weekday

        self._config = _config_manager or ConfigManager()
        self._path = None if path is None else expanded(path)
        self._no_account: ConfigError | None = None
        self._credentials = self._found_credentials(account, project_id, region)
        self._client = _api_client
        self._engine = _storage
        self._read_only = read_only
        self._timezone = None if timezone is None else checked_timezone(timezone)
        self._week_start = None if week_start is None else checked_weekday(week_start)

    @classmethod
    def sandbox(
        cls, path: str | Path | None = None, *, timezone: str | None = None, week_start: str | None = None
    ) -> Workspace:
        """A workspace on the sandbox, a Mixpanel in this process: no account, no network."""
        return cls(account=SANDBOX, path=path, timezone=timezone, week_start=week_start)

    @classmethod
    def ephemeral(
        cls,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        *,
        timezone: str | None = None,
        week_start: str | None = None,
    ) -> Workspace:
        """A workspace on a temporary file, removed when it is closed. Use it in a ``with`` block."""
        from mixpanel_nb.storage import StorageEngine

        workspace = cls(account, project_id, region, timezone=timezone, week_start=week_start)
        workspace._engine = StorageEngine.ephemeral()
        return workspace

    @classmethod
    def memory(
        cls,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        *,
        timezone: str | None = None,
        week_start: str | None = None,
    ) -> Workspace:
        """A workspace that keeps its tables in memory."""
        from mixpanel_nb.storage import StorageEngine

        storage = StorageEngine.memory()
        return cls(account, project_id, region, timezone=timezone, week_start=week_start, _storage=storage)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        read_only: bool = False,
        timezone: str | None = None,
        week_start: str | None = None,
    ) -> Workspace:
        """A workspace on a database file that exists; queries on it need no account.

        Raises:
            StorageError: there is no such file.
            ConfigError: no such time zone.
        """
        from mixpanel_nb.storage import StorageEngine

        engine = StorageEngine.open_existing(path, read_only=read_only)
        return cls(
            path=engine.path,
            read_only=read_only,
            timezone=timezone,
            week_start=week_start,
            _storage=engine,
        )

    def _found_credentials(
        self, account: str | None, project_id: str | None, region: str | None
    ) -> Credentials | None:
        """The credentials to use, or None where there are none but a database file.

        Raises:
            ConfigError: there is neither, or the account that is named cannot be used.
        """
        try:
            if self._config.account_in_effect(account) == SANDBOX:
                return sandbox_credentials()
            return self._config.resolve(account, project_id=project_id, region=region)
        except AccountNotFoundError:
            raise
        except ConfigError as error:
            if self._path is None or (account, project_id, region) != (None, None, None):
                raise
            if not self._path.is_file():
                message = f"{error.message} Nor is there a database file {self._path}."
                raise ConfigError(message, hint=error.hint, details=error.details) from None
            self._no_account = error
            return None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        name = (self._credentials and self._credentials.account) or "no account"
        return f"<Workspace {name}, database {self._path or 'default'}>"

    def close(self) -> None:
        """Give back connections and files; an ephemeral database is removed. May be called twice."""
        if self._client is not None:
            self._client.close()
        if self._engine is not None:
            self._engine.close()

    @property
    def account(self) -> str | None:
        """Name of the account; None for credentials of the environment, and without an account."""
        return self._credentials.account if self._credentials else None

    @property
    def timezone(self) -> str:
        """Name of the time zone of days in reports, where no table knows better."""
        return self._timezone or self._account_timezone

    @property
    def week_start(self) -> Weekday:
        """The day on which weeks of reports begin."""
        return self._week_start or (self._credentials.week_start if self._credentials else "monday")

    @property
    def usual_days(self) -> tuple[date, date]:
        """The last 90 days that are over; of the sandbox, all that it has."""
        if self._is_sandbox:
            from mixpanel_nb.sandbox.dataset import FIRST_DAY, LAST_DAY

            return FIRST_DAY, LAST_DAY
        from datetime import datetime, timedelta
        from zoneinfo import ZoneInfo

        yesterday = datetime.now(ZoneInfo(self.timezone)).date() - timedelta(days=1)
        return yesterday - timedelta(days=89), yesterday

    def info(self) -> WorkspaceInfo:
        """The account, the database and its tables."""
        from mixpanel_nb.results import WorkspaceInfo
        from mixpanel_nb.workspace.wrapping import table_infos

        credentials, path = self._credentials, self.storage.path
        return WorkspaceInfo(
            path=path,
            project_id=credentials.project_id if credentials else None,
            region=credentials.region if credentials else None,
            account=credentials.account if credentials else None,
            timezone=self.timezone,
            tables=table_infos(self.storage.list_tables()),
            size_bytes=path.stat().st_size if path and path.is_file() else None,
        )

    # Escape hatches

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own connection. It holds the database file until :meth:`release` or :meth:`close`."""
        return self.storage.connection

    def release(self) -> None:
        """Let others have the database file again after :attr:`connection`."""
        self.storage.release()

    @property
    def api(self) -> MixpanelAPIClient:
        """The client for Mixpanel's API.

        Raises:
            ConfigError: this workspace was opened without an account.
        """
        if self._client is None:
            if self._credentials is None:
                why = f" {self._no_account.message}" if self._no_account else ""
                message = f"This workspace was opened without an account, so Mixpanel cannot be asked.{why}"
                hint = "Name one with the database: --account NAME, or Workspace(account=…, path=…)."
                raise ConfigError(message, hint=hint)
            self._client = self._new_client(self._credentials)
        return self._client

    @property
    def storage(self) -> StorageEngine:
        """The engine that keeps the tables."""
        if self._engine is None:
            from mixpanel_nb.storage import StorageEngine

            self._engine = StorageEngine(self._path or self._default_path(), read_only=self._read_only)
        return self._engine

    def test_credentials(self) -> dict[str, Any]:
        """Ask Mixpanel whether it accepts the account.

        Returns ``account``, ``project_id``, ``region`` and what Mixpanel says of it.

        Raises:
            AuthenticationError: it does not.
        """
        return {"account": self.account, **self.api.test()}

    @property
    def _named_timezone(self) -> str | None:
        return self._timezone

    @property
    def _account_timezone(self) -> str:
        return self._credentials.timezone if self._credentials else "UTC"

    @cached_property
    def _legacy_zone(self) -> str | None:
        """The zone that exported times are shifted into; None for projects created since 2023."""
        credentials = self._credentials
        if credentials is None or not credentials.legacy_time:
            return None
        if credentials.timezone != "UTC":
            return credentials.timezone
        # The account's entry may simply not say: then Mixpanel knows, and being asked costs no quota.
        try:
            projects = self.api.me().get("projects") or {}
        except (AccessDeniedError, NotFoundError):
            return None
        return (projects.get(credentials.project_id) or {}).get("timezone")

    @property
    def _is_sandbox(self) -> bool:
        return self._credentials is not None and self._credentials.account == SANDBOX

    def _default_path(self) -> Path:
        from mixpanel_nb.accounts import home_directory

        credentials = self._credentials
        name = SANDBOX if credentials is None or self._is_sandbox else credentials.project_id
        return home_directory() / f"{name}.db"

    def _new_client(self, credentials: Credentials) -> MixpanelAPIClient:
        from mixpanel_nb.client import MixpanelAPIClient, QuotaLedger

        if self._is_sandbox and not os.environ.get("MP_API_BASE_URL"):
            return _sandbox_client(credentials, self.week_start)
        return MixpanelAPIClient(credentials, ledger=QuotaLedger(_quota_file()))


def sandbox_credentials() -> Credentials:
    """What the sandbox accepts; no secret of anyone's."""
    from mixpanel_nb.accounts import Credentials

    return Credentials(SANDBOX, SANDBOX, "1", account=SANDBOX)


def _quota_file() -> Path:
    """The file of the quota ledger, which keeps to memory where no file can be made."""
    from mixpanel_nb.accounts import ensure_home_directory

    try:
        return ensure_home_directory() / "quota.db"
    except ConfigError:
        return Path(os.devnull) / "quota.db"  # where no file can be made


def _sandbox_client(credentials: Credentials, week_start: Weekday) -> MixpanelAPIClient:
    import httpx

    from mixpanel_nb.accounts import ensure_home_directory
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.sandbox.app import create_app
    from mixpanel_nb.sandbox.store import Dataset

    dataset = Dataset.generated(ensure_home_directory() / "cache")
    dataset.week_start = week_start
    transport = httpx.WSGITransport(create_app(dataset))
    return MixpanelAPIClient(credentials, base_url=SANDBOX_URL, transport=transport)
