"""Text as high as it needs: paragraphs, JSON, and the banner over the screens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from string import Formatter
from time import monotonic

from textual.geometry import Size
from textual.strip import Strip

from coze_tui.garbage import without_collection
from coze_tui.render.cells import shorten
from coze_tui.render.lines import Line
from coze_tui.render.wrap import rows_of
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.tui.themes import palette_of
from coze_tui.tui.widgets.line_widget import LineWidget, Part

Paragraph = str | Sequence[Part]
"""Text of one role, or of several."""


def with_parts(text: str, role: str, **parts: Part) -> list[Part]:
    """Return a translated text as parts of this role, with other parts in place of its placeholders."""
    found: list[Part] = []
    for words, name, _spec, _conversion in Formatter().parse(text):
        found += [(words, role)] if words else []
        found += [parts[name]] if name else []
    return found


_TAB = 4
_SLICE_LINES = 512
"""The most lines of JSON laid out at once."""
_SHORTEST_PAUSE = 0.005
"""Seconds that a key needs to pass through the queues of the app, its screen and the focused widget."""
_MARK = "! "
_MOST_OF_ONE = 3
"""The most lines of one text."""
_MOST_LINES = 6
"""The most lines of all texts, at most a third of the screen; the newest texts are shown first."""


class Paragraphs(LineWidget):
    """Draws text, as high as it needs. The text is cleaned, so it may come from outside.

    Args:
        role: Of the paragraphs that are plain text.
    """

    def __init__(
        self,
        *paragraphs: Paragraph,
        role: str = "text",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._role = role
        self._paragraphs: tuple[tuple[Part, ...], ...] = ()
        self._rows: list[list[Part]] = []
        self._width = -1
        self._take(paragraphs)

    @property
    def text(self) -> str:
        """Return all of the text without roles."""
        return "\n".join("".join(text for text, _role in parts) for parts in self._paragraphs)

    def show(self, *paragraphs: Paragraph) -> None:
        """Replace the paragraphs; without any the widget has no height."""
        before = self._paragraphs
        self._take(paragraphs)
        if self._paragraphs != before:
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of rows that the text needs at this width."""
        return len(self._laid_out(width))

    def render_line(self, y: int) -> Strip:
        """Return a row."""
        rows = self._laid_out(self.content_size.width)
        return self.line(rows[y] if y < len(rows) else ())

    def _take(self, paragraphs: Iterable[Paragraph]) -> None:
        self._width = -1
        taken: list[tuple[Part, ...]] = []
        for paragraph in paragraphs:
            if isinstance(paragraph, str):
                taken += [((line, self._role),) for line in _lines(paragraph)]
            else:
                taken.append(tuple((clean(text).replace("\n", " "), role) for text, role in paragraph))
        self._paragraphs = tuple(taken)
        self.set_class(not taken, "-empty")

    def _laid_out(self, width: int) -> list[list[Part]]:
        if width != self._width:
            self._width = width
            self._rows = [row for parts in self._paragraphs for row in _rows(parts, max(1, width))]
        return self._rows


def height_of(text: str, width: int) -> int:
    """Return how many rows `Paragraphs` needs for a text at a width in cells."""
    return sum(len(rows_of(line, max(1, width))) for line in _lines(text))


def first_rows(text: str, width: int, most: int) -> str:
    """Return what `Paragraphs` shows of a text in at most `most` rows; a shortened one ends with `…`."""
    width = max(1, width)
    if height_of(text, width) <= most:
        return text
    kept: list[str] = []
    room = most
    for line in _lines(text):
        rows = rows_of(line, width)
        if len(rows) >= room:
            start = rows[room - 1].start
            kept.append(line[:start] + shorten(f"{line[start:]}…", width))
            break
        kept.append(line)
        room -= len(rows)
    return "\n".join(kept)


def _lines(text: str) -> list[str]:
    return clean(text).expandtabs(_TAB).split("\n")


def _rows(parts: Sequence[Part], width: int) -> list[list[Part]]:
    text = "".join(text for text, _role in parts)
    return [_between(parts, row.start, row.end) for row in rows_of(text, width)]


