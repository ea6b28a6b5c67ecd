"""Events of a chat: one class per event name (docs/wire.md 3.2), and UnknownEvent for the rest. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from itertools import islice
from typing import Literal

from coze_tui.api.complaints import UNEXPLAINED, complaint_of, is_complaint
from coze_tui.api.json_values import Json, int_of, mapping_of, text_of
from coze_tui.api.objects import DONE_EVENTS, Chat, ContentType, Frame, LastError, Message, MessageType, Role
from coze_tui.diagnostics.error_catalog import meaning_of_error
from coze_tui.diagnostics.meanings import Meaning
from coze_tui.errors import (
    ApiError,
    AuthError,
    BusyError,
    NotFoundError,
    NotServedError,
    ProtocolError,
    QuotaError,
)
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass


@valueclass
class ChatCreated:
    """The first event, with the IDs of the chat and the conversation."""

    frame: Frame
    chat: Chat


@valueclass
class ChatInProgress:
    """The bot has started; also the first event after tool outputs were submitted."""

    frame: Frame
    chat: Chat


@valueclass
class ChatCompleted:
    """The chat has ended successfully, unless an error arrived before (docs/wire.md 3.8)."""

    frame: Frame
    chat: Chat


@valueclass
class ChatFailed:
    """The chat has failed."""

    frame: Frame
    chat: Chat
    error: LastError


@valueclass
class ChatRequiresAction:
    """The chat waits for tool outputs, or for the user's next message (docs/wire.md 3.6)."""

    frame: Frame
    chat: Chat


@valueclass
class ChatCanceled:
    """The chat was canceled."""

    frame: Frame
    chat: Chat


@valueclass
class ChatExpired:
    """The server has ended the chat, for example because nobody submitted its tool outputs in time."""

    frame: Frame
    chat: Chat


@valueclass
class MessageDelta:
    """A piece of a message's content or reasoning."""

    frame: Frame
    message: Message


@valueclass
class MessageDeltas:
    """Neighboring deltas of one answer that differ only in their pieces of text."""

    frames: tuple[Frame, ...]
    """At least two."""
    message: Message
    """The first of them."""
    pieces: tuple[str, ...]
    """The content of each, or the reasoning of each if the first has no content; none is empty."""

    @property
    def frame(self) -> Frame:
        """Return the last frame."""
        return self.frames[-1]


@valueclass
class MessageCompleted:
    """A complete message of any type."""

    frame: Frame
    message: Message


@valueclass
class AudioDelta:
    """A piece of sound as base64; never text (docs/wire.md 7.2)."""

    frame: Frame
    message: Message


@valueclass
class ErrorEvent:
    """The server has reported a failure, which overrides a later completed event."""

    frame: Frame
    error: LastError


@valueclass
class Done:
    """The end of the stream. It does not mean success (docs/wire.md 7.2)."""

    frame: Frame
    debug_url: str = ""


@valueclass
class UnknownEvent:
    """An unknown name, or data that is not the expected JSON. It is saved and shown, not an error."""

    frame: Frame
    reason: Literal["name", "data"] = field(default="name")


ChatEvent = (
    ChatCreated
    | ChatInProgress
    | ChatCompleted
    | ChatFailed
    | ChatRequiresAction
    | ChatCanceled
    | ChatExpired
    | MessageDelta
    | MessageCompleted
    | AudioDelta
    | ErrorEvent
    | Done
    | UnknownEvent
)

_ChatClass = (
    type[ChatCreated]
    | type[ChatInProgress]
    | type[ChatCompleted]
    | type[ChatRequiresAction]
    | type[ChatCanceled]
    | type[ChatExpired]
)
_MessageClass = type[MessageDelta] | type[MessageCompleted] | type[AudioDelta]

CHAT_EVENTS: Mapping[str, _ChatClass] = {
    "conversation.chat.created": ChatCreated,
    "conversation.chat.in_progress": ChatInProgress,
    "conversation.chat.completed": ChatCompleted,
    "conversation.chat.requires_action": ChatRequiresAction,
    "conversation.chat.required_action": ChatRequiresAction,
    "conversation.chat.canceled": ChatCanceled,
    "conversation.chat.cancelled": ChatCanceled,
    "conversation.chat.expired": ChatExpired,
}
MESSAGE_EVENTS: Mapping[str, _MessageClass] = {
    "conversation.message.delta": MessageDelta,
    "conversation.message.completed": MessageCompleted,
    "conversation.audio.delta": AudioDelta,
}
_decode = json.JSONDecoder().decode  # json.loads would check its options for each delta
_decode_from = json.JSONDecoder().raw_decode
DELTA_EVENT = "conversation.message.delta"
_FAILED = "conversation.chat.failed"
_KNOWN = frozenset({*CHAT_EVENTS, *MESSAGE_EVENTS, *DONE_EVENTS, _FAILED})
_MESSAGE = "message"
"""The name of an event without a name."""
_LONGEST_NAME = 40
_MOST_NAMES = 3
_MOST_PLACES = 3
"""Places that may be the text of a delta, of which each costs as much as decoding it."""
_FIELDS_OF_CHAT = frozenset({"id", "status", "data", "meta_data"})


