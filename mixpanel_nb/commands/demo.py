"""``demo``: a tour on the sandbox: fetch, query, chart."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_nb.commands.session import Session, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.results import FetchResult, ReportResult, Result
    from mixpanel_nb.workspace import Workspace

FIRST_DAY, LAST_DAY = "2025-01-01", "2025-03-31"

QUERY = """\
SELECT event_name AS event, count(*) AS events, count(DISTINCT distinct_id) AS users
FROM events GROUP BY event ORDER BY events DESC LIMIT 8"""

NEXT = """\
Now yours:
  {mp} --db {database} sql "SELECT plan, count(*) FROM events GROUP BY plan"
  {mp} --db {database} funnel --step Search --step Purchase --on plan
  {mp} --account sandbox events
      what else the sandbox knows
  {mp} auth add NAME --username USER --project ID
      your own Mixpanel project, its secret asked for
  %load_ext mixpanel_nb and %mp_connect sandbox
      the same in a notebook (make lab opens the examples)"""


def demo(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", metavar="FOLDER", help="For the database and the pictures.")
    ] = Path("demo"),
) -> None:
    """Show the main job on the sandbox: fetch 90 days, ask in SQL and reports, draw. No account needed.

    Example: mp demo
    """
    from mixpanel_nb.workspace import Workspace

    session = session_of(context)
    database = output / "sandbox.db"
    with Workspace.sandbox(path=database) as workspace:
        session.say(f"Fetching {FIRST_DAY} to {LAST_DAY} from the sandbox into {database} …")
        fetched = _fetch(workspace, session)
        _draw(fetched, output / "events-per-day.png", session)
        session.say("\nAsked in SQL:\n")
        session.show(workspace.sql_rows(QUERY))
        for name, report in _reports(workspace):
            session.say("")
            session.show(report)
            _draw(report, output / f"{name}.png", session)
    session.say("\n" + NEXT.format(mp=_typed(), database=database))


def _fetch(workspace: Workspace, session: Session) -> FetchResult:
    fetched = workspace.fetch_events(
        from_date=FIRST_DAY, to_date=LAST_DAY, if_exists="replace", progress=session.progress()
    )
    rate = fetched.rows / fetched.duration_seconds
    session.say(
        f"{fetched.rows:,} events in {fetched.duration_seconds:.1f} s ({rate:,.0f} a second), "
        f"{fetched.duplicates:,} duplicates removed, {len(fetched.columns)} typed columns."
    )
    users = workspace.fetch_profiles(if_exists="replace", progress=session.progress())
    session.say(f"{users.rows:,} profiles.")
    return fetched


def _reports(workspace: Workspace) -> Iterator[tuple[str, ReportResult]]:
    """Mixpanel's three main reports, computed from the table."""
    first, last, table = FIRST_DAY, LAST_DAY, "events"
    yield (
        "segmentation",
        workspace.segmentation(
            "Purchase", on="plan", unit="week", from_date=first, to_date=last, table=table
        ),
    )
    steps = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    yield "funnel", workspace.funnel(steps=steps, from_date=first, to_date=last, table=table)
    yield (
        "retention",
        workspace.retention(
            born_event="Sign Up",
            unit="week",
            interval_count=8,
            from_date=first,
            to_date=last,
            table=table,
        ),
    )


def _draw(result: Result, picture: Path, session: Session) -> None:
    from mixpanel_nb.display import render_png

    picture.write_bytes(render_png(result.chart()))
    session.say(f"Drawn: {picture}")


def _typed() -> str:
    """How this program is started here, so that the shown commands can be copied."""
    if shutil.which("mp"):
        return "mp"
    started = Path(sys.argv[0])
    return str(started) if started.name == "mp" else "python -m mixpanel_nb"
