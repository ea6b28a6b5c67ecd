"""Exports as files: in which form, under which name; privately, and never over another file unasked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from coze_tui.api.captures import Capture, capture_text
from coze_tui.config.secure_files import write_new
from coze_tui.engine.model.records import capture_head
from coze_tui.errors import FileError
from coze_tui.exports import words
from coze_tui.exports.jsonl import lines_from
from coze_tui.exports.markdown import markdown_from
from coze_tui.exports.page import page_from
from coze_tui.exports.words import Clock
from coze_tui.store import archive, history
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.database import Database
from coze_tui.text.format import file_name

Format = Literal["md", "html", "jsonl", "sse"]
"""Markdown, a page, JSON lines without loss, one capture for each chat."""
FORMATS: tuple[Format, ...] = get_args(Format)


def files_from(
    carried: ConversationArchive,
    form: Format,
    clock: Clock = Clock(),  # noqa: B008
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Name and content of each file that a conversation gives in a form; only captures give several.

    Raises:
        StoreError: the frames of a chat cannot be read any more.
    """
    day, title = clock.day(words.begun_at(carried)), words.title_of(carried)
    key = carried.conversation.key
    match form:
        case "md":
            yield file_name(day, title, key, form), _encoded(markdown_from(carried, clock))
        case "html":
            yield file_name(day, title, key, form), _encoded(page_from(carried, clock))
        case "jsonl":
            yield file_name(day, title, key, form), lines_from(carried)
        case "sse":
            for number, capture in captures_from(carried):
                name = file_name(day, title, key, form, number=number, of=len(carried.chats))
                yield name, _encoded([capture_text(capture)])


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "replace") for piece in pieces)


class Exports:
    """Takes conversations out of the store and writes them down."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def export(
        self,
        keys: Sequence[str] | None,
        form: Format,
        folder: Path,
        *,
        replace: bool = False,
        written: Callable[[Path], None] | None = None,
    ) -> list[Path]:
        """Write conversations into a folder; the files, in order.

        A file that is there already is left alone unless it is to be replaced. A conversation that is gone
        by now is left out.

        Args:
            keys: None for all that are listed.
            written: is told of each file as soon as it is there, from another thread.

        Raises:
            FileError: a file cannot be written. Those before it are whole.
            StoreError: a conversation cannot be read.
        """
        paths: list[Path] = []
        for key in await self.keys() if keys is None else keys:
            carried = await self.carried(key)
            if carried is not None:
                # Rendering takes time, and the streams that run must not wait for it.
                paths += await asyncio.to_thread(_write, carried, form, folder, replace, written)
        return paths

    async def keys(self) -> list[str]:
        """The conversations that are listed, in the order of the list."""
        return list(await self._database.read(history.listed_keys))

    async def carried(self, key: str) -> ConversationArchive | None:
        """A conversation with everything in it."""
        return await self._database.read(lambda c: archive.take(c, key))


def _write(
    carried: ConversationArchive,
    form: Format,
    folder: Path,
    replace: bool,
    written: Callable[[Path], None] | None,
) -> list[Path]:
    paths = []
    for name, pieces in files_from(carried, form):
        path = folder / name
        try:
            path = write_new(path, pieces, replace=replace)
        except OSError as error:
            raise FileError("unwritable", str(path), detail=error.strerror or str(error)) from error
        paths.append(path)
        if written is not None:
            written(path)
    return paths


def captures_from(carried: ConversationArchive) -> Iterator[tuple[int, Capture]]:
    """The chats that have frames, each with its number in the conversation, counted from 1.

    Raises:
        StoreError: the frames of a chat cannot be read any more.
    """
    for number, chat in enumerate(carried.chats, 1):
        if chat.key in carried.packed_frames:
            yield number, Capture(tuple(carried.frames_of(chat)), capture_head(chat))
