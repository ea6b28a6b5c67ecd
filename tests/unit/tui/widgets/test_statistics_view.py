"""Chats added up, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from coze_tui.engine.analysis.statistics import Statistics
from coze_tui.engine.model.records import ChatRecord
from coze_tui.tui.screens.statistics import StatisticsView
from tests.support.host_app import Stage
from tests.support.shown import lines_of
from tests.support.stores import statistics_of

ONE = ChatRecord(
    conversation="k1",
    title="春节",
    site="coze.cn",
    bot_id="7402",
    bot_name="小春",
    sent_at=1_738_000_000_000,
    is_final=True,
    status="completed",
    first_text_us=412_000,
    total_us=1_902_000,
    deltas=200,
    characters=500,
    input_tokens=100,
    output_tokens=300,
    token_count=1_400,
)
FAILED = replace(
    ONE,
    conversation="k2",
    bot_id="7403",
    bot_name="fails",
    status="failed",
    error_code=4028,
    error_msg="no quota\x1b[2J",
    token_count=7,
)


def found(by: str = "bot") -> Statistics:
    later = replace(FAILED, sent_at=ONE.sent_at + 2 * 86_400_000, status="interrupted")
    return statistics_of([ONE, FAILED, later], by)  # type: ignore[arg-type]  # one of them


async def test_groups_have_bars_and_failures_are_told_below(stage: Stage) -> None:
    view = StatisticsView()
    async with stage(view, size=(130, 14)):
        view.show(found())
        lines = lines_of(view)
        assert lines[0].split()[:2] == ["bot", "tokens"]
        assert lines[1].split()[0] == "小春"
        assert "█" * 10 in lines[1]
        assert "412 ms" in lines[1]
        assert "1,400" in lines[1]
        assert lines[2].split()[0] == "fails"
        shown = "\n".join(lines)
        assert "FAILURES" in shown
        assert "1  4028  no quota" in shown
        assert "cut off" in shown
        assert "\x1b" not in shown


async def test_days_are_shown_the_latest_first_and_empty_ones_too(stage: Stage) -> None:
    view = StatisticsView()
    async with stage(view, size=(100, 14)):
        view.show(found("day"))
        days = [line.split()[0] for line in lines_of(view)[1:4]]
        assert days == sorted(days, reverse=True)
        assert "·" in lines_of(view)[2]


@pytest.mark.parametrize("width", [1, 10, 30, 60, 80, 120, 200])
async def test_every_line_fits(stage: Stage, width: int) -> None:
    view = StatisticsView()
    async with stage(view, size=(width, 12)):
        view.show(found("conversation"))
        assert all(cell_len(line) <= width for line in lines_of(view))


async def test_the_cursor_chooses_a_group(stage: Stage) -> None:
    view = StatisticsView()
    async with stage(view, size=(80, 5), heard=StatisticsView.Chosen) as (app, pilot):
        view.show(found())
        view.focus()
        await pilot.press("j", "enter", "j", "j", "k", "enter")
        await pilot.pause()
        assert [told.group.key for told in app.told if isinstance(told, StatisticsView.Chosen)] == [
            "7403",
            "7402",
        ]
        await pilot.press("G", "g", "pagedown", "pageup")
        view.show(statistics_of([]))
        await pilot.press("enter", "j")
        assert len(app.told) == 2
