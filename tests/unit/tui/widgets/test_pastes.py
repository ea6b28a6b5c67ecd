"""Long pastes and their tokens."""

from __future__ import annotations

import pytest

from coze_tui.tui.widgets.prompt.pastes import Pastes


@pytest.mark.parametrize(
    ("text", "is_long"),
    [
        ("x" * 5_000, False),
        ("x" * 5_001, True),
        ("春" * 4_000 + "\n" + "春" * 4_000, False),
        (("春" * 4_000 + "\n") * 3, True),
        ("x\n" * 999, False),
        ("x\n" * 1_000, True),
    ],
)
def test_long_is_long_in_bytes_in_lines_or_in_one_line(text: str, is_long: bool) -> None:
    assert Pastes.is_long(text) is is_long


def test_many_pastes_together_are_long() -> None:
    assert Pastes.is_long("x" * 1_000, held=63_500)


def test_tokens_stand_for_their_texts() -> None:
    pastes = Pastes()
    one = pastes.keep("a\\1\n" * 3_000, "")
    two = pastes.keep("b\\g<0>\n" * 3_000, one)
    assert one == "[3,000 lines pasted, 12,000 characters]"
    assert pastes.whole(f"x {two} y {one}") == "x " + "b\\g<0>\n" * 3_000 + " y " + "a\\1\n" * 3_000
    assert pastes.spans(f"x {one}!") == [(2, 2 + len(one))]


def test_no_two_tokens_are_alike() -> None:
    pastes = Pastes()
    tokens = [pastes.keep(f"size {number}", "") for number in range(3)]
    label = "1 line pasted, 6 characters"
    assert tokens == [f"[{label}]", f"[{label} #2]", f"[{label} #3]"]
    assert pastes.keep("size 4", f"typed: [{label} #4]") == f"[{label} #5]"


def test_the_same_text_has_one_token_unless_that_is_shown_or_was_opened() -> None:
    pastes = Pastes()
    token = pastes.keep("same", "")
    assert pastes.keep("same", "") == token
    second = pastes.keep("same", token)
    assert second != token
    assert pastes.open(token) == "same"
    assert pastes.keep("same", "") == second


def test_a_text_with_known_pastes_is_folded_again_unless_they_were_opened() -> None:
    pastes = Pastes()
    large, small = "line\n" * 60, "few words"
    tokens = [pastes.keep(text, "") for text in (large, small)]
    assert pastes.folded(f"see {large} and {small}") == f"see {tokens[0]} and {small}"
    assert pastes.whole(pastes.folded(f"{large}{large}")) == large * 2
    pastes.open(tokens[0])
    assert pastes.folded(f"see {large}") == f"see {large}"


@pytest.mark.parametrize(
    ("text", "is_large"),
    [("x\n" * 9, False), ("x\n" * 10, True), ("x" * 1_000, False), ("春" * 1_001, True)],
)
def test_large_is_what_would_fill_the_prompt(text: str, is_large: bool) -> None:
    assert Pastes.is_large(text) is is_large


def test_text_without_tokens_is_left_alone() -> None:
    assert Pastes().whole("[2 lines pasted, 1,000 characters]") == "[2 lines pasted, 1,000 characters]"
    assert Pastes().spans("[x]") == []


def test_only_tokens_that_are_shown_are_remembered_for_ever() -> None:
    pastes = Pastes()
    first = pastes.keep("a" * 7_000_000, "")
    second = pastes.keep("b" * 7_000_000, first)
    pastes.keep("c" * 7_000_000, second)
    assert pastes.whole(first) == first
    assert len(pastes.whole(second)) == 7_000_000
