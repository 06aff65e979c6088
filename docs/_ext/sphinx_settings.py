"""``{mp-settings}``: the traitlets that ``%config MpMagics`` sets, as they describe themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

from mixpanel_nb.notebook.magics import MpMagics

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


class Settings(SphinxDirective):
    """A table of the settings."""

    def run(self) -> list[nodes.Node]:
        """Name, type, default and help of each."""
        rows = [
            f"| `{name}` | {type(trait).__name__} | `{trait.default_value!r}` | {trait.help} |"
            for name, trait in sorted(MpMagics.class_own_traits(config=True).items())
        ]
        return self.parse_text_to_nodes(
            "\n".join(["| setting | type | default | |", "|---|---|---|---|", *rows])
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("mp-settings", Settings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
