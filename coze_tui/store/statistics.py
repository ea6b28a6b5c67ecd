"""What all chats have cost and how they went, one row a chat, for the engine to add up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from coze_tui.store.folding import storable


@dataclass(frozen=True, slots=True)
class ChatFigures:
    """One chat that is over."""

    conversation: str
    title: str
    site: str
    bot_id: str
    bot_name: str
    """Of its conversation; may be empty."""
    sent_at: int
    """Unix milliseconds."""
    status: str
    """Coze's word, or `interrupted`."""
    first_text_us: int
    """0 where no text came, as in the next ones."""
    total_us: int
    deltas: int
    characters: int
    input_tokens: int
    output_tokens: int
    token_count: int
    error_code: int
    error_msg: str


def chat_figures(
    c: sqlite3.Connection,
    *,
    since_ms: int = 0,
    until_ms: int = 1 << 62,
    site: str = "",
    bot_id: str = "",
    conversation: str = "",
) -> Iterator[ChatFigures]:
    """The chats that were sent from `since_ms` on and before `until_ms`, oldest first.

    Those of deleted conversations do not count. A fork or an import may hold a chat once more: it counts
    once, where it was first kept.
    """
    rows = c.execute(
        """SELECT chats.chat_id, chats.conversation, title, conversations.site, chats.bot_id, bot_name,
                  sent_at, status, first_text_us, total_us, deltas, characters, input_tokens,
                  output_tokens, token_count, error_code, error_msg
           FROM chats JOIN conversations ON conversations.key = chats.conversation
           WHERE is_final = 1 AND deleted_at = 0 AND sent_at >= ? AND sent_at < ?
             AND (? = '' OR conversations.site = ?) AND (? = '' OR chats.bot_id = ?)
             AND (? = '' OR chats.conversation = ?)
           ORDER BY sent_at, chats.key""",
        (
            *(since_ms, until_ms),
            *(storable(site),) * 2,
            *(storable(bot_id),) * 2,
            *(storable(conversation),) * 2,
        ),
    )
    seen: set[str] = set()
    for chat_id, *columns in rows:
        if chat_id:
            if chat_id in seen:
                continue
            seen.add(chat_id)
        yield ChatFigures(*columns)
