"""The open store: private, durable, shared, and honest about trouble."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError, StoreWarning
from coze_tui.store import copies, history, journal, messages, opening, prompts, search
from coze_tui.store.database import Database, open_or_rescue
from coze_tui.store.files import beside
from coze_tui.store.migrations import STEPS, VERSION, migrate
from coze_tui.store.records import ChatRecord, SavedMessage
from tests.support.stores import conversation_count

FULL = ChatRecord(status="completed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.db"


def new_conversation(c: sqlite3.Connection) -> str:
    return history.create_conversation(c, "coze.cn", "7402", 1_000, title="春节")


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as c:
        return bool(c.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def settings(c: sqlite3.Connection) -> list[object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "auto_vacuum", "page_size")
    return [c.execute(f"PRAGMA {name}").fetchone()[0] for name in names]


# --- opening and closing ---


async def test_a_new_store_is_private_and_safe(path: Path) -> None:
    opened = await open_or_rescue(path)
    database = opened.database
    assert opened.warnings == ()
    assert database.is_saved
    key = await database.write(new_conversation)
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    assert {each.name for each in path.parent.iterdir()} >= {"store.db", "store.db-wal"}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert await database.run(settings) == ["wal", 2, 1, opening.BUSY_MS, 2, 4096]
    await database.close()
    assert [each.name for each in path.parent.iterdir()] == ["store.db"]
    database = await Database.open(path)
    saved = await database.read(lambda c: history.conversation(c, key))
    assert saved is not None
    assert saved.title == "春节"
    await database.close()


async def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"")
    opened = await open_or_rescue(path)
    assert {trouble.kind for trouble in opened.warnings} <= {"permissions"}
    await opened.database.write(new_conversation)
    await opened.database.close()
    assert is_sound(path)


async def test_a_closed_store_says_so_and_closes_twice(path: Path) -> None:
    database = await Database.open(path)
    await database.read(history.conversations)
    await database.close()
    await database.close()
    for asked in (database.run, database.write, database.read):
        with pytest.raises(StoreError, match="closed"):
            await asked(conversation_count)


async def test_closing_does_first_what_was_asked_before(path: Path) -> None:
    database = await Database.open(path)
    writes = [asyncio.ensure_future(database.write(new_conversation)) for _ in range(5)]
    await asyncio.sleep(0)
    await database.close()
    assert len({await write for write in writes}) == 5
    database = await Database.open(path)
    assert await database.run(conversation_count) == 5
    await database.close()


async def test_what_comes_while_it_closes_is_refused(path: Path) -> None:
    database = await Database.open(path)
    closed, late = await asyncio.gather(
        database.close(), database.run(conversation_count), return_exceptions=True
    )
    assert closed is None
    assert isinstance(late, StoreError)


async def test_a_folder_in_the_place_of_the_file_is_unreadable(path: Path) -> None:
    path.mkdir(parents=True)
    opened = await open_or_rescue(path)
    assert "unreadable" in {trouble.kind for trouble in opened.warnings}
    assert not opened.database.is_saved
    await opened.database.close()


# --- transactions ---


async def test_a_write_is_whole_or_nothing(path: Path) -> None:
    database = await Database.open(path)

    def half(c: sqlite3.Connection) -> None:
        new_conversation(c)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(half)
    assert await database.run(conversation_count) == 0
    await database.write(new_conversation)
    assert await database.run(conversation_count) == 1
    await database.close()


async def test_what_sqlite_says_becomes_a_store_error(path: Path) -> None:
    database = await Database.open(path)
    with pytest.raises(StoreError) as caught:
        await database.write(lambda c: c.execute("SELECT * FROM nowhere"))
    assert (caught.value.kind, caught.value.path) == ("other", str(path))
    assert "nowhere" in caught.value.detail
    await database.close()


async def test_reading_sees_one_moment_and_writes_nothing(path: Path) -> None:
    database = await Database.open(path)
    await database.write(new_conversation)
    counted, written = threading.Event(), threading.Event()

    def read_twice(c: sqlite3.Connection) -> tuple[int, int]:
        first = conversation_count(c)
        counted.set()
        assert written.wait(20)
        return first, conversation_count(c)

    reading = asyncio.ensure_future(database.read(read_twice))
    await asyncio.to_thread(counted.wait, 20)
    await database.write(new_conversation)  # no write waits for a read
    written.set()
    assert await reading == (1, 1)
    assert await database.read(conversation_count) == 2
    with pytest.raises(StoreError) as caught:
        await database.read(new_conversation)
    assert caught.value.kind == "readonly"
    await database.close()


async def test_a_query_nobody_waits_for_is_broken_off(path: Path) -> None:
    database = await Database.open(path)
    started = threading.Event()
    ended: list[str] = []

    def endless(c: sqlite3.Connection) -> None:
        started.set()
        try:
            c.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
        except sqlite3.OperationalError as error:
            ended.append(str(error))
            raise

    query = asyncio.ensure_future(database.read(endless))
    await asyncio.to_thread(started.wait, 20)
    query.cancel()
    with pytest.raises(asyncio.CancelledError):
        await query
    assert await database.read(conversation_count) == 0  # would wait for ever behind it
    assert ended == ["interrupted"]
    await database.close()


async def test_a_canceled_write_is_not_torn(path: Path) -> None:
    database = await Database.open(path)
    started, go_on = threading.Event(), threading.Event()

    def slow(c: sqlite3.Connection) -> None:
        new_conversation(c)
        started.set()
        assert go_on.wait(20)
        new_conversation(c)

    write = asyncio.ensure_future(database.write(slow))
    await asyncio.to_thread(started.wait, 20)
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    go_on.set()
    assert await database.run(conversation_count) == 2
    await database.close()


# --- two at once ---


async def test_what_any_program_writes_is_noticed(path: Path) -> None:
    ours, theirs = await Database.open(path), await Database.open(path)
    before = await ours.changes()
    assert await ours.changes() == before
    await ours.write(new_conversation)
    after_ours = await ours.changes()
    assert after_ours != before
    key = await theirs.write(new_conversation)
    assert await ours.changes() != after_ours
    assert await ours.read(lambda c: history.conversation(c, key)) is not None
    await ours.close()
    await theirs.close()


WRITES = """
import asyncio, sys
from pathlib import Path
from coze_tui.api.objects import Frame
from coze_tui.store import history, journal, prompts, records
from coze_tui.store.database import open_or_rescue
async def main():
    opened = await open_or_rescue(Path(sys.argv[1]))
    assert opened.warnings == (), opened.warnings
    database = opened.database
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1, title="t"))
    chat = await database.write(lambda c: journal.begin_chat(c, key, "q", "7402", 2))
    for number in range(1, int(sys.argv[2]) + 1):
        frame = Frame("e", f"{sys.argv[3]} {number}", number)
        await database.write(lambda c: journal.append_frames(c, chat, number, [frame]))
        await database.read(history.conversations)
        print(chat, number, flush=True)
    if sys.argv[4] == "finish":
        done = records.ChatRecord(status="completed")
        await database.write(lambda c: journal.finish_chat(c, chat, done, []))
    await database.close()
