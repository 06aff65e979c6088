"""The offline Mixpanel.

What lives here: a generated data set (``dataset``) with what people have saved in its project (``saved``),
the DuckDB files it is kept in (``store``: raw lines; ``tables``: the same, typed, for ``reports``), a WSGI
app that answers Mixpanel's wire format from it (``app``, one module per group of endpoints in ``endpoints``),
faults to inject (``faults``) and a loopback server (``server``). What may not: anything of ``client``
or ``accounts``. The sandbox stands where Mixpanel stands, so it must not share the client's idea
of the wire format.
"""

from __future__ import annotations
