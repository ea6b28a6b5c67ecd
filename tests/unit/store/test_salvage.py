"""A damaged store is set aside, and what can be read of it goes on living."""

from __future__ import annotations

import random
import re
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError
from coze_tui.store import history, journal, messages, prompts, search
from coze_tui.store.candidates import conversation_candidates
from coze_tui.store.database import open_or_rescue
from coze_tui.store.files import beside
from coze_tui.store.migrations import STEPS, migrate
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.store.salvage import damage_in, is_half_done, rescue

PAGE = 4096


def filled(path: Path, conversations: int = 60) -> None:
    """A store with a few hundred pages in it, closed properly."""
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.execute("PRAGMA page_size = 4096")
        c.execute("PRAGMA auto_vacuum = INCREMENTAL")
        c.execute("PRAGMA journal_mode = WAL")
        migrate(c, path)
        c.execute("BEGIN")
        for number in range(conversations):
            key = history.create_conversation(c, "coze.cn", "7402", number, title=f"t{number}")
            for turn in range(3):
                chat = journal.begin_chat(c, key, f"question {number}.{turn}", "7402", number)
                journal.append_frames(c, chat, 1, [Frame("done", "x" * 50)])
                journal.finish_chat(
                    c,
                    chat,
                    ChatRecord(status="completed"),
                    [SavedMessage("assistant", "answer", "答案退款" * 100)],
                )
            prompts.add(c, f"prompt {number}", number)
        c.execute("COMMIT")


