"""Where lines break."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment

from coze_tui.render.wrap import cut, cuts, rows_of

PARTS = [
    *"ab  c-你好，。（「」）世界👍é\u0301\u200d\ufe0f",
    *("👨\u200d👩\u200d👧", "❤\ufe0f", "word ", "中文 "),
]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=50).map("".join)


def pieces(text: str, width: int) -> list[str]:
    return [text[row.start : row.end] for row in rows_of(text, width)]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, [""]),
        ("fits", 4, ["fits"]),
        ("two words", 5, ["two", "words"]),
        ("abc   def ghi", 10, ["abc   def", "ghi"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("你好世界", 5, ["你好", "世界"]),
        ("你好世，界。", 6, ["你好", "世，", "界。"]),
        ("他说（你好）", 6, ["他说", "（你", "好）"]),
        ("中文 and English混排 text", 12, ["中文 and", "English混排", "text"]),
        ("👨\u200d👩\u200d👧👨\u200d👩\u200d👧", 2, ["👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"]),
    ],
)
def test_breaks_are_where_a_reader_expects_them(text: str, width: int, expected: list[str]) -> None:
    assert pieces(text, width) == expected


@given(TEXTS, st.integers(2, 30))
@settings(max_examples=200)
def test_rows_fit_and_lose_nothing(text: str, width: int) -> None:
    rows = rows_of(text, width)
    assert "".join(row.dropped + text[row.start : row.end] for row in rows) == text
    for row in rows:
        assert row.width == cell_len(text[row.start : row.end])
        assert row.width <= width


@given(TEXTS, TEXTS, st.integers(2, 30))
@settings(max_examples=200)
def test_rows_but_the_last_stand_when_text_is_added(text: str, more: str, width: int) -> None:
    text = text.rstrip(" ")
    more = "x" + more  # a mark would join the last character
    before, after = rows_of(text, width), rows_of(text + more, width)
    assert after[: len(before) - 1] == before[:-1]


def test_rows_are_cut_out_of_styled_text() -> None:
    runs = [Segment("one "), Segment("two three"), Segment(" four")]
    rows = rows_of("one two three four", 9)
    drawn = ["".join(run.text for run in piece) for piece in cuts(runs, rows)]
    assert drawn == ["one two", "three", "four"]
    assert [run.text for run in cut(runs, 2, 6)] == ["e ", "tw"]
    assert cut(runs, 3, 3) == ()
