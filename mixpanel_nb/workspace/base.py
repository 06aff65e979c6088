"""What every part of a workspace is built on: the database, the client, and the days."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.weekdays import Weekday


class Base(ABC):
    """What the parts of a workspace share."""

    @property
    @abstractmethod
    def storage(self) -> StorageEngine:
        """The engine that keeps the tables."""

    @property
    @abstractmethod
    def api(self) -> MixpanelAPIClient:
        """The client for Mixpanel's API."""

    @property
    @abstractmethod
    def usual_days(self) -> tuple[date, date]:
        """The days that Mixpanel is asked about where nobody says which: the last 90 that are over."""

    @property
    @abstractmethod
    def timezone(self) -> str:
        """Name of the project's time zone."""

    @property
    @abstractmethod
    def _named_timezone(self) -> str | None:
        """The time zone that was asked for when the workspace was made, or None."""

    @property
    @abstractmethod
    def _account_timezone(self) -> str:
        """The time zone of the account's project, as the account says it; UTC where nobody does."""

    @property
    @abstractmethod
    def week_start(self) -> Weekday:
        """The day on which weeks of the project begin."""
