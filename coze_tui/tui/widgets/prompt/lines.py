"""The layout of the prompt's text in rows, and the borders of its characters."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import split_graphemes
from textual.widgets.text_area import Location, WrappedDocument

from coze_tui.render.wrap import rows_of


class PromptLines(WrappedDocument):
    """The prompt's text in rows of one width: Chinese breaks where it may, and no emoji is torn.

    Textual's own class measures an emoji of several characters by its parts, and moves a run of Chinese as
    one word. It overrides `WrappedDocument` of Textual 8.2.8.
    """

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        """Lay out all lines; unchanged ones are cached."""
        self._width = width
        if tab_width:
            self._tab_width = tab_width
        lines = self.document.lines
        if not width or any("\t" in line for line in lines):
            super().wrap(width, tab_width)
            return
        self._wrap_offsets = [list(_breaks(line, width)) for line in lines]
        self._tab_width_cache = [[0] for _ in lines]
        self._offset_to_line_info = []
        self._line_index_to_offsets = []
        for index, breaks in enumerate(self._wrap_offsets):
            first = len(self._offset_to_line_info)
            rows = range(len(breaks) + 1)
            self._line_index_to_offsets.append([first + row for row in rows])
            self._offset_to_line_info += [(index, row) for row in rows]

    def wrap_range(self, start: Location, old_end: Location, new_end: Location) -> None:
        """Lay out what an edit has changed."""
        self.wrap(self._width)

    def get_target_document_column(self, line_index: int, x_offset: int, y_offset: int) -> int:
        """Return the column at a cell of a row."""
        sections = self.get_sections(line_index)
        section = sections[y_offset]
        if "\t" in section:
            return super().get_target_document_column(line_index, x_offset, y_offset)
        before = sum(len(text) for text in sections[:y_offset])
        cells = 0
        clusters = split_graphemes(section)[0]
        for start, _, width in clusters:
            if cells + width > x_offset:
                return before + start
            cells += width
        is_last = y_offset in (len(sections) - 1, -1)
        # The end of a row that goes on is the beginning of the next.
        return before + (len(section) if is_last or not clusters else clusters[-1][0])


@lru_cache(maxsize=4096)
def _breaks(line: str, width: int) -> tuple[int, ...]:
    return tuple(row.start for row in rows_of(line, width)[1:])


def cluster_at(line: str, column: int) -> tuple[int, int]:
    """Return start and end of the grapheme that covers a column.

    At a border both are the column itself.
    """
    if column <= 0 or column >= len(line) or line.isascii():
        return column, column
    # Clusters are short: it is enough to begin a little before.
    start = max(0, column - 32)
    for first, last, _ in split_graphemes(line[start : column + 32])[0]:
        if first + start < column < last + start:
            return first + start, last + start
    return column, column


def next_border(line: str, column: int) -> int:
    """Return the column after the grapheme that starts at a column."""
    clusters = split_graphemes(line[column : column + 32])[0]
    return column + clusters[0][1] if clusters else column
