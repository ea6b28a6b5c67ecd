"""The token is nowhere but where it was put, and that is for its owner's eyes only."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from textual import events

from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Complete,
    Delta,
    Error,
    Event,
    FollowUps,
    FunctionCall,
    Page,
    Raw,
    Refuse,
    Step,
    ToolResponse,
)
from coze_tui.standin.server import StandIn
from coze_tui.tui.screens.first_run import FirstRun
from coze_tui.tui.widgets.field import Field
from tests.support.checks import holders_of
from tests.support.commands import Command
from tests.support.desk import desk
from tests.support.keeper import UNSET, Keeper
from tests.support.program import TOKEN, Program
from tests.support.raw_server import Line, RawServer

BOT = "7511000000000000777"
ECHOES: dict[str, list[Step]] = {
    "the answer": [Delta(f"D1{TOKEN}D2"), Complete(f"A1{TOKEN}A2")],
    "an answer in pieces": [Answer(f"the token is {TOKEN}, as you see")],
    "the reasoning": [Answer("done", reasoning=f"the token is {TOKEN}")],
    "a tool": [FunctionCall("p", "a", {"token": TOKEN}), ToolResponse(TOKEN), Answer("done")],
    "a follow-up": [Answer("done"), FollowUps((f"is it {TOKEN}?",), wait=0)],
    "an unknown event": [Event("conversation.odd", {"id": TOKEN}), Answer("done")],
    "the id and the name of an event": [
        Raw(f"id: {TOKEN}\nevent: {TOKEN}\ndata: {{}}\n\n".encode()),
        Answer("done"),
    ],
    "an error event": [Delta("a"), Error(5000, f"bad token {TOKEN}")],
    "an error": [Refuse(4100, f"bad token {TOKEN}")],
    "a page in place of an error": [Page(502, f"<html>Authorization: Bearer {TOKEN}</html>")],
}


@pytest.mark.parametrize("place", ECHOES)
def test_a_token_that_a_server_repeats_is_masked_in(program: Program, keeper: Keeper, place: str) -> None:
    program.ask(keeper.play(f"echo {place}", ECHOES[place]), "✗" if "error" in place else "✓ done")
    assert TOKEN[4:] not in "".join(program.text.split())


@pytest.mark.parametrize("options", [[], ["--events", "--reasoning"], ["--raw"], ["--json"], ["--no-stream"]])
def test_ask_masks_it_too(command: Command, keeper: Keeper, options: list[str]) -> None:
    places = ("the id and the name of an event", "a tool", "the answer")
    steps = [step for place in places for step in ECHOES[place]]
    done = command("ask", *options, keeper.play("echo all", steps))
    assert done.status == 0


def test_a_capture_holds_none(command: Command, keeper: Keeper, tmp_path: Path) -> None:
    file = tmp_path / "capture.sse"
    command("ask", "--record", str(file), keeper.play("echo record", ECHOES["the answer"]))
    text = file.read_text("utf-8")
    assert "conversation.chat.completed" in text
    assert TOKEN not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_list_of_processes_does_not_show_it(program: Program) -> None:
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    assert TOKEN.encode() not in Path(f"/proc/{program.process.pid}/cmdline").read_bytes()


@pytest.mark.parametrize(
    "command_line", [["doctor"], ["history", "list", "--json"], ["--help"], ["serve", "-h"]]
)
def test_a_command_does_not_print_it(command: Command, command_line: list[str]) -> None:
    assert command(*command_line).status == 0


def modes(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_login_keeps_it_for_its_owner_only(command: Command, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        done = command("login", stdin=f"{TOKEN}\n".encode(), COZE_API_TOKEN=UNSET, secret_is_kept=True)
    finally:
        os.umask(before)
    assert done.status == 0, done
    home = tmp_path / "home"
    file = home / "config" / "credentials.json"
    assert holders_of(TOKEN, home) == [file]
    assert (modes(file), modes(file.parent)) == (0o600, 0o700)
    assert TOKEN in json.dumps(json.loads(file.read_text("utf-8")))


def test_a_file_that_others_could_read_is_repaired_and_reported(command: Command, tmp_path: Path) -> None:
    command("login", stdin=f"{TOKEN}\n".encode(), COZE_API_TOKEN=UNSET, secret_is_kept=True)
    file = tmp_path / "home" / "config" / "credentials.json"
    file.chmod(0o644)
    done = command("ask", "x", COZE_API_TOKEN=UNSET, secret_is_kept=True)
    assert "was readable by others" in done.err
    assert modes(file) == 0o600


def test_a_login_that_is_refused_keeps_nothing(command: Command, tmp_path: Path) -> None:
    done = command("login", stdin=b"pat_WRONG0SECRET\n", COZE_API_TOKEN=UNSET)
    assert done.status == 3
    assert "pat_WRONG0SECRET" not in done.out + done.err
    assert holders_of("pat_WRONG0SECRET", tmp_path / "home") == []


def test_logging_out_leaves_none(command: Command, tmp_path: Path) -> None:
    command("login", stdin=f"{TOKEN}\n".encode(), COZE_API_TOKEN=UNSET, secret_is_kept=True)
    assert command("logout", COZE_API_TOKEN=UNSET).status == 0
    assert holders_of(TOKEN, tmp_path / "home") == []


def test_a_token_as_an_argument_is_not_taken(command: Command) -> None:
    assert command("login", "--token", "pat_ON0THE0LINE", COZE_API_TOKEN=UNSET).status == 2


def test_no_export_holds_it(command: Command, keeper: Keeper, tmp_path: Path) -> None:
    home = tmp_path / "home"
    question = keeper.play("echo export", ECHOES["the answer"])
    with Program(home, keeper.server, "--bot", "7511000000000000666") as program:
        program.ready()
        program.ask(question, "✓ done")
        assert program.quit() == 0
    (key,) = program.store.rows("SELECT key FROM conversations")[0]
    for kind in ("md", "html", "jsonl", "sse"):
        out = tmp_path / kind
        out.mkdir()
        done = command("history", "export", str(key), "--format", kind, "--output", str(out))
        assert done.status == 0, done
        assert list(out.rglob("*"))
        assert holders_of(TOKEN, out) == []


def test_the_debug_log_masks_the_header_and_what_the_server_says(command: Command, tmp_path: Path) -> None:
    head = f"HTTP/1.1 401 Unauthorized\r\nX-Tt-Logid: id-{TOKEN}\r\nContent-Length: 0\r\n\r\n".encode()

    def refuse(line: Line) -> None:
        line.send(head)

    with RawServer(refuse) as server:
        command("ask", "x", base_url=server.base_url)
    file = tmp_path / "home" / "state" / "coze-tui.log"
    [line] = file.read_text("utf-8").splitlines()
    assert "'authorization': '***'" in line
    assert "401, logid id-***" in line
    assert modes(file) == 0o600


def spy(folder: Path, name: str, *, prints: str = "") -> Path:
    """Make a program that writes its environment to NAME.env in the folder."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f'#!/bin/sh\nenv > "{folder / name}.env"\necho "{prints}"\n', encoding="utf-8")
    file.chmod(0o700)
    return file


