"""What a workspace does for people, each as one service: fetch, discover, and ask.

``fetcher`` brings events and profiles into storage, ``discovery`` tells what a project holds. Here the
client and the storage meet; neither knows the other. Nothing here displays anything: progress is told
to a callable, results are returned.
"""
