"""The history from the shell."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TypeVar

import pytest

from coze_tui.api.objects import Frame
from coze_tui.store import history, journal
from coze_tui.store.records import ChatRecord, SavedMessage
from tests.support.commands import Command
from tests.support.conversations import SENT_AT, add_chat, add_spring, spring_frames
from tests.support.stores import append_messages, written

_T = TypeVar("_T")
TITLE = "2025年春节是哪一天"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No token, no network, no bot."""
    return {"COZE_TUI_HOME": str(tmp_path / "home"), "COZE_API_BASE": "http://127.0.0.1:9"}


@pytest.fixture
def database_file(environment: dict[str, str]) -> Path:
    file = Path(environment["COZE_TUI_HOME"]) / "data" / "history.db"
    file.parent.mkdir(parents=True, mode=0o700)
    return file


@pytest.fixture
def key(home: Path) -> str:
    """The only conversation there is."""
    return written(home, add_spring)


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


# --- list ---


def test_the_list_has_a_line_for_each(command: Command, key: str) -> None:
    for tokens in (("history",), ("history", "list")):
        ran = command(*tokens, TZ="UTC")
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith(f"{key}  2025-01-28 10:03  ☁")
        assert ran.out.endswith(f"{TITLE}  小春\n")
    [values] = objects(command("history", "list", "--json").out)
    assert (values["id"], values["title"], values["bot_id"]) == (key, TITLE, "7511")


def test_a_long_list_says_how_much_more_there_is(command: Command, home: Path) -> None:
    keys = written(home, lambda c: [add_spring(c) for _ in range(120)])
    ran = command("history", "--limit", "2")
    assert len(ran.out.splitlines()) == 2
    assert "118 more" in ran.err
    assert len(command("history").out.splitlines()) == 50
    ran = command("history", "list", "--limit=0", "--json")
    assert (sorted(str(each["id"]) for each in objects(ran.out)), ran.err) == (sorted(keys), "")
    assert command("history", "--limit", "x").status == 2


def test_an_empty_history_is_no_error(command: Command) -> None:
    ran = command("history")
    assert (ran.status, ran.out) == (0, "")
    assert "no conversations yet" in ran.err
    assert command("history", "show", "last").status == 2


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
@pytest.mark.parametrize("what", ["a folder", "a pipe", "a loop"])
@pytest.mark.parametrize("line", ["history", "stats", "show last"])
def test_a_history_that_cannot_be_read_is_not_taken_for_an_empty_one(
    command: Command, database_file: Path, what: str, line: str
) -> None:
    database_file.parent.mkdir(parents=True, exist_ok=True)
    if what == "a folder":
        database_file.mkdir()
    elif what == "a pipe":
        os.mkfifo(database_file)
    else:
        database_file.symlink_to(database_file)
    ran = command(*line.split())
    assert (ran.status, ran.out) == (1, "")
    assert "cannot read or write a coze-tui file" in ran.err


# --- search ---


def test_a_search_shows_the_lines_by_conversation(command: Command, key: str) -> None:
    ran = command("history", "search", "春节")
    assert ran.status == 0
    assert ran.out.splitlines()[0] == f"{key}  {TITLE}  小春"
    assert any(line.endswith("  2025 年春节是 **1 月 29 日**，星期三。") for line in ran.out.splitlines())
    hits = objects(command("history", "search", "--json", "1", "月", "29").out)
    assert [hit["type"] for hit in hits] == ["answer"]
    assert hits[0]["id"] == key


def test_nothing_found_is_said(command: Command, key: str) -> None:
    ran = command("history", "search", "zzz")
    assert (ran.status, ran.out) == (0, "")
    assert "no matches" in ran.err
    assert "only the latest 1 match;" in command("history", "search", "春节", "--limit", "1").err
    assert command("history", "search").status == 2
    assert command("history", "search", " ").status == 2


# --- show ---


def test_a_conversation_is_printed_as_text(command: Command, key: str) -> None:
    ran = command("history", "show", key)
    assert (ran.status, ran.err) == (0, "")
    for line in (
        TITLE,
        "conversation  " + key,
        "小春  715 ms · first text 412 ms · tokens 120 in, 312 out",
        "| 先查日历，再回答。",
        'calendar-lookup({"query": "2025 春节"}) → 21 B, 160 ms',
        '| {"date":"2025-01-29"}',
        "2025 年春节是 **1 月 29 日**，星期三。",
        "? 除夕放假吗？",
        "那<b>元宵</b>呢？",
    ):
        assert line in ran.out.splitlines(), line
    assert "\x1b" not in ran.out


