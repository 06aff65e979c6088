"""Conversion of Mixpanel's JSON to result data: pure functions, one file per shape.

``node`` navigates an answer and tracks the path, so that an unexpected value raises a ``ServerError`` with
    its place.
"""
