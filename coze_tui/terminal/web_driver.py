"""Textual's driver for a browser, for an app that must end when the server of the browser's page has died.

Textual's own leaves such an app running, and an app that writes then ends with a traceback.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textual.drivers.web_driver import WebDriver


@runtime_checkable
class PageHost(Protocol):
    """What an app must offer to run on `BrowserDriver`."""

    def terminal_is_gone(self) -> None:
        """Called, in the input thread, when nothing can be read any more."""


class BrowserDriver(WebDriver):
    """A driver for an app that is a `PageHost`."""

    def write(self, data: str) -> None:
        """Send text to the page; does nothing if its server is gone."""
        try:
            super().write(data)
        except OSError:
            pass

    def write_meta(self, data: dict[str, object]) -> None:
        """Send a message to the server; does nothing if the server is gone."""
        try:
            super().write_meta(data)
        except OSError:
            pass

    def run_input_thread(self) -> None:
        """Read input until the app exits or the server is gone."""
        super().run_input_thread()
        if not self.exit_event.is_set() and isinstance(self._app, PageHost):
            self._app.terminal_is_gone()
