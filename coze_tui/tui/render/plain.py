"""Text as it is, in lines: what a person typed, what a tool gave."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from coze_tui.tui.render.lines import Line
from coze_tui.tui.render.wrap import cells, rows_of


def render_plain(text: str, width: int, style: Style) -> list[Line]:
    """The text wrapped at `width`, every line end kept."""
    lines: list[Line] = []
    for source in text.expandtabs(4).split("\n"):
        for number, row in enumerate(rows_of(source, width)):
            piece = source[row.start : row.end]
            joint = "\n" if number == 0 else row.joint
            lines.append(Line(body=(Segment(piece, style),), width=cells(piece), joint=joint))
    return lines