def test_how_chats_ended_and_where_the_context_was_cleared_is_printed(command: Command, home: Path) -> None:
    def write(c: sqlite3.Connection) -> list[str]:
        untitled = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
        append_messages(c, untitled, [SavedMessage("assistant", "answer", "开场白")])
        made = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
        for summary in (
            ChatRecord(status="interrupted"),
            ChatRecord(status="failed", error_code=4028, error_msg="quota"),
        ):
            chat = journal.begin_chat(c, made, "问", "7511", SENT_AT)
            found = [
                SavedMessage("assistant", "answer", "", "只想"),
                SavedMessage("assistant", "knowledge", "书"),
            ]
            journal.finish_chat(c, chat, summary, found)
            history.add_section(c, made, "s", SENT_AT)
        return [untitled, made]

    keys = written(home, write)
    listed = command("history", "list").out
    assert "✗" in next(line for line in listed.splitlines() if keys[1] in line)
    states = {
        row["id"]: row["states"]
        for row in map(json.loads, command("history", "list", "--json").out.splitlines())
    }
    assert states == {keys[0]: [], keys[1]: ["failed"]}
    lines = command("history", "show", *keys).out.splitlines()
    for line in (
        "Untitled conversation",
        "开场白",
        "cut off",
        "| 只想",
        "knowledge → 3 B",
        "--- context cleared ---",
    ):
        assert line in lines, line
    assert any(line.startswith("failed: ") and "(error 4028)" in line for line in lines)
    assert "Untitled conversation" in command("history", "search", "开场白").out


def test_a_conversation_is_named_in_several_ways(command: Command, key: str) -> None:
    whole = command("history", "show", key).out
    for name in ("last", key[:4], "3342"):
        assert command("history", "show", name).out == whole
    assert command("history", "show", key, "last").out.count(f"{TITLE}\nbot") == 1


def test_an_unknown_id_names_the_nearest(command: Command, key: str) -> None:
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    ran = command("history", "show", wrong)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == f"coze-tui: {wrong} matches no conversation. Did you mean `{key}`?\n"
    assert command("history", "show").err == "coze-tui: history show requires a conversation ID.\n"


def test_an_id_that_several_have_is_said(command: Command, home: Path) -> None:
    written(home, lambda c: [add_spring(c), add_spring(c)])
    ran = command("history", "show", "3342")
    assert ran.status == 2
    assert "is ambiguous; it matches: " in ran.err


def test_shown_as_json_it_is_one_object(command: Command, key: str) -> None:
    [values] = objects(command("history", "show", key, "--json").out)
    chats = values["chats"]
    assert isinstance(chats, list)
    assert [chat["question"] for chat in chats] == [TITLE, "那<b>元宵</b>呢？"]
    assert [part["type"] for part in chats[0]["parts"]] == ["answer", "function_call", "answer"]
    assert chats[0]["usage"]["output_count"] == 312


def test_what_could_act_on_a_terminal_is_not_printed(command: Command, home: Path) -> None:
    hostile = "a\x1b]0;owned\x07\u202eb"

    def write(c: sqlite3.Connection) -> None:
        made = history.create_conversation(c, "coze.cn", "7511", SENT_AT, title=hostile, bot_name=hostile)
        journal.begin_chat(c, made, hostile, "7511", SENT_AT)

    written(home, write)
    for tokens in (("list",), ("show", "last"), ("search", "owned"), ("list", "--json")):
        out = command("history", *tokens).out
        assert "owned" in out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)


# --- export and import ---


@pytest.mark.parametrize(("form", "count"), [("md", 1), ("html", 1), ("jsonl", 1), ("sse", 2)])
def test_an_export_prints_the_files_it_has_written(
    command: Command, key: str, tmp_path: Path, form: str, count: int
) -> None:
    folder = tmp_path / "out"
    ran = command("history", "export", key, "--format", form, "--output", str(folder))
    assert (ran.status, ran.err) == (0, "")
    assert sorted(ran.out.splitlines()) == sorted(str(path) for path in folder.iterdir())
    assert len(ran.out.splitlines()) == count
    assert f"2025-01-28 {TITLE} {key}" in ran.out
    again = command("history", "export", "--all", "--format", form, "-o", str(folder), "--json")
    assert all("(2)" in str(each["path"]) for each in objects(again.out))
    command("history", "export", "--all", "--format", form, "-o", str(folder), "--overwrite")
    assert len(list(folder.iterdir())) == 2 * count


