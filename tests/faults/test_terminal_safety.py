"""No text from outside moves the terminal, is read as markup, or is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Complete,
    Delta,
    Error,
    Event,
    Fail,
    FollowUps,
    FunctionCall,
    Page,
    Refuse,
    Step,
    ToolResponse,
    Verbose,
)
from tests.support.commands import Command
from tests.support.hostile_text import ALL, PAYLOADS
from tests.support.keeper import BOT, Keeper
from tests.support.program import Program

TEXT = ALL.encode("utf-8", "replace").decode()
"""The same where the stand-in sends plain text, which can hold no half of a pair."""
LITERAL = "[/b] [red]x[/red] [@click=app.quit]q[/]"


def flat(text: str) -> str:
    """The screen's text without what a line of the log begins and ends with."""
    return re.sub(r"[\s▎│]+", " ", text)


STREAMS = {
    "sequences": [name for name, text in PAYLOADS.items() if text.startswith("\x1b")],
    "control characters": ["charset", "C1", "C0", "carriage return", "line ends"],
    "characters": ["bidi", "tags", "marks", "invisible", "surrogates"],
    "markup": ["markup", "rich markup"],
}


def test_every_payload_is_streamed() -> None:
    assert {name for names in STREAMS.values() for name in names} == PAYLOADS.keys()


@pytest.mark.parametrize("name", STREAMS)
def test_in_every_part_of_a_stream(program: Program, keeper: Keeper, name: str) -> None:
    bad = " ".join(PAYLOADS[payload] for payload in STREAMS[name])
    question = keeper.play(
        f"safety {name}",
        [
            Delta(reasoning=f"R1{bad}R2"),
            FunctionCall(f"P1{bad}P2", f"A1{bad}A2", {f"K1{bad}K2": f"V1{bad}V2"}),
            ToolResponse(f"T1{bad}T2"),
            Event(f"conversation.odd{bad}", {"id": f"{bad}"}),
            Verbose(f"odd{bad}", f"{bad}"),
            Delta(f"D1{bad}"),
            Delta("D2"),
            Complete(f"C1{bad}C2"),
            FollowUps((f"F1{bad}F2",), wait=0),
        ],
    )
    program.ask(question, "F1")
    program.wait_for("C2")
    program.send("\t")
    program.settle(0.1)
    program.send("k ")  # unfold what the cursor is on
    program.settle(0.1)
    if name == "markup":
        assert LITERAL in flat(program.text)


FAILURES: dict[str, list[Step]] = {
    "an error event": [Delta("before"), Error(5000, f"M1{ALL}M2")],
    "a failed chat": [Delta("before"), Fail(5000, f"M1{ALL}M2")],
    "JSON under 200": [Refuse(5000, f"M1{ALL}M2")],
    "a refused token": [Refuse(4028, f"M1{ALL}M2", status=402)],
    "a web page": [Page(502, f"<html><title>M1{TEXT}M2</title><h1>{TEXT}</h1></html>")],
    "plain text": [Page(500, f"M1{TEXT}M2", "text/plain")],
    "no content type we know": [Page(200, f"M1{TEXT}M2", "application/x-odd")],
}


@pytest.mark.parametrize("place", FAILURES)
def test_in_what_a_server_says_of_a_failure(program: Program, keeper: Keeper, place: str) -> None:
    program.ask(keeper.play(f"failure {place}", FAILURES[place]), "✗")


def test_in_the_name_and_greeting_of_a_bot(tmp_path: Path) -> None:
    odd = Bot("7511000000000000667", f"N1{ALL}N2", [Answer("ok")], f"D1{ALL}", f"G1{ALL}G2", (f"S1{ALL}S2",))
    keeper = Keeper(tmp_path / "home", [odd])
    try:
        choose_and_ask(keeper.program(), odd)
        keeper.check()
    finally:
        keeper.close()


def choose_and_ask(program: Program, odd: Bot) -> None:
    """Choose a bot by its ID, ask it, and go back to the first one."""
    program.send_message(f"/bot {odd.id}")
    take_bot(program, "N1")
    program.wait_for("G1")
    program.ask("hello", "ok")
    program.send("\x14")
    program.settle(0.3)
    program.send("\x1b")
    program.settle(0.2)
    program.send_message(f"/bot {BOT}")
    take_bot(program, "Kraken")


