from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem, parse_rgb_hex
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style

from coze_tui.terminal.cells import Cells, nearest_of_256

STEPS = (0, 95, 135, 175, 215, 255)
FIXED = [ColorTriplet(r, g, b) for r in STEPS for g in STEPS for b in STEPS]
FIXED += [ColorTriplet(shade, shade, shade) for shade in range(8, 239, 10)]


def off(one: ColorTriplet, other: ColorTriplet) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


@given(st.builds(ColorTriplet, *[st.integers(0, 255)] * 3))
def test_no_fixed_color_is_nearer(color: ColorTriplet) -> None:
    found = FIXED[nearest_of_256(color) - 16]
    assert off(found, color) == min(off(one, color) for one in FIXED)


@pytest.mark.parametrize(
    ("color", "number"),
    [("11131a", 233), ("171a23", 234), ("2a2f3d", 236), ("fbfbfd", 231), ("9396ff", 105)],
)
def test_the_grays_of_the_theme_stay_gray(color: str, number: int) -> None:
    assert nearest_of_256(parse_rgb_hex(color)) == number


def test_a_terminal_of_256_colors_gets_them() -> None:
    cells = Cells(ColorSystem.EIGHT_BIT)
    place = cells.columns([Segment("a", Style.parse("#d7dae4 on #2a2f3d"))])
    pen = cells.styles[cells.style_numbers[ord(place)]]
    assert (pen.foreground, pen.background) == ("38;5;253", "48;5;236")
    named = cells.columns([Segment("b", Style.parse("red"))])
    assert cells.styles[cells.style_numbers[ord(named)]].foreground == "31"
