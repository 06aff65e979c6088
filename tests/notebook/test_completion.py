"""Tab, in the lines of magics and in SQL cells: what is offered, and what the cell is after taking it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import IPython
import pandas as pd
import polars as pl
import pytest
from faces import SECRET

from mixpanel_nb import Workspace
from mixpanel_nb.accounts import ConfigManager, Credentials
from mixpanel_nb.notebook.completion import table_lookup
from mixpanel_nb.notebook.completion.register import OldMatcher
from mixpanel_nb.notebook.completion.suggestions import Choice, Offer, replacing
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.storage.database import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb
    from IPython.core.interactiveshell import InteractiveShell

    from mixpanel_nb.sandbox.server import SandboxServer
    from notebook.conftest import Kernel, Shell

DAYS = "--from 2025-01-01 --to 2025-01-14"

# Before 8.6 nobody can keep IPython's own words out of a list, and `e.` is a part of the name.
alone = pytest.mark.xfail(IPython.version_info < (8, 6), reason="IPython 7 offers words of its own, too")


def parted(cell: str) -> tuple[str, int]:
    """A cell and its cursor, which is written as ‸."""
    return cell.replace("‸", ""), cell.index("‸")


class KernelOf:
    """As much of a kernel as IPython 7's shell has: the message that is being answered."""

    def __init__(self, code: str, cursor: int) -> None:
        self._content = {"code": code, "cursor_pos": cursor}

    def get_parent(self, channel: str) -> dict[str, Any]:
        return {"content": self._content}


def found_by(ip: InteractiveShell, text: str, cursor: int) -> list[Any]:
    """What IPython finds at a cursor, as a kernel would ask it."""
    from IPython.core.completer import provisionalcompleter

    completer: Any = ip.Completer
    if not hasattr(completer, "custom_completer_matcher"):  # before 8.6 the cell is known to the kernel alone
        vars(ip)["kernel"] = KernelOf(text, cursor)
    with provisionalcompleter():
        return list(completer.completions(text, cursor))


def accepted(ip: InteractiveShell, cell: str) -> list[str]:
    """The cells that there would be after taking each of the completions at ‸."""
    from IPython.core.completer import provisionalcompleter, rectify_completions

    text, cursor = parted(cell)
    with provisionalcompleter():
        found = list(rectify_completions(text, found_by(ip, text, cursor)))
    return [text[: one.start] + one.text + text[one.end :] for one in found]


