"""The chats of a conversation as captures: an `.sse` file each, with what is known at its head. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from coze_tui.api.captures import Capture
from coze_tui.engine.chat_facts import capture_facts, facts_of_stored
from coze_tui.store.carrying import CarriedConversation
from coze_tui.store.journal import SavedChat


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
    questions = (message for message in carried.messages if message.chat == chat.key)
    question = next((message for message in questions if message.type == "question"), None)
    facts = facts_of_stored(chat, carried.conversation, question)
    return Capture(tuple(carried.frames_of(chat)), capture_facts(facts))
