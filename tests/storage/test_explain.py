"""DuckDB's errors in words for people."""

from __future__ import annotations

import duckdb
import pytest

from mixpanel_nb.errors import QueryError, StorageError, TableNotFoundError
from mixpanel_nb.storage.explain import explain, moved_up, storage_error


@pytest.mark.parametrize(
    "error",
    [
        duckdb.IOException('IO Error: Could not write file "/data/x.db": No space left on device'),
        duckdb.TransactionException(
            'TransactionContext Error: Failed to commit: Could not write file "x": No space left on device'
        ),
        duckdb.FatalException("FATAL Error: database has been invalidated\nNo space left on device"),
    ],
)
def test_a_full_disk(error: duckdb.Error) -> None:
    for explained in (explain(error), storage_error(error)):
        assert isinstance(explained, StorageError)
        assert explained.message == "The disk is full (No space left on device); nothing was changed."
        assert explained.hint == "Free some space and run it again."


def test_a_mistake_names_itself_without_duckdbs_category() -> None:
    explained = explain(duckdb.BinderException("Binder Error: No function matches\nCandidates: …"))
    assert isinstance(explained, QueryError)
    assert explained.message == "No function matches"
    assert explained.details == {}


def test_the_place_moves_with_the_lines_before() -> None:
    error = duckdb.BinderException("Binder Error: nope\n\nLINE 9: SELECT nope\n               ^^^^")
    assert explain(error, lines_before=1).details["context"] == "LINE 10: SELECT nope\n                ^^^^"
    assert explain(moved_up(error, 1)).details["context"] == "LINE 8: SELECT nope\n               ^^^^"


def test_a_table_is_looked_for_among_those_that_are_there() -> None:
    error = duckdb.CatalogException("Catalog Error: Table with name evnts does not exist!\nDid you mean …")
    near, far, none = explain(error, ["events", "people"]), explain(error, ["people"]), explain(error)
    assert isinstance(near, TableNotFoundError)
    assert (near.hint, far.hint) == ("Did you mean 'events'?", "Tables here: people.")
    assert none.hint == "There are no tables yet: fetch one first."


def test_too_little_memory() -> None:
    error = duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate")
    query, load = explain(error), storage_error(error)
    assert "Aggregate or filter" in str(query)
    assert "fewer columns" in str(load)
    assert query.details == load.details == {"cause": "failed to allocate"}


def test_an_error_in_the_engines_own_work_is_no_question_of_the_user() -> None:
    explained = storage_error(duckdb.InternalException("INTERNAL Error: oh no"))
    assert type(explained) is StorageError
    assert explained.message == "The database failed: oh no"


def test_an_error_without_words() -> None:
    assert explain(duckdb.Error("")).message == "The query failed."
