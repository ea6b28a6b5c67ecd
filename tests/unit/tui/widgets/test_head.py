"""Lines at the top of screens: what fits into them, and what is left out."""

from __future__ import annotations

from rich.cells import cell_len

from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import ChatRecord
from coze_tui.text.format import thousands
from coze_tui.tui.widgets.head import HeadLine, history_head, outcome_part, state_part
from tests.support.host_app import Stage
from tests.support.shown import drawn_text
from tests.support.waiting import resize


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


async def test_the_history_counts_once_it_is_read_and_never_cuts_its_name(stage: Stage) -> None:
    count: int | None = None
    selected = 0
    header = HeadLine(lambda width: [history_head(count, selected, width)])
    async with stage(header, size=(58, 3)) as (_app, pilot):
        assert header.render_line(0).text.strip() == "● History"
        count = 1
        assert header.render_line(0).text.endswith(" 1 conversation")
        count, selected = 1_200, 3
        text = header.render_line(0).text
        assert text.startswith("● History   ✓ 3 selected ")
        assert text.endswith(f" {thousands(count)} conversations")
        assert cell_len(text) == 58
        await resize(pilot, 30, 3)
        assert header.render_line(0).text.strip() == "● History   ✓ 3 selected"


async def test_another_text_is_painted_if_it_looks_as_the_line_did_at_another_width(stage: Stage) -> None:
    header = HeadLine(lambda width: [history_head(12, 0, width)])
    async with stage(header, size=(12, 3)) as (app, pilot):
        header.flush()
        await resize(pilot, 58, 3)
        assert "12 conversations" in drawn_text(app)
        header.show_layout(lambda width: [history_head(None, 0, width)])
        await pilot.pause()
        assert drawn_text(app).strip() == "● History"
