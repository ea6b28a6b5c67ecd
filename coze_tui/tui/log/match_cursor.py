"""Moves between the matches of a query in the entries of the message pane, and marks the current one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.search import Match, matches_in, open_folds
from coze_tui.tui.log.viewport import LogViewport


class MatchCursor:
    """A cursor over the matches of one entry.

    Args:
        choose: Moves the cursor of the pane to an entry.
    """

    def __init__(self, viewport: LogViewport, choose: Callable[[Entry], None]) -> None:
        self._viewport = viewport
        self._choose = choose
        self.count = 0
        """Number of displayed matches in the entry."""
        self.place = 0
        """Index of the current match, from 1."""

    def show(
        self, entry: Entry, query: str, *, last: bool = False, since: tuple[int, int] | None = None
    ) -> bool:
        """Move the cursor to an entry and scroll to a match, by default the first.

        Opens folds that contain the text. Does not scroll if the match is in the view.

        Args:
            last: Show the last match.
            since: Show the first match at or after this row, given as indexes of block and row.

        Returns:
            False if no match follows `since`; only folds may then have changed.
        """
        if open_folds(entry, query):
            self._viewport.entry_changed(entry, counts_as_new=False)
        matches = self._matches_in(entry, query)
        place = max(1, len(matches)) if last else 1
        if since is not None:
            later = (number for number, match in enumerate(matches, 1) if match.is_at_or_after(since))
            if not (place := next(later, 0)):
                return False
        # What is in the view already does not move, so that the eye keeps its place.
        if not matches or not self._is_in_sight(matches[place - 1]):
            self._viewport.show_entry(entry)
        self._choose(entry)
        self._show(matches, place)
        return True

    def step(self, entry: Entry, query: str, step: int) -> bool:
        """Move to another match in the same entry; return False if there is none."""
        matches = self._matches_in(entry, query)
        self.count = len(matches)
        if not 1 <= self.place + step <= len(matches):
            return False
        self._show(matches, self.place + step)
        return True

    async def mark_again(self) -> None:
        """Mark the current match again after a layout at another width."""
        painter, match = self._viewport.painter, self._viewport.painter.match
        if match is None:
            return
        # Its rows belong to the old width until the entry is laid out again.
        query, painter.match = painter.query, None
        if match.entry in self._viewport.entries:
            await self._viewport.complete(match.entry)
        # Other messages may be loaded, or another match current, after the pause.
        if match.entry in self._viewport.entries and painter.query == query and painter.match is None:
            matches = self._matches_in(match.entry, query)
            if self.place <= len(matches):
                painter.match = matches[self.place - 1]
                self._viewport.repaint()

    def _matches_in(self, entry: Entry, query: str) -> list[Match]:
        return matches_in(entry, query, self._viewport.text_width, self._viewport.painter.palette)

    def _is_in_sight(self, match: Match) -> bool:
        view = self._viewport
        return view.top <= view.first_line(match.entry) + match.line < view.top + view.height - 2

    def _show(self, matches: Sequence[Match], place: int) -> None:
        view, self.count, self.place = self._viewport, len(matches), place
        view.painter.match = match = matches[place - 1] if matches else None
        if match is not None and not self._is_in_sight(match):
            # Arriving text would scroll the match away.
            view.following = False
            view.scroll(max(0, view.first_line(match.entry) + match.line - view.height // 3))
            view.lay_out()
        view.repaint()
