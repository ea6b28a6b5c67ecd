"""The command palette takes keys also before its list is drawn, and after it was left."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App
from textual.command import CommandList, CommandPalette

from coze_tui.tui.screens.commands import Commands


class Sample(App[None]):
    def action_command_palette(self) -> None:
        self.push_screen(Commands(id="--command-palette"))


@pytest.mark.parametrize("name", ["_action_command_list", "dismiss"])
def test_what_is_overridden_is_still_there(name: str) -> None:
    assert hasattr(CommandPalette, name)


@pytest.mark.parametrize("key", ["pageup", "pagedown"])
async def test_a_list_that_has_no_room_can_be_moved_in(key: str) -> None:
    app = Sample()
    async with app.run_test(size=(1, 1)) as pilot:
        await pilot.press("ctrl+p")
        while not app.screen.query_one(CommandList).option_count:
            await pilot.pause(0.01)
        await pilot.press(key)
        assert isinstance(app.screen, Commands)


async def test_what_lies_below_stays_however_quickly_keys_follow() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        palette = app.screen
        assert isinstance(palette, Commands)
        while palette.query_one(CommandList).highlighted is None:
            await pilot.pause(0.01)
        for key in ("escape", "escape"):
            palette.post_message(events.Key(key, None))
        await palette.run_action("escape")
        await palette.run_action("escape")
        await pilot.pause()
        assert len(app.screen_stack) == 1
