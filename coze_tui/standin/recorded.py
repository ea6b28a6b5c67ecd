"""Captures: recorded event streams that a bot sends again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from coze_tui.standin.state import Chat, Conversation, Message, State


def read_capture(state: State, chat: Chat, conversation: Conversation, data: bytes) -> None:
    """Let `chat` be the recorded one, with its ids, messages and end, so that retrieve and lists know it."""
    for event, body in _events(data):
        if event.startswith("conversation.chat.") and isinstance(body.get("id"), str):
            chat.id = str(body["id"])
            chat.conversation_id = conversation.id = str(body.get("conversation_id") or conversation.id)
            chat.status = {"cancelled": "canceled"}.get(
                str(body.get("status")), str(body.get("status") or chat.status)
            )
            error = body.get("last_error")
            if isinstance(error, Mapping):
                chat.error_code, chat.error_msg = _whole(error.get("code")), str(error.get("msg") or "")
            usage = body.get("usage")
            if isinstance(usage, Mapping):
                chat.input_tokens, chat.output_tokens = (
                    _whole(usage.get("input_count")),
                    _whole(usage.get("output_count")),
                )
            chat.completed_at = _whole(body.get("completed_at"))
        elif event == "conversation.message.completed":
            chat.messages.append(_message(chat, body))
    if chat.status in {"created", "in_progress"}:
        chat.status = "completed"  # the recording was cut, the run was not
    conversation.messages += [
        m for m in chat.messages if m.type in {"answer", "function_call", "tool_response"}
    ]
    state.chats[chat.id] = chat
    state.conversations[conversation.id] = conversation


def timed(data: bytes) -> Iterator[tuple[float, bytes]]:
    """The recorded bytes in parts, each with its second from the start; comment lines are left out.

    A part begins at a line `: at N`, N in microseconds; what comes before the first has second 0.
    """
    at = 0.0
    part: list[bytes] = []
    for line in data.splitlines(keepends=True):
        if not line.startswith(b":"):
            part.append(line)
        elif found := re.match(rb": at (\d+)\s*$", line):
            if part:
                yield at, b"".join(part)
            at, part = int(found.group(1)) / 1e6, []
    if part:
        yield at, b"".join(part)


def _events(data: bytes) -> Iterator[tuple[str, Mapping[str, object]]]:
    text = re.sub("\r\n?", "\n", data.decode("utf-8-sig", "replace"))
    for block in text.split("\n\n"):
        fields: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        try:
            body: object = json.loads("\n".join(fields.get("data", [])))
        except ValueError:
            continue
        if isinstance(body, Mapping):
            yield "".join(fields.get("event", [])), body


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
