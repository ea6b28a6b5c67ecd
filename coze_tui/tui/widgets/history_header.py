"""The line at the top of the history: how many conversations there are, and with whom."""

from __future__ import annotations

from textual.strip import Strip

from coze_tui.engine.browsing import Overview
from coze_tui.i18n import _, ngettext
from coze_tui.tui.amounts import shortened, thousands
from coze_tui.tui.widgets.drawn import Drawn, Part

_MOST_BOTS = 3
_LEAST_FOR_BOTS = 60
"""Cells of the line from which the bots are named."""


class HistoryHeader(Drawn):
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
        return self.line(left, [(self._words(), "muted")])

    def _words(self) -> str:
        if self._overview is None:
            return ""
        number, bots = self._overview.conversations, self._overview.bots
        words = ngettext("{n} conversation", "{n} conversations", number).format(n=thousands(number))
        if not bots or self.line_width < _LEAST_FOR_BOTS:
            return words
        named = ", ".join(shortened(bot, 16) for bot in bots[:_MOST_BOTS])
        return f"{words} · {named}{', …' if len(bots) > _MOST_BOTS else ''}"
