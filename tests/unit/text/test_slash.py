"""What is a slash command, and which one is meant."""

from __future__ import annotations

import pytest

from coze_tui.text.slash import command_word, nearest, unknown_command_text

NAMES = ("/history", "/help", "/fork", "/theme", "/recover")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/foo", "/foo"),
        ("  /foo bar", "/foo"),
        ("/foo\nbar", "/foo"),
        ("/Help", "/Help"),
        ("/帮助 我", "/帮助"),
        ("/save-images x", "/save-images"),
        ("/usr/bin", ""),
        ("/etc/hosts is what?", ""),
        ("/", ""),
        ("//", ""),
        ("/3", ""),
        ("/r2", ""),
        ("/foo:", ""),
        ("/v1.2", ""),
        ("/~", ""),
        ("a /foo", ""),
        ("", ""),
    ],
)
def test_a_command_is_a_slash_and_letters_at_the_start(text: str, word: str) -> None:
    assert command_word(text) == word


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/foo", "/fork"),
        ("/histroy", "/history"),
        ("/HELP", "/help"),
        ("/rec", "/recover"),
        ("/h", "/help"),
        ("/zzzz", ""),
        ("/帮助", ""),
    ],
)
def test_the_nearest_command_is_meant(typed: str, meant: str) -> None:
    assert nearest(typed, NAMES) == meant


def test_the_sentence_names_both() -> None:
    assert unknown_command_text("/foo", NAMES) == "Unknown command /foo. Did you mean /fork?"
    assert unknown_command_text("/zzzz", NAMES) == "Unknown command /zzzz."
    assert unknown_command_text("/theme", NAMES, ["/theme"]).startswith(
        "/theme works only in full-screen mode"
    )
