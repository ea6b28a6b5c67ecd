"""The prompt's box as the buffer of the keys of vi."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from rich.cells import split_graphemes
from textual.widgets.text_area import Location, Selection

from coze_tui.tui.widgets.prompt.lines import next_border
from coze_tui.tui.widgets.prompt.text_box import TextBox
from coze_tui.tui.widgets.prompt.vi.buffer import line_start, row_of, start_of_row
from coze_tui.tui.widgets.prompt.vi.engine import Vi


class BoxBuffer:
    """Implements `Buffer`: a token of a paste is one character.

    Args:
        earlier: Puts the prompt before (-1) or after (1) into the box; returns whether there is one.
    """

    def __init__(self, box: TextBox, earlier: Callable[[int], bool]) -> None:
        self._box = box
        self.earlier = earlier

    @property
    def text(self) -> str:
        return self._box.text

    @property
    def cursor(self) -> int:
        row, column = self._box.cursor_location
        return start_of_row(self._box.text, row) + column

    def move(self, at: int) -> None:
        location = self._location(at)
        if self._box.selection != Selection.cursor(location):
            self._box.move_cursor(location)

    def select(self, start: int, end: int) -> None:
        self._box.selection = Selection(self._location(start), self._location(end))

    def change(self, start: int, end: int, text: str) -> None:
        box = self._box
        box.history.checkpoint()
        box.replace(text, self._location(start), self._location(end), maintain_selection_offset=False)
        box.history.checkpoint()

    def next_border(self, at: int) -> int:
        row, column = self._location(at)
        line = self._box.document[row]
        if column >= len(line):
            return min(at + 1, len(self._box.text))
        after = next((last for first, last in self._box.tokens_of(line) if first <= column < last), None)
        return at - column + (after if after is not None else max(column + 1, next_border(line, column)))

    def previous_border(self, at: int) -> int:
        row, column = self._location(at)
        if column == 0:
            return max(0, at - 1)
        line = self._box.document[row]
        before = next((first for first, last in self._box.tokens_of(line) if first < column <= last), None)
        return at - column + (before if before is not None else _cluster_before(line, column))

    def _location(self, at: int) -> Location:
        text = self._box.text
        at = max(0, min(at, len(text)))
        return row_of(text, at), at - line_start(text, at)


def _cluster_before(line: str, column: int) -> int:
    """Return the start of the grapheme that ends at a column."""
    # Clusters are short: it is enough to begin a little before.
    start = max(0, column - 32)
    starts = [start + first for first, _last, _width in split_graphemes(line[start:column])[0]]
    return next((here for here, after in pairwise([*starts, column]) if after >= column), column - 1)


def vi_for(box: TextBox, earlier: Callable[[int], bool]) -> Vi:
    """Return the keys of vi for a box."""
    return Vi(BoxBuffer(box, earlier))
