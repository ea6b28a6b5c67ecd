"""Paragraphs broken to the width, Chinese where it may be broken: what panels say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.geometry import Size
from textual.strip import Strip

from coze_tui.render.wrap import rows_of
from coze_tui.text.cleaning import clean
from coze_tui.tui.widgets.line_widget import LineWidget, Part

Paragraph = str | Sequence[Part]
"""Text of one role, or of several."""

_TAB = 4


class Paragraphs(LineWidget):
    """Draws text as high as it needs. What is given is cleaned, so it may come from outside.

    Args:
        role: Of the paragraphs that are given as plain text.
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
        """All of it without roles."""
        return "\n".join("".join(text for text, _role in parts) for parts in self._paragraphs)

    def show(self, *paragraphs: Paragraph) -> None:
        """Show these in place of what is there; without any it takes no room."""
        before = self._paragraphs
        self._take(paragraphs)
        if self._paragraphs != before:
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the text takes at this width."""
        return len(self._laid_out(width))

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        rows = self._laid_out(self.content_size.width)
        return self.line(rows[y] if y < len(rows) else ())

    def _take(self, paragraphs: Iterable[Paragraph]) -> None:
        self._width = -1
        taken: list[tuple[Part, ...]] = []
        for paragraph in paragraphs:
            if isinstance(paragraph, str):
                lines = clean(paragraph).expandtabs(_TAB).split("\n")
                taken += [((line, self._role),) for line in lines]
            else:
                taken.append(tuple((clean(text).replace("\n", " "), role) for text, role in paragraph))
        self._paragraphs = tuple(taken)
        self.set_class(not taken, "-empty")

    def _laid_out(self, width: int) -> list[list[Part]]:
        if width != self._width:
            self._width = width
            self._rows = [row for parts in self._paragraphs for row in _rows(parts, max(1, width))]
        return self._rows


def _rows(parts: Sequence[Part], width: int) -> list[list[Part]]:
    text = "".join(text for text, _role in parts)
    return [_between(parts, row.start, row.end) for row in rows_of(text, width)]


def _between(parts: Sequence[Part], start: int, end: int) -> list[Part]:
    """The characters `start` to `end` of the parts together."""
    taken: list[Part] = []
    at = 0
    for text, role in parts:
        if piece := text[max(0, start - at) : max(0, end - at)]:
            taken.append((piece, role))
        at += len(text)
    return taken