def test_no_program_that_a_command_starts_receives_it(
    command: Command, keeper: Keeper, tmp_path: Path
) -> None:
    bin_folder = tmp_path / "bin"
    for name in ("tmux", "uname"):
        spy(bin_folder, name)
    path = f"{bin_folder}:{os.environ['PATH']}"
    proxy = f"http://someone:{TOKEN}@127.0.0.1:9"
    assert command("doctor", "--copy", TMUX="x", PATH=path, COZE_TUI_PROXY=proxy, EDITOR="own").status == 0
    asked = spy(bin_folder, "password store", prints=TOKEN)
    token_command = f"'{asked}' {TOKEN}"
    question = keeper.play("by command", [Answer("yes")])
    done = command("ask", question, COZE_API_TOKEN=" ", COZE_TUI_TOKEN_COMMAND=token_command)
    assert done.out == "yes\n"
    written = {file.name: file.read_text("utf-8") for file in bin_folder.glob("*.env")}
    assert "EDITOR=own" in written["tmux.env"]
    assert "password store.env" in written
    assert [name for name, text in written.items() if TOKEN in text] == []


def test_nor_does_the_editor(tmp_path: Path, keeper: Keeper) -> None:
    editor = spy(tmp_path / "bin", "editor")
    with Program(tmp_path / "home", keeper.server, bot=BOT, env={"EDITOR": str(editor)}) as program:
        program.ready()
        program.send("\x0f")
        written = editor.with_name("editor.env")
        program.wait_until(lambda: written.exists() and "COZE_API_BASE" in written.read_text("utf-8"))
        assert TOKEN not in written.read_text("utf-8")


async def test_a_picture_of_the_screen_holds_none(tmp_path: Path) -> None:
    steps: list[Step] = [
        step for place in ("the reasoning", "a tool", "a follow-up") for step in ECHOES[place]
    ]
    bots = [Bot(BOT, f"N1 {TOKEN}", steps, prologue=TOKEN)]
    with StandIn(token=TOKEN, pace=0, bots=bots) as stand_in:
        async with desk(tmp_path / "home", bots, stand_in=stand_in) as at:
            await at.until(lambda: "N1" in at.app.export_screenshot())
            await at.ask("what is it?")
            await at.answered()
            assert TOKEN[4:] not in at.app.export_screenshot()


async def test_nor_does_one_of_a_token_that_is_being_typed(tmp_path: Path) -> None:
    bots = [Bot(BOT, "海水", [])]
    nothing = {"COZE_API_TOKEN": "", "COZE_BOT_ID": "", "COZE_API_BASE": ""}
    with StandIn(token=TOKEN, pace=0, bots=bots) as stand_in:
        async with desk(tmp_path / "home", bots, stand_in=stand_in, environment=nothing) as at:
            await at.until(lambda: isinstance(at.app.screen, FirstRun))
            await at.pilot.press("down", "down", "enter")
            at.app.post_message(events.Paste(stand_in.base_url))
            await at.pilot.press("enter")
            await at.until(lambda: at.app.focused is not None and at.app.focused.id == "token")
            at.app.post_message(events.Paste(TOKEN))
            field = at.app.screen.query_one("#token", Field)
            await at.until(lambda: field.value == TOKEN)
            await at.pilot.pause()
            assert "••••" in at.app.export_screenshot()
            assert TOKEN[4:] not in at.app.export_screenshot()
            await at.pilot.press("enter")
            await at.until(lambda: "valid;" in at.app.export_screenshot())
            assert TOKEN[4:] not in at.app.export_screenshot()
