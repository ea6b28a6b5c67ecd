"""A small history may contain more than fits into memory; every command and screen stays within bounds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from coze_tui.api.objects import Frame
from coze_tui.engine.model.records import ChatRecord
from coze_tui.exports.jsonl import lines_from
from coze_tui.standin.server import StandIn
from coze_tui.store import archive
from coze_tui.store.archive import ConversationArchive, pack
from coze_tui.store.history import SavedConversation
from coze_tui.store.records import SLOT, SavedMessage
from tests.support.program import BOT, COMMAND, TOKEN, Program
from tests.support.stores import written

KEY = "bomb23456"
COUNT = 40
"""Frames of 7 MB: 280 MB in all, which are 300 kB in the history."""
MOST_MB = 330
"""Four times what a reply of Coze may have, and the program itself."""
LEFT_OUT = "31 events left out at the end"


def bomb(count: int = COUNT, content: str = "A" * 7_000_000) -> ConversationArchive:
    """Return a conversation of one chat with this number of frames."""
    data = json.dumps({"id": "1", "role": "assistant", "type": "answer", "content": content})
    packed = pack(Frame("conversation.message.delta", data, number) for number in range(count))
    assert packed is not None
    chat = ChatRecord(
        *(1, KEY, 1, "91", "", BOT),
        question="q",
        sent_at=1_760_000_000_000,
        is_final=True,
        frame_count=count,
        status="completed",
    )
    said = (
        SavedMessage("user", "question", "q", chat=1, position=SLOT),
        SavedMessage("assistant", "answer", "fine", chat=1, position=SLOT + 1),
    )
    saved = SavedConversation(KEY, "coze.cn", BOT, created_at=1, updated_at=1, title="bomb")
    return ConversationArchive(saved, chats=(chat,), messages=said, packed_frames={1: packed})


@pytest.fixture(scope="module")
def written_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the conversation in its history: packing 280 MB takes a second."""
    home = tmp_path_factory.mktemp("bomb") / "home"
    archived = bomb()
    written(home, lambda c: archive.put(c, archived))
    return home


@pytest.fixture
def home(written_home: Path, tmp_path: Path) -> Path:
    """A copy of that home for one test."""
    return shutil.copytree(written_home, tmp_path / "home")


MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command from a small process, because the peak of a child starts with the memory of its parent."""


def ran(home: Path, *arguments: str) -> tuple[int, str, float]:
    """Run a command; return its status, what it printed on stderr, and its peak of memory in MB."""
    child = subprocess.run(
        [sys.executable, "-c", MEASURED, COMMAND, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "COZE_TUI_HOME": str(home), "COZE_TUI_LANGUAGE": "en"},
        check=True,
    )
    status, most_kb = map(int, child.stdout.split())
    return status, child.stderr, most_kb / 1024


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", KEY], LEFT_OUT),
        (["show", "--json", KEY], LEFT_OUT),
        (["history", "show", KEY], ""),
        (["history", "search", "AAAA"], "no matches"),
        (["stats"], ""),
        (["support-bundle", KEY, "--yes", "-o", "-"], LEFT_OUT),
        *((["history", "export", KEY, "--format", form, "-o", "-"], "") for form in ("md", "html")),
        *((["history", "export", KEY, "--format", form, "-o", "-"], "") for form in ("sse", "jsonl")),
    ],
)
def test_no_command_takes_more_memory_than_a_reply_may(home: Path, arguments: list[str], told: str) -> None:
    status, errors, most = ran(home, *arguments)
    assert told in errors
    assert "Traceback" not in errors
    assert status == 0 or told == "no matches"
    assert most < MOST_MB


def test_many_small_frames_count_like_few_large_ones(tmp_path: Path) -> None:
    home, archived = tmp_path / "home", bomb(500_000, "A")
    written(home, lambda c: archive.put(c, archived))
    status, errors, most = ran(home, "support-bundle", KEY, "--mask", "--yes", "-o", "-")
    assert (status, "250,000 events left out" in errors) == (0, True)
    assert most < MOST_MB


def over_limits() -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield names and lines of files that are small when packed, or take much memory when read."""
    yield "chat", lines_from(bomb())
    start = [line for line in lines_from(bomb(1)) if len(line) < 1_000_000][:3]
    yield "event", [*start, json.dumps({"frame": [1, "e", "A" * 9_000_000, ""]}).encode() + b"\n"]
    yield "line", [*start, b'{"frame":[1,"e",[', *([b"[],"] * 9_000_000), b'""],""]}\n']


def test_an_import_counts_what_it_unpacks(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name, lines in over_limits():
        path = tmp_path / f"{name}.jsonl"
        with path.open("wb") as file:  # all lines at once would count as memory of the child
            file.writelines(lines)
        status, errors, most = ran(home, "history", "import", str(path))
        assert status
        assert f"too large to be a coze-tui file. Details: {name}" in errors
        assert most < MOST_MB


def test_opening_the_conversation_stays_within_bounds(home: Path) -> None:
    with StandIn(token=TOKEN) as server, Program(home, server, "-s", KEY) as program:
        program.wait_for("fine")
        program.wait_for("left out")
        status = Path(f"/proc/{program.process.pid}/status")
        if status.exists():
            [most] = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            assert int(most) / 1024 < MOST_MB
        program.send("\x07\x07")  # the inspector
        program.wait_for("left out at the end: the chat is larger")
