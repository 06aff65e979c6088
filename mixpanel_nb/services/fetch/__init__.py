"""Fetching of events and profiles from Mixpanel, into tables or as streams.

``fetcher`` determines the target and what is missing (``plan`` the days, ``chunks`` the requests, ``filters``
    checks filters). ``run`` is one run of a fetch. Its ``scheduler`` downloads chunks (``downloads`` runs
    several concurrently) and handles failures, its ``batches`` store downloads (``staging`` keeps them on
    disk until then), its ``progress`` reports the state. ``store`` is what a fetch needs of the place that
    it fills: a database, or a lake (``lake``). ``streaming`` yields events and profiles without storing them.
"""
