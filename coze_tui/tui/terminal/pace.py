"""How often a stream may redraw the screen."""

from __future__ import annotations

from collections.abc import Mapping

_BURST = 2.0
_PATIENCE = 0.6
"""Of the time between two frames: so much longer than it must may text wait for more."""


def over_ssh(env: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH line."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


class FrameBudget:
    """So many frames a second in the long run, and two at once after a pause.

    Text that comes while nothing is left may wait a little longer than it must: drawn together with the next
    piece, it makes that one be seen at once.
    """

    def __init__(self) -> None:
        self._left = _BURST
        self._at = 0.0

    def may_draw(self, now: float, seconds: float) -> bool:
        """Whether there is a frame left.

        Args:
            seconds: Between two frames in the long run.
        """
        self._left = min(_BURST, self._left + (now - self._at) / seconds)
        self._at = now
        return self._left >= 1

    def spend(self, now: float, seconds: float) -> None:
        """A frame is drawn."""
        self.may_draw(now, seconds)
        self._left = max(0.0, self._left - 1)

    def latest(self, seconds: float) -> float:
        """When to draw what has just come, if nothing else comes before."""
        return self._at + (1 - self._left + _PATIENCE) * seconds
