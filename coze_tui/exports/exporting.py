"""Writes exports as private files, which never replace another file unless requested."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from coze_tui.api.captures import Capture, CaptureWriter, capture_text
from coze_tui.config.addresses import base_url_of_site
from coze_tui.config.new_files import remove_leftovers
from coze_tui.config.secure_files import write_new
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.analysis.masking import masked_capture, rewritten_texts
from coze_tui.engine.library.unfinished import unfinished_chats, with_unfinished
from coze_tui.engine.model.dialects import dialect_of
from coze_tui.engine.model.records import capture_head
from coze_tui.errors import ApiError, FileError, StoreError, code_of, code_words
from coze_tui.exports import describe
from coze_tui.exports.describe import Clock
from coze_tui.exports.jsonl import lines_from
from coze_tui.exports.markdown import markdown_from
from coze_tui.exports.page import page_from
from coze_tui.report.figures_text import not_understood
from coze_tui.store import archive, history
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.database import Database
from coze_tui.store.messages import messages
from coze_tui.store.records import ChatRecord
from coze_tui.text.format import file_name
from coze_tui.values import valueclass

Format = Literal["md", "html", "jsonl", "sse"]
"""Markdown, an HTML page, lossless JSON Lines, or one capture for each chat."""
FORMATS: tuple[Format, ...] = get_args(Format)


def files_from(
    archived: ConversationArchive,
    form: Format,
    clock: Clock = Clock(),  # noqa: B008
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield name and content of each file of a conversation; only captures are several files.

    Raises:
        StoreError: the frames of a chat can no longer be read.
    """
    match form:
        case "md":
            yield name_of(archived, form, clock), _encoded(markdown_from(archived, clock))
        case "html":
            yield name_of(archived, form, clock), _encoded(page_from(archived, clock))
        case "jsonl":
            yield name_of(archived, form, clock), lines_from(archived)
        case "sse":
            for number, chat in enumerate(archived.chats, 1):
                if chat.key in archived.packed_frames:
                    name = name_of(archived, form, clock, number=number, of=len(archived.chats))
                    yield name, _encoded(_capture_pieces(archived, chat))


def name_of(
    archived: ConversationArchive,
    form: Format,
    clock: Clock = Clock(),  # noqa: B008
    *,
    number: int = 0,
    of: int = 0,
) -> str:
    """Return the name of a file of a conversation; `number` and `of` as for `file_name`."""
    day, title = clock.day(describe.started_at(archived)), describe.title_of(archived)
    return file_name(day, title, archived.conversation.key, form, number=number, of=of)


def _capture_pieces(archived: ConversationArchive, chat: ChatRecord) -> Iterator[str]:
    """Yield the capture of a chat frame by frame."""
    writer = CaptureWriter()
    yield writer.facts(capture_head(chat))
    yield from map(writer.frame, archived.frames_of(chat))


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "replace") for piece in pieces)


_AT_ONCE = 64
MESSAGES_AT_ONCE = 4_000
"""Number of conversations or messages that are read at once."""
LARGE = 2 * MESSAGES_AT_ONCE
"""If more messages than this are in memory, the next conversations are read only once these are written."""
_WRITERS = 4
"""Number of files that are written at once, because each waits for the disk."""


_Batch = list[tuple[str, ConversationArchive | StoreError | None]]
"""Conversations that were read together, or the errors of those that could not be read."""


@valueclass
class Exported:
    """The result of the export of one conversation."""

    key: str
    paths: tuple[Path, ...]
    """Empty if the conversation no longer exists."""
    error: StoreError | FileError | None = None


