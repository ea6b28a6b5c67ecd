"""What SQLite takes, and that the indexed pieces cover all of a text."""

from __future__ import annotations

import random
import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.store.messages import storable, storable_int
from coze_tui.store.search import PART_BREAK, fold_parts, grams, match_expression
from coze_tui.text.matching import fold

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
"""Surrogates and NUL, too."""


@given(ANY_TEXT)
def test_no_character_folds_to_nothing_and_none_to_a_part_break(text: str) -> None:
    folded = fold(text)
    assert len(folded) >= len(text)
    assert PART_BREAK not in folded
    folded.encode()
    assert "\0" not in folded


@given(ANY_TEXT, st.data())
def test_the_query_for_a_part_asks_for_nothing_that_the_whole_lacks(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    held = grams(fold(text))
    for piece in grams(fold(text[start:end])):
        assert piece in held or any(each.startswith(piece) for each in held)
    if end - start > 1 and text[start:end].isalnum():
        assert match_expression(fold(text[start:end]))


def test_pieces_are_twos_ascii_threes_and_what_stands_alone() -> None:
    assert grams("退款!") == {"退款", "款"}
    assert grams("the, a") == {"th", "he", "the", "e", "a"}
    assert grams("用ab") == {"用a", "ab", "b"}
    assert grams(" ,。") == set()


def test_a_query_asks_only_for_the_longest_pieces() -> None:
    assert match_expression("then") == '"hen" "the"'
    assert match_expression("退款") == '"退款"'
    assert match_expression("退") == '"退" *'
    assert match_expression("%_") == ""


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


def test_the_pieces_of_a_long_text_are_those_of_all_its_places() -> None:
    letters = [chr(code) for code in range(0x4E00, 0x9000)] + ["a", "b", " "]
    text = "".join(random.Random(1).choices(letters, k=40_000))
    places = [text[at : at + 3] for at in range(len(text))]
    assert grams(text) == set[str]().union(*map(grams_from_start, places))


def grams_from_start(place: str) -> set[str]:
    """Return the pieces that begin with the first of three characters."""
    first, second, third = tuple(f"{place}  "[:3])
    if first == " ":
        return set()
    if second == " ":
        return {first}
    is_three = third != " " and f"{first}{second}{third}".isascii()
    return {first + second, first + second + third} if is_three else {first + second}
