"""A workspace with two weeks of the sandbox's events, for questions that widgets ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def ws() -> Iterator[Workspace]:
    with Workspace.memory("sandbox") as workspace:
        workspace.fetch_events(from_date="2025-01-01", to_date="2025-01-14")
        yield workspace
