"""Services: fetching, loading, discovery, and reports.

``fetch`` brings events and profiles into storage, ``load`` loads user files, ``discovery`` lists a project's
names and saved items, ``live`` and ``local`` answer reports.

Services combine the client and the storage, which do not depend on each other. They display nothing: they
report progress to a callable and return results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from mixpanel_nb.services import project_annotations, saved_items
else:
    __getattr__, __dir__ = lazy.names(__name__, {}, modules=("project_annotations", "saved_items"))

__all__ = ["project_annotations", "saved_items"]
