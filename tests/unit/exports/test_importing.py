"""What was exported comes back, once."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from coze_tui.api.captures import Capture, capture_text
from coze_tui.api.objects import Frame
from coze_tui.errors import FileError
from coze_tui.exports.describe import chats_of
from coze_tui.exports.exporting import Exports, Format
from coze_tui.exports.importing import Imported, Imports
from coze_tui.exports.jsonl import LineLimits, lines_from
from coze_tui.store import archive, forks, history, journal, search
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord
from tests.support.conversations import SENT_AT, add_chat, add_spring, any_conversation, spring, spring_frames
from tests.support.samples import STREAMS
from tests.support.stores import captures_from, conversation_count


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "other.db")
    yield opened
    await opened.close()


async def exported(database: Database, form: Format, folder: Path) -> list[Path]:
    return await Exports(database).export(None, form, folder)


async def imported(database: Database, *files: Path) -> list[Imported]:
    return [each for file in files for each in await Imports(database).import_file(file)]


async def archived(database: Database, key: str) -> ConversationArchive:
    found = await Exports(database).archived(key)
    assert found is not None
    return found


def lines_of(conversation: ConversationArchive) -> bytes:
    return b"".join(lines_from(conversation))


def told(conversation: ConversationArchive) -> list[object]:
    """All that a conversation is, without the keys that each store gives of its own."""
    slots = {chat.key: chat.slot for chat in conversation.chats}
    return [
        conversation.conversation,
        conversation.sections,
        [(replace(chat, key=0), tuple(conversation.frames_of(chat))) for chat in conversation.chats],
        [replace(each, key=0, chat=slots.get(each.chat, 0)) for each in conversation.messages],
    ]


# --- JSON Lines ---


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversation=any_conversation())
async def test_any_export_imports_to_the_same_conversation(
    conversation: ConversationArchive, database: Database, other: Database, tmp_path: Path
) -> None:
    # Without a queue, which would become a draft.
    conversation = replace(conversation, conversation=replace(conversation.conversation, queue=()))
    key = conversation.conversation.key
    await database.write(lambda c: archive.put(c, conversation))
    [file] = await Exports(database).export([key], "jsonl", tmp_path)
    [one] = await imported(other, file)
    assert (one.key, one.state) == (key, "new")
    exported = await Exports(database).archived(key)
    assert exported is not None
    assert told(await archived(other, key)) == told(exported)
    if all(chat.is_final for chat in conversation.chats):  # the others get their end from their frames
        assert told(exported) == told(conversation)
    [again] = await Exports(other).export([key], "jsonl", tmp_path / "again")
    assert again.read_bytes() == file.read_bytes()


async def test_a_conversation_comes_back_as_it_was_and_only_once(
    database: Database, other: Database, tmp_path: Path
) -> None:
    key = await database.write(add_spring)
    [file] = await exported(database, "jsonl", tmp_path / "a")
    assert await imported(other, file) == [Imported(key, "2025年春节是哪一天", "new")]
    assert await imported(other, file) == [Imported(key, "2025年春节是哪一天", "same")]
    assert await other.read(conversation_count) == 1
    [again] = await exported(other, "jsonl", tmp_path / "b")
    assert again.name == file.name
    assert again.read_bytes() == file.read_bytes()
    assert [hit.conversation for hit in await other.read(lambda c: search.search(c, "1 月 29"))] == [key]


async def test_what_was_deleted_comes_back(database: Database, tmp_path: Path) -> None:
    key = await database.write(add_spring)
    [file] = await exported(database, "jsonl", tmp_path)
    await database.write(lambda c: history.delete(c, key, 1))
    assert [each.state for each in await imported(database, file)] == ["same"]
    assert await Exports(database).keys() == [key]


async def test_a_conversation_that_went_on_elsewhere_grows_here(
    database: Database, other: Database, tmp_path: Path
) -> None:
    key = await database.write(add_spring)
    [before] = await exported(database, "jsonl", tmp_path)
    await imported(other, before)
    await database.write(lambda c: add_chat(c, key, "后来呢", spring_frames(chat_id="8"), SENT_AT + 99_000))
    [after] = await exported(database, "jsonl", tmp_path)
    await other.write(lambda c: history.rename(c, key, "我的标题"))
    await other.write(lambda c: history.set_draft(c, key, "草稿"))
    assert await imported(other, after) == [Imported(key, "我的标题", "more")]
    grown = await archived(other, key)
    assert len(grown.chats) == 3
    assert (grown.conversation.title, grown.conversation.draft) == ("我的标题", "草稿")
    assert [each.state for each in await imported(other, before)] == ["same"]


async def test_queued_questions_of_a_file_become_a_draft(
    database: Database, other: Database, tmp_path: Path
) -> None:
    key = await database.write(add_spring)
    await imported(other, *await exported(database, "jsonl", tmp_path / "before"))
    await database.write(lambda c: history.set_queue(c, key, ["一", "二"]))
    await database.write(lambda c: history.set_draft(c, key, "三"))
    await database.write(lambda c: add_chat(c, key, "后来呢", spring_frames(chat_id="8"), SENT_AT + 99_000))
    [file] = await exported(database, "jsonl", tmp_path)
    assert [each.state for each in await imported(other, file)] == ["more"]
    grown = (await archived(other, key)).conversation
    assert (grown.queue, grown.draft) == ((), "一\n\n二\n\n三")
    await other.write(lambda c: history.purge(c, key))
    assert [each.state for each in await imported(other, file, file)] == ["new", "same"]
    assert (await archived(other, key)).conversation.draft == grown.draft
    await other.write(lambda c: add_chat(c, key, "别的", spring_frames(chat_id="9"), SENT_AT + 99_000))
    await database.write(lambda c: add_chat(c, key, "再来", spring_frames(chat_id="7"), SENT_AT + 999_000))
    [apart] = await exported(database, "jsonl", tmp_path / "apart")
    [copy] = await imported(other, apart)
    assert copy.state == "copy"
    assert (await archived(other, copy.key)).conversation.queue == ()


async def test_conversations_that_went_apart_are_both_kept(
    database: Database, other: Database, tmp_path: Path
) -> None:
    key = await database.write(add_spring)
    [file] = await exported(database, "jsonl", tmp_path)
    await imported(other, file)
    await database.write(lambda c: add_chat(c, key, "这边", spring_frames(chat_id="8")))
    await other.write(lambda c: add_chat(c, key, "那边", spring_frames(chat_id="9")))
    [file] = await exported(database, "jsonl", tmp_path)
    [copy] = await imported(other, file)
    assert copy.state == "copy"
    assert copy.key != key
    assert (await archived(other, key)).chats[-1].question == "那边"
    assert (await archived(other, copy.key)).chats[-1].question == "这边"
    assert await imported(other, file) == [Imported(copy.key, copy.title, "same")]
    assert await other.read(conversation_count) == 2


async def test_a_running_chat_is_not_taken_from_under_its_turn(
    database: Database, other: Database, tmp_path: Path
) -> None:
    key = await database.write(add_spring)
    running = await database.write(lambda c: journal.begin_chat(c, key, "现在", "7511", SENT_AT))
    [file] = await exported(database, "jsonl", tmp_path)
    assert [each.state for each in await imported(database, file)] == ["same"]
    await imported(other, file)
    await other.write(lambda c: add_chat(c, key, "以后", spring_frames(chat_id="9")))
    [more] = await exported(other, "jsonl", tmp_path)
    assert [each.state for each in await imported(database, more)] == ["copy"]
    assert await database.run(lambda c: journal.chat(c, running)) is not None


async def test_a_file_of_several_is_one_transaction(database: Database, tmp_path: Path) -> None:
    good = lines_of(spring())
    bad = good.splitlines(keepends=True)[:-1]
    file = tmp_path / "x.jsonl"
    file.write_bytes(good + b"".join(bad))
    with pytest.raises(FileError) as caught:
        await imported(database, file)
    assert caught.value.reason == "cut"
    assert caught.value.path == str(file)
    assert await database.read(conversation_count) == 0
    file.write_bytes(good + lines_of(replace(spring())))
    assert [each.state for each in await imported(database, file)] == ["new", "new"]


async def test_what_is_piped_in_is_imported_too(database: Database) -> None:
    conversation = spring()
    stream = io.BufferedReader(io.BytesIO(lines_of(conversation)))
    [one] = await Imports(database).import_stream(stream, "stdin")
    assert (one.key, one.state) == (conversation.conversation.key, "new")


async def test_a_pipe_of_many_conversations_is_imported_whole_or_not_at_all(database: Database) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    def piped(data: bytes) -> io.BufferedReader:
        return io.BufferedReader(Pipe(data))

    several = [
        replace(spring(), conversation=replace(spring().conversation, key=f"key{number}"))
        for number in range(30)
    ]
    data = b"".join(map(lines_of, several))
    with pytest.raises(FileError):
        await Imports(database).import_stream(piped(data[:-20]), "stdin")
    assert await database.read(conversation_count) == 0
    for state in ("new", "same"):
        found = await Imports(database).import_stream(piped(data), "stdin")
        assert [(each.key, each.state) for each in found] == [
            (each.conversation.key, state) for each in several
        ]


async def test_a_file_that_changes_while_it_is_imported_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    class Changing(io.FileIO):
        def seek(self, place: int, whence: int = 0) -> int:
            if self.tell():
                file.write_bytes(lines_of(spring())[:-20])
            return super().seek(place, whence)

    file = tmp_path / "x.jsonl"
    file.write_bytes(lines_of(spring()))
    with io.BufferedReader(Changing(file)) as changing, pytest.raises(FileError) as caught:
        await Imports(database).import_stream(changing, str(file))
    assert caught.value.reason == "cut"
    assert await database.read(conversation_count) == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"<!DOCTYPE html>\n<html>", "for reading"),
        (b"# 2025\n\n- bot: x\n", "for reading"),
        (b"just some text\nand more\n", "foreign"),
        (b"\x1f\x8b\x08\x00\x00", "foreign"),
        (b"\x00" * 10_000, "foreign"),
        (b'data: {"choices":[]}\n\ndata: [DONE]\n\n', "foreign"),
        (b'event:conversation.chat.created\ndata:{"id":"1"', "cut"),
        (b': at x\nevent:done\ndata:"[DONE]"\n\n', "bad line"),
        (b': coze-tui question=1\nevent:done\ndata:"[DONE]"\n\n', "bad line"),
        (b'{"format":"coze-tui","version":9}\n', "newer"),
        (b"event:" + b"x" * 5_000_000, "too large"),
        (b"data:" + b"y" * 20_000_000, "too large"),
    ],
)
async def test_what_cannot_be_imported_is_said_and_changes_nothing(
    database: Database, tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(FileError) as caught:
        await imported(database, file)
    assert (caught.value.reason, caught.value.path) == (reason, str(file))
    assert await database.read(conversation_count) == 0


async def test_a_file_that_is_not_there_or_no_file_is_said(database: Database, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(FileError) as caught:
            await imported(database, path)
        assert caught.value.reason == "unreadable"


class _Broken(io.RawIOBase):
    """A disk that gives up."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise OSError(5, "Input/output error")


