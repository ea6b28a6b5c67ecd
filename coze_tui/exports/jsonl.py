"""A conversation as JSON lines, without loss: written, and read again line by line with limits. Pure.

Each line is an object with one key that says what it holds:

    {"format":"coze-tui","version":1}
    {"conversation":{…}}
    {"section":{…}}                        where a context window begins
    {"chat":{"slot":1,…}}                  followed by its frames:
    {"frame":[412034,"conversation.message.delta","{…}",""]}     µs since sending, event, data, id
    {"message":{"position":1048577,"chat":1,…}}
    {"end":{"sections":0,"chats":1,"frames":1,"messages":1}}

Such texts may follow each other in one file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn, Protocol

from coze_tui.api.objects import Frame
from coze_tui.errors import FileError
from coze_tui.exports import jsonl as objects
from coze_tui.store.archive import ConversationArchive, Packer
from coze_tui.store.folding import storable
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.journal import ChatSummary, SavedChat
from coze_tui.store.messages import SLOT, SavedMessage

FORMAT = "coze-tui"
VERSION = 1

_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON lets stand and a terminal obeys, a reader may split a line at, or UTF-8 cannot hold."""
_BETWEEN_HALVES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")


# --- written ---


def lines_from(carried: ConversationArchive) -> Iterator[bytes]:
    """The lines of a conversation, each with its line end.

    Raises:
        StoreError: the frames of a chat cannot be read any more.
    """
    yield _line({"format": FORMAT, "version": VERSION})
    yield _line({"conversation": objects.conversation_object(carried.conversation)})
    for section in carried.sections:
        yield _line({"section": objects.section_object(section)})
    frames = 0
    for chat in carried.chats:
        yield _line({"chat": objects.chat_object(chat)})
        for frame in carried.frames_of(chat):
            frames += 1
            texts = (_exact(frame.event), _exact(frame.data), _exact(frame.id))
            yield _line({"frame": [frame.at_us, *texts]})
    slots = {chat.key: chat.slot for chat in carried.chats}
    for message in carried.messages:
        yield _line({"message": objects.message_object(message, slots.get(message.chat, 0))})
    counts = {
        "sections": len(carried.sections),
        "chats": len(carried.chats),
        "frames": frames,
        "messages": len(carried.messages),
    }
    yield _line({"end": counts})