def _between(parts: Sequence[Part], start: int, end: int) -> list[Part]:
    """Return the characters `start` to `end` of all parts together."""
    taken: list[Part] = []
    at = 0
    for text, role in parts:
        if piece := text[max(0, start - at) : max(0, end - at)]:
            taken.append((piece, role))
        at += len(text)
    return taken


class JsonView(LineWidget):
    """Draws one text, which may be JSON and may come from outside. Put it into a scrolling container.

    A long text is laid out in slices, with pauses in which keys are handled.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = ""
        self._lines: list[Line] = []
        self._rest: Iterator[Line] = iter(())
        """The lines that are not laid out yet."""
        self._laid_out: tuple[int, str] | None = None

    def show(self, text: str) -> None:
        """Show another text."""
        text = clean(text)
        if text != self._text:
            self._text = text
            self._laid_out = None
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of rows that the text needs at this width."""
        return len(self._lay_out(width))

    def render_line(self, y: int) -> Strip:
        """Return a row."""
        width = self.content_size.width
        lines = self._lay_out(width)
        if y >= len(lines):
            return self.line([])
        return Strip(lines[y].paint(width), width).apply_style(self.rich_style)

    def _lay_out(self, width: int) -> Sequence[Line]:
        from coze_tui.render.json_tree import json_lines

        theme = self.app.current_theme
        if self._laid_out != (width, theme.name):
            self._laid_out = (width, theme.name)
            self._lines, self._rest = [], json_lines(self._text, max(8, width), palette_of(theme))
            self._lay_out_next(self._rest)
        return self._lines

    def _lay_out_next(self, rest: Iterator[Line]) -> None:
        if rest is not self._rest:
            return  # the width, the theme or the text has changed meanwhile
        started, before = monotonic(), len(self._lines)
        # The collector would look through all new values and lines several times.
        with without_collection():
            self._lines += islice(rest, _SLICE_LINES)
        if before:
            self.refresh(layout=True)
        if len(self._lines) == before + _SLICE_LINES:
            self.set_timer(max(_SHORTEST_PAUSE, monotonic() - started), lambda: self._lay_out_next(rest))


class Banner(LineWidget):
    """Lines across the top about problems that do not stop the chat: an unsaved history, a wrong setting.

    It is hidden if there are none, or if the user has dismissed it.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._texts: list[str] = []
        self.display = False

    @property
    def texts(self) -> Sequence[str]:
        """Return the texts on display, the newest last."""
        return self._texts

    def add(self, text: str) -> None:
        """Show another problem, each only once."""
        text = clean_line(text)
        if text not in self._texts:
            self._texts.append(text)
            self._show()

    def take_back(self, text: str) -> None:
        """Remove a problem that is solved."""
        text = clean_line(text)
        if text in self._texts:
            self._texts.remove(text)
            self._show()

    def dismiss(self) -> None:
        """Remove all texts."""
        self._texts.clear()
        self._show()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines that the texts need."""
        return max(1, len(self._lines(width, viewport.height)))

    def render_line(self, y: int) -> Strip:
        """Return one line of a text."""
        lines = self._lines(self.line_width, self.screen.size.height)
        if y >= len(lines):
            return self.line([])
        is_first, text = lines[y]
        return self.line([(_MARK if is_first else " " * len(_MARK), "attention bold"), (text, "attention")])

    def _lines(self, width: int, height: int) -> list[tuple[bool, str]]:
        """Return the displayed lines, and whether a text starts with each."""
        room = max(1, width - len(_MARK))
        free = min(_MOST_LINES, max(1, height // 3))
        lines: list[tuple[bool, str]] = []
        for text in reversed(self._texts):
            rows = [text[row.start : row.end] for row in rows_of(text, room)]
            most = min(_MOST_OF_ONE, free)
            if most == 0:
                break
            if len(rows) > most:
                rows = [*rows[: most - 1], shorten(f"{rows[most - 1]} {rows[most]}", room)]
            lines[:0] = [(number == 0, row) for number, row in enumerate(rows)]
            free -= len(rows)
        return lines

    def _show(self) -> None:
        self.display = bool(self._texts)
        self.refresh(layout=True)
