"""What a workspace does for people, each as one service: fetch, discover, and ask.

``fetch`` brings events and profiles into storage, ``discovery`` tells what a project holds, ``live`` and
``local`` answer reports.

Here the client and the storage meet; neither knows the other. Nothing here displays anything: progress
is told to a callable, results are returned.
"""
