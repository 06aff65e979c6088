"""``Workspace``: Mixpanel and a local database in one object, the facade over all rooms.

``workspace`` has its life cycle; ``discovery``, ``fetching``, ``tables`` and ``reports`` are its methods in
groups; ``asking``, ``opening``, ``vocabulary`` and ``table_names`` are what explorers and completion need;
``wrapping`` makes results of what storage tells. Nothing here
computes anything: every method passes on to a service or to the storage engine.
"""

from mixpanel_nb.workspace.workspace import SANDBOX, SANDBOX_URL, Workspace, sandbox_credentials

__all__ = ["SANDBOX", "SANDBOX_URL", "Workspace", "sandbox_credentials"]
