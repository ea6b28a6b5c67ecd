"""How often drawing is worth it. No I/O and no clock; any platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from time import monotonic
from typing import Protocol

_BETWEEN_COUNTERS = 6000
"""Bytes for which a slow line has time between two drawings of counters."""
_BURST = 2.0
_PATIENCE = 0.6
"""Share of the time between two frames that text may wait longer than necessary for more text."""


def over_ssh(env: Mapping[str, str]) -> bool:
    """Return whether the terminal is at the other end of an SSH connection."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


class Line(Protocol):
    """What knows the speed of the line to the terminal."""

    def seconds_for(self, count: int) -> float:
        """Return how long it takes for so many bytes; 0 if it is fast or unknown."""


class CounterPace:
    """Says when counters are worth drawing again: after a change of state at once, else some seconds later.

    On a fast line they are worth it always, on one of 2,000 bytes a second every three seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._state: object = None
        self._at = -inf

    def is_due(self, line: Line, state: object) -> bool:
        """Return whether to draw the counters now, and count them as drawn if so.

        Args:
            state: Anything that is equal as long as nothing but counters has changed.
        """
        now = self._clock()
        if state == self._state and now - self._at < line.seconds_for(_BETWEEN_COUNTERS):
            return False
        self._state, self._at = state, now
        return True


class FrameBudget:
    """Limits frames to a rate in the long run, with two at once after a pause.

    Text that arrives when no frame is left may wait a little longer than necessary: drawn together with the
    next piece, it lets that piece appear at once.
    """

    def __init__(self) -> None:
        self._left = _BURST
        self._at = 0.0

    def may_draw(self, now: float, seconds: float) -> bool:
        """Return whether a frame is left.

        Args:
            now: Monotonic seconds.
            seconds: Seconds between two frames in the long run.
        """
        self._left = min(_BURST, self._left + (now - self._at) / seconds)
        self._at = now
        return self._left >= 1

    def spend(self, now: float, seconds: float) -> None:
        """Count a frame that is drawn."""
        self.may_draw(now, seconds)
        self._left = max(0.0, self._left - 1)

    def latest(self, seconds: float) -> float:
        """Return the time at which to draw text that has just arrived, if no more arrives before."""
        return self._at + (1 - self._left + _PATIENCE) * seconds
