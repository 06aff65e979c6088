"""Service accounts and sign-ins: credentials, tokens, configuration, and the choice of an account.

Accounts live in ``config.toml`` in the home directory of this package (``~/.mixpanel_nb``, or
``MIXPANEL_NB_HOME``), or in the environment. ``credentials`` holds the data, ``config`` the accounts of one
home directory, ``home`` reads and writes files that contain secrets. Nothing here depends on HTTP or storage.
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
