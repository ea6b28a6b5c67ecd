"""Earlier questions that are being edited. They are stored beside the draft, so that both survive."""

from __future__ import annotations

import sqlite3

from coze_tui.store.history import clear_sent_draft
from coze_tui.store.messages import storable
from coze_tui.store.rows import kinds_of, typed
from coze_tui.values import valueclass


@valueclass
class SavedEdit:
    """An earlier question of a conversation, with the text that replaces it."""

    text: str
    asked_at: int
    """When the question was sent, in Unix milliseconds; 0 if that is unknown."""
    chat: int = 0
    """Key of its chat; 0 for a question without a chat."""
    position: int = 0
    """Position of the question, if it has no chat."""


_EDIT = kinds_of(SavedEdit)


def edit_of(c: sqlite3.Connection, key: str) -> SavedEdit | None:
    """Return the question of a conversation that is being edited, or None."""
    row = c.execute(
        "SELECT text, asked_at, chat, position FROM edits WHERE conversation = ?", (storable(key),)
    ).fetchone()
    return SavedEdit(*typed(row, _EDIT)) if row else None


def set_edit(c: sqlite3.Connection, key: str, edit: SavedEdit | None) -> None:
    """Save the question that is being edited, or None to remove it."""
    if edit is None:
        c.execute("DELETE FROM edits WHERE conversation = ?", (storable(key),))
        return
    c.execute(
        """INSERT OR REPLACE INTO edits (conversation, text, asked_at, chat, position)
           SELECT key, ?, ?, ?, ? FROM conversations WHERE key = ?""",
        (storable(edit.text), edit.asked_at, edit.chat, edit.position, storable(key)),
    )


def clear_sent(c: sqlite3.Connection, key: str, question: str) -> None:
    """Clear the text that a sent question starts with: the edited question if there is one, else the draft.

    Text typed since then remains, and so does the draft beside an edited question.
    """
    question = storable(question)
    sent = c.execute(
        "DELETE FROM edits WHERE conversation = ? AND trim(text) <> '' AND instr(?, trim(text)) = 1",
        (key, question),
    )
    if not sent.rowcount:
        clear_sent_draft(c, key, question)
