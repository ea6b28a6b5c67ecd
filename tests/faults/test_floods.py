"""What never ends or is too much comes to the screens: memory stays small, and Escape ends it.

`COZE_TUI_FLOOD=1000000 pytest -s` floods with a million events before Escape, or as many as are
taken.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.keeper import Keeper
from tests.support.program import Program
from tests.support.raw_replies import CREATED, RAW, event, for_ever, head, says_nothing
from tests.support.raw_server import Line, RawServer

MANY = int(os.environ.get("COZE_TUI_FLOOD", "20000"))
MOST_MEGABYTES = 300
DELTA = event("message.delta", {"id": "m1", "role": "assistant", "type": "answer", "content": "盐 "})
THOUGHT = event(
    "message.delta",
    {"id": "m1", "role": "assistant", "type": "answer", "content": "", "reasoning_content": "水\n"},
)
TOOL = event("message.completed", {"id": "m2", "role": "assistant", "type": "function_call", "content": "{}"})


class Flood:
    """A part of a stream again and again, until the client has had enough."""

    def __init__(self, piece: str) -> None:
        self._pieces = (piece * 500).encode()
        self.sent = 0

    def __call__(self, line: Line) -> None:
        self.sent = 0
        line.send(head() + CREATED)
        while line.send(self._pieces) and not line.over.is_set():
            self.sent += 500


FLOODS = {
    "a flood of text": Flood(DELTA),
    "a flood of thoughts": Flood(THOUGHT),
    "a flood of tool calls": Flood(TOOL),
    "a flood of unknown events": Flood("event: odd\ndata: {}\n\n"),
}
DRIPS: dict[str, Callable[[Line], None]] = {
    "comments for ever": for_ever(head() + CREATED, ":\n\n"),
    "a byte at a time": for_ever(head() + CREATED, "d"),
    "a head that never ends": for_ever("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"),
    "nothing": says_nothing,
}
TOO_MUCH = {
    "sends a line of 200 MB": "too long",
    "sends an event of 200 MB": "too large",
    "sends a bomb": "too long",
    "has a huge head": "too long",
}
"""Of the servers of `test_network.py`."""


def talk(line: Line) -> None:
    """What the question names; of anything else there is nothing."""
    kinds: dict[str, Callable[[Line], None]] = {**FLOODS, **DRIPS}
    kinds |= {name: RAW[name][0] for name in TOO_MUCH}
    asked = [kinds[name] for name in kinds if f'"{name}"'.encode() in line.request]
    if b"POST /v3/chat?" in line.request or b"POST /v3/chat " in line.request:
        asked[0](line)
    else:
        line.send(head("404 No", "application/json") + '{"code":4200,"msg":"nothing here"}')


@pytest.fixture(scope="module")
def flooded(keeper: Keeper, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One program at a server that does what it is asked for."""
    home = tmp_path_factory.mktemp("floods") / "home"
    with (
        RawServer(talk) as server,
        Program(home, keeper.server, size=(110, 40), env={"COZE_API_BASE": server.base_url}) as program,
    ):
        program.ready()
        yield program
        program.send(b"\x11")
        program.check_left()


def peak(program: Program) -> float:
    """The most memory it has had, in MB."""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    status = Path(f"/proc/{program.process.pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.mark.parametrize("what", [*FLOODS, *DRIPS])
def test_escape_ends(flooded: Program, keeper: Keeper, what: str) -> None:
    keeper.begin_anew(flooded)
    since = len(flooded.raw)
    flooded.send_message(what)
    flooded.wait_for("Esc stop")
    if what in FLOODS:
        began = time.monotonic()
        flooded.wait_until(lambda: FLOODS[what].sent >= MANY or "cut off at" in flooded.text, timeout=3600)
        print(f"{what}: {FLOODS[what].sent} events, {time.monotonic() - began:.0f} s, {peak(flooded):.0f} MB")
    flooded.send("\x1b")
    flooded.wait_for(
        lambda screen: "stopped at" in screen.text() or "cut off at" in screen.text(), timeout=60
    )
    flooded.idle(timeout=60)
    assert peak(flooded) < MOST_MEGABYTES
    flooded.check(since=since)


@pytest.mark.parametrize("what", TOO_MUCH)
def test_it_is_reported(flooded: Program, keeper: Keeper, what: str) -> None:
    keeper.begin_anew(flooded)
    since = len(flooded.raw)
    flooded.send_message(what)
    flooded.wait_for(TOO_MUCH[what])
    flooded.idle()
    assert peak(flooded) < MOST_MEGABYTES
    flooded.check(since=since)
