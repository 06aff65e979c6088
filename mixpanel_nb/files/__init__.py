"""Files and what an operating system refuses: atomic writes, paths, and the encoding of a user's bytes.

Nothing here knows Mixpanel, databases or results.
"""
