"""A screen with a message log in it: what is copied from there, and the links that are chosen there."""

from __future__ import annotations

from textual import on
from textual.screen import ScreenResultType

from coze_tui.text.i18n import _
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.screens.coze_screen import CozeScreen


class LogScreen(CozeScreen[ScreenResultType]):
    """Does what a log asks for that is the same wherever it stands."""

    @on(MessageLog.CopyAsked)
    def _copy_asked(self, message: MessageLog.CopyAsked) -> None:
        self.coze.copy_and_tell(message.text, _("code block") if message.what == "code" else _("message"))

    @on(MessageLog.LinkChosen)
    def _link_chosen(self, message: MessageLog.LinkChosen) -> None:
        self.coze.show_link(message.url)
