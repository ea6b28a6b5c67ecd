"""Lays out long entries in slices, with pauses in which keys are handled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from textual.widget import Widget

from coze_tui.garbage import without_collection
from coze_tui.tui.log.entries import Entry

_SHORTEST_PAUSE = 0.005
"""Seconds that a key needs to pass through the queues of the app, its screen and the focused widget."""


class Slices:
    """A queue of entries that are not completely laid out yet, the newest first.

    Each pause is as long as the slice before it, so a long text uses at most half of the processor.

    Args:
        log: The widget in whose queue each slice waits.
        lay_out: Lays out the next slice of an entry; returns whether another one follows.
    """

    def __init__(self, log: Widget, lay_out: Callable[[Entry], bool]) -> None:
        self._log = log
        self._lay_out = lay_out
        self._entries: dict[Entry, asyncio.Event] = {}
        """Entries with events that are set when they are complete."""
        self._is_planned = False

    def add(self, entry: Entry) -> None:
        """Queue the rest of an entry, if there is one."""
        if entry.is_behind:
            # Each painted line of a long entry comes here again.
            self._entries.setdefault(entry, asyncio.Event())
            self._plan(_SHORTEST_PAUSE)

    def clear(self) -> None:
        """Remove all entries from the queue."""
        for complete in self._entries.values():
            complete.set()
        self._entries.clear()

    async def complete(self, entry: Entry) -> None:
        """Wait until an entry is completely laid out or removed."""
        self.add(entry)
        if entry in self._entries:
            await self._entries[entry].wait()

    def _plan(self, seconds: float) -> None:
        if not self._is_planned:
            self._is_planned = True
            # `call_next` alone would come before keys, which wait in the queues of app and screen.
            asyncio.get_running_loop().call_later(seconds, self._log.call_next, self._next)

    def _next(self) -> None:
        started = monotonic()
        if self._entries and self._log.is_attached:
            entry = next(reversed(self._entries))
            # The collector would look through all new lines in the middle of it, half a second for 1 MB.
            with without_collection():
                is_complete = not self._lay_out(entry)
            if is_complete and entry in self._entries:
                self._entries.pop(entry).set()
        self._is_planned = False
        if self._entries and self._log.is_attached:
            self._plan(max(_SHORTEST_PAUSE, monotonic() - started))
