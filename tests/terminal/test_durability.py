"""What was on the screen is in the store, however the program ends and whatever happens to the disk."""

from __future__ import annotations

import random
import re
import resource
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from coze_tui.api.events import parse_event
from coze_tui.engine.model.parts import Answer
from coze_tui.engine.model.state import TurnState
from coze_tui.standin.scenarios import Bot, Burst, Complete, Delta, Gate, Turn
from coze_tui.standin.server import StandIn
from coze_tui.store import journal
from tests.support.folders import unwritable
from tests.support.program import BOT, TOKEN, Program, Start, processes_with

_WORD = re.compile(r"‹(\d+)\.(\d+)›")
_MANY = 40_000


def word(number: int) -> str:
    """A number that proves itself: a row that was half written at the end may hold parts of two."""
    return f"‹{number}.{number * 31 % 97}›"


def numbers_in(text: str) -> list[int]:
    """The whole ones."""
    return [int(number) for number, proof in _WORD.findall(text) if int(number) * 31 % 97 == int(proof)]


def counting(turn: Turn) -> list[Burst | Complete]:
    """Numbers, 40 a line, faster than they can be read."""
    pieces = (word(number) + ("\n\n" if number % 40 == 39 else " ") for number in range(_MANY))
    return [Burst(pieces, 2500), Complete()]


@pytest.fixture
def counter() -> Iterator[StandIn]:
    """A server whose only bot counts."""
    with StandIn(token=TOKEN, bots=[Bot(BOT, "数数", counting)]) as server:
        yield server


def shown(program: Program) -> list[int]:
    """The numbers on the screen."""
    return numbers_in(program.text)


def stored(program: Program, chat: int) -> list[int]:
    """The numbers in the frames of a chat, by the same state machine as live."""
    with closing(sqlite3.connect(program.store.path)) as c:
        frames = journal.frames_of(c, chat)
    state = TurnState()
    for frame in frames:
        state.apply(parse_event(frame))
    text = "".join(part.whole_text for part in state.parts if isinstance(part, Answer))
    return numbers_in(text)


def last_chat(program: Program) -> int:
    return int(str(program.store.rows("SELECT max(key) FROM chats")[0][0]))


def must_be_stored(program: Program) -> None:
    """All that is on the screen is in the store, without a gap, and the file is sound."""
    assert program.store.is_sound()
    numbers = stored(program, last_chat(program))
    assert numbers == list(range(len(numbers)))
    on_screen = shown(program)
    assert on_screen
    assert set(on_screen) <= set(numbers), (max(on_screen), len(numbers))


def begin_counting(program: Program, wanted: int) -> None:
    """Ask, and wait until a number is on the screen."""
    program.send_message("数")
    program.wait_for(lambda screen: any(number >= wanted for number in numbers_in(screen.text())))


# -- killed


def kill_after(program: Program, count: int) -> None:
    """Kill it when it has written so many more bytes."""
    written = len(program.raw) + count
    program.wait_until(lambda: len(program.raw) >= written)
    program.process.kill()
    assert program.wait() == -signal.SIGKILL
    program.wait_until(lambda: program.ended)


KILLS = 7


def test_killed_at_any_moment_nothing_shown_is_lost(run: Start, counter: StandIn) -> None:
    moments = random.Random(20250129)
    for _number in range(KILLS):
        program = run(stand_in=counter, size=(120, 40), ready=False)
        program.ready()
        program.wait_for(lambda screen: "数数" in screen.row(0))
        begin_counting(program, moments.randrange(1, 400))
        kill_after(program, moments.randrange(0, 20_000))
        must_be_stored(program)
        program.close()
    assert "canceled" not in program.store.statuses()


@pytest.mark.parametrize("number", range(6))
def test_killed_right_after_enter_the_question_is_kept(run: Start, counter: StandIn, number: int) -> None:
    program = run(stand_in=counter)
    question = f"問い{number}番"
    program.type(question)
    program.wait_until(lambda: program.store.rows("SELECT draft FROM conversations") == [(question,)])
    program.send("\r")
    time.sleep(0.004 * number)
    program.process.kill()
    program.wait()
    asked, drafts = program.store.questions(), program.store.rows("SELECT draft FROM conversations")
    assert asked == [question] or drafts == [(question,)]


