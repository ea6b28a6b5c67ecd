"""`coze-tui --linear`: a whole conversation over stdin and stdout, against a stand-in."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, Gate, RequireAction, Step, ToolCall
from coze_tui.standin.server import StandIn
from tests.support.commands import Command

BOT = "7511000000000000001"
CALLS = (ToolCall("home", "set_lamp", {"room": "书房"}, "call-1"),)


def answered(command: Command, bot: Bot, *typed: str, **variables: str) -> list[str]:
    """The lines after these were typed."""
    with StandIn(pace=0, bots=[bot]) as stand_in:
        own = {"COZE_API_BASE": stand_in.base_url, "COZE_API_TOKEN": stand_in.token, "COZE_BOT_ID": BOT}
        ran = command("--linear", stdin="\n".join(typed) + "\n", **own, **variables)
    assert (ran.status, ran.err) == (0, "")
    return ran.out.splitlines()


def test_one_asks_and_both_sides_stand_in_the_log(command: Command) -> None:
    ran = command("--linear", stdin="1 + 1\n/events\n/quit\nnever read\n")
    assert (ran.status, ran.err) == (0, "")
    assert "You: 1 + 1\nXiaochun: 1 + 1 = 2\n" in ran.out
    assert "Status: completed" in ran.out
    assert "= completed" in ran.out
    assert "\x1b" not in ran.out
    assert "never read" not in ran.out


def test_a_suggestion_is_asked_by_its_number(command: Command) -> None:
    ran = command("--linear", stdin="3\n")
    assert "Suggestion 3: 1 + 1\nYou: 3\nXiaochun: 1 + 1 = 2\n" in ran.out


def test_files_and_urls_go_with_the_next_question(command: Command, tmp_path: Path) -> None:
    first, second, url = tmp_path / "my pic.png", tmp_path / "b.txt", "https://example.invalid/c.png"
    first.write_bytes(b"\x89PNG sample")
    second.write_text("b")
    with StandIn(pace=0, bots=[Bot(BOT, "海水", lambda turn: [Answer("好。")])]) as stand_in:
        own = {"COZE_API_BASE": stand_in.base_url, "COZE_API_TOKEN": stand_in.token, "COZE_BOT_ID": BOT}
        typed = [
            f"/attach '{first}' {second}",
            f"/attach {url}",
            f"/attach {tmp_path}/none",
            "what?",
            "more",
        ]
        ran = command("--linear", stdin="\n".join(typed) + "\n", **own)
        bodies = [json.loads(each.raw) for each in stand_in.requests if each.path == "/v3/chat"]
    for name in ("my pic.png", "b.txt", url):
        assert f"Status: {name} goes with the next question\n" in ran.out
    assert "cannot send the file " in ran.out
    assert "/none. " in ran.out
    kinds = [item["type"] for item in json.loads(bodies[0]["additional_messages"][0]["content"])]
    assert kinds == ["text", "image", "file", "image"]
    assert url in bodies[0]["additional_messages"][0]["content"]
    assert bodies[1]["additional_messages"][0]["content"] == "more"


def test_a_backslash_goes_on_with_the_next_line(command: Command) -> None:
    told = answered(command, Bot(BOT, "海水", lambda turn: [Answer(turn.question)]), "one\\", "two")
    assert told[-6:-2] == ["You: one\\", "You: two", "海水: one", "two"]


def test_what_was_said_is_gone_on_with(command: Command) -> None:
    command("--linear", stdin="1 + 1\n")
    ran = command("--linear", "--continue", stdin="/history\n/open 7\n/open 1\n/retry\n/new\n/retry\n")
    assert ran.out.count("You: 1 + 1\n") == 2
    assert ran.out.count("1 + 1 = 2") == 3
    assert "1: 1 + 1 – Xiaochun" in ran.out
    assert "no such conversation: 7" in ran.out
    assert "there is nothing to use this command on" in ran.out


def test_the_context_is_cleared(command: Command) -> None:
    assert (
        "context cleared; the bot no longer sees earlier messages"
        in command("--linear", stdin="1 + 1\n/clear\n").out
    )


def test_a_command_that_is_not_there_is_told_and_help_tells_all(command: Command) -> None:
    ran = command("--linear", stdin="/histroy\n\n/retry now\n/theme\n/foo\n/help\n")
    assert "Unknown command /histroy. Did you mean /history? Send it with /send" in ran.out
    assert "/theme works only in full-screen mode" in ran.out
    assert "Unknown command /foo. Send it with /send, or list the commands with /help." in ran.out
    assert "/retry takes no argument." in ran.out
    assert "/recover: fetch the rest" in ran.out
    assert ran.out.count("\nXiaochun: ") == 1  # the greeting: nothing was asked


def test_a_path_is_no_command_and_send_sends_any_text(command: Command) -> None:
    bot = Bot(BOT, "海水", lambda turn: [Answer(turn.question)])
    told = answered(command, bot, "/etc/hosts is what?", "/send /foo bar")
    assert "海水: /etc/hosts is what?" in told
    assert "海水: /foo bar" in told


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        (["开灯", "lit"], "lit"),
        (["开灯", "/refuse"], "refused"),
        (["开灯", "/run", "y"], '{"room":"书房"}'),
        (["开灯", "/run", "n", "dark"], "dark"),
        (["开灯", "", "/tools", "late"], "late"),
        (["开灯", "/refsue", "/refuse"], "refused"),
        (["开灯", "/bright", "/bright"], "/bright"),
    ],
)
def test_a_local_tool_is_given_its_output(command: Command, typed: list[str], given: str) -> None:
    steps: list[Step] = [RequireAction(CALLS), lambda after: [Answer(after.outputs["call-1"])]]
    bot = Bot(BOT, "海水", steps)
    told = answered(command, bot, *typed, COZE_TUI_TOOLS='{"set_lamp": "cat"}')
    assert 'Tool: set_lamp {"room":"书房"}' in told
    assert any(line.startswith("海水: ") and given in line for line in told)


def test_what_is_wrong_with_the_bot_or_the_token_is_told(command: Command) -> None:
    assert "no bot is selected" in command("--linear", COZE_BOT_ID="").err
    assert command("--linear", COZE_API_TOKEN="").status == 3
    assert "4100" in command("--linear", stdin="hi\n", COZE_API_TOKEN="pat_WRONG").out


def test_textual_is_not_needed(environment: dict[str, str]) -> None:
    code = (
        "import sys\nfrom coze_tui.cli.main import main\nimport os\n"
        "main(['--linear'], os.environ)\nassert 'textual' not in sys.modules\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        input="1 + 1\n",
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "1 + 1 = 2" in ran.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is POSIX's")
def test_ctrl_c_stops_the_answer_and_not_the_program(environment: dict[str, str]) -> None:
    from tests.support.terminal import Terminal

    steps: list[Step] = [Delta("河流。\n"), Gate("held"), Delta("带盐"), Complete()]
    with StandIn(pace=0, bots=[Bot(BOT, "海水", steps)]) as stand_in:
        own = {"COZE_API_BASE": stand_in.base_url, "COZE_BOT_ID": BOT, "LANG": "C.UTF-8"}
        own["COZE_API_TOKEN"] = stand_in.token
        with Terminal([sys.executable, "-m", "coze_tui", "--linear"], env=environment | own) as terminal:
            terminal.wait_for("You:")
            terminal.send("海水？\r")
            terminal.wait_for("河流")
            terminal.send("\x03")
            terminal.wait_for("Status: stopped")
            # readline throws away a Ctrl+D that was typed before it took the terminal
            terminal.wait_for(lambda screen: screen.text().count("You:") == 2)
            terminal.send("\x04")
            assert terminal.wait() == 0
            assert "\x1b[?1049h" not in terminal.text


@pytest.mark.skipif(sys.platform == "win32", reason="its commands are POSIX's")
def test_the_demo_shows_a_command_that_is_allowed_and_waits_on_after_a_refusal(command: Command) -> None:
    lines = "What time is it?\n\nhello\n/tools\n09:41 in my hall\n/tools\n/quit\n"
    ran = command("demo", "--linear", "--bot", "7511000000000000105", stdin=lines)
    assert ran.status == 0
    assert ran.out.index("4016") < ran.out.index("09:41 in my hall")
    assert "there is nothing to use this command on" in ran.out
    assert "/run runs date +%H:%M" in ran.out
    assert "the bot is still waiting" in ran.out


@pytest.mark.parametrize("mode", ["NORMAL", "EXCLUSIVE"], ids=["for writing", "for reading, too"])
def test_a_history_that_another_program_holds_stops_no_chat(
    command: Command, environment: dict[str, str], mode: str
) -> None:
    command("--linear", stdin="1 + 1\n")
    (path,) = Path(environment["COZE_TUI_HOME"]).rglob("history.db")
    steps: list[Step] = [RequireAction(CALLS), lambda after: [Answer(after.outputs["call-1"])]]
    own = {"COZE_TUI_TOOLS": '{"set_lamp": "cat"}', "COZE_BOT_ID": BOT}
    with (
        StandIn(pace=0, bots=[Bot(BOT, "海水", steps)]) as stand_in,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute(f"PRAGMA locking_mode = {mode}")
        other.execute("BEGIN EXCLUSIVE")
        site = {"COZE_API_BASE": stand_in.base_url, "COZE_API_TOKEN": stand_in.token}
        ran = command("--linear", stdin="开灯\nlit\n", **own, **site)
    assert ran.status == 0
    assert "海水: lit" in ran.out
    assert "Error: the history is locked by another program." in ran.out
    assert "coze-tui: not saved: 开灯" in ran.err.splitlines()
    assert "开灯" not in command("history", "list").out
