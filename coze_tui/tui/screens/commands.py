"""The command palette."""

from __future__ import annotations

from textual import on
from textual.command import CommandList, CommandPalette
from textual.widgets import Input

from coze_tui.text import clean_line
from coze_tui.tui.terminal.resizing import OnceLeftScreen


class Commands(CommandPalette, OnceLeftScreen[None]):
    """Textual's, left but once, whose list may be empty; what is pasted into it is cleaned."""

    @on(Input.Changed)
    def _typed(self, changed: Input.Changed) -> None:
        """Before Textual's own handler, which searches for what stands in the field by then."""
        text = clean_line(changed.value)
        if text != changed.value:
            changed.input.value = text

    def _action_command_list(self, action: str) -> None:
        commands = self.query_one(CommandList)
        if commands.size and commands.option_count:
            super()._action_command_list(action)
