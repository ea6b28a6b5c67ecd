"""The queue that passes updates of a turn from the engine's thread to a screen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterable

from coze_tui.engine.model.updates import AnswerGrew, ReasoningGrew, TurnEnded, TurnUpdate
from coze_tui.values import valueclass

_Grew = AnswerGrew | ReasoningGrew


@valueclass
class RunningTurn:
    """The state of a running turn that a screen needs to follow it."""

    question: str
    chat: int
    """Key of its chat in the store; 0 if the store does not have it."""


class _Growing:
    """Neighboring deltas of one message, joined until the screen reads them."""

    __slots__ = ("arrivals_us", "bytes", "kind", "message_id", "texts")

    def __init__(self, first: _Grew) -> None:
        self.kind: type[AnswerGrew] | type[ReasoningGrew] = type(first)
        self.message_id = first.message_id
        self.texts = [first.text]
        self.arrivals_us = list(first.arrivals_us)
        self.bytes = first.bytes

    def joins(self, update: _Grew) -> bool:
        """Add an update of the same message and kind; return False for any other."""
        if type(update) is not self.kind or update.message_id != self.message_id:
            return False
        self.texts.append(update.text)
        self.arrivals_us.extend(update.arrivals_us)
        self.bytes += update.bytes
        return True

    def update(self) -> TurnUpdate:
        return self.kind(self.message_id, "".join(self.texts), tuple(self.arrivals_us), self.bytes)


class TurnFeed:
    """The only way from the engine's thread to the screen's loop.

    The order is preserved and no update is dropped. Deltas of one message are merged while they wait, so a
    slow screen reads a few large updates.
    """

    def __init__(self) -> None:
        """Create the feed on the screen's loop."""
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: list[TurnUpdate | _Growing] = []
        self._arrived = asyncio.Event()
        self._signalled = False
        self._ended = False

    def put(self, update: TurnUpdate) -> None:
        """Add an update. Called in the engine's thread."""
        with self._lock:
            if isinstance(update, AnswerGrew | ReasoningGrew):
                last = self._waiting[-1] if self._waiting else None
                if not (isinstance(last, _Growing) and last.joins(update)):
                    self._waiting.append(_Growing(update))
            else:
                self._waiting.append(update)
            # One wake-up for all updates until the next `take`: waking another thread is slow.
            wake, self._signalled = not self._signalled, True
        if wake:
            try:
                self._loop.call_soon_threadsafe(self._arrived.set)
            except RuntimeError:  # the screen is closed; the store has the update
                pass

    def put_all(self, updates: Iterable[TurnUpdate]) -> None:
        """Add several updates. Called in the engine's thread."""
        for update in updates:
            self.put(update)

    async def take(self) -> list[TurnUpdate]:
        """Wait for updates and return all of them; empty after TurnEnded. Called on the screen's loop."""
        if self._ended:
            return []
        await self._arrived.wait()
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._signalled = False
            self._arrived.clear()
        updates = [item.update() if isinstance(item, _Growing) else item for item in waiting]
        # After TurnEnded, `take` returns nothing.
        self._ended = any(isinstance(update, TurnEnded) for update in updates)
        return updates

    async def updates(self) -> AsyncGenerator[TurnUpdate, None]:
        """Yield each update until TurnEnded. Called on the screen's loop."""
        while taken := await self.take():
            for update in taken:
                yield update