LOST: dict[str, tuple[Callable[[Program], object], bool]] = {
    "killed": (lambda program: program.process.kill(), False),
    "SIGTERM": (lambda program: program.signal(signal.SIGTERM), False),
    "SIGHUP, and Coze still answers": (lambda program: program.signal(signal.SIGHUP), True),
    "a closed terminal": (lambda program: program.hang_up(), False),
    "Ctrl+Q, and Coze still answers": (lambda program: program.send(b"\x11"), True),
}
"""How a program ends in the middle of an answer, and whether the next one starts before Coze is done."""


@pytest.mark.parametrize("how", LOST)
def test_the_next_start_fetches_the_rest_of_what_was_cut_off(run: Start, how: str) -> None:
    end, still_runs = LOST[how]
    bot = Bot(BOT, "海水", [Delta("河流把盐"), Gate("held"), Delta("带进海里。"), Complete()])
    with StandIn(token=TOKEN, bots=[bot]) as held:
        first = run(stand_in=held)
        first.send_message("海水？")
        first.wait_for("河流把盐")
        first.type("草稿 draft")
        end(first)
        first.wait()
        if not still_runs:
            held.release("held")
        second = run("-c", stand_in=held, ready=False)
        if still_runs:
            second.wait_for("Coze is still answering")
            held.release("held")
        second.wait_for("河流把盐带进海里。")
        second.idle()
        assert second.text.count("河流把盐") == 1
        assert second.store.statuses() == ["completed"]
        if how != "killed":  # a draft of the last moment is not promised
            assert "草稿 draft" in second.prompt
        second.send(b"\x11")
        second.check_left()
        paths = [request.path for request in held.requests]
        assert (paths.count("/v3/chat"), paths.count("/v3/chat/cancel")) == (1, 0)


def test_without_the_screens_a_lost_line_is_no_stop_and_the_next_start_prints_the_rest(run: Start) -> None:
    bot = Bot(BOT, "海水", [Delta("河流把盐。"), Gate("held"), Delta("带进海里。"), Complete()])
    with StandIn(token=TOKEN, bots=[bot]) as held:
        first = run("--linear", stand_in=held, ready=False)
        first.wait_for("You:")
        first.send("海水？\r")
        first.wait_for("海水: 河流把盐。")
        first.signal(signal.SIGHUP)
        assert first.wait() == 128 + signal.SIGHUP
        assert first.store.statuses() == ["interrupted"]
        second = run("--linear", "-c", stand_in=held, ready=False)
        second.wait_for("Coze is still answering")
        held.release("held")
        second.wait_for("河流把盐。带进海里。")
        second.wait_for("Status: completed")
        assert second.store.statuses() == ["completed"]
        assert "/v3/chat/cancel" not in [request.path for request in held.requests]


def test_while_something_is_typed_the_rest_waits_and_no_key_is_lost(run: Start) -> None:
    bot = Bot(BOT, "海水", [Delta("河流把盐"), Gate("held"), Delta("带进海里。"), Complete()])
    with StandIn(token=TOKEN, bots=[bot]) as held:
        first = run(stand_in=held)
        first.send_message("海水？")
        first.wait_for("河流把盐")
        first.process.kill()
        first.wait()
        held.release("held")
        second = run("-c", stand_in=held, ready=False)
        second.send("yesterday no")  # before anything is open
        second.wait_for("The rest is fetched when the prompt is empty")
        second.send("w y")
        second.wait_for(lambda screen: second.prompt_of(screen).strip() == "yesterday now y")
        assert "/v3/chat/retrieve" not in [request.path for request in held.requests]
        second.press("\x03")  # clears the prompt
        second.wait_for("河流把盐带进海里。")
        second.idle()
        assert "The rest is fetched" not in second.text


def test_a_draft_and_the_queue_survive_a_kill(run: Start) -> None:
    bot = Bot(BOT, "海水", [Delta("河流"), Gate("held")])
    with StandIn(token=TOKEN, bots=[bot]) as held:
        first = run(stand_in=held)
        first.send_message("海水？")
        first.wait_for("河流")
        first.send_message("排队的问题")
        first.type("草稿 draft")
        first.wait_until(lambda: first.store.rows("SELECT draft FROM conversations") == [("草稿 draft",)])
        first.wait_until(lambda: "排队的问题" in str(first.store.rows("SELECT queue FROM conversations")))
        first.process.kill()
        first.wait()
        second = run("-c", stand_in=held, ready=False)
        second.wait_for("Coze is still answering")
        second.wait_for("草稿 draft")
        second.wait_for("排队的问题")


