"""``Workspace``: Mixpanel and a local database in one object, the facade over all subpackages.

``workspace`` is the facade: every method delegates to a service or the storage engine. ``project`` is the
account's side of it, ``reports`` sends a query to Mixpanel or to a table, ``vocabulary`` has the names that
forms offer, and ``wrapping`` converts storage's records to results. Nothing here computes anything.
"""

from mixpanel_nb.workspace.project import SANDBOX, SANDBOX_URL, Project, sandbox_credentials
from mixpanel_nb.workspace.workspace import Workspace

__all__ = ["SANDBOX", "SANDBOX_URL", "Project", "Workspace", "sandbox_credentials"]
