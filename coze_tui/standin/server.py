"""StandIn: a Coze server on loopback, in its own thread and loop.

It responds even if a screen is blocked, and a test can hold a stream at a gate while the client continues.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TypeVar

from coze_tui.standin.context import ServerContext, Switches, Token
from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.faults import parse
from coze_tui.standin.gates import Gates
from coze_tui.standin.http import HttpServer, Request
from coze_tui.standin.scenarios import Bot
from coze_tui.standin.service import Service
from coze_tui.standin.state import State, make_ids

DIALECTS = ("official", "studio")
_FIRST_ID = {"official": 7511000000000010000, "studio": 7512000000000010000}
_MAX_BODY = 520 * 1024 * 1024
_T = TypeVar("_T")


class StandIn:
    """A running stand-in. `with StandIn() as stand_in:` starts and stops it."""

    def __init__(
        self, *, dialect: str = "official", token: str = "pat_DEMO_0123456789abcdef", port: int = 0,
        pace: float = 1.0, seed: int = 7, clock: Callable[[], float] = time.time,
        bots: Sequence[Bot] | None = None,
    ) -> None:  # fmt: skip
        if dialect not in DIALECTS:
            raise ValueError(f"dialect must be one of {DIALECTS}, not {dialect!r}")
        self.token = token
        self.base_url = ""
        self._port = port
        self._gates = Gates()
        state = State(make_ids(_FIRST_ID[dialect], seed))
        state.bots = {bot.id: bot for bot in (demo_bots() if bots is None else bots)}
        self._context = ServerContext(dialect == "studio", clock, pace, seed, state, self._gates)
        self._context.tokens[token] = Token()
        self._service = Service(self._context)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._started = threading.Event()
        self._error: OSError | OverflowError | None = None

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> StandIn:
        """Listen, and return when the port is open. Raise `OSError` or `OverflowError` if it cannot."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="standin", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error
        return self

    def stop(self) -> None:
        """Drop every connection and stop the thread. Safe to call twice."""
        if self._loop is not None and self._end is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._end.set)
            except RuntimeError:  # the loop was closed meanwhile
                pass
        if self._thread is not None:
            self._thread.join(timeout=10)

    def __enter__(self) -> StandIn:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        server = HttpServer(self._service.handle, max_body=_MAX_BODY)
        try:
            port = await server.listen(self._port)
        except (OSError, OverflowError) as error:
            self._error = error
            self._started.set()
            return
        self.base_url = self._context.base_url = f"http://127.0.0.1:{port}"
        self._started.set()
        try:
            await self._end.wait()
        finally:
            await server.close()
            await self._context.close()

    def use_bots(self, bots: Sequence[Bot]) -> None:
        """Offer other bots from now on; running chats are unaffected."""

        def use() -> None:
            self._context.state.bots = {bot.id: bot for bot in bots}

        self._call(use)

    def _call(self, work: Callable[[], _T]) -> _T:
        """Call `work` on the server's loop, so that nothing changes during a request."""
        if self._loop is None or self._loop.is_closed():
            return work()

        async def inside() -> _T:
            return work()

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(timeout=10)

    # ── gates ───────────────────────────────────────────────────────────────────────────────────────────

    def release(self, gate: str) -> None:
        """Open a gate of a scenario for current and future streams. Thread-safe."""
        self._gates.release(gate)

    def shut(self, gate: str) -> None:
        """Close a gate for future streams, and reset its record of arrivals."""
        self._gates.shut(gate)

    def wait_for(self, gate: str, timeout: float = 10.0) -> None:
        """Block until a stream has arrived at the gate; raise `TimeoutError` if none comes."""
        self._gates.wait_for(gate, timeout)

    # ── what tests look at and change ───────────────────────────────────────────────────────────────────

    @property
    def requests(self) -> list[Request]:
        """Return a copy of the last 10,000 requests, oldest first, without those to the control path."""
        return list(self._service.requests)

    @property
    def switches(self) -> Switches:
        """Return the switches for behavior that docs/wire.md 9 leaves open. Fields may change at any time."""
        return self._context.switches

    def fault(self, words: str, *, path: str, times: int = 1) -> None:
        """Break the next `times` calls of `path`: `html502`, `429=3`, `hang`… On a chat path any fault.

        Raise `ValueError` for an unknown fault.
        """
        faults = parse(words)
        self._call(lambda: self._service.add_fault(faults, path, times))

    def add_token(
        self, token: str, *, scopes: Iterable[str] | None = None, expires_at: float | None = None
    ) -> None:
        """Accept another token, restricted to `scopes` if given, until `expires_at` in Unix seconds."""
        entry = Token(None if scopes is None else frozenset(scopes), expires_at)
        self._call(lambda: self._context.tokens.__setitem__(token, entry))

    def revoke_token(self, token: str) -> None:
        """Reject the token with 4100 from now on."""
        self._call(lambda: self._context.tokens.pop(token, None))

    def device(
        self, *, script: Sequence[str] = (), approve_after: int | None = None, interval: int | None = None
    ) -> None:
        """Configure the device flow: errors for the next polls, then automatic approval at the n-th poll."""

        def change() -> None:
            oauth = self._service.oauth
            oauth.script[:] = script
            oauth.approve_after = approve_after
            oauth.interval = oauth.interval if interval is None else interval

        self._call(change)

    def decide(self, user_code: str, decision: str) -> bool:
        """`approve` or `deny` a login attempt, as a user would in a browser; return False if unknown."""
        return self._call(lambda: self._service.oauth.decide(user_code, decision))
