"""What was exported comes back: JSON lines and captures, whole or not at all, and never twice."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from coze_tui.engine.exports.capture_reading import ImportedChat, read_chat
from coze_tui.engine.exports.json_lines import LineLimits, LineSource, lines_from, read_lines
from coze_tui.errors import FileError
from coze_tui.store import carrying, history, journal, search_index
from coze_tui.store.carrying import CarriedConversation
from coze_tui.store.database import Database
from coze_tui.store.history import SavedConversation
from coze_tui.store.journal import SavedChat
from coze_tui.text import clean_line

State = Literal["new", "more", "same", "copy"]
"""`new`: it was not here; `more`: it was, and has grown; `same`: all of it was here; `copy`: another one of
this key is here, so it has a key of its own."""

_SNIFFED = 4_096
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_KEY_LENGTH = 9
_FOR_READING = (b"<!doctype html", b"<html", b"# ")
_Content = list[CarriedConversation] | ImportedChat


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one conversation of a file."""

    key: str
    title: str
    state: State


class OpenFile(LineSource, Protocol):
    """A buffered file, for instance stdin."""

    def peek(self, size: int, /) -> bytes:
        """Some of what comes next, which is not read by that."""


class Imports:
    """Puts files into the store."""

    def __init__(self, database: Database, *, limits: LineLimits = LineLimits()) -> None:  # noqa: B008
        self._database = database
        self._limits = limits

    async def import_file(self, path: Path, *, site: str = "") -> tuple[Imported, ...]:
        """Import a file; what became of each conversation in it.

        Args:
            site: of a capture that does not say where it comes from.

        Raises:
            FileError: it cannot be read, or is not what it should be. Nothing was imported.
            StoreError: it cannot be written. Nothing was imported.
        """
        return await self._import(await asyncio.to_thread(_read_path, path, self._limits), site)

    async def import_stream(self, file: OpenFile, name: str, *, site: str = "") -> tuple[Imported, ...]:
        """The same from an open file."""
        return await self._import(await asyncio.to_thread(_read, file, name, self._limits), site)

    async def _import(self, content: _Content, site: str) -> tuple[Imported, ...]:
        """Write what was read whole before: the store is not locked while a slow disk is read."""
        now_ms = int(time.time() * 1000)

        def write(c: sqlite3.Connection) -> list[Imported]:
            if isinstance(content, ImportedChat):
                chat = replace(content, site=content.site or site, sent_at=content.sent_at or now_ms)
                return [_put_chat(c, chat)]
            return [_put(c, carried) for carried in content]

        imported = await self._database.write(write)
        while await self._database.write(search_index.add_some):
            pass
        return tuple(imported)


def _read_path(path: Path, limits: LineLimits) -> _Content:
    try:
        with path.open("rb") as file:
            return _read(file, str(path), limits)
    except OSError as error:
        raise FileError("unreadable", str(path), detail=error.strerror or str(error)) from error


def _read(file: OpenFile, name: str, limits: LineLimits) -> _Content:
    try:
        beginning = file.peek(_SNIFFED).removeprefix(b"\xef\xbb\xbf").lstrip()
        if beginning.startswith(b"{"):
            return list(read_lines(file, name, limits))
        if beginning.lower().startswith(_FOR_READING):
            raise FileError("for reading", name)
        return read_chat(file, name)
    except OSError as error:
        raise FileError("unreadable", name, detail=error.strerror or str(error)) from error


# --- JSON lines ---


def _put(c: sqlite3.Connection, carried: CarriedConversation) -> Imported:
    here = carrying.take(c, carried.conversation.key)
    if here is None:
        carrying.put(c, carried)
        return _imported(carried.conversation, "new")
    history.undelete(c, here.conversation.key)
    if carrying.holds(here, carried):
        return _imported(here.conversation, "same")
    if all(chat.is_final for chat in here.chats) and carrying.holds(carried, here):
        history.purge(c, here.conversation.key)
        grown = replace(carried, conversation=_with_local(carried.conversation, here.conversation))
        carrying.put(c, grown)
        return _imported(grown.conversation, "more")
    copy = replace(carried, conversation=replace(carried.conversation, key=_key_from_content(carried)))
    state: State = "same"
    if history.conversation(c, copy.conversation.key) is None:
        carrying.put(c, copy)
        state = "copy"
    history.undelete(c, copy.conversation.key)
    return _imported(copy.conversation, state)


