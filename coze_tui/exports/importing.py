"""Imports JSON Lines and captures; it computes chats from their frames, as in a live chat."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import IO, Literal, Protocol
from urllib.parse import urlsplit

from coze_tui.api.captures import Problem, read_capture
from coze_tui.api.events import Done, MessageCompleted, MessageDelta, UnknownEvent, parse_event
from coze_tui.api.objects import Chat, Frame, Limits, MessageType, Role
from coze_tui.config.addresses import site_name
from coze_tui.engine.analysis.capture_files import reason_text
from coze_tui.engine.model.outcomes import outcome_of, total_us_of
from coze_tui.engine.model.records import chat_from_capture
from coze_tui.engine.model.turn_replay import past_turn
from coze_tui.engine.session.recorder import ended_record, messages_of
from coze_tui.errors import FileError
from coze_tui.exports.jsonl import LineLimits, LineSource, lines_from, read_lines
from coze_tui.store import archive, history, journal, search
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.database import Database
from coze_tui.store.history import SavedConversation
from coze_tui.store.packing import line_from_frame
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.values import valueclass

_KEY = re.compile("[a-z0-9]{1,32}")
_SIZES = frozenset({"line too long", "event too large", "too large", "too many events"})


@valueclass
class ImportedChat:
    """A chat from a capture, with everything that the store contains about a chat."""

    record: ChatRecord
    """Its texts are clean; `conversation` is empty unless it is a valid key."""
    frames: tuple[Frame, ...]
    messages: tuple[SavedMessage, ...]


def read_chat(file: LineSource, path: str, limits: Limits = Limits()) -> ImportedChat:  # noqa: B008
    """Return the chat of a capture. Without title and question, its title is the name of the file.

    Raises:
        FileError: with the line and the reason.
        OSError: a read fails.
    """
    capture = read_capture(_lines(file, limits), limits)
    if capture.problems:
        raise _error_of(path, capture.problems[0], is_ours=bool(capture.facts or capture.frames))
    facts = _event_facts(capture.frames)
    if not facts.is_understood:
        raise FileError("foreign", path, detail=capture.frames[0].event)
    head = chat_from_capture(capture).record
    question = clean(head.question or facts.question)
    sent_at = head.sent_at or facts.begun_ms
    logid = clean_line(head.logid)
    total_us, breaks = total_us_of(head), head.breaks
    turn = past_turn(capture.frames, outcome=outcome_of(head), total_us=total_us, breaks=breaks, logid=logid)
    state = turn.state
    record = ChatRecord(
        conversation=head.conversation if _KEY.fullmatch(head.conversation) else "",
        chat_id=clean_line(state.chat_id or head.chat_id),
        section_id=clean_line(state.section_id or head.section_id),
        bot_id=clean_line(head.bot_id or facts.bot_id),
        logid=logid,
        question=question,
        sent_at=sent_at,
        conversation_id=clean_line(_conversation_id(head, state.conversation_id)),
        site=clean_line(head.site) or _site(capture.facts.get("base_url", "")),
        bot_name=clean_line(head.bot_name),
        title=clean_line(head.title or ("" if question else Path(path).stem)),
        content_type=clean_line(head.content_type) or "text",
        files="\n".join(map(clean_line, filter(None, head.files.split("\n")))),
    )
    figures = turn.figures
    record = ended_record(figures, turn.outcome, figures.error, turn.timeline.total_us, record)
    return ImportedChat(record, capture.frames, messages_of(state, sent_at))


def _conversation_id(head: ChatRecord, of_frames: str) -> str:
    """Return the Coze ID of the conversation for the chat.

    A local conversation need not be bound to the chat's: it may be a fork, or was deleted on the server.
    """
    return head.conversation_id if head.conversation else of_frames or head.conversation_id


def _lines(file: LineSource, limits: Limits) -> Iterator[str]:
    # A line of this many bytes may have more characters than the limit.
    while line := file.readline(4 * limits.line + 1):
        yield line.decode("utf-8", "replace")


def _error_of(path: str, problem: Problem, *, is_ours: bool) -> FileError:
    line, reason = problem.line, problem.reason
    if reason == "cut":
        return FileError("cut", path, line=line)
    if reason == "empty":
        return FileError("empty", path)
    if reason in _SIZES:
        return FileError("too large", path, line=line, detail=reason_text(problem))
    return FileError("bad line" if is_ours else "foreign", path, line=line, detail=reason_text(problem))


def _site(base_url: str) -> str:
    try:
        if not urlsplit(base_url).hostname:
            return ""
    except ValueError:  # not a valid URL
        return ""
    return clean_line(site_name(base_url).rpartition("@")[2])


@dataclass(slots=True)
class _EventFacts:
    """The facts that the events of a capture contain; empty or 0 if they do not."""

    is_understood: bool = False
    question: str = ""
    """The echo of the question, which some streams contain (docs/wire.md 7.2)."""
    begun_ms: int = 0
    """The creation time in the chat's events, in Unix milliseconds (docs/wire.md 3.3)."""
    bot_id: str = ""


