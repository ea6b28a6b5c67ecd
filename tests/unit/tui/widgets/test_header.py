"""The line at the top."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from coze_tui.tui.widgets.status import Activity, ChatHeader, Chip

TITLE = "2025年春节是哪一天，以及怎么写成网页"


def filled(chip: Chip | None = None) -> ChatHeader:
    header = ChatHeader(bot="小春", site="coze.cn")
    header.title = TITLE
    header.chip = chip or Chip.idle()
    return header


def text_of(header: ChatHeader) -> str:
    return header.render_line(0).text


@pytest.mark.parametrize("width", [4, 10, 20, 30, 40, 60, 80, 120, 200])
async def test_fills_its_width_and_keeps_the_chip(stage: Any, width: int) -> None:
    header = filled(Chip.of_activity(Activity.ANSWERING, elapsed_us=1_300_000))
    async with stage(header, size=(width, 5)):
        text = text_of(header)
        assert cell_len(text) == width - 2
        if width >= 20:
            assert text.endswith("◐ answering 1.3 s")


async def test_title_stands_in_the_middle(stage: Any) -> None:
    header = filled()
    async with stage(header, size=(120, 5)):
        text = text_of(header)
        assert text.startswith("● 小春   coze.cn   ")
        before = cell_len(text[: text.index(TITLE)])
        assert abs(before - (118 - cell_len(TITLE)) // 2) <= 1


async def test_narrow_the_title_gives_way_first_then_the_site(stage: Any) -> None:
    for width, is_there in ((60, (True, True)), (31, (True, False)), (22, (False, False))):
        header = filled()
        async with stage(header, size=(width, 5)):
            text = text_of(header)
            assert "小春" in text
            assert ("coze.cn" in text, "2025" in text) == is_there, text


async def test_markup_in_names_is_text(stage: Any) -> None:
    header = filled()
    async with stage(header, size=(120, 5)):
        header.bot = "a[/]b [@click=app.quit]x[/]"
        header.title = "[red]list[int]"
        text = text_of(header)
        assert "a[/]b [@click=app.quit]x[/]" in text
        assert "[red]list[int]" in text


async def test_paints_only_what_differs(stage: Any) -> None:
    header = filled(Chip.of_activity(Activity.ANSWERING, elapsed_us=1_300_000))
    async with stage(header, size=(80, 5)) as (app, pilot):
        before = app.painted
        header.show_chip(Chip.of_activity(Activity.ANSWERING, elapsed_us=1_330_000))
        header.title = TITLE
        await pilot.pause(0.05)
        assert app.painted == before
        header.show_chip(Chip.of_activity(Activity.ANSWERING, elapsed_us=1_400_000))
        await pilot.pause(0.05)
        assert app.painted == before + 1
        assert "1.4 s" in text_of(header)
