"""Replays captures: recorded event streams, and the resulting state of their chats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coze_tui.standin.state import Chat, Conversation, Message, PendingCall, State

FETCHED_ID = b"retrieved"
"""The `id` of events that were in no stream, because the client fetched them after a cut."""
_REQUIRES_ACTION = frozenset({b"conversation.chat.requires_action", b"conversation.chat.required_action"})
_IN_PROGRESS = b"conversation.chat.in_progress"
_CONTEXT = frozenset({"answer", "function_call", "tool_response"})


@dataclass(frozen=True)
class Stream:
    """A stream of a recorded chat. A chat that asked for tool outputs has several."""

    sent: bytes
    """The received bytes, with their times in comment lines."""
    known: bytes
    """The known bytes after the stream: the received ones, and those fetched later."""


def streams(data: bytes) -> list[Stream]:
    """Return the streams of a capture in order; at least one."""
    sent: list[list[bytes]] = [[]]
    known: list[list[bytes]] = [[]]
    waits, last_id = False, b""
    blocks = list(_blocks(data))
    all_fetched = True
    for block in blocks:
        fields = _fields(block)
        last_id = fields.get(b"id", last_id)
        event = fields.get(b"event", b"")
        if waits and event == _IN_PROGRESS:
            sent.append([])
            known.append([])
            waits = False
        waits = waits or event in _REQUIRES_ACTION
        known[-1].append(block)
        if last_id != FETCHED_ID:
            sent[-1].append(block)
            all_fetched = all_fetched and not event
    if all_fetched:  # a chat without a stream; send it as one
        sent = known
    return [Stream(b"".join(part), b"".join(whole)) for part, whole in zip(sent, known, strict=True)]


def _blocks(data: bytes) -> Iterator[bytes]:
    """Yield each event with its blank line and the comments before it."""
    block: list[bytes] = []
    for line in data.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True):
        block.append(line)
        if not line.strip(b"\r\n"):
            yield b"".join(block)
            block = []
    if block:
        yield b"".join(block)


def _fields(block: bytes) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in block.splitlines():
        name, _, value = line.partition(b":")
        if name:
            value = value.removeprefix(b" ")
            found[name] = found[name] + b"\n" + value if name == b"data" and name in found else value
    return found


def timed(data: bytes) -> Iterator[tuple[float, bytes]]:
    """Yield the recorded bytes in parts, each with its time in seconds, without comment lines.

    A part starts at a line `: at N`, N in microseconds. Bytes before the first one have time 0.
    """
    at = 0.0
    part: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if line.startswith(b"id:") and line[3:].strip() in (b"", FETCHED_ID):
            continue  # a comment of the recording client
        if not line.startswith(b":"):
            part.append(line)
        elif found := re.match(rb": at (\d{1,18})\s*$", line):
            if any(line.strip() for line in part):
                yield at, b"".join(part)
            at, part = int(found.group(1)) / 1e6, []
    if any(line.strip() for line in part):
        yield at, b"".join(part)


def take_ids(state: State, chat: Chat, conversation: Conversation, data: bytes) -> None:
    """Give `chat` and its conversation the recorded IDs."""
    for event, body in _events(data):
        if event.startswith("conversation.chat.") and isinstance(body.get("id"), str):
            chat.id = str(body["id"])
            chat.conversation_id = conversation.id = str(body.get("conversation_id") or conversation.id)
            break
    state.conversations[conversation.id] = conversation


def apply_stream(chat: Chat, conversation: Conversation, stream: Stream, *, is_last: bool) -> None:
    """Set `chat` to its recorded state after a stream, for retrieve and the lists."""
    heard: list[Message] = []
    for event, body in _events(stream.known):
        if event.startswith("conversation.chat."):
            _hear_chat(chat, body)
        elif event == "error":
            chat.status = "failed"
            chat.error_code, chat.error_msg = _whole(body.get("code")), str(body.get("msg") or "")
        elif event == "conversation.message.completed":
            heard.append(_message(chat, body))
    if is_last and chat.status in {"created", "in_progress", "requires_action"}:
        # The recording was cut but the run was not. A chat that waits for tools cannot continue.
        chat.status = "completed" if not chat.waiting else "requires_action"
    chat.messages += heard
    conversation.messages += [message for message in heard if message.type in _CONTEXT]


def _hear_chat(chat: Chat, body: Mapping[str, object]) -> None:
    spelled = {"cancelled": "canceled", "required_action": "requires_action"}
    status = str(body.get("status") or chat.status)
    chat.status = spelled.get(status, status)
    error = body.get("last_error")
    if isinstance(error, Mapping) and _whole(error.get("code")):
        chat.error_code, chat.error_msg = _whole(error.get("code")), str(error.get("msg") or "")
    usage = body.get("usage")
    if isinstance(usage, Mapping):
        chat.input_tokens = _whole(usage.get("input_count"))
        chat.output_tokens = _whole(usage.get("output_count"))
    chat.completed_at = _whole(body.get("completed_at"))
    chat.waiting = tuple(_calls(body.get("required_action"))) if chat.status == "requires_action" else ()


def _calls(action: object) -> Iterator[PendingCall]:
    outputs = action.get("submit_tool_outputs") if isinstance(action, Mapping) else None
    calls = outputs.get("tool_calls") if isinstance(outputs, Mapping) else None
    for call in calls if isinstance(calls, list) else []:
        if isinstance(call, Mapping):
            function = call.get("function")
            function = function if isinstance(function, Mapping) else {}
            yield PendingCall(
                str(call.get("id") or ""),
                str(function.get("name") or ""),
                str(function.get("arguments") or ""),
                str(call.get("type") or "function"),
            )


def _events(data: bytes) -> Iterator[tuple[str, Mapping[str, object]]]:
    for block in _blocks(data):
        fields = _fields(block)
        try:
            body: object = json.loads(fields.get(b"data", b"").decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if isinstance(body, Mapping):
            yield fields.get(b"event", b"").decode("utf-8", "replace"), body


def _message(chat: Chat, body: Mapping[str, object]) -> Message:
    def text(key: str, default: str = "") -> str:
        value = body.get(key)
        return value if isinstance(value, str) else default

    return Message(
        id=text("id", "0"),
        conversation_id=chat.conversation_id,
        section_id=text("section_id"),
        role=text("role", "assistant"),
        type=text("type", "answer"),
        content=text("content"),
        content_type=text("content_type", "text"),
        created_at=chat.created_at,
        bot_id=text("bot_id"),
        chat_id=chat.id,
        reasoning=text("reasoning_content"),
    )


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
