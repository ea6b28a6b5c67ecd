"""A searched text is lit in any case and any width, and nothing else of the line changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from coze_tui.text.matching import spans
from coze_tui.tui.log.search import highlighted, split_spans

LIT = Style(reverse=True)


@pytest.mark.parametrize(
    ("text", "query", "parts"),
    [
        ("申请退款，退款到账", "退款", ["退款", "退款"]),
        ("Refund POLICY", "policy", ["POLICY"]),
        ("ＡＢＣ 退款", "abc", ["ＡＢＣ"]),
        ("a.b*c", ".b*", [".b*"]),
        ("un café noir", "cafe", ["café"]),
        ("un cafe\u0301 noir", "cafe", ["cafe\u0301"]),
        ("wait… ", ".", ["…"]),
        ("nothing", "", []),
    ],
)
def test_what_the_search_finds_is_lit(text: str, query: str, parts: list[str]) -> None:
    result = highlighted([Segment(text)], query, LIT)
    assert "".join(segment.text for segment in result) == text
    assert [segment.text for segment in result if segment.style and segment.style.reverse] == parts


@given(st.lists(st.text("ab退款", max_size=5), max_size=6), st.text("ab退款", min_size=1, max_size=3))
def test_lighting_changes_no_text_and_lights_exactly_the_matches(pieces: list[str], query: str) -> None:
    segments = [Segment(piece, Style(bold=True)) for piece in pieces]
    result = highlighted(segments, query, LIT)
    text = "".join(pieces)
    assert "".join(segment.text for segment in result) == text
    marks = "".join(
        ("x" if segment.style and segment.style.reverse else ".") * len(segment.text) for segment in result
    )
    wanted = ["."] * len(text)
    for start, end in spans(text, query):
        wanted[start:end] = "x" * (end - start)
    assert marks == "".join(wanted)
    assert all(segment.style and segment.style.bold for segment in result if segment.text)


@pytest.mark.parametrize(
    ("before", "text", "after", "parts"),
    [
        ("可以申请退", "款，原路", "", [(0, 1)]),
        ("", "可以申请退", "款，原路", [(4, 5)]),
        ("refund ", "policy", "", [(0, 6)]),
        ("x", "退款", "x", []),
        ("退", "款 退", "款", [(0, 1), (2, 3)]),
    ],
)
def test_what_a_wrap_has_parted(before: str, text: str, after: str, parts: list[tuple[int, int]]) -> None:
    query = "refund policy" if "refund" in before else "退款"
    assert split_spans(text, query, before, after) == parts


def test_parted_and_whole_occurrences_are_lit_together() -> None:
    result = highlighted([Segment("款，退款"), Segment("，退")], "退款", LIT, [(0, 1), (5, 6)])
    assert [part.text for part in result if part.style and part.style.reverse] == ["款", "退款", "退"]
    assert "".join(part.text for part in result) == "款，退款，退"


def test_a_parted_occurrence_that_overlaps_a_whole_one_is_drawn_once() -> None:
    result = highlighted([Segment("aab")], "aa", LIT, [(0, 1)])
    assert "".join(part.text for part in result) == "aab"
    assert "".join(part.text for part in result if part.style and part.style.reverse) == "aa"
