"""Decides when to draw. No I/O and no clock; any platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from time import monotonic
from typing import Protocol

_BETWEEN_COUNTERS = 6000
"""Bytes that a slow line can carry between two updates of counters."""
_BURST = 2.0
_PATIENCE = 0.6
"""Share of the time between two frames that text may wait in order to be drawn together with more text."""


def over_ssh(env: Mapping[str, str]) -> bool:
    """Return whether the terminal is at the other end of an SSH connection."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


class Line(Protocol):
    """A provider of the speed of the line to the terminal."""

    def seconds_for(self, count: int) -> float:
        """Return the seconds that the line needs for `count` bytes; 0 if fast or unknown."""


class CounterPace:
    """A limiter for counters: a change of state is drawn at once, other updates some seconds later.

    There is no limit on a fast line; a line of 2,000 bytes a second updates every three seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._state: object = None
        self._at = -inf

    def is_due(self, line: Line, state: object) -> bool:
        """Return whether to draw the counters now, and count them as drawn if so.

        Args:
            state: Any value that stays equal while only counters change.
        """
        now = self._clock()
        if state == self._state and now - self._at < line.seconds_for(_BETWEEN_COUNTERS):
            return False
        self._state, self._at = state, now
        return True


class FrameBudget:
    """A limiter of frames to an average rate, which allows two at once after a pause.

    Text that arrives when no frame is available may wait a little longer than necessary. If it is drawn
    together with the
    next piece, that piece can appear at once.
    """

    def __init__(self) -> None:
        self._left = _BURST
        self._at = 0.0

    def may_draw(self, now: float, seconds: float) -> bool:
        """Return whether a frame is available.

        Args:
            now: Monotonic seconds.
            seconds: Average seconds between two frames.
        """
        self._left = min(_BURST, self._left + (now - self._at) / seconds)
        self._at = now
        return self._left >= 1

    def spend(self, now: float, seconds: float) -> None:
        """Count a drawn frame."""
        self.may_draw(now, seconds)
        self._left = max(0.0, self._left - 1)

    def latest(self, seconds: float) -> float:
        """Return the time at which to draw text that has just arrived, if no more arrives before."""
        return self._at + (1 - self._left + _PATIENCE) * seconds
