from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from coze_tui.terminal.keys import NEW_LINE, SEND, EnterGuard
from coze_tui.terminal.parser import ANSWER
from tests.support.hostile_text import HOSTILE_PASTE
from tests.support.keyboard import Keyboard


def names(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("\r", "enter"),
        ("\n", "ctrl+j"),
        ("\x1b\r", "alt+enter"),
        ("\x1b\n", "alt+enter"),
        ("\x1b[13;2u", "shift+enter"),
        ("\x1b[13;3u", "alt+enter"),
        ("\x1b[27;2;13~", "shift+enter"),
        ("\x1b[27;3;13~", "alt+enter"),
        ("\x1b[27;5;13~", "ctrl+enter"),
        ("\x1b[A", "up"),
        ("\x1bb", "ctrl+left"),
        ("a", "a"),
    ],
)
def test_keys_have_one_name_each(data: str, name: str) -> None:
    assert names(Keyboard().type(data)) == [name]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        # Terminal.app, with its own profile and with Option as Meta
        ("\x1bOP", "f1"),
        ("\x1b[15~", "f5"),
        ("\x1b[H", "home"),
        ("\x1b[F", "end"),
        ("\x7f", "backspace"),
        ("\x1b[3~", "delete"),
        ("\x1b[Z", "shift+tab"),
        ("\x1b[1;5C", "ctrl+right"),
        ("\x1bf", "ctrl+right"),
        ("\x1b\x7f", "ctrl+w"),
        # Windows Terminal
        ("\x1bOA", "up"),
        ("\x1b[24~", "f12"),
        ("\x1b[2~", "insert"),
        ("\x1b[5~", "pageup"),
        ("\x1b[6~", "pagedown"),
        ("\x08", "backspace"),
        ("\x1b[1;2A", "shift+up"),
        ("\x1b[1;3C", "alt+right"),
        ("\x1b[3;5~", "ctrl+delete"),
        ("\x1b[1;2P", "shift+f1"),
    ],
)
def test_the_keys_of_other_systems_terminals_are_read(data: str, name: str) -> None:
    assert names(Keyboard().type(data)) == [name]


def test_every_kind_of_enter_either_sends_or_makes_a_new_line() -> None:
    keyboard = Keyboard()
    for data in ("\r", "\n", "\x1b\r", "\x1b[13;2u", "\x1b[13;5u", "\x1b[27;2;13~"):
        (name,) = names(keyboard.type(data))
        assert (name in SEND) != (name in NEW_LINE)


def test_alt_enter_does_not_wait_for_more() -> None:
    keyboard = Keyboard()
    assert names(keyboard.type("\x1b\rx")) == ["alt+enter", "x"]


def test_an_answer_is_counted_and_never_typed() -> None:
    keyboard = Keyboard()
    assert names(keyboard.type(f"a{ANSWER}b")) == ["a", "b"]
    assert names(keyboard.type(ANSWER[:2])) == []
    assert names(keyboard.type(ANSWER[2:])) == []
    assert keyboard.answers == 2


def test_an_enter_alone_is_typed() -> None:
    keyboard = Keyboard()
    assert keyboard.enter_is_typed(keyboard.type("\r"))


def test_an_enter_after_one_quick_key_is_typed_as_fingers_roll() -> None:
    keyboard = Keyboard()
    keyboard.type("k")
    assert keyboard.enter_is_typed(keyboard.type("\r", after=0.02))


def test_an_enter_amid_other_bytes_is_not_typed() -> None:
    keyboard = Keyboard()
    assert not keyboard.enter_is_typed(keyboard.type("line one\rline two"))
    assert not keyboard.enter_is_typed(keyboard.type("x\r"))
    assert not keyboard.enter_is_typed(keyboard.type("\r\r"))


def test_a_paste_that_drips_byte_by_byte_is_not_typed() -> None:
    keyboard = Keyboard()
    for character in "line on":
        keyboard.type(character, after=0.002)
    assert not keyboard.enter_is_typed(keyboard.type("\r", after=0.002))


def test_an_enter_right_after_a_paste_is_not_typed() -> None:
    keyboard = Keyboard()
    keyboard.type("\x1b[200~text\x1b[201~")
    assert not keyboard.enter_is_typed(keyboard.type("\r", after=0.03))
    keyboard.type("\x1b[200~text")
    keyboard.type("\x1b[201~", after=0.06)
    assert not keyboard.enter_is_typed(keyboard.type("\r", after=0.01))
    assert keyboard.enter_is_typed(keyboard.type("\r", after=0.2))


@pytest.mark.parametrize(
    ("pieces", "may"),
    [
        (("ask me\r",), True),
        (("ask ", "me", "\r"), True),
        (("问我\r",), True),
        (("one\rtwo\r",), False),
        (("one\r", "two\r"), False),
        (("one\ntwo\r",), False),
        (("one\rtwo",), False),
        (("safe\x1b[201~\r",), False),
        (("\x1b[200~safe\x1b[201~", "\r"), False),
        (("a\x1b[31mb\r",), False),
    ],
)
def test_one_line_in_one_go_may_end_with_an_enter(pieces: tuple[str, ...], may: bool) -> None:
    keyboard = Keyboard()
    keyboard.type("before")
    enters = []
    for number, piece in enumerate(pieces):
        messages = keyboard.type(piece, after=0.002 if number else 1.0)
        enters += [m for m in messages if isinstance(m, events.Key) and m.key == "enter"]
    if not may and not enters:
        return
    assert keyboard.guard.may_end_a_line(enters[-1]) is may


