"""Long pastes and their chips."""

from __future__ import annotations

import pytest

from coze_tui.tui.widgets.prompt.text_box import Pastes


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


def test_chips_stand_for_their_texts() -> None:
    pastes = Pastes()
    one = pastes.keep("a\\1\n" * 3_000, "")
    two = pastes.keep("b\\g<0>\n" * 3_000, one)
    assert one == "[pasted 12 KB, 3 001 lines]"
    assert pastes.whole(f"x {two} y {one}") == "x " + "b\\g<0>\n" * 3_000 + " y " + "a\\1\n" * 3_000
    assert pastes.spans(f"x {one}!") == [(2, 2 + len(one))]


def test_no_two_chips_are_alike() -> None:
    pastes = Pastes()
    chips = [pastes.keep("same size", "") for _ in range(3)]
    assert chips == ["[pasted 9 B, 1 line]", "[pasted 9 B, 1 line #2]", "[pasted 9 B, 1 line #3]"]
    assert pastes.keep("same size", "typed: [pasted 9 B, 1 line #4]").endswith("#5]")


def test_text_without_chips_is_left_alone() -> None:
    assert Pastes().whole("[pasted 1.0 MB, 2 lines]") == "[pasted 1.0 MB, 2 lines]"
    assert Pastes().spans("[x]") == []


def test_only_chips_that_are_shown_are_remembered_for_ever() -> None:
    pastes = Pastes()
    first = pastes.keep("a" * 7_000_000, "")
    second = pastes.keep("b" * 7_000_000, first)
    pastes.keep("c" * 7_000_000, second)
    assert pastes.whole(first) == first
    assert len(pastes.whole(second)) == 7_000_000
