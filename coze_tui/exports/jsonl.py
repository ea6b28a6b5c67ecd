"""Writes a conversation as JSON Lines without loss, and reads it line by line with limits. Pure.

Each line is an object with one key that names its content:

    {"format":"coze-tui","version":1}
    {"conversation":{…}}
    {"section":{…}}                        where a context window begins
    {"chat":{"slot":1,…}}                  followed by its frames:
    {"frame":[412034,"conversation.message.delta","{…}",""]}     µs since sending, event, data, id
    {"message":{"position":1048577,"chat":1,…}}
    {"end":{"sections":0,"chats":1,"frames":1,"messages":1}}

A file may contain several conversations, one after the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from sys import intern
from typing import Literal, NoReturn, Protocol, TypeVar, get_type_hints

from coze_tui.api.objects import Frame, Limits
from coze_tui.errors import FileError
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.journal import BREAK_COLUMNS, CHAT_COLUMNS
from coze_tui.store.messages import storable
from coze_tui.store.packed_messages import MessagePacker
from coze_tui.store.packing import Packer, line_from_frame
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from coze_tui.values import valueclass

FORMAT = "coze-tui"
VERSION = 1
_T = TypeVar("_T")

_KEY = re.compile("[a-z0-9]{1,32}")
MOST = 2**63 - 1
"""The largest number that the store accepts."""
_RANGES = {
    "slot": (1, MOST // SLOT - 1),
    "position": (0, MOST),
    "chat": (0, MOST),
    "frame_count": (0, MOST),
}
"""The limits of numbers with a limited range."""
_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters valid in JSON that control terminals, split lines for some readers, or are not UTF-8."""
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_BETWEEN_HALVES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")


@valueclass
class _Counts:
    """The number of lines of each kind, so that a reader detects missing ones."""

    sections: int
    chats: int
    frames: int
    messages: int


_FIELDS: Mapping[type, Sequence[str]] = {
    SavedConversation: [each.name for each in fields(SavedConversation) if each.name != "deleted_at"],
    SavedSection: [each.name for each in fields(SavedSection)],
    ChatRecord: (*CHAT_COLUMNS, *BREAK_COLUMNS),
    SavedMessage: (
        *("position", "chat", "role", "type", "content_type", "message_id", "name", "created_at"),
        *("content", "reasoning", "thought_us"),
    ),
    _Counts: [each.name for each in fields(_Counts)],
}
"""The fields of each kind of object in its line, in this order."""
_MISSING = {name: getattr(ChatRecord(), name) for name in BREAK_COLUMNS}
"""The values of fields that older files do not have."""
_TYPES = {kind: get_type_hints(kind) for kind in _FIELDS}


# --- writing ---


def lines_from(archived: ConversationArchive) -> Iterator[bytes]:
    """Yield the lines of a conversation, each with its line end.

    Raises:
        StoreError: the frames of a chat can no longer be read.
    """
    yield _line({"format": FORMAT, "version": VERSION})
    yield _line({"conversation": object_from(archived.conversation)})
    for section in archived.sections:
        yield _line({"section": object_from(section)})
    frames = 0
    for chat in archived.chats:
        yield _line({"chat": object_from(chat)})
        for frame in archived.frames_of(chat):
            frames += 1
            texts = (_exact(frame.event), _exact(frame.data), _exact(frame.id))
            yield _line({"frame": [frame.at_us, *texts]})
    slots = {chat.key: chat.slot for chat in archived.chats}
    for message in archived.messages:
        numbered = replace(message, chat=slots.get(message.chat, 0))
        yield _line({"message": object_from(numbered)})
    counts = _Counts(len(archived.sections), len(archived.chats), frames, len(archived.messages))
    yield _line({"end": object_from(counts)})


def object_from(value: object) -> Mapping[str, object]:
    """Return the fields for the line of a conversation, a section, a chat or a message."""
    return {name: getattr(value, name) for name in _FIELDS[type(value)]}


