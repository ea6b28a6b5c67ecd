"""The states of conversations, read from their last chats for lists that show many at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from coze_tui.store import owners
from coze_tui.values import valueclass

_AT_ONCE = 500
"""At most 999, which older versions of SQLite accept; since 3.32 the default is 32,766."""


WAITS_FOR_USER = "requires_action"
"""The status of a chat that waits for the outputs of local tools, or whose question waits for an answer."""


@valueclass
class LastChat:
    """The state of the last chat of a conversation."""

    status: str = ""
    """As in `ChatRecord`, and `requires_action` if the chat asks back; empty if no chat has ended."""
    is_running: bool = False
    """A chat of the conversation is running, in this program or another one."""
    is_orphaned: bool = False
    """A chat is not final, but its program has ended."""


def last_chats(c: sqlite3.Connection, conversations: Sequence[str], now_ms: int) -> Mapping[str, LastChat]:
    """Return the states of these conversations by key; a conversation without chats has no entry."""
    unfinished: dict[str, bool] = {}
    for key, owner, beat_at in c.execute("SELECT conversation, owner, beat_at FROM chats WHERE is_final = 0"):
        is_running = not owners.is_dead(owner, int(beat_at), now_ms)
        unfinished[str(key)] = unfinished.get(str(key), False) or is_running
    found: dict[str, LastChat] = {}
    for start in range(0, len(conversations), _AT_ONCE):
        some = conversations[start : start + _AT_ONCE]
        rows = c.execute(
            f"""SELECT conversations.key, status,
                       (SELECT known.status FROM chats AS known
                        WHERE known.conversation = conversations.key AND known.chat_id <> ''
                        ORDER BY slot DESC LIMIT 1),
                       EXISTS (SELECT 1 FROM breaks WHERE breaks.chat = chats.key AND asks_back)
                FROM conversations JOIN chats
                ON chats.key = (SELECT last.key FROM chats AS last WHERE last.conversation = conversations.key
                                ORDER BY slot DESC LIMIT 1)
                WHERE conversations.key IN ({", ".join("?" * len(some))})""",
            some,
        )
        for key, last, accepted, asks_back in rows:
            is_alive = unfinished.get(str(key))
            # A chat that waits for the user still waits after Coze has refused another question (4016).
            status = WAITS_FOR_USER if asks_back or accepted == WAITS_FOR_USER else last
            found[str(key)] = LastChat(str(status), is_alive is True, is_alive is False)
    return found
