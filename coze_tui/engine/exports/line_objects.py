"""The things of a conversation as JSON objects, field by field: each way beside its way back. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from coze_tui.store.folding import storable
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.journal import ChatSummary, SavedChat
from coze_tui.store.messages import SLOT, SavedMessage

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
