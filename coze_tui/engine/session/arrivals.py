"""The task that reads a stream, and the queue between it and the turn that handles its items."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Generic, TypeVar

from coze_tui.api.chats import ChatStream
from coze_tui.api.events import DELTA_EVENT
from coze_tui.api.objects import Frame
from coze_tui.engine.model.updates import LogidReported
from coze_tui.errors import CozeTuiError, InternalError

OpenedStream = AbstractAsyncContextManager[ChatStream]
StreamItem = Frame | LogidReported | CozeTuiError | None
"""An item of a turn's queue. None ends the reading: the body has ended, or `ChatTurn.stop` was called."""
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


async def read_stream(opened: OpenedStream, started: float, arrivals: Arrivals[StreamItem]) -> None:
    """Read a stream to its end or its failure, without a reference to the turn that would prevent freeing it.

    Args:
        started: the time of the question; the frames count from it.
    """
    try:
        async with opened as stream:
            await arrivals.put(LogidReported(stream.logid))
            async with aclosing(stream.frames(started=started)) as frames:
                async for frame in frames:
                    await arrivals.put(frame, may_wait=frame.event == DELTA_EVENT)
    except CozeTuiError as failure:
        await arrivals.put(failure)
    except Exception as failure:  # noqa: BLE001 - our own fault must end the turn
        await arrivals.put(InternalError(failure))
    else:
        await arrivals.put(None)
