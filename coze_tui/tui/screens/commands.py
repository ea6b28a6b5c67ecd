"""The command palette."""

from __future__ import annotations

from rich.align import Align
from rich.text import Text
from textual import on
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hits
from textual.system_commands import SystemCommandsProvider
from textual.widgets import Input
from textual.widgets.option_list import Option

from coze_tui.terminal.app import OnceLeftScreen
from coze_tui.terminal.textual_overrides import private_override
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _


class AppCommands(SystemCommandsProvider):
    """What the app offers, in its own order: by the alphabet Chinese would stand in no order at all."""

    async def discover(self) -> Hits:
        """All of it."""
        for title, told, run, _is_told in self.app.get_system_commands(self.screen):
            yield DiscoveryHit(title, run, help=told)


class Commands(CommandPalette, OnceLeftScreen[None]):
    """Textual's, left but once, whose list may be empty; what is pasted into it is cleaned."""

    def __init__(self, *, id: str) -> None:
        super().__init__([AppCommands], placeholder=_("Search for commands"), id=id)

    @on(Input.Changed)
    def _typed(self, changed: Input.Changed) -> None:
        """Before Textual's own handler, which searches for what stands in the field by then."""
        text = clean_line(changed.value)
        if text != changed.value:
            changed.input.value = text

    @private_override
    def _action_command_list(self, action: str) -> None:
        commands = self.query_one(CommandList)
        if commands.size and commands.option_count:
            super()._action_command_list(action)

    @private_override
    def _start_no_matches_countdown(self, search_value: str) -> None:
        """Textual would say it in English whatever the language."""
        self._stop_no_matches_countdown()
        self._no_matches_timer = self.set_timer(
            self._NO_MATCHES_COUNTDOWN, lambda: self._show_no_matches(search_value)
        )

    def _show_no_matches(self, search_value: str) -> None:
        if search_value:
            told = Align.center(Text(_("nothing found"), style="not bold"))
            self.query_one(CommandList).add_option(Option(told, disabled=True, id=self._NO_MATCHES))
        self._list_visible = bool(search_value)