def offered(ip: InteractiveShell, cell: str) -> list[str]:
    """The texts that are offered at ‸."""
    return [one.text for one in found_by(ip, *parted(cell))]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this machine is, answers of the tables are waited for."""
    monkeypatch.setattr(table_lookup, "BUDGET_SECONDS", 30.0)


@pytest.fixture
def tab(shell: Shell, database: Path) -> Callable[[str], list[str]]:
    """What is offered in a notebook that is connected to a filled database."""
    shell.value("%mp_connect sandbox")
    return lambda cell: offered(shell.ip, cell)


@pytest.fixture
def take(shell: Shell, tab: object) -> Callable[[str], list[str]]:
    """The same, as the cells there would be."""
    return lambda cell: accepted(shell.ip, cell)


# Lines of magics


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("%mp_segmentation Purchase --fr‸", ["%mp_segmentation Purchase --from"]),
        ("x = %mp_segmentation Purchase --fr‸", ["x = %mp_segmentation Purchase --from"]),
        ("print(1)\nx = %mp_retention --ali‸\nx", ["print(1)\nx = %mp_retention --alignment\nx"]),
        ('%mp_segmentation "Sign Up" \\\n  --wh‸', ['%mp_segmentation "Sign Up" \\\n  --where']),
        ("%mp_fetch --ev‸", ["%mp_fetch --event"]),
        ("%mp_fetch profiles --co‸", ["%mp_fetch profiles --cohort", "%mp_fetch profiles --columns"]),
        ("%mp_sql --ma‸", ["%mp_sql --max-rows"]),
        ("%%mp_sql --out‸\nSELECT 1", ["%%mp_sql --output\nSELECT 1"]),
        ("%%mp_sql -o x --chart b‸\nSELECT 1", ["%%mp_sql -o x --chart bar\nSELECT 1"]),
        ("%mp_connect --tim‸", ["%mp_connect --timezone"]),
        ("%mp_segmentation x --unit w‸ --table t", ["%mp_segmentation x --unit week --table t"]),
        ("%mp_segmentation x --unit=w‸", ["%mp_segmentation x --unit=week"]),
        pytest.param("%mp_frequency --unit h‸", [], marks=alone),
        ("%mp_auth sh‸", ["%mp_auth show"]),
        ("%mp_fetch p‸", ["%mp_fetch profiles"]),
    ],
)
def test_options_complete_before_anything_is_connected(shell: Shell, before: str, after: list[str]) -> None:
    assert accepted(shell.ip, before) == after
    assert shell.ip.magics_manager.registry["MpMagics"].session._workspace is None


def test_an_option_is_offered_once_unless_it_can_be_repeated(shell: Shell) -> None:
    names = offered(shell.ip, f"%mp_funnel {DAYS} --step a --‸")
    assert names[0] == "--step"
    assert {"--from", "--to"}.isdisjoint(names)
    assert {"--window", "--help", "--verbose"} <= set(names)


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("%mp_segmentation x --unit ‸", "minute hour day week month"),
        ("%mp_retention --unit ‸", "day week month"),
        ("%mp_frequency --addiction-unit ‸", "hour day"),
        ("%mp_funnel --window-unit ‸", "second minute hour day week month session"),
        ("%mp_segmentation x --type ‸", "general unique average"),
        ("%mp_retention --type ‸", "birth compounded"),
        ("%mp_bookmarks --type ‸", "insights funnels retention flows launch-analysis"),
        ("%mp_lexicon --type ‸", "event profile custom_event group"),
        ("%mp_auth ‸", "list add login logout remove switch show test"),
        ("%mp_auth add x --region ‸", "us eu in"),
    ],
)
def test_choices(shell: Shell, line: str, choices: str) -> None:
    assert offered(shell.ip, line) == choices.split()


@pytest.mark.usefixtures("connected")
def test_accounts(shell: Shell) -> None:
    ConfigManager().add("shop", Credentials("me", SECRET, "5", region="us", account="shop"))
    assert accepted(shell.ip, "%mp_connect s‸") == ["%mp_connect sandbox", "%mp_connect shop"]
    assert accepted(shell.ip, "%mp_auth remove ‸") == ["%mp_auth remove shop"]
    assert accepted(shell.ip, "%mp_auth test sh‸") == ["%mp_auth test shop"]
    assert offered(shell.ip, "%mp_auth add ‸")[0] == "--username"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("%mp_segmentation Sign‸", '%mp_segmentation "Sign Up"'),
        ('%mp_segmentation "Sign U‸', '%mp_segmentation "Sign Up"'),
        ('%mp_segmentation "Sign U‸"', '%mp_segmentation "Sign Up"'),
        ("x = %mp_segmentation 'Si‸ --on plan", "x = %mp_segmentation 'Sign Up' --on plan"),
        ("%mp_funnel --step Purchase --step 'Sign‸", "%mp_funnel --step Purchase --step 'Sign Up'"),
        ("%mp_funnel --step=Purch‸", "%mp_funnel --step=Purchase"),
        ("%mp_retention --born pur‸", "%mp_retention --born Purchase"),
        ("%mp_retention --return Sig‸", '%mp_retention --return "Sign Up"'),
        ("%mp_frequency --event Purch‸", "%mp_frequency --event Purchase"),
        ("%mp_fetch --event Purch‸", "%mp_fetch --event Purchase"),
        ("%mp_event_counts Purchase Sig‸", '%mp_event_counts Purchase "Sign Up"'),
        ("%mp_segmentation x --table ev‸", "%mp_segmentation x --table events"),
        ("%mp_drop events prof‸", "%mp_drop events profiles"),
        ("%mp_schema ev‸", "%mp_schema events"),
        ("%mp_segmentation Purchase --on pla‸ --table events", None),
        ("%mp_segmentation Purchase --on $o‸", "%mp_segmentation Purchase --on $os"),
        ("%mp_segmentation Purchase --on os‸", "%mp_segmentation Purchase --on $os"),
        ("%mp_values Purchase pla‸", "%mp_values Purchase plan"),
        ("%mp_segmentation Purchase --diff pla‸", "%mp_segmentation Purchase --diff plan="),
        (
            "%mp_segmentation Purchase --diff plan=pro pla‸",
            "%mp_segmentation Purchase --diff plan=pro plan=",
        ),
        (
            "%mp_segmentation Purchase --diff plan=pro plan=free --on $o‸",
            "%mp_segmentation Purchase --diff plan=pro plan=free --on $os",
        ),
        ("%mp_property_counts Purchase plan --value pr‸", "%mp_property_counts Purchase plan --value pro"),
        ("%mp_fetch profiles --property $ema‸", "%mp_fetch profiles --property $email"),
        ("%mp_promote events cou‸", "%mp_promote events coupon"),
    ],
)
def test_names_of_the_tables(take: Callable[[str], list[str]], before: str, after: str | None) -> None:
    assert take(before) == [after or before.replace("pla‸", "plan")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("""--where 'properties["pla‸""", """--where 'properties["plan"]"""),
        ("""--where 'properties["pla‸"]'""", """--where 'properties["plan"]'"""),
        (r"""--where "properties[\"pla‸""", r"""--where "properties[\"plan\"]"""),
        ("""--where "properties['pla‸""", """--where "properties['plan']"""),
        ("""--where 'properties["plan"] == "pr‸""", """--where 'properties["plan"] == "pro" """[:-1]),
        (
            """--where 'properties["plan"] != "pr‸"' --on x""",
            """--where 'properties["plan"] != "pro"' --on x""",
        ),
        ("""--on 'properties["pla‸""", """--on 'properties["plan"]"""),
        ("--where pla‸", """--where 'properties["plan"]"""),
        ("--where 'pla‸", """--where 'properties["plan"]"""),
        ("""--where 'not (pla‸""", """--where 'not (properties["plan"]"""),
        (
            """--where 'properties["a"] == 1 and os‸'""",
            """--where 'properties["a"] == 1 and properties["$os"]'""",
        ),
        (r"""--where "pla‸""", r"""--where "properties[\"plan\"]"""),
    ],
)
def test_inside_an_expression(take: Callable[[str], list[str]], before: str, after: str) -> None:
    assert take(f"%mp_segmentation Purchase {before}") == [f"%mp_segmentation Purchase {after}"]


