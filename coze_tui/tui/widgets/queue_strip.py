"""The messages that wait to be sent, above the prompt: for the running answer to end, or for the person."""

from __future__ import annotations

from collections.abc import Sequence

from textual.reactive import var
from textual.strip import Strip

from coze_tui.text.i18n import _, ngettext
from coze_tui.tui.widgets.line_widget import LineWidget, Part

_SHOWN = 3


class QueueStrip(LineWidget):
    """What is queued, dim, and what can be done about it. Gone when nothing waits."""

    answer_runs: var[bool] = var(False, init=False)
    """The queue is worked off when the answer ends; at rest it waits for the person."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._queued: tuple[str, ...] = ()
        self.display = False

    def watch_answer_runs(self) -> None:
        """Another key is told."""
        self.refresh()

    @property
    def queued(self) -> tuple[str, ...]:
        """The messages, the next one first."""
        return self._queued

    def show(self, queued: Sequence[str]) -> None:
        """Show these messages, the next one first."""
        if tuple(queued) == self._queued:
            return
        self._queued = tuple(queued)
        self.display = bool(self._queued)
        if self._queued:
            self.styles.height = 1 + min(_SHOWN, len(self._queued))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one message, or the line under them."""
        rows = min(_SHOWN, len(self._queued))
        if y < rows:
            first_words = " ".join(self._queued[y][:500].split())
            return self.line([("  › ", "muted"), (first_words, "muted")])
        if y > rows:
            return self.line([])
        count = len(self._queued)
        told = ngettext("queued: {n} message", "queued: {n} messages", count).format(n=count)
        hint: list[Part] = [
            (f"  {told}", "muted"),
            (" · ", "muted"),
            (_("Esc stops the answer") if self.answer_runs else _("Enter sends the next"), "muted"),
            (" · ", "muted"),
            (_("↑ takes the last one back"), "muted"),
        ]
        return self.line(hint)
