"""The keys at the bottom."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.widget import Widget

from coze_tui.tui.widgets.key_footer import KeyFooter


class Part(Widget, can_focus=True):
    """A part of the screen with keys of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "edit", id="part.edit"),
        Binding("x", "hidden", "hidden", id="part.hidden", show=False),
    ]
    edited = 0

    def action_edit(self) -> None:
        self.edited += 1


class Around(Widget):
    """Stands for the screen: keys, help, and a part."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "help", id="app.help"),
        Binding("ctrl+n", "new", "new", id="chat.new"),
        Binding("ctrl+p", "commands", "commands", id="app.commands"),
    ]

    def action_help(self) -> None:
        """Nothing."""

    action_new = action_commands = action_help


@pytest.fixture
def parts() -> tuple[Around, Part, KeyFooter]:
    part, footer = Part(), KeyFooter(["app.commands"], last="app.help")
    part.styles.height = 1
    return Around(part, footer), part, footer


async def test_focused_part_comes_first_after_the_ordered_ones_and_help_last(stage: Any, parts: Any) -> None:
    around, part, footer = parts
    async with stage(around) as (_app, pilot):
        part.focus()
        await pilot.pause()
        assert footer.shown()[0] == "^P commands"
        assert footer.shown()[1] == "e edit"
        assert footer.shown()[-1] == "F1 help"
        assert not any("hidden" in key for key in footer.shown())


async def test_keys_follow_the_focus(stage: Any, parts: Any) -> None:
    around, part, footer = parts
    async with stage(around) as (app, pilot):
        part.focus()
        await pilot.pause()
        app.set_focus(None)
        await pilot.pause()
        assert "e edit" not in footer.shown()


async def test_keys_follow_the_keymap(stage: Any, parts: Any) -> None:
    around, part, footer = parts
    async with stage(around) as (app, pilot):
        part.focus()
        app.set_keymap({"part.edit": "ctrl+e"})
        await pilot.pause()
        assert "^E edit" in footer.shown()


@pytest.mark.parametrize("width", [3, 10, 14, 20, 30, 60])
async def test_narrow_there_are_fewer_and_help_stays(stage: Any, parts: Any, width: int) -> None:
    around, part, footer = parts
    async with stage(around, size=(width, 5)) as (_app, pilot):
        part.focus()
        await pilot.pause()
        assert footer.shown()[-1] == "F1 help"
        assert cell_len(footer.render_line(0).text) == width - 2


async def test_a_click_does_what_the_key_does(stage: Any, parts: Any) -> None:
    around, part, footer = parts
    async with stage(around) as (_app, pilot):
        part.focus()
        await pilot.pause()
        x = 1 + len("^P commands   ")
        await pilot.click(KeyFooter, offset=(x, 0))
        await pilot.pause()
        assert part.edited == 1
        assert footer.shown()[1] == "e edit"
