"""The list keeps its cursor and its view while it is read again, and draws what is in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len

from coze_tui.engine.library.states import MOST_MARKS, LastChat
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.render.palette import Palette
from coze_tui.tui.history_items import Item, item_from_summary
from coze_tui.tui.widgets.conversation_list import ConversationList, parts_around
from tests.support.examples import SUMMARY, there
from tests.support.host_app import Stage

DAY = 86_400_000
NOON = 1_760_000_000_000


def items(count: int, *, pinned: int = 0) -> list[Item]:
    return [
        item_from_summary(
            replace(SUMMARY, key=f"k{n}", title=f"t{n}", updated_at=NOON - n * DAY, pinned=n < pinned)
        )
        for n in range(count)
    ]


def lines(shown: ConversationList) -> list[str]:
    return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]


def cursor(shown: ConversationList) -> str:
    """The title on the line with the bar; it must be in sight."""
    marked = [line for line in lines(shown) if line[1:2] == "▌"]
    assert marked
    return marked[0][2 + MOST_MARKS :].split()[0]


def titles(listed: Sequence[Item]) -> list[str]:
    return [item.title for item in listed]


async def test_the_cursor_is_always_in_sight_with_its_heading(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    async with stage(shown, size=(50, 7)) as (_app, pilot):
        shown.focus()
        shown.show(items(40))
        await pilot.pause()
        for step in (1, 1, 1, 5, -2, 30, -40, 100, -3):
            shown.move(step)
            await pilot.pause()
            text = lines(shown)
            at = next(n for n, line in enumerate(text) if line[1:2] == "▌")
            assert text[at - 1].strip().isupper(), "each stands under its day here"
        assert cursor(shown) == "t36"


async def test_reading_again_keeps_cursor_and_view(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    async with stage(shown, size=(50, 9), heard=ConversationList.Moved) as (app, pilot):
        shown.show(items(40))
        shown.move(20)
        await pilot.pause()
        line = next(n for n, text in enumerate(lines(shown)) if text[1:2] == "▌")
        told = len(app.told)
        new = item_from_summary(replace(SUMMARY, key="new", title="new", updated_at=NOON + DAY))
        shown.show([new, *items(40)])
        await pilot.pause()
        assert cursor(shown) == "t20"
        assert next(n for n, text in enumerate(lines(shown)) if text[1:2] == "▌") == line
        assert len(app.told) == told
        shown.show([item for item in items(40) if item.title != "t20"])
        await pilot.pause()
        assert cursor(shown) == "t22", "the new one is gone, too: the same place"
        shown.show(items(3))
        await pilot.pause()
        assert cursor(shown) == "t2"
        shown.show([])
        await pilot.pause()
        assert shown.current is None


async def test_the_same_list_again_draws_nothing_else(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    async with stage(shown, size=(50, 9), heard=ConversationList.Moved) as (app, pilot):
        shown.show(items(5))
        await pilot.pause()
        told = len(app.told)
        shown.show(items(5))
        shown.show(items(5), from_top=True)
        await pilot.pause()
        assert len(app.told) == told


async def test_more_is_asked_for_once_near_the_end(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    async with stage(shown, size=(50, 9), heard=ConversationList.MoreWanted) as (app, pilot):
        shown.show(items(100), has_more=True)
        await pilot.pause()
        assert app.told == []
        shown.move(95)
        shown.move(1)
        await pilot.pause()
        assert len(app.told) == 1
        shown.show(items(200), has_more=True)
        shown.action_edge(is_end=True)
        await pilot.pause()
        assert [message.all for message in app.told if isinstance(message, ConversationList.MoreWanted)] == [
            False,
            True,
        ]
        shown.show(items(260))
        await pilot.pause()
        assert cursor(shown) == "t259"


async def test_pages_and_ends(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    async with stage(shown, size=(50, 11)) as (_app, pilot):
        shown.focus()
        shown.show(items(30))
        await pilot.press("pagedown")
        assert cursor(shown) == "t5"
        await pilot.press("pagedown", "pageup")
        assert cursor(shown) == "t5"
        await pilot.press("G")
        assert cursor(shown) == "t29"
        await pilot.press("g", "k")
        assert cursor(shown) == "t0"


async def test_several_are_chosen_from_the_top(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    async with stage(shown, size=(50, 11)) as (_app, _pilot):
        shown.show(items(6))
        assert titles(shown.chosen) == ["t0"]
        shown.move(3)
        shown.select()
        shown.move(-3)
        shown.select()
        assert titles(shown.chosen) == ["t1", "t3"]
        shown.show(items(3))
        assert titles(shown.chosen) == ["t1"], "what is not to be seen is not chosen"
        shown.select_all()
        assert len(shown.chosen) == 3
        shown.select_all()
        assert shown.selected == 0
        assert not shown.unselect()


async def test_a_click_goes_to_a_conversation_and_a_second_one_opens_it(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    async with stage(shown, size=(50, 11), heard=ConversationList.Chosen) as (app, pilot):
        shown.show(items(6))
        await pilot.pause()
        await pilot.click(shown, offset=(10, 3))
        assert cursor(shown) == "t1"
        await pilot.click(shown, offset=(10, 2))
        assert cursor(shown) == "t1", "a heading is nothing to go to"
        await pilot.click(shown, offset=(10, 3), times=2)
        await pilot.pause()
        assert [
            message.item.title for message in app.told if isinstance(message, ConversationList.Chosen)
        ] == ["t1"]


async def test_flags_stand_next_to_the_title(stage: Stage) -> None:
    shown = ConversationList(Palette.dark())
    both = replace(SUMMARY, key="b", title="both", pinned=True, interrupted=True, updated_at=NOON)
    cut_off = replace(SUMMARY, key="c", title="cut", interrupted=True, updated_at=NOON)
    async with stage(shown, size=(60, 11)) as (_app, _pilot):
        fork = replace(SUMMARY, key="f", title="fork", forked_from="k", on_server=False, updated_at=NOON)
        running = item_from_summary(replace(cut_off, key="r", title="now"), LastChat(is_running=True))
        stopped = item_from_summary(replace(fork, key="s", title="both"), LastChat(status="canceled"))
        shown.show(
            [
                item_from_summary(replace(both, forked_from="k")),
                item_from_summary(cut_off),
                item_from_summary(fork),
                running,
                stopped,
                there(NOON - 1000),
            ]
        )
        text = lines(shown)
        assert text[1].startswith(" ▌★⟂⑂☁ both")
        assert [line.partition("小春")[0].split() for line in text[3:8]] == [
            ["⟂☁", "cut"],
            ["⑂", "fork"],
            ["◐☁", "now"],
            [f"{Outcome.CANCELED.sign}⑂", "both"],
            ["☁", "there"],
        ]
        assert len({line.index("小春") for line in (text[1], *text[3:8])}) == 1, "one column of bots"


@pytest.mark.parametrize(("width", "column"), [(130, 27), (60, 19), (46, 15), (40, 0)])
async def test_the_bots_have_a_column_as_wide_as_the_widest_name(
    stage: Stage, width: int, column: int
) -> None:
    shown = ConversationList(Palette.dark())
    names = ["Markdown 之旅 Markdown tour", "小春", "海水 Sea"]
    listed = [
        item_from_summary(replace(SUMMARY, key=name, title="a title of some length " * 3, bot_name=name))
        for name in names
    ]
    async with stage(shown, size=(width, 9)) as (_app, _pilot):
        shown.show(listed)
        rows = [shown.render_line(y).text for y in (1, 2, 3)]
        for row, name in zip(rows, names, strict=True):
            cut = name[:4]
            assert (cut in row) == bool(column)
            if column:
                before = row[: row.index(cut)]
                assert cell_len(before) == shown.line_width - column - 2 - 5 - 1, (
                    "left aligned, before the time"
                )


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (20, 4), (44, 9), (200, 50)])
async def test_every_line_is_as_wide_as_the_list(stage: Stage, size: tuple[int, int]) -> None:
    shown = ConversationList(Palette.dark())
    found = replace(items(1)[0], snippet="…七天内可以申请退款，原路返回", snippet_hits=((9, 11),), more=3)
    async with stage(shown, size=size) as (_app, pilot):
        shown.show([found, there(NOON), *items(20, pinned=2)])
        await pilot.pause()
        for y in range(shown.size.height):
            assert shown.render_line(y).cell_length == shown.line_width


@pytest.mark.parametrize("width", range(1, 60))
def test_a_hit_is_in_sight_whatever_the_width(width: int) -> None:
    text = "七天之内都可以在“我的订单”里申请全额退款，原路返回到您的账户，请放心。" * 2
    start = text.index("退款")
    parts = parts_around(text, ((start, start + 2),), width, "muted")
    assert sum(cell_len(part) for part, _role in parts) <= width
    if width >= 8:
        assert ("退款", "hit") in parts


def test_what_fits_is_not_cut() -> None:
    assert parts_around("a 退款 b", ((2, 4),), 20, "muted") == [
        ("a ", "muted"),
        ("退款", "hit"),
        (" b", "muted"),
    ]
    assert parts_around("plain", (), 20, "text") == [("plain", "text")]
    assert parts_around("", (), 20, "text") == []
