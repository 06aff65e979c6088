"""From Mixpanel's JSON to the data of results: pure functions, one file a shape.

``node`` walks through an answer and knows where it is, so that whatever is not as expected becomes a
``ServerError`` that says what was found where.
"""
