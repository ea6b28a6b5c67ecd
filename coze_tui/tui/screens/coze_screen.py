"""The base of every screen and dialog but Textual's command palette."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

from textual.screen import ScreenResultType
from textual.worker import Worker, WorkerState

from coze_tui.errors import CozeTuiError
from coze_tui.terminal.app import TerminalScreen
from coze_tui.tui.context import AppContext, ContextApp


class CozeScreen(TerminalScreen[ScreenResultType]):
    """A screen that reaches the program's services, and whose failing workers are always reported."""

    @property
    def context(self) -> AppContext:
        """The services of the program. Only a `ContextApp` has them."""
        app = self.app
        assert isinstance(app, ContextApp)
        return app.context

    def start(self, work: Coroutine[object, object, object], group: str, *, exclusive: bool = False) -> None:
        """Run a coroutine as a worker of this screen; `notify_failure` shows its expected errors.

        Args:
            exclusive: Cancel the other workers of the group first.
        """
        self.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)

    async def before_leaving(self) -> None:
        """Store what must not be lost. The app awaits this when the program ends."""

    def notify_failure(self, error: CozeTuiError) -> None:
        """Show why a worker of this screen failed: here in a toast."""
        self.context.notify_failure(error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        handle_failure(event, self.notify_failure)


def handle_failure(event: Worker.StateChanged, show: Callable[[CozeTuiError], None]) -> None:
    """Show the expected error of a worker. Raise any other, so that Textual ends the app as a crash."""
    error = event.worker.error
    if event.state is not WorkerState.ERROR or error is None:
        return
    if isinstance(error, CozeTuiError):
        show(error)
    elif isinstance(error, Exception):
        raise error
