"""Reconciliation: one question of Mixpanel and of a table, and what explains the differences.

Mixpanel is asked once. Every cause is then tried on the table alone: by asking it again in another way (see
`Reading`), or by what the ledger says of its fetches. Screens and HTTP do not belong here.
"""

from mixpanel_nb.services.reconcile.reconciliation import reconcile
from mixpanel_nb.services.reconcile.sides import Reading, Sides

__all__ = ["Reading", "Sides", "reconcile"]
