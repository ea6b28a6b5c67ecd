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
from coze_tui.store import history, messages, search
from coze_tui.store.migrations import APPLICATION_ID, STEPS, VERSION, migrate, version_of


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=10)


def first_version(path: Path, message_count: int = 3) -> None:
    """A file as version 1 has written it."""
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
            [(messages.SLOT + n, f"可以退款 {n}", f"Because {n}") for n in range(message_count)],
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


def test_version_1_becomes_the_newest_with_everything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first_version(path)
    with closing(connect(path)) as c:
        backup = migrate(c, path)
        assert version_of(c) == VERSION
        assert {hit.part for hit in search.search(c, "退款")} == {"content"}
        assert len(search.search(c, "退款")) == 3
        assert len(search.search(c, "because")) == 3
        assert search.search(c, "refund")[0].part == "title"
        assert [each.key for each in history.conversations(c, filter="小春")] == ["k1"]
        assert history.prompts(c, containing="hello") == ("ＨＥＬＬＯ",)
        assert len(messages.messages(c, "k1")) == 3
    assert backup == tmp_path / "store.db.v1"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(connect(backup)) as c:
        assert version_of(c) == 1
        assert c.execute("SELECT count(*) FROM messages").fetchone()[0] == 3
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