def test_an_export_goes_to_stdout_too(command: Command, key: str, home: Path) -> None:
    assert command("history", "export", key, "-o", "-").out.startswith(f"# {TITLE}\n")
    assert command("history", "export", key, "-o", "-", "--format", "html").out.startswith("<!DOCTYPE html>")
    assert command("history", "export", key, "-o", "-", "--format", "sse").status == 2  # it has two chats
    written(home, add_spring)
    assert command("history", "export", "--all", "-o", "-").out.count("\n# 2025") == 1
    assert command("history", "export", "--all", "-o", "-", "--format", "html").status == 2
    lines = command("history", "export", "--all", "-o", "-", "--format", "jsonl").out
    assert lines.count('{"format":"coze-tui","version":1}\n') == 2


def test_what_to_export_must_be_said(command: Command, key: str, tmp_path: Path) -> None:
    assert command("history", "export").status == 2
    assert command("history", "export", key, "--all").status == 2
    assert command("history", "export", key, "--format", "pdf").status == 2
    (tmp_path / "file").touch()
    assert command("history", "export", key, "-o", str(tmp_path / "file")).status == 2
    assert command("history", "export", key, "-o", "a" * 5_000).status == 2


def test_an_export_comes_back_in_another_home(command: Command, key: str, tmp_path: Path) -> None:
    out, other = tmp_path / "out", str(tmp_path / "other")
    command("history", "export", key, "--format", "jsonl", "-o", str(out))
    [file] = out.iterdir()
    ran = command("history", "import", str(file), COZE_TUI_HOME=other)
    assert (ran.status, ran.out) == (0, f"{key}  {TITLE}  imported\n")
    ran = command("history", "import", str(file), "--json", COZE_TUI_HOME=other)
    assert objects(ran.out) == [{"file": str(file), "id": key, "title": TITLE, "state": "same"}]
    assert command("history", "show", key, COZE_TUI_HOME=other).out == command("history", "show", key).out


def test_a_bad_file_does_not_keep_the_others_out(command: Command, key: str, tmp_path: Path) -> None:
    out, other = tmp_path / "out", str(tmp_path / "other")
    command("history", "export", key, "--format", "sse", "-o", str(out))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"format":"coze-tui","version":1}\n{"conversation":{}}\n')
    files = [str(tmp_path / "missing"), *map(str, sorted(out.iterdir())), str(bad)]
    ran = command("history", "import", *files, COZE_TUI_HOME=other)
    assert ran.status == 2
    assert [line.rpartition("  ")[2] for line in ran.out.splitlines()] == [
        "imported",
        "already here, updated",
    ]
    assert f"cannot read {tmp_path / 'missing'}" in ran.err
    assert "bad.jsonl, line 2: not a format that coze-tui writes. Details: key." in ran.err
    assert command("history", "import").status == 2


def test_a_conversation_goes_from_home_to_home_through_a_pipe(
    environment: dict[str, str], key: str, tmp_path: Path
) -> None:
    program = [sys.executable, "-m", "coze_tui", "history"]
    here = {**os.environ, **environment}
    there = {**here, "COZE_TUI_HOME": str(tmp_path / "other")}
    sent = subprocess.run(
        [*program, "export", key, "--format", "jsonl", "-o", "-"], env=here, capture_output=True, check=True
    )
    taken = subprocess.run(
        [*program, "import", "-"], env=there, input=sent.stdout, capture_output=True, check=True
    )
    assert taken.stdout.decode() == f"{key}  {TITLE}  imported\n"
    again = subprocess.run(
        [*program, "export", key, "--format", "jsonl", "-o", "-"], env=there, capture_output=True, check=True
    )
    assert again.stdout == sent.stdout


def test_no_export_holds_the_token(command: Command, key: str, tmp_path: Path) -> None:
    token = "pat_EXAMPLEMARKED0123456789"
    out = tmp_path / "out"
    for form in ("md", "html", "jsonl", "sse"):
        ran = command("history", "export", key, "--format", form, "-o", str(out), COZE_API_TOKEN=token)
        assert ran.status == 0
        assert token not in ran.out + ran.err
    assert command("history", "show", key, "--json", COZE_API_TOKEN=token).out.count(token) == 0
    files = list(out.iterdir())
    assert len(files) == 5
    assert not [file for file in files if token.encode() in file.read_bytes()]


