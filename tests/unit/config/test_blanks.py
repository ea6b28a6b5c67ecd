"""Blanks of saved prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.config.saved_prompts import blanks_of, filled, pieces


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Translate {{text}} to {{ language }}, {{text}}", ("text", "language")),
        ("翻译成{{语言}}", ("语言",)),
        ("{{two words}} {{a-b.c}}", ("two words", "a-b.c")),
        ("{one} {{}} {{ }} {{a\nb}} {{-x}} {{a}b}} { {c}}", ()),
        ("{{{a}}}", ("a",)),
        ("{{" + "x" * 65 + "}}", ()),
    ],
)
def test_blanks_have_names(text: str, names: tuple[str, ...]) -> None:
    assert blanks_of(text) == names


def test_values_stand_wherever_their_blank_does_and_are_only_text() -> None:
    text = "{{a}} and {{ b }}, {{a}}; {{c}}"
    assert filled(text, {"a": "{{b}}", "b": "\\1"}) == "{{b}} and \\1, {{b}}; {{c}}"


@given(st.lists(st.sampled_from(["{{a}}", "{{ b }}", "{", "}", "x", "\n", "{{", "}}"])).map("".join))
def test_the_pieces_are_the_whole_text(text: str) -> None:
    assert "".join(piece for piece, _name in pieces(text)) == text
    assert filled(text, {}) == text