def take_bot(program: Program, name: str) -> None:
    """Press Enter if the list of bots opens; one that is known is used without it."""
    program.wait_for(lambda screen: name in screen.row(0) or "the bot with this ID" in screen.text())
    if name not in program.screen.row(0):
        program.press("\r")
        program.wait_for(lambda screen: name in screen.row(0))


@pytest.mark.parametrize("names", [("markup",), ("bidi", "C1", "tags", "marks")])
def test_in_a_question_and_the_title_made_of_it(
    program: Program, keeper: Keeper, names: tuple[str, ...]
) -> None:
    bad = " ".join(PAYLOADS[name].replace("\x1b", "") for name in names)
    program.paste(f"Q1{bad}Q2")
    program.wait_for(lambda screen: "Q1" in program.prompt_of(screen))
    program.press("\r")
    program.idle()
    program.wait_for(lambda screen: "Q1" in screen.row(0))
    program.send("\x13")
    program.wait_for("History")
    program.settle(0.2)
    program.send("\x1b")
    program.wait_for("Type a message")


ASKED: dict[str, tuple[list[Step], list[str], int]] = {
    "the answer": ([Delta(f"A1{ALL}"), Complete(f"A1{ALL}A2")], [], 0),
    "the reasoning": ([Delta(reasoning=f"R1{ALL}R2"), Delta("x"), Complete("x")], ["--reasoning"], 0),
    "the events": (
        [Event(f"conversation.{ALL}", {"a": ALL}), FunctionCall(ALL, ALL, {ALL: ALL}), Answer("x")],
        ["--events"],
        0,
    ),
    "the frames": ([Event("conversation.odd", {"a": ALL}), Answer(ALL)], ["--raw"], 0),
    "the JSON": ([FunctionCall(ALL, ALL, {ALL: ALL}), Answer(ALL)], ["--json"], 0),
    "an error": ([Refuse(5000, ALL)], [], 4),
    "a web page": ([Page(502, f"<html>{TEXT}</html>")], [], 5),
}


@pytest.mark.parametrize("what", ASKED)
def test_in_what_ask_prints_on_a_terminal(keeper: Keeper, what: str) -> None:
    steps, options, status = ASKED[what]
    question = keeper.play(f"asked {what}", steps)
    with Program(keeper.home.parent / "ask", keeper.server, "ask", *options, question, bot=BOT) as program:
        assert program.wait() == status
        program.check()


@pytest.mark.parametrize(
    ("variable", "options"),
    [
        ("COZE_BOT_ID", ["ask", "x"]),
        ("COZE_API_BASE", ["ask", "x"]),
        ("COZE_TUI_PROFILE", ["ask", "x"]),
        ("COZE_TUI_THEME", ["doctor"]),
        ("COZE_USER_ID", ["doctor"]),
        ("HTTPS_PROXY", ["doctor"]),
        ("LANG", ["doctor"]),
    ],
)
def test_in_the_environment(command: Command, variable: str, options: list[str]) -> None:
    bad = ALL.replace("\x00", "").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    done = command(*options, **{variable: f"E1{bad}E2"})
    assert done.status in (0, 2, 4)


def test_in_the_settings_file(command: Command, keeper: Keeper, tmp_path: Path) -> None:
    config = tmp_path / "home" / "config"
    config.mkdir(parents=True)
    bad = "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else c for c in "\x1b]0;HACKED\x07 [/] \u202e")
    (config / "settings.toml").write_text(f'"odd {bad}" = 1\ntheme = "{bad}"\n', "utf-8")
    done = command("doctor")
    assert "settings.toml" in done.out + done.err


def test_in_a_file_name(command: Command, keeper: Keeper, tmp_path: Path) -> None:
    question = keeper.play("file name", [Answer("ok")])
    name = "odd\x1b]0;HACKED\x07\x9b31m[red]\u202e.sse"
    done = command("ask", "--record", str(tmp_path / "home" / "state" / "remembered.json" / name), question)
    assert done.status == 2
    done = command("ask", "--record", str(tmp_path / name), question)
    assert done.status == 0
    assert (tmp_path / name).read_text("utf-8")
