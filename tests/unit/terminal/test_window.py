"""The title of the window, and the answer about its background."""

from __future__ import annotations

import pytest

from coze_tui.terminal.window import POP_TITLE, PUSH_TITLE, Window, has_window, is_light


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ("rgb:ffff/ffff/ffff", True),
        ("rgb:0000/0000/0000", False),
        ("rgb:fd/f6/e3", True),
        ("rgb:0/2b/36", False),
        ("rgba:ffff/ffff/ffff/8000", True),
        ("#fdf6e3", True),
        ("#002b36", False),
        ("rgb:ffff/ffff", None),
        ("rgb:gggg/ffff/ffff", None),
        ("?", None),
    ],
)
@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
def test_an_answer_says_whether_the_background_is_light(color: str, expected: bool | None, end: str) -> None:
    assert is_light(f"\x1b]11;{color}{end}") is expected


@pytest.mark.parametrize("report", ["\x1b]10;rgb:ffff/ffff/ffff\x07", "\x1b[?1;2c", "", "rgb:ffff/ffff/ffff"])
def test_no_other_report_says_it(report: str) -> None:
    assert is_light(report) is None


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}, True),
        ({"TERM": "screen.xterm", "STY": "1.pts"}, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_terminals_without_a_window_are_asked_nothing(env: dict[str, str], expected: bool) -> None:
    assert has_window(env) is expected


def test_a_title_is_shown_between_push_and_pop_only() -> None:
    window = Window()
    window.has_title = True
    assert window.show("early") == ""
    assert window.start() == f"{PUSH_TITLE}\x1b]2;early\x1b\\"
    assert window.show("early") == ""
    assert window.show("later") == "\x1b]2;later\x1b\\"
    assert window.stop() == POP_TITLE
    assert window.show("in the shell") == ""
    assert window.stop() == ""
    assert window.start() == f"{PUSH_TITLE}\x1b]2;in the shell\x1b\\"


def test_no_title_is_written_if_it_is_turned_off() -> None:
    window = Window()
    assert (window.start(), window.show("x"), window.stop()) == ("", "", "")


def test_nothing_in_a_title_ends_its_sequence() -> None:
    window = Window()
    window.has_title = True
    window.start()
    sequence = window.show("a\x1b\\\x1b]52;c;eA==\x07b\x9cc\nd\u202ee" + "x" * 1000)
    inside = sequence.removeprefix("\x1b]2;").removesuffix("\x1b\\")
    assert inside.startswith("a\\]52;c;eA==bc de")
    assert inside.isprintable()
    assert len(inside) == 200
