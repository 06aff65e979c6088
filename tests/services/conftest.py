"""A database with two weeks of events, and profiles, for the tests of reports."""

from faces import built, connected  # noqa: F401 - fixtures