def _with_local(saved: SavedConversation, here: SavedConversation) -> SavedConversation:
    """What grew elsewhere keeps what the person has set and not yet sent here."""
    return replace(
        saved,
        title=here.title if here.title_by_user else saved.title,
        title_by_user=here.title_by_user or saved.title_by_user,
        pinned=here.pinned or saved.pinned,
        draft=here.draft or saved.draft,
        queue=here.queue or saved.queue,
    )


def _key_from_content(carried: CarriedConversation) -> str:
    """A key that the same content always gets, so that importing it again finds it."""
    nameless = replace(carried, conversation=replace(carried.conversation, key=""))
    digest = hashlib.sha256()
    for line in lines_from(nameless):
        digest.update(line)
    return _key_from_digest(digest.digest())


def _key_from_digest(digest: bytes) -> str:
    number, letters = int.from_bytes(digest), []
    for _ in range(_KEY_LENGTH):
        number, letter = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "".join(letters)


def _imported(saved: SavedConversation, state: State) -> Imported:
    return Imported(saved.key, clean_line(saved.title), state)


# --- captures ---


def _put_chat(c: sqlite3.Connection, chat: ImportedChat) -> Imported:
    """A chat goes where it belongs by its ids, as if it had just been asked there."""
    saved, state = _conversation_for(c, chat)
    if any(_is_same(c, known, chat) for known in journal.chats(c, saved.key)):
        return _imported(saved, "same")
    key = journal.begin_chat(
        c,
        saved.key,
        chat.question,
        chat.bot_id,
        chat.sent_at,
        content_type=chat.content_type,
        files=chat.files,
    )
    journal.append_frames(c, key, 1, chat.frames)
    journal.note_ids(
        c,
        key,
        chat_id=chat.chat_id,
        conversation_id=chat.conversation_id,
        section_id=chat.section_id,
        logid=chat.logid,
    )
    journal.finish_chat(c, key, chat.summary, chat.messages)
    history.set_on_server(c, saved.key, saved.on_server)  # whose server it was nobody knows
    return _imported(history.conversation(c, saved.key) or saved, state)


def _conversation_for(c: sqlite3.Connection, chat: ImportedChat) -> tuple[SavedConversation, State]:
    known = history.conversation(c, chat.conversation)
    if known is not None and (known.site, known.bot_id) != (chat.site, chat.bot_id):
        known, key = None, ""  # another store has given this key to something else
    else:
        key = chat.conversation
    if known is None and not key:
        known = history.find_by_conversation_id(c, chat.site, chat.bot_id, chat.conversation_id)
        key = _key_from_ids(chat)
        known = known or history.conversation(c, key)
    if known is not None:
        history.undelete(c, known.key)
        return known, "more"
    made = SavedConversation(
        key=key,
        site=chat.site,
        bot_id=chat.bot_id,
        bot_name=chat.bot_name,
        conversation_id=chat.conversation_id,
        section_id="",
        title=chat.title,
        title_by_user=False,
        pinned=False,
        interrupted=False,
        on_server=False,
        draft="",
        queue=(),
        forked_from="",
        created_at=chat.sent_at,
        updated_at=chat.sent_at,
        deleted_at=0,
    )
    carrying.put(c, CarriedConversation(made))
    return made, "new"


def _key_from_ids(chat: ImportedChat) -> str:
    """The key of a conversation that is only known by a capture; the same for all captures of it."""
    digest = hashlib.sha256()
    for text in (chat.site, chat.bot_id, chat.conversation_id):
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    if not chat.conversation_id:
        for frame in chat.frames:
            digest.update(journal.line_from_frame(frame))
    return _key_from_digest(digest.digest())


def _is_same(c: sqlite3.Connection, known: SavedChat, chat: ImportedChat) -> bool:
    if known.chat_id and known.chat_id == chat.chat_id:
        return True
    return known.question == chat.question and journal.frames_of(c, known.key) == chat.frames
