"""What all screens and dialogs of this program have: the app, the help, and that no error is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import ScreenResultType
from textual.worker import Worker

from coze_tui.errors import CozeTuiError
from coze_tui.tui.failures import take_failure
from coze_tui.tui.terminal.resizing import CurrentSizeScreen

if TYPE_CHECKING:
    from coze_tui.tui.app import CozeApp


class CozeScreen(CurrentSizeScreen[ScreenResultType]):
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

    def tell_failure(self, error: CozeTuiError) -> None:
        """Tell the person what a worker of this screen has failed at; by default in a toast."""
        self.coze.tell_failure(error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        take_failure(event, self.tell_failure)