def _line(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not text.isprintable():
        text = _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    return text.encode() + b"\n"


def _exact(text: str) -> str | list[str]:
    """Neighbouring halves of a pair would be joined by whoever reads them: keep them apart."""
    if text.isascii():
        return text
    pieces = _BETWEEN_HALVES.split(text)
    return pieces if len(pieces) > 1 else text


# --- read ---


class LineSource(Protocol):
    """An open file, as far as lines are read from it."""

    def readline(self, size: int, /) -> bytes:
        """The next line with its end, at most so many bytes; nothing at the end of the file."""


@dataclass(frozen=True, slots=True)
class LineLimits:
    """Beyond these sizes lies nothing that `lines_from` writes in earnest."""

    line: int = 64 << 20
    """Bytes."""
    total: int = 4 << 30
    kept: int = 1 << 30
    """Of texts and packed frames, which are held until all of the file is read."""


def read_lines(
    file: LineSource,
    path: str,
    limits: LineLimits = LineLimits(),
) -> Iterator[ConversationArchive]:
    """The conversations in a file, one after the other. The key of each chat is its slot.

    Raises:
        FileError: with the line and the reason. What was yielded before it was whole.
        OSError: the file cannot be read on.
    """
    reader = _Reader(path, limits)
    while line := file.readline(limits.line + 1):
        whole = reader.take(line)
        if whole is not None:
            yield whole
    reader.end()


@dataclass(slots=True)
class _Open:
    """A conversation as far as it has been read."""

    conversation: SavedConversation
    sections: list[SavedSection] = field(default_factory=list)
    chats: dict[int, SavedChat] = field(default_factory=dict)
    captures: dict[int, bytes] = field(default_factory=dict)
    messages: list[SavedMessage] = field(default_factory=list)
    frames: int = 0
    slot: int = 0
    packer: Packer = field(default_factory=Packer)


class _Reader:
    """The state between two lines."""

    def __init__(self, path: str, limits: LineLimits) -> None:
        self._path = path
        self._limits = limits
        self._number = 0
        self._total = 0
        self._kept = 0
        self._has_header = False
        self._open: _Open | None = None

    def take(self, line: bytes) -> ConversationArchive | None:
        """Read the next line; a conversation where it was the last one of it."""
        self._number += 1
        self._total += len(line)
        if len(line) > self._limits.line:
            self._fail("too large", "line")
        if self._total > self._limits.total or self._kept > self._limits.kept:
            self._fail("too large")
        if not line.strip():
            return None
        data = self._object(line)
        name = next(iter(data), "")
        fields = objects.Fields(data.get(name), self._bad)
        if name == "format":
            self._header(data)
        elif not self._has_header:
            self._fail("foreign", name)
        elif name == "conversation":
            self._begin(fields)
        elif self._open is None:
            self._bad(f"{name} without conversation")
        elif name == "frame":
            self._frame(self._open, data[name])
        elif name == "section":
            self._open.sections.append(objects.section_from(fields))
        elif name == "chat":
            self._chat(self._open, fields)
        elif name == "message":
            self._message(self._open, fields)
        elif name == "end":
            return self._whole(self._open, fields)
        else:
            self._bad(name or "{}")
        return None

    def end(self) -> None:
        """The file is over."""
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

    def _begin(self, fields: objects.Fields) -> None:
        if self._open is not None:
            self._fail("cut", "conversation")
        self._open = _Open(objects.conversation_from(fields))

    def _chat(self, whole: _Open, fields: objects.Fields) -> None:
        self._pack(whole)
        chat = objects.chat_from(fields, whole.conversation.key)
        if chat.slot <= whole.slot:
            self._bad("slot")
        whole.slot = chat.slot
        whole.chats[chat.slot] = chat
        self._kept += len(chat.question)

    def _frame(self, whole: _Open, value: object) -> None:
        match value:
            case [int(at_us), event, data, id_] if whole.slot and abs(at_us) <= objects.MOST:
                frame = Frame(self._joined(event), self._joined(data), at_us, self._joined(id_))
            case _:
                self._bad("frame")
        whole.packer.add(frame)
        whole.frames += 1

    def _joined(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if not isinstance(value, list) or not all(isinstance(piece, str) for piece in value):
            self._bad("frame")
        return "".join(value)

    def _message(self, whole: _Open, fields: objects.Fields) -> None:
        message = objects.message_from(fields, whole.conversation.key)
        last = whole.messages[-1].position if whole.messages else -1
        if message.position <= last:
            self._bad("position")
        if message.chat and message.chat not in whole.chats:
            self._bad("chat")
        whole.messages.append(message)
        self._kept += len(message.content) + len(message.reasoning)

    def _pack(self, whole: _Open) -> None:
        """The frames of a chat are over."""
        packed = whole.packer.packed()
        if packed is not None:
            whole.captures[whole.slot] = packed
            self._kept += len(packed)
        whole.packer = Packer()

    def _whole(self, whole: _Open, fields: objects.Fields) -> ConversationArchive:
        self._pack(whole)
        found = (len(whole.sections), len(whole.chats), whole.frames, len(whole.messages))
        if found != tuple(fields.number(name) for name in ("sections", "chats", "frames", "messages")):
            self._fail("cut", "lines are missing")
        self._open = None
        return ConversationArchive(
            whole.conversation,
            tuple(whole.sections),
            tuple(replace(chat, has_capture=slot in whole.captures) for slot, chat in whole.chats.items()),
            tuple(whole.messages),
            whole.captures,
        )

    def _bad(self, detail: str) -> NoReturn:
        raise FileError("bad line", self._path, line=self._number, detail=detail)

    def _fail(self, reason: Literal["foreign", "newer", "cut", "too large"], detail: str = "") -> NoReturn:
        raise FileError(reason, self._path, line=self._number, detail=detail)


_KEY = re.compile("[a-z0-9]{1,32}")
MOST = 2**63 - 1
"""The largest number that the store can hold."""


class Fields:
    """The fields of one line, each checked as it is read."""

    def __init__(self, value: object, bad: Callable[[str], NoReturn]) -> None:
        self._values: Mapping[str, object] = value if isinstance(value, dict) else {}
        self._bad = bad

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str):
            self._bad(name)
        return storable(value)

    def number(self, name: str, lowest: int = -MOST, highest: int = MOST) -> int:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            self._bad(name)
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        if not isinstance(value, bool):
            self._bad(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._bad(name)
        return tuple(storable(item) for item in value)

    def key(self, name: str) -> str:
        key = self.text(name)
        if not _KEY.fullmatch(key):
            self._bad(name)
        return key


def conversation_object(saved: SavedConversation) -> Mapping[str, object]:
    return {
        "key": saved.key,
        "site": saved.site,
        "bot_id": saved.bot_id,
        "bot_name": saved.bot_name,
        "conversation_id": saved.conversation_id,
        "section_id": saved.section_id,
        "title": saved.title,
        "title_by_user": saved.title_by_user,
        "pinned": saved.pinned,
        "interrupted": saved.interrupted,
        "on_server": saved.on_server,
        "draft": saved.draft,
        "queue": saved.queue,
        "forked_from": saved.forked_from,
        "created_at": saved.created_at,
        "updated_at": saved.updated_at,
    }


def conversation_from(fields: Fields) -> SavedConversation:
    return SavedConversation(
        key=fields.key("key"),
        site=fields.text("site"),
        bot_id=fields.text("bot_id"),
        bot_name=fields.text("bot_name"),
        conversation_id=fields.text("conversation_id"),
        section_id=fields.text("section_id"),
        title=fields.text("title"),
        title_by_user=fields.flag("title_by_user"),
        pinned=fields.flag("pinned"),
        interrupted=fields.flag("interrupted"),
        on_server=fields.flag("on_server"),
        draft=fields.text("draft"),
        queue=fields.texts("queue"),
        forked_from=fields.text("forked_from"),
        created_at=fields.number("created_at"),
        updated_at=fields.number("updated_at"),
        deleted_at=0,
    )


def section_object(section: SavedSection) -> Mapping[str, object]:
    return {
        "section_id": section.section_id,
        "position": section.position,
        "started_at": section.started_at,
    }


def section_from(fields: Fields) -> SavedSection:
    return SavedSection(fields.text("section_id"), fields.number("position", 0), fields.number("started_at"))


def chat_object(chat: SavedChat) -> Mapping[str, object]:
    summary = chat.summary
    return {
        "slot": chat.slot,
        "chat_id": chat.chat_id,
        "section_id": chat.section_id,
        "bot_id": chat.bot_id,
        "logid": chat.logid,
        "question": chat.question,
        "sent_at": chat.sent_at,
        "is_final": chat.is_final,
        "frame_count": chat.frame_count,
        "status": summary.status,
        "first_text_us": summary.first_text_us,
        "total_us": summary.total_us,
        "deltas": summary.deltas,
        "characters": summary.characters,
        "input_tokens": summary.input_tokens,
        "output_tokens": summary.output_tokens,
        "token_count": summary.token_count,
        "error_code": summary.error_code,
        "error_msg": summary.error_msg,
    }


def chat_from(fields: Fields, conversation: str) -> SavedChat:
    slot = fields.number("slot", 1, MOST // SLOT - 1)
    return SavedChat(
        key=slot,
        conversation=conversation,
        slot=slot,
        chat_id=fields.text("chat_id"),
        section_id=fields.text("section_id"),
        bot_id=fields.text("bot_id"),
        logid=fields.text("logid"),
        question=fields.text("question"),
        sent_at=fields.number("sent_at"),
        is_final=fields.flag("is_final"),
        frame_count=fields.number("frame_count", 0),
        has_capture=False,
        summary=ChatSummary(
            status=fields.text("status"),
            first_text_us=fields.number("first_text_us"),
            total_us=fields.number("total_us"),
            deltas=fields.number("deltas"),
            characters=fields.number("characters"),
            input_tokens=fields.number("input_tokens"),
            output_tokens=fields.number("output_tokens"),
            token_count=fields.number("token_count"),
            error_code=fields.number("error_code"),
            error_msg=fields.text("error_msg"),
        ),
    )


def message_object(message: SavedMessage, slot: int) -> Mapping[str, object]:
    return {
        "position": message.position,
        "chat": slot,
        "role": message.role,
        "type": message.type,
        "content_type": message.content_type,
        "message_id": message.message_id,
        "name": message.name,
        "created_at": message.created_at,
        "content": message.content,
        "reasoning": message.reasoning,
    }


def message_from(fields: Fields, conversation: str) -> SavedMessage:
    return SavedMessage(
        role=fields.text("role"),
        type=fields.text("type"),
        content=fields.text("content"),
        reasoning=fields.text("reasoning"),
        name=fields.text("name"),
        content_type=fields.text("content_type"),
        message_id=fields.text("message_id"),
        created_at=fields.number("created_at"),
        conversation=conversation,
        chat=fields.number("chat", 0),
        position=fields.number("position", 0),
    )
