"""What runs at each start and at each question costs the same however much history there is."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from coze_tui.api.chats import ChatRequest
from coze_tui.api.objects import Frame
from coze_tui.config.settings import Settings
from coze_tui.engine.engine import Engine
from coze_tui.engine.model.dialects import Feature
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.session.maintenance import check_if_due, complete_index, keep_small
from coze_tui.engine.session.outbox import Outbox
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.engine.thread import EngineThread
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from coze_tui.store.records import SLOT
from tests.support.engine_desk import desk
from tests.support.stores import DONE

NOW = 1_760_000_000_000
OWN_SITE = "http://studio.example:8888"
_SMALL = ("chats_running", "texts_unindexed", "conversations_deleted")
"""Partial indexes of the few rows that something is to be done about."""
_LARGE = ("conversations", "chats", "messages", "frames", "texts", "prompts", "sections")


def traced(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return a set that gets every statement that any connection executes from now on."""
    statements: set[str] = set()
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
        c = connect(*arguments, **options)
        c.set_trace_callback(statements.add)
        return c

    monkeypatch.setattr(sqlite3, "connect", connected)
    return statements


def scans(path: Path, statements: set[str]) -> list[str]:
    """Return those of the statements that read a whole table, or sort many rows, with SQLite's plan."""
    found = []
    with closing(sqlite3.connect(path)) as c:
        for statement in list(statements):  # this connection adds its own
            if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", statement):
                continue
            try:
                plan = [str(row[3]) for row in c.execute(f"EXPLAIN QUERY PLAN {statement}")]
            except sqlite3.OperationalError:  # of FTS5's own tables
                continue
            walks = " LIMIT " in statement  # in the order of an index until enough was found
            if any(is_scan(step, walks=walks) for step in plan):
                found.append(f"{' '.join(statement.split())}: {plan}")
    return found


def is_scan(step: str, *, walks: bool) -> bool:
    table = re.match(r"SCAN (\w+)", step)
    if table is None or table[1] not in _LARGE or step.endswith(_SMALL):
        return False
    return not (walks and "INDEX" in step)


MORE = """
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
    INSERT INTO conversations (key, site, bot_id, bot_name, title, last_slot, created_at, updated_at)
    SELECT 'more' || i, :site, '7511', '海水', 't', 1, :at - i, :at - i FROM n"""
CHATS_OF_MORE = """
    INSERT INTO chats (conversation, slot, chat_id, bot_id, question, sent_at, is_final, status)
    SELECT key, 1, key, '7511', 'q', updated_at, 1, 'completed' FROM conversations WHERE key LIKE 'more%'"""
MESSAGES_OF_MORE = """
    INSERT INTO messages (conversation, position, chat, role, type, content_type, message_id, name,
                          created_at, content, reasoning)
    SELECT conversation, ?, key, 'user', 'question', 'text', '', '', sent_at, question, '' FROM chats
    WHERE conversation LIKE 'more%'"""
FEW, MANY = 300, 3_000
"""More conversations than any page or limit of a start."""
_STEPS = 10


def grown(path: Path, statements: set[str]) -> list[str]:
    """Return those of the statements that do more in a history that is ten times as large.

    All of it is of the site and the bot in use, as most histories are.
    """
    counts: dict[int, dict[str, int]] = {}
    statements = set(statements)  # the connections below add their own
    for size in (FEW, MANY):
        copy = path.with_name(f"{size}.db")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as c:
            source.backup(c)
            c.execute(MORE, {"count": size, "site": OWN_SITE.removeprefix("http://"), "at": NOW})
            c.execute(CHATS_OF_MORE)
            c.execute(MESSAGES_OF_MORE, (SLOT,))
            c.commit()
        with closing(sqlite3.connect(copy, isolation_level=None)) as c:
            counts[size] = {each: steps_of(c, each) for each in statements}
    few, many = counts[FEW], counts[MANY]
    return [f"{few[each]} → {many[each]}: {each}" for each in statements if many[each] > 1.2 * few[each] + 20]


def steps_of(c: sqlite3.Connection, statement: str) -> int:
    """Return how many times ten steps SQLite takes for a statement, whose changes are taken back."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", statement):
        return 0
    c.execute("BEGIN")
    c.set_progress_handler(step, _STEPS)
    try:
        c.execute(statement).fetchall()
    except (sqlite3.IntegrityError, sqlite3.OperationalError):  # of FTS5's own tables, or done before
        pass
    finally:
        c.set_progress_handler(None, 0)
        c.execute("ROLLBACK")
    return count


def fill(c: sqlite3.Connection) -> str:
    """Add conversations, one of them deleted and one cut off; return the key of another one."""
    keys = []
    for number in range(5):
        keys.append(history.create_conversation(c, "studio.example:8888", "7511", NOW + number))
        chat = journal.begin_chat(c, keys[-1], "q", "7511", NOW)
        journal.append_frames(c, chat, 1, [Frame("conversation.chat.created", '{"id":"1"}')])
        if number:
            journal.note_ids(c, chat, chat_id=f"9{number}", conversation_id="8", section_id="5")
            journal.finish_chat(c, chat, DONE, [])
    history.delete(c, keys[1], 1)
    return keys[2]


@pytest.mark.parametrize("retention_days", [0, 1])
async def test_no_statement_of_a_start_reads_a_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, retention_days: int
) -> None:
    path = tmp_path / "store.db"
    database = await Database.open(path)
    key = await database.write(fill)
    await database.close()
    statements = traced(monkeypatch)
    settings = replace(Settings(), base_url=OWN_SITE, retention_days=retention_days)
    async with desk(tmp_path, settings) as running:
        thread: EngineThread = running.engine_thread

        async def start(engine: Engine) -> None:
            await engine.unfetched_chats()
            await engine.conversations.prompts()
            assert await engine.conversations.last()
            await engine.conversations.open(key)
            await engine.inspecting.figures(await engine.last_chat(key))
            await engine.limit(Feature.CANCEL)
            await engine.conversations.name_bot("studio.example:8888", "7511", "海水")
            await engine.browsing.page()
            await engine.browsing.named(key[:3])
            await engine.browsing.changes()
            await engine.server_side.owed()

        await thread.call(start)
    database = await Database.open(path)  # once more, since the engine does this in the background
    await complete_index(database)
    await keep_small(database, retention_days, NOW)
    await check_if_due(database)
    await database.close()
    assert len(statements) > 30
    assert scans(path, statements) == []
    assert grown(path, statements) == []


async def test_no_statement_of_a_question_reads_a_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    database = await Database.open(path)
    key = await database.write(fill)
    await database.close()
    statements = traced(monkeypatch)
    database = await Database.open(path)
    failures: list[Exception] = []
    recorder = JournalRecorder(Outbox(database, failures.append), key, site="studio.example:8888")
    state, log = TurnState(), FrameLog()
    await recorder.begin(ChatRequest("7511", "lin", "下一班？"))
    log.add([Frame("conversation.message.delta", '{"type":"answer","content":"18:40"}', 1)])
    await recorder.append(log)
    await recorder.identify(state, "L1")
    await database.write(lambda c: journal.heartbeat(c, NOW))
    await recorder.finish(state, TurnFigures(), Outcome.COMPLETED, None, 2)
    await database.run(lambda c: journal.last_identified(c, key))
    await database.close()
    assert failures == []
    assert len(statements) > 20
    assert scans(path, statements) == []
    assert grown(path, statements) == []
