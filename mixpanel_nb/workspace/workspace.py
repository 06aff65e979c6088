"""``Workspace``: its life cycle, its account and its file; what it does is in its bases."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import AccessDeniedError, ConfigError, NotFoundError
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

    Args:
        account: A configured account, or ``sandbox``; None takes the environment's or the default one.
        project_id: Another project than the account's.
        region: ``us``, ``eu`` or ``in``, if not the account's.
        path: The database file; by default one per project in ``~/.mixpanel_nb``.
        read_only: Refuse every change to the database.
        timezone: The time zone of days in reports, such as ``Europe/Berlin``, if not the account's.
        week_start: The day on which weeks of reports begin, such as ``sunday``, if not the account's.

    Raises:
        ConfigError: no usable account, no such time zone, or no such day.
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
        in_effect = self._config.account_in_effect(account)
        self._credentials: Credentials | None
        if in_effect == SANDBOX:
            self._credentials = sandbox_credentials()
        else:
            self._credentials = self._config.resolve(account, project_id=project_id, region=region)
        self._client = _api_client
        self._engine = _storage
        self._path = None if path is None else Path(path).expanduser()
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
        timezone: str = "UTC",
        week_start: str = "monday",
    ) -> Workspace:
        """A workspace on a database file that exists, without an account: for queries alone.

        Raises:
            StorageError: there is no such file.
        """
        from mixpanel_nb.accounts import ConfigManager, checked_timezone, checked_weekday
        from mixpanel_nb.storage import StorageEngine

        workspace = cls.__new__(cls)
        workspace._config = ConfigManager()
        workspace._credentials = None
        workspace._client = None
        workspace._engine = StorageEngine.open_existing(path, read_only=read_only)
        workspace._path = workspace._engine.path
        workspace._read_only = read_only
        workspace._timezone = checked_timezone(timezone)
        workspace._week_start = checked_weekday(week_start)
        return workspace

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
        """Name of the time zone of days in reports."""
        return self._timezone or (self._credentials.timezone if self._credentials else "UTC")

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

        credentials, path = self._credentials, self.storage.path
        return WorkspaceInfo(
            path=path,
            project_id=credentials.project_id if credentials else None,
            region=credentials.region if credentials else None,
            account=credentials.account if credentials else None,
            tables=tuple(self.storage.list_tables()),
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
                message = "This workspace was opened without an account, so Mixpanel cannot be asked."
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
        from mixpanel_nb.accounts import ensure_home_directory
        from mixpanel_nb.client import MixpanelAPIClient, QuotaLedger

        if self._is_sandbox and not os.environ.get("MP_API_BASE_URL"):
            return _sandbox_client(credentials, self.week_start)
        return MixpanelAPIClient(credentials, ledger=QuotaLedger(ensure_home_directory() / "quota.db"))


def sandbox_credentials() -> Credentials:
    """What the sandbox accepts; no secret of anyone's."""
    from mixpanel_nb.accounts import Credentials

    return Credentials(SANDBOX, SANDBOX, "1", account=SANDBOX)


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
