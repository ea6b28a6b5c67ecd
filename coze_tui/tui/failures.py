"""What becomes of an error in a worker that nobody awaits, be it the app's or a screen's."""

from __future__ import annotations

from collections.abc import Callable

from textual.worker import Worker, WorkerState

from coze_tui.errors import CozeTuiError


def take_failure(event: Worker.StateChanged, tell: Callable[[CozeTuiError], None]) -> None:
    """What was foreseen is told; anything else is our own fault and ends the app as a crash."""
    error = event.worker.error
    if event.state is not WorkerState.ERROR or error is None:
        return
    if isinstance(error, CozeTuiError):
        tell(error)
    elif isinstance(error, Exception):
        event.worker.node.app._handle_exception(error)
