"""The help: made from the live bindings, so it cannot be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from coze_tui.engine.library.states import all_marks
from coze_tui.text.i18n import N_, use_language
from coze_tui.tui.screens.dialogs import Confirm
from coze_tui.tui.screens.help import HelpScreen, help_sections
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from tests.support.host_app import SIZES, Host
from tests.support.hostile_text import HARMLESS, HOSTILE

COMMANDS = [("/new", "Start a new conversation"), ("/help", "Keys and commands")]


class Left(Widget, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j,alt+enter", "nothing", N_("new line"), id="left.new_line"),
        Binding("shift+tab", "nothing", N_("previous"), id="left.previous"),
        Binding("x", "nothing", "not ours"),
    ]
    PART = "Left part"


class Right(Widget, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "nothing", N_("copy"), id="right.copy", tooltip="copy the message"),
    ]
    PART = "Right part"


class Both(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "nothing", N_("help"), id="both.help"),
        Binding("question_mark", "nothing", N_("help"), id="both.help"),
    ]
    PART = "Whole screen"

    def compose(self) -> ComposeResult:
        yield Left()
        yield Right()
        yield Right()


async def test_the_focused_part_comes_first_and_others_after_the_commands() -> None:
    host = Host(Both)
    async with host.run_test() as pilot:
        await pilot.pause()
        sections = help_sections(host.screen, COMMANDS)
        titles = [section.title for section in sections]
        assert titles == ["Left part", "Whole screen", "Global", "Commands", "Right part"]
        told = {line.id: line.keys for section in sections for line in section.lines if line.id}
        assert told["left.new_line"] == "Ctrl+J, Alt+Enter"
        assert told["left.previous"] == "Shift+Tab"
        assert told["both.help"] == "F1, ?"
        assert told["app.quit"] == "Ctrl+Q"
        assert "not ours" not in [line.description for section in sections for line in section.lines]
        await pilot.press("tab")
        titles = [section.title for section in help_sections(host.screen, COMMANDS)]
        assert titles[0] == "Right part"
        assert titles[-1] == "Left part"


async def test_the_signs_that_a_part_shows_are_explained() -> None:
    class Signs(Both):
        @staticmethod
        def legend() -> Sequence[tuple[str, str]]:
            return [(mark.sign, mark.words) for mark in all_marks()]

    host = Host(Signs)
    async with host.run_test() as pilot:
        await pilot.pause()
        section = next(each for each in help_sections(host.screen, COMMANDS) if each.title == "Signs")
        told = {line.keys: line.description for line in section.lines}
        assert told["⑂"] == "a fork"
        assert told["◐"] == "answering now"
        assert len(told) == len(all_marks())


async def test_where_the_word_of_the_footer_says_little_the_help_says_more() -> None:
    host = Host(Both)
    async with host.run_test() as pilot:
        await pilot.pause()
        told = {line.id: line.description for section in help_sections(host.screen) for line in section.lines}
        assert told["right.copy"] == "copy the message"
        assert told["left.previous"] == "previous"


async def test_remapped_keys_are_shown_as_they_are_now() -> None:
    host = Host(Both)
    async with host.run_test() as pilot:
        await pilot.pause()
        host.set_keymap({"left.previous": "f9", "right.copy": "c"})
        told = {line.id: line.keys for section in help_sections(host.screen) for line in section.lines}
        assert told["left.previous"] == "F9"
        assert told["right.copy"] == "C" or told["right.copy"] == "c"


async def test_what_is_inherited_comes_last_and_a_class_without_a_name_is_named_by_itself() -> None:
    class SpecialBox(Left):
        BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "nothing", N_("send"), id="special.send")]

    class OnePart(Screen[None]):
        def compose(self) -> ComposeResult:
            yield SpecialBox()
            yield Right()

    host = Host(OnePart)
    async with host.run_test() as pilot:
        await pilot.pause()
        sections = help_sections(host.screen, COMMANDS)
        titles = [section.title for section in sections]
        assert titles == ["Special box", "Global", "Commands", "Right part", "Left part"]
        assert [line.id for line in sections[0].lines] == ["special.send"]
        assert [line.id for line in sections[-1].lines] == ["left.new_line", "left.previous"]


@pytest.mark.parametrize("size", SIZES[::2])
async def test_keys_and_commands_are_shown_and_found_by_typing(size: tuple[int, int]) -> None:
    host = Host(Both)
    async with host.run_test(size=size, tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        host.push_screen(HelpScreen(host.screen, COMMANDS), host.results.append)
        await pilot.pause()
        assert "Ctrl+J, Alt+Enter" in host.text
        assert "new line" in host.text
        await pilot.press(*"start a new")
        await pilot.pause()
        assert "/new" in host.text
        assert "Alt+Enter" not in host.text
        await pilot.press(*" zzz")
        await pilot.pause()
        assert "no matches" in host.text
        await pilot.press("escape")
        await pilot.pause()
        assert host.results == [None]


async def test_a_long_help_scrolls_and_a_search_begins_at_the_top() -> None:
    commands = [(f"/command{number}", f"does thing {number}") for number in range(60)]
    host = Host(Both)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        host.push_screen(HelpScreen(host.screen, commands))
        await pilot.pause()
        await pilot.press("ctrl+end")
        await pilot.pause()
        assert "Right part" in host.text
        assert "Left part" not in host.text
        await pilot.press("ctrl+home", "down")
        await pilot.pause()
        assert "Left part" not in host.text
        assert "Alt+Enter" in host.text
        await pilot.press("pagedown", "pagedown", *"thing")
        await pilot.pause()
        assert "/command0 " in host.text


async def test_keys_that_are_wider_than_their_column_are_not_cut() -> None:
    class Wide(Widget, can_focus=True):
        BINDINGS: ClassVar[list[BindingType]] = [
            Binding(
                "ctrl+w,ctrl+backspace,alt+backspace,ctrl+shift+f11", "x", N_("delete a word"), id="wide"
            ),
        ]

    class One(Screen[None]):
        def compose(self) -> ComposeResult:
            yield Wide()

    host = Host(One)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        host.push_screen(HelpScreen(host.screen))
        await pilot.pause()
        for key in ("Ctrl+W", "Ctrl+Backspace", "Alt+Backspace", "Ctrl+Shift+F11"):
            assert key in host.text
        assert "delete a word" in host.text


async def test_a_description_wraps_and_its_id_is_shown_below_it() -> None:
    class Wide(Widget, can_focus=True):
        BINDINGS: ClassVar[list[BindingType]] = [
            Binding("f4", "x", N_("ask the edited question in a fork that ends before it"), id="wide.fork"),
        ]

    class One(Screen[None]):
        def compose(self) -> ComposeResult:
            yield Wide()

    for size in ((60, 20), (80, 24)):
        host = Host(One)
        async with host.run_test(size=size) as pilot:
            await pilot.pause()
            host.push_screen(HelpScreen(host.screen))
            await pilot.pause()
            assert "ask the edited question in a fork that ends before it" in " ".join(host.text.split())
            assert "wide.fork" in host.text


async def test_descriptions_are_translated_when_shown() -> None:
    host = Host(Both)
    async with host.run_test() as pilot:
        await pilot.pause()
        english = {
            line.id: line.description for section in help_sections(host.screen) for line in section.lines
        }
        assert english["app.quit"] == "quit"
        try:
            if use_language("zh_CN") != "zh_CN":
                pytest.skip("the catalog is not compiled")
            chinese = {
                line.id: line.description for section in help_sections(host.screen) for line in section.lines
            }
        finally:
            use_language("en")
        assert chinese["app.quit"] == "退出"


async def test_hostile_commands_are_shown_as_they_are() -> None:
    host = Host(Both)
    async with host.run_test(size=(120, 40), tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        host.push_screen(HelpScreen(host.screen, [(HOSTILE, HOSTILE)]))
        await pilot.pause()
        assert HARMLESS in host.text
        assert "\x1b" not in host.text


async def test_nothing_in_the_help_can_be_chosen() -> None:
    host = Host(Both)
    async with host.run_test() as pilot:
        await pilot.pause()
        host.push_screen(HelpScreen(host.screen, COMMANDS), host.results.append)
        await pilot.pause()
        rows = host.screen.query_one(SelectList)
        assert rows.current is None
        assert all(isinstance(row, ListRow) and row.key is None for row in rows.rows)
        await pilot.press("enter")
        await pilot.pause()
        assert host.results == []


async def test_every_dialog_tells_its_keys_and_is_there_again_after() -> None:
    host = Host(lambda: Confirm("Delete?", "It can be undone.", "delete", "keep"))
    async with host.run_test() as pilot:
        await pilot.pause()
        dialog = host.screen
        await pilot.press("f1")
        help_screen = host.screen
        assert isinstance(help_screen, HelpScreen)
        await pilot.press("f1")
        assert host.screen is dialog
