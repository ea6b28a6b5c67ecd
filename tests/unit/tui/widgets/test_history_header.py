"""The line at the top of the history."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from coze_tui.engine.library.history import Overview
from coze_tui.tui.widgets.history_header import HistoryHeader
from tests.support.host_app import Stage

BOTS = ("断线 Loses the line", "7511000000000000104", "小春", "飞快")


@pytest.mark.parametrize(
    ("width", "bots"),
    [(120, 3), (80, 3), (72, 2), (56, 1), (40, 0), (30, 0)],
)
async def test_what_does_not_fit_is_left_out_and_its_own_name_is_not(
    stage: Stage, width: int, bots: int
) -> None:
    header = HistoryHeader()
    async with stage(header, size=(width, 3)):
        header.show(Overview(12, BOTS))
        text = header.render_line(0).text
        assert text.startswith("● History   ")
        assert "12 conversations" in text
        named = ["断线 Loses the…", "751100000000000…", "小春"]
        assert [name for name in named if name in text] == named[:bots]
        assert text.endswith(", …") == bool(bots)
        assert cell_len(text) == width - 2
        header.show_selected(3)
        assert "✓ 3 selected" in header.render_line(0).text


async def test_numbers_are_told_when_they_are_known(stage: Stage) -> None:
    header = HistoryHeader()
    async with stage(header, size=(80, 3)):
        assert header.render_line(0).text.strip() == "● History"
        header.show(Overview(1, ("小春",)))
        assert header.render_line(0).text.endswith("1 conversation · 小春")
