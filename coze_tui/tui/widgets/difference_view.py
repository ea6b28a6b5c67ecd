"""Two chats compared, as lines to scroll through; drawn as far as they are in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.strip import Strip

from coze_tui.engine.analysis.compare import Differences
from coze_tui.render.diff_rows import DifferenceRow, difference_rows
from coze_tui.text.i18n import N_
from coze_tui.tui.themes import palette_of
from coze_tui.tui.widgets.line_list import LineList, list_keys

_SPLIT = 96
"""Cells from which the chats stand side by side."""
_BETWEEN = " │ "


class DifferenceView(LineList):
    """Shows one `Differences`. It has no cursor: the keys scroll."""

    BINDINGS: ClassVar[list[BindingType]] = list_keys(
        "difference",
        ("top", N_("to the top")),
        ("end", N_("to the end")),
        up=N_("line up"),
        down=N_("line down"),
        pages=("pageup,b", "pagedown,space"),
    )
    PART = N_("Comparison")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Differences | None = None
        self._rows: Sequence[DifferenceRow] = ()
        self._laid_out: tuple[int, str] | None = None

    def show(self, found: Differences) -> None:
        """Show another comparison from its top."""
        self._found = found
        self._laid_out = None
        self.scroll_to(y=0, animate=False)
        self.lay_out()

    @property
    def line_width(self) -> int:
        """Cells of a line; one is left free before the scroll bar, or the edge."""
        return max(0, self.scrollable_content_region.width - 1)

    @property
    def row_count(self) -> int:
        """Return how many lines the comparison takes at this width."""
        return len(self._rows_laid_out())

    # --- keys ---

    def follow(self) -> None:
        """Leave the view where it is."""

    def move(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self.move(step * max(1, self.room - 2))

    def action_edge(self, is_end: bool) -> None:
        """Scroll to an end."""
        self.scroll_to(y=self.row_count if is_end else 0, animate=False)

    def go_to_next(self, step: int) -> bool:
        """Bring the next difference, or the one before, to the top; False if there is none."""
        starts = [number for number, row in enumerate(self._rows_laid_out()) if row.starts]
        here = self.scroll_offset.y + 1
        if step > 0:
            target = next((line for line in starts if line > here), None)
        else:
            target = next((line for line in reversed(starts) if line < here), None)
        if target is not None:
            self.scroll_to(y=max(0, target - 1), animate=False)
        return target is not None

    # --- looks ---

    def render_line(self, y: int) -> Strip:
        """Draw a line of what is in sight."""
        rows = self._rows_laid_out()
        index = self.scroll_offset.y + y
        return self._drawn(rows[index]) if index < len(rows) else self.line([])

    def _drawn(self, row: DifferenceRow) -> Strip:
        width = self.line_width
        if not row.is_pair or row.right is None:
            return Strip(row.left.paint(width), width).apply_style(self.rich_style)
        half = (width - len(_BETWEEN)) // 2
        segments = [
            *row.left.paint(half),
            Segment(_BETWEEN, self.style_of("line")),
            *row.right.paint(width - half - len(_BETWEEN)),
        ]
        return Strip(segments, width).apply_style(self.rich_style)

    def _rows_laid_out(self) -> Sequence[DifferenceRow]:
        theme, width = self.app.current_theme, self.line_width
        if self._found is not None and width and self._laid_out != (width, theme.name):
            is_split = width >= _SPLIT
            self._rows = difference_rows(self._found, width, palette_of(theme), is_split=is_split)
            self._laid_out = (width, theme.name)
        return self._rows
