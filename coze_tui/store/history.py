"""Conversations with their sections, drafts and queues."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from coze_tui.store.messages import delete_messages, storable, storable_int
from coze_tui.store.records import SLOT
from coze_tui.store.rows import kinds_of, typed
from coze_tui.store.search import fold_parts
from coze_tui.text.matching import fold
from coze_tui.values import valueclass

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without look-alike characters
_KEY_LENGTH = 9


@valueclass
class SavedConversation:
    """A conversation of the history, whether or not the server has it too."""

    key: str
    """Ours: short, to be typed on the command line."""
    site: str
    bot_id: str
    bot_name: str = ""
    conversation_id: str = ""
    """Coze's; empty until the server has sent it."""
    section_id: str = ""
    """The latest context section whose ID is known."""
    title: str = ""
    title_by_user: bool = False
    pinned: bool = False
    interrupted: bool = False
    """The last chat was cut off."""
    on_server: bool = False
    """The server was seen to list it."""
    draft: str = ""
    queue: tuple[str, ...] = ()
    forked_from: str = ""
    """Key of the conversation from which it was forked, which may no longer exist."""
    created_at: int = 0
    """Unix milliseconds, as are the next two."""
    updated_at: int = 0
    deleted_at: int = 0
    """0 unless deleted; a deleted conversation remains until it is purged."""

    @property
    def has_draft(self) -> bool:
        """Return whether there is text that was not sent."""
        return bool(self.draft)


@valueclass
class SavedSection:
    """The start of a new context window."""

    section_id: str
    position: int
    """The section starts before the message at this position."""
    started_at: int


_NAMES = tuple(each.name for each in fields(SavedConversation))
_COLUMNS = ", ".join(_NAMES)


_CONVERSATION, _SECTION = kinds_of(SavedConversation), kinds_of(SavedSection)


def _conversation_from_row(row: Sequence[Any]) -> SavedConversation:
    row = typed(row, _CONVERSATION)
    flags = [bool(flag) for flag in row[7:11]]
    try:
        queue = tuple(str(item) for item in json.loads(row[12]))
    except (ValueError, TypeError):  # the file is damaged
        queue = ()
    return SavedConversation(*(*row[:7], *flags, row[11], queue, *row[13:]))


# --- one conversation ---


