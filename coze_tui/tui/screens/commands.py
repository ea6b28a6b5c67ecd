"""The command palette."""

from __future__ import annotations

from textual.command import CommandList, CommandPalette

from coze_tui.tui.terminal.resizing import OnceLeftScreen


class Commands(CommandPalette, OnceLeftScreen[None]):
    """Textual's, left but once, and whose list may be empty."""

    def _action_command_list(self, action: str) -> None:
        commands = self.query_one(CommandList)
        if commands.size and commands.option_count:
            super()._action_command_list(action)
