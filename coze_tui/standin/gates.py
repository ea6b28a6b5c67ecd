"""Gates hold a stream until a test opens them, so that tests need no sleeps."""

from __future__ import annotations

import asyncio
import threading


class Gates:
    """Named gates. Streams wait at them on the server's loop; tests control them from other threads."""

    def __init__(self) -> None:
        self._arrived: set[str] = set()
        self._open: set[str] = set()
        self._changed = threading.Condition()
        self._wakers: dict[str, list[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def hold(self, name: str, stop: asyncio.Event) -> None:
        """Wait until the gate is open, or `stop` is set."""
        waker = asyncio.Event()
        with self._changed:
            self._loop = asyncio.get_running_loop()
            self._arrived.add(name)
            self._changed.notify_all()
            if name in self._open:
                return
            self._wakers.setdefault(name, []).append(waker)
        waits = [asyncio.ensure_future(waker.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def release(self, name: str) -> None:
        """Open the gate for current and future streams. Thread-safe."""
        with self._changed:
            self._open.add(name)
            wakers, loop = self._wakers.pop(name, []), self._loop
        if loop is not None and not loop.is_closed():
            for waker in wakers:
                loop.call_soon_threadsafe(waker.set)

    def wait_for(self, name: str, timeout: float) -> None:
        """Block until a stream has arrived at the gate; raise `TimeoutError` if none comes."""
        with self._changed:
            if not self._changed.wait_for(lambda: name in self._arrived, timeout):
                raise TimeoutError(f"no stream came to the gate {name!r}")

    def shut(self, name: str) -> None:
        """Close the gate for future streams, and reset the record of arrivals."""
        with self._changed:
            self._arrived.discard(name)
            self._open.discard(name)

    def arrived(self) -> list[str]:
        """Return the names of the gates that a stream has reached."""
        with self._changed:
            return sorted(self._arrived)
