"""The text that the keys of vi act on, and the lines in it."""

from __future__ import annotations

from typing import Protocol


class Buffer(Protocol):
    """A text with a cursor. Places are character offsets; the cursor is always between graphemes."""

    @property
    def text(self) -> str:
        """Return the whole text."""

    @property
    def cursor(self) -> int:
        """Return the position of the cursor, before the character that it covers."""

    def move(self, at: int) -> None:
        """Put the cursor at a place, and select nothing."""

    def select(self, start: int, end: int) -> None:
        """Show a selection. Its end may be before its start; `cursor` is not asked for meanwhile."""

    def change(self, start: int, end: int, text: str) -> None:
        """Replace a part of the text."""

    def next_border(self, at: int) -> int:
        """Return the place after the character at a place, as readers see characters; at the end the end."""

    def previous_border(self, at: int) -> int:
        """Return the place of the character before a place; 0 at the start."""

    def earlier(self, step: int) -> bool:
        """Replace the text with the prompt before (-1) or after (1); return whether there was one."""


def line_start(text: str, at: int) -> int:
    """Return where the line of a place starts."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Return where the line of a place ends, before its line end."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def line_at(text: str, at: int) -> tuple[int, int]:
    """Return where the line of a place starts and ends."""
    return line_start(text, at), line_end(text, at)


def first_sign(text: str, at: int) -> int:
    """Return the first place of a line that is not blank; the last one of a blank line."""
    start, end = line_at(text, at)
    line = text[start:end]
    return start + min(len(line) - len(line.lstrip()), max(0, len(line) - 1))


def row_of(text: str, at: int) -> int:
    """Return the number of the line of a place, from 0."""
    return text.count("\n", 0, at)


def start_of_row(text: str, row: int) -> int:
    """Return where a line starts; of the last line if there are fewer."""
    start = 0
    for _row in range(row):
        end = text.find("\n", start)
        if end < 0:
            break
        start = end + 1
    return start
