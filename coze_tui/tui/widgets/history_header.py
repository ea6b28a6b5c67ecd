"""The line at the top of the history: how many conversations there are, and with whom."""

from __future__ import annotations

from textual.strip import Strip

from coze_tui.engine.library.history import Overview
from coze_tui.render.cells import cell_len, shorten
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of

_MOST_BOTS = 3
_BOT_CELLS = 16
_LEAST_GAP = 3
"""Cells between the two sides."""


class HistoryHeader(LineWidget):
    """Says nothing about numbers before they are known; a selection comes first."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: Overview | None = None
        self._selected = 0

    def show(self, overview: Overview) -> None:
        """Show how much there is."""
        if overview != self._overview:
            self._overview = overview
            self.refresh()

    def show_selected(self, number: int) -> None:
        """Show how many are selected."""
        if number != self._selected:
            self._selected = number
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw it."""
        left: list[Part] = [("● ", "bot"), (_("History"), "text bold")]
        if self._selected:
            words = ngettext("{n} selected", "{n} selected", self._selected)
            left += [("   ✓ ", "user"), (words.format(n=thousands(self._selected)), "user")]
        return self.line(left, [(self._words(self.line_width - width_of(left) - _LEAST_GAP), "muted")])

    def _words(self, room: int) -> str:
        """The number, and as many of the bots as there is room for: the left side is never cut for them."""
        if self._overview is None:
            return ""
        number, bots = self._overview.conversations, self._overview.bots
        words = ngettext("{n} conversation", "{n} conversations", number).format(n=thousands(number))
        for count in range(min(_MOST_BOTS, len(bots)), 0, -1):
            named = ", ".join(shorten(bot, _BOT_CELLS) for bot in bots[:count])
            longer = f"{words} · {named}{', …' if len(bots) > count else ''}"
            if cell_len(longer) <= room:
                return longer
        return words if cell_len(words) <= room else ""
