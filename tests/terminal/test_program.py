"""The installed program in a real terminal: it is chatted with, left in every way, and disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import termios
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Bot, Complete, Delta, Gate
from coze_tui.standin.server import StandIn
from tests.support.program import (
    BOT,
    COMMAND,
    FAST_BOT,
    TOKEN,
    Program,
    Start,
    cpu_seconds,
    processes_with,
    state_of,
)
from tests.support.terminal import Terminal
from tests.support.tmux import in_tmux

QUESTION = "2025年春节是哪一天"


def held_bot() -> list[Bot]:
    """A bot that stands still in the middle of its answer."""
    return [Bot(BOT, "海水", [Delta("河流把盐"), Gate("held"), Delta("带进海里。"), Complete()])]


# -- chatting


def test_a_chinese_question_is_answered_and_the_terminal_is_as_before(run: Start) -> None:
    program = run()
    program.ask(QUESTION, "2025 年春节是 1 月 29 日")
    program.wait_for("3 你是谁？")
    assert program.store.questions() == [QUESTION]
    assert program.store.statuses() == ["completed"]
    program.send(b"\x11")
    program.check_left()
    assert "coze-tui -s " in program.text


@pytest.mark.parametrize("end", ["\r", "\n"])
def test_what_is_pasted_without_brackets_is_one_question(run: Start, end: str) -> None:
    program = run(env={"TERM": "linux"})
    lines = [f"line {number} 中文 é" for number in range(800)]
    program.send("".join(line + end for line in lines) + "last")
    program.wait_for("[801 lines pasted, ")
    assert program.store.questions() == []
    program.settle()
    program.send(b"\r")
    program.wait_until(lambda: program.store.questions() == ["\n".join([*lines, "last"])])


def test_the_demo_has_the_look_of_the_user_and_leaves_nothing_behind(
    tmp_path: Path, stand_in: StandIn
) -> None:
    home = tmp_path / "person"
    home.mkdir()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    settings = home / ".config" / "coze-tui" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f'language = "zh_CN"\nbase_url = "{stand_in.base_url}"\nbot_id = "{BOT}9"\ntools = 5\n'
        'sende_key = "enter"\n[keys]\n"chat.events" = "f8"\n',
        "utf-8",
    )
    before = sorted(home.rglob("*"))
    env = dict.fromkeys(("COZE_TUI_HOME", "COZE_TUI_LANGUAGE")) | {
        "HOME": str(home),
        "TMPDIR": str(temporary),
    }
    with Program(home, None, "demo", env=env) as program:
        program.wait_for(lambda screen: "小春   demo" in screen.text() and "F8" in screen.text())
        program.wait_for("sende_key")
        for hidden in ("127.0.0.1", "tools", "no such"):
            assert hidden not in program.text
        program.type("1 + 1")
        program.press("\r")
        program.wait_for("1 + 1 = 2")
        program.send(b"\x11")
        program.check_left()
        assert sorted(home.rglob("*")) == before
        assert list(temporary.rglob("*")) == []
        assert stand_in.requests == []


def test_no_empty_chat_is_seen_before_the_first_run(run: Start) -> None:
    program = run(stand_in=None, ready=False)
    program.wait_for("Welcome to coze-tui")
    before = program.raw[: program.raw.index(b"Welcome")]
    for sign in ("›", "idle", "Type a message"):
        assert sign.encode() not in before, sign
    program.press(b"\x03")
    program.wait_for("Type a message")
    program.send(b"\x11")
    program.check_left()


def test_the_next_start_goes_on_with_the_conversation(run: Start) -> None:
    first = run()
    first.ask("1 + 1", "= 2")
    first.type("half typed 草稿")
    first.quit()
    second = run("-c")
    second.wait_for("= 2")
    second.wait_for("half typed 草稿")
    second.send(b"\x11")
    second.check_left()


def test_python_m_does_the_same(home: Path, stand_in: StandIn) -> None:
    with Program(home, stand_in, wrapper=[sys.executable, "-c", _AS_MODULE]) as program:
        program.ready()
        assert program.quit() == 0


_AS_MODULE = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_module('coze_tui', run_name='__main__')"


# -- Enter and its kin (docs/ui.md 4)


@pytest.mark.parametrize(
    "new_line",
    [
        # Other keys have other names only (tests/unit/terminal/test_keys.py).
        pytest.param(b"\x1b\r", id="Alt+Enter"),
        pytest.param(b"\\\r", id="backslash"),
    ],
)
def test_a_key_makes_a_new_line_and_enter_sends_both(run: Start, new_line: bytes) -> None:
    program = run()
    program.type("one")
    if new_line[:1] == b"\\":
        program.type("\\")
        new_line = b"\r"
    program.press(new_line)
    program.settle()  # typed in one breath with the next letter an Enter would be taken for a pasted one
    program.type("two")
    assert program.prompt.splitlines()[:2] == ["one", "two"]
    assert program.store.questions() == []
    program.press("\r")
    program.wait_until(lambda: program.store.questions() == ["one\ntwo"])


def test_the_swapped_keys_hold_in_a_terminal(run: Start) -> None:
    program = run(env={"COZE_TUI_SEND_KEY": "ctrl+j"})
    program.type("one")
    program.press("\r")
    program.type("two")
    program.press("\n")
    program.wait_until(lambda: program.store.questions() == ["one\ntwo"])


# -- stopping and leaving


def test_escape_stops_and_cancels_the_chat(home: Path, run: Start) -> None:
    with StandIn(token=TOKEN, bots=held_bot()) as held:
        program = run(stand_in=held)
        program.type("海水？")
        program.press("\r")
        program.wait_for("河流把盐")
        program.press("\x1b")
        program.wait_for("stopped at")
        program.idle()
        assert [request.path for request in held.requests].count("/v3/chat/cancel") == 1
        assert program.store.statuses() == ["canceled"]
        program.send(b"\x11")
        program.check_left()


def test_ctrl_c_stops_then_clears_then_asks_then_quits(run: Start) -> None:
    with StandIn(token=TOKEN, bots=held_bot()) as held:
        program = run(stand_in=held)
        program.type("海水？")
        program.press("\r")
        program.wait_for("河流把盐")
        program.type("typed meanwhile")
        program.press("\x03")
        program.wait_for("stopped at")
        program.idle()
        program.press("\x03")
        program.wait_for(lambda screen: "typed meanwhile" not in program.prompt_of(screen))
        program.press("\x03")
        program.wait_for("Press Ctrl+C again to quit")
        program.press("\x03")
        program.check_left()


def test_ctrl_d_exits(run: Start) -> None:
    program = run()
    program.press("\x04")
    program.check_left()


def test_ctrl_d_in_a_typed_text_does_not_leave(run: Start) -> None:
    program = run()
    program.type("abc")
    program.press("\x04")
    program.type("def")
    assert program.is_alive


def test_quitting_in_the_middle_of_an_answer_keeps_it_and_says_that_the_rest_is_fetched(run: Start) -> None:
    with StandIn(token=TOKEN, bots=held_bot()) as held:
        program = run(stand_in=held)
        program.type("海水？")
        program.press("\r")
        program.wait_for("河流把盐")
        program.send(b"\x11")
        program.check_left()
        assert "The next start fetches the rest of the answer." in program.text
        assert "/v3/chat/cancel" not in [request.path for request in held.requests]
        assert program.store.statuses() == ["interrupted"]
        assert program.store.rows("SELECT content FROM messages WHERE type = 'answer'") == [("河流把盐",)]


# -- signals, lost lines, stopped readers


def test_a_signal_in_the_middle_of_an_answer_saves_and_restores(run: Start) -> None:
    number = signal.SIGQUIT  # tests/terminal/test_driver.py and test_durability.py hold the others
    with StandIn(token=TOKEN, bots=held_bot()) as held:
        program = run(stand_in=held)
        program.type("海水？")
        program.press("\r")
        program.wait_for("河流把盐")
        program.signal(number)
        program.check_left(128 + number)
        assert program.store.rows("SELECT content FROM messages WHERE type = 'answer'") == [("河流把盐",)]


def test_a_signal_while_it_starts_leaves_the_terminal_as_it_was(run: Start) -> None:
    number = signal.SIGTERM
    program = run(ready=False)
    program.wait_for_raw(b"\x1b[?1049h")
    program.signal(number)
    assert program.wait() in (128 + number, -number)
    assert program.is_restored
    program.check()


def test_a_closed_terminal_ends_it(run: Start, home: Path) -> None:
    program = run()
    program.ask("1 + 1", "= 2")
    program.hang_up()
    assert program.wait() == 128 + signal.SIGHUP
    assert processes_with(str(home)) == []
    assert program.store.is_sound()


def test_a_closed_terminal_ends_it_where_the_signal_is_ignored_too(run: Start, home: Path) -> None:
    program = run(wrapper=["sh", "-c", 'trap "" HUP; exec "$@"', "sh"])
    program.hang_up()
    assert program.wait() == 128 + signal.SIGHUP
    assert processes_with(str(home)) == []


@pytest.mark.parametrize(
    ("number", "answers"),
    [
        pytest.param(signal.SIGTERM, True, id="that answered"),
        pytest.param(signal.SIGHUP, False, id="that never answers"),
    ],
)
def test_a_terminal_that_does_not_read_can_be_left(
    run: Start, home: Path, number: signal.Signals, answers: bool
) -> None:
    program = run(bot=FAST_BOT, size=(120, 40), answers=answers)
    program.type("n=100000 rate=3000 len=20")
    program.press("\r")
    program.wait_for("quick brown")
    program.stop_reading()
    before = program.store.frames()
    # The terminal stands still; receiving and storing go on.
    program.wait_until(lambda: program.store.frames() > before + 3000)
    program.signal(number)
    assert program.wait() == 128 + number
    assert program.modes() == program.modes_before
    program.start_reading()
    assert processes_with(str(home)) == []
    assert program.store.is_sound()


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(run: Start) -> None:
    program = run()
    program.ask("1 + 1", "= 2")
    program.press("\x1a")
    program.wait_until(lambda: state_of(program.process.pid) == "T")
    program.wait_until(lambda: program.is_restored)
    written = len(program.raw)
    program.signal(signal.SIGCONT)
    program.wait_for_raw(b"\x1b[?1049h", after=written)
    program.wait_for("= 2")
    program.ask("2 + 2", "= 4")
    program.send(b"\x11")
    program.check_left()


def test_being_stopped_without_a_word_is_survived(run: Start) -> None:
    program = run()
    program.signal(signal.SIGSTOP)
    program.wait_until(lambda: state_of(program.process.pid) == "T")
    termios.tcsetattr(program.master, termios.TCSANOW, program.modes_before)
    program.signal(signal.SIGCONT)
    program.ask("1 + 1", "= 2")
    program.send(b"\x11")
    program.check_left()


# -- redirections and terminals


def test_without_a_terminal_on_stdin_it_says_what_to_do(run: Start) -> None:
    with Path(os.devnull).open("rb") as nothing:
        program = run(ready=False, stdin=nothing)
        assert program.wait() == 2
    assert "coze-tui ask" in program.text
    program.check()


def test_without_a_terminal_on_stderr_it_says_what_to_do(run: Start, tmp_path: Path) -> None:
    with (tmp_path / "errors").open("wb") as errors:
        program = run(ready=False, stderr=errors)
        assert program.wait() == 2
    assert "coze-tui ask" in (tmp_path / "errors").read_text("utf-8")
    assert program.is_restored


def test_stdout_in_a_file_gets_the_last_line_only(run: Start, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        program = run(stdout=out)
        program.ask("1 + 1", "= 2")
        program.send(b"\x11")
        program.check_left()
    lines = (tmp_path / "out").read_text("utf-8").splitlines()
    assert len(lines) == 1
    assert "coze-tui -s" in lines[0]


# tests/pilot/test_chat.py shows a chat at the sizes between.
@pytest.mark.parametrize("size", [(1, 1), (500, 200)])
def test_any_size_can_be_started_and_left(run: Start, size: tuple[int, int]) -> None:
    program = run(size=size, ready=False)
    program.wait_for_raw(b"\x1b[?2004h")
    program.settle()
    program.resize(100, 30)
    program.ready()
    program.ask("1 + 1", "= 2")
    program.resize(*size)
    program.settle()
    program.send(b"\x11")
    program.check_left()


def test_a_storm_of_resizes_ends_in_a_right_screen(run: Start) -> None:
    program = run(bot=FAST_BOT)
    program.type("n=3000 rate=1500")
    program.press("\r")
    program.wait_for("quick")
    for step in range(60):
        program.resize(10 + step * 7 % 190, 3 + step * 5 % 60)
    program.resize(100, 30)
    program.idle(timeout=40)
    program.settle()
    drawn = program.cells()
    program.press("\x0c")
    program.settle()
    assert program.cells() == drawn
    program.send(b"\x11")
    program.check_left()


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"TERM": "vt220", "PYTHONIOENCODING": "ascii"}, id="ASCII streams"),
        pytest.param({"TERM": "screen-256color", "COLORTERM": None}, id="screen"),
        pytest.param({"TERM": "linux", "COLORTERM": None, "LANG": "xx_YY.nonsense"}, id="unknown locale"),
        pytest.param({"TERM": None, "COLORTERM": None, "LANG": "C", "LC_ALL": "C"}, id="no TERM"),
        pytest.param({"NO_COLOR": "1", "TERM": "xterm", "COLORTERM": None}, id="NO_COLOR"),
        pytest.param({"COZE_TUI_THEME": "ansi"}, id="ansi"),
        pytest.param({"LANG": "zh_CN.GBK", "LC_ALL": "zh_CN.GBK"}, id="GBK locale"),
        pytest.param({"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, id="no coercion"),
    ],
)
def test_terminals_and_locales(run: Start, env: dict[str, str | None]) -> None:
    program = run(env=env)
    program.ask(QUESTION, "2025 年春节是 1 月 29 日")
    program.send(b"\x11")
    program.check_left()
    assert "\\u" not in program.text


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"HOME": None, "COZE_TUI_HOME": None, "XDG_CONFIG_HOME": None}, id="none"),
        pytest.param({"HOME": "/nonexistent/nowhere", "COZE_TUI_HOME": None}, id="not there"),
    ],
)
def test_a_missing_home_is_no_reason_to_stop(
    run: Start, env: dict[str, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What it makes where there is no home goes to the folder for temporary files, or to the user's own.
    folders = {"XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": "d", "XDG_STATE_HOME": "s", "TMPDIR": "t"}
    (tmp_path / "t").mkdir()
    program = run(env={**{name: str(tmp_path / folder) for name, folder in folders.items()}, **env})
    program.ask("1 + 1", "= 2")
    program.send(b"\x11")
    assert program.wait() == 0
    program.check()


def test_an_idle_program_writes_nothing_and_uses_no_processor(run: Start) -> None:
    program = run()
    program.ask("1 + 1", "= 2")
    program.wait_for("3 ")
    program.settle(0.8)
    written, used = len(program.raw), cpu_seconds(program.process.pid)
    program.settle(1.0)
    assert len(program.raw) == written
    assert cpu_seconds(program.process.pid) - used < 0.5  # one that loops uses all of it
    program.send(b"\x11")
    program.check_left()


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_it_is_chatted_with_and_left_in_tmux(home: Path, stand_in: StandIn) -> None:
    with in_tmux(home, stand_in) as (terminal, _ask):
        terminal.send("第一行")
        terminal.wait_for("第一行")
        terminal.settle(0.1)
        terminal.send("\n")
        terminal.send("1 + 1")
        terminal.wait_for("1 + 1")
        terminal.settle(0.1)
        terminal.send("\r")
        terminal.wait_for("● idle")
        terminal.wait_for(lambda screen: screen.text().count("第一行") >= 1)
        terminal.send(b"\x11")
        assert terminal.wait() == 0
        assert terminal.modes() == terminal.modes_before


SIGNS = (
    "👩\u200d👩\u200d👧 family",
    "👍🏽 skin",
    "❤️ heart",
    "🇨🇳🇩🇪 flags",
    "e\u0301ạ\u0308 marks",
    "水水 wide",
    "กำ thai",
)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_columns_are_right_in_tmux_as_tmux_counts_them(home: Path, stand_in: StandIn) -> None:
    with in_tmux(home, stand_in) as (terminal, ask):
        terminal.wait_for("● idle")
        for sign in SIGNS:
            terminal.send(f"{sign}\n")
            terminal.wait_for(sign.split()[-1])
            terminal.settle(0.1)
        terminal.send("end\r")
        terminal.wait_for("completed")
        terminal.wait_for(lambda screen: "✓" in screen.row(0))
        terminal.send("\x1b[1;5H")  # Ctrl+Home: all signs are in sight
        terminal.settle(0.3)
        ask("copy-mode")
        for command in ("top-line", "start-of-line"):
            ask("send", "-X", command)
        columns: dict[int, int] = {}
        ask("send", "-X", "search-forward", "│")
        while (row := int(ask("display", "-p", "#{copy_cursor_y}"))) not in columns:
            columns[row] = int(ask("display", "-p", "#{copy_cursor_x}"))
            ask("send", "-X", "search-again")
        rows = ask("capture-pane", "-p").split("\n")
        with_signs = [
            y for y, row in enumerate(rows) if "│" in row and any(sign.split()[-1] in row for sign in SIGNS)
        ]
        assert len(with_signs) >= len(SIGNS)
        assert set(with_signs) <= set(columns)
        assert len(set(columns.values())) == 1, columns


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_the_cursor_is_behind_what_was_typed_in_tmux(home: Path, stand_in: StandIn) -> None:
    with in_tmux(home, stand_in) as (terminal, ask):
        terminal.wait_for("● idle")
        for sign in SIGNS:
            word = sign.split()[-1]
            terminal.send(sign)
            terminal.wait_for(word)
            terminal.settle(0.1)
            cursor = int(ask("display", "-p", "#{cursor_x}"))
            ask("copy-mode")
            ask("send", "-X", "search-backward", word)
            assert cursor == int(ask("display", "-p", "#{copy_cursor_x}")) + len(word), sign
            ask("send", "-X", "cancel")
            terminal.send("\x15")
            terminal.wait_for(lambda screen, word=word: word not in screen.text())  # type: ignore[misc]


def test_a_command_that_waits_says_for_what(home: Path) -> None:
    with Terminal([str(COMMAND), "show", "-"], env={"COZE_TUI_HOME": str(home)}) as terminal:
        terminal.wait_for("reading stdin…")
        terminal.send("event: done\rdata: {}\r\r\x04\x04")
        terminal.wait_for("events")
        assert terminal.wait() == 0


# -- another Textual


def test_with_another_textual_it_chats_on_textuals_own_display(run: Start) -> None:
    script = Path(__file__).parents[1] / "support" / "other_textual.py"
    wrapper = [sys.executable, str(script), "textual.app.App._display"]
    program = run(wrapper=wrapper, ready=False)
    program.send(QUESTION)
    program.ready()
    program.wait_for(lambda screen: QUESTION in program.prompt_of(screen))
    program.press("\r")
    program.wait_for("2025 年春节是 1 月 29 日")
    program.idle()
    program.type("/doctor")
    program.press("\r")
    program.wait_for("Textual 8.2.8 differs from 8.2.7")
    program.press("\x1b")
    program.wait_for(lambda screen: "differs from" not in screen.text())
    program.type("typed")
    program.press("\x1a")
    program.wait_until(lambda: state_of(program.process.pid) == "T")
    program.wait_until(lambda: program.is_restored)
    program.signal(signal.SIGCONT)
    program.wait_for("typed")
    program.send(b"\x11")
    program.check_left()
    assert program.store.statuses() == ["completed"]
