"""The queue between the task that reads a stream and the turn that handles its items."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Arrivals(Generic[_T]):
    """A queue from one task to one other task, which removes all waiting items at once.

    A stream can bring 50,000 frames a second. For each of them, `put` and `get` of asyncio.Queue cost as
    much as parsing its JSON.

    Args:
        most: the number of items at which `put` waits.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._hurries = asyncio.Event()
        self._items: list[_T] = []
        self._has_some = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def empty(self) -> bool:
        return not self._items

    def put_nowait(self, item: _T, *, may_wait: bool = False) -> None:
        """Add an item, even if there is no room.

        Args:
            may_wait: the item does not end `gather`.
        """
        if not self._items:
            self._has_some.set()
        self._items.append(item)
        # Half full: the reader must not reach the limit while the turn waits.
        if not may_wait or len(self._items) * 2 >= self._most:
            self._hurries.set()

    async def put(self, item: _T, *, may_wait: bool = False) -> None:
        """Add an item as soon as there is room."""
        if len(self._items) >= self._most:
            self._has_room.clear()
            await self._has_room.wait()
        self.put_nowait(item, may_wait=may_wait)

    async def wait(self) -> None:
        """Wait until the queue has an item."""
        await self._has_some.wait()

    async def gather(self, seconds: float) -> None:
        """Wait for more items, unless a present item may not wait or the queue is half full."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurries.wait()
        except TimeoutError:
            pass

    def take(self, most: int) -> list[_T]:
        """Remove and return the oldest items, at most this many."""
        taken = self._items[:most]
        del self._items[:most]
        if not self._items:
            self._has_some.clear()
            self._hurries.clear()
        if len(self._items) < self._most:
            self._has_room.set()
        return taken
