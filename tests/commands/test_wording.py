"""What is wrong is said in options and arguments, never in Python's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faces import built, connected, database  # noqa: F401 - fixtures

from mixpanel_nb.commands import parsing
from mixpanel_nb.commands.wording import TERMINAL
from mixpanel_nb.errors import Command, MixpanelDataError, Word
from mixpanel_nb.notebook.notebook_session import NotebookSession
from mixpanel_nb.notebook.wording import NOTEBOOK

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOP = Word("account", "shop")
DAYS = ("--from", "2025-01-01", "--to", "2025-01-14")
TABLE = (*DAYS, "--table", "events")
LIVE = (*DAYS, "--live")


@pytest.fixture
def session(database: object) -> Iterator[NotebookSession]:  # noqa: F811 - the fixture
    session = NotebookSession()
    yield session
    session.close()


def test_names_of_people_are_left_as_they_are(session: NotebookSession) -> None:
    """An event, a table, a column may be called as a parameter of the library is."""
    for words in (
        ("segmentation", "from_date=2025 to_date", *TABLE),
        ("sql", "SELECT 'a' AS x, born_event FROM events"),
        ("schema", "interval_count=3"),
    ):
        try:
            parsing.invoke(parsing.root(), words, session, shown_as="mp")
        except MixpanelDataError as error:
            assert "--" not in str(error).replace("LINE", "")
    problem = MixpanelDataError(
        "No '--account shop' in table 'mp tables'.", hint=["Try: ", Command("tables"), ", ", SHOP]
    )
    assert str(problem) == "No '--account shop' in table 'mp tables'. Try: mp tables, account=\"shop\""
    assert TERMINAL.say(["Try: ", Command("tables"), ", ", SHOP]) == "Try: mp tables, --account shop"
    NOTEBOOK.word(problem)
    assert str(problem) == "No '--account shop' in table 'mp tables'. Try: %mp_tables, %mp_connect shop"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("retention", "--type", "compounded", "--on", "x", *LIVE), "--type compounded without breakdowns"),
        (("retention", "--born", "Visit", "--unit", "hour", *TABLE), "--unit is 'hour'."),
        (("retention", "--born", "Visit", "--intervals", "0", *TABLE), "--intervals is 0."),
        (("retention", "--born", "Visit", "--type", "x", *TABLE), "--type is 'x'."),
        (("funnel", *TABLE), "such as Sign Up and then Purchase"),
        (("funnel", "7", *TABLE), "Name the steps, or leave out the table."),
        (("funnel", *LIVE), "Name its steps, or give the id of a saved one (see: mp funnels)."),
        (
            ("funnel", "--step", "A", "--step", "B", "--times", *LIVE),
            "Mixpanel's API has no --times for a funnel. Ask a fetched table instead: --table events.",
        ),
        (("segmentation", "", *TABLE), "EVENT is ''"),
        (
            ("segmentation", "Visit", "--from", "x", "--to", "2025-01-01"),
            "--from is 'x', which is neither a day nor a period.",
        ),
        (
            ("segmentation", "Visit", "--from", "2025-01-02", "--to", "2025-01-01"),
            "--from 2025-01-02 is after --to",
        ),
        (("segmentation-sum", "Purchase", "--on", "", *TABLE), "--on is ''"),
        (("property-counts", "Visit", "", *TABLE), "PROPERTY is ''"),
        (("fetch", "events", "x", *DAYS, "--limit", "0"), "--limit is 0"),
        (("fetch", "events", "x", *DAYS, "--workers", "0"), "--workers is 0."),
        (("fetch", "profiles", "x", "--as-of", "1"), "--as-of has a meaning only together with --behaviors."),
        (
            ("fetch", "profiles", "x", "--only-with-profile"),
            "--only-with-profile has a meaning only together",
        ),
        (("sample", "events", "-n", "0"), "--rows is 0."),
        (("lexicon", "--type", "nope"), "--type is 'nope'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_are_named_as_they_are_typed(
    session: NotebookSession, words: tuple[str, ...], says: str
) -> None:
    with pytest.raises(MixpanelDataError) as caught:
        parsing.invoke(parsing.root(), words, session, shown_as="mp")
    assert says in str(caught.value)
    for python in ("_date", "=", "born_event", "None", "steps="):
        assert python not in str(caught.value)
