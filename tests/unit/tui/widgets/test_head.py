"""Lines at the top of screens: what fits into them, and what is left out."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.library.history import Overview
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import ChatRecord
from coze_tui.tui.widgets.head import HeadLine, history_head, outcome_part, state_part
from tests.support.host_app import Stage

BOTS = ("断线 Loses the line", "7511000000000000104", "小春", "飞快")


def test_a_chat_that_is_over_is_told_so_also_while_its_frames_are_read() -> None:
    over = InspectedChat(ChatRecord(is_final=True, status="completed", total_us=3_200_000))
    assert state_part(over) == ("✓ 3.2 s", "good")
    over.end(over.record)
    assert state_part(over) == ("✓ 3.2 s", "good")


def test_a_chat_that_runs_is_told_by_what_it_does() -> None:
    sign_and_word, _role = state_part(InspectedChat(ChatRecord()))
    assert "sending" in sign_and_word


def test_where_nobody_knows_how_long_it_took_the_word_stands_alone() -> None:
    def over(outcome: Outcome, total_us: int) -> ChatRecord:
        return ChatRecord(is_final=True, status=str(outcome), total_us=total_us)

    assert outcome_part(over(Outcome.COMPLETED, 0)) == ("✓ completed", "good")
    assert outcome_part(over(Outcome.INTERRUPTED, 0)) == ("⟂ cut off", "attention")
    assert outcome_part(over(Outcome.INTERRUPTED, 1_500_000)) == ("⟂ cut off 1.5 s", "attention")
    assert outcome_part(ChatRecord()) == ("●", "muted")


@pytest.mark.parametrize(
    ("width", "bots"),
    [(120, 3), (80, 3), (72, 2), (56, 1), (40, 0), (30, 0)],
)
async def test_what_does_not_fit_is_left_out_and_its_own_name_is_not(
    stage: Stage, width: int, bots: int
) -> None:
    overview: Overview | None = None
    selected = 0
    header = HeadLine(lambda width: [history_head(overview, selected, width)])
    async with stage(header, size=(width - 2, 3)):
        overview = Overview(12, BOTS)
        text = header.render_line(0).text
        assert text.startswith("● History   ")
        assert "12 conversations" in text
        named = ["断线 Loses the…", "751100000000000…", "小春"]
        assert [name for name in named if name in text] == named[:bots]
        assert text.endswith(", …") == bool(bots)
        assert cell_len(text) == width - 2
        selected = 3
        assert "✓ 3 selected" in header.render_line(0).text


async def test_numbers_are_told_when_they_are_known(stage: Stage) -> None:
    overview: Overview | None = None
    selected = 0
    header = HeadLine(lambda width: [history_head(overview, selected, width)])
    async with stage(header, size=(78, 3)):
        assert header.render_line(0).text.strip() == "● History"
        overview = Overview(1, ("小春",))
        assert header.render_line(0).text.endswith("1 conversation · 小春")
