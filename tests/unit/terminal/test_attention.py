"""Notifications of the terminal: which terminals have them, what they contain, and how they pass tmux."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from coze_tui.terminal.attention import kind_of, notification, notification_in_tmux


@pytest.mark.parametrize(
    ("env", "kind"),
    [
        ({"TERM_PROGRAM": "iTerm.app", "TERM": "xterm-256color"}, "osc9"),
        ({"LC_TERMINAL": "iTerm2", "TERM": "xterm-256color"}, "osc9"),
        ({"TERM_PROGRAM": "WezTerm"}, "osc9"),
        ({"TERM": "xterm-ghostty"}, "osc9"),
        ({"TERM": "xterm-kitty"}, "osc9"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-256color"}, "osc9"),
        ({"TERM": "rxvt-unicode-256color"}, "osc777"),
        ({"TERM": "foot"}, "osc777"),
        ({"VTE_VERSION": "7600", "TERM": "xterm-256color"}, "osc777"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM_PROGRAM": "Apple_Terminal", "TERM": "xterm-256color"}, ""),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/x,1,0"}, ""),
        ({"TERM_PROGRAM": "iTerm.app", "STY": "1.pts"}, ""),
        ({}, ""),
    ],
)
def test_a_terminal_is_known_by_what_it_says_of_itself(env: dict[str, str], kind: str) -> None:
    assert kind_of(env) == kind


def test_what_it_says() -> None:
    assert (
        notification("osc9", "题目", "Bot has answered.") == "\x1b]9;coze-tui: Bot has answered. · 题目\x1b\\"
    )
    assert notification("osc9", "", "done") == "\x1b]9;coze-tui: done\x1b\\"
    assert notification("osc777", "a;b", "c;d") == "\x1b]777;notify;a,b;c,d\x1b\\"
    assert notification("osc777", "", "done") == "\x1b]777;notify;coze-tui;done\x1b\\"
    assert notification("", "a", "b") == ""


@pytest.mark.parametrize("kind", ["osc9", "osc777"])
def test_nothing_in_it_ends_the_sequence(kind: str) -> None:
    hostile = "a\x1b\\\x1b]52;c;eA==\x07b\x9c\n\u202e" + "x" * 1000
    sequence = notification(kind, hostile, hostile)  # type: ignore[arg-type]
    inside = sequence[2:-2]
    assert inside.isprintable()
    assert len(inside) < 450


def tmux_with(folder: Path, says: str, status: int = 0) -> str:
    """A command that answers as a tmux does."""
    script = folder / "tmux"
    script.write_text(f"#!/bin/sh\nprintf '{says}'\nexit {status}\n", encoding="utf-8")
    script.chmod(0o755)
    return str(script)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no tmux")
@pytest.mark.parametrize(
    ("says", "kind", "expected"),
    [
        (r"on\niTerm2 3.5\nxterm-256color\n", "", "\x1bPtmux;\x1b\x1b]9;coze-tui: b · a\x1b\x1b\\\x1b\\"),
        (r"1\n\nxterm-kitty\n", "", "\x1bPtmux;\x1b\x1b]9;coze-tui: b · a\x1b\x1b\\\x1b\\"),
        (r"all\nfoot(1.16)\nfoot\n", "", "\x1bPtmux;\x1b\x1b]777;notify;a;b\x1b\x1b\\\x1b\\"),
        (r"on\n\nxterm-256color\n", "", ""),
        (r"on\n\nxterm-256color\n", "osc777", "\x1bPtmux;\x1b\x1b]777;notify;a;b\x1b\x1b\\\x1b\\"),
        (r"off\niTerm2 3.5\nxterm\n", "", ""),
        (r"0\niTerm2 3.5\nxterm\n", "osc9", ""),
        ("", "osc9", ""),
    ],
)
async def test_tmux_is_asked_whether_it_may_pass(tmp_path: Path, says: str, kind: str, expected: str) -> None:
    tmux = tmux_with(tmp_path, says)
    assert await notification_in_tmux(kind, "a", "b", dict(os.environ), tmux) == expected  # type: ignore[arg-type]


async def test_without_an_answer_of_tmux_nothing_is_sent(tmp_path: Path) -> None:
    assert await notification_in_tmux("osc9", "a", "b", {}, str(tmp_path / "none")) == ""
    if sys.platform != "win32":
        failing = tmux_with(tmp_path, r"on\niTerm2\nxterm", status=1)
        assert await notification_in_tmux("osc9", "a", "b", dict(os.environ), failing) == ""
