"""The head of the screens that show one chat."""

from __future__ import annotations

from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import ChatRecord
from coze_tui.tui.widgets.chat_head import outcome_part, state_part


def test_a_chat_that_is_over_is_told_so_also_while_its_frames_are_read() -> None:
    over = InspectedChat(ChatRecord(is_final=True, status="completed", total_us=3_200_000))
    assert state_part(over) == ("✓ 3.2 s", "good")
    over.end(over.record)
    assert state_part(over) == ("✓ 3.2 s", "good")


def test_a_chat_that_runs_is_told_by_what_it_does() -> None:
    sign_and_word, _role = state_part(InspectedChat(ChatRecord()))
    assert "sending" in sign_and_word


def test_where_nobody_knows_how_long_it_took_the_word_stands_alone() -> None:
    assert outcome_part(Outcome.COMPLETED, 0) == ("✓ completed", "good")
    assert outcome_part(Outcome.INTERRUPTED, 0) == ("⟂ cut off", "attention")
    assert outcome_part(Outcome.INTERRUPTED, 1_500_000) == ("⟂ cut off 1.5 s", "attention")
