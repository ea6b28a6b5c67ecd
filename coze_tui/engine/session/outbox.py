"""Writes of chats, drafts and queues that the store has not accepted yet: in order, until it does."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from coze_tui.errors import StoreError, StoreErrorKind
from coze_tui.store.database import Database
from coze_tui.store.files import has_room
from coze_tui.store.migrations import VERSION
from coze_tui.values import valueclass

_PASSING: frozenset[StoreErrorKind] = frozenset(
    {"locked", "no locks", "full", "broken", "readonly", "unreadable"}
)
"""What may be over later. Any other refusal concerns one write only."""
_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 2.0
"""The pause between two attempts doubles up to this."""
_AT_THE_END_S = 0.05
"""The pause while the program waits for it."""

Write = Callable[[], Awaitable[None]]


@valueclass
class Unsaved:
    """The writes that the program could not save before its end."""

    texts: tuple[str, ...]
    """Questions and drafts; not cleaned."""
    error: StoreError


@dataclass(slots=True, eq=False)
class _Item:
    write: Write
    text: str


class Outbox:
    """Writes into the store, in the order in which `save` is called.

    If the store is locked, full or broken, this write and all later ones wait here while their callers
    continue. The outbox tries again in the background, until everything is written.

    Args:
        report: Called with the first refusal, and with each that is of another kind than the one before.
        restored: Called when the store works again and nothing waits.
    """

    def __init__(
        self,
        database: Database,
        report: Callable[[StoreError], None],
        restored: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = database
        self._report = report
        self._restored = restored
        self._waiting: dict[Hashable, _Item] = {}
        self._in_memory: dict[Hashable, str] = {}
        """The texts that are written, but only in memory, because the store is."""
        self._failure: StoreError | None = None
        """The latest refusal; None while the store works."""
        self._writing = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the store lacks something that was saved."""
        return bool(self._waiting)

    @property
    def unsaved(self) -> Unsaved | None:
        """What is not on disk; None if nothing that the user has written."""
        found = (*self._in_memory.values(), *(item.text for item in self._waiting.values()))
        texts = tuple(dict.fromkeys(text for text in found if text.strip()))
        error = self._failure or self.database.failure
        return Unsaved(texts, error) if texts and error is not None else None

    async def save(self, key: Hashable, write: Write, text: str = "", *, supersedes: bool = False) -> None:
        """Call `write`; return when it has written, or when the store has refused it or works no more.

        Never raises StoreError. The first refusal takes as long as the store's patience, later ones no time.

        Args:
            key: What is written. If a write with the same key waits, this one replaces it in its place.
            write: Writes everything that is not in the store yet, so it may be called again.
            text: What the user would miss, for `unsaved`.
            supersedes: The write takes its place at the end instead.
        """
        if self._failure is None:
            async with self._writing:
                if self._failure is None and await self._was_written(write):
                    self._remember(key, text)
                    return
        if supersedes:
            self._waiting.pop(key, None)
        self._waiting[key] = _Item(write, text)

    def note(self, error: StoreError) -> None:
        """Report that the store has refused something else, and try it until it works again."""
        before = self._failure
        if before is None or (before.kind, before.stops_saving) != (error.kind, error.stops_saving):
            self._report(error)
        if error.kind not in _PASSING:
            return
        self._failure = error
        if self._retrying is None or self._retrying.done():
            self._retrying = asyncio.create_task(self._retry(), name="outbox")

    async def close(self, seconds: float) -> None:
        """Write what waits, for at most this long. `unsaved` is what remains."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._writing:
                while self._waiting:
                    await self._flush()
                    await asyncio.sleep(_AT_THE_END_S)
        if self._retrying is not None:
            self._retrying.cancel()

    async def _retry(self) -> None:
        pause = _PAUSE_S
        while self._failure is not None:
            await asyncio.sleep(pause)
            async with self._writing:
                await self._flush()
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _flush(self) -> None:
        """Write what waits, as far as the store accepts it. If nothing waits, only try whether it does."""
        if not self._waiting and not await self._was_written(self._probe):
            return
        while self._waiting:
            key, item = next(iter(self._waiting.items()))
            if not await self._was_written(item.write):
                return
            self._remember(key, item.text)
            if self._waiting.get(key) is item:  # else something was added to it meanwhile
                del self._waiting[key]
        if self._failure is not None and self._failure.kind == "full" and not await self._has_room():
            return
        self._failure = None
        self._restored()

    def _remember(self, key: Hashable, text: str) -> None:
        """Remember a text that was written, as long as the store has no file."""
        if not self.database.is_saved:
            self._in_memory[key] = text

    async def _was_written(self, write: Write) -> bool:
        """Call `write`; return False if it has to be called again later."""
        rescues = self.database.rescues
        try:
            try:
                await write()
            except StoreError:
                if rescues == self.database.rescues:
                    raise
                await write()  # into the store as it is since the rescue
        except StoreError as error:
            error.stops_saving = True
            self.note(error)
            return error.kind not in _PASSING
        return True

    async def _has_room(self) -> bool:
        """Return whether the disk is no longer full, so that the report of that does not come and go."""
        path = self.database.path
        return path is None or await asyncio.to_thread(has_room, path)

    async def _probe(self) -> None:
        def write(c: sqlite3.Connection) -> None:
            c.execute(f"PRAGMA user_version = {VERSION}")

        await self.database.write(write)
