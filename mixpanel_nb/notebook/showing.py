"""Display of results and progress, depending on kernel and front end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixpanel_nb.display import Progress
    from mixpanel_nb.results import Result


def use_widgets(shell: Any, *, wanted: bool) -> None:
    """Show results as widgets, or as cards again."""
    from mixpanel_nb.results import Result

    formatter = shell.display_formatter.ipython_display_formatter
    if wanted:
        formatter.for_type(Result, _show_widget)
    else:
        formatter.pop(Result, None)


def progress() -> Progress:
    """The progress display of a fetch in this shell."""
    from IPython.core.getipython import get_ipython

    kernel: Any = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        from mixpanel_nb.display import TextProgress

        return TextProgress()
    from mixpanel_nb.display import WidgetProgress

    # Clicks arrive while a cell runs if widget messages have a separate thread (JEP 91).
    features = getattr(kernel, "kernel_info", {}).get("supported_features", ())
    return WidgetProgress(can_cancel="kernel subshells" in features)


def _show_widget(result: Result) -> None:
    result.explore()._ipython_display_()
