"""The installed program and the window of its terminal: title, notifications, and background."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Bot, Complete, Delta, Gate
from coze_tui.standin.server import StandIn
from tests.support.program import BOT, POP_TITLE, PUSH_TITLE, TOKEN, Program, Start, state_of
from tests.support.tmux import in_tmux

ASKED = b"\x1b]11;?\x1b\\"
LIGHT, DARK = b"\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\", b"\x1b]11;rgb:0000/2b2b/3636\x07"
LIGHT_BACKGROUND = b"48;2;251;251;253"
TITLE = re.compile(rb"\x1b\]2;([^\x1b]*)\x1b\\")
EVIL = "盐\x1b]2;evil\x07\x1b]52;c;ZXZpbA==\x07"


def bots(*steps: object) -> list[Bot]:
    return [Bot(BOT, EVIL, list(steps))]  # type: ignore[arg-type]


def titles(program: Program) -> list[str]:
    return [title.decode() for title in TITLE.findall(program.raw)]


def title_of(program: Program) -> str:
    """The last title, or an empty string while there is none."""
    return (titles(program) or [""])[-1]


# -- the title


def test_the_title_follows_the_conversation_and_is_the_shells_at_the_end(run: Start) -> None:
    with StandIn(token=TOKEN, bots=bots(Delta("河流"), Gate("held"), Complete())) as server:
        program = run(stand_in=server)
        program.send_message("海水？")
        program.wait_until(lambda: title_of(program).startswith("◐ 海水？ · 盐"))
        server.release("held")
        program.wait_until(lambda: title_of(program).startswith("✓ 海水？ · 盐"))
        assert len(titles(program)) < 8, "a running turn has one sign"
        program.send(b"\x11")
        program.check_left()
    raw = program.raw
    assert raw.count(PUSH_TITLE) == raw.count(POP_TITLE) == 1
    assert raw.index(PUSH_TITLE) < raw.index(b"\x1b]2;")
    assert raw.rindex(b"\x1b]2;") < raw.index(POP_TITLE)
    assert not [title for title in titles(program) if "\x07" in title]


def test_a_signal_and_a_suspension_restore_it_too(run: Start) -> None:
    program = run()
    program.press(b"\x1a")
    program.wait_until(lambda: state_of(program.process.pid) == "T")
    assert program.raw.count(POP_TITLE) == 1
    program.signal(signal.SIGCONT)
    program.wait_until(lambda: program.raw.count(PUSH_TITLE) == 2)
    program.signal(signal.SIGTERM)
    program.check_left(143)
    assert program.raw.count(POP_TITLE) == 2


@pytest.mark.parametrize("env", [{"COZE_TUI_WINDOW_TITLE": "false"}, {"TERM": "linux"}])
def test_it_is_left_alone_where_it_is_turned_off_or_there_is_none(run: Start, env: dict[str, str]) -> None:
    program = run(env=env)
    program.send(b"\x11")
    program.check_left()
    for sequence in (PUSH_TITLE, POP_TITLE, b"\x1b]2;"):
        assert sequence not in program.raw


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_in_tmux_it_is_the_title_of_the_pane(home: Path, stand_in: StandIn) -> None:
    with in_tmux(home, stand_in) as (terminal, ask):
        terminal.wait_until(lambda: "coze-tui" in ask("display-message", "-p", "#{pane_title}"))


# -- the signal at the end


def has_signal(program: Program) -> bool:
    """Whether the bell was rung."""
    return program.screen.bells > 0


def has_ended(program: Program) -> bool:
    return title_of(program).startswith("✓")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (
            {"TERM_PROGRAM": "iTerm.app"},
            "\x07\x1b]9;coze-tui: 盐]2,evil]52,c,ZXZpbA== has answered. · 海水？\x1b\\",
        ),
        ({"TERM": "foot"}, "\x07\x1b]777;notify;海水？;盐]2,evil]52,c,ZXZpbA== has answered.\x1b\\"),
        ({}, "\x07"),
        ({"TERM": "foot", "COZE_TUI_NOTIFICATIONS": "bell"}, "\x07"),
        ({"COZE_TUI_NOTIFICATIONS": "osc777"}, "\x07\x1b]777;notify;海水？;"),
        ({"TERM": "foot", "COZE_TUI_NOTIFICATIONS": "never"}, ""),
    ],
)
def test_the_end_of_an_answer_is_signaled_without_focus(
    run: Start, env: dict[str, str], expected: str
) -> None:
    with StandIn(token=TOKEN, bots=bots(Delta("盐"), Gate("held"), Delta("带走"), Complete())) as server:
        program = run(stand_in=server, env=env)
        program.send_message("海水？")
        program.wait_until(lambda: title_of(program).startswith("◐"))
        program.send(b"\x1b[O")
        program.settle()
        assert not has_signal(program)
        server.release("held")
        program.wait_until(lambda: has_ended(program))
        if expected:
            program.wait_until(lambda: has_signal(program))
            program.wait_for_raw(expected.encode())
        program.send(b"\x11")
        program.wait()
        assert has_signal(program) is bool(expected)
        if "\x1b" not in expected:
            assert not re.search(rb"\x1b\](?:9|777);", program.raw)


def test_nothing_is_signaled_to_somebody_who_looks(run: Start) -> None:
    with StandIn(token=TOKEN, bots=bots(Delta("盐"), Complete())) as server:
        program = run(stand_in=server, env={"TERM": "foot"})
        program.send_message("海水？")
        program.wait_until(lambda: has_ended(program))
        program.send(b"\x11")
        program.wait()
        assert not has_signal(program)


# -- the background


def test_the_theme_follows_the_background_until_one_is_chosen(run: Start) -> None:
    program = run()
    program.wait_for_raw(ASKED)
    assert LIGHT_BACKGROUND not in program.raw
    program.send("ab")
    program.send(LIGHT)
    program.wait_for_raw(LIGHT_BACKGROUND)
    program.type("c")
    assert program.prompt == "abc"
    program.send(b"\x03\x11")
    program.check_left()
    again = run()
    assert LIGHT_BACKGROUND in again.raw[: again.raw.index(ASKED)], "the first frame knows it"
    again.send(DARK)
    again.wait_for_raw(b"48;2;17;19;26")
    again.send_message("/theme coze-light")
    again.settle()
    again.send(b"\x11")
    again.check_left()
    chosen = run()
    assert ASKED not in chosen.raw
    chosen.send(b"\x11")
    chosen.check_left()


@pytest.mark.parametrize(
    "env", [{"COZE_TUI_THEME": "coze-dark"}, {"NO_COLOR": "1"}, {"TERM": "linux"}, {"STY": "1.pts-0"}]
)
def test_it_is_not_asked_for_where_the_answer_is_of_no_use(run: Start, env: dict[str, str]) -> None:
    program = run(env=env)
    program.send(b"\x11")
    program.check_left()
    assert b"\x1b]11;" not in program.raw


def test_the_exit_waits_for_an_answer_that_would_be_typed_into_the_shell(run: Start) -> None:
    program = run(ready=False, answers=False)
    program.wait_for_raw(ASKED)
    program.send(b"\x11")
    program.send(LIGHT + b"\x1b[0n")
    assert program.wait() == 0
    assert b"\x1b[?1049l" in program.raw
