"""The tests over the supported versions of Python and of what the package depends on.

``make test-matrix`` runs all sessions whose Python is installed; ``nox -s "tests-3.12"`` runs one.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True

PYTHONS = ("3.11", "3.12", "3.13")

# A kernel of the time of the lowest ipywidgets, which knows nothing of later ones.
LOWEST_KERNEL = ("ipykernel>=6.17",)

# What a Colab runtime comes with and does not let go of.
COLAB = ("ipython==7.34.0", "ipykernel==6.17.1", "pandas==2.2.2")


def run_tests(session: nox.Session) -> None:
    """All tests but those in a browser, and every notebook from top to bottom.

    What a notebook shows is not compared: how charts are drawn is Altair's, and differs between its versions.
    """
    session.install("--group", "tests")
    session.run("uv", "pip", "list", external=True, silent=False)
    pytest = ("pytest", "-n", "auto", "--dist", "loadscope")
    session.run(*pytest, *(session.posargs or ("tests", "--ignore", "tests/browser")))
    session.run(*pytest, "--nbval-lax", "notebooks")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The newest versions of everything."""
    session.install("--editable", ".")
    run_tests(session)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows, on the lowest Python."""
    session.install("--resolution", "lowest-direct", "--editable", ".", *LOWEST_KERNEL)
    run_tests(session)


@nox.session(python="3.12")
def colab(session: nox.Session) -> None:
    """The versions that Colab pins."""
    session.install("--editable", ".", *COLAB)
    run_tests(session)
