"""Two chats compared, as lines to scroll through; drawn as far as they are in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from coze_tui.engine.analysis.compare import Differences
from coze_tui.render.diff_rows import DifferenceRow, difference_rows
from coze_tui.text.i18n import N_
from coze_tui.tui.themes import palette_of
from coze_tui.tui.widgets.line_widget import LineWidget

_SPLIT = 96
"""Cells from which the chats stand side by side."""
_BETWEEN = " │ "


class DifferenceView(LineWidget, ScrollView, can_focus=True):
    """Shows one `Differences`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", N_("line up"), id="difference.up", show=False),
        Binding("down,j", "move(1)", N_("line down"), id="difference.down", show=False),
        Binding("pageup,b", "page(-1)", N_("page up"), id="difference.page_up", show=False),
        Binding("pagedown,space", "page(1)", N_("page down"), id="difference.page_down", show=False),
        Binding("home,g", "edge(False)", N_("to the top"), id="difference.top", show=False),
        Binding("end,G", "edge(True)", N_("to the end"), id="difference.end", show=False),
    ]
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
        self.on_resize()

    def lines(self) -> list[str]:
        """All lines as plain text, for tests."""
        return [self._drawn(row).text.rstrip() for row in self._lay_out()]

    @property
    def line_width(self) -> int:
        """Cells of a line; one is left free before the scroll bar, or the edge."""
        return max(0, self.scrollable_content_region.width - 1)

    def on_resize(self) -> None:
        """Lay out anew."""
        self.virtual_size = Size(self.line_width, len(self._lay_out()))
        self.refresh()

    # --- keys ---

    def action_move(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self.action_move(step * max(1, self.size.height - 2))

    def action_edge(self, is_end: bool) -> None:
        """Scroll to an end."""
        self.scroll_to(y=len(self._rows) if is_end else 0, animate=False)

    def go_to_next(self, step: int) -> bool:
        """Bring the next difference, or the one before, to the top; False if there is none."""
        starts = [number for number, row in enumerate(self._lay_out()) if row.starts]
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
        rows = self._lay_out()
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

    def _lay_out(self) -> Sequence[DifferenceRow]:
        theme, width = self.app.current_theme, self.line_width
        if self._found is not None and width and self._laid_out != (width, theme.name):
            is_split = width >= _SPLIT
            self._rows = difference_rows(self._found, width, palette_of(theme), is_split=is_split)
            self._laid_out = (width, theme.name)
        return self._rows
