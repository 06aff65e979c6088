"""The map from magics to commands, each of which is the magic of its name."""

from __future__ import annotations

from mixpanel_nb.commands import listing

_TERMINAL = {"demo", "sandbox", "sql"}  # what is of the terminal alone, or has a magic of its own

COMMANDS: dict[str, tuple[str, ...]] = {
    **{
        f"mp_{name.replace('-', '_')}": (name,)
        for name in (*listing.COMMANDS, *listing.GROUPS)
        if name not in _TERMINAL
    },
    "mp_login": ("auth", "login"),
}
"""Magic name and the path of its command."""

CONNECT, EXPLORE, SQL, COHORT = "mp_connect", "mp_explore", "mp_sql", "mp_cohort"

USUAL = {"mp_fetch": "events"}
"""The default command of a group."""