def test_one_that_cannot_be_read_does_not_keep_the_others_here(
    command: Command, home: Path, key: str, tmp_path: Path
) -> None:
    good = written(home, fresh)

    def damage(c: sqlite3.Connection) -> None:
        c.execute("UPDATE chats SET capture = zeroblob(9) WHERE conversation = ?", (key,))

    written(home, damage)
    ran = command("history", "export", "--all", "--format", "jsonl", "-o", str(tmp_path / "out"))
    assert ran.status == 1
    assert [good in line for line in ran.out.splitlines()] == [True]
    assert f"conversation {key}:" in ran.err
    assert "damaged" in ran.err


def test_a_folder_that_cannot_be_written_to_ends_the_export(
    command: Command, key: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ran = command("history", "export", key, "-o", str(tmp_path / "file" / "below"))
    assert ran.status == 2
    assert f"cannot write {tmp_path / 'file' / 'below'}" in ran.err


def test_there_may_be_nothing_to_export_or_in_a_file(command: Command, tmp_path: Path) -> None:
    ran = command("history", "export", "--all", "-o", str(tmp_path))
    assert (ran.status, ran.out) == (0, "")
    assert "nothing to export" in ran.err
    file = tmp_path / "x.jsonl"
    file.write_text('{"format":"coze-tui","version":1}\n')
    ran = command("history", "import", str(file))
    assert (ran.status, ran.out) == (0, "")
    assert "contains no conversations" in ran.err


def test_the_reason_why_a_capture_is_not_imported_is_in_the_users_language(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "a.sse").write_text('event:conversation.chat.created\ndata:{"id":"1"}\n\nwhat\n\n')
    assert "line 4" in (ran := command("history", "import", str(tmp_path / "a.sse"))).err
    assert "not a line of an event stream" in ran.err
    ran = command("history", "import", "--lang", "zh_CN", str(tmp_path / "a.sse"))
    assert "不是事件流的一行" in ran.err
    assert "not a" not in ran.err


def test_stdin_is_imported_too(command: Command, key: str, tmp_path: Path) -> None:
    lines = command("history", "export", key, "--format", "jsonl", "-o", "-").out
    ran = command("history", "import", "-", stdin=lines, COZE_TUI_HOME=str(tmp_path / "other"))
    assert (ran.status, ran.out) == (0, f"{key}  {TITLE}  imported\n")


def test_both_of_two_that_went_apart_are_kept(command: Command, home: Path, key: str, tmp_path: Path) -> None:
    lines = command("history", "export", key, "--format", "jsonl", "-o", "-").out
    written(home, lambda c: add_chat(c, key, "这边", spring_frames(chat_id="8")))
    changed = lines.replace("星期三", "星期四")
    ran = command("history", "import", "-", stdin=changed)
    assert ran.out.endswith("imported as a separate copy, because the two differ\n")
    assert len(command("history").out.splitlines()) == 2


# --- rename, delete, prune ---


def test_a_title_is_changed(command: Command, key: str) -> None:
    ran = command("history", "rename", key[:5], "新的", "标题")
    assert (ran.status, ran.out) == (0, f"{key}  新的 标题\n")
    assert command("history", "list").out.endswith("新的 标题  小春\n")
    assert command("history", "rename", key).status == 2
    assert command("history", "rename", key, " ").status == 2
    [values] = objects(command("history", "rename", key, "又", "--json").out)
    assert values["title"] == "又"


def test_what_is_deleted_is_gone_and_can_be_brought_back(command: Command, key: str) -> None:
    ran = command("history", "delete", key)
    assert (ran.status, ran.out) == (0, f"{key}  {TITLE}\n")
    assert "--undo" in ran.err
    assert command("history").out == ""
    assert command("history", "delete", key).status == 2
    [values] = objects(command("history", "delete", "--undo", key, "--json").out)
    assert (values["id"], values["deleted"]) == (key, False)
    assert key in command("history").out
    assert command("history", "delete", "--undo").status == 2
    assert command("history", "delete", "--undo", "nothing").status == 2
    assert command("history", "delete").status == 2


def fresh(c: sqlite3.Connection) -> str:
    now_ms = int(time.time() * 1000)
    made = history.create_conversation(c, "coze.cn", "7511", now_ms, title="fresh")
    add_chat(c, made, "fresh", spring_frames(), now_ms)
    return made


def test_pruning_says_what_it_would_free_and_does_nothing_unasked(
    command: Command, home: Path, key: str
) -> None:
    kept = written(home, fresh)
    for tokens, status in ((("--dry-run",), 0), ((), 2)):
        ran = command("history", "prune", "--older-than", "90d", *tokens)
        assert ran.status == status
        assert ran.out.startswith("Will remove 1 conversation, 14 messages, the events of 2 chats, about ")
        assert len(command("history").out.splitlines()) == 2
    assert "--yes is required when coze-tui cannot ask: Remove this permanently?" in ran.err
    ran = command("history", "prune", "--older-than", "12w", "--yes")
    assert "Removed" in ran.out
    assert [each["id"] for each in objects(command("history", "--json").out)] == [kept]
    assert "Nothing is that old." in command("history", "prune", "--older-than=1Y", "--yes").out


def test_pruning_only_the_events_keeps_what_was_said(command: Command, key: str) -> None:
    before = command("history", "show", key).out
    [plan] = objects(
        command("history", "prune", "--older-than", "1d", "--events-only", "--json", "--dry-run").out
    )
    assert (plan["recorded_chats"], plan["conversations"], plan["done"]) == (2, 0, False)
    [plan] = objects(
        command("history", "prune", "--older-than", "1d", "--events-only", "--json", "--yes").out
    )
    assert plan["done"] is True
    assert command("history", "show", key).out == before
    assert command("history", "export", key, "--format", "sse", "-o", "-").out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX's")
@pytest.mark.parametrize(("answer", "said", "left"), [("n", "nothing was removed", 1), ("y", "Removed", 0)])
def test_pruning_asks_a_person(
    environment: dict[str, str], command: Command, key: str, answer: str, said: str, left: int
) -> None:
    import pty

    person, terminal = pty.openpty()
    with os.fdopen(person, "r+b", buffering=0) as screen, os.fdopen(terminal, "r+b", buffering=0) as tty:
        screen.write(f"{answer}\n".encode())
        ran = subprocess.run(
            [sys.executable, "-m", "coze_tui", "history", "prune", "--older-than", "1d"],
            env={**os.environ, **environment},
            stdin=tty,
            stdout=subprocess.PIPE,
            stderr=tty,
            check=True,
        )
        seen = ran.stdout.decode()
        while not ("Remove this permanently? [y/N]" in seen and said in seen):
            seen += screen.read(4_096).decode()
    assert len(command("history").out.splitlines()) == left


def test_pruning_gives_room_back(command: Command, home: Path, database_file: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        for _ in range(40):
            made = history.create_conversation(c, "coze.cn", "7511", 1)
            chat = journal.begin_chat(c, made, "?", "7511", 1)
            frames = [Frame("e", os.urandom(40_000).hex())]
            journal.append_frames(c, chat, 1, frames)
            journal.finish_chat(c, chat, ChatRecord(status="completed"), [])

    written(home, fill)
    before = database_file.stat().st_size
    ran = command("history", "prune", "--older-than", "1d", "--yes")
    assert re.search(r"^Freed \S+ \w+ of disk space\.$", ran.out, re.MULTILINE)
    assert database_file.stat().st_size < before / 2


@pytest.mark.parametrize("age", [None, "", "90", "d", "3m", "-1d", "9999999d"])
def test_an_age_that_makes_no_sense_removes_nothing(command: Command, key: str, age: str | None) -> None:
    given = [] if age is None else [f"--older-than={age}"]
    ran = command("history", "prune", "--yes", *given)
    assert ran.status == 2
    assert "--older-than" in ran.err
    assert key in command("history").out


# --- the store in trouble ---


def test_a_history_that_cannot_be_written_is_read_and_not_changed(
    command: Command, database_file: Path, key: str
) -> None:
    with sqlite3.connect(database_file, isolation_level=None) as c:
        c.execute("PRAGMA user_version = 99")
    c.close()
    ran = command("history", "rename", key, "x")
    assert ran.status == 1
    assert "newer version of coze-tui" in ran.err


def test_an_unknown_second_word_names_the_nearest(command: Command) -> None:
    ran = command("history", "serach", "x")
    assert ran.status == 2
    assert "Did you mean `history search`?" in ran.err
    assert "history export" in command("history", "--help").out
    assert "--older-than" in command("history", "prune", "--help").out
    assert "history export" not in command("--help").out


def test_an_image_inside_an_answer_is_shown_by_its_name_and_size(command: Command, home: Path) -> None:
    url = "data:image/png;base64," + "QUJD" * 100

    def write(connection: sqlite3.Connection) -> str:
        key = history.create_conversation(connection, "coze.cn", "7511", SENT_AT)
        add_chat(connection, key, "?", spring_frames(answer=f"see ![图]({url})."))
        return key

    key = written(home, write)
    assert "see [image: 图] (image/png, 300 B)." in command("history", "show", key).out
    assert url in command("history", "show", key, "--json").out
