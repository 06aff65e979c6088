"""Reconciliation: one query asked of Mixpanel and of a table, and the causes of the differences.

Mixpanel is asked once. The causes are then tested on the table: it is asked again in another way (see
`Reading`), or its ledger shows which days were not fetched or were filtered. Rendering and HTTP do not belong
here.
"""

from mixpanel_nb.services.reconcile.reconciliation import reconcile
from mixpanel_nb.services.reconcile.sides import Reading, Sides

__all__ = ["Reading", "Sides", "reconcile"]