def parse_event(frame: Frame) -> ChatEvent:
    """Return the event in a frame. An unknown name or broken JSON becomes an UnknownEvent, not an error.

    A frame without a name, or with an unknown name that ends in `error`, is an error if it reports one.
    """
    name = frame.event
    if name not in _KNOWN:  # gateways change names
        name = name.strip().lower()
    if name in DONE_EVENTS or (name == _MESSAGE and frame.data.strip('" ') == "[DONE]"):
        data = mapping_of(_json_or_none(frame.data))
        return Done(frame, debug_url=text_of(data.get("debug_url")))
    if name == "error":
        return ErrorEvent(frame, _error_of(_json_or_none(frame.data), frame.data))
    message_class = MESSAGE_EVENTS.get(name)
    chat_class = CHAT_EVENTS.get(name)
    if message_class is None and chat_class is None and name != _FAILED:
        error = _unnamed_error(frame)
        return UnknownEvent(frame) if error is None else ErrorEvent(frame, error)
    body = _json_or_none(frame.data)
    if not isinstance(body, dict):
        return UnknownEvent(frame, "data")
    if message_class is not None:
        return message_class(frame, Message.from_wire(body))
    chat = Chat.from_wire(body)
    if chat_class is not None:
        return chat_class(frame, chat)
    # A page of Coze's documentation shows only {"code":…,"msg":…}; last_error may have code 0 and a message.
    return ChatFailed(frame, chat, chat.last_error or _failure_of(body))


def foreign_events(frames: Iterable[Frame]) -> ProtocolError | None:
    """Return an error that names the events of a stream if none is one of Coze's, else None.

    None also for no events at all.
    """
    names: dict[str, None] = {}
    count = wrapped = 0
    for frame in frames:
        if not isinstance(parse_event(frame), UnknownEvent | Done):
            return None
        count += 1
        names[clean_line(frame.event)[:_LONGEST_NAME]] = None
        body = _json_or_none(frame.data)
        wrapped += isinstance(body, dict) and isinstance(body.get("event"), str) and "data" in body
    if not count:
        return None
    shown = ", ".join([*names][:_MOST_NAMES]) + ("…" if len(names) > _MOST_NAMES else "")
    return ProtocolError("wrapped events" if wrapped else "foreign events", excerpt=shown, events=count)


def parse_events(frames: Iterable[Frame]) -> Iterator[ChatEvent | MessageDeltas]:
    """Yield the events in frames; neighboring deltas of one answer become one MessageDeltas.

    Of each further delta only the text is decoded, if the rest is equal, character by character.
    """
    run: _Run | None = None
    for frame in frames:
        if run is not None and run.takes(frame):
            continue
        if run is not None:
            yield run.event()
        run = _Run.beginning(frame)
        if run is None:
            yield parse_event(frame)
    if run is not None:
        yield run.event()


class _Run:
    """A run of deltas that become one event."""

    def __init__(self, frame: Frame, message: Message, key: str) -> None:
        self._message = message
        self._key = key
        self._pieces = [text_of(message.raw[key])]
        self._frames = [frame]
        self._around: tuple[str, str] | None = None
        """The data before and after the text, which all deltas share. None for one delta, which may be in any
        form."""

    @classmethod
    def beginning(cls, frame: Frame) -> _Run | None:
        """Return a run that starts with this frame; None unless it is a delta with one text of an answer."""
        if frame.event != DELTA_EVENT:
            return None
        message = Message.from_wire(_json_or_none(frame.data))
        is_answer = message.type is MessageType.ANSWER and message.role is not Role.USER
        is_one_text = bool(message.content) is not bool(message.reasoning_content)
        if not is_answer or not is_one_text or message.content_type is not ContentType.TEXT:
            return None
        return cls(frame, message, "content" if message.content else "reasoning_content")

    def takes(self, frame: Frame) -> bool:
        """Add a delta that continues the text and return True; return False for any other frame."""
        if frame.event != DELTA_EVENT:
            return False
        if len(self._frames) == 1:
            self._around = _around_text(self._frames[0].data, self._message.raw, self._key)
        if self._around is None:
            return False
        before, after = self._around
        data = frame.data
        if not data.startswith(before):
            return False
        try:
            piece, end = _decode_from(data, len(before))
        except (ValueError, RecursionError):
            return False
        if not piece or not isinstance(piece, str) or data[end:] != after:
            return False
        self._frames.append(frame)
        self._pieces.append(piece)
        return True

    def event(self) -> MessageDelta | MessageDeltas:
        """Return the event for all deltas of the run."""
        if len(self._frames) == 1:
            return MessageDelta(self._frames[0], self._message)
        return MessageDeltas(tuple(self._frames), self._message, tuple(self._pieces))


