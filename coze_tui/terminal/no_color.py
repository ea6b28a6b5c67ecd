"""Removes all colors, as NO_COLOR requests (https://no-color.org), but retains attributes."""

from __future__ import annotations

from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_MOST_STYLES = 512
_REVERSED, _DIM = Style(reverse=True), Style(dim=True)
_GRAY = 8
"""The number of bright black, in which themes with the terminal's own colors draw lines and scrollbars."""


def is_without_color(environment: Mapping[str, str]) -> bool:
    """Return whether the user wants no colors: NO_COLOR is set and not empty."""
    return bool(environment.get("NO_COLOR"))


class NoColors(LineFilter):
    """A line filter that removes colors. A background that differs from the terminal's own is reversed,
    and gray is dim.

    For themes on the terminal's own background, in which only selections, cursors and matches differ from it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._plain: dict[Style, Style] = {}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in the terminal's own colors."""
        return [
            Segment(text, None if style is None else self._without_colors(style), control)
            for text, style, control in segments
        ]

    def _without_colors(self, style: Style) -> Style:
        plain = self._plain.get(style)
        if plain is None:
            if len(self._plain) >= _MOST_STYLES:
                self._plain.clear()
            is_marked = style.bgcolor is not None and not style.bgcolor.is_default
            is_gray = style.color is not None and style.color.number == _GRAY
            plain = style.without_color
            if is_marked:
                plain += _REVERSED
            if is_gray:
                plain += _DIM
            if meta := style.meta:  # links
                plain += Style.from_meta(meta)
            self._plain[style] = plain
        return plain
