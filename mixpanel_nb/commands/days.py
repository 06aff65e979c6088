"""Options for days as reports take them."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_nb.queries.shared import DURING, LAST

Last = Annotated[str | None, typer.Option("--last", metavar="LENGTH", help=LAST.help)]
During = Annotated[str | None, typer.Option("--during", metavar="PERIOD", help=DURING.help)]
