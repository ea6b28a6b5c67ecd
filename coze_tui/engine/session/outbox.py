"""Writes of chats, drafts and queues that wait, in order, until the store accepts them."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass

from coze_tui.errors import StoreError, StoreErrorKind
from coze_tui.store.database import Database
from coze_tui.store.files import has_room
from coze_tui.store.migrations import VERSION
from coze_tui.values import valueclass

_PASSING: frozenset[StoreErrorKind] = frozenset(
    {"locked", "no locks", "full", "broken", "readonly", "unreadable"}
)
"""Kinds of refusals that may end by themselves. Any other refusal concerns one write only."""
_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 2.0
"""The pause between two attempts doubles up to this."""
_AT_THE_END_S = 0.05
"""The pause while the program waits to exit."""

Write = Callable[[], Awaitable[None]]


@valueclass
class Unsaved:
    """The writes that the program could not save before it ended."""

    texts: tuple[str, ...]
    """Questions, drafts and titles, or the name of an answer; not cleaned."""
    error: StoreError


@dataclass(slots=True, eq=False)
class _Item:
    write: Write
    text: str


class Outbox:
    """Writes to the store, in the order of the calls of `save`.

    If the store is locked, full or broken, this write and all later ones wait here while their callers
    continue. The outbox tries again in the background, until everything is written.

    Args:
        report: called with the first refusal, and with each refusal of another kind than the previous one.
        restored: called when the store works again and no write waits.
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
        """Texts that were written to a store that is only in memory."""
        self._failure: StoreError | None = None
        """The latest refusal; None while the store works."""
        self._writing = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None

    @property
    def is_behind(self) -> bool:
        """Return whether any saved data is not in the store."""
        return bool(self._waiting)

    @property
    def waiting(self) -> Collection[Hashable]:
        """Return the keys of the writes that wait, as given to `save`."""
        return self._waiting.keys()

    @property
    def unsaved(self) -> Unsaved | None:
        """Return the texts that are not on disk; None if no text of the user is missing."""
        found = (*self._in_memory.values(), *(item.text for item in self._waiting.values()))
        texts = tuple(dict.fromkeys(text for text in found if text.strip()))
        error = self._failure or self.database.failure
        return Unsaved(texts, error) if texts and error is not None else None

    async def save(self, key: Hashable, write: Write, text: str = "", *, supersedes: bool = False) -> None:
        """Call `write`; return when it has succeeded, or when the store has refused it or is still failing.

        Never raises StoreError. The first refusal takes as long as the store's patience, later ones no time.

        Args:
            key: identifies the data. If a write with the same key waits, this one replaces it in its place.
            write: writes everything that is not in the store yet, so that it can be repeated.
            text: the user's text in the data, for `unsaved`.
            supersedes: remove the earlier write and append this one at the end instead.
        """
        # While the store fails, new writes wait at once: each attempt would take the store's patience.
        if self._failure is None:
            async with self._writing:
                # Checked again: a write of another task may have failed while this one waited for the lock.
                if self._failure is None and await self._was_written(write):
                    self._remember(key, text)
                    return
        if supersedes:
            # Removed first, because assigning to an existing key would keep its place in the dict.
            self._waiting.pop(key, None)
        self._waiting[key] = _Item(write, text)

    def note(self, error: StoreError) -> None:
        """Report a refusal of some other operation, and test the store until it works again."""
        before = self._failure
        # Report a failure once, not at each attempt, nor that it also stops a read.
        if before is None or before.kind != error.kind or (error.stops_saving and not before.stops_saving):
            self._report(error)
            if error.kind in _PASSING:
                self._failure = error
        if error.kind not in _PASSING:
            return
        if self._retrying is None or self._retrying.done():
            self._retrying = asyncio.create_task(self._retry(), name="outbox")

    async def close(self, seconds: float) -> None:
        """Write everything that waits, for at most this long. `unsaved` contains the rest."""
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
            # The lock preserves the order: no new write may overtake the waiting ones.
            async with self._writing:
                await self._flush()
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _flush(self) -> None:
        """Repeat the waiting writes as far as the store accepts them. Without any, only test the store."""
        if not self._waiting and not await self._was_written(self._probe):
            return
        while self._waiting:
            # The item stays in the dict during its write, so that `save` can replace it.
            key, item = next(iter(self._waiting.items()))
            if not await self._was_written(item.write):
                return
            self._remember(key, item.text)
            if self._waiting.get(key) is item:  # otherwise `save` replaced it in the meantime
                del self._waiting[key]
        if self._failure is not None and self._failure.kind == "full" and not await self._has_room():
            return
        self._failure = None
        self._restored()

    def _remember(self, key: Hashable, text: str) -> None:
        """Save a written text for `unsaved` while the store has no file."""
        if not self.database.is_saved:
            self._in_memory[key] = text

    async def _was_written(self, write: Write) -> bool:
        """Call `write`; return False if it has to be repeated later."""
        rescues = self.database.rescues
        try:
            try:
                await write()
            except StoreError:
                if rescues == self.database.rescues:
                    raise
                await write()  # into the store that the rescue has created
        except StoreError as error:
            error.stops_saving = True
            self.note(error)
            return error.kind not in _PASSING
        return True

    async def _has_room(self) -> bool:
        """Return whether the disk has room for more than one write, so that the report does not flicker."""
        path = self.database.path
        # In a thread, because it writes a test file.
        return path is None or await asyncio.to_thread(has_room, path)

    async def _probe(self) -> None:
        def write(c: sqlite3.Connection) -> None:
            # The smallest possible write, which changes nothing: the version remains the same.
            c.execute(f"PRAGMA user_version = {VERSION}")

        await self.database.write(write)
