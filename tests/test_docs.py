"""README and docs: their code runs, their commands answer what is printed there, their links lead somewhere.

The blocks of a page run in the order they stand, in one folder of their own:

* ``python`` and ``ipython``: a cell of a notebook;
* ``console``: lines that begin with ``$`` are commands of a shell. What stands below one is compared with
  what it writes to standard output; ``...`` stands for any text.

A guide (``docs/howto/``, ``docs/SKILL.md``) finds what the commands of ``docs/howto/index.md`` make. So does
that page, for its commands can be repeated.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from IPython.utils.capture import capture_output
from nbclient import NotebookClient
from shells import opened_shell
from workspaces import with_sandbox

from mixpanel_nb import Workspace
from mixpanel_nb.cli.program import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FIRST_STEPS = ROOT / "docs" / "howto" / "index.md"
GUIDES = [ROOT / "docs" / "SKILL.md", *sorted((ROOT / "docs" / "howto").glob("*.md"))]

BLOCK = re.compile(r"^```(\{?[\w-]*\}?)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
# `text`, `toml` and `js` show what is no command; `{…}` are the site's own directives.
KNOWN = re.compile(r"python|ipython|console|sh|text|toml|js|sql|\{[\w-]+\}")
NEEDS_A_SHELL = re.compile(r"[|<>;&]")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each block of code, in order."""
    return BLOCK.findall(page.read_text())


@pytest.fixture(scope="session")
def fetched(whole_sandbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that the first steps make."""
    home = with_sandbox(tmp_path_factory.mktemp("docs") / "home", whole_sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXPANEL_NB_HOME", str(home))
        for language, text in blocks(FIRST_STEPS):
            for command, _ in COMMAND.findall(text) if language == "console" else ():
                assert run(shlex.split(command)[1:]) == 0
    return home / "sandbox.db"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a page's code runs, and may write."""
    folder = tmp_path / "reader"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    with opened_shell() as shell:
        shell.run_line_magic("load_ext", "mixpanel_nb")
        yield shell
        shell.run_line_magic("unload_ext", "mixpanel_nb")


class Reader:
    """Somebody who does what a page says."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell: Any = shell  # typed in part
        self.capsys = capsys

    def follow(self, page: Path) -> None:
        for language, text in blocks(page):
            if language in {"python", "ipython"}:
                self.cell(text)
            elif language == "console":
                assert text.startswith("$ "), f"no command: {text}"
                for command, expected in COMMAND.findall(text):
                    self.command(command, expected)

    def cell(self, text: str) -> None:
        with capture_output(display=False) as captured:
            done = self.shell.run_cell(text)
        assert done.success, f"{text}\n{captured.stdout}{captured.stderr}"

    def command(self, command: str, expected: str) -> None:
        needs_a_shell = not command.startswith("mp ") or NEEDS_A_SHELL.search(_unquoted(command))
        told = self._through_a_shell(command) if needs_a_shell else self._here(command)
        if expected.strip():
            pattern = ".*?".join(re.escape(part) for part in expected.split("..."))
            assert re.fullmatch(pattern, told, re.DOTALL), f"$ {command}\n{told}"

    def _here(self, command: str) -> str:
        self.capsys.readouterr()
        code = run(shlex.split(command.replace("\\\n", " "))[1:])
        told = self.capsys.readouterr()
        assert code == 0, f"$ {command}\n{told.err}"
        return told.out

    def _through_a_shell(self, command: str) -> str:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-c", command],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stderr}"
        return done.stdout


def _unquoted(command: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"|\\\n", "", command)


@pytest.fixture
def reader(
    shell: InteractiveShell, folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Reader]:
    before = dict(os.environ)  # a page may set variables
    yield Reader(shell, capsys)
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in GUIDES], ids=name_of)
def test_the_code_of_a_page_runs_in_the_order_it_stands(
    page: Path, reader: Reader, whole_sandbox: Path, home: Path
) -> None:
    with_sandbox(home, whole_sandbox)
    reader.follow(page)


def test_the_cells_of_the_readme_run_again_after_a_restart_on_the_same_file(
    whole_sandbox: Path, home: Path, folder: Path
) -> None:
    with_sandbox(home, whole_sandbox)
    cells = [text for language, text in blocks(ROOT / "README.md") if language == "ipython"]
    v4: Any = nbformat.v4  # typed in part
    shown = []
    for _ in range(2):
        notebook = v4.new_notebook(cells=[v4.new_code_cell(text) for text in cells])
        NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(folder)}}).execute()
        shown.append([_plain_texts(cell) for cell in notebook.cells])
    first, again = shown
    assert (home / "sandbox.db").is_file()
    assert again == first
    with Workspace.sandbox() as workspace:
        held = workspace.fetch_events(from_date="2025-01-01", to_date="2025-03-31", if_exists="same")
    assert held.remarks == ["All 90 days are here; nothing was asked."]


def _plain_texts(cell: Any) -> str:
    return "\n".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_a_guide_can_be_followed_after_the_first_steps(
    page: Path,
    reader: Reader,
    fetched: Path,
    whole_sandbox: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copy(fetched, with_sandbox(home, whole_sandbox))
    monkeypatch.setenv("MP_ACCOUNT", "sandbox")
    monkeypatch.setenv("SHOP_SECRET", "s3cr3t")
    reader.follow(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    for language, text in blocks(page):
        assert KNOWN.fullmatch(language), f"{language!r}: {text}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_readme_opens_with_the_two_commands() -> None:
    first = re.search(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert first is not None
    assert [line.split("#")[0].strip() for line in first[1].splitlines()] == ["make demo", "make test"]