async def test_a_disk_that_gives_up_is_said(database: Database) -> None:
    with pytest.raises(FileError) as caught:
        await Imports(database).import_stream(io.BufferedReader(_Broken()), "stdin")
    assert (caught.value.reason, caught.value.detail) == ("unreadable", "Input/output error")


async def test_limits_hold_for_files(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(lines_of(spring()))
    with pytest.raises(FileError) as caught:
        await Imports(database, limits=LineLimits(total=2_000)).import_file(file)
    assert caught.value.reason == "too large"


# --- captures ---


async def test_captures_of_a_conversation_make_it_again(
    database: Database, other: Database, tmp_path: Path
) -> None:
    key = await database.write(add_spring)
    files = await exported(database, "sse", tmp_path)
    assert [each.state for each in await imported(other, *files)] == ["new", "more"]
    assert [each.state for each in await imported(other, *files)] == ["same", "same"]
    again, whole = await archived(other, key), await archived(database, key)
    assert not again.conversation.on_server
    same = replace(again, conversation=replace(again.conversation, on_server=True))
    assert lines_of(same) == lines_of(whole)


async def test_captures_of_a_fork_do_not_bind_it_to_the_conversation_it_came_from(
    database: Database, other: Database, tmp_path: Path
) -> None:
    key = await database.write(add_spring)
    *_before, last = (await archived(database, key)).messages
    fork = await database.write(lambda c: forks.fork(c, key, last.key, SENT_AT))
    files = await Exports(database).export([fork], "sse", tmp_path)
    await imported(other, *files)
    again = await archived(other, fork)
    assert again.conversation.conversation_id == ""
    assert [chat.chat_id for chat in again.chats] == ["7402", "7403"]


async def test_the_names_of_files_stand_in_every_form_and_come_back(
    database: Database, other: Database, tmp_path: Path
) -> None:
    def add(c: sqlite3.Connection) -> str:
        key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
        chat = journal.begin_chat(
            c, key, "这是什么？", "7511", SENT_AT, content_type="object_string", files=["猫_*.png", "b.pdf"]
        )
        journal.append_frames(c, chat, 1, spring_frames())
        journal.finish_chat(c, chat, ChatRecord(status="completed"), [])
        return key

    key = await database.write(add)
    [text] = await exported(database, "md", tmp_path)
    assert "这是什么？\n\n- 猫\\_\\*.png\n- b.pdf\n" in text.read_text("utf-8")
    [page] = await exported(database, "html", tmp_path)
    assert "这是什么？\n+ 猫_*.png\n+ b.pdf" in page.read_text("utf-8")
    for form in ("jsonl", "sse"):
        files = await exported(database, form, tmp_path)
        await imported(other, *files)
        [chat] = chats_of(await archived(other, key))
        assert (chat.record.question, chat.files) == ("这是什么？", ("猫_*.png", "b.pdf"))
        await other.write(lambda c: history.purge(c, key))


async def test_a_capture_joins_the_conversation_that_has_its_id(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await database.write(add_spring)
    files = await exported(database, "sse", tmp_path)
    for file in files:
        text = file.read_text("utf-8")
        file.write_text(
            "".join(line for line in text.splitlines(True) if "conversation=" not in line), "utf-8"
        )
    [first, second] = await imported(other, *files)
    assert first.key == second.key
    assert [first.state, second.state] == ["new", "more"]
    assert {each.state for each in await imported(other, *files)} == {"same"}


async def test_a_key_of_another_bot_is_not_joined(database: Database, tmp_path: Path) -> None:
    key = await database.write(
        lambda c: history.create_conversation(c, "coze.com", "999", 1, title="something else")
    )
    file = tmp_path / "x.sse"
    facts = {"conversation": key, "site": "coze.cn", "bot_id": "7511"}
    file.write_text(capture_text(Capture(tuple(spring_frames()), facts)), "utf-8")
    [one] = await imported(database, file)
    assert one.key != key
    assert one.state == "new"
    assert [each.state for each in await imported(database, file)] == ["same"]


@pytest.mark.parametrize(
    "name", ["text_chat", "failed", "canceled", "studio", "requires_action", "reasoning"]
)
async def test_a_plain_stream_becomes_a_chat(database: Database, name: str) -> None:
    file = STREAMS / f"{name}.sse"
    [one] = await Imports(database).import_file(file, site="coze.cn")
    whole = await archived(database, one.key)
    [chat] = whole.chats
    assert chat.is_final
    assert chat.status in ("completed", "failed", "server_canceled", "requires_action")
    assert list(whole.frames_of(chat))
    assert (whole.conversation.site, one.title) == ("coze.cn", name)
    assert [each.state for each in await Imports(database).import_file(file, site="coze.cn")] == ["same"]


async def test_what_a_capture_tells_is_kept(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "x.sse"
    facts = {
        "sent_at": "2025-01-28T10:02:09.000+00:00",
        "base_url": "https://user:pat_EXAMPLE@studio.example:8888",
        "question": "春节\u202e呢",
        "status": "canceled",
        "total_us": "9000000",
        "logid": "L",
    }
    file.write_text(capture_text(Capture(tuple(spring_frames()[:9]), facts)), "utf-8")
    [one] = await imported(database, file)
    whole = await archived(database, one.key)
    [chat] = whole.chats
    assert whole.conversation.site == "studio.example:8888"
    assert whole.conversation.conversation_id == "3342"
    assert (whole.conversation.bot_id, one.title) == ("7511", "春节呢")
    assert (chat.sent_at, chat.logid, chat.question) == (SENT_AT, "L", "春节呢")
    assert (chat.status, chat.total_us) == ("canceled", 9_000_000)
    assert b"pat_EXAMPLE" not in lines_of(whole)


async def test_a_question_that_the_stream_echoes_is_kept(database: Database) -> None:
    [one] = await imported(database, STREAMS / "echo_question.sse")
    [chat] = (await archived(database, one.key)).chats
    assert chat.question
    assert one.title == chat.question


async def test_many_messages_are_found_as_soon_as_they_are_imported(
    database: Database, tmp_path: Path
) -> None:
    conversation = spring()
    *_before, last = conversation.messages
    many = [
        replace(last, position=last.position + number, content=f"第{number}条") for number in range(1, 300)
    ]
    file = tmp_path / "x.jsonl"
    file.write_bytes(lines_of(replace(conversation, messages=(*conversation.messages, *many))))
    await imported(database, file)
    assert len(await database.read(lambda c: search.search(c, "第299条"))) == 1
    assert await database.run(lambda c: c.execute("SELECT min(is_indexed) FROM texts").fetchone()[0]) == 1


async def test_facts_that_make_no_sense_are_left_out(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "x.sse"
    facts = {
        "sent_at": "yesterday",
        "base_url": "http://[",
        "conversation": "../x",
        "status": "odd",
        "total_us": "-1",
    }
    chat = json.dumps({"id": "5", "conversation_id": "6", "created_at": 1_738_058_529})
    file.write_text(capture_text(Capture((Frame("conversation.chat.created", chat, 5),), facts)), "utf-8")
    [one] = await imported(database, file)
    whole = await archived(database, one.key)
    assert (whole.conversation.site, whole.chats[0].sent_at) == ("", SENT_AT)
    assert whole.chats[0].status == "interrupted"
    assert whole.chats[0].total_us == 5


async def test_a_capture_comes_back_even_without_any_id(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "x.sse"
    frames = (Frame("error", '{"code":4016,"msg":"busy"}', 9), Frame("done", "", 10))
    file.write_text(capture_text(Capture(frames, {"question": "?"})), "utf-8")
    [one] = await imported(database, file)
    [again] = await imported(database, file)
    assert (one.state, again.state, one.key) == ("new", "same", again.key)
    assert (await archived(database, one.key)).chats[0].error_code == 4016


def test_the_captures_of_an_export_are_those_of_the_chats() -> None:
    conversation = spring()
    assert [capture.frames for _, capture in captures_from(conversation)] == [
        tuple(conversation.frames_of(chat)) for chat in conversation.chats
    ]
    assert archive.holds(conversation, conversation)
