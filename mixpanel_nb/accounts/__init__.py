"""Who is asking: service accounts, where they are kept, and which one is meant.

Accounts live in ``config.toml`` in the home directory of this package (``~/.mixpanel_nb``, or
``MIXPANEL_NB_HOME``), or in the environment. ``credentials`` holds the data, ``config`` the accounts of one
home directory, ``files`` the care for a file with secrets in it. Nothing here knows of HTTP or of storage.
"""

from __future__ import annotations

from mixpanel_nb.accounts.config import SANDBOX, AccountInfo, ConfigManager
from mixpanel_nb.accounts.credentials import REGIONS, Credentials, Secret, checked_timezone, checked_weekday
from mixpanel_nb.accounts.home import ensure_home_directory, home_directory

__all__ = [
    "REGIONS",
    "SANDBOX",
    "AccountInfo",
    "ConfigManager",
    "Credentials",
    "Secret",
    "checked_timezone",
    "checked_weekday",
    "ensure_home_directory",
    "home_directory",
]
