"""Tables: columns that fit if they can, by wrapping their cells; else the table scrolls sideways."""

import re
from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from coze_tui.tui.render.blocks import Block, Lead, Page
from coze_tui.tui.render.inline import Logical
from coze_tui.tui.render.lines import Line
from coze_tui.tui.render.scanner import Kind, row_cells
from coze_tui.tui.render.wrap import cells, cuts, rows_of, untorn

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
_FITTED_ROWS = 400
"""So many rows say how wide the columns are. A longer table takes all the room there is, for what may still
come: to draw thousands of rows anew because of one that is wider would hold up the keys."""

Cell = list[Logical]


class Table(Block):
    """A table. A row costs the same however many there are; only the first ones can widen a column."""

    kind = Kind.TABLE

    def __init__(self, page: Page, lead: Lead, number: int, head: str, aligns: Sequence[str]) -> None:
        super().__init__(page, lead, number)
        self.aligns = aligns
        self._may_link = False
        self._columns = len(aligns)
        self._head = self._cells(head, page.palette.table_header)
        self._rows: list[list[Cell]] = []
        """Those that say how wide the columns are."""
        self._count = 0
        """Rows that are drawn."""
        self._is_fitted = False
        """The columns stay as they are."""
        self._is_drafted = False
        """The columns are as a row wants them that has not ended."""
        self._is_airy = False
        """Whether a row has more than one line."""
        self._natural = [0] * self._columns
        self._longest_word = [0] * self._columns
        self._measure(self._head)
        self._widths = self._fit()
        self._draw_all()

    def grow(self, text: str) -> None:
        row = self._cells(text, self.page.palette.text)
        if not self._is_fitted:
            self._rows.append(row)
            asks = self._measure(row) or self._is_drafted
            self._is_drafted = False
            if len(self._rows) == _FITTED_ROWS:
                self._take_all_room()
                return
            if asks and self._refitted():
                return
        drawn = self._row(row)
        if self._is_fitted or self._is_airy or len(drawn) == 1:
            self._put(drawn)
        else:
            self._draw_all()

    def loose(self, text: str | None = None) -> list[Line]:
        if text is None:
            return []
        row = self._cells(text, self.page.palette.text)
        if not self._is_fitted and len(self._rows) < _UNSETTLED_ROWS:
            natural, longest = self._natural[:], self._longest_word[:]
            self._is_drafted = self._measure(row) or self._is_drafted
            if self._is_drafted:
                self._refitted()
            self._natural, self._longest_word = natural, longest
        between = [self._rule()] if self._is_airy and self._count else []
        return between + self._row(row)

    def finish(self) -> None:
        if self._is_drafted:
            self._refitted()
        self._rows.clear()

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

    def _measure(self, row: list[Cell]) -> bool:
        """Take a row into account; whether it asks for more room than those before."""
        asks = False
        for column, cell in enumerate(row):
            for logical in cell:
                text = "".join([run.text for run in logical])
                size, longest = cells(text), max(map(len, _LATIN_WORD.findall(text)), default=0)
                if size > self._natural[column]:
                    self._natural[column], asks = size, True
                if longest > self._longest_word[column]:
                    self._longest_word[column], asks = longest, True
        return asks

    def _fit(self) -> list[int]:
        room = self.room - len(_GAP) * (self._columns - 1)
        natural = self._natural
        if sum(natural) <= room:
            return natural[:]
        for lowest in ([min(word, 20) for word in self._longest_word], [0] * self._columns):
            widths = _levelled(natural, lowest, room)
            if widths:
                return widths
        return [min(size, _WIDEST) for size in natural]

    def _refitted(self) -> bool:
        """Draw all anew if the columns have to change."""
        widths = self._fit()
        if widths == self._widths:
            return False
        self._widths = widths
        self._draw_all()
        return True

    def _take_all_room(self) -> None:
        widths = self._fit()
        spare = self.room - len(_GAP) * (self._columns - 1) - sum(widths)
        if spare > 0:
            widths = [size + spare // self._columns for size in widths]
            widths[-1] += spare % self._columns
        self._widths = widths
        self._draw_all()
        self._is_fitted = True
        self._rows.clear()

    def _draw_all(self) -> None:
        self.fixed.clear()
        self.changed = 0
        self.fixed += self._row(self._head)
        self.fixed.append(self._rule())
        rows = [self._row(row) for row in self._rows]
        self._is_airy = any(len(drawn) > 1 for drawn in rows)
        self._count = 0
        for drawn in rows:
            self._put(drawn)

    def _put(self, drawn: list[Line]) -> None:
        """Add a row. Where rows have more than one line, a rule tells them apart."""
        if self._is_airy and self._count:
            self.fixed.append(self._rule())
        self.fixed += drawn
        self._count += 1

    def _rule(self) -> Line:
        palette = self.page.palette
        rule = _CROSS.join(["─" * width for width in self._widths])
        line = self._line((Segment(rule, palette.line),), len(rule), 1, None)
        return line._replace(edge=palette.muted)

    def _row(self, row: list[Cell]) -> list[Line]:
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
            line = self._line(tuple(body), size, len(self.fixed) + level)
            drawn.append(line._replace(edge=palette.muted))
        return drawn

    def _wrapped(self, cell: Cell, width: int) -> list[tuple[tuple[Segment, ...], int]]:
        pieces: list[tuple[tuple[Segment, ...], int]] = []
        for logical in cell:
            text = "".join([run.text for run in logical])
            rows = rows_of(text, max(1, width))
            pieces += [(piece, row.width) for piece, row in zip(cuts(logical, rows), rows, strict=True)]
        return pieces


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
