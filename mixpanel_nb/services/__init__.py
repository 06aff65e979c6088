"""What a workspace does for people, each as one service: fetch, discover, and ask.

``fetcher`` brings events and profiles into storage (``plan`` says which days, ``chunks`` what each piece
asks for, ``downloads`` runs several at once, ``staging`` keeps them until ``run`` has stored them),
``streaming`` hands them out unstored, ``discovery`` tells what a project holds.

Here the client and the storage meet; neither knows the other. Nothing here displays anything: progress
is told to a callable, results are returned.
"""
