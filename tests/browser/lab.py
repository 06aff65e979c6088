"""What a test does in JupyterLab: open a notebook, run it, look at what is on the page."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import nbformat
from nbformat.sign import NotebookNotary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Locator, Page

Theme = Literal["light", "dark"]

PATIENCE = 120_000
"""Milliseconds that anything may take, a whole notebook too, on a machine that does other things."""

CARD = "div.mathjax_ignore.tex2jax_ignore"
WIDE, NARROW = 1_400, 600
_HEIGHT = 1_000
_THEMES: tuple[Theme, ...] = ("light", "dark")
_NOW_AND_THEN = 100  # milliseconds between two looks at a kernel; else the page is drawn all the time
_numbers = itertools.count(1)

# JupyterLab's own application object, which `--expose-app-in-browser` gives to the page.
_OPEN = """
async path => {
    const {shell, commands} = window.jupyterapp;
    for (const widget of [...shell.widgets("main")].filter(widget => widget.context)) {
        await widget.sessionContext.shutdown();
        widget.context.model.dirty = false;  // nobody is asked whether to save
        widget.close();
    }
    const opened = await commands.execute("docmanager:open", {path});
    [...shell.widgets("main")].filter(widget => widget !== opened).forEach(widget => widget.close());
    shell.collapseLeft();
    await opened.context.ready;
    await opened.revealed;
}
"""
_KERNEL_IS_IDLE = "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
_CODE_CELLS = (
    "[...window.jupyterapp.shell.currentWidget.content.model.cells].filter(cell => cell.type === 'code')"
)
_START_ALL = """
async () => {
    const {commands} = window.jupyterapp;
    await commands.execute("notebook:clear-all-cell-outputs");
    commands.execute("notebook:run-all-cells").catch(() => {});  // the cell that fails shows why
}
"""
# The command itself ends at the first cell that fails, also where the cells after it go on.
_ENDED = f"""
() => {{
    if (!({_KERNEL_IS_IDLE})) return false;
    const cells = {_CODE_CELLS};
    const failed = cell => cell.outputs.toJSON().some(output => output.output_type === "error");
    const expected = cell => (cell.getMetadata("tags") ?? []).includes("raises-exception");
    const stopped = cells.some(cell => failed(cell) && !expected(cell));
    return stopped || cells.every(cell => cell.executionCount !== null);
}}
"""
_NOT_RUN = f"() => {_CODE_CELLS}.filter(cell => cell.executionCount === null).length"
_SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
_TRUSTED = f"() => {_CODE_CELLS}.every(cell => cell.trusted)"
_DARK = """
async dark => {
    await window.jupyterapp.commands.execute(
        "apputils:change-theme", {theme: dark ? "JupyterLab Dark" : "JupyterLab Light"});
}
"""


@dataclass
class Lab:
    """One JupyterLab in one browser page, with one notebook open at a time.

    Attributes:
        page: The page, for whatever the methods do not do.
        url: Where JupyterLab is.
        root: The folder it serves.
        data: Where it keeps what it knows of notebooks, such as whom it trusts.
        pictures: The folder of pictures; None if nobody wants to see any.
        outside: Addresses outside this machine that the page tried to reach; every attempt is cut off.
        dialogs: What the page said in ``alert()`` and the like.
    """

    page: Page
    url: str
    root: Path
    data: Path
    pictures: Path | None = None
    outside: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    file: Path = Path()

    def write(self, *cells: str) -> Path:
        """A new notebook of code cells in the folder that is served."""
        v4: Any = nbformat.v4  # typed in part
        notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        file = self.root / f"notebook-{next(_numbers)}.ipynb"
        file.write_text(nbformat.writes(notebook))
        return file

    def open(self, notebook: Path) -> None:
        """Open a notebook in the place of the one before; one from elsewhere is copied, never changed."""
        self.file = self.root / notebook.name
        if notebook != self.file:
            shutil.copy(notebook, self.file)
        self.page.evaluate(_OPEN, notebook.name)
        self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell")

    def open_without_kernel(self, notebook: Path) -> None:
        """Open a notebook whose kernel is not installed, and choose none in its place."""
        self.open(notebook)
        self.page.locator(".jp-Dialog button", has_text="No Kernel").click()
        self.page.wait_for_selector(".jp-Dialog", state="detached")

    def trust(self, notebook: Path) -> None:
        """Sign a notebook, as `jupyter trust` does."""
        notary: Any = NotebookNotary(data_dir=str(self.data))  # typed in part
        notary.sign(nbformat.read(notebook, as_version=4))
        notary.store.close()

    def start_all(self) -> None:
        """Begin to run all cells."""
        self.page.wait_for_function(f"() => {_KERNEL_IS_IDLE}", polling=_NOW_AND_THEN)
        self.page.evaluate(_START_ALL)

    def run_cell(self, cell: int) -> None:
        """Run one code cell; the first is 0."""
        self.notebook.locator(".jp-CodeCell .jp-InputArea-prompt").nth(cell).click()
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")

    def run_all(self) -> None:
        """Run all cells and wait for the last one."""
        self.start_all()
        self.page.wait_for_function(_ENDED, polling=_NOW_AND_THEN)
        assert not self.page.evaluate(_NOT_RUN), texts(self.errors)

    def save(self) -> Path:
        """Save the notebook."""
        self.page.evaluate(_SAVE)
        return self.file

    @property
    def trusted(self) -> bool:
        """Whether JupyterLab trusts all that is in the notebook."""
        return bool(self.page.evaluate(_TRUSTED))

    @property
    def notebook(self) -> Locator:
        """The notebook on the page."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")

    def output(self, cell: int) -> Locator:
        """What a code cell has put out; the first cell is 0."""
        return self.notebook.locator(".jp-CodeCell").nth(cell).locator(".jp-Cell-outputArea")

    @property
    def errors(self) -> Locator:
        """What cells that failed show."""
        return self.notebook.locator("[data-mime-type='application/vnd.jupyter.stderr']")

    @property
    def cards(self) -> Locator:
        """All cards of the notebook."""
        return self.notebook.locator(CARD)

    def cards_of_cells(self) -> list[int]:
        """How many cards each code cell shows."""
        counted: list[int] = self.notebook.locator(".jp-CodeCell").evaluate_all(
            "(cells, card) => cells.map(cell => cell.querySelectorAll(card).length)", CARD
        )
        return counted

    def set_theme(self, theme: Theme) -> None:
        """Change JupyterLab's theme and wait until it is on."""
        self.page.evaluate(_DARK, theme == "dark")
        light = "true" if theme == "light" else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")

    def set_width(self, width: int) -> None:
        """Make the window so many pixels wide."""
        self.page.set_viewport_size({"width": width, "height": _HEIGHT})

    def picture(self, name: str, of: Locator | Page | None = None) -> None:
        """Take a picture of one thing, of another page, or of JupyterLab's window, if pictures are wanted."""
        if self.pictures:
            shown = self.page if of is None else of
            shown.screenshot(path=self.pictures / f"{name}.png", animations="disabled")

    def pictures_in_themes(self, name: str, of: Locator) -> None:
        """Take a picture of one thing in the light theme and one in the dark, if pictures are wanted."""
        for theme in _THEMES if self.pictures else ():
            self.set_theme(theme)
            self.picture(f"{name}-{theme}", of)


def texts(found: Locator) -> Sequence[str]:
    """The texts of all that was found, as they are seen."""
    return [text.strip() for text in found.all_inner_texts()]
