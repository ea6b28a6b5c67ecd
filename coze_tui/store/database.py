"""The open store: a connection for writing and one for long reads, each with its own thread."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from coze_tui.errors import StoreClosedError, StoreError, StoreWarning
from coze_tui.store import opening
from coze_tui.store.copies import open_read_only
from coze_tui.store.files import SQLITE_ERRORS, is_busy, is_interrupted, store_error_from_sqlite
from coze_tui.store.migrations import build_index, missing_indexes
from coze_tui.store.rows import text_of_bytes
from coze_tui.store.salvage import damage_in
from coze_tui.values import valueclass

_T = TypeVar("_T")

CHAT_PATIENCE_S = 0.5
"""Seconds after which a call of the engine fails if the store is locked; its chats continue unsaved."""
_COMMIT_S = 1.0
"""Seconds that a commit waits for readers, which happens only if SQLite's write-ahead log does not work."""
_STEPS_BETWEEN_LOOKS = 20_000
"""Instructions of SQLite's virtual machine, a few milliseconds in all."""
_INTERRUPT_EVERY_S = 0.02
REST_S = 1.0
"""Seconds without a write before indexes are built."""
_MOST_RESCUES = 5
"""Damage that recurs more often means a broken disk."""


_NOT_UTF8 = "Could not decode to UTF-8"
"""The start of the error of Python's sqlite3 for a text with a damaged byte; it has no code."""


def now_ms() -> int:
    """Return the current time in Unix milliseconds, the unit of all stored times."""
    return int(time.time() * 1000)


@valueclass
class OpenStore:
    """An open store and the warnings that the user should see."""

    database: Database
    warnings: tuple[StoreWarning, ...]


class _Line:
    """A connection and the only thread that may use it."""

    def __init__(self, name: str) -> None:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.connection: sqlite3.Connection | None = None

    async def call(self, function: Callable[[], _T]) -> _T:
        """Run the function on the thread, to its end even if the caller is canceled."""
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(self._threads, function)
        except RuntimeError as error:  # the executor has been shut down
            raise StoreClosedError from error
        return await future

    async def close(self, last: Callable[[], None]) -> None:
        """Run the calls that still wait, then `last`, and stop the thread."""
        with contextlib.suppress(StoreError):
            await self.call(last)
        self._threads.shutdown(wait=False)


