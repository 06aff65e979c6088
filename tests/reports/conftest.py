"""The reports of the package and of the reference, through one door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .support import Package, of_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .support import Reports


@pytest.fixture(scope="session")
def package() -> Iterator[Package]:
    """The reports of the package."""
    package = Package()
    yield package
    package.close()


@pytest.fixture(params=["reference", "package"])
def reports(request: pytest.FixtureRequest, package: Package) -> Reports:
    """The reports of either: what Mixpanel documents holds for both."""
    return of_reference if request.param == "reference" else package