# -- ended otherwise


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_ended_by_a_signal_nothing_shown_is_lost(
    run: Start, counter: StandIn, number: signal.Signals
) -> None:
    program = run(stand_in=counter, size=(120, 40))
    begin_counting(program, 200)
    before = program.text
    program.signal(number)
    program.check_left(128 + number)
    on_screen = numbers_in(before)
    numbers = stored(program, last_chat(program))
    assert set(on_screen) <= set(numbers)
    assert program.store.statuses() == ["interrupted"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, None])
def test_what_is_typed_before_the_store_is_open_is_kept(run: Start, end: signal.Signals | None) -> None:
    program = run(ready=False)
    program.wait_for_raw(b"\x1b[?2004h")
    program.type("half a thought")
    if end is None:
        program.send(b"\x11")
    else:
        program.signal(end)
    program.wait()
    assert program.store.rows("SELECT draft FROM conversations") == [("half a thought",)]


def test_ctrl_c_ends_an_editor_that_leaves_it_to_the_terminal_and_not_the_program(
    run: Start, tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho the editor runs\nexec sleep 60\n")
    editor.chmod(0o755)
    program = run(env={"EDITOR": str(editor)})
    program.type("half a thought")
    program.send(b"\x0f")
    program.wait_for("the editor runs")
    program.send(b"\x03")
    program.wait_for("exited with status")
    assert program.prompt.startswith("half a thought")
    program.send(b"\x11")
    program.check_left()


@pytest.mark.parametrize(("key", "status"), [("\x03", 130), ("\x04", 0)])
def test_one_key_ends_the_question_whether_to_remove_and_nothing_is_removed(
    run: Start, key: str, status: int
) -> None:
    program = run()
    program.ask("1 + 1", "= 2")
    program.send(b"\x11")
    program.check_left()
    prune = run("history", "prune", "--older-than", "0d", ready=False)
    prune.wait_for("[y/N]")
    prune.send(key)
    assert prune.wait() == status
    assert prune.store.questions() == ["1 + 1"]


def test_a_closed_terminal_loses_nothing(run: Start, counter: StandIn) -> None:
    program = run(stand_in=counter, size=(120, 40))
    begin_counting(program, 200)
    program.hang_up()
    assert program.wait() == 128 + signal.SIGHUP
    must_be_stored(program)


def test_a_terminal_that_stands_still_loses_nothing(run: Start, home: Path, counter: StandIn) -> None:
    program = run(stand_in=counter, size=(120, 40))
    begin_counting(program, 100)
    program.stop_reading()
    before = program.store.frames()
    program.wait_until(lambda: program.store.frames() > before + 2500)
    program.process.kill()
    program.wait()
    program.start_reading()
    program.wait_until(lambda: program.ended)
    must_be_stored(program)
    assert len(stored(program, last_chat(program))) > 2500
    assert processes_with(str(home)) == []


# -- the disk


def limited(size: int) -> list[str]:
    """A wrapper: no file may grow beyond so many bytes, which SQLite sees as a full disk."""
    code = (
        f"import os, resource as r, sys; r.setrlimit(r.RLIMIT_FSIZE, ({size}, r.RLIM_INFINITY)); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-c", code]


def test_a_full_disk_is_reported_and_chatting_goes_on(run: Start, counter: StandIn) -> None:
    program = run(stand_in=counter, wrapper=limited(700_000), size=(120, 40))
    begin_counting(program, 10)
    program.wait_for("the disk is full", timeout=60)
    seen = max(shown(program), default=0)
    program.wait_for(lambda screen: any(number > seen + 200 for number in numbers_in(screen.text())))
    program.press("\x1b")
    program.wait_for("stopped at")
    program.send(b"\x11")
    assert program.wait() == 0
    program.check()
    kept = stored(program, last_chat(program))
    assert kept
    assert kept == list(range(len(kept)))
    again = run("-c", stand_in=counter, ready=False)
    again.wait_for(lambda screen: bool(numbers_in(screen.text())))


@pytest.mark.skipif(sys.platform != "linux", reason="sets the limits of another process")
def test_when_a_full_disk_has_room_again_everything_is_stored_and_the_banner_goes(
    run: Start, counter: StandIn
) -> None:
    program = run(stand_in=counter, wrapper=limited(700_000), size=(120, 40))
    begin_counting(program, 10)
    program.wait_for("the disk is full", timeout=60)
    program.press("\x1b")
    program.wait_for("stopped at")
    program.send_message("又数")
    program.wait_for("answering")
    no_limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, no_limit)
    program.wait_for(lambda screen: "disk is full" not in screen.text())
    program.press("\x1b")
    # the second answer may end before the store is asked again
    program.wait_until(
        lambda: program.store.statuses() in (["canceled", "canceled"], ["canceled", "completed"])
    )
    must_be_stored(program)
    first = stored(program, 1)
    assert first == list(range(len(first)))
    assert program.store.questions() == ["数", "又数"]


