"""Typed queries: a bookmark is translated to a query, answered by the local reports, and written as series.

This package contains what becomes of a query and its result; the endpoints read the request. The shapes are
those that Mixpanel's own client reads; what is the sandbox's own says so.
"""