def _event_facts(frames: Iterable[Frame]) -> _EventFacts:
    """Return the facts in the events, with only one of them in memory at a time."""
    facts = _EventFacts()
    for event in map(parse_event, frames):
        # The streams of other programs also end with [DONE].
        facts.is_understood = facts.is_understood or not isinstance(event, UnknownEvent | Done)
        chat = getattr(event, "chat", None)
        if isinstance(chat, Chat):
            facts.bot_id = facts.bot_id or chat.bot_id
            if 0 < chat.created_at < 2**40:
                facts.begun_ms = facts.begun_ms or chat.created_at * 1000
        elif isinstance(event, MessageDelta | MessageCompleted):
            message = event.message
            if message.type is MessageType.QUESTION and message.role is Role.USER:
                facts.question = facts.question or message.content
    return facts


State = Literal["new", "more", "same", "copy"]
"""`new`: it was not in the history. `more`: it was, and has grown. `same`: all of it was. `copy`: another
conversation has its key, so it gets a new one."""

_SNIFFED = 4_096
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_KEY_LENGTH = 9
_FOR_READING = (b"<!doctype html", b"<html", b"# ")


@valueclass
class Imported:
    """The result for one conversation of a file."""

    key: str
    title: str
    state: State


class OpenFile(LineSource, Protocol):
    """A buffered file, for instance stdin."""

    def peek(self, size: int, /) -> bytes:
        """Return some of the next bytes without reading them."""

    def seekable(self) -> bool:
        """Return whether it can be read again."""

    def tell(self) -> int:
        """Return the position of the next byte."""

    def seek(self, place: int, /) -> int:
        """Set the position of the next byte."""


_Content = OpenFile | IO[bytes] | ImportedChat
"""A chat, or lines of JSON that were read once without a problem."""


class Imports:
    """Imports files into the store."""

    def __init__(self, database: Database, *, limits: LineLimits = LineLimits()) -> None:  # noqa: B008
        self._database = database
        self._limits = limits

    async def import_file(self, path: Path, *, site: str = "") -> tuple[Imported, ...]:
        """Import a file; return the result for each conversation in it.

        Args:
            site: for a capture that does not contain one.

        Raises:
            FileError: it cannot be read, or has the wrong content. Nothing was imported.
            StoreError: it cannot be written. Nothing was imported.
        """
        try:
            with await asyncio.to_thread(path.open, "rb") as file:
                return await self.import_stream(file, str(path), site=site)
        except OSError as error:
            raise FileError("unreadable", str(path), detail=error.strerror or str(error)) from error

    async def import_stream(self, file: OpenFile, name: str, *, site: str = "") -> tuple[Imported, ...]:
        """Import an open file as `import_file` does."""
        with ExitStack() as stack:
            content = await asyncio.to_thread(_read, file, stack, name, self._limits)
            imported = await self._database.write(lambda c: self._write(c, content, name, site))
        while await self._database.write(search.index_some):
            pass
        return tuple(imported)

    def _write(self, c: sqlite3.Connection, content: _Content, name: str, site: str) -> list[Imported]:
        if isinstance(content, ImportedChat):
            record = content.record
            sent_at = record.sent_at or int(time.time() * 1000)
            record = replace(record, site=record.site or site, sent_at=sent_at)
            return [_put_chat(c, replace(content, record=record))]
        try:
            return [_put(c, archived) for archived in read_lines(content, name, self._limits)]
        except OSError as error:
            raise FileError("unreadable", name, detail=error.strerror or str(error)) from error


class _Copied:
    """A file of lines that copies them into another file while they are read."""

    def __init__(self, file: LineSource, copy: IO[bytes]) -> None:
        self._file, self._copy = file, copy

    def readline(self, size: int, /) -> bytes:
        line = self._file.readline(size)
        self._copy.write(line)
        return line


def _read(file: OpenFile, stack: ExitStack, name: str, limits: LineLimits) -> _Content:
    """Read a whole file before the store is locked: it may be on a slow disk, a pipe, or invalid.

    Args:
        stack: closes a copy of a file that can be read only once.

    Returns:
        A chat, or the same lines, in which no problem was found.
    """
    try:
        beginning = file.peek(_SNIFFED).removeprefix(b"\xef\xbb\xbf").lstrip()
        if beginning.startswith(b"{"):
            again: OpenFile | IO[bytes] = file
            source: LineSource = file
            if not file.seekable():
                again = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
                source = _Copied(file, again)
            start = again.tell()
            for _archived in read_lines(source, name, limits):
                pass
            again.seek(start)
            return again
        if beginning.lower().startswith(_FOR_READING):
            raise FileError("for reading", name)
        return read_chat(file, name)
    except OSError as error:
        raise FileError("unreadable", name, detail=error.strerror or str(error)) from error


