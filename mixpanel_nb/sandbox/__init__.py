"""The sandbox: an offline Mixpanel.

This package contains a generated data set (``dataset``) with its project's saved items (``saved``), the
DuckDB files that store it (``store``: raw lines; ``tables``: the same, typed, for ``reports``), a WSGI app
that answers in Mixpanel's wire format (``app``, one module per group of endpoints in ``endpoints``), faults
to inject (``faults``) and a loopback server (``server``). It must not use ``client`` or ``accounts``: the
sandbox replaces Mixpanel, so it must not share the client's view of the wire format.
"""

from __future__ import annotations
