"""JSON in colour, as high as it needs; other text as it is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.strip import Strip

from coze_tui.render.json_tree import json_lines
from coze_tui.render.lines import Line
from coze_tui.text.cleaning import clean
from coze_tui.tui.themes import palette_of
from coze_tui.tui.widgets.line_widget import LineWidget


class JsonView(LineWidget):
    """Draws one text, which may be JSON and may come from outside. Put it into a scrolling container."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = clean(text)
        self._lines: Sequence[Line] = ()
        self._laid_out: tuple[int, str] | None = None

    def show(self, text: str) -> None:
        """Show another text."""
        text = clean(text)
        if text != self._text:
            self._text = text
            self._laid_out = None
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the text takes at this width."""
        return len(self._lay_out(width))

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        width = self.content_size.width
        lines = self._lay_out(width)
        if y >= len(lines):
            return self.line([])
        return Strip(lines[y].paint(width), width).apply_style(self.rich_style)

    def _lay_out(self, width: int) -> Sequence[Line]:
        theme = self.app.current_theme
        if self._laid_out != (width, theme.name):
            self._laid_out = (width, theme.name)
            self._lines = json_lines(self._text, max(8, width), palette_of(theme))
        return self._lines