def _line(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not text.isprintable():
        text = _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return text.encode() + b"\n"


def _exact(text: str) -> str | list[str]:
    """Split a text between adjacent halves of surrogate pairs, which a JSON reader would join."""
    if text.isascii():
        return text
    pieces = _BETWEEN_HALVES.split(text)
    return pieces if len(pieces) > 1 else text


# --- reading ---


class LineSource(Protocol):
    """An open file from which lines are read."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line with its end, at most this many bytes; empty at the end of the file."""


@valueclass
class LineLimits:
    """Sizes that no real file of `lines_from` exceeds."""

    line: int = 64 << 20
    """Bytes."""
    total: int = 4 << 30
    kept: int = 1 << 30
    """Bytes of texts and packed frames of one conversation, which are in memory until it is complete."""
    chat: Limits = Limits()
    """Limits of the unpacked frames of one chat, and of its messages: twice a reply of Coze."""
    values: int = 1 << 20
    """Bytes of a line outside of its texts: nested lists need hundreds of times their size in memory."""


def read_lines(
    file: LineSource,
    path: str,
    limits: LineLimits = LineLimits(),  # noqa: B008 never changed
) -> Iterator[ConversationArchive]:
    """Yield the conversations of a file. The key of each chat is its slot.

    Raises:
        FileError: with the line and the reason. Conversations yielded before it are complete.
        OSError: a read fails.
    """
    reader = _Reader(path, limits)
    while line := file.readline(limits.line + 1):
        whole = reader.take(line)
        if whole is not None:
            yield whole
    reader.end()


@dataclass(slots=True)
class _Open:
    """A conversation that is being read."""

    conversation: SavedConversation
    sections: list[SavedSection] = field(default_factory=list)
    chats: dict[int, ChatRecord] = field(default_factory=dict)
    packed_frames: dict[int, bytes] = field(default_factory=dict)
    messages: MessagePacker = field(default_factory=MessagePacker)
    asked: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Content type and file names of the questions, by position."""
    frames: int = 0
    slot: int = 0
    packer: Packer = field(default_factory=Packer)
    packed_count: int = 0
    """Number of frames of the chat read so far."""
    unpacked: int = 0
    """Bytes of these frames."""
    said: int = 0
    """Bytes of the messages of the same chat read so far."""
    kept: int = 0

    @property
    def counts(self) -> _Counts:
        """Return the numbers of lines read so far."""
        return _Counts(len(self.sections), len(self.chats), self.frames, self.messages.count)


class _Reader:
    """Reads the lines one by one, and checks them."""

    def __init__(self, path: str, limits: LineLimits) -> None:
        self._path = path
        self._limits = limits
        self._number = 0
        self._total = 0
        self._has_header = False
        self._open: _Open | None = None

    def take(self, line: bytes) -> ConversationArchive | None:
        """Read the next line; return the conversation if it was its last line, else None.

        Raises:
            FileError: the line is wrong, or too large.
        """
        self._number += 1
        self._total += len(line)
        if len(line) > self._limits.line:
            self._fail("too large", "line")
        if self._total > self._limits.total or (self._open and self._open.kept > self._limits.kept):
            self._fail("too large")
        if len(line) > self._limits.values and len(_TEXT.sub(b"", line)) > self._limits.values:
            self._fail("too large", "line")
        if not line.strip():
            return None
        data = self._object(line)
        name = next(iter(data), "")
        value = data.get(name)
        if name == "format":
            self._header(data)
        elif not self._has_header:
            self._fail("foreign", name)
        elif name == "conversation":
            self._begin(value)
        elif self._open is None:
            self._bad(f"{name} without conversation")
        elif name == "frame":
            self._frame(self._open, value)
        elif name == "section":
            self._open.sections.append(self._read(SavedSection, value))
        elif name == "chat":
            self._chat(self._open, value)
        elif name == "message":
            self._message(self._open, value)
        elif name == "end":
            return self._whole(self._open, value)
        else:
            self._bad(name or "{}")
        return None

    def end(self) -> None:
        """Raise FileError if the file ended too early."""
        if self._number == 0:
            raise FileError("empty", self._path)
        if self._open is not None or not self._has_header:
            self._fail("cut")

    def _object(self, line: bytes) -> Mapping[str, object]:
        try:
            text = line.decode("utf-8-sig" if self._number == 1 else "utf-8")
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            if not line.endswith(b"\n"):
                self._fail("cut")
            if not self._has_header:
                self._fail("foreign", str(error))
            self._bad(str(error))
        if not isinstance(data, dict):
            self._bad("not an object")
        return data

    def _header(self, data: Mapping[str, object]) -> None:
        if self._open is not None:
            self._fail("cut", "format")
        version = data.get("version")
        if data["format"] != FORMAT or isinstance(version, bool) or not isinstance(version, int):
            self._fail("foreign", str(data["format"]))
        if version > VERSION:
            self._fail("newer", str(version))
        self._has_header = True

    def _begin(self, value: object) -> None:
        if self._open is not None:
            self._fail("cut", "conversation")
        self._open = _Open(self._read(SavedConversation, value))

    def _chat(self, whole: _Open, value: object) -> None:
        self._pack(whole)
        chat = self._read(ChatRecord, value, conversation=whole.conversation.key)
        if chat.slot <= whole.slot:
            self._bad("slot")
        whole.slot = chat.slot
        whole.chats[chat.slot] = replace(chat, key=chat.slot)
        whole.kept += _bytes(chat.question)

    def _frame(self, whole: _Open, value: object) -> None:
        match value:
            case [int(at_us), event, data, id_] if whole.slot and abs(at_us) <= MOST:
                frame = Frame(self._joined(event), self._joined(data), at_us, self._joined(id_))
            case _:
                self._bad("frame")
        limits = self._limits.chat
        size = frame.bytes
        whole.unpacked += size
        if size > limits.event or whole.packed_count >= 2 * limits.frames:
            self._fail("too large", "event")
        if whole.unpacked > 2 * limits.reply:
            self._fail("too large", "chat")
        whole.packer.add(line_from_frame(frame))
        whole.packed_count += 1
        whole.frames += 1

    def _joined(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, list) or not all(map(_is_text, value)):
            self._bad("frame")
        return "".join(value)

    def _message(self, whole: _Open, value: object) -> None:
        message = self._read(SavedMessage, value, conversation=whole.conversation.key)
        last = whole.messages.last
        if last is not None and message.position <= last.position:
            self._bad("position")
        if message.chat and message.chat not in whole.chats:
            self._bad("chat")
        size = _bytes(message.content) + _bytes(message.reasoning) + _bytes(message.name)
        is_same_chat = last is not None and message.chat == last.chat != 0
        whole.said = whole.said + size if is_same_chat else size
        if whole.said > 2 * self._limits.chat.reply:
            self._fail("too large", "chat")
        whole.messages.add(message)
        if message.type == "question":
            whole.asked[message.position] = intern(message.content_type), message.name
        whole.kept += size

    def _pack(self, whole: _Open) -> None:
        """Store the packed frames of the chat read so far."""
        packed = whole.packer.packed()
        if packed is not None:
            whole.packed_frames[whole.slot] = packed
            whole.kept += len(packed)
            chat = whole.chats[whole.slot]
            if chat.is_final:  # the number of omitted frames is shown with them
                whole.chats[whole.slot] = replace(chat, frame_count=whole.packed_count)
        whole.packer, whole.packed_count, whole.unpacked = Packer(), 0, 0

    def _whole(self, whole: _Open, value: object) -> ConversationArchive:
        self._pack(whole)
        if self._read(_Counts, value) != whole.counts:
            self._fail("cut", "lines are missing")
        self._open = None
        return ConversationArchive(
            whole.conversation,
            tuple(whole.sections),
            tuple(_complete(whole)),
            whole.messages.whole(),
            whole.packed_frames,
        )

    def _read(self, kind: type[_T], value: object, **others: object) -> _T:
        """Return an object of this kind from its line, each field checked; `others` are not in the line."""
        data = value if isinstance(value, dict) else {}
        types = _TYPES[kind]
        given = {name: data.get(name, _MISSING.get(name)) for name in _FIELDS[kind]}
        found = {name: self._value(name, types[name], value) for name, value in given.items()}
        return kind(**found, **others)

    def _value(self, name: str, kind: object, value: object) -> object:
        if kind is bool and isinstance(value, bool):
            return value
        if kind is int and isinstance(value, int) and not isinstance(value, bool):
            lowest, highest = _RANGES.get(name, (-MOST, MOST))
            if lowest <= value <= highest:
                return value
        if kind is str and isinstance(value, str):
            text = storable(value)
            if name != "key" or _KEY.fullmatch(text):
                return text
        if kind == tuple[str, ...] and isinstance(value, list) and all(map(_is_text, value)):
            return tuple(map(storable, value))
        return self._bad(name)

    def _bad(self, detail: str) -> NoReturn:
        raise FileError("bad line", self._path, line=self._number, detail=detail)

    def _fail(self, reason: Literal["foreign", "newer", "cut", "too large"], detail: str = "") -> NoReturn:
        raise FileError(reason, self._path, line=self._number, detail=detail)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _complete(whole: _Open) -> Iterator[ChatRecord]:
    """Yield the chats completed with data of their conversation and questions, as the store returns them."""
    saved = whole.conversation
    for chat in whole.chats.values():
        content_type, files = whole.asked.get(chat.slot * SLOT, ("", ""))
        yield replace(
            chat,
            has_packed_frames=chat.slot in whole.packed_frames,
            conversation_id=saved.conversation_id,
            site=saved.site,
            bot_name=saved.bot_name,
            title=saved.title,
            content_type=content_type,
            files=files,
        )