def new_key() -> str:
    """Return a random key; a collision is very unlikely."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_KEY_LENGTH))


def create_conversation(
    c: sqlite3.Connection,
    site: str,
    bot_id: str,
    now_ms: int,
    *,
    bot_name: str = "",
    title: str = "",
    conversation_id: str = "",
    section_id: str = "",
    on_server: bool = False,
    forked_from: str = "",
    key: str = "",
) -> str:
    """Create a conversation, unless the given key is in use; return its key."""
    if key:
        if conversation(c, key) is not None:
            return key
    else:
        key = new_key()
        while conversation(c, key) is not None:
            key = new_key()
    made = SavedConversation(
        key=key,
        site=site,
        bot_id=bot_id,
        bot_name=bot_name,
        conversation_id=conversation_id,
        section_id=section_id,
        title=title,
        on_server=on_server,
        forked_from=forked_from,
        created_at=now_ms,
        updated_at=now_ms,
    )
    insert_conversation(c, made)
    return key


def insert_conversation(c: sqlite3.Connection, saved: SavedConversation, *, last_slot: int = 0) -> None:
    """Write a conversation whose key must not be in use.

    Args:
        last_slot: the highest slot that its chats and messages use.
    """
    queue = json.dumps([storable(item) for item in saved.queue], ensure_ascii=False)
    row = {
        **{name: getattr(saved, name) for name in _NAMES},
        "queue": queue,
        "last_slot": last_slot,
        "folded": fold_parts(storable(saved.title), storable(saved.bot_name)),
    }
    values = [storable(value) if isinstance(value, str) else storable_int(value) for value in row.values()]
    c.execute(
        f"""INSERT INTO conversations ({", ".join(row)}) VALUES ({", ".join("?" * len(row))})""",
        values,
    )


def conversation(c: sqlite3.Connection, key: str) -> SavedConversation | None:
    """Return one conversation, also a deleted one, or None."""
    row = c.execute(f"SELECT {_COLUMNS} FROM conversations WHERE key = ?", (storable(key),)).fetchone()
    return _conversation_from_row(row) if row else None


def find_by_conversation_id(
    c: sqlite3.Connection, site: str, bot_id: str, conversation_id: str
) -> SavedConversation | None:
    """Return the latest conversation with this Coze conversation ID that is not deleted, or None."""
    row = c.execute(
        f"""SELECT {_COLUMNS} FROM conversations
            WHERE conversation_id = ? AND conversation_id <> '' AND site = ? AND bot_id = ? AND deleted_at = 0
            ORDER BY updated_at DESC LIMIT 1""",
        (storable(conversation_id), storable(site), storable(bot_id)),
    ).fetchone()
    return _conversation_from_row(row) if row else None


def keys_named(c: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """Return the keys of the conversations with this key, this Coze ID, or else this prefix of a key."""
    name = storable(name)
    for condition in (
        "key = :name",
        "conversation_id = :name AND conversation_id <> ''",  # lets SQLite use the partial index
        "key > :name AND key < :name || char(0x10FFFF)",
    ):
        rows = c.execute(
            f"""SELECT key FROM conversations WHERE {condition} AND :name <> '' AND deleted_at = 0
                ORDER BY updated_at DESC""",
            {"name": name},
        ).fetchall()
        if rows:
            return tuple(str(key) for (key,) in rows)
    return ()


def key_by_id(c: sqlite3.Connection, id: str) -> str:
    """Return the key of the conversation with this key, or of the latest one with this Coze ID, or "".

    Deleted conversations have no ID here.
    """
    id = storable(id)
    for condition in ("key = :id", "conversation_id = :id AND conversation_id <> ''"):
        row = c.execute(
            f"""SELECT key FROM conversations WHERE {condition} AND deleted_at = 0
                ORDER BY updated_at DESC LIMIT 1""",
            {"id": id},
        ).fetchone()
        if row:
            return str(row[0])
    return ""


def last_conversation(c: sqlite3.Connection, site: str = "") -> SavedConversation | None:
    """Return the conversation with the latest message, of one site if given, or None."""
    row = c.execute(
        f"""SELECT {_COLUMNS} FROM conversations
            WHERE deleted_at = 0 AND last_slot > 0 {"AND site = ?" if site else ""}
            ORDER BY updated_at DESC, key DESC LIMIT 1""",
        (storable(site),) if site else (),
    ).fetchone()
    return _conversation_from_row(row) if row else None


def rename(c: sqlite3.Connection, key: str, title: str, *, by_user: bool = True) -> None:
    """Set the title; an automatic title never replaces one that the user chose."""
    title = storable(title)
    row = c.execute("SELECT bot_name, title_by_user FROM conversations WHERE key = ?", (key,)).fetchone()
    if row and (by_user or not row[1]):
        c.execute(
            "UPDATE conversations SET title = ?, title_by_user = ?, folded = ? WHERE key = ?",
            (title, by_user, fold_parts(title, row[0]), key),
        )


def set_bot_name(c: sqlite3.Connection, site: str, bot_id: str, bot_name: str) -> None:
    """Set the name of a bot in all its conversations."""
    bot_name = storable(bot_name)
    rows = [  # two searches of the index, because it cannot search for `<>`
        row
        for differs in ("<", ">")
        for row in c.execute(
            f"SELECT key, title FROM conversations WHERE site = ? AND bot_id = ? AND bot_name {differs} ?",
            (site, bot_id, bot_name),
        )
    ]
    c.executemany(
        "UPDATE conversations SET bot_name = ?, folded = ? WHERE key = ?",
        [(bot_name, fold_parts(title, bot_name), key) for key, title in rows],
    )


def adopt(c: sqlite3.Connection, key: str, *, site: str, bot_id: str, bot_name: str) -> None:
    """Assign a bot and its site to a conversation that was started without a bot.

    Its chats, which no bot has answered, count as the bot's. A conversation that has a bot is not changed.
    """
    row = c.execute("SELECT title FROM conversations WHERE key = ? AND bot_id = ''", (key,)).fetchone()
    if row is None or not bot_id:
        return
    bot_id, bot_name = storable(bot_id), storable(bot_name)
    c.execute(
        "UPDATE conversations SET site = ?, bot_id = ?, bot_name = ?, folded = ? WHERE key = ?",
        (storable(site), bot_id, bot_name, fold_parts(row[0], bot_name), key),
    )
    c.execute("UPDATE chats SET bot_id = ? WHERE conversation = ? AND bot_id = ''", (bot_id, key))


def pin(c: sqlite3.Connection, key: str, pinned: bool = True) -> None:
    """Pin a conversation to the top of the list, or unpin it."""
    c.execute("UPDATE conversations SET pinned = ? WHERE key = ?", (pinned, key))


def set_on_server(c: sqlite3.Connection, key: str, on_server: bool) -> None:
    """Set whether the server has the conversation."""
    c.execute("UPDATE conversations SET on_server = ? WHERE key = ?", (on_server, key))


def set_conversation_id(c: sqlite3.Connection, key: str, conversation_id: str) -> None:
    """Bind the conversation to one on the server; if the ID is empty, the next chat creates one."""
    c.execute(
        "UPDATE conversations SET conversation_id = ?, on_server = ? WHERE key = ?",
        (storable(conversation_id), conversation_id != "", key),
    )


def set_draft(c: sqlite3.Connection, key: str, draft: str) -> None:
    """Set the unsent text."""
    c.execute("UPDATE conversations SET draft = ? WHERE key = ?", (storable(draft), key))


def clear_sent_draft(c: sqlite3.Connection, key: str, question: str) -> None:
    """Clear the draft if the question starts with it; a newer draft remains."""
    c.execute(
        "UPDATE conversations SET draft = '' WHERE key = ? AND instr(?, trim(draft)) = 1",
        (key, storable(question)),
    )


def set_queue(c: sqlite3.Connection, key: str, queue: Sequence[str]) -> None:
    """Set the questions that wait until the running chat has ended."""
    text = json.dumps([storable(item) for item in queue], ensure_ascii=False)
    c.execute("UPDATE conversations SET queue = ? WHERE key = ?", (text, key))


def remove_queued(c: sqlite3.Connection, key: str, question: str) -> None:
    """Remove a sent question from the front of the queue, if it is there."""
    saved = conversation(c, key)
    if saved is not None and saved.queue[:1] == (storable(question),):
        set_queue(c, key, saved.queue[1:])


def delete(c: sqlite3.Connection, key: str, now_ms: int) -> None:
    """Mark a conversation as deleted; `undelete` restores it until it is purged."""
    c.execute("UPDATE conversations SET deleted_at = ? WHERE key = ?", (now_ms, key))


def undelete(c: sqlite3.Connection, key: str) -> None:
    """Restore a deleted conversation."""
    c.execute("UPDATE conversations SET deleted_at = 0 WHERE key = ?", (key,))


def deleted_on_server(c: sqlite3.Connection, site: str, before_ms: int) -> tuple[str, ...]:
    """Return the keys of conversations deleted locally before a time that the server still has."""
    rows = c.execute(  # `+`: use the index of the few deleted ones, not that of all of the site
        """SELECT key FROM conversations
           WHERE deleted_at > 0 AND deleted_at < ? AND on_server AND +conversation_id <> '' AND +site = ?""",
        (before_ms, site),
    )
    return tuple(str(key) for (key,) in rows)


def purge(c: sqlite3.Connection, key: str) -> None:
    """Remove a conversation with its chats and messages permanently."""
    delete_messages(c, "messages.conversation = ?", key)
    c.execute("DELETE FROM conversations WHERE key = ?", (key,))


def deleted_before(c: sqlite3.Connection, before_ms: int, limit: int) -> tuple[str, ...]:
    """Return the keys of conversations deleted before a time, at most `limit`, oldest deletion first."""
    rows = c.execute(
        """SELECT key FROM conversations WHERE deleted_at > 0 AND deleted_at < ?
           ORDER BY deleted_at LIMIT ?""",
        (before_ms, limit),
    )
    return tuple(str(key) for (key,) in rows)


def purge_deleted(c: sqlite3.Connection, before_ms: int, limit: int) -> int:
    """Purge some conversations deleted before a time; return their number. Call it until it returns 0."""
    keys = deleted_before(c, before_ms, limit)
    for key in keys:
        purge(c, key)
    return len(keys)


# --- the list ---

_IS_LISTED = "(last_slot > 0 OR on_server OR pinned OR title_by_user OR draft <> '' OR queue <> '[]')"


def conversations(
    c: sqlite3.Connection,
    *,
    filter: str = "",
    site: str = "",
    bot_id: str = "",
    limit: int = 100,
    before: SavedConversation | None = None,
) -> tuple[SavedConversation, ...]:
    """Return a page of the list: pinned first, then by time. `before` is the last one of the previous page.

    Titles and bot names are searched for the filter. An empty conversation is omitted.
    """
    after_last = "" if before is None else "AND (pinned, updated_at, key) < (?, ?, ?)"
    values: list[object] = [] if before is None else [before.pinned, before.updated_at, before.key]
    query = fold(filter.strip())
    rows = c.execute(
        f"""SELECT {_COLUMNS} FROM conversations
            WHERE deleted_at = 0 {after_last}
              AND (? = '' OR instr(folded, ?)) AND (? = '' OR site = ?) AND (? = '' OR bot_id = ?)
              AND {_IS_LISTED}
            ORDER BY pinned DESC, updated_at DESC, key DESC LIMIT ?""",
        (*values, query, query, site, site, bot_id, bot_id, limit),
    )
    return tuple(_conversation_from_row(row) for row in rows)


def listed_keys(c: sqlite3.Connection) -> tuple[str, ...]:
    """Return the keys of all listed conversations, in the order of the list."""
    rows = c.execute(
        f"""SELECT key FROM conversations WHERE deleted_at = 0 AND {_IS_LISTED}
            ORDER BY pinned DESC, updated_at DESC, key DESC"""
    )
    return tuple(str(key) for (key,) in rows)


def listed_count(c: sqlite3.Connection) -> int:
    """Return the number of listed conversations."""
    row = c.execute(f"SELECT count(*) FROM conversations WHERE deleted_at = 0 AND {_IS_LISTED}").fetchone()
    return int(row[0])


# --- sections ---


def add_section(c: sqlite3.Connection, key: str, section_id: str, now_ms: int) -> None:
    """Start a new section after the last message."""
    c.execute(
        """INSERT INTO sections (conversation, section_id, position, started_at)
           SELECT key, ?, (last_slot + 1) * ?, ? FROM conversations WHERE key = ?""",
        (storable(section_id), SLOT, now_ms, key),
    )
    c.execute("UPDATE conversations SET section_id = ? WHERE key = ?", (storable(section_id), key))


def sections(c: sqlite3.Connection, key: str) -> tuple[SavedSection, ...]:
    """Return the sections of a conversation, in order, without its first one."""
    rows = c.execute(
        """SELECT section_id, position, started_at FROM sections WHERE conversation = ?
           ORDER BY position, key""",
        (key,),
    )
    return tuple(SavedSection(*typed(row, _SECTION)) for row in rows)
