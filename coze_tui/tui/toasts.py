"""Shows one toast at a time, the newest, but each warning long enough to be read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from textual.app import App
from textual.notifications import SeverityLevel
from textual.timer import Timer

_LEAST_SECONDS = 3.0
"""Seconds that a warning remains although a newer toast waits."""


class ToastQueue:
    """Shows one toast at a time, in place of the one before.

    While a warning is new, others wait. Of several pieces of information that wait, only the last is shown.
    """

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._waiting: deque[tuple[Callable[[], None], bool]] = deque()
        self._timer: Timer | None = None
        """Runs while a warning is new."""

    def add(self, show: Callable[[], None], severity: SeverityLevel) -> None:
        """Show a toast now, or after the warning before it was shown long enough.

        Args:
            show: Shows the toast.
        """
        is_warning = severity != "information"
        if self._timer is None:
            self._show(show, is_warning)
            return
        if self._waiting and not self._waiting[-1][1] and not is_warning:
            self._waiting.pop()
        self._waiting.append((show, is_warning))

    def _show(self, show: Callable[[], None], is_warning: bool) -> None:
        show()
        if is_warning or self._waiting:
            self._timer = self._app.set_timer(_LEAST_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        if self._waiting:
            self._show(*self._waiting.popleft())
