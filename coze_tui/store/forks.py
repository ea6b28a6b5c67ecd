"""Copies of conversations up to one message."""

from __future__ import annotations

import itertools
import re
import sqlite3

from coze_tui.errors import StoreError
from coze_tui.store.history import SavedConversation, conversation, create_conversation
from coze_tui.store.records import SLOT

_NUMBERED = re.compile(r"(.+) \((?:[2-9]|[1-9][0-9]+)\)")
"""Matches the title of a fork."""


def fork(c: sqlite3.Connection, key: str, upto_message: int | None, now_ms: int) -> str:
    """Copy a conversation up to and including one message, unbound from the server; return its key.

    Args:
        upto_message: key of the message; None copies none.

    Raises:
        StoreError: the conversation has no such message.
    """
    origin = conversation(c, key)
    row = c.execute(
        "SELECT position FROM messages WHERE key = ? AND conversation = ?", (upto_message, key)
    ).fetchone()
    if origin is None or (row is None and upto_message is not None):
        raise StoreError("other", detail=f"there is no message {upto_message} in conversation {key}")
    new = create_conversation(
        c,
        origin.site,
        origin.bot_id,
        now_ms,
        bot_name=origin.bot_name,
        title=_next_title(c, origin),
        forked_from=key,
    )
    if row is not None:
        _copy_up_to(c, key, new, int(row[0]))
    return new


def _next_title(c: sqlite3.Connection, origin: SavedConversation) -> str:
    """Return the title of a fork: the original's with the first unused number, from 2 on."""
    if not origin.title:
        return ""
    numbered = _NUMBERED.fullmatch(origin.title) if origin.forked_from else None
    base = numbered.group(1) if numbered else origin.title
    rows = c.execute(
        """SELECT title FROM conversations
           WHERE deleted_at = 0 AND title >= :base AND title < :base || char(0x10FFFF)""",
        {"base": f"{base} ("},
    )
    taken = {str(title) for (title,) in rows}
    return next(title for n in itertools.count(2) if (title := f"{base} ({n})") not in taken)


def _copy_up_to(c: sqlite3.Connection, key: str, new: str, last: int) -> None:
    """Copy chats, messages and sections up to a position into an empty conversation."""
    c.execute("UPDATE conversations SET last_slot = ? WHERE key = ?", (max(1, last // SLOT), new))
    # Copy the chats too, so that their events can be inspected, but not a running one, and not one of which
    # only the question is copied: its outcome and metrics would describe an answer that the fork lacks.
    copied = (
        "slot, chat_id, section_id, bot_id, logid, question, sent_at, is_final, status, first_text_us, "
        "total_us, deltas, characters, input_tokens, output_tokens, token_count, error_code, error_msg, "
        "frame_count, capture"
    )
    c.execute(
        f"""INSERT INTO chats (conversation, {copied}) SELECT ?, {copied} FROM chats
            WHERE conversation = ? AND slot <= ? AND is_final = 1 AND NOT (slot * ? = ? AND EXISTS (
                SELECT 1 FROM messages WHERE messages.chat = chats.key AND position > ?
            )) ORDER BY slot""",
        (new, key, last // SLOT, SLOT, last, last),
    )
    c.execute(
        """INSERT INTO breaks (chat, waited_us, cut_us) SELECT new.key, breaks.waited_us, breaks.cut_us
           FROM chats AS new JOIN chats AS old ON old.conversation = ? AND old.slot = new.slot
           JOIN breaks ON breaks.chat = old.key WHERE new.conversation = ?""",
        (key, new),
    )
    c.execute(
        """INSERT INTO messages (conversation, position, chat, role, type, content_type, message_id, name,
                                 created_at, content, reasoning, thought_us)
           SELECT ?, position, (SELECT new.key FROM chats AS new WHERE new.conversation = ?
                                AND new.slot = position / ? AND messages.chat IS NOT NULL),
                  role, type, content_type, message_id, name, created_at, content, reasoning,
                  thought_us
           FROM messages WHERE conversation = ? AND position <= ? ORDER BY position""",
        (new, new, SLOT, key, last),
    )
    c.execute(
        """INSERT INTO texts (message, folded)
           SELECT new.key, old_texts.folded
           FROM messages AS new JOIN messages AS old ON old.conversation = ? AND old.position = new.position
           JOIN texts AS old_texts ON old_texts.message = old.key WHERE new.conversation = ?""",
        (key, new),
    )
    c.execute(
        """INSERT INTO sections (conversation, section_id, position, started_at)
           SELECT ?, section_id, position, started_at FROM sections
           WHERE conversation = ? AND position <= ?""",
        (new, key, last),
    )