def test_an_expression_begins_with_a_property(tab: Callable[[str], list[str]]) -> None:
    for cell in ("--where ‸", "--where '‸", "--step 'Purchase where ‸", '--where \'properties["a"] or ‸'):
        names = tab(f"%mp_funnel {cell}")
        assert [name.lstrip("'") for name in names if "plan" in name] == ['properties["plan"]']


def test_a_step_with_a_filter(take: Callable[[str], list[str]]) -> None:
    before = """%mp_funnel --step 'Sign Up' --step 'Purchase where properties["pla‸"""
    assert take(before)[0] == before.replace("pla‸", 'plan"]')


def test_properties_are_those_of_the_event(tab: Callable[[str], list[str]]) -> None:
    assert "revenue" in tab("%mp_segmentation Purchase --on ‸")
    assert "revenue" not in tab('%mp_segmentation "Sign Up" --on ‸')
    assert "revenue" in tab("%mp_segmentation Nope --on ‸")


def test_what_is_taken_can_be_run(shell: Shell, take: Callable[[str], list[str]]) -> None:
    """Also names that hold quotes, tags and ampersands."""
    lines = take("%mp_segmentation ‸")
    assert any("<b>" in line for line in lines)
    for line in lines:
        assert len(shell.value(f"{line} {DAYS} --table events").df) > 0


