"""What is typed and pasted never sends by itself, never ends the program, and stands where it was put."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer
from tests.support.keeper import BOT, Keeper
from tests.support.program import Program

PASTE, END = b"\x1b[200~", b"\x1b[201~"


def questions_since(program: Program, before: int) -> list[str]:
    return program.store.questions()[before:]


SENDS_NOTHING: dict[str, tuple[bytes, str]] = {
    "a paste of several lines": (PASTE + "一行\r二行\r三行\r".encode() + END, "三行"),
    "a paste with ESC": (PASTE + b"a\x1b\rb\x1b\x1b\r\rc" + END, "c"),
    "a paste with an end mark in it": (PASTE + b"safe" + END + b"evil\r" + END, "evil"),
    "a paste with a title": (PASTE + b"a\x1b]0;HACKED\x07b\r" + END, ""),
    "a paste with a slash command": (PASTE + b"/quit\r" + END, "/quit"),
    "a paste with C1": (PASTE + "a\x9b31mb\x9d0;x\x9c\r".encode() + END, "a31mb"),
    "a paste with bidi": (PASTE + "a\u202eb\r".encode() + END, "ab"),
    "a paste with NUL": (PASTE + b"a\x00b\r" + END, "ab"),
    "a paste of line ends": (PASTE + b"\r\n\r\n\r" + END, ""),
    "a paste without brackets": ("第一\r第二\r第三\r".encode(), "第三"),
    "a slash command without brackets": (b"/quit\r/new\r", "/new"),
    "a paste whose end is lost": (PASTE + b"half a paste\r", ""),
    "a paste in pieces": (PASTE + b"one\rtwo", ""),
    "bytes that are no UTF-8": (b"caf\xe9\xff\xfe\xc0\x80\xed\xa0\x80 ok", "ok"),
    "half a character": (b"ok\xe4\xb8", "ok"),
    "control bytes": (b"\x00\x01\x02\x06\x0f\x16\x1c\x1d\x1e\x1f", ""),
    "an unknown CSI": (b"\x1b[99;99Z\x1b[?1;2c\x1b[>0;276;0c", ""),
    "an answer about colors": (b"\x1b]11;rgb:1111/2222/3333\x07\x1b]10;rgb:0/0/0\x1b\\", ""),
    "an answer to DCS": (b"\x1bP1$r0m\x1b\\\x1bP>|xterm(1)\x1b\\", ""),
    "a report of the cursor": (b"\x1b[12;40R", ""),
    "a flood of mouse reports": (b"".join(b"\x1b[<35;%d;%dM" % (x, x % 30) for x in range(300)), ""),
    "mouse reports that are none": (b"\x1b[<35;99999;99999M\x1b[<-1;-1;-1M\x1b[M\xff\xff\xff", ""),
    "focus in and out": (b"\x1b[O\x1b[I" * 20, ""),
    "function keys": (b"\x1b[15~\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~\x1b[23~\x1b[24~", ""),
    "alt with everything": (
        b"".join(b"\x1b" + bytes([c]) for c in b"abcdefghijklmnopqrsuvwxyz0123456789"),
        "",
    ),
    "a torn escape": (b"\x1b[", ""),
}


@pytest.mark.parametrize("name", SENDS_NOTHING)
def test_nothing_is_sent_by(program: Program, keeper: Keeper, name: str) -> None:
    data, seen = SENDS_NOTHING[name]
    before = len(program.store.questions())
    program.send(data)
    if seen:
        program.wait_for(lambda screen: seen in program.prompt_of(screen).replace("\n", ""))
    program.settle(0.2)
    assert questions_since(program, before) == []
    assert program.is_alive
    assert "HACKED" not in program.screen.title_seen
    # The prompt still accepts a text, whatever that was.
    if "lost" in name or "pieces" in name:
        program.send(END)
        program.settle(0.2)
    keeper.begin_anew(program)
    program.type("still here")


PLACED: dict[str, tuple[str, str]] = {
    "letters around a wide one": ("中文\x1b[Dx", "中x文"),
    "an emoji of several parts is one step": ("a👨‍👩‍👧b\x1b[D\x1b[Dx", "ax👨‍👩‍👧b"),
    "a combining mark goes with its letter": ("e\u0301a\x1b[D\x7f", "a"),
    "backspace and home in one packet": ("teh\x7f\x7fhe\x1b[Hx", "xthe"),
    "a word back": ("one two\x1b[1;5Dx", "one xtwo"),
    "up from the second line": ("ab\ncd\x1b[Ax", "abx\ncd"),
    "delete to the left of it": ("abc\x15x", "x"),
    "undo of a cut": ("abc\x15\x1f", "abc"),
}


@pytest.mark.parametrize("name", PLACED)
def test_keys_of_one_packet_do_what_single_ones_do(program: Program, name: str) -> None:
    keys, text = PLACED[name]
    program.send(keys)
    program.wait_for(lambda screen: program.prompt_of(screen) == text)


WIDE = ("❤️ x", "👍🏽 x", "1️⃣ x", "กำ x", "한국 x", "ﷺ x", "क्षि x", "x\u200dy")


def test_what_is_wide_keeps_the_columns(program: Program, keeper: Keeper) -> None:
    code = "\n".join(f"{text}|" for text in WIDE)
    rows = "".join(f"| {text} | y |\n" for text in WIDE)
    question = keeper.play("wide", [Answer(f"```\n{code}\n```\n\n| a | b |\n|---|---|\n{rows}\nend of it")])
    program.ask(question, "end of it")
    program.settle()
    drawn = program.cells()
    program.press("\x0c")
    program.settle()
    assert program.cells() == drawn


def test_a_paste_of_a_megabyte_is_a_token_and_is_sent_whole(program: Program) -> None:
    text = "盐水 0123456789\n" * 60_000
    before = len(program.store.questions())
    program.paste(text)
    program.wait_for(lambda screen: "60,000 lines pasted" in program.prompt_of(screen))
    program.press("\r")
    program.wait_for("nothing was to be played")
    assert questions_since(program, before) == [text]


def test_a_token_is_opened_in_the_editor_and_what_is_written_there_is_sent(
    keeper: Keeper, tmp_path: Path
) -> None:
    text = "盐水 0123456789\n" * 12_000
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\ncp "$1" {tmp_path}/opened\nprintf "and more" >> "$1"\n', "utf-8")
    editor.chmod(0o700)
    with Program(tmp_path / "home", keeper.server, bot=BOT, env={"EDITOR": str(editor)}) as program:
        program.ready()
        program.paste(text)
        program.wait_for(lambda screen: "12,000 lines" in program.prompt_of(screen))
        program.press("\x0f")
        program.wait_for(lambda screen: "pasted, " in program.prompt_of(screen), timeout=30)
        program.wait_until((tmp_path / "opened").exists)
        program.settle()
        assert (tmp_path / "opened").read_text("utf-8") == text
        assert "0123456789" not in program.prompt
        program.press("\r")
        program.wait_for("nothing was to be played")
        assert program.store.questions() == [f"{text}and more"]
        program.send(b"\x11")
        program.check_left()
