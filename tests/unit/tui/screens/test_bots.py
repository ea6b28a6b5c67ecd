"""The bot picker, against a stand-in over loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from coze_tui.config.app_state import AppState, bot_key
from coze_tui.config.settings import Settings
from coze_tui.standin.demo_bots import friendly
from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.scenarios import Bot
from coze_tui.standin.server import StandIn
from coze_tui.tui.screens.bots import BotChoice, BotPicker
from tests.support.engine_desk import desk
from tests.support.host_app import SIZES, Host, until
from tests.support.hostile_text import HARMLESS, HOSTILE

FIRST, THINKER, LAST = demo_bots()[0], demo_bots()[2], demo_bots()[-1]
FOLLOW_UPS = next(bot for bot in demo_bots() if "Follow-ups" in bot.name)


@dataclass
class Open:
    """An open picker."""

    pilot: Pilot[None]
    host: Host
    stand_in: StandIn

    @property
    def result(self) -> object:
        return self.host.results[0] if self.host.results else ...

    async def shows(self, text: str) -> None:
        await until(self.pilot, lambda: text in " ".join(self.host.text.split()))

    async def paste(self, text: str) -> None:
        self.host.post_message(events.Paste(text))
        await self.pilot.pause()


@asynccontextmanager
async def picker(
    folder: Path,
    stand_in: StandIn,
    *,
    token: str = "",
    remembered: AppState | None = None,
    size: tuple[int, int] = (100, 40),
    text: str = "",
    **changes: Any,
) -> AsyncIterator[Open]:
    settings = replace(Settings(base_url=stand_in.base_url), **changes)
    async with desk(folder, settings, token or stand_in.token) as at:

        async def app_state() -> AppState:
            return remembered or AppState()

        host = Host(lambda: BotPicker(at.engine_thread, settings, app_state, text))
        async with host.run_test(size=size, tooltips=True, notifications=True) as pilot:
            await pilot.pause()
            yield Open(pilot, host, stand_in)


async def test_the_bots_of_the_workspaces_are_listed_and_one_is_picked(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in) as it:
            await it.shows("Sample team")
            await it.shows("no bot in this workspace is published to the API channel")
            assert "loading" not in it.host.text
            assert FIRST.name in it.host.text
            assert FIRST.description in it.host.text, "the whole description of the row with the cursor"
            assert THINKER.description[:8] not in it.host.text, "and no half of another one"
            assert f"…{FIRST.id[-4:]}" in it.host.text
            assert "草稿 Draft" not in it.host.text
            await it.pilot.press("down", "down", "enter")
            await it.pilot.pause()
            assert it.result == BotChoice(THINKER.id, THINKER.name)


async def test_the_cursor_goes_around_and_by_pages(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in, size=(60, 20)) as it:
            await it.shows(FIRST.name)
            await it.pilot.press("up")
            await it.shows(LAST.name)
            await it.pilot.press("ctrl+home")
            await it.shows(FIRST.name)
            await it.pilot.press("ctrl+end", "pageup", "pagedown", "enter")
            await it.pilot.pause()
            assert it.result == BotChoice(LAST.id, LAST.name)


async def test_typing_filters_by_name_id_and_description(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in, size=SIZES[0]) as it:
            await it.shows(FIRST.name)
            await it.pilot.press("s", "o", "n", "i", "n", "g")
            await it.shows(THINKER.name)
            assert FIRST.name not in it.host.text
            await it.pilot.press("enter")
            await it.pilot.pause()
            assert it.result == BotChoice(THINKER.id, THINKER.name)


async def test_recent_bots_of_this_site_come_first_and_enter_goes_back_to_the_one_before(
    tmp_path: Path,
) -> None:
    with StandIn() as stand_in:
        remembered = AppState(
            recent_bots={
                bot_key("1", "https://api.coze.com"): "of another site",
                bot_key(THINKER.id, stand_in.base_url): "Thinks",
                bot_key(FIRST.id, stand_in.base_url): "Present",
            }
        )
        async with picker(tmp_path, stand_in, remembered=remembered, bot_id=FIRST.id) as it:
            await it.shows("RECENT")
            assert "of another site" not in it.host.text
            assert it.host.text.index("Thinks") < it.host.text.index("Present"), "the cursor begins above"
            await it.shows("Sample team")
            await it.pilot.press("enter")
            await it.pilot.pause()
            assert it.result == BotChoice(THINKER.id, "Thinks")


async def test_a_recent_bot_stands_once_with_what_the_workspace_knows(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        remembered = AppState(recent_bots={bot_key(THINKER.id, stand_in.base_url): ""})
        async with picker(tmp_path, stand_in, remembered=remembered, bot_id=THINKER.id) as it:
            await it.shows("Sample team")
            assert it.host.text.count(THINKER.name) == 1
            assert THINKER.description in it.host.text
            assert it.host.text.count("● in use") == 1
            await it.pilot.press(*"reas")
            await until(it.pilot, lambda: FIRST.name not in it.host.text)
            assert it.host.text.count(THINKER.name) == 1


async def test_enter_chooses_by_the_letters_however_far_the_list_is(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        for _ in range(3):
            async with picker(tmp_path, stand_in) as it:
                await it.pilot.press(*"Follow", "enter")
                await until(it.pilot, lambda: it.host.results)
                assert it.result == BotChoice(FOLLOW_UPS.id, FOLLOW_UPS.name)


@pytest.mark.parametrize("text", ["Follow", "abc", "12345", "751100000", "a b", "小春"])
async def test_letters_and_short_numbers_are_never_an_id(tmp_path: Path, text: str) -> None:
    with StandIn(bots=[Bot("7511000000000000901", "海水", friendly.scenario)]) as stand_in:
        async with picker(tmp_path, stand_in, text=text) as it:
            await it.shows("no matches" if not text.isdigit() or text == "12345" else "海水")
            assert "the bot with this ID" not in it.host.text


async def test_a_profile_is_picked(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        remembered = AppState(sites={"work": "https://api.coze.com"})
        profiles = ("default", "work")
        async with picker(tmp_path, stand_in, remembered=remembered, profiles=profiles) as it:
            await it.shows("PROFILES")
            assert "coze.com" in it.host.text
            await it.pilot.press(*"work", "enter")
            await it.pilot.pause()
            assert it.result == BotChoice(profile="work")


async def test_one_profile_is_nothing_to_choose_from(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in, profiles=("default",)) as it:
            await it.shows(FIRST.name)
            assert "PROFILES" not in it.host.text


async def test_a_token_without_the_right_to_list_is_reported_in_one_line_and_an_id_can_be_given(
    tmp_path: Path,
) -> None:
    with StandIn() as stand_in:
        stand_in.add_token("pat_EXAMPLE", scopes=["chat"])
        async with picker(tmp_path, stand_in, token="pat_EXAMPLE") as it:
            await it.shows("the token lacks a permission (error 4101)")
            await it.paste(FIRST.id)
            await it.shows("the bot with this ID")
            await it.pilot.press("enter")
            await it.shows("Press Enter to use it anyway.")
            await it.pilot.press("enter")
            await until(it.pilot, lambda: it.result == BotChoice(FIRST.id))


async def test_a_studio_that_lists_no_bots_is_reported_quietly(tmp_path: Path) -> None:
    with StandIn(dialect="studio") as stand_in:
        async with picker(tmp_path, stand_in) as it:
            await it.shows("Coze Studio does not list bots; enter the bot's ID")
            await it.paste(FIRST.id)
            await it.pilot.press("enter")
            await until(it.pilot, lambda: it.result == BotChoice(FIRST.id, FIRST.name))


async def test_a_dead_server_is_reported_and_the_panel_stays(tmp_path: Path) -> None:
    stand_in = StandIn().start()
    stand_in.stop()
    async with picker(tmp_path, stand_in) as it:
        await it.shows("connection refused by")
        await it.paste(FIRST.id)
        await it.pilot.press("enter")
        await it.shows("Check the site URL")
        assert it.result is ...
        await it.pilot.press("escape")
        await it.pilot.pause()
        assert it.result is None


async def test_an_editor_address_of_this_site_is_taken_with_the_bots_name(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in) as it:
            await it.paste(f" {stand_in.base_url}/space/7511000000000000021/bot/{THINKER.id}?from=x\n")
            await it.pilot.press("enter")
            await until(it.pilot, lambda: it.result == BotChoice(THINKER.id, THINKER.name))


async def test_an_editor_address_of_another_site_is_reported_and_not_taken(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in) as it:
            await it.shows(FIRST.name)
            await it.paste(f"https://www.coze.com/space/1/bot/{THINKER.id}")
            await it.shows("This bot is on coze.com, but you are on 127.0.0.1")
            await it.pilot.press("enter")
            await it.pilot.pause()
            assert it.result is ...
            await it.pilot.press("ctrl+u")
            await it.shows(FIRST.name)
            assert "This bot is on" not in it.host.text


async def test_a_wrong_id_is_doubted_once_and_another_one_anew(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in) as it:
            await it.pilot.press(*"7511000099", "enter")
            await it.shows("Press Enter to use it anyway.")
            await it.pilot.press("1", "enter")
            await it.shows("Press Enter to use it anyway.")
            assert not it.host.results
            await it.pilot.press("enter")
            await it.pilot.pause()
            assert it.result == BotChoice("75110000991")


async def test_what_was_typed_after_the_command_stands_in_the_field(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with picker(tmp_path, stand_in, text=THINKER.id) as it:
            await it.shows(THINKER.name)
            assert FIRST.name not in it.host.text
            await it.pilot.press("enter")
            await it.pilot.pause()
            assert it.result == BotChoice(THINKER.id, THINKER.name)


async def test_hostile_names_are_shown_as_they_are(tmp_path: Path) -> None:
    bots = [Bot("7511000000000000901", HOSTILE, friendly.scenario, HOSTILE)]
    with StandIn(bots=bots) as stand_in:
        async with picker(tmp_path, stand_in, size=(120, 40)) as it:
            await it.shows(HARMLESS)
            assert "\x1b" not in it.host.text
            await it.pilot.press("enter")
            await it.pilot.pause()
            assert it.result == BotChoice("7511000000000000901", HOSTILE)


async def test_leaving_while_it_loads_leaves_nothing_behind(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        stand_in.fault("hang", path="/v1/workspaces")
        async with picker(tmp_path, stand_in) as it:
            await it.shows("loading…")
            await it.pilot.press("escape")
            await until(it.pilot, lambda: it.result is None)