def test_mixpanel_is_not_asked_but_what_it_has_told_is_known(
    shell: Shell, connected: SandboxServer, faults: Faults
) -> None:
    shell.value("%mp_connect sandbox --memory")
    assert offered(shell.ip, "%mp_segmentation P‸") == []
    assert offered(shell.ip, "%mp_segmentation Purchase --on pl‸") == []
    shell.value("%mp_events")
    shell.value("%mp_properties Purchase")
    shell.value("%mp_values Purchase plan")
    faults.add(FaultRule("status", times=1000, status=500))
    assert offered(shell.ip, "%mp_segmentation Pu‸") == ["Purchase"]
    assert offered(shell.ip, "%mp_segmentation Purchase --on pl‸") == ["plan"]
    where = """%mp_segmentation Purchase --where 'properties["plan"] == "pr‸"""
    assert offered(shell.ip, where) == ['pro"']


def test_a_path_is_left_to_ipython(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop.db").touch()
    monkeypatch.chdir(tmp_path)
    assert "%mp_connect --db shop.db" in accepted(shell.ip, "%mp_connect --db sho‸")


@pytest.mark.parametrize(
    "cell", ["import o‸", "x = 5 % mp_x‸", "%who_l‸", "'%mp_segmentation' + st‸", "%mp_nope --‸"]
)
def test_other_cells_are_left_alone(shell: Shell, ip: InteractiveShell, cell: str) -> None:
    with_us = offered(ip, cell)
    extensions: Any = ip.extension_manager
    extensions.unload_extension("mixpanel_nb")  # a cell would change the names that there are
    assert with_us == offered(ip, cell)


# SQL


def test_frames_of_other_libraries(shell: Shell, take: Callable[[str], list[str]]) -> None:
    frame = pl.DataFrame({"city name": ["x"]})
    shell.names |= {"my_polars": frame, "my_lazy": frame.lazy(), "my_arrow": frame.to_arrow()}
    head = "%%mp_sql -o x\n"
    for name in ("my_polars", "my_arrow"):
        wanted = f'{head}SELECT {name}."city name" FROM {name}'
        assert wanted in take(f"{head}SELECT {name}.cit‸ FROM {name}")
        assert f"{head}SELECT * FROM {name}" in take(f"{head}SELECT * FROM {name[:-2]}‸")
    assert f"{head}SELECT * FROM my_lazy" in take(f"{head}SELECT * FROM my_la‸")
    assert f"{head}SELECT $my_polars" not in take(f"{head}SELECT $my_pol‸")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SELECT event_n‸ FROM events", "SELECT event_name FROM events"),
        ("select EVENT_N‸", "select event_name"),
        ("%mp_sql SELECT event_n‸ FROM events", "%mp_sql SELECT event_name FROM events"),
        ("SELECT e.pla‸, 1 FROM events AS e", None),
        ("SELECT p.chan‸\nFROM events e\nJOIN profiles p USING (distinct_id)", None),
        ("SELECT * FROM prof‸\nWHERE 1 = 1", "SELECT * FROM profiles\nWHERE 1 = 1"),
        ("SELECT * FROM events, prof‸", "SELECT * FROM events, profiles"),
        ('SELECT "$o‸" FROM events', 'SELECT "$os" FROM events'),
        ('SELECT "$o‸ FROM events', 'SELECT "$os" FROM events'),
        ('SELECT e."$o‸ FROM events e', 'SELECT e."$os" FROM events e'),
        ("WITH buyers AS (SELECT 1) SELECT * FROM buy‸", "WITH buyers AS (SELECT 1) SELECT * FROM buyers"),
        ("SELECT 1; FROM prof‸; SELECT 3 FROM events", "SELECT 1; FROM profiles; SELECT 3 FROM events"),
        ("SELECT date_tru‸", "SELECT date_trunc("),
        ("SELECT date_tru‸('day', event_time)", "SELECT date_trunc('day', event_time)"),
        ("SEL‸", "SELECT"),
        ("SELECT 1 FROM events whe‸", "SELECT 1 FROM events where"),
        ("SELECT 1 FROM events WHERE plan = 'pr‸", "SELECT 1 FROM events WHERE plan = 'pro'"),
        ("FROM events WHERE plan = 'pr‸'\nLIMIT 1", "FROM events WHERE plan = 'pro'\nLIMIT 1"),
        ("FROM events e WHERE e.plan IN ('free', 'pr‸", "FROM events e WHERE e.plan IN ('free', 'pro'"),
        (
            "FROM events WHERE event_name = 'Viewed‸",
            """FROM events WHERE event_name = 'Viewed <b>"O''Brien" & Co</b>'""",
        ),
        ("SELECT properties->>'pla‸ FROM events", "SELECT properties->>'plan' FROM events"),
        (
            "FROM events e SELECT e.properties ->> '$o‸'",
            """FROM events e SELECT e.properties ->> '$."$os"'""",
        ),
        ("""SELECT properties->>'$."$o‸ FROM events""", """SELECT properties->>'$."$os"' FROM events"""),
        ("FROM profiles SELECT properties->'chan‸", "FROM profiles SELECT properties->'channel'"),
        ("SELECT os‸ FROM events", 'SELECT "$os" FROM events'),
        ("SELECT $lim‸", "SELECT $limit_"),
        ("SELECT * FROM my_fr‸", "SELECT * FROM my_frame"),
        ("SELECT my_frame.cit‸ FROM my_frame", 'SELECT my_frame."city name" FROM my_frame'),
    ],
)
def test_sql(shell: Shell, take: Callable[[str], list[str]], before: str, after: str | None) -> None:
    shell.names |= {"limit_": 5, "my_frame": pd.DataFrame({"city name": ["x"]})}
    wanted = after or before.replace("pla‸", "plan").replace("chan‸", "channel")
    head = "" if before.startswith("%") else "%%mp_sql -o x\n"
    assert wanted in [cell.removeprefix(head) for cell in take(head + before)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT $nope‸",
        pytest.param("SELECT 1 -- ev‸", marks=alone),
        pytest.param("SELECT 1 /* ev‸", marks=alone),
        "SELECT 'ev‸",
        "SELECT 12‸",
        "SELECT nope.ev‸ FROM events",
    ],
)
def test_where_no_name_can_stand_none_is_offered(tab: Callable[[str], list[str]], sql: str) -> None:
    assert tab(f"%%mp_sql\n{sql}") == []


