"""Textual's driver for a browser, with an exit when the server of the page dies.

Textual's own driver leaves such an app running, until it writes and ends with a traceback.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.drivers.web_driver import WebDriver


@runtime_checkable
class PageHost(Protocol):
    """The interface of an app that runs on `BrowserDriver`."""

    def terminal_is_gone(self) -> None:
        """Handle the loss of the page; called in the input thread."""


class BrowserDriver(WebDriver):
    """A driver for an app that is a `PageHost`."""

    def write(self, data: str) -> None:
        """Send text to the page. Does nothing if its server is gone."""
        try:
            super().write(data)
        except OSError:
            pass

    def write_meta(self, data: dict[str, object]) -> None:
        """Send a message to the server. Does nothing if the server is gone."""
        try:
            super().write_meta(data)
        except OSError:
            pass

    def run_input_thread(self) -> None:
        """Read input until the app exits or the server is gone."""
        super().run_input_thread()
        if not self.exit_event.is_set() and isinstance(self._app, PageHost):
            self._app.terminal_is_gone()
