"""Events and profiles from Mixpanel: into tables, or handed out one by one.

``fetcher`` decides what a call may write to and what is missing (``plan`` says which days, ``chunks`` what
each piece asks for, ``filters`` what may be asked). ``run`` is one run of a fetch. Its ``scheduler``
downloads chunks (``downloads`` runs several at once) and decides what becomes of each, its ``batches`` store
what is downloaded (``staging`` keeps it on disk until then), its ``progress`` tells how it goes.
``streaming`` hands events and profiles out unstored.
"""
