"""What counts as the same text, and that the pieces cover all of it."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.store.folding import PART_BREAK, fold, fold_parts, grams, spans, storable, storable_int
from coze_tui.store.search_index import query

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
"""Surrogates and NUL, too."""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello", "hELLO"),
        ("ＡＢＣ１２３", "abc123"),
        ("，！？：（）", ",!?:()"),
        ("ｶﾞ", "ガ"),
        ("café", "cafe\u0301"),
        ("STRASSE", "straße"),
        ("ﬁne", "fine"),
        ("Ⅷ", "viii"),
        ("豈", "豈"),  # a compatibility ideograph
        ("a\u3000b", "a\nb"),
        ("ΣΑΣ", "σας"),
    ],
)
def test_alike_texts_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_texts_stay_different() -> None:
    assert len({fold(text) for text in ("退款", "退 款", "春节", "100%", "100_", "a", "b", "'", '"')}) == 9


@given(ANY_TEXT, ANY_TEXT)
def test_folding_of_a_part_is_a_part_of_the_folding(one: str, other: str) -> None:
    assert fold(one + other) == fold(one) + fold(other)


@given(ANY_TEXT)
def test_no_character_folds_to_nothing_and_none_to_a_part_break(text: str) -> None:
    folded = fold(text)
    assert len(folded) >= len(text)
    assert PART_BREAK not in folded
    folded.encode()
    assert "\0" not in folded


@given(ANY_TEXT, st.data())
def test_whatever_stands_in_a_text_is_among_its_spans(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    needle = fold(text[start:end])
    found = spans(text, needle)
    assert bool(found) == bool(needle)
    for first, last in found:
        assert needle in fold(text[first:last])
        assert 0 <= first < last <= len(text)


def test_spans_are_places_in_the_text_as_it_was() -> None:
    assert spans("ﬁne FINE", "fine") == [(0, 3), (4, 8)]
    assert spans("……", "....") == [(0, 2)]
    assert spans("aaaa", "aa") == [(0, 2), (2, 4)]
    assert spans("abc", "") == []


@given(ANY_TEXT, st.data())
def test_the_query_for_a_part_asks_for_nothing_that_the_whole_lacks(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    held = grams(fold(text))
    for piece in grams(fold(text[start:end])):
        assert piece in held or any(each.startswith(piece) for each in held)
    if end - start > 1 and text[start:end].isalnum():
        assert query(fold(text[start:end]))


def test_pieces_are_twos_ascii_threes_and_what_stands_alone() -> None:
    assert grams("退款!") == {"退款", "款"}
    assert grams("the, a") == {"th", "he", "the", "e", "a"}
    assert grams("用ab") == {"用a", "ab", "b"}
    assert grams(" ,。") == set()


def test_a_query_asks_only_for_the_longest_pieces() -> None:
    assert query("then") == '"hen" "the"'
    assert query("退款") == '"退款"'
    assert query("退") == '"退" *'
    assert query("%_") == ""


@given(ANY_TEXT)
def test_a_storable_text_comes_back_from_sqlite_as_it_went_in(text: str) -> None:
    kept = storable(text)
    with sqlite3.connect(":memory:") as c:
        assert c.execute("SELECT ?", (kept,)).fetchone()[0] == kept
    c.close()
    assert storable(kept) == kept


def test_a_storable_text_is_only_changed_where_it_must_be() -> None:
    assert storable("你好 😀\n\x1b") == "你好 😀\n\x1b"
    assert storable("a\0b") == "ab"
    assert storable("\ud83d\ude00 \ud83d") == "😀 \ufffd"


def test_parts_are_joined_so_that_no_match_crosses() -> None:
    assert fold_parts("A", "", "b") == f"a{PART_BREAK}b"


def test_numbers_are_held_within_what_sqlite_has() -> None:
    assert [storable_int(number) for number in (10**30, -(10**30), 7)] == [2**63 - 1, -(2**63), 7]