def test_on_a_disk_that_is_full_from_the_start_one_can_chat(run: Start) -> None:
    program = run(wrapper=limited(0))
    program.wait_for(lambda screen: "Chats are not being saved" in " ".join(screen.text().split()))
    program.press("\x1b")
    program.wait_for(lambda screen: "not being saved" not in screen.text())
    program.ask("1 + 1", "= 2")
    program.ask("2 + 2", "= 4")
    program.send(b"\x11")
    assert program.wait() == 0
    program.check()


@pytest.mark.parametrize("size", [0, 33_000], ids=["at once", "soon"])
def test_with_a_disk_full_at_the_next_start_one_sees_what_was_and_chats(run: Start, size: int) -> None:
    bot = Bot(BOT, "海水", [Delta("河流把盐"), Gate("held"), Complete()])
    with StandIn(token=TOKEN, bots=[bot]) as held:
        first = run(stand_in=held)
        first.send_message("海水？")
        first.wait_for("河流把盐")
        first.process.kill()
        first.wait()
        held.release("held")
        first.store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        second = run("-c", stand_in=held, wrapper=limited(size), ready=False)
        second.wait_for(lambda screen: "disk is full" in screen.text() or "not being saved" in screen.text())
        second.wait_for("海水  ")
        second.wait_for("河流把盐")
        second.idle()
        second.ask("又问", "✓ done")
        second.send(b"\x11")
        assert second.wait() == 0
        second.check()
    third = run("-c", ready=False)
    third.wait_for("河流把盐")


def test_a_home_that_cannot_be_written_is_reported_and_shown(run: Start, home: Path) -> None:
    first = run()
    first.ask("1 + 1", "= 2")
    assert first.quit() == 0
    with unwritable(home):
        program = run("-c")
        program.wait_for(lambda screen: "Chats are not being saved" in " ".join(screen.text().split()))
        program.wait_for("= 2")
        program.ask("2 + 2", "= 4")
        program.type("half a sen")
        program.send(b"\x11")
        assert program.wait() == 0
    program.check_left()
    assert "not saved: 2 + 2" in program.text
    assert "not saved: half a sen" in program.text
    assert "coze-tui -s" not in program.text
    assert first.store.questions() == ["1 + 1"]


