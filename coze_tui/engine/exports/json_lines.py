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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn, Protocol

from coze_tui.api.objects import Frame
from coze_tui.engine.exports import line_objects as objects
from coze_tui.errors import FileError
from coze_tui.store.carrying import CarriedConversation, Packer
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.journal import SavedChat
from coze_tui.store.messages import SavedMessage

FORMAT = "coze-tui"
VERSION = 1

_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON lets stand and a terminal obeys, a reader may split a line at, or UTF-8 cannot hold."""
_BETWEEN_HALVES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")


# --- written ---


def lines_from(carried: CarriedConversation) -> Iterator[bytes]:
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
) -> Iterator[CarriedConversation]:
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

    def take(self, line: bytes) -> CarriedConversation | None:
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

    def _whole(self, whole: _Open, fields: objects.Fields) -> CarriedConversation:
        self._pack(whole)
        found = (len(whole.sections), len(whole.chats), whole.frames, len(whole.messages))
        if found != tuple(fields.number(name) for name in ("sections", "chats", "frames", "messages")):
            self._fail("cut", "lines are missing")
        self._open = None
        return CarriedConversation(
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
