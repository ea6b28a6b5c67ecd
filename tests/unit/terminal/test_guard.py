from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.color import Color

from coze_tui.terminal.app import TerminalApp
from coze_tui.terminal.guard import TerminalGuard, guarded

BLACK = Color(0, 0, 0)


@pytest.mark.parametrize(
    "control",
    list("\x00\x07\t\n\x0e\x1b\x7f\x80\x9b\x9d\u061c\u200b\u202e\u2066\u2028\ufeff\U000e0041\U000e007f"),
)
def test_controls_and_hidden_characters_are_deleted(control: str) -> None:
    assert guarded(f"a{control}b") == "ab"


def test_a_character_with_a_cell_leaves_a_cell() -> None:
    assert guarded("a\xadb\ud83dc") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize("text", ["plain", "中文，标点", "👨‍👩‍👧❤️", "e\u0301", "नमस्ते", "می‌خواهم", "🇨🇳"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert guarded(text) == text


def test_flags_of_regions_stay_and_other_tags_go() -> None:
    england = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert guarded(england) == england
    assert guarded("x\U000e0067\U000e0062\U000e0065\U000e007f") == "x"


def test_a_flood_of_marks_is_cut_to_eight() -> None:
    assert guarded("a" + "\u0301" * 5000 + "b") == "a" + "\u0301" * 8 + "b"


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_what_leaves_has_no_control_and_its_old_width(text: str) -> None:
    out = guarded(text)
    assert not [c for c in out if unicodedata.category(c) in ("Cc", "Cs")]
    assert guarded(out) == out
    if "\u200d" not in text and "\ufe0f" not in text:
        # Beside a joiner Textual's own measure depends on the neighbors.
        assert cell_len(out) == cell_len(text)


def test_clean_segments_come_back_as_the_same_list() -> None:
    segments = [Segment("plain", Style(bold=True)), Segment(" text")]
    assert TerminalGuard().apply(segments, BLACK) is segments


def test_links_lose_their_target_and_keep_their_color() -> None:
    style = Style(color="red", link="https://example.com/\x1b]52;c;eA==\x07")
    guard = TerminalGuard()
    for _ in range(2):
        (segment,) = guard.apply([Segment("here", style)], BLACK)
        assert segment.text == "here"
        assert segment.style is not None
        assert segment.style.link is None
        assert segment.style.color == style.color


def test_control_segments_are_dropped() -> None:
    control = Segment("\x1b[2J", None, [(ControlType.CLEAR,)])
    assert TerminalGuard().apply([Segment("a"), control], BLACK) == [Segment("a")]


def test_more_styles_than_are_remembered_still_lose_their_links() -> None:
    guard = TerminalGuard()
    for number in range(600):
        (segment,) = guard.apply([Segment("x", Style(link=f"https://example.com/{number}"))], BLACK)
        assert segment.style is not None
        assert segment.style.link is None


def test_the_gate_is_the_last_filter_of_the_app() -> None:
    app = TerminalApp[None]()
    filters = app.get_line_filters()
    assert isinstance(filters[-1], TerminalGuard)
    assert app.get_line_filters()[-1] is filters[-1]


def test_a_flood_of_marks_in_many_segments_is_one_flood() -> None:
    marks = Segment("\u0301" * 6)
    out = TerminalGuard().apply([Segment("a"), marks, marks, Segment("\u0301b"), marks], BLACK)
    assert "".join(segment.text for segment in out) == "a" + "\u0301" * 8 + "b" + "\u0301" * 6