asyncio.run(main())
"""


def writer(path: Path, frames: int, name: str, end: str = "finish") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITES, str(path), str(frames), name, end],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_programs_write_at_once_from_the_first_moment(path: Path) -> None:
    children = [writer(path, 150, name) for name in ("a", "b", "c")]
    outputs = [child.communicate() for child in children]
    assert [errors[-200:] for _, errors in outputs] == ["", "", ""]
    assert is_sound(path)
    with closing(sqlite3.connect(path)) as c:
        for name, (output, _) in zip("abc", outputs, strict=True):
            chat = int(output.split()[0])
            assert [frame.data for frame in journal.frames_of(c, chat)] == [
                f"{name} {number}" for number in range(1, 151)
            ]


def test_a_killed_program_has_lost_nothing_it_had_acknowledged(path: Path) -> None:
    random_ = random.Random(3)
    acknowledged: dict[int, int] = {}
    for _ in range(10):
        child = writer(path, 100_000, "x")
        assert child.stdout is not None
        assert child.stderr is not None
        for _ in range(random_.randrange(1, 60)):
            chat, number = map(int, child.stdout.readline().split())
            acknowledged[chat] = number
        child.kill()
        for line in child.stdout.read().splitlines(keepends=True):
            if line.endswith("\n"):  # what was printed before the kill, too
                chat, number = map(int, line.split())
                acknowledged[chat] = number
        assert child.wait() == -signal.SIGKILL
        child.stdout.close()
        child.stderr.close()
        assert is_sound(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        assert len(acknowledged) == 10
        for chat, number in acknowledged.items():
            frames = journal.frames_of(c, chat)
            assert len(frames) >= number
            assert [frame.data for frame in frames] == [f"x {n}" for n in range(1, len(frames) + 1)]
        unfinished = journal.orphaned_chats(c, 5_000)
        assert {each.key for each in unfinished} == set(acknowledged)


def test_a_kill_while_a_chat_is_packed_leaves_it_whole_or_running(path: Path) -> None:
    for _ in range(4):
        child = writer(path, 40, "y")
        assert child.stdout is not None
        assert child.stderr is not None
        for _ in range(40):
            chat = int(child.stdout.readline().split()[0])
        child.kill()  # somewhere between the last frame and the end
        child.communicate()
        assert is_sound(path)
        with closing(sqlite3.connect(path)) as c:
            assert len(journal.frames_of(c, chat)) == 40


async def test_a_write_to_a_store_that_another_program_holds_fails_after_a_while(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "GIVE_UP_S", 0.05)
    opened = await open_or_rescue(path)
    database = opened.database
    await database.write(new_conversation)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            await database.write(new_conversation)
        assert caught.value.kind == "locked"
        again = await open_or_rescue(path)
        assert (again.warnings, again.database.is_saved) == ((), True)
        assert await again.database.read(conversation_count) == 1
        await again.database.close()
    await database.write(new_conversation)
    await database.close()


async def test_nothing_is_read_behind_a_write_that_waits_for_another_program(path: Path) -> None:
    database = await Database.open(path)
    await database.write(new_conversation)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(database.write(new_conversation))
        await asyncio.sleep(0)
        assert await database.run(conversation_count) == 1
        assert await database.read(conversation_count) == 1
        assert not writing.done()
    await writing
    assert await database.run(conversation_count) == 2
    await database.close()


@pytest.mark.parametrize("call", ["run", "read", "write"])
async def test_a_store_that_cannot_be_opened_yet_is_opened_by_a_later_call(path: Path, call: str) -> None:
    await (await Database.open(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        opened = await open_or_rescue(path, patience_s=0.05)
        assert (opened.warnings, opened.database.is_saved) == ((), True)
        with pytest.raises(StoreError) as caught:
            await getattr(opened.database, call)(conversation_count)
        assert caught.value.kind == "locked"
    assert await getattr(opened.database, call)(conversation_count) == 0
    await opened.database.write(new_conversation)
    await opened.database.close()


async def test_a_store_too_large_for_memory_is_not_copied_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.open(path)
    await database.write(new_conversation)
    await database.close()
    monkeypatch.setattr(opening, "GIVE_UP_S", 0.05)
    monkeypatch.setattr(copies, "COPIED_BYTES", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        opened = await open_or_rescue(path)
    assert [trouble.kind for trouble in opened.warnings] == ["locked"]
    assert await opened.database.run(conversation_count) == 0
    await opened.database.close()


async def test_a_store_locked_even_for_reading_gives_an_empty_one_in_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Database.open(path)).close()
    monkeypatch.setattr(opening, "GIVE_UP_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        opened = await open_or_rescue(path)
        assert [trouble.kind for trouble in opened.warnings] == ["locked"]
        await opened.database.write(new_conversation)
        await opened.database.close()


# --- trouble ---


async def test_a_full_disk_loses_nothing_written_before(path: Path) -> None:
    database = await Database.open(path)
    key = await database.write(new_conversation)
    chat = await database.write(lambda c: journal.begin_chat(c, key, "q", "7402", 2))
    pages = await database.run(lambda c: int(c.execute("PRAGMA page_count").fetchone()[0]))
    await database.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 10}").fetchone())
    frame = Frame("e", "x" * 3_000)
    written = 0

    async def write_on() -> None:
        nonlocal written
        while True:
            await database.write(
                partial(journal.append_frames, chat=chat, first_number=written + 1, frames=[frame])
            )
            written += 1

    with pytest.raises(StoreError) as caught:
        await write_on()
    assert caught.value.kind == "full"
    assert written > 0
    assert len(await database.read(lambda c: journal.frames_of(c, chat))) == written
    await database.run(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
    # What failed is sent again with what came since.
    late = [Frame("e", "late", number) for number in range(written + 1, written + 4)]
    await database.write(lambda c: journal.append_frames(c, chat, written + 1, late))
    assert len(await database.read(lambda c: journal.frames_of(c, chat))) == written + 3
    await database.close()
    assert is_sound(path)


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError, StoreWarning
from coze_tui.store import history, journal, prompts
from coze_tui.store.database import open_or_rescue
async def main():
    database = (await open_or_rescue(Path(sys.argv[1]))).database
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1, title="t"))
    chat = await database.write(lambda c: journal.begin_chat(c, key, "q", "7402", 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))
    for number in range(1, 10_000):
        try:
            frame = Frame("e", "x" * 2_000)
            await database.write(lambda c: journal.append_frames(c, chat, number, [frame]))
        except StoreError as error:
            frames = await database.read(lambda c: journal.frames_of(c, chat))
            print(error.kind, chat, number - 1, len(frames))
            break
    await database.close()
asyncio.run(main())
"""