def counts(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as c:
        return {
            table: int(c.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in ("conversations", "chats", "messages", "texts", "prompts")
        }


def spoil(path: Path, offset: int, with_: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(with_)


def root_of(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as c:
        return int(c.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0])


def leaf_of(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as c:
        pages = c.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (name,)
        ).fetchall()
    return int(pages[len(pages) // 2][0])


def rescued(path: Path) -> Path:
    """Rescues, checks what must be true every time, and gives the file set aside."""
    before = path.read_bytes()
    has_log = beside(path, "-wal").exists()
    done = rescue(path)
    assert done is not None
    aside, _ = done
    assert has_log or aside.read_bytes() == before  # a log is played in by SQLite itself
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as c:
        assert damage_in(c) == ""
        assert c.execute("PRAGMA foreign_key_check").fetchall() == []
        assert c.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    left = {each.name for each in path.parent.iterdir()} - {path.name, aside.name}
    assert {name for name in left if not name.endswith(("-wal", "-shm"))} == set()
    return aside


def test_a_sound_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    filled(path, 3)
    before = path.read_bytes()
    assert rescue(path) is None
    assert path.read_bytes() == before


def test_a_broken_header_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    filled(path)
    whole = counts(path)
    spoil(path, 0, b"\0" * 100)
    with closing(sqlite3.connect(path)) as c:
        assert damage_in(c)
    rescued(path)
    assert counts(path) == whole
    with closing(sqlite3.connect(path)) as c:
        assert len(search.search(c, "退款", limit=1_000)) == 180


def test_a_broken_leaf_costs_only_what_was_on_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    filled(path)
    whole = counts(path)
    spoil(path, (leaf_of(path, "messages") - 1) * PAGE, b"\xff" * PAGE)
    rescued(path)
    left = counts(path)
    assert {**left, "messages": 0, "texts": 0} == {**whole, "messages": 0, "texts": 0}
    assert whole["messages"] - 30 <= left["messages"] < whole["messages"]
    assert left["texts"] == left["messages"]


@pytest.mark.parametrize("table", ["conversations", "chats", "messages", "prompts", "texts"])
def test_a_table_that_is_gone_takes_no_other_with_it(tmp_path: Path, table: str) -> None:
    path = tmp_path / "store.db"
    filled(path)
    whole = counts(path)
    spoil(path, (root_of(path, table) - 1) * PAGE, b"\xff" * PAGE)
    rescued(path)
    left = counts(path)
    # Conversations are made anew from what names them, texts from the messages.
    lost = {"chats": {"chats"}, "messages": {"messages", "texts"}, "prompts": {"prompts"}}.get(table, set())
    assert {name for name, count in left.items() if count != whole[name]} == lost


def test_messages_without_their_conversation_are_still_shown(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    filled(path, 5)
    with closing(sqlite3.connect(path)) as c:
        keys = {str(key) for (key,) in c.execute("SELECT key FROM conversations")}
    spoil(path, (root_of(path, "conversations") - 1) * PAGE, b"\xff" * PAGE)
    rescued(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        assert {each.key for each in history.conversations(c)} == keys
        key = keys.pop()
        assert len(messages.messages(c, key)) == 6
        journal.begin_chat(c, key, "and on", "7402", 9)
        assert messages.messages(c, key)[-1].content == "and on"


@pytest.mark.parametrize("name", ["chats", "prompts_by_time"])
async def test_a_damaged_name_in_the_schema_is_damage(tmp_path: Path, name: str) -> None:
    path = tmp_path / "store.db"
    filled(path, 5)
    # A row of the schema has its type, its name, the name of the table and the statement side by side.
    at = re.search(rb"(?:table|index)(?=%b)" % name.encode(), path.read_bytes())
    assert at is not None
    spoil(path, at.end(), b"\xfd" * len(name))
    assert conversation_candidates(path, "", are_deleted=False) == []
    opened = await open_or_rescue(path)
    assert [warning.kind for warning in opened.warnings] == ["damaged"]
    assert await opened.database.damage() == ""
    await opened.database.close()


def test_a_file_of_rubbish_is_set_aside_for_an_empty_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(random.Random(1).randbytes(20_000))
    rescued(path)
    assert set(counts(path).values()) == {0}


def test_what_is_only_in_the_log_is_rescued_too(tmp_path: Path) -> None:
    path, copy = tmp_path / "store.db", tmp_path / "copy" / "store.db"
    copy.parent.mkdir()
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.execute("PRAGMA wal_autocheckpoint = 0")
        prompts.add(c, "only in the log", 99)
        for suffix in ("", "-wal"):
            beside(copy, suffix).write_bytes(beside(path, suffix).read_bytes())
    spoil(copy, (leaf_of(path, "messages") - 1) * PAGE, b"\xff" * PAGE)
    rescued(copy)
    with closing(sqlite3.connect(copy)) as c:
        assert prompts.latest(c)[:1] == ("only in the log",)


def test_any_damage_ends_in_a_sound_store(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    filled(whole, 20)
    original = whole.read_bytes()
    random_ = random.Random(2)
    saved = 0
    for number in range(12):
        path = tmp_path / str(number) / "store.db"
        path.parent.mkdir()
        spoilt = bytearray(original)
        for _ in range(random_.randrange(1, 6)):
            at = random_.randrange(len(spoilt))
            junk = random_.randbytes(random_.choice([1, 100, 5_000]))
            spoilt[at : at + len(junk)] = junk
        path.write_bytes(spoilt)
        with closing(sqlite3.connect(path)) as c:
            if not damage_in(c):
                continue
        rescued(path)
        saved += counts(path)["messages"]
    assert saved > 0


def test_a_store_of_an_older_version_is_rescued_into_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.execute("PRAGMA page_size = 4096")
        c.execute("PRAGMA auto_vacuum = INCREMENTAL")
        migrate(c, path, STEPS[:1])
        c.execute("DROP TABLE sections")
        c.execute(
            "INSERT INTO conversations (key, site, bot_id, created_at, updated_at) VALUES ('k', '', '', 1, 1)"
        )
        c.executemany(
            """INSERT INTO messages (conversation, position, role, type, content_type, message_id, name,
                                     created_at, content, reasoning)
               VALUES ('k', ?, 'assistant', 'answer', 'text', '', '', 1, ?, '')""",
            [(position, "退款" * 200) for position in range(100)],
        )
    spoil(path, (leaf_of(path, "messages") - 1) * PAGE, b"\xff" * PAGE)
    rescued(path)
    with closing(sqlite3.connect(path)) as c:
        assert 90 < len(search.search(c, "退款", limit=200)) < 100


def test_a_rescue_that_was_broken_off_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    filled(path, 4)
    beside(path, ".rescued").write_bytes(path.read_bytes())
    beside(path, ".rescued").chmod(0o600)
    path.write_bytes(b"rubbish" * 1_000)
    assert is_half_done(path)
    aside = rescued(path)
    assert aside.read_bytes() == b"rubbish" * 1_000
    assert counts(path)["conversations"] == 4
    assert not is_half_done(path)


def test_a_rescue_that_cannot_write_is_a_store_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"rubbish" * 1_000)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(StoreError) as caught:
        rescue(path)
    assert caught.value.kind == "full"
    assert path.read_bytes() == b"rubbish" * 1_000
    assert [each.name for each in tmp_path.iterdir()] == ["store.db"]


def test_trouble_that_is_no_damage_is_not_called_damage() -> None:
    class Locked:
        execute: Callable[[str], None]

    def locked(_: str) -> None:
        error = sqlite3.OperationalError("locked")
        error.sqlite_errorname = "SQLITE_BUSY"
        raise error

    connection = Locked()
    connection.execute = locked
    with pytest.raises(sqlite3.OperationalError):
        damage_in(connection)  # type: ignore[arg-type]  # all it needs
