"""What people type wrongly in a notebook is answered with what to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from mistakes import DAYS, MISTAKES, SQL_MISTAKES, ZONES

if TYPE_CHECKING:
    from notebook.conftest import Shell

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(("line", "hint"), MISTAKES)
def test_words(shell: Shell, line: str, hint: str) -> None:
    magic, rest = line.split(" ", 1)
    magic = magic.replace("-", "_")
    assert shell.failure(f"%mp_{magic} {rest}")[-1] == hint.replace("{}", f"%mp_{magic}")


@pytest.mark.parametrize("magic", ["%mp_sql ", "%%mp_sql\n"])
@pytest.mark.parametrize(("sql", "hint"), SQL_MISTAKES)
def test_sql(shell: Shell, sql: str, hint: str, magic: str) -> None:
    assert shell.failure(magic + sql)[-1] == hint


@pytest.mark.parametrize(("zone", "hint"), ZONES)
def test_time_zones(shell: Shell, zone: str, hint: str) -> None:
    for line in (f"%mp_connect sandbox --timezone {zone}", f"%mp_connect --timezone {zone}"):
        assert shell.failure(line) == [f"ConfigError: There is no time zone '{zone}'.", hint]
        shell.value("%mp_connect sandbox")


def test_braces_without_quotes(shell: Shell) -> None:
    shell.names["event"] = "Sign Up"
    assert shell.failure(f"%mp_segmentation {{event}} {DAYS}")[-1] == (
        'A name with spaces stands in quotes: "{event}"'
    )
    assert shell.value(f'%mp_segmentation "{{event}}" {DAYS}').event == "Sign Up"


def test_a_parameter_may_be_a_property(shell: Shell) -> None:
    assert shell.failure("%mp_sql SELECT $os FROM events") == [
        "ParameterError: There is no notebook variable 'os' for $os.",
        'Set os = … in a cell first, or write "$os" if the property of that name is meant.',
    ]


def test_a_variable_for_the_rows_is_an_option(shell: Shell) -> None:
    assert shell.failure("%%mp_sql top\nSELECT 1")[-1] == "To keep the rows as a variable, write -o top"
    assert shell.failure('%mp_sql "SELECT 1"')[-1] == "Write the SQL without quotes around it."


def test_a_property_without_a_column_is_promoted_by_a_magic(shell: Shell) -> None:
    shell.value("%mp_fetch few --from 2025-01-01 --to 2025-01-02 --columns plan")
    assert shell.failure("%mp_sql SELECT category FROM few")[-1] == (
        "category has no column: properties->>'category' reads it; %mp_promote few category gives it one."
    )


def test_a_view_of_a_dataframe_is_refused_and_a_table_of_it_is_not(shell: Shell) -> None:
    shell.names["plans"] = pd.DataFrame({"plan": ["pro"]})
    headline, hint = shell.failure("%%mp_sql\nCREATE VIEW v AS SELECT * FROM plans")
    assert headline == (
        "QueryError: The view v would fail later: plans is a DataFrame, which is not in the database."
    )
    shell.value(f"%%mp_sql\n{hint.removeprefix('Store its rows: ')}")
    shell.value("%%mp_sql\nCREATE VIEW pros AS SELECT * FROM v WHERE plan = 'pro'")
    del shell.names["plans"]
    assert shell.value("%mp_sql FROM pros").df["plan"].tolist() == ["pro"]
    assert {t.name: t.type for t in shell.value("%mp_tables")} == {
        "events": "events",
        "profiles": "profiles",
        "pros": "view",
        "v": "table",
    }
    shell.value("%mp_drop pros v")
    assert shell.value("%mp_tables").names == ["events", "profiles"]