def _around_text(data: str, body: Json, key: str) -> tuple[str, str] | None:
    """Return the JSON before and after the text of a key, or None if it is not among the first places."""
    emptied = {**body, key: ""}
    # Objects in the body may have the same key, so try which text has to be replaced for the result.
    for found in islice(re.finditer(rf'"{key}"\s*:\s*(?=")', data), _MOST_PLACES):
        _text, end = _decode_from(data, found.end())
        before, after = data[: found.end()], data[end:]
        if _json_or_none(f'{before}""{after}') == emptied:
            return before, after
    return None


def _json_or_none(text: str) -> object:
    try:
        value: object = _decode(text)
    except (ValueError, RecursionError):
        return None
    return value


def _error_of(value: object, text: str) -> LastError:
    """Return code and message of an error in any of its shapes (docs/wire.md 3.7, 3.8)."""
    found = complaint_of(value, text)
    return inner_error(LastError(found.code or UNEXPLAINED, found.msg))


def _failure_of(body: Json) -> LastError:
    """Return why a chat failed; its other fields are no reason."""
    reasons = {key: value for key, value in body.items() if key not in _FIELDS_OF_CHAT}
    return _error_of(reasons, "")


def _unnamed_error(frame: Frame) -> LastError | None:
    """Return the error in a frame whose name says nothing, or None if it reports none."""
    if frame.event != _MESSAGE and frame.event.lower().rpartition(".")[2] != "error":
        return None
    body = _json_or_none(frame.data)
    if frame.event != _MESSAGE:
        return _error_of(body, frame.data)
    if not isinstance(body, dict) or "role" in body:
        return None
    # Web frameworks report errors as {"detail":…}; a message alone may be a greeting.
    reports_error = is_complaint(body) or body.keys() == {"detail"}
    return _error_of(body, frame.data) if reports_error else None


def inner_error(error: LastError) -> LastError:
    """Return the error that Coze Studio wraps, as in `code=103100002 message=agent not exists …`.

    See docs/wire.md 3.8.
    """
    msg = error.msg.split("\nstack=", 1)[0]
    if not msg.startswith("code="):
        return LastError(error.code, msg.strip())
    code, _, rest = msg.removeprefix("code=").partition(" ")
    return LastError(int_of(code) or error.code, rest.strip().removeprefix("message=").strip())


_CLASSES: Mapping[int, type[ApiError]] = {
    **dict.fromkeys((401, 403, 4100, 4101, 700012006), AuthError),
    4016: BusyError,
    **dict.fromkeys((429, 4008, 4011, 4019, 4020, 4022, 4028, 702240010), QuotaError),
    **dict.fromkeys((404, 4001, 4002, 4006, 4200, 4314), NotFoundError),
    **dict.fromkeys((103000002, 103100002, 103200001, 103200003, 720702004), NotFoundError),  # studio
}
_CLASSES_BY_MEANING: Mapping[Meaning | None, type[ApiError]] = {
    "token": AuthError,
    "permission": AuthError,
    "busy": BusyError,
    "too many": QuotaError,
    "quota": QuotaError,
    "no conversation": NotFoundError,
}
_LONGEST_MSG = 65_536
"""Largest number of characters that are read of a failed reply's message. Explanations shorten it further."""


def error_of_code(
    code: int,
    msg: str,
    *,
    logid: str = "",
    http_status: int = 200,
    retry_after: float | None = None,
    path: str = "",
    sent_jwt: bool = False,
) -> ApiError:
    """Return the exception for a code, which may come from an envelope, an event or a status line."""
    error = inner_error(LastError(code, msg))
    # Coze Studio answers an unknown path with an error of its session check (docs/wire.md 4).
    is_elsewhere = "session_key" in error.msg and error.code in (401, 700012006)
    chosen: type[ApiError] | None = NotServedError if is_elsewhere else _CLASSES.get(error.code)
    if chosen is None:
        chosen = _CLASSES_BY_MEANING.get(meaning_of_error(error.code, error.msg))
    return (chosen or _CLASSES.get(http_status, ApiError))(
        error.code,
        clean_line(error.msg)[:_LONGEST_MSG],
        logid=logid,
        http_status=http_status,
        retry_after=retry_after,
        path=path,
        sent_jwt=sent_jwt,
    )