@alone
def test_columns_come_before_all_else_and_need_no_letter(tab: Callable[[str], list[str]]) -> None:
    assert tab("%%mp_sql\nSELECT ‸ FROM profiles")[:3] == ["distinct_id", "properties", "last_seen"]
    assert tab("%%mp_sql\nSELECT e.‸ FROM events e")[:2] == ["event_name", "event_time"]
    assert tab("%%mp_sql\nSELECT * FROM ‸") == ["events", "profiles"]
    assert tab("%%mp_sql\nSELECT plan FROM events ‸")[:3] == ["FROM", "WHERE", "GROUP BY"]


@alone
def test_names_that_need_quotes_come_quoted(shell: Shell, tab: Callable[[str], list[str]]) -> None:
    shell.value('%mp_sql CREATE TABLE odd AS SELECT 1 AS "order", 2 AS "a ""b""; drop", 3 AS Plain')
    assert tab("%%mp_sql\nSELECT o.‸ FROM odd o") == ['"order"', '"a ""b""; drop"', "Plain"]


def test_sql_on_its_own_needs_no_workspace(shell: Shell) -> None:
    shell.names["since"] = 1
    assert accepted(shell.ip, "%%mp_sql\nSELECT $sin‸") == ["%%mp_sql\nSELECT $since"]
    assert "GROUP BY" in offered(shell.ip, "%%mp_sql\nSELECT 1 FROM x GR‸")


