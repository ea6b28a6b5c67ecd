"""An error in a worker is never lost: what was foreseen is told, a fault of ours ends the program."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

import coze_tui.tui.screens
from coze_tui.api.objects import ToolCall
from coze_tui.errors import ApiError
from coze_tui.standin.scenarios import Bot, Delta, Fail
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.first_run import FirstRun
from coze_tui.tui.screens.history import HistoryScreen
from coze_tui.tui.screens.log_in import DeviceLogin, LogIn
from coze_tui.tui.screens.tool_request import ToolRequest
from tests.support.desk import Desk, desk

SCREENS: dict[str, Callable[[Desk], Screen[Any]]] = {
    "first run": lambda _at: FirstRun(),
    "browser login": lambda at: DeviceLogin(LogIn(at.context), at.context.settings.base_url),
    "bots": lambda at: BotPicker(at.context.engine_thread, at.context.settings, at.context.app_state),
    "tools": lambda _at: ToolRequest([ToolCall("call", "function", "read_sensor", "{}")], {}),
    "history": lambda at: HistoryScreen(at.screen.conversation.bot),
}
PLACES = ("app", *SCREENS)


async def fail_in(at: Desk, place: str, error: Exception) -> None:
    """Let a worker fail there, and nobody wait for it."""

    async def fail() -> None:
        raise error

    if place in SCREENS:
        await at.app.push_screen(SCREENS[place](at))
    (at.app.screen if place in SCREENS else at.app).run_worker(fail(), exit_on_error=False)


@pytest.mark.parametrize("place", PLACES)
async def test_what_was_foreseen_is_told_with_what_helps_at_this_site(home: Path, place: str) -> None:
    async with desk(home) as at:
        await fail_in(at, place, ApiError(987654, "[b]no\x1b[31m"))
        told = await at.until_told("987654")
        assert "[b]no" in told
        assert "\x1b" not in told
        assert "in that server's logs" in told
        assert at.app.crash is None


async def crash(home: Path, place: str, fault: Exception) -> None:
    """Raises what has ended the program."""
    async with desk(home) as at:
        await fail_in(at, place, fault)
        await at.until(lambda: at.app.crash is fault, "the crash")


@pytest.mark.parametrize("place", PLACES)
async def test_a_fault_of_ours_ends_the_program(home: Path, place: str) -> None:
    with pytest.raises(ZeroDivisionError):
        await crash(home, place, ZeroDivisionError("ours"))


async def test_a_failed_chat_is_told_the_same_when_it_is_opened_again(home: Path) -> None:
    bot = Bot("7511000000000000777", "海水", [Delta("首先"), Fail(code=987654, msg="no")])
    async with desk(home, [bot]) as at:
        await at.ask("a question")
        await at.until(lambda: "in that server's logs" in at.text())
        key = at.screen.conversation.key
        await at.pilot.press("ctrl+n")
        await at.until(lambda: "首先" not in at.text())
        await at.screen.opener.open(key)
        await at.until(lambda: "首先" in at.text())
        assert "in that server's logs" in at.text()


def test_there_is_no_screen_that_loses_errors() -> None:
    screens = [
        kind
        for module in pkgutil.iter_modules(coze_tui.tui.screens.__path__, "coze_tui.tui.screens.")
        for kind in vars(import_module(module.name)).values()
        if isinstance(kind, type) and issubclass(kind, Screen) and kind.__module__ == module.name
    ]
    assert len(screens) > len(SCREENS)
    assert [kind for kind in screens if not issubclass(kind, CozeScreen)] == []


class Stubborn(CozeScreen[None]):
    async def before_leaving(self) -> None:
        raise ZeroDivisionError("ours")


async def leave_it(home: Path) -> None:
    async with desk(home) as at:
        await at.app.push_screen(Stubborn())
        await at.pilot.press("ctrl+q")
        await at.until(lambda: not at.app.is_running, "it is left")


async def test_one_can_leave_although_something_cannot_be_kept(home: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        await leave_it(home)
