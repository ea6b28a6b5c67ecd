"""The command palette takes keys also before its list is drawn, and after it was left; slash commands."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from rich.align import Align
from textual import events
from textual.app import App, SystemCommand
from textual.command import CommandInput, CommandList, CommandPalette
from textual.screen import Screen

from coze_tui.text.i18n import use_language
from coze_tui.tui.commands import Commands, slash_commands
from coze_tui.tui.screens.chat import SLASH_ACTIONS


class Sample(App[None]):
    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for title in ("Send", "New", "Bot"):
            yield SystemCommand(title, "", self.bell)

    def action_command_palette(self) -> None:
        self.push_screen(Commands(id="--command-palette"))


@pytest.mark.parametrize("name", ["_action_command_list", "_start_no_matches_countdown", "dismiss"])
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


async def test_commands_stand_in_the_order_of_the_app_and_the_words_are_ours() -> None:
    use_language("zh_CN")
    try:
        await _look_at_the_palette()
    finally:
        use_language("en")


async def _look_at_the_palette() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        commands = app.screen.query_one(CommandList)
        while commands.option_count < 3:
            await pilot.pause(0.01)
        titles = [str(commands.get_option_at_index(index).prompt).strip() for index in range(3)]
        assert [title.partition("\n")[0] for title in titles] == ["Send", "New", "Bot"]
        assert app.screen.query_one(CommandInput).placeholder == "搜索命令"
        await pilot.press("z")
        while not (commands.option_count == 1 and isinstance(commands.get_option_at_index(0).prompt, Align)):
            await pilot.pause(0.01)
        prompt = commands.get_option_at_index(0).prompt
        assert isinstance(prompt, Align)
        assert str(prompt.renderable) == "没有找到"


def test_every_slash_command_has_an_action() -> None:
    assert list(SLASH_ACTIONS) == [command.name for command in slash_commands()]
