"""``Project``: the Mixpanel project of a workspace, with its account, its client and its calendar."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import AccessDeniedError, AccountNotFoundError, ConfigError, NotFoundError, Word

if TYPE_CHECKING:
    from datetime import date

    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.weekdays import Weekday

SANDBOX = "sandbox"
SANDBOX_URL = "http://sandbox.localhost"  # never resolved: the sandbox is called in-process


class Project:
    """A project as its account sees it.

    Args:
        credentials: Those of the account; None where there is none.
        timezone: The time zone that was asked for, instead of the account's.
        week_start: The day on which weeks begin, instead of the account's.
        table: The table that reports ask where none is named.
        client: A client to use instead of one made of the credentials.
        no_account: Why there are no credentials.

    Raises:
        ConfigError: There is no such time zone, or no such day.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
        client: MixpanelAPIClient | None = None,
        no_account: ConfigError | None = None,
    ) -> None:
        self.credentials = credentials
        self.named_timezone: str | None = None
        self._week_start: Weekday | None = None
        self.table = table
        self._client = client
        self._no_account = no_account
        if timezone is not None:
            self.timezone = timezone
        if week_start is not None:
            self.week_start = week_start

    @classmethod
    def find(
        cls,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        *,
        workspace_id: str | int | None = None,
        path: Path | None = None,
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
        needs_account: bool = True,
    ) -> Project:
        """The project of an account: the one named, else that of the environment, else the default one.

        Args:
            account: A configured account, or ``sandbox``.
            project_id: Another project than the account's.
            region: Another region than the account's.
            workspace_id: Another data view of the project than the account's.
            path: A database file, which can be queried without an account.
            timezone: The time zone of days in reports on tables.
            week_start: The day on which weeks begin.
            table: The table that reports ask where none is named.
            needs_account: Whether there must be an account, or a database file that exists.

        Raises:
            ConfigError: There is neither a usable account nor a database file, or no such time zone or day.
        """
        from mixpanel_nb.accounts import ConfigManager

        config, why = ConfigManager(), None
        credentials: Credentials | None = None
        try:
            if config.account_in_effect(account) == SANDBOX:
                credentials = sandbox_credentials()
            else:
                credentials = config.resolve(account, project_id=project_id, region=region)
            if workspace_id is not None:
                credentials = in_data_view(credentials, workspace_id)
        except AccountNotFoundError:
            raise
        except ConfigError as error:
            named = (account, project_id, region, workspace_id) != (None, None, None, None)
            if named or (path is None and needs_account):
                raise
            if path is not None and needs_account and not path.is_file():
                message = f"{error.message} Nor is there a database file {path}."
                raise ConfigError(message, hint=error.hint, details=error.details) from None
            why = error
        return cls(credentials, timezone=timezone, week_start=week_start, table=table, no_account=why)

    @property
    def account(self) -> str | None:
        """Name of the account; None for credentials of the environment, and without an account."""
        return self.credentials.account if self.credentials else None

    @property
    def data_view(self) -> str | None:
        """The data view in which Mixpanel answers queries; None for the whole project."""
        return self.api.credentials.workspace_id if self._client or self.credentials else None

    @property
    def is_sandbox(self) -> bool:
        """Whether it is the sandbox's."""
        return self.account == SANDBOX

    @property
    def account_timezone(self) -> str:
        """The time zone of the project, as the account says it; UTC without an account."""
        return self.credentials.timezone if self.credentials else "UTC"

    @property
    def timezone(self) -> str:
        """The time zone of days in reports, where no table has its own."""
        return self.named_timezone or self.account_timezone

    @timezone.setter
    def timezone(self, name: str) -> None:
        from mixpanel_nb.accounts import checked_timezone

        self.named_timezone = checked_timezone(name)

    @property
    def week_start(self) -> Weekday:
        """The day on which weeks begin."""
        return self._week_start or (self.credentials.week_start if self.credentials else "monday")

    @week_start.setter
    def week_start(self, day: str) -> None:
        from mixpanel_nb.accounts import checked_weekday

        self._week_start = checked_weekday(day)
        if self.is_sandbox and self._client is not None:  # the sandbox's weeks begin as those of its client
            self.close()
            self._client = None

    @property
    def today(self) -> date:
        """The day it is in the project's time zone; in the sandbox, the day after its last one."""
        from datetime import datetime, timedelta
        from zoneinfo import ZoneInfo

        if self.is_sandbox:
            from mixpanel_nb.sandbox.dataset import LAST_DAY

            return LAST_DAY + timedelta(days=1)
        return datetime.now(ZoneInfo(self.timezone)).date()

    @property
    def database(self) -> Path:
        """The database file that is used where no path is given."""
        from mixpanel_nb.accounts import home_directory

        credentials = self.credentials
        name = SANDBOX if credentials is None or self.is_sandbox else credentials.project_id
        return home_directory() / f"{name}.db"

    @property
    def api(self) -> MixpanelAPIClient:
        """The client for Mixpanel's API.

        Raises:
            ConfigError: There is no account.
        """
        if self._client is None:
            self._client = self._new_client()
        return self._client

    def check_account(self) -> None:
        """Check that Mixpanel can be asked.

        Raises:
            ConfigError: There is no account.
        """
        if self._client is None and self.credentials is None:
            raise self._unasked()

    @cached_property
    def legacy_zone(self) -> str | None:
        """The zone that exported times are shifted into; None for projects created since 2023."""
        credentials = self.credentials
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
    def of_fetches(self) -> dict[str, Any]:
        """What a ``FetcherService`` needs to know of the project."""
        from mixpanel_nb.storage.ingest import EventTime

        return {
            "event_time": EventTime(self.legacy_zone),
            "timezone": self.account_timezone,
            "named_timezone": self.named_timezone,
            "today": lambda: self.today,
        }

    def close(self) -> None:
        """Close the client's connections. May be called twice."""
        if self._client is not None:
            self._client.close()

    def _unasked(self) -> ConfigError:
        why = f" {self._no_account.message}" if self._no_account else ""
        message = f"This workspace was opened without an account, so Mixpanel cannot be asked.{why}"
        hint = ["Name one with the database: ", Word("account", "NAME"), ", or Workspace(account=…, path=…)."]
        return ConfigError(message, hint=hint)

    def _new_client(self) -> MixpanelAPIClient:
        from mixpanel_nb.client import MixpanelAPIClient, QuotaLedger

        if self.credentials is None:
            raise self._unasked()
        if self.is_sandbox and not os.environ.get("MP_API_BASE_URL"):
            return _sandbox_client(self.credentials, self.week_start)
        return MixpanelAPIClient(self.credentials, ledger=QuotaLedger(_quota_file()))


def sandbox_credentials() -> Credentials:
    """The sandbox's credentials, which are public."""
    from mixpanel_nb.accounts import Credentials

    return Credentials(SANDBOX, SANDBOX, "1", account=SANDBOX)


def in_data_view(credentials: Credentials, workspace_id: str | int) -> Credentials:
    """The credentials in another data view of their project.

    Raises:
        ConfigError: it is no id of one.
    """
    from mixpanel_nb.accounts.credentials import checked_workspace_id

    return replace(credentials, workspace_id=checked_workspace_id(str(workspace_id)))


def _quota_file() -> Path:
    """The file of the quota ledger, which keeps to memory where no file can be made."""
    from mixpanel_nb.accounts import ensure_home_directory

    try:
        return ensure_home_directory() / "quota.db"
    except ConfigError:
        return Path(os.devnull) / "quota.db"


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
