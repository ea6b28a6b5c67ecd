"""The chats of a conversation as captures: an `.sse` file each, with what is known at its head. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from coze_tui.api.captures import Capture
from coze_tui.store.carrying import CarriedConversation
from coze_tui.store.journal import SavedChat

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def captures_from(carried: CarriedConversation) -> Iterator[tuple[int, Capture]]:
    """The chats that have frames, each with its number in the conversation, counted from 1.

    Raises:
        StoreError: the frames of a chat cannot be read any more.
    """
    for number, chat in enumerate(carried.chats, 1):
        if chat.key in carried.captures:
            yield number, capture_from(carried, chat)


def capture_from(carried: CarriedConversation, chat: SavedChat) -> Capture:
    """One chat."""
    return Capture(tuple(carried.frames_of(chat)), _facts(carried, chat))


def _facts(carried: CarriedConversation, chat: SavedChat) -> Mapping[str, str]:
    saved = carried.conversation
    questions = (message for message in carried.messages if message.chat == chat.key)
    question = next((message for message in questions if message.type == "question"), None)
    facts = {
        "sent_at": _iso(chat.sent_at),
        "site": saved.site,
        "bot_id": chat.bot_id,
        "bot_name": saved.bot_name,
        "conversation": saved.key,
        "title": saved.title,
        "question": chat.question,
        "content_type": question.content_type if question else "",
        "files": question.name if question else "",
        "conversation_id": saved.conversation_id,
        "section_id": chat.section_id,
        "chat_id": chat.chat_id,
        "logid": chat.logid,
        "status": chat.summary.status,
        "total_us": str(chat.summary.total_us) if chat.summary.total_us else "",
    }
    return {name: value for name, value in facts.items() if value}


def _iso(ms: int) -> str:
    try:
        return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
    except OverflowError:  # a number that is no time
        return ""
