"""``%mp_explore``, results as widgets, and the widget of a fetch, in a real shell and a real kernel."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from IPython.utils.capture import capture_output

from mixpanel_nb.sandbox.faults import FaultRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.sandbox.faults import Faults
    from notebook.conftest import Kernel, Shell

VIEW = "application/vnd.jupyter.widget-view+json"
DAYS = "--from 2025-01-01 --to 2025-01-14"
ASK = f"%mp_segmentation Purchase {DAYS} --table events"


def shown(shell: Shell, value: Any) -> dict[str, Any]:
    """What the shell would send to a front end, of several outputs together."""
    with capture_output() as captured:
        bundle: dict[str, Any] = shell.ip.display_formatter.format(value)[0]
    outputs = [bundle, *(output.data for output in captured.outputs)]
    return {
        kind: "".join(map(str, filter(None, (one.get(kind) for one in outputs))))
        for one in outputs
        for kind in one
    }


@pytest.mark.usefixtures("database")
def test_an_explorer_begins_with_what_is_given(shell: Shell) -> None:
    explorer = shell.value("%mp_explore Purchase --from 2025-01-03 --to 2025-01-05")
    assert explorer.answer == shell.value(
        "%mp_segmentation Purchase --from 2025-01-03 --to 2025-01-05 --table events"
    )
    assert {VIEW, "text/html", "text/plain"} <= set(shown(shell, explorer))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--table event", "There is no table 'event'."),
        ("--from soon", "--from is 'soon', which is neither a day nor a period."),
        ("--table events --live", "--table and --live do not go together."),
        ("Purchase Sign", "Got unexpected extra argument"),
    ],
)
def test_a_wrong_line_is_one_message(shell: Shell, line: str, said: str) -> None:
    assert said in shell.failure(f"%mp_explore {line}")[0]


@pytest.mark.usefixtures("database")
def test_results_are_widgets_where_that_is_wanted_and_cards_again(shell: Shell) -> None:
    result = shell.value(ASK)
    assert VIEW not in shown(shell, result)
    shell.run("%config MpMagics.display = 'widget'")
    bundle = shown(shell, shell.value(ASK))
    assert VIEW in bundle
    assert result.to_html() in bundle["text/html"]
    assert VIEW in shown(shell, shell.value("%mp_tables"))
    shell.run("%config MpMagics.display = 'card'")
    assert VIEW not in shown(shell, shell.value(ASK))


@pytest.mark.usefixtures("database")
def test_unloading_gives_cards_back(shell: Shell) -> None:
    result = shell.value(ASK)
    shell.run("%config MpMagics.display = 'widget'")
    shell.run("%unload_ext mixpanel_nb")
    assert VIEW not in shown(shell, result)
    shell.run("%load_ext mixpanel_nb")


def test_another_display_is_refused(shell: Shell, caplog: pytest.LogCaptureFixture) -> None:
    shell.run("%config MpMagics.display = 'widgets'")
    assert "expected any of ['card', 'widget'], not the str 'widgets'" in caplog.text
    assert shell.value("%config MpMagics.display") == "card"


@pytest.mark.usefixtures("connected")
def test_a_fetch_shows_a_widget_while_it_runs_and_nothing_afterwards(kernel: Kernel, faults: Faults) -> None:
    faults.add(FaultRule("slow", path_contains="export", times=8, size=20_000, seconds=0.2))
    kernel.ok(f"%mp_fetch {DAYS}")
    updates = [
        message["content"]["data"]
        for message in kernel.outputs
        if message["msg_type"] in {"display_data", "update_display_data"}
    ]
    assert updates[0] == {}
    assert set(updates[1]) == {VIEW, "text/plain"}
    assert "chunks" in updates[1]["text/plain"]
    assert updates[-1] == {}
    states = [
        message["content"]["data"].get("state", {})
        for message in kernel.outputs
        if message["msg_type"].startswith("comm_")
    ]
    assert any(state.get("description") == "Cancel" for state in states)
    lines = [str(state.get("value", "")) for state in states]
    assert any("rows/s" in line and "chunks" in line for line in lines)
    assert any("title=" in line and "loading" in line for line in lines)


@pytest.mark.xfail(
    version("ipykernel").startswith("6."),
    run=False,
    reason="ipykernel 6 has no other thread for a click: interrupt it",
)
@pytest.mark.usefixtures("connected")
def test_cancel_stops_a_fetch_at_once_and_the_same_line_goes_on(
    start_kernel: Callable[[], Kernel], faults: Faults
) -> None:
    """As a front end does that sends the messages of widgets to a thread of their own."""
    kernel = start_kernel()
    faults.add(FaultRule("hang", path_contains="export", seconds=60))
    reply, seconds = kernel.press_during(f"%mp_fetch {DAYS}", "Cancel", after=2.5)
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    assert seconds < 1
    kernel.ok(f"x = %mp_fetch {DAYS}")
    assert kernel.value("len(x.df)") == "14"
