"""The latest conversations and chats with their texts, for completion in shells.

Nothing is created, changed or repaired for it: a store that cannot be read at once has no candidates.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from coze_tui.store.copies import open_read_only
from coze_tui.store.files import SQLITE_ERRORS

_MOST = 200
_MOST_CHARACTERS = 200

Candidate = tuple[str, str, int]
"""A name, a text about it as it was stored, and a time in Unix milliseconds."""


def conversation_candidates(file: Path, prefix: str, *, are_deleted: bool) -> list[Candidate]:
    """Return the keys of the conversations that begin with a text, and their titles, latest first."""
    wanted = "deleted_at > 0" if are_deleted else "deleted_at = 0"
    return _rows(
        file,
        f"""SELECT key, substr(title, 1, :characters), updated_at FROM conversations
           WHERE {wanted} AND last_slot > 0 AND substr(key, 1, length(:prefix)) = :prefix
           ORDER BY updated_at DESC LIMIT :most""",
        prefix,
    )


def chat_candidates(file: Path, prefix: str) -> list[Candidate]:
    """Return the Coze IDs of the chats that begin with a text, and their questions, latest first."""
    return _rows(
        file,
        """SELECT chat_id, substr(question, 1, :characters), sent_at FROM chats
           JOIN conversations ON conversations.key = chats.conversation AND deleted_at = 0
           WHERE chat_id <> '' AND substr(chat_id, 1, length(:prefix)) = :prefix
           ORDER BY chats.key DESC LIMIT :most""",
        prefix,
    )


def bot_candidates(file: Path, prefix: str) -> list[Candidate]:
    """Return the IDs of the bots that begin with a text, and their names, the last used first."""
    return _rows(
        file,
        """SELECT bot_id, substr(max(bot_name), 1, :characters), max(updated_at) AS used_at FROM conversations
           WHERE deleted_at = 0 AND substr(bot_id, 1, length(:prefix)) = :prefix
           GROUP BY bot_id ORDER BY used_at DESC LIMIT :most""",
        prefix,
    )


def _rows(file: Path, statement: str, prefix: str) -> list[Candidate]:
    values = {"prefix": prefix, "characters": _MOST_CHARACTERS, "most": _MOST}
    try:
        connection = open_read_only(file)
        if connection is None:
            return []
        with closing(connection):
            return connection.execute(statement, values).fetchall()
    except (*SQLITE_ERRORS, OSError):
        return []
