"""Commands that read chats without an end: of programs that have died, and of those that still run."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from coze_tui.api.objects import Frame
from coze_tui.config.locations import find_paths
from coze_tui.standin.server import StandIn
from coze_tui.store import history, journal
from tests.support.commands import Command
from tests.support.program import TOKEN
from tests.support.stores import BOT, NOW, write, written

TEXT = "河流把盐带进海里"
CHAT_ID = "7499"


def frames(*texts: str) -> list[Frame]:
    """Return what had arrived: the IDs, and the deltas of an answer."""
    ids = {"id": CHAT_ID, "conversation_id": "7400", "bot_id": BOT, "status": "in_progress"}
    delta = {"id": "1", "role": "assistant", "type": "answer", "content_type": "text", "chat_id": CHAT_ID}
    return [
        Frame("conversation.chat.created", json.dumps(ids), 1_000),
        *(
            Frame("conversation.message.delta", json.dumps({**delta, "content": text}), 400_000)
            for text in texts
        ),
    ]


def begun(c: sqlite3.Connection, *texts: str, is_running: bool) -> str:
    """Write a conversation whose only chat has no end; its program is this one, or has died."""
    key = history.create_conversation(c, "coze.cn", BOT, NOW, bot_name="海水")
    chat = journal.begin_chat(c, key, "海水为什么是咸的？", BOT, NOW)
    journal.append_frames(c, chat, 1, frames(*texts or (TEXT,)))
    journal.note_ids(c, chat, chat_id=CHAT_ID, conversation_id="7400")
    if not is_running:
        c.execute("UPDATE chats SET owner = ''")
    return key


def rows(home: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(find_paths({"COZE_TUI_HOME": str(home)}).database_file)) as c:
        return c.execute(sql).fetchall()


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the lock for writing, as another program does."""
    file = find_paths({"COZE_TUI_HOME": str(home)}).database_file
    with closing(sqlite3.connect(file, isolation_level=None)) as c:
        c.execute("BEGIN IMMEDIATE")
        yield


READING = [
    "history show last",
    "history export --all -o -",
    "history search 带进",
    "history search --limit 0 带进",
]
INSPECTING = ["show last", f"show {CHAT_ID}", "support-bundle last -o -", "request last"]
SAYS_HOW_IT_ENDED = [*READING[:2], "history export --all -o - --format html", *INSPECTING[:2]]


@pytest.fixture(params=[False, True], ids=["dead", "running"])
def is_running(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def key(home: Path, is_running: bool) -> str:
    return asyncio.run(write(home, lambda c: begun(c, is_running=is_running)))


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("line", READING)
def test_the_text_is_shown(command: Command, line: str) -> None:
    ran = command(*line.split())
    assert (ran.status, ran.err) == (0, "")
    assert TEXT in ran.out


def test_a_token_that_a_server_has_split_is_masked_when_a_dead_chat_is_closed(
    command: Command, home: Path
) -> None:
    texts = ("the token is ", TOKEN[:9], TOKEN[9:], ", as you see")
    written(home, lambda c: begun(c, *texts, is_running=False))
    ran = command("history", "show", "last", COZE_API_TOKEN=TOKEN)
    assert "the token is ***, as you see" in ran.out
    [(stored,)] = rows(home, "SELECT content FROM messages WHERE type = 'answer'")
    assert stored == "the token is ***, as you see"


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("line", INSPECTING)
def test_the_chat_is_found(command: Command, line: str) -> None:
    ran = command(*line.split())
    assert ran.status == 0
    assert (CHAT_ID if "request" not in line else "海水为什么是咸的") in ran.out


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("line", SAYS_HOW_IT_ENDED)
def test_what_runs_is_not_called_cut_off(command: Command, line: str, is_running: bool) -> None:
    out = command(*line.split()).out
    assert ("still running" in out, "cut off" in out) == (is_running, not is_running)


@pytest.mark.usefixtures("key")
def test_ask_fetches_a_chat_of_the_history_by_its_id_alone(command: Command, stand_in: StandIn) -> None:
    ran = command("ask", "--fetch", CHAT_ID)
    assert ran.status == 4, "the server does not have it"
    query = next(dict(request.query) for request in stand_in.requests)
    assert query == {"chat_id": CHAT_ID, "conversation_id": "7400"}


def test_json_says_that_it_runs(command: Command, key: str, is_running: bool) -> None:
    expected = "running" if is_running else "interrupted"
    [chat] = json.loads(command("history", "show", "--json", key).out)["chats"]
    assert (chat["outcome"], chat["parts"][0]["text"]) == (expected, TEXT)
    assert json.loads(command("show", "--json", CHAT_ID).out)["outcome"] == expected


@pytest.mark.usefixtures("key")
def test_only_what_has_ended_counts(command: Command, is_running: bool) -> None:
    for words in (["--json"], ["--by", "conversation", "--csv"], []):
        ran = command("stats", *words)
        assert ran.err == ("coze-tui: 1 chat is running and does not count yet\n" if is_running else "")
        assert ran.err == command("stats", *words, "--since", "2020-01-01").err
        assert command("stats", *words, "--since", "2999-01-01").err == ""
    total = json.loads(command("stats", "--json").out)["total"]
    assert (total["chats"], total["interrupted"]) == ((0, 0) if is_running else (1, 1))


def test_the_list_has_a_sign_for_what_runs(command: Command, home: Path, key: str, is_running: bool) -> None:
    with locked(home):  # so that the end of the other one cannot be stored
        for _ in range(2):
            line = command("history", "list").out
            assert ("◐" in line, "⟂" in line) == (is_running, not is_running)
            [values] = map(json.loads, command("history", "list", "--json").out.splitlines())
            expected = (key, is_running, not is_running)
            assert (values["id"], values["running"], values["interrupted"]) == expected


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("line", ["history", "history search x", "stats", "show last", "history delete last"])
def test_every_command_finishes_the_chats_of_dead_programs(
    command: Command, home: Path, line: str, is_running: bool
) -> None:
    command(*line.split())
    [(is_final, status)] = rows(home, "SELECT is_final, status FROM chats")
    assert (is_final, status) == ((0, "") if is_running else (1, "interrupted"))
    assert bool(rows(home, "SELECT * FROM frames")) is is_running


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("line", [*READING, *INSPECTING])
def test_a_locked_history_is_shown_all_the_same(
    command: Command, home: Path, line: str, is_running: bool
) -> None:
    with locked(home):
        ran = command(*line.split())
    assert ran.status == 0
    assert (TEXT if line in READING else CHAT_ID if "request" not in line else "海水为什么是咸的") in ran.out
    assert ("cannot be updated" in ran.err and "locked by another program" in ran.err) == (not is_running)
    assert "not saved" not in ran.err
    assert "not being saved" not in ran.err


@pytest.mark.usefixtures("key")
def test_statistics_of_a_locked_history_count_the_same(
    command: Command, home: Path, is_running: bool
) -> None:
    with locked(home):
        total = json.loads(command("stats", "--json").out)["total"]
    assert (total["chats"], total["interrupted"]) == ((0, 0) if is_running else (1, 1))


def test_an_exported_running_chat_can_be_imported(
    command: Command, home: Path, key: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(command("history", "export", key, "--format", "jsonl", "-o", "-").out, "utf-8")
    elsewhere = {"COZE_TUI_HOME": str(home.with_name("elsewhere"))}
    assert command("history", "import", str(file), **elsewhere).status == 0
    assert TEXT in command("history", "show", "last", **elsewhere).out
