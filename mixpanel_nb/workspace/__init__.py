"""``Workspace``: Mixpanel and a local database in one object, the facade over all subpackages.

``workspace`` is the facade. Its methods, each of which delegates to a service or the storage engine, are in
``names`` (of the project), ``data_in``, ``asking`` (one a report), ``users`` and ``tables``, over what
``base`` opens. ``project`` is the account's side, ``reports`` sends a query to Mixpanel or to a table,
``vocabulary`` has the names that forms offer, and ``wrapping`` converts storage's records to results. Nothing
here computes anything.
"""

from mixpanel_nb.workspace.project import SANDBOX, SANDBOX_URL, Project, sandbox_credentials
from mixpanel_nb.workspace.workspace import Workspace

__all__ = ["SANDBOX", "SANDBOX_URL", "Project", "Workspace", "sandbox_credentials"]
