"""What Mixpanel's own client (mixpanel-headless 0.4.0) sent, as captured between it and the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[1] / "fixtures" / "typed_queries.json"
BODIES: dict[str, dict[str, Any]] = json.loads(_FILE.read_text("utf-8"))
"""By name: ``endpoint`` and ``body``."""

UNTRANSLATED = {
    "freq breakdown+filter": "how often users did something",
    "cohort metric": "the cohort 'PU' in place of an event",
}
"""What no query can hold, and what the error names."""

ONLY_ASKED = ("cohort metric", "freq breakdown+filter")
"""What the sandbox answers nevertheless."""
