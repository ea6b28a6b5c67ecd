"""The clock of a turn, and the interruptions that it has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from coze_tui.store.records import Breaks

_LEAST_WAIT_US = 50_000
"""A shorter wait for the outputs of local tools does not count: no user is that fast."""


class TurnClock:
    """Measures the time since a question was sent, without the time that the chat waited for the user.

    Args:
        now: returns seconds, from any start.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.started = now()
        """The time of the question by `now`, later by each wait."""
        self.breaks = Breaks()
        self._waits_since: float | None = None

    def start(self) -> None:
        """Start at 0, because the question is sent now."""
        self.started = self._now()

    def restore(self, at_us: int, breaks: Breaks, waited_us: int) -> None:
        """Continue at a time in microseconds, after a wait that an earlier program may have begun."""
        self.started = self._now() - at_us / 1_000_000
        self.breaks = breaks
        self._add_wait(waited_us)

    @property
    def elapsed_us(self) -> int:
        """Return the microseconds since the question was sent."""
        return int((self._now() - self.started) * 1_000_000)

    def pause(self) -> None:
        """Stop until `resume`, because the chat waits for the outputs of local tools."""
        self._waits_since = self._now()

    def resume(self) -> None:
        """Continue; do nothing if the clock was not paused."""
        if self._waits_since is not None:
            waited, self._waits_since = self._now() - self._waits_since, None
            self.started += waited
            self._add_wait(int(waited * 1_000_000))

    def cut(self, at_us: int) -> None:
        """Record that the stream was cut, unless it was cut before."""
        self.breaks = replace(self.breaks, cut_us=self.breaks.cut_us or at_us)

    def _add_wait(self, waited_us: int) -> None:
        if waited_us >= _LEAST_WAIT_US:
            self.breaks = replace(self.breaks, waited_us=self.breaks.waited_us + waited_us)
