"""Draws tables: wraps cells so that columns fit, otherwise shows rows as lines of `column: value`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.blocks import Lead, MarkdownBlock, Page
from coze_tui.render.cells import cell_len, untorn
from coze_tui.render.closing import hopefully_closed
from coze_tui.render.lines import Line
from coze_tui.render.links import without_open_link
from coze_tui.render.runs import Logical
from coze_tui.render.scanner import Kind, row_cells
from coze_tui.render.wrap import TextRow, cuts, rows_of

_LATIN_WORD = re.compile(r"[!-~]+")
_GAP = " │ "
_CROSS = "─┼─"
_NARROWEST = 8
"""The narrowest column, in cells, that wrapping may produce."""
_HANG = 2
"""The indent of the other lines of a cell that has its own line."""
_UNSETTLED_ROWS = 30
"""Rows up to which an unfinished row may widen its columns."""

Cell = list[Logical]


class _Row:
    """A parsed row, drawn when displayed."""

    __slots__ = ("cells", "height", "longest_word", "natural")

    def __init__(self, cells_: list[Cell]) -> None:
        self.cells = cells_
        texts = [[_text(logical) for logical in cell] for cell in cells_]
        self.natural = [max(map(cell_len, lines)) for lines in texts]
        """For each cell, the width it would have without wrapping."""
        # Chinese text may break between any two characters, so only Latin words need room.
        self.longest_word = [
            max(map(len, _LATIN_WORD.findall("\n".join(lines))), default=0) for lines in texts
        ]
        self.height = 0
        """Lines of the row at the current column widths."""


class _RowLine(NamedTuple):
    """A line of a row."""

    table: Table
    row: _Row
    level: int

    def draw(self) -> Line:
        return self.table.drawn(self.row)[self.level]


class Table(MarkdownBlock):
    """A table that can grow.

    Parses and measures each row once. When the columns change because of a wider row or a resize, it
    recomputes only the heights, for which only wrapped cells need work.
    """

    kind = Kind.TABLE
    is_prose = False

    def __init__(
        self, page: Page, lead: Lead, number: int, head: str, aligns: Sequence[str], *, is_open: bool = False
    ) -> None:
        super().__init__(page, lead, number)
        self.aligns = aligns
        self._may_link = False
        self._columns = len(aligns)
        self._head = _Row(self._cells(head, page.palette.table_header, is_open=is_open))
        self._rows: list[_Row] = []
        self._laid = 0
        """Number of rows that are in `fixed`."""
        self._is_airy = False
        """Whether a row has more than one line."""
        self._natural = self._head.natural
        self._longest_word = self._head.longest_word
        self._widths: list[int] | None = None
        """Column widths. Empty if they do not fit, so that each cell has its own line."""
        self._is_bare = True
        """Whether the lines are those of a table without rows."""
        self._last: tuple[_Row, list[Line]] | None = None
        """A cache of the row drawn last, for its other lines."""
        self._lay_out()

    def grow(self, text: str) -> None:
        row = _Row(self._cells(text, self.page.palette.text))
        self._rows.append(row)
        self._natural, self._longest_word = self._with(row)

    def loose(self, text: str | None = None) -> list[Line]:
        draft = None if text is None else self._cells(text, self.page.palette.text, is_open=True)
        # In a long table, an unfinished cell would move all rows at each delta.
        self._lay_out(_Row(draft) if draft and len(self._rows) < _UNSETTLED_ROWS else None)
        if draft is None:
            return []
        between = [self._rule()] if self._is_airy and self._rows else []
        drawn = self._draw(draft) if self._widths else self._stacked(draft, is_first=not self.fixed)
        return between + drawn

    def finish(self) -> None:
        self._lay_out()

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        self._widths = None
        self._lay_out()

    def may_link(self) -> bool:
        return self._may_link

    def _cells(self, text: str, style: Style, *, is_open: bool = False) -> list[Cell]:
        """Parse a row into one cell per column, without losing text. The last cell may grow."""
        sources = row_cells(text)
        if is_open and sources and not text.rstrip().endswith("|"):
            sources[-1] = hopefully_closed(sources[-1])
        self._may_link = self._may_link or "[" in text
        if len(sources) > self._columns:
            # GFM drops cells beyond the header, but nothing of an answer may be lost.
            sources[self._columns - 1 :] = [" | ".join(sources[self._columns - 1 :])]
        sources += [""] * (self._columns - len(sources))
        inline, references = self.page.inline, self.page.references
        row: list[Cell] = []
        for source in sources:
            lines = inline.parse(source.replace("\t", " "), style, references).lines
            row.append([untorn(line) for line in lines])
        if is_open and row:
            row[-1][-1] = without_open_link(row[-1][-1], text)
        return row

    def _with(self, row: _Row) -> tuple[list[int], list[int]]:
        """Return for each column the widest cell and the longest word, including this row."""
        return (
            [*map(max, self._natural, row.natural)],
            [*map(max, self._longest_word, row.longest_word)],
        )

    def _fit(self, natural: list[int], longest_word: list[int]) -> list[int]:
        room = self.room - len(_GAP) * (self._columns - 1)
        if sum(natural) <= room:
            return natural
        # A broken word is hard to read, but still easier to compare than a list.
        for lowest in ([min(word, 20) for word in longest_word], [0] * self._columns):
            widths = _levelled(natural, lowest, room)
            if widths:
                return widths
        return []

    def _lay_out(self, draft: _Row | None = None) -> None:
        """Place the rows that are not in `fixed` yet, or all rows if the columns must change."""
        wanted = self._with(draft) if draft is not None else (self._natural, self._longest_word)
        widths = self._fit(*wanted)
        if widths != self._widths or (not widths and self._is_bare and self._rows):
            self._widths, self._last = widths, None
            self._is_bare = not self._rows
            self._is_airy = False
            self._begin()
        fresh = self._rows[self._laid :]
        for row in fresh:
            row.height = self._height(row)
        # Once a row has two lines, only rules show where rows end.
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
        """Place only the header; nothing if the columns do not fit, because each row then repeats it."""
        if self._widths:
            self.fixed = [*self._draw(self._head.cells, is_head=True), self._rule()]
        elif self._is_bare:
            self.fixed = [*self._stacked([[[]]] * self._columns, is_first=True)]
        else:
            self.fixed = []
        self._laid = self.changed = 0

    def _height(self, row: _Row) -> int:
        if not self._widths:
            return sum(len(rows) for _runs, rows in self._stacked_rows(row.cells))
        height = 1
        for cell, natural, width in zip(row.cells, row.natural, self._widths, strict=True):
            # It is not wrapped, so it needs no measuring: a resize of a long table stays fast.
            if natural <= width:
                height = max(height, len(cell))
            else:
                height = max(height, sum(len(rows_of(_text(logical), max(1, width))) for logical in cell))
        return height

    def drawn(self, row: _Row) -> list[Line]:
        """Return the lines of a row."""
        if self._last is None or self._last[0] is not row:
            is_first = row is self._rows[0]
            drawn = self._draw(row.cells) if self._widths else self._stacked(row.cells, is_first=is_first)
            self._last = row, drawn
        return self._last[1]

    def _rule(self) -> Line:
        palette = self.page.palette
        rule = _CROSS.join(["─" * width for width in self._widths or [self.room]])
        line = self._line((Segment(rule, palette.line),), len(rule), 1, None)
        return line._replace(edge=palette.muted)

    def _draw(self, row: list[Cell], *, is_head: bool = False) -> list[Line]:
        palette = self.page.palette
        widths = self._widths or []
        wrapped = [self._wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        drawn: list[Line] = []
        gap = Segment(_GAP, palette.line)
        size = sum(widths) + len(_GAP) * (self._columns - 1)
        for level in range(max(map(len, wrapped))):
            body: list[Segment] = []
            for column, (pieces, width) in enumerate(zip(wrapped, widths, strict=True)):
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

    def _stacked_rows(self, row: list[Cell]) -> Iterator[tuple[Logical, list[TextRow]]]:
        """Yield the lines of a row with one line per cell, and their line breaks."""
        for head, cell in zip(self._head.cells, row, strict=True):
            name = [run for logical in head for run in logical]
            for number, logical in enumerate(cell):
                runs = (
                    logical if number else untorn([*name, Segment(": ", self.page.palette.muted), *logical])
                )
                yield runs, rows_of(_text(runs), max(1, self.room - _HANG))

    def _stacked(self, row: list[Cell], *, is_first: bool) -> list[Line]:
        drawn: list[Line] = []
        for runs, rows in self._stacked_rows(row):
            for wrapped, piece in zip(rows, cuts(runs, rows), strict=True):
                joint = wrapped.dropped if wrapped.start else "\n"
                line = self._line(piece, wrapped.width, len(drawn) if is_first else 1, joint)
                if wrapped.start:
                    indented = (*line.lead, Segment(" " * _HANG))
                    line = line._replace(lead=indented, lead_width=line.lead_width + _HANG)
                drawn.append(line)
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
    """Return the spaces left of a cell's text if `spare` spaces are free."""
    if spare <= 0 or align == "left":
        return 0
    return spare if align == "right" else spare // 2


def _levelled(natural: Sequence[int], lowest: Sequence[int], room: int) -> list[int]:
    """Return widths that fill `room` by narrowing the widest columns first; empty if one gets too narrow."""

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
