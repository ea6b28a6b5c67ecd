"""Painting and copying one line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from coze_tui.render.lines import BAR, Line, joined

GROUND, EDGE = Style(bgcolor="blue"), Style(color="red")


def line(text: str, *, lead: str = "", scrolls: bool = False, joint: str | None = "\n") -> Line:
    return Line(
        (Segment(lead),) if lead else (),
        (Segment(text[:3]), Segment(text[3:])),
        cell_len(lead),
        cell_len(text),
        joint=joint,
        fill=GROUND if scrolls else None,
        edge=EDGE if scrolls else None,
    )


def painted(one: Line, width: int, shift: int = 0) -> str:
    return "".join(segment.text for segment in one.paint(width, shift))


def test_a_short_line_is_filled_up() -> None:
    assert painted(line("text", lead="• "), 10) == "• text    "


def test_a_line_that_does_not_scroll_is_cut() -> None:
    assert painted(line("a long text"), 6, shift=3) == "a long"


def test_hidden_text_is_told_at_both_edges() -> None:
    code = line("0123456789", lead="  ", scrolls=True)
    assert painted(code, 8) == "  01234›"
    assert painted(code, 8, shift=2) == " ‹23456›"
    assert painted(code, 8, shift=4) == " ‹456789"
    assert painted(code, 8, shift=99) == " ‹      "


def test_half_of_a_wide_character_is_a_space() -> None:
    assert painted(line("你好世界", lead="  ", scrolls=True), 10, shift=1) == " ‹ 好世界 "


def test_a_label_stands_at_the_right_end() -> None:
    head = Line(fill=GROUND, label=Segment("python"), joint=None)
    assert painted(head, 12) == "     python "
    assert painted(head, 4) == "    "


@given(
    st.text(alphabet="ab 你好👍é", max_size=30),
    st.sampled_from(["", "• ", "  ", "▎ "]),
    st.integers(0, 40),
    st.integers(0, 40),
    st.booleans(),
)
@settings(max_examples=200)
def test_a_painted_line_has_exactly_the_width(
    text: str, lead: str, width: int, shift: int, scrolls: bool
) -> None:
    one = line(text, lead=lead, scrolls=scrolls)
    assert sum(cell_len(segment.text) for segment in one.paint(width, shift)) == width


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, "• 你好 text"),
        (2, 6, "你好"),
        (3, 5, "你好"),
        (0, 1, "•"),
        (7, None, "text"),
        (50, None, ""),
    ],
)
def test_a_selection_is_measured_in_cells(start: int, end: int | None, expected: str) -> None:
    assert line("你好 text", lead="• ").copied(start, end) == expected


def test_code_is_copied_without_its_padding() -> None:
    code = line("0123456789", lead="  ", scrolls=True)
    assert code.copied() == "0123456789"
    assert code.copied(0, 4) == "01"
    assert code.copied(2, 4, shift=3) == "34"


def test_quotes_keep_their_mark_in_plain_text() -> None:
    assert line("text", lead=BAR + " ").copied() == "> text"


def test_wrapped_lines_are_one_again_when_copied() -> None:
    lines = [
        line("one two", lead="• "),
        line("three", lead="  ", joint=" "),
        line("中", lead="  ", joint=""),
        line("decoration", joint=None),
        line("", joint="\n"),
        line("next"),
    ]
    assert joined((one, one.copied()) for one in lines) == "• one two three中\n\nnext"
