"""Cohorts in a notebook: the magic, the magic of cells, and Tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebook.test_completion import offered

if TYPE_CHECKING:
    from notebook.conftest import Shell

pytestmark = pytest.mark.usefixtures("database")


def test_a_cohort_is_saved_by_a_line_or_a_cell_of_sql(shell: Shell) -> None:
    saved = shell.value("%mp_cohort save buyers --did Purchase --at-least 2")
    assert "buyers" in repr(saved)
    ids = shell.value("%mp_sql FROM cohort_buyers ORDER BY 1").df["distinct_id"].tolist()
    assert saved.ids == ids
    assert saved.size == len(ids) > 0
    cell = "%%mp_cohort \"from sql\"\nSELECT distinct_id -- who\nFROM events\nWHERE event_name = 'Purchase'\n"
    queried = shell.value(cell)
    assert queried.size > saved.size
    assert shell.value(cell).size == queried.size
    inside = shell.value("%mp_segmentation Purchase --in buyers")
    assert "Only users in buyers." in inside.notes
    again = shell.value(inside.question.query.magic())
    assert again.totals == inside.totals
    assert [row["name"] for row in shell.value("%mp_cohort list").records()] == ["buyers", "from sql"]
    shown = shell.value("%mp_cohort show buyers").to_html()
    assert "did Purchase at least 2 times" in shown


def test_notebook_variables_are_written_into_a_cell_of_sql(shell: Shell) -> None:
    """A cohort is computed again in another session, which has no such variables."""
    shell.value("names, least = ['Purchase', \"it's\"], -1\nnames")
    sql = (
        "SELECT distinct_id -- $nothing\nFROM events WHERE event_name = ANY($names) AND length('$least') >{}"
    )
    saved = shell.value("%%mp_cohort bought\n" + sql.format("$least"))
    assert saved.size == shell.value("%mp_cohort save any --did Purchase").size > 0
    assert saved.cohort.definition.words().endswith(">(-1)")
    assert shell.value("%mp_cohort refresh bought").records()[0]["size"] == saved.size
    assert "no notebook variable 'lest'" in shell.failure("%%mp_cohort bought\n" + sql.format("$lest"))[0]


def test_a_mistake_in_a_cell_of_sql_shows_its_line(shell: Shell) -> None:
    lines = shell.failure("%%mp_cohort x\nSELECT distinct_id\nFROM evens\n")
    assert "There is no table 'evens'." in lines[0]
    assert any("LINE 2" in line or "LINE 3" in line for line in lines)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("%mp_cohort show ‸", ["buyers", '"two words"']),
        ("%mp_cohort drop b‸", ["buyers"]),
        ("%mp_segmentation Purchase --in ‸", ["buyers", '"two words"']),
        ("%mp_funnel --not-in b‸", ["buyers"]),
        ("%mp_fetch profiles --in ‸", ["buyers", '"two words"']),
    ],
)
def test_tab_offers_the_names_of_cohorts(shell: Shell, line: str, names: list[str]) -> None:
    shell.value("%mp_cohort save buyers --did Purchase")
    shell.value('%mp_cohort save "two words" --in buyers')
    assert offered(shell.ip, line) == names