# At a key press


def test_what_has_changed_is_seen(shell: Shell, tab: Callable[[str], list[str]]) -> None:
    assert tab("%mp_schema ‸")[:2] == ["events", "profiles"]
    shell.value("%mp_sql CREATE TABLE goals AS SELECT 1 AS a")
    assert tab("%mp_schema g‸") == ["goals"]


def test_a_file_that_another_program_holds_gives_no_names(
    shell: Shell, tab: Callable[[str], list[str]], database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    time.sleep(2 * LEASE_SECONDS)
    command = [sys.executable, "-c", held, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        assert tab("%mp_segmentation Pur‸") == []
        assert tab("%mp_segmentation Pur --fr‸") == ["--from"]
        program.communicate(b"\n")
    assert tab("%mp_segmentation Pur‸") == ["Purchase"]
    assert capsys.readouterr() == ("", "")


def test_a_late_answer_is_there_at_the_next_key(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_lookup, "BUDGET_SECONDS", 0.0)
    asking, go = table_lookup.TableLookup(), threading.Event()

    def work(con: duckdb.DuckDBPyConnection) -> str:
        go.wait()
        return "answer"

    with Workspace.sandbox(path=database) as workspace:
        asking.begin(workspace, 1)
        assert asking.ask(workspace.storage, "key", work) is None
        assert asking.ask(workspace.storage, "other", work) is None
        go.set()
        monkeypatch.setattr(table_lookup, "BUDGET_SECONDS", 30.0)
        asking.begin(workspace, 1)
        assert asking.ask(workspace.storage, "other", work) == "answer"
        assert asking.ask(workspace.storage, "key", lambda con: "another") == "answer"


def test_an_answer_that_someone_reads_is_not_disturbed(shell: Shell, tab: Callable[[str], list[str]]) -> None:
    workspace = shell.ip.magics_manager.registry["MpMagics"].session.workspace
    reading = workspace.connection.execute("FROM range(100_000)")
    assert reading.fetchone() == (0,)
    assert tab("%mp_segmentation Pur‸") == ["Purchase"]
    assert reading.fetchone() == (1,)


def test_nothing_is_raised_or_printed(
    tab: Callable[[str], list[str]], database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database.write_bytes(b"no database at all")
    time.sleep(2 * LEASE_SECONDS)
    for cell in ("%mp_segmentation P‸", "%%mp_sql\nSELECT e.‸ FROM events e", '%mp_auth "‸'):
        tab(cell)
    assert capsys.readouterr() == ("", "")


# In IPython


def matchers(ip: InteractiveShell) -> list[object]:
    completer: Any = ip.Completer
    return [*completer.custom_matchers, *completer.magic_arg_matchers]


def test_unloading_takes_it_away_and_reloading_does_not_double_it(ip: InteractiveShell) -> None:
    before = matchers(ip)
    extensions: Any = ip.extension_manager
    extensions.load_extension("mixpanel_nb")
    extensions.reload_extension("mixpanel_nb")
    assert len(matchers(ip)) == len(before) + 1
    extensions.unload_extension("mixpanel_nb")
    assert matchers(ip) == before


def test_the_older_way_to_ask(shell: Shell, tab: object) -> None:
    with pytest.warns(PendingDeprecationWarning):
        assert shell.ip.complete("", "%mp_segmentation Purchase --fr", 30) == ("--fr", ["--from"])


@pytest.mark.usefixtures("database")
def test_a_kernel_completes_for_its_front_end(kernel: Kernel) -> None:
    kernel.ok("%mp_connect sandbox")
    kernel.ok("from mixpanel_nb.notebook.completion import table_lookup\ntable_lookup.BUDGET_SECONDS = 30")
    for before, after in (
        ("x = %mp_segmentation 'Sign U‸", "x = %mp_segmentation 'Sign Up'"),
        ("%mp_segmentation Sig‸", '%mp_segmentation "Sign Up"'),
        ("%%mp_sql\nSELECT e.event_n‸\nFROM events e", "%%mp_sql\nSELECT e.event_name\nFROM events e"),
    ):
        code, cursor = parted(before)
        reply = kernel._reply(kernel.client.complete(code, cursor))
        start, end = reply["cursor_start"], reply["cursor_end"]
        assert [code[:start] + text + code[end:] for text in reply["matches"]] == [after]


@pytest.mark.parametrize(
    ("before", "texts"),
    [
        ("%mp_segmentation --fr‸", ["--from"]),
        ("%mp_segmentation Sig‸", ['"Sign Up"']),
        ("%mp_segmentation 'Sign U‸", ["Up'"]),
        ("%mp_segmentation 'sign U‸", []),
        ("x = %mp_segmentation Purchase --on $o‸", ["os"]),
        ("%%mp_sql\nSELECT e.event_n‸\nFROM events e", ["e.event_name"]),
        ("%mp_segmentation 'Sign Up' \\\n --unit w‸", ["week"]),
    ],
)
def test_ipython_7_gets_what_can_replace_its_token(
    shell: Shell, tab: object, monkeypatch: pytest.MonkeyPatch, before: str, texts: list[str]
) -> None:
    code, cursor = parted(before)
    start = code.rfind("\n", 0, cursor) + 1
    monkeypatch.setattr(shell.ip, "kernel", KernelOf(code, cursor), raising=False)
    monkeypatch.setattr(shell.ip.Completer, "text_until_cursor", code[start:cursor], raising=False)
    ask = OldMatcher(shell.ip, shell.ip.magics_manager.registry["MpMagics"].session)
    assert ask(code[start:].split("\n")[0]) == texts


def test_a_token_that_is_longer_or_shorter_than_what_is_replaced() -> None:
    offer = Offer('"Sign U', (Choice('"Sign Up"', "event"),))
    assert replacing(offer, "U") == ['Up"']
    assert replacing(Offer("pl", (Choice("plan", "column"),)), "e.pl") == ["e.plan"]


def test_a_property_of_the_json_that_is_offered_has_values(
    shell: Shell, take: Callable[[str], list[str]]
) -> None:
    cells = take("%mp_sql SELECT count(properties->>'‸) AS n FROM events")
    assert any("$os" in cell for cell in cells)
    for cell in cells:
        assert shell.value(cell).rows[0][0] > 0, cell


# Shift-Tab


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%mp_seg‸mentation Purchase --on plan", "Show how often an event"),
        ("x = 1\ny = %mp_segmentation Pur‸chase --on plan", "Show how often an event"),
        ("%mp_segmentation Purchase --on plan‸", "Show how often an event"),
        ("%%mp_sql --chart ‸bar\nSELECT 1", "Run SQL on the local tables"),
        ("le‸n([])", "Return the number of items"),
    ],
)
def test_help_is_shown_anywhere_on_the_line_of_a_magic(shared_kernel: Kernel, cell: str, said: str) -> None:
    shared_kernel.ok("%load_ext mixpanel_nb")
    shown = shared_kernel.inspected(*parted(cell))
    assert said in shown
    shared_kernel.ok("%unload_ext mixpanel_nb")
    assert shared_kernel.value("'do_inspect' in vars(get_ipython().kernel)") == "False"
