"""What all screens and dialogs of this program have: the app, the help, and that no error is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.screen import ScreenResultType
from textual.worker import Worker, WorkerState

from coze_tui.errors import CozeTuiError
from coze_tui.terminal.app import TerminalScreen

if TYPE_CHECKING:
    from coze_tui.tui.app import CozeApp


class CozeScreen(TerminalScreen[ScreenResultType]):
    """The base of every screen but the command palette, which is Textual's."""

    @property
    def coze(self) -> CozeApp:
        """The app, with what screens need of it."""
        return cast("CozeApp", self.app)

    async def before_leaving(self) -> None:
        """The program is about to end: what must not be lost is kept now."""

    def action_help(self) -> None:
        """The keys."""
        from coze_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self))

    def notify_failure(self, error: CozeTuiError) -> None:
        """Tell the person what a worker of this screen has failed at; by default in a toast."""
        self.coze.notify_failure(error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        take_failure(event, self.notify_failure)


def take_failure(event: Worker.StateChanged, tell: Callable[[CozeTuiError], None]) -> None:
    """What was foreseen is told; anything else is our own fault and ends the app as a crash."""
    error = event.worker.error
    if event.state is not WorkerState.ERROR or error is None:
        return
    if isinstance(error, CozeTuiError):
        tell(error)
    elif isinstance(error, Exception):
        event.worker.node.app._handle_exception(error)