class Database:
    """A store. Functions passed to it get its connection and must not save a reference to it.

    If the file is damaged, removed or replaced while the program runs, this class does what `open_or_rescue`
    does and calls the function again: the caller continues with the same Database.
    """

    def __init__(self, path: Path | None, line: _Line, *, patience_s: float | None = None) -> None:
        """Use an open connection.

        Args:
            line: without a connection if the store was locked; then each call tries to open it.
            patience_s: how long a call waits for a lock of another program; `opening.GIVE_UP_S` by default.
        """
        self.path = path
        """None if the store is only in memory."""
        self._line = line
        self._patience_s = patience_s
        self.failure: StoreError | None = None
        """The reason why the store is only in memory; None if it is a file."""
        self._reading: _Line | None = None if path else line
        self._inode = path.stat().st_ino if path and line.connection else 0
        self._is_closed = False
        self.on_rescue: Callable[[Sequence[StoreWarning]], None] | None = None
        """Called when the file had to be reopened; part of its content may be lost."""
        self.rescues = 0
        """Number of such rescues."""
        self._rescuing = asyncio.Lock()
        self._builder: sqlite3.Connection | None = None
        """The connection that builds an index."""
        self._wrote_at = time.monotonic()
        """The start of the last write, or when the store was opened."""

    @classmethod
    async def open(cls, path: Path) -> Database:
        """Open the store; create or migrate it if needed.

        Raises:
            StoreError: the store cannot be opened as it is. `open_or_rescue` handles all such cases.
        """
        line = _Line("store")
        try:
            line.connection, _ = await line.call(lambda: opening.open_patiently(path))
        except BaseException:
            await line.close(lambda: None)
            raise
        return cls(path, line)

    @classmethod
    async def read_only(cls, path: Path) -> Database | None:
        """Open a store that cannot be written, of any size, or return None if it cannot be read in place."""
        line = _Line("store")
        line.connection = await line.call(lambda: open_read_only(path))
        if line.connection is None:
            await line.close(lambda: None)
            return None
        return cls(None, line)

    @property
    def is_saved(self) -> bool:
        """Return whether the store is a file, not only in memory."""
        return self.path is not None

    async def run(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """Call the function on the writing connection, outside any transaction; use it for short reads."""
        return await self._steadily(lambda: self._line.call(lambda: self._guarded(self._line, function)))

    async def write(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """Call the function once within a transaction, which is committed to disk before this returns.

        Raises:
            StoreError: nothing was written.
        """
        self._wrote_at = time.monotonic()
        self._interrupt_builder()
        return await self._steadily(
            lambda: self._line.call(lambda: self._guarded(self._line, self._in_transaction(function)))
        )

    async def read(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        """Call the function on the reading connection within one snapshot, without delaying writes.

        If the caller is canceled, the query is interrupted.
        """
        return await self._steadily(lambda: self._read(function))

    async def _read(self, function: Callable[[sqlite3.Connection], _T]) -> _T:
        if self._is_closed:
            raise StoreClosedError(str(self.path or ""))
        # The writing connection migrates the store and checks that it is ours.
        if self._line.connection is None:
            await self._line.call(lambda: self._guarded(self._line, lambda _c: None))
        if self._reading is None:
            self._reading = _Line("store-reading")
        line, unwanted = self._reading, threading.Event()
        try:
            return await line.call(lambda: self._guarded(line, _in_snapshot(function, unwanted)))
        except asyncio.CancelledError:
            unwanted.set()
            raise

    async def changes(self) -> int:
        """Return a number that changes whenever any program has written, including this one."""

        def ask(c: sqlite3.Connection) -> int:
            # data_version ignores a connection's own writes; in memory, reader and writer are one connection.
            return int(c.execute("PRAGMA data_version").fetchone()[0]) + c.total_changes

        return await self.read(ask)

    async def damage(self) -> str:
        """Check the whole file, which can take minutes; return the damage, or an empty string.

        Other calls do not wait for the check. If the caller is canceled, the check is interrupted.
        """
        if self.path is None or self._is_closed:
            return await self._read(damage_in)
        return await self._aside("store-check", opening.open_for_reading, damage_in)

    async def build_indexes(self) -> None:
        """Build the indexes that a migration has postponed.

        Other calls do not wait for them. A write interrupts the work, which starts again after a second
        without writes. If the caller is canceled, the work is interrupted, too.
        """
        if self.path is None:
            return
        for name in await self.run(missing_indexes):
            is_built = False
            while not is_built:
                rest = self._wrote_at + REST_S - time.monotonic()
                if rest > 0:
                    await asyncio.sleep(rest)
                else:
                    is_built = await self._steadily(partial(self._was_built, name))

    async def _was_built(self, name: str) -> bool:
        """Build an index; return False if a write of this or another program has interrupted it."""

        def build(c: sqlite3.Connection) -> bool:
            self._builder = c
            try:
                build_index(c, name)
            except sqlite3.Error as error:
                if is_busy(error) or is_interrupted(error):
                    self._wrote_at = time.monotonic()
                    return False
                raise
            finally:
                self._builder = None
            return True

        return await self._aside("store-index", opening.open_for_writing, build)

    def _interrupt_builder(self) -> None:
        """Release the lock that the build of an index holds."""
        if (builder := self._builder) is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed in the meantime
                builder.interrupt()

    async def _aside(
        self,
        name: str,
        connect: Callable[[Path], sqlite3.Connection],
        work: Callable[[sqlite3.Connection], _T],
    ) -> _T:
        """Do long work on a separate connection and thread. If the caller is canceled, interrupt it.

        Raises:
            StoreError: the file cannot be opened, or the work fails.
        """
        if self.path is None or self._is_closed:
            raise StoreClosedError(str(self.path or ""))
        path, line = self.path, _Line(name)
        try:
            connection = line.connection = await self._checked(line, lambda: connect(path))
            task = asyncio.ensure_future(self._checked(line, lambda: work(connection)))
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                # Interrupt repeatedly, because an interrupt between two statements has no effect.
                while not task.done():
                    connection.interrupt()
                    await asyncio.wait((task,), timeout=_INTERRUPT_EVERY_S)
                task.exception()
                raise
        finally:
            await line.close(lambda: line.connection.close() if line.connection else None)

    async def _checked(self, line: _Line, step: Callable[[], _T]) -> _T:
        """Run a step on its thread; raise StoreError if it fails."""
        try:
            return await line.call(step)
        except SQLITE_ERRORS as error:
            raise store_error_from_sqlite(error, self.path) from error

    async def check(self) -> None:
        """Check the whole file, which can take minutes; if it is damaged, rescue the readable rows."""
        before = self.rescues
        if await self.damage():
            await self._rescue(before)

    async def _steadily(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Call a function, again while another program locks the store, and once more after a rescue."""
        before, deadline = self.rescues, 0.0
        while True:
            try:
                return await call()
            except StoreError as error:
                if error.kind != "locked":
                    # An error without a file name concerns a row that cannot be read, so no rescue can help.
                    if (
                        error.kind != "damaged"
                        or not error.path
                        or self.path is None
                        or before >= _MOST_RESCUES
                    ):
                        raise
                    break
                now = time.monotonic()
                deadline = deadline or now + (
                    opening.GIVE_UP_S if self._patience_s is None else self._patience_s
                )
                if now >= deadline:
                    raise
                self._interrupt_builder()
            await asyncio.sleep(opening.AGAIN_S)
        await self._rescue(before)
        return await call()

    async def _rescue(self, before: int) -> None:
        """Reopen the file, unless another caller has done so since `before` was read."""
        async with self._rescuing:
            path = self.path
            if self.rescues > before or path is None or self._is_closed:
                return
            if self._reading is not None and self._reading is not self._line:
                await self._reading.close(lambda: _close(self._reading))
            self._reading = None

            def reopen() -> list[StoreWarning]:
                _close(self._line)
                self._line.connection, self.path, warnings = opening.open_somehow(
                    path, suspect=True, defers=self._patience_s is not None
                )
                inode, self._inode = self._inode, opening.inode_of(self.path)
                if inode and self._inode not in (0, inode) and not any(t.kind == "damaged" for t in warnings):
                    warnings.append(StoreWarning("replaced", str(path)))
                return warnings

            warnings = await self._line.call(reopen)
            self.failure = _reason(self.path, warnings)
            if self.path is None:
                self._reading = self._line
            self.rescues += 1
        if self.on_rescue is not None:
            self.on_rescue(warnings)

    async def close(self, last: Callable[[sqlite3.Connection], object] | None = None) -> None:
        """Finish the calls made before, write the log back into the file, and close. May be called twice.

        Args:
            last: a short write, skipped if another program has locked the store.
        """
        if self._is_closed:
            return
        self._is_closed = True
        if self._reading is not None and self._reading is not self._line:
            await self._reading.close(lambda: _close(self._reading))
        await self._line.close(lambda: _close(self._line, last))

    def _guarded(self, line: _Line, function: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            if line.connection is None and self.path and not self._is_closed:
                if line is self._line:
                    line.connection, _warnings = opening.open_file(self.path, migration_ms=opening.BUSY_MS)
                    self._inode = self.path.stat().st_ino
                else:
                    self._require_own_file()
                    line.connection = opening.open_for_reading(self.path)
            if line.connection is None:
                raise StoreClosedError(str(self.path or ""))
            try:
                return function(line.connection)
            except sqlite3.OperationalError as error:
                if not str(error).startswith(_NOT_UTF8):
                    raise
                # From now on only for this connection, because decoding in Python is slow.
                line.connection.text_factory = text_of_bytes
                return function(line.connection)
        except SQLITE_ERRORS as error:
            raise store_error_from_sqlite(error, self.path) from error

    def _in_transaction(
        self, function: Callable[[sqlite3.Connection], _T]
    ) -> Callable[[sqlite3.Connection], _T]:
        def transaction(c: sqlite3.Connection) -> _T:
            self._require_own_file()
            c.execute("BEGIN IMMEDIATE")
            try:
                result = function(c)
                _persist(c, "COMMIT", time.monotonic() + _COMMIT_S)
            except BaseException:
                if c.in_transaction:  # SQLite itself ends the transaction if the disk is full
                    c.execute("ROLLBACK")
                raise
            return result

        return transaction

    def _require_own_file(self) -> None:
        """Raise StoreError if the file was moved or replaced, since writes to it would be lost."""
        if self.path is None:
            return
        try:
            if self.path.stat().st_ino == self._inode:
                return
        except OSError:
            pass
        raise StoreError("damaged", str(self.path), "the file was moved or replaced")


async def open_or_rescue(path: Path, *, patience_s: float | None = None) -> OpenStore:
    """Open the store whatever its state.

    Renames a damaged file and copies its readable rows into a new one. If no file can be written, the store
    is in memory only, with a copy of the existing data if they can be read.

    Args:
        patience_s: as for `Database`. If given, a store that another program has locked is opened later;
            until then each call raises StoreError.
    """
    line = _Line("store")
    connection, file, warnings = await line.call(
        lambda: opening.open_somehow(path, suspect=False, defers=patience_s is not None)
    )
    line.connection = connection
    database = Database(file, line, patience_s=patience_s)
    database.failure = _reason(file, warnings)
    return OpenStore(database, tuple(warnings))


def _reason(path: Path | None, warnings: Sequence[StoreWarning]) -> StoreError | None:
    """Return the error that prevents saving to a file, or None if there is a file."""
    if path is not None or not warnings:
        return None
    match warnings[-1].kind:
        case "network" | "permissions" | "migrated" | "replaced":
            return None
        case kind:
            error = StoreError(kind, warnings[-1].path, warnings[-1].detail)
            error.stops_saving = True
            return error


def _persist(c: sqlite3.Connection, statement: str, deadline: float) -> sqlite3.Cursor:
    """Execute a statement; wait until the deadline for another program that holds the lock."""
    while True:
        try:
            return c.execute(statement)
        except sqlite3.Error as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _in_snapshot(
    function: Callable[[sqlite3.Connection], _T], unwanted: threading.Event
) -> Callable[[sqlite3.Connection], _T]:
    def snapshot(c: sqlite3.Connection) -> _T:
        c.execute("BEGIN")
        c.set_progress_handler(unwanted.is_set, _STEPS_BETWEEN_LOOKS)
        try:
            return function(c)
        finally:
            c.set_progress_handler(None, 0)
            if c.in_transaction:
                c.execute("ROLLBACK")

    return snapshot


def _close(line: _Line | None, last: Callable[[sqlite3.Connection], object] | None = None) -> None:
    if line is None or line.connection is None:
        return
    connection, line.connection = line.connection, None
    # If another program is reading, that program truncates the log later.
    connection.execute("PRAGMA busy_timeout = 200")
    if last is not None:
        with contextlib.suppress(sqlite3.Error):
            last(connection)
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
