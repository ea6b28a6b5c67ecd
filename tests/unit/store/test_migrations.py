"""Every older version comes to the newest, whatever happens on the way; a newer one is left alone."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from coze_tui.errors import StoreError
from coze_tui.store import history, journal, messages, prompts, records, search
from coze_tui.store.migrations import (
    APPLICATION_ID,
    STEPS,
    VERSION,
    build_index,
    migrate,
    missing_indexes,
    version_of,
)

FIRST_ADDITIVE = 2
"""From this version on, no step changes rows, so that no copy is made."""
VERSIONS = Path(__file__).parent / "versions"
"""Stores as each version has written them: a new version adds its own, none is ever changed."""


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=10)


def first_version(path: Path, message_count: int = 3) -> None:
    """A file of version 1 with so many messages."""
    with closing(connect(path)) as c:
        c.execute("PRAGMA journal_mode = WAL")
        migrate(c, path, STEPS[:1])
        c.execute("BEGIN")
        c.execute(
            """INSERT INTO conversations (key, site, bot_id, bot_name, title, last_slot, created_at,
                                          updated_at)
               VALUES ('k1', 'coze.cn', '7402', '小春', 'Ｒｅｆｕｎｄ 问题', 1, 5, 6)"""
        )
        c.executemany(
            """INSERT INTO messages (conversation, position, role, type, content_type, message_id, name,
                                     created_at, content, reasoning)
               VALUES ('k1', ?, 'assistant', 'answer', 'text', '', '', 6, ?, ?)""",
            [(records.SLOT + n, f"可以退款 {n}", f"Because {n}") for n in range(message_count)],
        )
        c.execute("INSERT INTO prompts (text, used_at) VALUES ('ＨＥＬＬＯ', 7)")
        c.execute("COMMIT")


def test_a_new_file_gets_all_steps_and_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(connect(path)) as c:
        assert migrate(c, path) is None
        assert version_of(c) == VERSION == len(STEPS)
        assert c.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert migrate(c, path) is None
    assert [each.name for each in tmp_path.iterdir()] == ["store.db"]


def written_by(version: int, path: Path) -> None:
    """A file with two conversations as that version has left it."""
    with closing(connect(path)) as c:
        c.execute("PRAGMA journal_mode = WAL")
        c.executescript((VERSIONS / f"v{version}.sql").read_text("utf-8"))


def schema(c: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Tables with their columns, and indexes, whatever way they have come about."""
    found: set[tuple[str, ...]] = set()
    for kind, name, sql in c.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        columns = [str(row[1:]) for row in c.execute(f"PRAGMA table_xinfo({name})")]
        found.add((kind, name, "" if kind == "table" else " ".join(str(sql).split()), *columns))
    return found


def test_there_is_a_file_of_every_version_and_no_step_was_edited(tmp_path: Path) -> None:
    assert {path.stem for path in VERSIONS.iterdir()} == {f"v{number + 1}" for number in range(VERSION)}
    for version in range(1, VERSION + 1):
        written_by(version, tmp_path / f"{version}.db")
        with (
            closing(connect(tmp_path / f"{version}.db")) as left,
            closing(sqlite3.connect(":memory:", isolation_level=None)) as made,
        ):
            migrate(made, None, STEPS[:version])
            assert schema(left) == schema(made)
            assert version_of(left) == version


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_every_version_becomes_the_newest_with_everything_in_it(tmp_path: Path, version: int) -> None:
    path = tmp_path / "store.db"
    written_by(version, path)
    with closing(connect(path)) as c:
        backup = migrate(c, path)
        assert version_of(c) == VERSION
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
            migrate(new, None)
            for name in missing_indexes(c):
                build_index(c, name)
            assert schema(c) == schema(new)
        assert c.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert not c.execute("PRAGMA foreign_key_check").fetchall()
        spring, harbour = history.conversations(c)
        assert (spring.key, spring.title, spring.bot_name) == ("spring2a5", "Ｒｅｆｕｎｄ 问题", "小春")
        assert (spring.pinned, spring.title_by_user, spring.on_server) == (True, True, True)
        assert (spring.draft, spring.queue) == ("草稿", ("排队",))
        assert [section.section_id for section in history.sections(c, spring.key)] == ["52"]
        first, second = journal.chats(c, spring.key)
        assert (first.chat_id, first.token_count, first.is_final) == ("91", 432, True)
        assert [frame.at_us for frame in journal.frames_of(c, second.key)] == [84_000, 90_000]
        said = [(each.type, each.content, each.reasoning) for each in messages.messages(c, spring.key)]
        assert said == [
            ("question", "2025年春节是哪一天", ""),
            ("answer", "2025 年春节是 1 月 29 日", "先查日历"),
            ("question", "可以退款吗？", ""),
            ("answer", "可以退款", ""),
        ]
        (left,) = journal.orphaned_chats(c, 1_760_000_000_000)
        assert (left.conversation, left.question) == (harbour.key, "Why is the sea salty?")
        assert len(journal.frames_of(c, left.key)) == 2
        assert {hit.type for hit in search.search(c, "退款")} == {"question", "answer"}
        assert [hit.part for hit in search.search(c, "日历")] == ["reasoning"]
        assert search.search(c, "refund")[0].part == "title"
        assert [each.key for each in history.conversations(c, filter="小春")] == ["spring2a5"]
        assert prompts.latest(c)[-1] == "ＨＥＬＬＯ"
    if version >= FIRST_ADDITIVE:
        assert backup is None
        return
    assert backup == tmp_path / f"store.db.v{version}"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(connect(backup)) as c:
        assert version_of(c) == version
        assert c.execute("SELECT count(*) FROM messages").fetchone()[0] == 5
        assert c.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_an_empty_older_file_needs_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(connect(path)) as c:
        migrate(c, path, STEPS[:1])
        assert migrate(c, path) is None


