"""Ctrl+C on every screen: it copies what is selected, else it closes the screen."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from textual.screen import Screen
from textual.widgets import Input

import coze_tui.tui.screens
from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Bot as KnownBot
from coze_tui.api.objects import ToolCall
from coze_tui.config.project import Project
from coze_tui.config.saved_prompts import SavedPrompts
from coze_tui.engine.model.records import chat_from_capture
from coze_tui.standin.scenarios import Bot
from coze_tui.tui.chat_sources import ChatSource
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.chat import ChatScreen
from coze_tui.tui.screens.coze_screen import CozeScreen, Panel
from coze_tui.tui.screens.dialogs import AskText, Choose, Confirm, Option, ShowText
from coze_tui.tui.screens.difference import ChooseChat, DifferenceScreen
from coze_tui.tui.screens.doctor import DoctorScreen
from coze_tui.tui.screens.filter_panel import FilterPanel
from coze_tui.tui.screens.first_run import FirstRun
from coze_tui.tui.screens.help import HelpScreen
from coze_tui.tui.screens.history import HistoryScreen
from coze_tui.tui.screens.inspector import InspectorScreen, inspector_at
from coze_tui.tui.screens.log_in import DeviceLogin, LogIn
from coze_tui.tui.screens.log_screen import LogScreen, ShowLink
from coze_tui.tui.screens.look import LanguagePicker, PreviewPicker, ThemePicker
from coze_tui.tui.screens.palette import CommandPalette
from coze_tui.tui.screens.project_trust import TrustProject
from coze_tui.tui.screens.replay import ReplayScreen
from coze_tui.tui.screens.saved_prompts import FillBlanks, PromptPicker
from coze_tui.tui.screens.side_by_side import SideBySideScreen
from coze_tui.tui.screens.statistics import StatisticsScreen
from coze_tui.tui.screens.tool_request import ToolRequest
from tests.support.desk import Desk, desk
from tests.support.samples import CAPTURES
from tests.support.shown import toasts_of

BOTS = [Bot("7511000000000000777", "海水", [])]


def source() -> ChatSource:
    return ChatSource.whole(chat_from_capture(read_capture((CAPTURES / "ferries.sse").read_text("utf-8"))))


MAKERS: dict[type[Screen[Any]], Callable[[Desk], Screen[Any]]] = {
    AskText: lambda _at: AskText("Title"),
    CommandPalette: lambda _at: CommandPalette([]),
    LanguagePicker: lambda at: LanguagePicker(at.context),
    ThemePicker: lambda at: ThemePicker(at.context),
    BotPicker: lambda at: BotPicker(at.context.engine_thread, at.context.settings, at.context.app_state),
    Choose: lambda _at: Choose("Title", "", [Option("a", "A"), Option("b", "B")]),
    ChooseChat: lambda _at: ChooseChat([], ""),
    Confirm: lambda _at: Confirm("Title", "", "yes", "no"),
    DeviceLogin: lambda at: DeviceLogin(LogIn(at.context), at.context.settings.base_url),
    DifferenceScreen: lambda _at: DifferenceScreen(source(), source()),
    DoctorScreen: lambda at: DoctorScreen(at.screen),
    FirstRun: lambda _at: FirstRun(),
    FillBlanks: lambda _at: FillBlanks("name", "Write about {{topic}}."),
    PromptPicker: lambda at: PromptPicker(SavedPrompts(at.context.startup.paths.config / "prompts")),
    HelpScreen: lambda at: HelpScreen(at.screen),
    HistoryScreen: lambda _at: HistoryScreen(KnownBot(id=BOTS[0].id)),
    InspectorScreen: lambda _at: InspectorScreen(source()),
    ReplayScreen: lambda _at: ReplayScreen(source(), inspector_at),
    ShowLink: lambda _at: ShowLink("https://example.com"),
    ShowText: lambda _at: ShowText("Title", "text"),
    SideBySideScreen: lambda at: SideBySideScreen(
        at.context.settings, [KnownBot(id=BOTS[0].id)], keep_draft=lambda _text: None
    ),
    StatisticsScreen: lambda _at: StatisticsScreen(),
    ToolRequest: lambda _at: ToolRequest([ToolCall("call", "function", "tool", "{}")]),
    TrustProject: lambda _at: TrustProject(Project(Path("/srv/.coze-tui.toml"), "", {}, ()), "new"),
}
"""All screens over the chat, which has a ladder of its own."""
BASES = {ChatScreen, CozeScreen, FilterPanel, LogScreen, Panel, PreviewPicker}


def all_screens() -> set[type[Screen[Any]]]:
    return {
        kind
        for module in pkgutil.iter_modules(coze_tui.tui.screens.__path__, "coze_tui.tui.screens.")
        for kind in vars(import_module(module.name)).values()
        if isinstance(kind, type) and issubclass(kind, Screen) and kind.__module__ == module.name
    }


async def test_it_closes_every_screen_without_a_word(home: Path) -> None:
    assert all_screens() - BASES == set(MAKERS)
    async with desk(home, BOTS) as at:
        for kind, make in MAKERS.items():
            await at.app.push_screen(make(at))
            while not isinstance(at.app.screen, ChatScreen):  # side by side asks for a bot at once
                await at.pilot.pause()
                shown = at.app.screen
                await at.pilot.press("ctrl+c")
                await at.until(lambda shown=shown: shown not in at.app.screen_stack, kind.__name__)  # type: ignore[misc]
            assert not toasts_of(at.app), kind.__name__


async def test_it_closes_what_esc_goes_back_in(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await at.app.push_screen(HistoryScreen(KnownBot(id=BOTS[0].id)))
        await at.pilot.press("slash", "x", "ctrl+c")
        assert isinstance(at.app.screen, ChatScreen)


async def test_it_copies_what_is_selected_and_nothing_hidden(home: Path) -> None:
    async with desk(home, BOTS) as at:
        form = AskText("Title", "a secret")
        await at.app.push_screen(form)
        await at.pilot.press("f7", "ctrl+c")
        await at.until_told("Copied 8 characters → ")
        assert at.app.screen is form
        form.query_one(Input).password = True
        await at.pilot.press("ctrl+c")
        assert isinstance(at.app.screen, ChatScreen)


async def test_a_key_of_the_settings_replaces_it(home: Path) -> None:
    keys = {"COZE_TUI_KEYS": '{"chat.ladder": "ctrl+x", "app.interrupt": "f9"}'}
    async with desk(home, BOTS, environment=keys) as at:
        await at.pilot.press("ctrl+c")
        assert not toasts_of(at.app)
        await at.app.push_screen(ShowText("Title", "text"))
        await at.pilot.press("ctrl+c")
        assert isinstance(at.app.screen, ShowText)
        await at.pilot.press("f9")
        assert isinstance(at.app.screen, ChatScreen)
        assert not toasts_of(at.app)
