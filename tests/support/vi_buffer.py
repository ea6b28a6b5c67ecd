"""A text with a cursor for the keys of vi, without a widget."""

from __future__ import annotations

from rich.cells import split_graphemes

from coze_tui.tui.widgets.prompt.vi.engine import Vi


class TextBuffer:
    """Implements `Buffer`; characters are what readers see as one."""

    def __init__(self, text: str, cursor: int = 0) -> None:
        self.text = text
        self.cursor = cursor
        self.selected = (0, 0)
        self.walked = 0

    def move(self, at: int) -> None:
        self.cursor, self.selected = at, (at, at)

    def select(self, start: int, end: int) -> None:
        self.selected = (start, end)

    def change(self, start: int, end: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[end:]
        self.cursor = start + len(text)

    def borders(self) -> list[int]:
        """Return all places where a cursor may be."""
        found, at = [], 0
        for number, line in enumerate(self.text.split("\n")):
            at += bool(number)
            found += [at + start for start, _end, _width in split_graphemes(line)[0]]
            at += len(line)
            found.append(at)
        return found

    def next_border(self, at: int) -> int:
        return next((place for place in self.borders() if place > at), len(self.text))

    def previous_border(self, at: int) -> int:
        return next((place for place in reversed(self.borders()) if place < at), 0)

    def earlier(self, step: int) -> bool:
        self.walked += step
        return False


def type_into(vi: Vi, buffer: TextBuffer, keys: str) -> None:
    """Press keys, one character each; `\\x1b` is Esc. What vi does not take is typed."""
    names = {"\x1b": "escape", "\x12": "ctrl+r", "\r": "enter"}
    for character in keys:
        if not vi.press(names.get(character, character)) and character not in names:
            buffer.change(buffer.cursor, buffer.cursor, character)


def pressed(text: str, keys: str, cursor: int = 0) -> TextBuffer:
    """Return a buffer after keys were pressed in normal mode."""
    buffer = TextBuffer(text, cursor)
    vi = Vi(buffer)
    vi.press("escape")
    type_into(vi, buffer, keys)
    return buffer
