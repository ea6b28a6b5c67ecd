"""Tables: columns that fit if they can, by wrapping their cells; else the table scrolls sideways."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.blocks import Lead, MarkdownBlock, Page
from coze_tui.render.cells import cell_len, untorn
from coze_tui.render.inline import Logical
from coze_tui.render.lines import Line
from coze_tui.render.scanner import Kind, row_cells
from coze_tui.render.wrap import cuts, rows_of

_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_LATIN_WORD = re.compile(r"[!-~]+")
_GAP = " │ "
_CROSS = "─┼─"
_NARROWEST = 8
"""A column is not made narrower than this by wrapping."""
_WIDEST = 48
"""A column of a table that scrolls is not wider."""
_UNSETTLED_ROWS = 30
"""Up to here a row that is still being written may widen its columns."""

Cell = list[Logical]


class _Row:
    """A row that is parsed; what is drawn of it is drawn when it is looked at."""

    __slots__ = ("cells", "height", "longest_word", "natural")

    def __init__(self, cells_: list[Cell]) -> None:
        self.cells = cells_
        texts = [[_text(logical) for logical in cell] for cell in cells_]
        self.natural = [max(map(cell_len, lines)) for lines in texts]
        """For each cell the room it would take without wrapping."""
        self.longest_word = [
            max(map(len, _LATIN_WORD.findall("\n".join(lines))), default=0) for lines in texts
        ]
        self.height = 0
        """Lines it has in columns as wide as they are now."""


class _RowLine(NamedTuple):
    """One line of a row."""

    table: Table
    row: _Row
    level: int

    def draw(self) -> Line:
        return self.table.drawn(self.row)[self.level]


class Table(MarkdownBlock):
    """A table.

    A row is parsed and measured once. When the columns change, by a row that wants more room or because the
    page does, only the heights are computed again; and of these, only wrapped cells ask for work.
    """

    kind = Kind.TABLE

    def __init__(self, page: Page, lead: Lead, number: int, head: str, aligns: Sequence[str]) -> None:
        super().__init__(page, lead, number)
        self.aligns = aligns
        self._may_link = False
        self._columns = len(aligns)
        self._head = _Row(self._cells(head, page.palette.table_header))
        self._rows: list[_Row] = []
        self._laid = 0
        """So many of them are in `fixed`."""
        self._is_airy = False
        """Whether a row has more than one line."""
        self._natural = self._head.natural
        self._longest_word = self._head.longest_word
        self._widths: list[int] = []
        self._last: tuple[_Row, list[Line]] | None = None
        """The row that was drawn last, for its other lines."""
        self._lay_out()

    def grow(self, text: str) -> None:
        row = _Row(self._cells(text, self.page.palette.text))
        self._rows.append(row)
        self._natural, self._longest_word = self._with(row)

    def loose(self, text: str | None = None) -> list[Line]:
        draft = None if text is None else self._cells(text, self.page.palette.text)
        self._lay_out(_Row(draft) if draft and len(self._rows) < _UNSETTLED_ROWS else None)
        if draft is None:
            return []
        between = [self._rule()] if self._is_airy and self._rows else []
        return between + self._draw(draft)

    def finish(self) -> None:
        self._lay_out()

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        self._widths = []
        self._lay_out()

    def may_link(self) -> bool:
        return self._may_link

    def _cells(self, text: str, style: Style) -> list[Cell]:
        """The cells of a row: as many as there are columns, with nothing lost."""
        sources = row_cells(text)
        self._may_link = self._may_link or "[" in text
        if len(sources) > self._columns:
            sources[self._columns - 1 :] = [" | ".join(sources[self._columns - 1 :])]
        sources += [""] * (self._columns - len(sources))
        inline, references = self.page.inline, self.page.references
        row: list[Cell] = []
        for source in sources:
            # A line break cannot be written in a cell but as a tag.
            source = (
                _BREAK.sub("\n", source.replace("\t", " ")) if "<" in source else source.replace("\t", " ")
            )
            row.append([untorn(line) for line in inline.parse(source, style, references).lines])
        return row

    def _with(self, row: _Row) -> tuple[list[int], list[int]]:
        """The room that all cells of a column and this row's ask for, and their longest word."""
        return (
            [*map(max, self._natural, row.natural)],
            [*map(max, self._longest_word, row.longest_word)],
        )

    def _fit(self, natural: list[int], longest_word: list[int]) -> list[int]:
        room = self.room - len(_GAP) * (self._columns - 1)
        if sum(natural) <= room:
            return natural
        for lowest in ([min(word, 20) for word in longest_word], [0] * self._columns):
            widths = _levelled(natural, lowest, room)
            if widths:
                return widths
        return [min(size, _WIDEST) for size in natural]

    def _lay_out(self, draft: _Row | None = None) -> None:
        """Place the rows that are not in `fixed` yet; all of them, if the columns have to change."""
        wanted = self._with(draft) if draft is not None else (self._natural, self._longest_word)
        widths = self._fit(*wanted)
        if widths != self._widths:
            self._widths, self._last = widths, None
            self._is_airy = False
            self._begin()
        fresh = self._rows[self._laid :]
        for row in fresh:
            row.height = self._height(row)
        if not self._is_airy and any(row.height > 1 for row in fresh):
            self._is_airy = True
            self._begin()
            fresh = self._rows
        rule = self._rule()
        for row in fresh:
            if self._is_airy and row is not self._rows[0]:
                self.fixed.append(rule)
            self.fixed += [_RowLine(self, row, level) for level in range(row.height)]
        self._laid = len(self._rows)

    def _begin(self) -> None:
        """Place nothing but the head."""
        self.fixed = [*self._draw(self._head.cells, is_head=True), self._rule()]
        self._laid = self.changed = 0

    def _height(self, row: _Row) -> int:
        height = 1
        for cell, natural, width in zip(row.cells, row.natural, self._widths, strict=True):
            if natural <= width:
                height = max(height, len(cell))
            else:
                height = max(height, sum(len(rows_of(_text(logical), max(1, width))) for logical in cell))
        return height

    def drawn(self, row: _Row) -> list[Line]:
        """The lines of one of its rows."""
        if self._last is None or self._last[0] is not row:
            self._last = row, self._draw(row.cells)
        return self._last[1]

    def _rule(self) -> Line:
        palette = self.page.palette
        rule = _CROSS.join(["─" * width for width in self._widths])
        line = self._line((Segment(rule, palette.line),), len(rule), 1, None)
        return line._replace(edge=palette.muted)

    def _draw(self, row: list[Cell], *, is_head: bool = False) -> list[Line]:
        palette = self.page.palette
        wrapped = [self._wrapped(cell, width) for cell, width in zip(row, self._widths, strict=True)]
        drawn: list[Line] = []
        gap = Segment(_GAP, palette.line)
        size = sum(self._widths) + len(_GAP) * (self._columns - 1)
        for level in range(max(map(len, wrapped))):
            body: list[Segment] = []
            for column, (pieces, width) in enumerate(zip(wrapped, self._widths, strict=True)):
                if column:
                    body.append(gap)
                piece, used = pieces[level] if level < len(pieces) else ((), 0)
                left = _before(self.aligns[column], width - used)
                if left:
                    body.append(Segment(" " * left))
                body += piece
                if width - used - left:
                    body.append(Segment(" " * (width - used - left)))
            line = self._line(tuple(body), size, level if is_head else 1)
            drawn.append(line._replace(edge=palette.muted))
        return drawn

    def _wrapped(self, cell: Cell, width: int) -> list[tuple[tuple[Segment, ...], int]]:
        pieces: list[tuple[tuple[Segment, ...], int]] = []
        for logical in cell:
            rows = rows_of(_text(logical), max(1, width))
            pieces += [(piece, row.width) for piece, row in zip(cuts(logical, rows), rows, strict=True)]
        return pieces


def _text(logical: Logical) -> str:
    return logical[0].text if len(logical) == 1 else "".join([run.text for run in logical])


def _before(align: str, spare: int) -> int:
    """Spaces left of a cell's text when there are `spare` ones."""
    if spare <= 0 or align == "left":
        return 0
    return spare if align == "right" else spare // 2


def _levelled(natural: Sequence[int], lowest: Sequence[int], room: int) -> list[int]:
    """Widths that fill `room`: the widest columns give way first. Empty if one would get too narrow."""

    def widths(level: int) -> list[int]:
        return [min(size, max(least, level)) for size, least in zip(natural, lowest, strict=True)]

    if sum(widths(_NARROWEST)) > room:
        return []
    level = _NARROWEST
    while sum(widths(level + 1)) <= room:
        level += 1
    fitted = widths(level)
    for column, size in enumerate(natural):
        if sum(fitted) < room and fitted[column] < size:
            fitted[column] += 1
    return fitted
