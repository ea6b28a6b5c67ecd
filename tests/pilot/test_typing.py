"""Nothing takes the keys of somebody typing: every panel that can open by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from textual import events
from textual.screen import Screen
from textual.widgets import TextArea

from coze_tui.config.project import Project
from coze_tui.standin.scenarios import Answer, Bot, Fail, Gate, RequireAction, ToolCall
from coze_tui.terminal.keys import KeyRun
from coze_tui.tui.screens.dialogs import Choose
from coze_tui.tui.screens.first_run import FirstRun
from coze_tui.tui.screens.history import HistoryScreen
from coze_tui.tui.screens.project_trust import TrustProject
from coze_tui.tui.screens.tool_request import ToolRequest
from tests.support.desk import Desk, desk
from tests.support.samples import ROOT
from tests.support.shown import toasts_of

pytestmark = pytest.mark.quick
NO_TOKEN = {"COZE_API_TOKEN": ""}
LONG = 1_000.0
"""Seconds in which no test ends: keys count as just typed."""


class Case(NamedTuple):
    kind: str
    """As `Offers.add` calls it."""
    screen: type[Screen[Any]]
    title: str
    steps: list[object]
    typed: str
    trigger: Callable[[Desk], Awaitable[None]]
    environment: dict[str, str] | None = None


async def end_the_turn(at: Desk) -> None:
    at.stand_in.release("held")
    await at.answered()


async def fail_for_want_of_a_token(at: Desk) -> None:
    at.screen.turns.ask("asked before")
    await at.answered()


async def learn_a_bot_without_a_token(at: Desk) -> None:
    at.screen.bots.start_learning_bot()


async def find_a_project_file(at: Desk) -> None:
    async def chat() -> None:
        """Chat without the file."""

    await end_the_turn(at)
    project = Project(Path("/srv/ferry/.coze-tui.toml"), "", {"bot_id": "7511000000000000778"}, ())
    at.context.startup = replace(at.context.startup, project=project, trust="new")
    at.screen.bots.offer_project(chat)


BUSY = [Gate("held"), Fail(code=4016, msg="occupied"), Answer("ok")]
TOOLS = [Gate("held"), RequireAction((ToolCall("clock", "now", {}, "call_1"),))]
CASES = {
    "busy": Case(
        "busy", Choose, "A chat is still running", BUSY, "are there 123 or 21 of them", end_the_turn
    ),
    "tools": Case(
        "tools", ToolRequest, "The bot wants to use a tool", TOOLS, "what about the yellow one", end_the_turn
    ),
    "project file": Case(
        "project",
        TrustProject,
        "Use the project file?",
        [Gate("held"), Answer("ok")],
        "yes and no",
        find_a_project_file,
    ),
    "no token for a question": Case(
        "first run",
        FirstRun,
        "Choose a site, a token and a bot",
        [],
        "1 or 2 of them",
        fail_for_want_of_a_token,
        NO_TOKEN,
    ),
    "no token for the bot": Case(
        "first run",
        FirstRun,
        "Choose a site, a token and a bot",
        [],
        "yesterday you said no",
        learn_a_bot_without_a_token,
        NO_TOKEN,
    ),
}


def name_of(character: str) -> str:
    return {" ": "space"}.get(character, character)


async def leave(at: Desk) -> None:
    """Close a panel; Esc may go back one step before."""
    while at.app.screen is not at.screen:
        await at.until(lambda: at.app.screen is at.screen or at.app.focused)
        await at.pilot.press("escape")


async def begin(at: Desk, case: Case) -> None:
    """Come to the point at which the panel may be wanted at any time."""
    if case.environment is not None:
        await at.until(lambda: isinstance(at.app.screen, FirstRun), "the set-up at the start")
        await leave(at)
    else:
        await at.until(lambda: at.screen.conversation.bot.name, "the bot is known")
        await at.ask("first")
        await at.until(lambda: any(b"first" in request.raw for request in at.stand_in.requests))


async def type_over(at: Desk, case: Case) -> None:
    """Type a message, and let the panel be wanted in the middle of it."""
    half = len(case.typed) // 2
    await at.pilot.press(*map(name_of, case.typed[:half]))
    await case.trigger(at)
    await at.until(lambda: at.screen.offers.waits, "it is announced")
    await at.pilot.press(*map(name_of, case.typed[half:]))


@pytest.mark.parametrize("name", CASES)
async def test_a_panel_waits_while_somebody_types_and_says_so(home: Path, name: str) -> None:
    case = CASES[name]
    bots = [Bot("7511000000000000777", "海水", case.steps)]  # type: ignore[arg-type]
    async with desk(home, bots, environment=case.environment) as at:
        await begin(at, case)
        asked = len(at.stand_in.requests)
        await type_over(at, case)
        assert at.screen.prompt.message.endswith(case.typed)
        assert at.app.screen is at.screen
        assert len(at.stand_in.requests) == asked
        line = at.screen.offer_line
        await at.until(lambda: case.title in line.text, "the line says what waits")
        assert line.text.endswith("F5 opens it")
        assert "F5 open" in at.app.export_screenshot().replace("&#160;", " ")

        at.screen.offers.quiet_seconds = LONG
        await at.pilot.press("f5")
        await at.until(lambda: isinstance(at.app.screen, case.screen) and at.app.focused, "it is open")
        await leave(at)  # a panel that was asked for gets every key
        assert case.typed in at.screen.prompt.message
        assert not at.screen.offers.waits


@pytest.mark.parametrize("name", CASES)
async def test_a_panel_that_has_just_opened_gives_way_to_what_is_typed(home: Path, name: str) -> None:
    case = CASES[name]
    bots = [Bot("7511000000000000777", "海水", case.steps)]  # type: ignore[arg-type]
    async with desk(home, bots, environment=case.environment) as at:
        await begin(at, case)
        await case.trigger(at)
        await at.until(lambda: isinstance(at.app.screen, case.screen) and at.app.focused, "it is open")
        before = at.screen.prompt.message
        asked = len(at.stand_in.requests)
        at.screen.offers.quiet_seconds = LONG
        await at.pilot.press("down")
        assert isinstance(at.app.screen, case.screen)  # nobody moves a cursor through a message that is empty
        await at.pilot.press(*map(name_of, case.typed))
        assert at.app.screen is at.screen
        assert at.screen.prompt.message == before + case.typed
        assert len(at.stand_in.requests) == asked
        await at.until(lambda: case.title in at.screen.offer_line.text, "it waits again")


def test_every_panel_that_opens_by_itself_is_one_of_the_cases() -> None:
    sources = "".join(file.read_text("utf-8") for file in (ROOT / "coze_tui" / "tui").rglob("*.py"))
    assert set(re.findall(r"offers\.add\(\s*\"([^\"]*)\"", sources)) == {case.kind for case in CASES.values()}
    assert len(re.findall(r"offers\.add\(", sources)) == len(re.findall(r"offers\.add\(\s*\"", sources))


async def test_characters_read_at_once_and_pastes_are_typing_too(home: Path) -> None:
    async with desk(home, [Bot("7511000000000000777", "海水", BUSY)]) as at:  # type: ignore[arg-type]
        at.screen.offers.quiet_seconds = 0
        await at.ask("first")
        await end_the_turn(at)
        for event in (
            KeyRun("1 is", lambda text: [events.Key(each, each) for each in text]),
            events.Paste("23"),
        ):
            at.screen.offers.quiet_seconds = 0
            at.screen.prompt.clear_message()
            await at.until(lambda: isinstance(at.app.screen, Choose) and at.app.focused, "it is open")
            at.screen.offers.quiet_seconds = LONG
            at.app.post_message(event)
            await at.until(lambda: at.screen.prompt.message in ("1 is", "23"), "the prompt has it")
            assert at.app.screen is at.screen


async def test_a_key_within_the_last_second_lets_a_panel_wait(home: Path) -> None:
    async with desk(home, [Bot("7511000000000000777", "海水", TOOLS)], quiet_seconds=LONG) as at:  # type: ignore[arg-type]
        await at.ask("first")
        await end_the_turn(at)
        await at.until(lambda: "The bot wants to use a tool" in at.screen.offer_line.text, "it waits")
        assert at.app.screen is at.screen
        assert not at.screen.prompt.message
        await at.pilot.press("enter")  # in an empty prompt: what the line asks for
        await at.until(
            lambda: isinstance(at.app.screen, ToolRequest) and isinstance(at.app.focused, TextArea)
        )
        await at.pilot.press(*"now")
        assert at.app.screen.query_one(TextArea).text == "now"


async def test_a_panel_waits_for_the_chat_screen(home: Path) -> None:
    async with desk(home, [Bot("7511000000000000777", "海水", TOOLS)]) as at:  # type: ignore[arg-type]
        await at.ask("first")
        await at.until(lambda: at.screen.turns.runs)
        await at.pilot.press("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, HistoryScreen), "the history")
        at.stand_in.release("held")
        await at.until(lambda: at.screen.offers.waits)
        await at.until(
            lambda: any("Return to the chat to open it." in text for text in toasts_of(at.app)), "it is said"
        )
        assert isinstance(at.app.screen, HistoryScreen)
        await at.pilot.press("escape")
        await at.until(lambda: isinstance(at.app.screen, ToolRequest), "it opens in the chat")


async def test_what_waits_for_a_turn_is_withdrawn_by_the_next_one(home: Path) -> None:
    steps = [Answer("河流把盐带走。")]
    async with desk(home, [Bot("7511000000000000777", "海水", steps)], quiet_seconds=LONG) as at:
        at.stand_in.fault("code=4016", path="/v3/chat", times=1)
        await at.ask("first")
        await at.until(lambda: at.screen.offer_line.display, "it waits")
        await at.ask("second")
        await at.until(lambda: not at.screen.offer_line.display, "it does not wait any more")
        await at.answered()
        assert at.app.screen is at.screen
        assert "first" in at.text()


async def test_it_opens_by_itself_once_it_is_quiet(home: Path) -> None:
    async with desk(home, [Bot("7511000000000000777", "海水", TOOLS)], quiet_seconds=0.2) as at:  # type: ignore[arg-type]
        await at.ask("first")
        await at.pilot.press("x")
        await end_the_turn(at)
        await at.until(lambda: at.screen.offer_line.display, "it waits")
        await asyncio.sleep(0)
        await at.pilot.press("backspace")
        await at.until(lambda: isinstance(at.app.screen, ToolRequest), "it opens")
        assert not at.screen.offer_line.display
