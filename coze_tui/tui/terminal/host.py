"""What an app must have so that the modules of this folder can meet in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import constants
from textual.app import App, ReturnType
from textual.driver import Driver

from coze_tui.tui.terminal.keys import EnterGuard

if TYPE_CHECKING:
    from coze_tui.tui.terminal.early import EarlyFrame
    from coze_tui.tui.terminal.outlet import Outlet


class TerminalApp(App[ReturnType]):
    """An app that runs on our own driver, where there is one for the platform."""

    early_frame: EarlyFrame | None = None
    """The frame painted before Textual was imported; set before `run`."""
    outlet: Outlet | None = None
    """The line to the terminal; set by our driver."""
    take_input: Callable[[], None] | None = None
    """Lets the driver pass on the keys it has held back while nothing had the focus; set by our driver."""
    _enter_guard: EnterGuard | None = None

    @property
    def enter_guard(self) -> EnterGuard:
        """Tells typed Enters from pasted ones; the prompt asks it."""
        if self._enter_guard is None:
            self._enter_guard = EnterGuard()
        return self._enter_guard

    def get_driver_class(self) -> type[Driver]:
        """Our driver on POSIX, unless the environment names another."""
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from coze_tui.tui.terminal.driver import TerminalDriver

        return TerminalDriver

    def on_descendant_focus(self) -> None:
        """Something has the focus: what was typed until now can go there."""
        if self.take_input is not None:
            self.take_input()

    def terminal_was_away(self) -> None:
        """Called by the driver when what the terminal shows is no longer known."""

    def terminal_is_gone(self) -> None:
        """Called by the driver, in its input thread, when nothing can be read any more."""
