"""Captures: the frames of a chat as an `.sse` file, which any reader of event streams understands.

Comment lines contain what SSE has no field for: facts about the chat at the head, and before each frame its
arrival time, in microseconds since the question was sent. Standard library only.

    : coze-tui bot_id="7511000000000000001"
    : coze-tui question="海水为什么咸？"

    : at 412034
    event:conversation.chat.created
    data:{"id":"7511000000000010001",…}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from coze_tui.api.objects import Frame, Limits
from coze_tui.values import valueclass

ProblemReason = Literal[
    "empty",
    "cut",
    "bad fact",
    "bad time",
    "bad escape",
    "not a field",
    "line too long",
    "event too large",
    "too large",
    "too many events",
]

_FACT = "coze-tui "
_AT = "at "
_ESCAPED = "escaped"
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_TIME = re.compile(r"[0-9]{1,18}")
_MOST_PROBLEMS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
_LITERAL = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
"""Characters that percent-encoding leaves unchanged."""


@valueclass
class Problem:
    """A part of a file that differs from what we write. If possible, reading continues after it."""

    line: int
    """1-based."""
    reason: ProblemReason


@valueclass
class Capture:
    """The frames of one chat, and the known facts about it."""

    frames: tuple[Frame, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    """For example `sent_at`, `bot_id` and `question`; never the token."""
    problems: tuple[Problem, ...] = ()
    """Empty for an unchanged file that `capture_text` has written."""


def capture_text(capture: Capture) -> str:
    """Return the text of a capture file. Reading it returns the same frames and facts, whatever they are.

    Adjacent halves of surrogate pairs in a fact are joined.

    Raises:
        ValueError: the key of a fact does not consist of lower-case letters, digits and underscores.
    """
    writer = CaptureWriter()
    pieces = [writer.facts(capture.facts), *map(writer.frame, capture.frames)]
    return "".join(pieces)


class CaptureWriter:
    """Builds a file piece by piece while its chat runs. Later facts replace earlier ones."""

    def __init__(self) -> None:
        self._last_id = ""

    def facts(self, facts: Mapping[str, str]) -> str:
        """Return the piece with some facts.

        Raises:
            ValueError: as in `capture_text`.
        """
        return "".join(_fact_line(key, value) for key, value in facts.items()) + "\n" if facts else ""

    def frame(self, frame: Frame) -> str:
        """Return the piece with the next frame."""
        text = _frame_text(frame, self._last_id)
        self._last_id = frame.id
        return text + "\n"


def _fact_line(key: str, value: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(key)
    text = _SURROGATE.sub(_json_escape, json.dumps(value, ensure_ascii=False))
    return f": {_FACT}{key}={text}\n"


def _json_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def _frame_text(frame: Frame, last_id: str) -> str:
    """Return a frame without its blank line. An ID stays in effect, so only a changed one is written."""
    event, data, id_ = frame.event, frame.data, frame.id
    lines = [f": {_AT}{max(0, frame.at_us)}\n"]
    if _needs_escape(frame):
        lines.append(f": {_ESCAPED}\n")
        event, data, id_ = _escaped(event), _escaped(data), _escaped(id_)
    if frame.id != last_id:
        lines.append(f"id:{_after_colon(id_)}\n")
    lines.append(f"event:{_after_colon(event)}\n")
    lines.extend(f"data:{_after_colon(line)}\n" for line in data.split("\n"))
    return "".join(lines)


def _after_colon(value: str) -> str:
    return f" {value}" if value.startswith(" ") else value  # readers remove one space


def _needs_escape(frame: Frame) -> bool:
    """Return whether SSE cannot contain the frame unchanged. No frame from a server needs this."""
    names = frame.event + frame.id
    return (
        not frame.event
        or (frame.event == "message" and not frame.data)  # SSE readers skip an empty event
        or "\r" in frame.data
        or any(forbidden in names for forbidden in "\r\n\0")
        or any(not text.isascii() and _SURROGATE.search(text) for text in (frame.data, names))
    )


def _escaped(value: str) -> str:
    return quote(value, safe=_LITERAL, errors="surrogatepass")


def read_capture(text: str | Iterable[str], limits: Limits = Limits()) -> Capture:  # noqa: B008 frozen
    """Return the frames and facts in a file or its lines. An unreadable part is a problem, not an exception.

    Any other file is read as an event stream. A frame without a time gets the time of the previous frame.
    If a limit is exceeded, everything before it is returned.
    """
    reader = _Reader(limits)
    for line in _lines(text):
        if not reader.take(line):
            break
    reader.end()
    return Capture(tuple(reader.frames), reader.facts, tuple(reader.problems))


def _lines(text: str | Iterable[str]) -> Iterator[str]:
    """Yield lines that end with LF, CR or CRLF, but not with U+2028 and the like (docs/wire.md 3.1)."""
    for piece in (text,) if isinstance(text, str) else text:
        if "\r" in piece:
            piece = piece.replace("\r\n", "\n").replace("\r", "\n")
        yield from piece.removesuffix("\n").split("\n")


class _Reader:
    """Reads a capture line by line."""

    def __init__(self, limits: Limits) -> None:
        self.frames: list[Frame] = []
        self.facts: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._limits = limits
        self._number = 0
        self._total = 0
        self._non_deltas = 0
        self._id = ""
        self._at_us = 0
        self._has_ended = False
        self._begin()

    def _begin(self) -> None:
        """Discard the open event."""
        self._event = ""
        self._data: list[str] = []
        self._size = 0
        self._is_escaped = False

    def take(self, line: str) -> bool:
        """Read one line; return False if a limit ends the reading."""
        self._number += 1
        if self._number == 1:
            line = line.removeprefix("\ufeff")
        self._total += len(line) + 1
        if len(line) > self._limits.line:
            return self._stop("line too long")
        if self._total > 2 * self._limits.reply:  # comments do not count toward the size of a reply
            return self._stop("too large")
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self._comment(line[1:].strip(" "))
            return True
        self._size += len(line)
        if self._size > self._limits.event:
            return self._stop("event too large")
        self._field(line)
        return True

    def end(self) -> None:
        """End the file; add the last event if it is complete."""
        if not self._has_ended and (self._event or self._data):
            if Frame(self._event, "\n".join(self._data)).is_whole:
                self._dispatch()
            else:
                self._note("cut")
        if not self.frames and not self._has_ended:
            self._note("empty")

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id":
            if "\0" not in value:
                self._id = self._plain(value)
        elif name != "retry":
            self._note("not a field")

    def _comment(self, text: str) -> None:
        if text.startswith(_AT):
            if _TIME.fullmatch(text.removeprefix(_AT)):
                self._at_us = int(text.removeprefix(_AT))
            else:
                self._note("bad time")
        elif text.startswith(_FACT):
            key, _, value = text.removeprefix(_FACT).partition("=")
            fact = _json_text(value)
            if fact is None or not _KEY.fullmatch(key):
                self._note("bad fact")
            else:
                self.facts[key] = fact
        elif text == _ESCAPED:
            self._is_escaped = True

    def _dispatch(self) -> bool:
        data = "\n".join(self._data)
        if self._is_escaped:
            frame = Frame(self._plain(self._event), self._plain(data), self._at_us, self._id)
        elif data or self._event not in ("", "message"):
            frame = Frame(self._event or "message", data, self._at_us, self._id)
        else:
            self._begin()
            return True
        self._non_deltas += not frame.is_delta
        if not self._limits.allow(len(self.frames) + 1, self._non_deltas):
            return self._stop("too many events")
        self.frames.append(frame)
        self._begin()
        return True

    def _plain(self, value: str) -> str:
        if not self._is_escaped:
            return value
        try:
            return unquote_to_bytes(value).decode("utf-8", "surrogatepass")
        except UnicodeError:
            self._note("bad escape")
            return value

    def _stop(self, reason: ProblemReason) -> bool:
        self._note(reason)
        self._has_ended = True
        return False

    def _note(self, reason: ProblemReason) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(self._number, reason))


def _json_text(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None