def test_a_newer_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(connect(path)) as c:
        migrate(c, path)
        c.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with closing(connect(path)) as c, pytest.raises(StoreError) as caught:
        migrate(c, path)
    assert (caught.value.kind, caught.value.path) == ("newer", str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [5, 6, 7])
def test_a_file_of_an_unreleased_version_is_refused_and_left_as_it_is(tmp_path: Path, version: int) -> None:
    path = tmp_path / "store.db"
    with closing(connect(path)) as c:
        migrate(c, path, STEPS[:4])
        c.execute("CREATE TABLE edits (conversation TEXT PRIMARY KEY)")
        if version == 7:
            c.execute("CREATE TABLE breaks (chat INTEGER PRIMARY KEY, waited_us INTEGER, cut_us INTEGER)")
        c.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with closing(connect(path)) as c, pytest.raises(StoreError) as caught:
        migrate(c, path)
    assert (caught.value.kind, caught.value.detail) == (
        "other",
        "written by an unreleased version of coze-tui",
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE theirs (x)", "PRAGMA application_id = 1", "PRAGMA user_version = 2"],
)
def test_the_database_of_another_program_is_refused(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "store.db"
    with closing(connect(path)) as c:
        c.execute(statement)
        with pytest.raises(StoreError) as caught:
            migrate(c, path)
        assert caught.value.kind == "other"
        assert not c.execute("SELECT 1 FROM sqlite_master WHERE name = 'conversations'").fetchone()


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first_version(path)

    def stumbles(c: sqlite3.Connection) -> None:
        STEPS[1](c)
        raise ZeroDivisionError

    with closing(connect(path)) as c:
        with pytest.raises(ZeroDivisionError):
            migrate(c, path, [STEPS[0], stumbles])
        assert version_of(c) == 1
        assert not c.execute("SELECT 1 FROM sqlite_master WHERE name = 'texts'").fetchone()
        migrate(c, path)
        assert version_of(c) == VERSION


def test_a_disk_that_fills_within_a_step_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first_version(path, message_count=300)
    with closing(connect(path)) as c:
        pages = c.execute("PRAGMA page_count").fetchone()[0]
        c.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            migrate(c, path)
    with closing(connect(path)) as c:
        assert version_of(c) == 1
        assert c.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        migrate(c, path)
        assert len(search.search(c, "退款", limit=500)) == 300


KILLED_WITHIN = """
import sqlite3, sys, time
from pathlib import Path
from coze_tui.store.migrations import STEPS, migrate
path = Path(sys.argv[1])
def halts(c):
    STEPS[1](c)
    print("within", flush=True)
    time.sleep(60)
migrate(sqlite3.connect(path, isolation_level=None), path, [STEPS[0], halts])
"""


def test_a_kill_within_a_step_leaves_the_version_before_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first_version(path, message_count=3_000)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_WITHIN, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "within\n"
        child.kill()
    with closing(connect(path)) as c:
        assert version_of(c) == 1
        assert c.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        migrate(c, path)
        assert len(search.search(c, "退款", limit=5_000)) == 3_000


MIGRATES = """
import sqlite3, sys
from pathlib import Path
from coze_tui.store.migrations import migrate, version_of
path = Path(sys.argv[1])
c = sqlite3.connect(path, isolation_level=None, timeout=10)
print("ready", flush=True)
sys.stdin.readline()
migrate(c, path)
print(version_of(c))
"""


@pytest.mark.parametrize("is_new", [True, False])
def test_several_programs_may_migrate_at_once(tmp_path: Path, is_new: bool) -> None:
    path = tmp_path / "store.db"
    if not is_new:
        first_version(path, message_count=500)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATES, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        assert child.communicate()[0] == f"{VERSION}\n"
        assert child.returncode == 0
    with closing(connect(path)) as c:
        assert c.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert c.execute("SELECT count(*) FROM texts").fetchone()[0] == (0 if is_new else 500)
