"""The scrollbar looks as Textual's, and draws no more than has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region

from coze_tui.render.palette import Palette
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.widgets.steady_scrollbar import SteadyScrollBar


class Sample(App[None]):
    CSS = "MessageLog { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }"

    def compose(self) -> ComposeResult:
        yield MessageLog(Palette.dark())


@asynccontextmanager
async def bar_of_a_log() -> AsyncIterator[SteadyScrollBar]:
    app = Sample()
    async with app.run_test(size=(40, 20)) as pilot:
        log = app.query_one(MessageLog)
        log.show([QuestionEntry(f"line {number}", 0) for number in range(60)])
        await pilot.pause()
        assert log.vertical_scrollbar.size == (1, 20)
        bar = log.vertical_scrollbar
        assert isinstance(bar, SteadyScrollBar)
        yield bar


def rows_of_textual(bar: SteadyScrollBar) -> list[list[Segment]]:
    """What Textual would draw of it."""
    options = bar.app.console.options.update(width=1, height=20)
    lines = bar.app.console.render_lines(bar.render(), options, pad=False)
    return [list(Segment.apply_style(Segment.simplify(line), bar.rich_style)) for line in lines]


async def test_it_looks_as_textuals_at_every_place() -> None:
    chance = Random(1)
    async with bar_of_a_log() as bar:
        for _ in range(80):
            total = chance.randrange(1, 400)
            bar.show_position(total=total, height=20, position=chance.uniform(0, max(0, total - 20)))
            assert [list(bar.render_line(y)) for y in range(20)] == rows_of_textual(bar)
        bar.mouse_over = True
        assert [list(bar.render_line(y)) for y in range(20)] == rows_of_textual(bar)


async def test_only_rows_that_look_different_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bar_of_a_log() as bar:
        bar.show_position(total=1000, height=20, position=980)
        refreshes: list[tuple[Region, ...]] = []
        monkeypatch.setattr(bar, "refresh", lambda *regions: refreshes.append(regions))
        bar.show_position(total=1001, height=20, position=981)
        assert refreshes == []
        bar.show_position(total=1001, height=20, position=900)
        [regions] = refreshes
        assert 0 < sum(region.height for region in regions) < 6
