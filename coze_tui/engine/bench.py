"""Asks one question many times, of one bot or of several, and tells of each run as it ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing

from coze_tui.engine.measuring import Run, run_of
from coze_tui.engine.runner import ChatTurn
from coze_tui.engine.updates import TurnEnded
from coze_tui.errors import AuthError, CozeTuiError, CredentialsError, NotFoundError, QuotaError

_PASSING = frozenset({429, 4009, 4020})
"""Codes of limits that are over in a while (api 5.1)."""


class Bench:
    """Runs that are planned, under way and over. Every run is in a conversation of its own."""

    def __init__(
        self, make_turn: Callable[[str], Awaitable[ChatTurn]], bots: Sequence[str], runs: int
    ) -> None:
        """Plan, ask nothing yet.

        Args:
            make_turn: gives a new turn with a bot, in a new conversation.
            runs: for each bot. The bots take turns, so that the time of day is the same for all.
        """
        self._make_turn = make_turn
        self._planned = deque((bot, number) for number in range(1, runs + 1) for bot in bots)
        self._under_way: set[ChatTurn] = set()
        self.hopeless: CozeTuiError | None = None
        """Why no more was asked, where asking again could not have helped."""
        self.first_error: CozeTuiError | None = None
        """Why the first run that failed did so."""

    async def runs(self, concurrency: int) -> AsyncGenerator[Run, None]:
        """Each run as it ends, so many at a time."""
        ended: asyncio.Queue[Run | None] = asyncio.Queue()
        workers = [asyncio.create_task(self._work(ended)) for _ in range(concurrency)]
        try:
            left = len(workers)
            while left:
                run = await ended.get()
                if run is None:
                    left -= 1
                else:
                    yield run
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    def stop(self) -> None:
        """Ask nothing more, and stop what is under way at the server, too."""
        self._planned.clear()
        for turn in self._under_way:
            turn.stop()

    async def _work(self, ended: asyncio.Queue[Run | None]) -> None:
        try:
            while self._planned:
                bot, number = self._planned.popleft()
                try:
                    turn = await self._make_turn(bot)
                except CozeTuiError as failure:
                    self.hopeless = self.first_error = failure
                    self._planned.clear()
                    return
                self._under_way.add(turn)
                try:
                    error = await _play(turn)
                finally:
                    self._under_way.discard(turn)
                self.first_error = self.first_error or error
                self._give_up(bot, error)
                ended.put_nowait(run_of(number, bot, turn.state, turn.figures))
        finally:
            ended.put_nowait(None)

    def _give_up(self, bot: str, error: CozeTuiError | None) -> None:
        """Where a failure would only come again no call is wasted on it: a free account has 500 in all."""
        if isinstance(error, NotFoundError):
            self.hopeless = error
            self._keep_planned(item for item in self._planned if item[0] != bot)
        elif isinstance(error, AuthError | CredentialsError) or (
            isinstance(error, QuotaError) and error.code not in _PASSING
        ):
            self.hopeless = error
            self._keep_planned(())

    def _keep_planned(self, items: Iterable[tuple[str, int]]) -> None:
        kept = list(items)
        self._planned.clear()
        self._planned.extend(kept)


async def _play(turn: ChatTurn) -> CozeTuiError | None:
    error = None
    async with aclosing(turn.updates()) as updates:
        async for update in updates:
            if isinstance(update, TurnEnded):
                error = update.error
    return error
