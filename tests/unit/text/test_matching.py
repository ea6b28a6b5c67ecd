"""What counts as the same text, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.text.matching import fold, is_word, nearest, spans

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


@pytest.mark.parametrize("text", ["盐", " 盐 ", "は", "ﾊ", "물", "😀", "𠮷", "ab", "a盐", "no"])
def test_a_word_is_two_characters_or_one_that_stands_for_a_word(text: str) -> None:
    assert is_word(text)


@pytest.mark.parametrize("text", ["", " ", "a", " a ", "é", "Я", "7", "Ｑ", "①", "。", "-"])
def test_a_letter_a_digit_and_a_sign_are_no_words(text: str) -> None:
    assert not is_word(text)


@given(ANY_TEXT, ANY_TEXT)
def test_folding_of_a_part_is_a_part_of_the_folding(one: str, other: str) -> None:
    assert fold(one + other) == fold(one) + fold(other)


@given(ANY_TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ANY_TEXT, st.data())
def test_whatever_stands_in_a_text_is_among_its_spans(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    query = fold(text[start:end])
    found = spans(text, query)
    assert bool(found) == bool(query)
    for first, last in found:
        assert query in fold(text[first:last])
        assert 0 <= first < last <= len(text)


def test_spans_are_places_in_the_text_as_it_was() -> None:
    assert spans("ﬁne FINE", "fine") == [(0, 3), (4, 8)]
    assert spans("……", "....") == [(0, 2)]
    assert spans("straße", "SS") == [(4, 5)]
    assert spans("ＡＢＣ 退款", "abc") == [(0, 3)]
    assert spans("aaaa", "aa") == [(0, 2), (2, 4)]
    assert spans("abc", "") == []


def test_what_is_asked_for_without_its_marks_is_found_with_them() -> None:
    assert spans("un café noir", "cafe") == [(3, 7)]
    assert spans("un cafe\u0301 noir", "CAFÉ") == [(3, 8)]
    assert spans("un cafe\u0301 noir", "cafe") == [(3, 8)]  # the mark stays with its letter


def test_what_stands_in_one_character_more_than_once_is_one_span() -> None:
    assert spans("so…… ja.", ".") == [(2, 3), (3, 4), (7, 8)]


@given(st.text("ae\u0301é…ﬁf ", max_size=12), st.text("ae\u0301.if ", min_size=1, max_size=3))
def test_spans_stand_in_order_and_apart(text: str, query: str) -> None:
    found = spans(text, query)
    assert bool(found) == (fold(query) in fold(text))
    ends = [0, *(end for _start, end in found)]
    assert all(end <= start < stop for end, (start, stop) in zip(ends, found, strict=False))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("them", "theme"),
        ("--sned-key", "send_key"),
        ("Send-Key", "send_key"),
        ("sendkey", "send_key"),
        ("xyzzy", ""),
    ],
)
def test_the_nearest_word_is_found_whatever_its_spelling(word: str, meant: str) -> None:
    assert nearest(word, ("theme", "send_key", "mouse")) == meant