def test_more_input_soon_after_says_that_the_line_was_pasted() -> None:
    keyboard = Keyboard()
    (enter,) = [m for m in keyboard.type("one\r") if isinstance(m, events.Key) and m.key == "enter"]
    assert keyboard.guard.is_quiet_since(enter)
    keyboard.type("two", after=0.002)
    assert not keyboard.guard.is_quiet_since(enter)


def test_a_moving_mouse_and_answers_do_not_make_an_enter_a_paste() -> None:
    keyboard = Keyboard()
    for column in range(10):
        keyboard.type(f"\x1b[<35;{column + 1};5M", after=0.005)
    keyboard.type(ANSWER, after=0.001)
    assert keyboard.enter_is_typed(keyboard.type("\r", after=0.001))


def test_without_any_input_seen_every_enter_is_typed() -> None:
    assert EnterGuard().is_typed(events.Key("enter", "\r"))


def test_a_paste_without_an_end_is_given_after_a_second_and_keys_go_on() -> None:
    keyboard = Keyboard()
    assert keyboard.type("\x1b[200~half") == []
    assert keyboard.wait(0.5) == []
    (paste,) = [message for message in keyboard.wait(1.0) if isinstance(message, events.Paste)]
    assert paste.text == "half"
    assert names(keyboard.type("x")) == ["x"]


def test_a_paste_in_pieces_is_one_paste() -> None:
    keyboard = Keyboard()
    pieces = ["\x1b[20", "0~one ", "two\x1b[2", "01~"]
    messages = [message for piece in pieces for message in keyboard.type(piece, after=0.5)]
    messages += keyboard.type("x")
    assert [message.text for message in messages if isinstance(message, events.Paste)] == ["one two"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_a_paste_with_escapes_is_text_and_no_key(size: int) -> None:
    keyboard = Keyboard()
    data = f"x\x1b[200~{HOSTILE_PASTE}\x1b[201~y\x1b[200~second\x1b[201~z"
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    messages = [message for piece in pieces for message in keyboard.type(piece, after=0.001)]
    pastes = [message.text for message in messages if isinstance(message, events.Paste)]
    assert pastes == [HOSTILE_PASTE.replace("\x1b", ""), "second"]
    assert names(messages) == ["x", "y", "z"]


@pytest.mark.parametrize(
    "report",
    [
        "\x1b]11;rgb:1111/2222/3333\x07",
        "\x1b]10;rgb:0/0/0\x1b\\",
        "\x1bP>|xterm(388)\x1b\\",
        "\x1b_Gi=1;OK\x1b\\",
        "\x1b[?62;4c",
        "\x1b[>0;276;0c",
        "\x1b[8;24;80t",
    ],
)
def test_what_a_terminal_reports_of_itself_is_not_typed(report: str) -> None:
    assert names(Keyboard().type(f"a{report}b")) == ["a", "b"]


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[:u",
        "\x1b[97;5:3u",
        "\x1b[5733333399u",
        "\x1b[55296u",
        "\x1b[1114112;1;1114112u",
        f"\x1b[0{'9' * 4_000}x",  # Textual's expression would backtrack over it for minutes
        f"\x1b[{'9:' * 2_000}x",
    ],
)
def test_a_key_that_no_keyboard_has_ends_no_input(sequence: str) -> None:
    keyboard = Keyboard()
    shown = [message for message in keyboard.type(f"a{sequence}b") if isinstance(message, events.Key)]
    assert (shown[0].key, shown[-1].key) == ("a", "b")
    for key in shown:
        (key.character or "").encode()


@pytest.mark.parametrize("report", ["\x1b]0;\x07", "\x1b[>0;276;0c"])
@pytest.mark.parametrize("around", [("\x1b", "[200~"), ("\x1b[", "200~"), ("\x1b[20", "0~")])
def test_around_a_report_no_paste_begins(around: tuple[str, str], report: str) -> None:
    keyboard = Keyboard()
    assert names(keyboard.type(report.join(around)))[-1] == "tilde"
    assert names(keyboard.type("x")) == ["x"]


@pytest.mark.parametrize("sizes", ["24;80;0;0", "0;0;480;640", "0;0;0;0"])
def test_the_mouse_of_a_terminal_that_knows_no_pixels_counts_in_cells(sizes: str) -> None:
    keyboard = Keyboard()
    messages = keyboard.type(f"\x1b[48;{sizes}t\x1b[<0;11;6M")
    [click] = [message for message in messages if isinstance(message, events.MouseDown)]
    assert (click.x, click.y) == (10, 5)


def test_half_a_character_is_no_end_of_input() -> None:
    keyboard = Keyboard()
    assert keyboard.type("") == []
    assert names(keyboard.type("中")) == ["中"]


@settings(max_examples=200)
@given(
    st.lists(st.text(st.sampled_from("\x1b[]O<>?;:0123456789~umMRABM\r\n\t\x07ab中\x00\x9b "), max_size=30))
)
def test_no_bytes_break_the_parser(pieces: list[str]) -> None:
    keyboard = Keyboard()
    for piece in pieces:
        if piece:
            keyboard.type(piece, after=0.01)
            keyboard.wait(0.2)
    keyboard.wait(2)
    keyboard.wait(2)
    keyboard.type("\x1b[201~")
    assert names(keyboard.type("q"))[-1:] == ["q"]
