"""The site. ``make docs`` builds it into ``build/site``, without a network and without a warning.

Its source is the whole repository, so that a link from a page to a notebook, or from a notebook to a page, is
the same on the site, on GitHub and on disk.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mixpanel_nb

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "mixpanel_nb"
author = "The mixpanel_nb founders"
project_copyright = "2026, the mixpanel_nb founders"
version = release = mixpanel_nb.__version__

root_doc = "docs/index"
include_patterns = ["docs/**.md", "notebooks/*.ipynb", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = ["**/.ipynb_checkpoints"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_cells",
    "sphinx_commands",
    "sphinx_reports",
    "sphinx_settings",
]

# Notebooks are shown as they are saved; that they can be run is what `make notebooks` checks.
nb_execution_mode = "off"

myst_heading_anchors = 3  # links such as local-reports.md#expressions

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

copybutton_prompt_text = "$ "

html_theme = "furo"
html_title = f"mixpanel_nb {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_root"]  # index.html leads to root_doc
html_copy_source = False
html_show_sourcelink = False


def _public_signature(
    _app: Any, what: str, _name: str, _obj: Any, _options: Any, signature: str, returns: str
) -> Any:
    """A signature without the parameters that are for tests."""
    if what == "class" and signature and ", _" in signature:
        signature = re.sub(r"(, \*)?(, _\w+: [^=]+ = None)+\)", ")", signature)
    return signature, returns


def _first_sentence(_app: Any, what: str, name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """What a room may not hold is for those who work in it."""
    if what == "module" and name == "mixpanel_nb.results":
        del lines[1:]


def setup(app: Sphinx) -> None:
    """Hooks of autodoc."""
    app.connect("autodoc-process-signature", _public_signature)
    app.connect("autodoc-process-docstring", _first_sentence)
