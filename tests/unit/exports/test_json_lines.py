"""JSON Lines: nothing is lost on the way, and whatever else is in a file is refused with its line."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.objects import Frame
from coze_tui.errors import FileError
from coze_tui.exports.jsonl import LineLimits, lines_from, read_lines
from coze_tui.store import archive, history, journal
from coze_tui.store.archive import ConversationArchive
from tests.support.conversations import any_conversation, spring
from tests.support.stores import empty_store, taken


def read(data: bytes, limits: LineLimits | None = None) -> list[ConversationArchive]:
    return list(read_lines(io.BytesIO(data), "/x.jsonl", limits or LineLimits()))


def written(*archived: ConversationArchive) -> bytes:
    return b"".join(line for each in archived for line in lines_from(each))


def refused(data: bytes, limits: LineLimits | None = None) -> FileError:
    with pytest.raises(FileError) as caught:
        read(data, limits)
    assert caught.value.path == "/x.jsonl"
    return caught.value


@given(any_conversation())
def test_any_conversation_comes_back_the_same_and_is_written_the_same(archived: ConversationArchive) -> None:
    first = written(archived)
    assert len(first.decode().splitlines()) == first.count(b"\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", first.decode())
    [again] = read(first)
    assert archive.holds(again, archived)
    assert archive.holds(archived, again)
    c = empty_store()
    archive.put(c, again)
    second = taken(c, archived.conversation.key)
    assert second.conversation == archived.conversation
    assert [list(second.frames_of(chat)) for chat in second.chats] == [
        list(archived.frames_of(chat)) for chat in archived.chats
    ]
    assert written(second) == first
    c.close()


@given(any_conversation())
def test_every_line_is_json_in_utf_8(archived: ConversationArchive) -> None:
    lines = written(archived).decode().split("\n")
    assert lines.pop() == ""
    assert [next(iter(json.loads(line))) for line in lines][:2] == ["format", "conversation"]


def test_halves_of_a_pair_that_stand_beside_each_other_stay_apart() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", 1)
    chat = journal.begin_chat(c, key, "?", "7511", 1)
    frame = Frame("\ud83d", "a\ud83d\ude00\0", 5, "\ude00\ud83d")
    journal.append_frames(c, chat, 1, [frame])
    archived = taken(c, key)
    data = written(archived)
    assert b'{"frame":[5,"\\ud83d",["a\\ud83d","\\ude00\\u0000"],"\\ude00\\ud83d"]}' in data
    [again] = read(data)
    assert list(again.frames_of(again.chats[0])) == [frame]


def test_several_in_one_file_are_several() -> None:
    archived = spring()
    assert len(read(written(archived, archived))) == 2
    assert read(written(archived).replace(b"\n", b"\r\n")) == read(written(archived))
    assert read(b"\xef\xbb\xbf" + written(archived) + b"\n\n") == read(written(archived))


def test_a_file_without_its_end_is_cut() -> None:
    data = written(spring())
    lines = data.splitlines(keepends=True)
    for kept in (1, 2, 5, len(lines) - 1):
        cut = b"".join(lines[:kept])
        if kept == 1:
            assert read(cut) == []
        else:
            assert refused(cut).reason == "cut"
    assert refused(data[:-30]).reason == "cut"
    assert refused(b"".join(lines[:-1]) + data).reason == "cut"
    assert refused(b"".join([*lines[:2], *lines[1:]])).detail == "conversation"
    assert refused(b"".join([*lines[:4], *lines[5:]])).reason in ("cut", "bad line")


def test_what_is_not_ours_is_foreign() -> None:
    assert refused(b"").reason == "empty"
    assert refused(b'{"a":1}\n').reason == "foreign"
    assert refused(b'{"format":"other","version":1}\n').reason == "foreign"
    assert refused(b'{"format":"coze-tui"}\n').reason == "foreign"
    assert refused(b"hello\nworld\n").reason == "foreign"
    assert refused(b'{"format":"coze-tui","version":2}\n').reason == "newer"


def changed(name: str, change: Callable[[dict[str, object]], None]) -> bytes:
    """The lines of a conversation in which the first object of a kind is another."""
    lines = written(spring()).splitlines()
    for number, line in enumerate(lines):
        data = json.loads(line)
        if name in data:
            change(data)
            lines[number] = json.dumps(data).encode()
            break
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("conversation", "key", "../../etc"),
        ("conversation", "key", ""),
        ("conversation", "title", 7),
        ("conversation", "pinned", 1),
        ("conversation", "queue", [1]),
        ("conversation", "queue", "x"),
        ("conversation", "created_at", 2**63),
        ("conversation", "created_at", 1.5),
        ("chat", "slot", 0),
        ("chat", "slot", 2**60),
        ("chat", "sent_at", True),
        ("chat", "status", None),
        ("message", "position", -1),
        ("message", "chat", 99),
        ("message", "content", None),
        ("section", "position", -1),
        ("end", "frames", "many"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(name: str, key: str, value: object) -> None:
    def change(data: dict[str, object]) -> None:
        fields = data[name]
        assert isinstance(fields, dict)
        fields[key] = value

    data = changed(name, change)
    if name == "section":
        data = data.replace(b'\n{"chat":', b'\n{"section":{"section_id":"","position":-1}}\n{"chat":', 1)
    error = refused(data)
    assert (error.reason, error.detail) == ("bad line", key)
    assert f'"{name}"'.encode() in data.splitlines()[error.line - 1]


@pytest.mark.parametrize(
    "line",
    [
        b'{"frame":[1,"e","d"]}',
        b'{"frame":["1","e","d",""]}',
        b'{"frame":[1,"e",["a",2],""]}',
        b'{"frame":[1,"e",{},""]}',
        b'{"frame":[99999999999999999999,"e","d",""]}',
        b'{"odd":{}}',
        b"{}",
        b"[1]",
        b"not json",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"chat":7}',
    ],
)
def test_a_strange_line_is_named(line: bytes) -> None:
    lines = written(spring()).splitlines()
    lines.insert(6, line)
    error = refused(b"\n".join(lines) + b"\n")
    assert (error.reason, error.line) == ("bad line", 7)


def test_a_frame_belongs_to_a_chat() -> None:
    lines = written(spring()).splitlines()
    lines.insert(2, b'{"frame":[1,"e","d",""]}')
    assert refused(b"\n".join(lines)).line == 3
    assert refused(b"\n".join([lines[0], lines[2]]) + b"\n").detail == "frame without conversation"


def test_slots_and_positions_rise() -> None:
    lines = written(spring()).splitlines()
    chats = [number for number, line in enumerate(lines) if line.startswith(b'{"chat"')]
    messages = [number for number, line in enumerate(lines) if line.startswith(b'{"message"')]
    for places, detail in ((chats, "slot"), (messages, "position")):
        doubled = [*lines]
        doubled[places[1]] = lines[places[0]]
        assert refused(b"\n".join(doubled) + b"\n").detail == detail


def test_what_is_too_large_is_not_read_on() -> None:
    data = written(spring())
    assert refused(data, LineLimits(line=100)).reason == "too large"
    assert refused(data, LineLimits(total=1_000)).reason == "too large"
    assert refused(data, LineLimits(kept=10)).reason == "too large"


class _Endless(io.RawIOBase):
    """A file of one line without end."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        assert isinstance(buffer, memoryview)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_a_line_without_end_is_not_taken_whole() -> None:
    with pytest.raises(FileError) as caught:
        list(read_lines(io.BufferedReader(_Endless()), "/x", LineLimits(line=10_000)))
    assert caught.value.reason == "too large"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(FileError):
        read(b'{"format":"coze-tui","version":1}\n' + data)
