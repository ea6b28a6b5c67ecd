"""Text that arrives in an entry: when it is drawn, and how far the view scrolls for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from textual.scroll_view import ScrollView

from coze_tui.terminal.app import paint_now, seconds_for
from coze_tui.terminal.pacing import FrameBudget
from coze_tui.tui.log.entries import Entry

_QUICK = 0.2
"""Seconds between two lines that count as a fast stream."""
_STRIDE = 3
"""Lines scrolled at once in a fast stream."""
_SCROLL_BYTES = 1000
"""Approximate bytes that a scroll costs, because the sidebar moves with the text and is sent again."""
_STRIDE_PER_SECOND = 40
"""Lines scrolled at once for each second that a scroll takes on a slow connection."""


class Growth:
    """Collects the entries that have grown since the last frame, and draws the next one when it is due.

    Args:
        log: The widget that is painted.
        draw: Lays out and redraws what `take` returns.
    """

    def __init__(self, log: ScrollView, draw: Callable[[], None], *, max_fps: int) -> None:
        self._log = log
        self._draw = draw
        self.frame_seconds = 1 / max_fps
        self.ahead: set[Entry] = set()
        """Entries laid out before their frame was due; their cached strips may be outdated."""
        self._dirty: set[int] = set()
        self._dirty_whole: set[int] = set()
        """Dirty entries of which more than the text has changed."""
        self._timer: asyncio.TimerHandle | None = None
        self._budget = FrameBudget()
        self._grown_at = 0.0
        """The time at which the text last grew beyond the view."""

    def text_added(self, entry: Entry, *, whole: bool = False) -> None:
        """Draw new text of an entry: at once if the frame rate allows it, otherwise a little later.

        Args:
            whole: Whether more than the text at its end has changed.
        """
        self._dirty.add(id(entry))
        if whole:
            self._dirty_whole.add(id(entry))
        loop = asyncio.get_running_loop()
        # The first text after a pause is drawn at once: waiting for a frame would only make it late.
        if self._budget.may_draw(loop.time(), self.frame_seconds):
            self._frame()
        elif self._timer is None:
            due = self._budget.latest(self.frame_seconds)
            self._timer = loop.call_at(due, self._log.call_next, self._frame)

    def _frame(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # The screen may have been closed while the timer ran.
        if self._dirty and self._log.is_attached:
            self._budget.spend(asyncio.get_running_loop().time(), self.frame_seconds)
            self._draw()
            # Textual alone would paint with its next refresh, up to a frame later.
            paint_now(self._log, self._log.vertical_scrollbar)

    @property
    def waits(self) -> bool:
        """Return whether anything has grown since the last frame."""
        return bool(self._dirty)

    def take(self) -> tuple[set[int], set[int]]:
        """Return the IDs of the entries that have grown, and of those that have changed as a whole, too."""
        dirty, self._dirty = self._dirty, set()
        whole, self._dirty_whole = self._dirty_whole, set()
        return dirty, whole

    def laid_out_early(self, entry: Entry) -> None:
        """Remember that an entry was laid out for another reason before its frame."""
        if id(entry) in self._dirty:
            self.ahead.add(entry)

    def forget(self, entry: Entry) -> None:
        """Remove an entry from the next frame, because it is drawn now."""
        self._dirty.discard(id(entry))
        self._dirty_whole.discard(id(entry))

    def clear(self) -> None:
        """Forget all entries."""
        self._dirty.clear()
        self._dirty_whole.clear()
        self.ahead.clear()

    # --- scrolling ---

    @property
    def scroll_seconds(self) -> float:
        """Return the seconds that a scroll takes on a slow connection, otherwise 0."""
        return seconds_for(self._log, _SCROLL_BYTES)

    def room(self, height: int, scroll_seconds: float, *, scrolls: bool) -> int:
        """Return how many lines more than needed the view scrolls, so that the next lines need no scroll.

        Args:
            height: Of the view, which must not become empty.
            scrolls: Whether the text has grown beyond the view.
        """
        now = monotonic()
        is_quick = now - self._grown_at < _QUICK
        self._grown_at = now
        if not scrolls or not (scroll_seconds or is_quick):
            return 0
        # Some of the text that the user is reading must stay in the view.
        return min(height * 2 // 3, _STRIDE + int(_STRIDE_PER_SECOND * scroll_seconds)) - 1
