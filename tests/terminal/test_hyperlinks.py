"""Hyperlinks of the installed program: in a terminal that is known to support them, and only there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Bot, Complete, Delta
from coze_tui.standin.server import StandIn
from tests.support.program import BOT, TOKEN, Start
from tests.support.tmux import in_tmux

PAGE = "https://example.com/a?b=1"
ANSWER = (
    f"看[这一页]({PAGE})，或 https://example.com/文档/ ，不要[这个](file:///etc/passwd)、"
    "[那个](https://example.com/\x1b]8;;https://evil.example/\x07)。结束"
)
SENT = re.compile(rb"\x1b\]8;id=[0-9a-f]+;([^\x00-\x1f]+)\x1b\\")


def linking_bots() -> list[Bot]:
    return [Bot(BOT, "海水", [Delta(ANSWER), Complete()])]


def shown(run: Start, env: dict[str, str]) -> tuple[bytes, str]:
    """Return what was sent to the terminal for an answer with links, and the rows of the answer."""
    with StandIn(token=TOKEN, bots=linking_bots()) as server:
        program = run(stand_in=server, env=env)
        program.ask("哪一页？", "结束")
        rows = [row.partition("│")[0] for row in program.text.splitlines()]
        return program.raw, "\n".join(row for row in rows if "example" in row or "结束" in row)


@pytest.mark.parametrize("extra", [{"NO_COLOR": ""}, {"NO_COLOR": "1"}])
def test_links_of_an_answer_are_links_of_a_known_terminal(run: Start, extra: dict[str, str]) -> None:
    raw, _ = shown(run, {"VTE_VERSION": "7600"} | extra)
    targets = set(SENT.findall(raw))
    assert {PAGE.encode(), b"https://example.com/%E6%96%87%E6%A1%A3/"} <= targets
    assert not [target for target in targets if not target.startswith(b"https://example.com/")]
    rest = SENT.sub(b"", raw)
    assert set(re.findall(rb"\x1b\]8;[^\x1b\x07]*", rest)) == {b"\x1b]8;;"}
    assert raw.rfind(b"\x1b]8;;\x1b\\") > raw.rfind(b"\x1b]8;id=")


@pytest.mark.parametrize(
    "env",
    [{}, {"VTE_VERSION": "7600", "TERM": "linux"}, {"VTE_VERSION": "7600", "COZE_TUI_HYPERLINKS": "never"}],
)
def test_no_link_is_sent_elsewhere(run: Start, env: dict[str, str]) -> None:
    raw, _ = shown(run, env)
    assert b"\x1b]8;" not in raw


def test_the_setting_sends_links_and_the_screen_is_the_same(run: Start) -> None:
    raw, with_links = shown(run, {"COZE_TUI_HYPERLINKS": "always"})
    assert PAGE.encode() in SENT.findall(raw)
    _, without = shown(run, {"COZE_TUI_HYPERLINKS": "never"})
    assert with_links == without


def test_the_setting_is_valid_in_the_demo_too(run: Start) -> None:
    program = run("demo", stand_in=None, env={"COZE_TUI_HYPERLINKS": "always"})
    program.send_message(f"see {PAGE} now")
    program.wait_until(lambda: PAGE.encode() in SENT.findall(program.raw))


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_tmux_gets_links_if_it_is_new_enough_and_shows_the_same_text(home: Path) -> None:
    with StandIn(token=TOKEN, bots=linking_bots()) as server, in_tmux(home, server) as (terminal, ask):
        terminal.send("哪一页？\r")
        terminal.wait_for("结束")
        assert "]8;id=" not in terminal.text
        assert "这一页" in terminal.text
        major, minor = map(int, re.findall(r"\d+", ask("-V"))[:2])
        pane = ask("capture-pane", "-e", "-p")
        assert (PAGE in "".join(re.findall("\x1b]8;[^\x1b]*", pane))) is ((major, minor) >= (3, 4))