class Exports:
    """Writes conversations of the store into files."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tidied: set[Path] = set()
        """Folders from which the leftovers of killed exports were removed."""

    async def export(self, keys: Sequence[str] | None, form: Format, folder: Path) -> list[Path]:
        """Write conversations into a folder; return the files in order.

        No existing file is changed. A conversation that no longer exists is skipped.

        Args:
            keys: None for all that are listed.

        Raises:
            FileError: a file cannot be written. The earlier files are complete.
            StoreError: a conversation cannot be read.
        """
        paths: list[Path] = []
        wanted = await self.keys() if keys is None else keys
        async for exported in self.export_each(wanted, form, folder):
            if exported.error is not None:
                raise exported.error
            paths += exported.paths
        return paths

    async def suggested_name(self, key: str, form: Format) -> str:
        """Return the name that `export` uses for the file of a conversation; empty if it no longer exists."""

        def read(c: sqlite3.Connection) -> str:
            saved = history.conversation(c, key)
            if saved is None:
                return ""
            first = messages(c, key, after=-1, limit=1)
            return name_of(ConversationArchive(saved, (), (), tuple(first), {}), form)

        return await self._database.read(read)

    async def export_file(
        self, key: str, form: Format, path: Path, *, replace: bool = False
    ) -> tuple[Path, ...]:
        """Write a conversation into one file of this name; return its path, or () if it no longer exists.

        A conversation has several captures, so only `export` writes those.

        Args:
            replace: whether to replace a file of this name; otherwise ` (2)` is added to the name.

        Raises:
            FileError: it cannot be written.
            StoreError: the conversation cannot be read.
        """
        assert form != "sse"
        archived = await self.archived(key)
        if archived is None:
            return ()
        [(_name, pieces)] = files_from(archived, form)
        return (await asyncio.to_thread(_write_file, path, pieces, replace),)

    async def export_each(
        self, keys: Sequence[str], form: Format, folder: Path, *, replace: bool = False
    ) -> AsyncIterator[Exported]:
        """Write conversations into a folder as `export` does; yield the result of each.

        A conversation that cannot be read or written does not stop the others.
        """
        if folder not in self._tidied:
            self._tidied.add(folder)
            await asyncio.to_thread(remove_leftovers, folder)
        batch = await self._read_some(keys, 0)
        at = 0
        # In several other threads, because running streams must not wait for disks.
        with ThreadPoolExecutor(_WRITERS, "export") as writers:
            while batch:
                at += len(batch)
                # Read ahead, unless a large conversation is in memory: two of them would need too much.
                is_large = _message_count(batch) > LARGE
                reading = None if is_large else asyncio.create_task(self._read_some(keys, at))
                try:
                    exported = await asyncio.to_thread(_write_all, writers, batch, form, folder, replace)
                except BaseException:
                    if reading is not None:
                        reading.cancel()
                    raise
                batch.clear()
                for result in exported:
                    yield result
                batch = await (self._read_some(keys, at) if reading is None else reading)

    async def _read_some(self, keys: Sequence[str], start: int) -> _Batch:
        """Return the next conversations: several small ones or one large one."""

        def read(c: sqlite3.Connection) -> _Batch:
            found: _Batch = []
            size = 0
            for key in keys[start : start + _AT_ONCE]:
                archived: ConversationArchive | StoreError | None
                try:
                    archived = _archived(c, key)
                    size += len(archived.messages) if archived else 0
                except StoreError as error:
                    if error.path:  # the error concerns the file, not this conversation
                        raise
                    archived = error
                found.append((key, archived))
                if size > MESSAGES_AT_ONCE:
                    break
            return found

        return await self._database.read(read)

    async def keys(self) -> list[str]:
        """Return the keys of the listed conversations, in the order of the list."""
        return list(await self._database.read(history.listed_keys))

    async def archived(self, key: str) -> ConversationArchive | None:
        """Return a whole conversation, with unfinished chats as received so far, or None."""

        return await self._database.read(lambda c: _archived(c, key))


def _archived(c: sqlite3.Connection, key: str) -> ConversationArchive | None:
    archived = archive.take(c, key)
    return archived and with_unfinished(archived, unfinished_chats(c, key))


def _message_count(batch: _Batch) -> int:
    return sum(
        len(archived.messages) for _key, archived in batch if isinstance(archived, ConversationArchive)
    )


def _write_all(
    writers: ThreadPoolExecutor,
    batch: _Batch,
    form: Format,
    folder: Path,
    replace: bool,
) -> list[Exported]:
    def write(item: tuple[str, ConversationArchive | StoreError | None]) -> Exported:
        key, archived = item
        try:
            if isinstance(archived, StoreError):
                raise archived
            return Exported(key, tuple(_write(archived, form, folder, replace)) if archived else ())
        except (StoreError, FileError) as error:
            return Exported(key, (), error)

    return list(writers.map(write, batch))


def _write(archived: ConversationArchive, form: Format, folder: Path, replace: bool) -> list[Path]:
    paths = []
    for name, pieces in files_from(archived, form):
        paths.append(_write_file(folder / name, pieces, replace))
    return paths


def _write_file(path: Path, pieces: Iterable[bytes], replace: bool) -> Path:
    try:
        return write_new(path, pieces, replace=replace)
    except OSError as error:
        raise FileError("unwritable", str(path), detail=error.strerror or str(error)) from error


# --- support bundle ---


def support_bundle_text(
    chat: InspectedChat,
    versions: Mapping[str, str],
    *,
    mask: bool,
    without_secrets: Callable[[str], str],
) -> str:
    """Return the text of a support bundle.

    Args:
        versions: of this program, Python, the system…; names have lower-case letters, digits and underscores.
        mask: leave out what was said; only the length of each text is kept.
        without_secrets: removes tokens from a text. It is applied to each text separately.
    """
    capture = chat.capture()
    frames = tuple(rewritten_texts(frame, without_secrets) for frame in capture.frames)
    facts = {
        key: without_secrets(value) for key, value in {**capture.facts, **_support_bundle_facts(chat)}.items()
    }
    found = Capture(frames, facts)
    if mask:
        found = masked_capture(found)
        found = replace(found, facts={**found.facts, "masked": "yes"})
    return capture_text(replace(found, facts={**versions, **found.facts}))


def _support_bundle_facts(chat: InspectedChat) -> Mapping[str, str]:
    """Return the result and metrics of the chat."""
    figures, error = chat.figures, chat.figures.error
    usage = figures.usage
    known = {
        "status": str(figures.outcome or ""),
        "error_code": code_words(code_of(error)),
        "error_msg": error.msg if isinstance(error, ApiError) else "",
        "server": str(dialect_of(chat.frames, base_url_of_site(chat.record.site), chat.record.logid)),
        "first_text_us": str(figures.first_text_us or ""),
        "total_us": str(chat.timeline.total_us),
        "waited_us": str(figures.breaks.waited_us or ""),
        "cut_us": str(figures.breaks.cut_us or ""),
        "longest_gap_us": str(figures.gaps.max_us or ""),
        "stalls": str(figures.stalls or ""),
        "events": str(figures.events),
        "not_understood": str(not_understood(chat) or ""),
        "input_tokens": str(usage.input_count) if usage else "",
        "output_tokens": str(usage.output_count) if usage else "",
        "finish_reason": chat.state.finish_reason,
    }
    return {key: value for key, value in known.items() if value}
