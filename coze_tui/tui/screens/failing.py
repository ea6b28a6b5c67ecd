"""What becomes of an error in a worker of a screen."""

from __future__ import annotations

from textual.screen import ScreenResultType
from textual.worker import Worker, WorkerState

from coze_tui.advice import advice
from coze_tui.errors import CozeTuiError
from coze_tui.tui.terminal.resizing import CurrentSizeScreen


class FailingScreen(CurrentSizeScreen[ScreenResultType]):
    """A screen whose workers may fail: what was foreseen is told, anything else ends the app as a crash."""

    async def before_leaving(self) -> None:
        """The program is about to end: what must not be lost is kept now."""

    def tell_failure(self, error: CozeTuiError) -> None:
        """Tell the person; by default in a toast."""
        self.notify(advice(error).text, severity="error", markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        error = event.worker.error
        if event.state is not WorkerState.ERROR or error is None:
            return
        if isinstance(error, CozeTuiError):
            self.tell_failure(error)
        elif isinstance(error, Exception):
            self.app._handle_exception(error)
