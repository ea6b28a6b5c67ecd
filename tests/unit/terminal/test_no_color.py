"""Lines in the terminal's own colors only: attributes show what colors did."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from coze_tui.terminal.no_color import NoColors


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("bright_black", "dim"),
        ("bright_black reverse", "dim reverse"),
        ("bold red", "bold"),
        ("red on default", ""),
        ("red on bright_blue", "reverse"),
    ],
)
def test_gray_is_dim_and_a_ground_is_reversed(style: str, shown: str) -> None:
    (segment,) = NoColors().apply([Segment("x", Style.parse(style))], Color(0, 0, 0))
    assert segment.style == Style.parse(shown)
