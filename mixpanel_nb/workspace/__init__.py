"""``Workspace``: Mixpanel and a local database in one object, the facade over all rooms.

``workspace`` has its life cycle, fetching, SQL and tables, ``reports`` the questions. Nothing here computes
anything: every method passes on to a service or to the storage engine.
"""

from mixpanel_nb.workspace.workspace import SANDBOX, SANDBOX_URL, Workspace, sandbox_credentials

__all__ = ["SANDBOX", "SANDBOX_URL", "Workspace", "sandbox_credentials"]
