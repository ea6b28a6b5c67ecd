"""The head of the screens that show one chat."""

from __future__ import annotations

from coze_tui.engine.chat_facts import ChatFacts
from coze_tui.engine.inspected_chat import InspectedChat
from coze_tui.engine.updates import Phase
from coze_tui.tui.widgets.chat_head import state_part


def test_a_chat_that_is_over_is_told_so_also_while_its_frames_are_read() -> None:
    over = InspectedChat(ChatFacts(outcome=Phase.COMPLETED, total_us=3_200_000))
    assert state_part(over) == ("✓ 3.2 s", "good")
    over.end(over.facts)
    assert state_part(over) == ("✓ 3.2 s", "good")


def test_a_chat_that_runs_is_told_by_what_it_does() -> None:
    sign_and_word, _role = state_part(InspectedChat(ChatFacts()))
    assert "sending" in sign_and_word
