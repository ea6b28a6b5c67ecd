"""The list of bots: Enter means the typed text, not the row that happens to be there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from coze_tui.tui.widgets.bot_list import BotList, BotSection, ListedBot
from tests.support.host_app import Stage

BASE = "https://api.coze.cn"
RECENT = BotSection("RECENT", (ListedBot("r 1", "海水 Sea", "1", description="Knows the sea."),))
LOADING = BotSection("TEAM", is_loading=True)
TEAM = BotSection(
    "TEAM",
    (
        ListedBot("t 1", "海水 Sea", "1", description="Again."),
        ListedBot("t 2", "Seagull", "2", description="Flies. " * 40),
        ListedBot("t 3", "Rock", "3"),
    ),
)


def picked(told: Sequence[object]) -> list[str]:
    return [message.key for message in told if isinstance(message, BotList.Picked)]


async def typed(listed: BotList, pilot: Pilot[None], text: str) -> None:
    listed.focus_field()
    await pilot.press(*text)
    await pilot.pause()


async def test_enter_waits_for_the_rows_that_may_come_first(stage: Stage) -> None:
    listed = BotList(BASE)
    async with stage(listed, size=(80, 24), heard=BotList.Picked) as (app, pilot):
        listed.show([LOADING, RECENT])
        await typed(listed, pilot, "sea")
        await pilot.press("enter")
        await pilot.pause()
        assert picked(app.told) == []
        assert listed.remark.text == "waiting for the list…"
        listed.show([TEAM, RECENT])
        await pilot.pause()
        assert picked(app.told) == ["t 1"]
        assert listed.remark.text == ""


async def test_enter_does_not_wait_for_rows_behind_or_after_the_cursor_was_moved(stage: Stage) -> None:
    listed = BotList(BASE)
    async with stage(listed, size=(80, 24), heard=BotList.Picked) as (app, pilot):
        listed.show([RECENT, LOADING])
        await typed(listed, pilot, "sea")
        await pilot.press("enter")
        await pilot.pause()
        assert picked(app.told) == ["r 1"]
        listed.show([LOADING, RECENT])
        await pilot.press("down", "enter")
        await pilot.pause()
        assert picked(app.told) == ["r 1", "r 1"]


async def test_the_cursor_does_not_begin_on_what_is_taken_while_there_is_another(stage: Stage) -> None:
    listed = BotList(BASE, taken=("1",))
    async with stage(listed, size=(80, 24), heard=BotList.Picked) as (app, pilot):
        listed.show([RECENT, LOADING])
        listed.focus_field()
        await pilot.press("enter")
        await pilot.pause()
        assert picked(app.told) == [], "there may be another one soon"
        listed.show([RECENT, TEAM])
        await pilot.pause()
        assert picked(app.told) == [], "nobody has seen it yet"
        await pilot.press("enter")
        await pilot.pause()
        assert picked(app.told) == ["t 2"]
        await pilot.press("up")
        listed.show([RECENT, replace(TEAM, remark="read again")])
        assert listed.rows.current == "r 1", "it stays where it was moved to"
        await typed(listed, pilot, "sea")
        assert listed.rows.current == "r 1", "and goes to what is typed"
    alone = BotList(BASE, taken=("1",))
    async with stage(alone, size=(80, 24), heard=BotList.Picked) as (app, pilot):
        alone.show([RECENT])
        alone.focus_field()
        await pilot.press("enter")
        await pilot.pause()
        assert picked(app.told) == ["r 1"], "a bot may be compared with its own draft"


async def test_another_letter_or_nothing_found_ends_the_waiting(stage: Stage) -> None:
    listed = BotList(BASE)
    async with stage(listed, size=(80, 24), heard=BotList.Picked) as (app, pilot):
        listed.show([LOADING])
        await typed(listed, pilot, "sea")
        await pilot.press("enter", "g")
        await pilot.pause()
        listed.show([TEAM])
        await pilot.pause()
        assert picked(app.told) == []
        assert listed.rows.current == "t 2", "the cursor follows the text when rows come"
        listed.show([LOADING])
        await pilot.press("x", "enter")
        listed.show([TEAM])
        await pilot.press("backspace")
        await pilot.pause()
        assert picked(app.told) == []


async def test_each_bot_stands_once_and_the_chosen_one_is_described_in_full(stage: Stage) -> None:
    listed = BotList(BASE)
    async with stage(listed, size=(60, 30)) as (_app, pilot):
        listed.show([RECENT, TEAM])
        await pilot.pause()
        assert [row.key for row in listed.rows.rows if row.key] == ["r 1", "t 2", "t 3"]
        assert listed.description.text == "Knows the sea."
        height = listed.description.size.height
        assert height > 3, "room for the longest one"
        await pilot.press("down")
        listed.action_move(1)
        await pilot.pause()
        assert listed.description.text == "Flies. " * 40
        assert listed.description.size.height == height, "nothing moves"
        listed.action_move(1)
        await pilot.pause()
        assert listed.description.text == ""
        rows = listed.rows
        assert "Flies" not in "".join(rows.render_line(y).text for y in range(rows.size.height))


@pytest.mark.parametrize("description", ["Flies over the sea. " * 40, "Flies.\n" * 40, "\n" * 40 + "."])
async def test_a_description_without_room_ends_with_a_sign_of_it(stage: Stage, description: str) -> None:
    listed = BotList(BASE)
    long = BotSection("TEAM", (ListedBot("t 1", "Seagull", "1", description=description),))
    async with stage(listed, size=(52, 14)) as (_app, pilot):
        listed.show([long])
        await pilot.pause()
        assert listed.description.text.endswith("…")
        assert 1 < listed.description.size.height <= 6
        drawn = listed.description.render_line(listed.description.size.height - 1).text
        assert drawn.rstrip().endswith("…"), "the sign is in sight"