def test_a_limit_on_the_size_of_files_is_a_full_disk(path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    kind, chat, written, read = child.stdout.split()
    assert kind == "full"
    assert int(written) == int(read) > 0
    assert is_sound(path)
    with closing(sqlite3.connect(path)) as c:
        assert len(journal.frames_of(c, int(chat))) == int(written)


def as_nobody(script: str, *arguments: str) -> str:
    """Runs a script without the right to write; root first gives up its rights."""
    drop = "import os\nif os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    child = subprocess.run(
        # The program is loaded before the rights are dropped: its files may be readable by root only.
        [sys.executable, "-c", PRELUDE + drop + script, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


PRELUDE = """
import asyncio, os, sys, sqlite3, traceback, concurrent.futures.thread, urllib.parse
from pathlib import Path
from coze_tui.store import history, prompts
from coze_tui.store.database import open_or_rescue
"""
OPENS = """
async def main():
    opened = await open_or_rescue(Path(sys.argv[1]))
    database = opened.database
    await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1, title="new"))
    print([trouble.kind for trouble in opened.warnings], database.is_saved,
          await database.read(lambda c: c.execute("SELECT count(*) FROM conversations").fetchone()[0]))
    await database.close()
asyncio.run(main())
"""


@pytest.fixture
def readable() -> Iterator[Path]:
    """A store with one conversation, in a folder that anybody may enter."""
    folder = Path(tempfile.mkdtemp())
    path = folder / "home" / "store.db"
    path.parent.mkdir()
    folder.chmod(0o755)
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.execute("PRAGMA journal_mode = WAL")
        migrate(c, path)
        new_conversation(c)
    yield path
    path.parent.chmod(0o700)
    shutil.rmtree(folder)


def test_a_read_only_home_is_shown_but_not_saved_in(readable: Path) -> None:
    readable.chmod(0o444)
    readable.parent.chmod(0o555)
    assert as_nobody(OPENS, str(readable)) == "['readonly'] False 2\n"


def test_a_read_only_file_is_shown_but_not_saved_in(readable: Path) -> None:
    readable.chmod(0o444)
    readable.parent.chmod(0o777)
    assert as_nobody(OPENS, str(readable)) == "['readonly'] False 2\n"
    with closing(sqlite3.connect(readable)) as c:
        assert conversation_count(c) == 1


def test_a_folder_that_may_not_be_made_gives_a_store_in_memory(readable: Path) -> None:
    assert as_nobody(OPENS, str(readable.parent / "not" / "there" / "store.db")) == "['readonly'] False 1\n"


def test_a_store_that_may_not_be_read_gives_an_empty_one(readable: Path) -> None:
    readable.chmod(0o000)
    kinds = as_nobody(OPENS, str(readable))
    assert kinds in ("['unreadable'] False 1\n", "['readonly'] False 1\n")


async def test_a_newer_store_is_left_alone(path: Path) -> None:
    database = await Database.open(path)
    await database.write(lambda c: c.execute(f"PRAGMA user_version = {VERSION + 1}").fetchall())
    await database.close()
    before = path.read_bytes()
    opened = await open_or_rescue(path)
    (trouble,) = opened.warnings
    assert (trouble.kind, trouble.path) == ("newer", str(path))
    await opened.database.write(new_conversation)
    await opened.database.close()
    assert path.read_bytes() == before
    with pytest.raises(StoreError) as caught:
        await Database.open(path)
    assert caught.value.kind == "newer"


async def test_an_older_store_is_migrated_and_the_backup_named(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        migrate(c, path, STEPS[:1])
        c.execute("INSERT INTO prompts (text, used_at) VALUES ('old', 1)")
    path.chmod(0o600)
    opened = await open_or_rescue(path)
    (trouble,) = opened.warnings
    assert trouble.kind == "migrated"
    assert Path(trouble.path).exists()
    assert await opened.database.run(prompts.latest) == ("old",)
    await opened.database.close()


async def chatted(database: Database) -> tuple[str, int]:
    key = await database.write(new_conversation)
    chat = await database.write(lambda c: journal.begin_chat(c, key, "退款", "7402", 2))
    answer = SavedMessage("assistant", "answer", "可以" * 300)
    await database.write(lambda c: journal.append_frames(c, chat, 1, [Frame("done", "")]))
    await database.write(lambda c: journal.finish_chat(c, chat, FULL, [answer] * 60))
    return key, chat


async def test_a_damaged_store_is_set_aside_and_rescued(path: Path) -> None:
    database = await Database.open(path)
    key, chat = await chatted(database)
    await database.close()
    with path.open("r+b") as file:
        file.write(b"x" * 100)
    damaged = path.read_bytes()
    opened = await open_or_rescue(path)
    (trouble,) = opened.warnings
    assert trouble.kind == "damaged"
    assert Path(trouble.path).read_bytes() == damaged
    assert opened.database.is_saved
    assert await opened.database.read(lambda c: messages.message_count(c, key)) == 61
    assert await opened.database.read(lambda c: journal.frames_of(c, chat)) == (Frame("done", ""),)
    await opened.database.close()
    again = await open_or_rescue(path)
    assert again.warnings == ()
    await again.database.close()


async def test_damage_in_a_large_store_is_found_by_a_check(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.open(path)
    await chatted(database)
    await database.close()
    with closing(sqlite3.connect(path)) as c:
        pages = c.execute(
            "SELECT pageno FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf'"
        ).fetchall()
    with path.open("r+b") as file:
        file.seek((pages[2][0] - 1) * 4096)
        file.write(b"\xff" * 4096)
    monkeypatch.setattr(opening, "CHECKED_BYTES", 0)
    opened = await open_or_rescue(path)
    assert opened.warnings == ()
    assert await opened.database.damage()
    warnings: list[StoreWarning] = []
    opened.database.on_rescue = warnings.extend
    await opened.database.check()
    assert [trouble.kind for trouble in warnings] == ["damaged"]
    assert await opened.database.damage() == ""
    assert len(await opened.database.read(lambda c: search.search(c, "可以"))) > 40
    await opened.database.close()


async def test_two_programs_that_meet_a_damaged_store_rescue_it_once(path: Path) -> None:
    database = await Database.open(path)
    key, _ = await chatted(database)
    await database.close()
    with path.open("r+b") as file:
        file.write(b"x" * 100)
    both = await asyncio.gather(open_or_rescue(path), open_or_rescue(path))
    for opened in both:
        assert opened.database.is_saved
        assert await opened.database.read(lambda c: messages.message_count(c, key)) == 61
        await opened.database.close()
    assert len(list(path.parent.glob("store.db.damaged-*"))) == 1


@pytest.mark.parametrize("how", ["read", "check"])
async def test_damage_found_while_it_is_open_is_rescued_under_its_users(
    path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    database = await Database.open(path)
    key, _ = await chatted(database)
    await database.close()
    with closing(sqlite3.connect(path)) as c:
        pages = c.execute(
            "SELECT pageno FROM dbstat WHERE name = 'messages' AND pagetype = 'leaf'"
        ).fetchall()
    with path.open("r+b") as file:
        file.seek((pages[2][0] - 1) * 4096)
        file.write(b"\xff" * 4096)
    monkeypatch.setattr(opening, "CHECKED_BYTES", 0)
    opened = await open_or_rescue(path)
    database = opened.database
    told: list[StoreWarning] = []
    database.on_rescue = told.extend
    await database.write(new_conversation)
    if how == "check":
        await database.check()
        await database.check()
    else:
        sums = "SELECT sum(length(content)) FROM messages"
        await asyncio.gather(*[database.read(lambda c: c.execute(sums).fetchone()) for _ in range(3)])
    assert [trouble.kind for trouble in told] == ["damaged"]
    assert database.rescues == 1
    await database.write(new_conversation)
    assert await database.damage() == ""
    assert 0 < await database.read(lambda c: messages.message_count(c, key)) < 61
    await database.close()
    assert len(list(path.parent.glob("store.db.damaged-*"))) == 1


@pytest.mark.parametrize("how", [lambda path: path.unlink(), lambda path: path.rename(beside(path, ".away"))])
async def test_a_file_taken_away_is_noticed_before_anything_is_written_to_it(
    path: Path, how: Callable[[Path], object]
) -> None:
    database = await Database.open(path)
    told: list[StoreWarning] = []
    database.on_rescue = told.extend
    await database.write(new_conversation)
    how(path)
    other = await Database.open(path)
    key = await database.write(new_conversation)
    assert [trouble.kind for trouble in told] == ["replaced"]
    assert await other.read(lambda c: history.conversation(c, key))
    if beside(path, ".away").exists():
        with closing(sqlite3.connect(beside(path, ".away"))) as c:
            assert c.execute("SELECT count(*) FROM conversations").fetchone() == (1,)
    await database.close()
    await other.write(new_conversation)
    await other.close()
    assert is_sound(path)


async def test_a_network_file_system_has_no_wal_and_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "is_on_network", lambda _: True)
    opened = await open_or_rescue(path)
    (trouble,) = opened.warnings
    assert (trouble.kind, trouble.detail) == ("network", "delete")
    other = (await open_or_rescue(path)).database
    await asyncio.gather(*[each.write(new_conversation) for each in (opened.database, other) * 10])
    assert await other.read(conversation_count) == 20
    assert not beside(path, "-wal").exists()
    await opened.database.close()
    await other.close()


async def test_a_store_in_memory_does_all_that_one_on_disk_does(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    opened = await open_or_rescue(blocked / "data" / "store.db")
    database = opened.database
    assert [trouble.kind for trouble in opened.warnings] == ["unreadable"]
    assert (database.is_saved, database.path) == (False, None)
    key, chat = await chatted(database)
    assert len(await database.read(lambda c: search.search(c, "退款"))) == 1
    assert await database.read(lambda c: journal.frames_of(c, chat)) == (Frame("done", ""),)
    assert await database.read(lambda c: messages.message_count(c, key)) == 61
    assert await database.changes() == await database.changes()
    assert await database.damage() == ""
    await database.close()