def test_no_home_at_all_can_be_made_and_one_chats(run: Start, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("x", "utf-8")
    program = run(env={"COZE_TUI_HOME": str(blocked / "home")})
    program.wait_for("!")
    program.ask("1 + 1", "= 2")
    program.send(b"\x11")
    assert program.wait() == 0


def test_a_newer_store_is_reported_and_left_alone(run: Start) -> None:
    first = run()
    first.ask("1 + 1", "= 2")
    first.quit()
    with closing(sqlite3.connect(first.store.path)) as c:
        c.execute("PRAGMA user_version = 99")
    content = first.store.path.read_bytes()
    program = run()
    program.wait_for("newer version of coze-tui")
    program.ask("2 + 2", "= 4")
    program.send(b"\x11")
    program.check_left()
    assert first.store.path.read_bytes() == content


def test_a_store_locked_at_the_start_is_reported_and_opened_later(run: Start) -> None:
    first = run()
    first.ask("1 + 1", "= 2")
    first.quit()
    with closing(sqlite3.connect(first.store.path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        program = run("-c", ready=False)
        program.wait_for("the history is locked by another program")
    program.wait_for("= 2")
    program.wait_for(lambda screen: "locked" not in screen.text())
    program.ask("2 + 2", "= 4")
    program.send(b"\x11")
    program.check_left()
    assert program.store.questions() == ["1 + 1", "2 + 2"]


@contextmanager
def held(program: Program) -> Iterator[None]:
    """Another program holds the store for writing."""
    with closing(sqlite3.connect(program.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_a_store_held_by_another_program_stops_no_chat(run: Start) -> None:
    bot = Bot(BOT, "海水", [Delta("河流把盐"), Gate("held"), Delta("带进海里。"), Complete()])
    with StandIn(token=TOKEN, bots=[bot]) as server:
        program = run(stand_in=server)
        with held(program):
            program.send_message("一")
            program.wait_for("河流把盐")
            program.wait_for("locked by another program")
            program.press("\x1b")
            program.wait_for("stopped at")
            program.idle()
            server.release("held")
            program.ask("二", "河流把盐带进海里。")
            program.type("三 half a sen")
            assert program.store.questions() == []
        program.wait_until(lambda: program.store.statuses() == ["canceled", "completed"])
        program.wait_for(lambda screen: "locked" not in screen.text())
        assert program.store.questions() == ["一", "二"]
        program.wait_until(
            lambda: program.store.rows("SELECT draft FROM conversations") == [("三 half a sen",)]
        )
        program.press("\x15")
        program.send_message("三")
        program.wait_until(lambda: program.store.statuses() == ["canceled", "completed", "completed"])
        assert program.store.questions() == ["一", "二", "三"]
        program.send(b"\x11")
        program.check_left()


def test_the_draft_of_a_question_stays_until_the_question_is_stored(run: Start) -> None:
    program = run()
    program.type("1 + 1")
    program.wait_until(lambda: program.store.rows("SELECT draft FROM conversations") == [("1 + 1",)])
    with held(program):
        program.press("\r")
        program.wait_for("= 2")
        program.wait_for("locked by another program")
        program.process.kill()
        program.wait()
    assert program.store.rows("SELECT draft FROM conversations") == [("1 + 1",)]


def test_quitting_while_the_store_is_held_says_what_is_not_saved(run: Start) -> None:
    program = run()
    with held(program):
        program.ask("1 + 1", "= 2")
        program.type("half a sen")
        program.send(b"\x11")
        program.check_left()
        assert "locked by another program" in program.text
        assert "not saved: 1 + 1" in program.text
        assert "not saved: half a sen" in program.text
    assert program.store.questions() == []


def overwrite_middle(path: Path) -> None:
    with closing(sqlite3.connect(path)) as c:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = c.execute("SELECT rootpage FROM sqlite_master WHERE name = 'conversations'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


# tests/unit/store/test_salvage.py holds what is rescued from each kind of damage.
def test_a_damaged_store_is_reported_set_aside_and_rescued(run: Start) -> None:
    first = run()
    first.ask("1 + 1", "= 2")
    first.quit()
    overwrite_middle(first.store.path)
    content = first.store.path.read_bytes()
    program = run()
    program.wait_for("damaged")
    program.ask("2 + 2", "= 4")
    program.send(b"\x11")
    program.check_left()
    (aside,) = first.store.path.parent.glob("history.db.damaged-*[0-9]")
    assert aside.read_bytes() == content
    assert "2 + 2" in first.store.questions()


def test_a_store_taken_away_while_it_is_open_is_begun_anew_and_the_chat_goes_on(run: Start) -> None:
    bot = Bot(BOT, "海水", [Delta("河流把盐"), Gate("held"), Delta("带进海里。"), Complete()])
    with StandIn(token=TOKEN, bots=[bot]) as held:
        program = run(stand_in=held)
        program.send_message("海水？")
        program.wait_for("河流把盐")
        program.store.path.rename(program.store.path.with_name("moved.db"))
        held.release("held")
        program.wait_for("河流把盐带进海里。")
        program.wait_for("moved or replaced")
        assert "damaged" not in program.text
        program.idle()
        program.send(b"\x11")
        program.check_left()
    assert program.store.statuses() == ["completed"]
    assert program.store.rows("SELECT content FROM messages WHERE type = 'answer'") == [
        ("河流把盐带进海里。",)
    ]


# -- two at once


def test_one_killed_beside_another_harms_nothing(run: Start, counter: StandIn) -> None:
    one, two = run(stand_in=counter), run()
    begin_counting(one, 300)
    two.type("1 + 1")
    one.process.kill()
    two.press("\r")
    two.wait_for("= 2")
    two.send(b"\x11")
    assert two.wait() == 0
    one.wait_until(lambda: one.ended)
    assert shown(one)
    assert one.store.is_sound()
    assert set(one.store.questions()) == {"数", "1 + 1"}


def test_a_program_that_dies_is_seen_by_the_one_that_follows_it_and_fetches_the_rest(run: Start) -> None:
    bot = Bot(BOT, "海水", [Delta("河流把盐"), Gate("held"), Delta("带进海里。"), Complete()])
    with StandIn(token=TOKEN, bots=[bot]) as held:
        one = run(stand_in=held)
        one.send_message("海水？")
        one.wait_for("河流把盐")
        two = run("-c", stand_in=held, ready=False)
        two.wait_for("河流把盐")
        two.wait_for("answering")
        one.process.kill()
        one.wait()
        two.wait_for("Coze is still answering")
        held.release("held")
        two.wait_for("河流把盐带进海里。")
        two.idle()
        two.send(b"\x11")
        two.check_left()
