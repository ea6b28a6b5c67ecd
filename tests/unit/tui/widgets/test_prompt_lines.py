"""Laying out the prompt's text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.geometry import Offset
from textual.widgets.text_area import Document

from coze_tui.tui.widgets.prompt.lines import PromptLines, cluster_at, next_border

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
PIECES = st.sampled_from(["a", "b", " ", "春", "节", "，", "e\u0301", FAMILY, "❤️", "\n"])
TEXT = st.lists(PIECES, max_size=60).map("".join)


def laid_out(text: str, width: int) -> PromptLines:
    return PromptLines(Document(text), width, 4)


def test_chinese_fills_the_row() -> None:
    lines = laid_out("hello 春节快乐春节快乐", 12)
    assert lines.get_sections(0) == ["hello 春节快", "乐春节快乐"]


def test_no_emoji_is_torn() -> None:
    assert laid_out(FAMILY * 4, 5).get_sections(0) == [FAMILY * 2, FAMILY * 2]


@given(TEXT, st.integers(2, 20))
def test_rows_hold_all_the_text_and_fit(text: str, width: int) -> None:
    lines = laid_out(text, width)
    for index, line in enumerate(text.split("\n")):
        sections = lines.get_sections(index)
        assert "".join(sections) == line
        assert all(cell_len(section.rstrip(" ")) <= width for section in sections)
    assert lines.height == sum(len(lines.get_sections(index)) for index in range(text.count("\n") + 1))


@given(TEXT, st.integers(2, 20))
def test_a_place_on_the_screen_and_in_the_text_are_the_same(text: str, width: int) -> None:
    lines = laid_out(text, width)
    for row, line in enumerate(text.split("\n")):
        column = 0
        while column < len(line):
            offset = lines.location_to_offset((row, column))
            if offset.x < width:  # spaces at the end of a row hang over
                assert lines.offset_to_location(Offset(offset.x, offset.y)) == (row, column)
            column = next_border(line, column)


def test_an_edit_lays_out_anew() -> None:
    document = Document("春节" * 5)
    lines = PromptLines(document, 10, 4)
    document.replace_range((0, 10), (0, 10), "\n快乐")
    lines.wrap_range((0, 10), (0, 10), (1, 2))
    assert lines.get_sections(1) == ["快乐"]
    assert lines.height == 3


def test_tabs_keep_the_way_of_textual() -> None:
    lines = laid_out("\tx\ty", 20)
    assert lines.location_to_offset((0, 2)) == Offset(5, 0)
    assert lines.offset_to_location(Offset(5, 0)) == (0, 2)


def test_clusters() -> None:
    line = f"a{FAMILY}b"
    assert cluster_at(line, 3) == (1, 6)
    assert cluster_at(line, 1) == (1, 1)
    assert cluster_at("abc", 1) == (1, 1)
    assert next_border(line, 1) == 6
    assert next_border(line, len(line)) == len(line)