# --- JSON Lines ---


def _put(c: sqlite3.Connection, archived: ConversationArchive) -> Imported:
    archived = replace(archived, conversation=_unqueued(archived.conversation))
    here = archive.take(c, archived.conversation.key)
    if here is None:
        archive.put(c, archived)
        return _imported(archived.conversation, "new")
    history.undelete(c, here.conversation.key)
    if archive.holds(here, archived):
        return _imported(here.conversation, "same")
    if all(chat.is_final for chat in here.chats) and archive.holds(archived, here):
        history.purge(c, here.conversation.key)
        grown = replace(archived, conversation=_with_local(archived.conversation, here.conversation))
        archive.put(c, grown)
        return _imported(grown.conversation, "more")
    copy = replace(archived, conversation=replace(archived.conversation, key=_key_from_content(archived)))
    state: State = "same"
    if history.conversation(c, copy.conversation.key) is None:
        archive.put(c, copy)
        state = "copy"
    history.undelete(c, copy.conversation.key)
    return _imported(copy.conversation, state)


def _unqueued(saved: SavedConversation) -> SavedConversation:
    """Return a conversation with its queue moved to its draft: an imported file must not send questions."""
    if not saved.queue:
        return saved
    return replace(saved, draft="\n\n".join(filter(None, [*saved.queue, saved.draft])), queue=())


def _with_local(saved: SavedConversation, here: SavedConversation) -> SavedConversation:
    """Return a conversation that has grown elsewhere, with the local title, pin, draft and queue."""
    return replace(
        saved,
        title=here.title if here.title_by_user else saved.title,
        title_by_user=here.title_by_user or saved.title_by_user,
        pinned=here.pinned or saved.pinned,
        draft=here.draft or saved.draft,
        queue=here.queue,
    )


def _key_from_content(archived: ConversationArchive) -> str:
    """Return a key that depends on the content, so that a second import finds the same conversation."""
    nameless = replace(archived, conversation=replace(archived.conversation, key=""))
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
    """Add a chat to the conversation with its IDs, as if it had just been asked there."""
    record = chat.record
    saved, state = _conversation_for(c, chat)
    if any(_is_same(c, known, chat) for known in journal.chats(c, saved.key)):
        return _imported(saved, "same")
    key = journal.begin_chat(
        c,
        saved.key,
        record.question,
        record.bot_id,
        record.sent_at,
        content_type=record.content_type,
        files=record.files.split("\n") if record.files else (),
    )
    journal.append_frames(c, key, 1, chat.frames)
    journal.note_ids(
        c,
        key,
        chat_id=record.chat_id,
        conversation_id=record.conversation_id,
        section_id=record.section_id,
        logid=record.logid,
    )
    journal.finish_chat(c, key, record, chat.messages)
    history.set_on_server(c, saved.key, saved.on_server)  # the account on the server is unknown
    return _imported(history.conversation(c, saved.key) or saved, state)


def _conversation_for(c: sqlite3.Connection, chat: ImportedChat) -> tuple[SavedConversation, State]:
    record = chat.record
    known = history.conversation(c, record.conversation)
    if known is not None and (known.site, known.bot_id) != (record.site, record.bot_id):
        known, key = None, ""  # another store has used this key for another conversation
    else:
        key = record.conversation
    if known is None and not key:
        known = history.find_by_conversation_id(c, record.site, record.bot_id, record.conversation_id)
        key = _key_from_ids(chat)
        known = known or history.conversation(c, key)
    if known is not None:
        history.undelete(c, known.key)
        return known, "more"
    made = SavedConversation(
        key=key,
        site=record.site,
        bot_id=record.bot_id,
        bot_name=record.bot_name,
        conversation_id=record.conversation_id,
        title=record.title,
        created_at=record.sent_at,
        updated_at=record.sent_at,
    )
    archive.put(c, ConversationArchive(made))
    return made, "new"


def _key_from_ids(chat: ImportedChat) -> str:
    """Return the key for a conversation that only captures contain; it is the same for all of them."""
    record, digest = chat.record, hashlib.sha256()
    for text in (record.site, record.bot_id, record.conversation_id):
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    if not record.conversation_id:
        for frame in chat.frames:
            digest.update(line_from_frame(frame))
    return _key_from_digest(digest.digest())


def _is_same(c: sqlite3.Connection, known: ChatRecord, chat: ImportedChat) -> bool:
    if known.chat_id and known.chat_id == chat.record.chat_id:
        return True
    if known.question != chat.record.question:
        return False
    pairs = zip_longest(journal.each_frame(c, known.key), chat.frames)
    return all(mine == theirs for mine, theirs in pairs)
