"""Replays a chat: its frames take the path of a live stream, at a variable speed. Sends nothing.

The player puts updates into a `TurnFeed`, as the engine does for a live turn, so a reader of the feed cannot
distinguish the two.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol

from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.model.outcomes import outcome_of, total_us_of
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.turn_replay import TurnReplay
from coze_tui.engine.model.updates import TurnUpdate
from coze_tui.store.records import ChatRecord

PACES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_LONGEST_SLEEP = 3_600.0
_STEP_US = 30_000
"""Interval between frames without known times."""
_AT_ONCE = 200
"""Frames that are played without a pause: a few milliseconds, after which other tasks can run."""


class Feed(Protocol):
    """The receiver of the updates."""

    def put(self, update: TurnUpdate) -> None:
        """Receive the next update."""


class Player:
    """A replay from the first frame to the last. It belongs to one loop; every method returns at once.

    Args:
        clock: returns seconds; only differences count.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        record: ChatRecord,
        *,
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.frames = tuple(frames)
        self.record = record
        self.state = TurnState()
        self.pace = pace
        """Speed as a multiple of the original one."""
        self.is_paused = False
        self.position = 0
        """Number of frames played so far."""
        self.has_times = any(frame.at_us > 0 for frame in self.frames)
        """Whether the arrival times are known; otherwise the frames are played at equal intervals."""
        times = (max(0, frame.at_us) for frame in self.frames)
        evenly = (number * _STEP_US for number in range(1, len(self.frames) + 1))
        # Times may decrease in an edited capture, but the replay never runs backward.
        self._due = list(accumulate(times if self.has_times else evenly, max))
        self._clock = clock
        self._replay = TurnReplay(self.state)
        self._feed: Feed | None = None
        self.seek_target = 0
        """Number of frames to play without waiting for their time."""
        self._hurries_to_end = False
        self._is_ended = False
        self._at_us = 0.0
        self._since = clock()
        self._steered = asyncio.Event()

    # --- state ---

    @property
    def total_us(self) -> int:
        """Return the time at which the chat ended."""
        return max(self._due[-1] if self._due else 0, total_us_of(self.record))

    @property
    def at_us(self) -> int:
        """Return the present position, in microseconds since the question was sent."""
        return min(self.total_us, round(self._now()))

    @property
    def is_ended(self) -> bool:
        """Return whether the end was played, too."""
        return self._is_ended

    # --- control ---

    def begin(self, feed: Feed, position: int = 0) -> None:
        """Start from the question into a new feed; play everything before a position at once."""
        self.state = TurnState()
        self._replay = TurnReplay(self.state)
        self._feed = feed
        self._is_ended = self._hurries_to_end = False
        self.position = 0
        self.seek_target = max(0, min(position, len(self.frames)))
        self._set_now(0)
        self._put(self._replay.start(self.record.logid))
        self._hurry()
        self._steer()

    def pause(self, is_paused: bool | None = None) -> None:
        """Pause or continue; by default, toggle."""
        # The old time is computed before the change, because it depends on the pause.
        now = self._now()
        self.is_paused = not self.is_paused if is_paused is None else is_paused
        self._set_now(now)
        self._steer()

    def change_pace(self, step: int) -> None:
        """Play faster (positive steps) or slower (negative steps)."""
        # The old time is computed before the change, because it depends on the pace.
        now = self._now()
        nearest = min(range(len(PACES)), key=lambda index: abs(PACES[index] - self.pace))
        self.pace = PACES[max(0, min(len(PACES) - 1, nearest + step))]
        self._set_now(now)
        self._steer()

    def step(self) -> None:
        """Play the next frame now and pause after it; after the last one comes the end."""
        self.is_paused = True
        if self.position < len(self.frames):
            self.seek_target = min(len(self.frames), max(self.position, self.seek_target) + 1)
            self._hurry()
        else:
            self._end()
        self._steer()

    def to_end(self) -> None:
        """Play the rest at once."""
        self.seek_target = len(self.frames)
        self._hurries_to_end = True
        self._hurry()
        self._steer()

    # --- playing ---

    async def play(self) -> None:
        """Play in real time until the end."""
        while not self._is_ended:
            self._steered.clear()
            wait = self.play_due()
            if self._is_ended:
                return
            try:
                async with asyncio.timeout(wait):
                    await self._steered.wait()
            except TimeoutError:
                pass

    def play_due(self) -> float | None:
        """Play the due frames, at most one batch; return the seconds until the next, or None if paused."""
        if self.position < self.seek_target:
            self._hurry()
            return 0.0
        if self.is_paused:
            return None
        now = self._now()
        position = self.position
        most = min(len(self.frames), position + _AT_ONCE)
        while position < most and self._due[position] <= now:
            position += 1
        if position > self.position:
            self._take(position)
        if position == len(self.frames) and now >= self.total_us:
            self._end()
            return None
        due = self._due[position] if position < len(self.frames) else self.total_us
        return min(_LONGEST_SLEEP, max(0.0, (due - now) / 1_000_000 / self.pace))

    def _hurry(self) -> None:
        """Play a batch of the frames that need no wait; set the clock to the last of them."""
        if self.position < self.seek_target:
            self._take(min(self.seek_target, self.position + _AT_ONCE))
            # After a jump the clock continues from the last played frame.
            self._set_now(self._due[self.position - 1])
        if self._hurries_to_end and self.position == len(self.frames):
            self._end()

    def _take(self, position: int) -> None:
        for frame in self.frames[self.position : position]:
            self._put(self._replay.apply(parse_event(frame)))
        self.position = max(self.position, position)

    def _end(self) -> None:
        if not self._is_ended:
            self._set_now(self.total_us)
            self._is_ended = True
            record = self.record
            self._put(self._replay.finish(outcome_of(record), total_us_of(record), breaks=record.breaks))

    def _put(self, updates: Sequence[TurnUpdate]) -> None:
        if self._feed is not None:
            for update in updates:
                self._feed.put(update)

    def _now(self) -> float:
        """Return the time of the replayed clock, in microseconds."""
        if self.is_paused or self._is_ended:
            return self._at_us
        return self._at_us + (self._clock() - self._since) * 1_000_000 * self.pace

    def _set_now(self, at_us: float) -> None:
        self._at_us = at_us
        self._since = self._clock()

    def _steer(self) -> None:
        self._steered.set()
