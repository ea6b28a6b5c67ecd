"""Selects a part of the messages by keys, from an anchor to a caret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from rich.cells import split_graphemes
from textual.geometry import Offset
from textual.selection import Selection
from textual.widget import Widget

from coze_tui.render.cells import cell_len
from coze_tui.render.lines import joined
from coze_tui.text.words import word_left, words
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.painter import GUTTER, cell_of
from coze_tui.tui.log.viewport import LogViewport

_FAR = 1_000_000
"""More than the number of lines or cells."""


class Place(NamedTuple):
    """A character of the message pane, unaffected by lines added before its message."""

    entry: Entry
    number: int
    """The index of the line in its entry."""
    column: int
    """The index of the character after the bar; 0 for an empty line."""


class LogSelector:
    """The keyboard selection mode. It uses the screen's selection, as the mouse does.

    Args:
        log: The widget of the messages.
        on_change: Called when the mode starts or ends.
    """

    def __init__(self, log: Widget, viewport: LogViewport, on_change: Callable[[], None]) -> None:
        self._log = log
        self._view = viewport
        self._on_change = on_change
        self._anchor: Place | None = None
        self._caret: Place | None = None
        self._goal = 0
        """The cell that the caret aims at when it moves up or down."""
        self._by_lines = False
        self._width = 0
        self._shown: Selection | None = None

    @property
    def is_on(self) -> bool:
        """Return whether the mode is on."""
        return self._caret is not None

    def start(self, line: int) -> None:
        """Start the mode at the first character of a line, and scroll to it."""
        # Arriving text would scroll away what is being selected.
        self._view.following = False
        self._width = self._view.laid_out_width
        self._by_lines = False
        self._go_to(line, 0)
        self._anchor = self._caret
        self._show()
        self._on_change()

    def restart(self) -> None:
        """Restart the selection at the caret."""
        self._anchor, self._by_lines = self._caret, False
        self._show()

    def leave(self) -> None:
        """End the mode and clear the selection."""
        if self._caret is None:
            return
        self._anchor = self._caret = self._shown = None
        self._view.painter.caret = None
        self._log.screen.clear_selection()
        self._view.repaint()
        self._on_change()

    def selection_updated(self, selection: Selection | None) -> None:
        """End the mode if something else, such as the mouse, has changed the selection."""
        # Textual also reports the selection that this class has set.
        if self._caret is not None and selection != self._shown:
            self._anchor = self._caret = self._shown = None
            self._view.painter.caret = None
            self._on_change()

    def resized(self) -> None:
        """End the mode, because the lines have changed."""
        if self._view.laid_out_width != self._width:
            self.leave()

    @property
    def text(self) -> str:
        """Return the selected text in the form for the clipboard."""
        return selected_text(self._view, self._shown) if self._shown is not None else ""

    def press(self, key: str) -> bool:
        """Move the caret; return False if the key does not move it.

        Args:
            key: A character, or the name of a key without one.
        """
        move = _MOVES.get(key)
        if move is None or self._caret is None:
            return False
        if self._caret.entry not in self._view.entries:
            self.leave()  # its page was unloaded
        else:
            move(self)
            self._show()
        return True

    # --- places ---

    def _line_of(self, place: Place) -> int:
        return self._view.first_line(place.entry) + place.number

    def _text(self, line: int) -> str:
        """Return the selectable text of a line."""
        # From the strip, because Textual's selection counts the characters that are drawn.
        return self._view.strip(line).text[GUTTER:].rstrip()

    def _place(self) -> tuple[int, int, str]:
        """Return line and column of the caret, and the text of its line."""
        assert self._caret is not None
        line = self._line_of(self._caret)
        text = self._text(line)
        return line, min(self._caret.column, _last(text)), text

    def _go_to(self, line: int, column: int, *, keeps_goal: bool = False) -> None:
        line = max(0, min(line, self._view.total - 1))
        # First, because this lays out the line: before, it may be an estimate.
        self._reveal(line)
        log_line = self._view.log_line(line)
        text = self._text(line)
        column = _border(text, max(0, min(column, _last(text))))
        self._caret = Place(log_line.entry, log_line.number, column)
        # Up and down keep the cell across shorter lines, as in an editor.
        if not keeps_goal:
            self._goal = cell_len(text[:column])

    def _reveal(self, line: int) -> None:
        view = self._view
        if line < view.top:
            view.scroll(line)
        elif line >= view.top + view.height - 1:
            view.scroll(line - view.height + 2)
        view.lay_out()

    def _show(self) -> None:
        if self._caret is None or self._anchor is None or self._anchor.entry not in self._view.entries:
            self.leave()
            return
        # Lines are found again each time: pages that are loaded above move them.
        ends = sorted((self._line_of(place), place.column) for place in (self._anchor, self._caret))
        (first, start), (last, end) = ends
        text = self._text(last)
        if self._by_lines:
            start, stop = 0, len(text)
        else:
            stop = _next(text, end)
        selection = Selection(Offset(GUTTER + start, first), Offset(GUTTER + max(stop, end), last))
        line, column, _text = self._place()
        self._view.painter.caret = (line, GUTTER + column)
        self._shown = selection
        # The screen's own selection, so that painting and copying are those of the mouse.
        self._log.screen.selections = {self._log: selection}
        self._view.repaint()

    # --- moves ---

    def lines(self) -> None:
        """Toggle between selecting whole lines and characters."""
        self._by_lines = not self._by_lines

    def other_end(self) -> None:
        """Swap the caret and the anchor."""
        self._anchor, self._caret = self._caret, self._anchor
        line, column, _text = self._place()
        self._go_to(line, column)

    def by_character(self, step: int) -> None:
        """Move right or left, across line ends."""
        line, column, text = self._place()
        if step > 0:
            if (after := _next(text, column)) < len(text):
                self._go_to(line, after)
            elif line + 1 < self._view.total:
                self._go_to(line + 1, 0)
        elif column > 0:
            self._go_to(line, _border(text, column - 1))
        elif line > 0:
            self._go_to(line - 1, _FAR)

    def by_line(self, step: int) -> None:
        """Move up or down."""
        line, _column, _text = self._place()
        line = max(0, min(line + step, self._view.total - 1))
        self._reveal(line)
        self._go_to(line, _at_cell(self._text(line), self._goal), keeps_goal=True)

    def by_page(self, step: int) -> None:
        """Move up or down by one page."""
        self.by_line(step * max(1, self._view.height - 2))

    def to_edge(self, *, end: bool) -> None:
        """Move to the start or end of the line."""
        line, _column, _text = self._place()
        self._go_to(line, _FAR if end else 0)

    def to_end(self, *, end: bool) -> None:
        """Move to the first or last loaded line."""
        self._go_to(_FAR if end else 0, 0)

    def next_word(self) -> None:
        """Move to the start of the next word."""
        line, column, text = self._place()
        found = next((start for start, _end in words(text) if start > column), None)
        while found is None and line + 1 < self._view.total:
            line += 1
            found = next((start for start, _end in words(self._text(line))), None)
        if found is not None:
            self._go_to(line, found)

    def word_end(self) -> None:
        """Move to the end of the word."""
        line, column, text = self._place()
        found = next((end for _start, end in words(text) if end > _next(text, column)), None)
        while found is None and line + 1 < self._view.total:
            line += 1
            found = next((end for _start, end in words(self._text(line))), None)
        if found is not None:
            self._reveal(line)
            self._go_to(line, _border(self._text(line), found - 1))

    def word_before(self) -> None:
        """Move to the start of the previous word."""
        line, column, text = self._place()
        while not text[:column].strip() and line > 0:
            line -= 1
            text = self._text(line)
            column = len(text)
        self._go_to(line, word_left(text, column))


def _last(text: str) -> int:
    """Return the column of the last grapheme."""
    return _border(text, len(text) - 1) if text else 0


def _border(text: str, column: int) -> int:
    """Return the start of the grapheme that covers a column."""
    # Splitting into graphemes is slow, and in ASCII each character is one.
    if text.isascii():
        return max(0, min(column, len(text)))
    clusters = split_graphemes(text)[0]
    return next((start for start, end, _width in clusters if start <= column < end), max(0, column))


def _next(text: str, column: int) -> int:
    """Return the start of the grapheme after the one at a column."""
    if text.isascii():
        return min(len(text), column + 1)
    clusters = split_graphemes(text)[0]
    return next((end for start, end, _width in clusters if start <= column < end), len(text))


def _at_cell(text: str, cell: int) -> int:
    """Return the column of the character that covers a cell."""
    used = 0
    for start, _end, width in split_graphemes(text)[0]:
        if used + width > cell:
            return start
        used += width
    return _last(text)


_MOVES: Mapping[str, Callable[[LogSelector], None]] = {
    **dict.fromkeys(("h", "left", "backspace"), lambda it: it.by_character(-1)),
    **dict.fromkeys(("l", "right", " "), lambda it: it.by_character(1)),
    **dict.fromkeys(("k", "up"), lambda it: it.by_line(-1)),
    **dict.fromkeys(("j", "down"), lambda it: it.by_line(1)),
    **dict.fromkeys(("0", "^", "home"), lambda it: it.to_edge(end=False)),
    **dict.fromkeys(("$", "end"), lambda it: it.to_edge(end=True)),
    **dict.fromkeys(("g", "ctrl+home"), lambda it: it.to_end(end=False)),
    **dict.fromkeys(("G", "ctrl+end"), lambda it: it.to_end(end=True)),
    **dict.fromkeys(("w", "ctrl+right"), LogSelector.next_word),
    **dict.fromkeys(("b", "ctrl+left"), LogSelector.word_before),
    "e": LogSelector.word_end,
    "pageup": lambda it: it.by_page(-1),
    "pagedown": lambda it: it.by_page(1),
    "V": LogSelector.lines,
    "o": LogSelector.other_end,
}
"""Actions of the keys in this mode, except those that start and end it."""


def selected_text(view: LogViewport, selection: Selection) -> str:
    """Return the selected text, with wrapped lines rejoined, and without bars and padding."""
    parts = []
    for number in range(view.total):
        span = selection.get_span(number)
        if span is None:
            continue
        log_line, strip = view.log_line(number), view.strip(number)
        shift = view.painter.shift_of(log_line.line, log_line.block)
        start = cell_of(strip, span[0]) - GUTTER
        # Textual writes -1 for the rest of the line.
        end = None if span[1] == -1 else cell_of(strip, span[1]) - GUTTER
        parts.append((log_line.line, log_line.line.copied(start, end, shift)))
    return joined(parts)
