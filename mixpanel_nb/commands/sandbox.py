"""``sandbox``: commands of the local Mixpanel sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_nb.commands.session import session_of
from mixpanel_nb.errors import ConfigError, MixpanelDataError
from mixpanel_nb.files.atomic import check_place

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.store import Dataset

app = typer.Typer()

Events = Annotated[int | None, typer.Option("--events", metavar="N", help="About so many events (200,000).")]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Another seed, other data.")]


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65_535, help="0 picks a free one.")
    ] = 8765,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FILE", readable=False, help="Replay this export (.jsonl or .jsonl.gz)."
        ),
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option(
            "--profiles",
            metavar="FILE",
            readable=False,
            help="User profiles to go with --data (engage results).",
        ),
    ] = None,
    events: Events = None,
    seed: Seed = None,
    week_start: Annotated[
        str, typer.Option("--week-start", metavar="DAY", help="The day on which weeks of reports begin.")
    ] = "monday",
    rate_limits: Annotated[bool, typer.Option("--rate-limits", help="Enforce Mixpanel's quotas.")] = False,
) -> None:
    """Answer Mixpanel's API over HTTP on this machine, for any client, until Ctrl-C.

    The first line on standard output is the base URL. User and secret are: sandbox, sandbox.

    Example: mp sandbox serve --data export.jsonl.gz
    """
    from mixpanel_nb.accounts import checked_weekday
    from mixpanel_nb.sandbox.app import create_app
    from mixpanel_nb.sandbox.server import serve as serve_app

    session = session_of(context)
    dataset = _dataset(data, profiles, events, seed)
    dataset.week_start = checked_weekday(week_start)
    server = create_app(dataset, rate_limits=rate_limits, log=session.say)

    def listening(url: str) -> None:
        typer.echo(url)
        session.say(f"In another terminal: export MP_API_BASE_URL={url} MP_ACCOUNT=sandbox")

    try:
        serve_app(server, port=port, on_listening=listening)
    except ConfigError as error:  # the port is taken: without the hint about accounts
        raise MixpanelDataError(error.message, hint=error.hint) from None


@app.command()
def dump(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The file (.jsonl or .jsonl.gz).")],
    profiles: Annotated[bool, typer.Option("--profiles", help="Write profiles instead of events.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file that is there.")] = False,
    events: Events = None,
    seed: Seed = None,
) -> None:
    """Write the sandbox's data as Mixpanel's export would send it.

    Example: mp sandbox dump --output events.jsonl.gz
    """
    check_place(output, replace=replace)  # before generating a data set
    dataset = _dataset(None, None, events, seed)
    try:
        rows = dataset.dump(output, "profiles" if profiles else "events", replace=replace)
    except OSError as error:
        message = f"{output} cannot be written: {error.strerror}."
        raise MixpanelDataError(message, hint="Choose another place.") from None
    session_of(context).say(f"Wrote {rows:,} lines to {output}.")


def _dataset(data: Path | None, profiles: Path | None, events: int | None, seed: int | None) -> Dataset:
    from mixpanel_nb.accounts import ensure_home_directory
    from mixpanel_nb.sandbox.dataset import DEFAULT_EVENTS, DEFAULT_SEED
    from mixpanel_nb.sandbox.store import Dataset

    cache = ensure_home_directory() / "cache"
    if data is not None:
        if events is not None or seed is not None:
            raise typer.BadParameter("--events and --seed make data; they do not go with --data.")
        return Dataset.from_files(data, profiles, cache)
    if profiles is not None:
        raise typer.BadParameter("--profiles goes with --data.")
    return Dataset.generated(
        cache,
        events=DEFAULT_EVENTS if events is None else events,
        seed=DEFAULT_SEED if seed is None else seed,
    )
