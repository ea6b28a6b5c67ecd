"""What the log says at the end of a chat."""

from __future__ import annotations

import pytest

from coze_tui.config.addresses import COZE_CN, COZE_COM
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import ToolCalled, ToolResponded, TurnEnded
from coze_tui.errors import ApiError, AuthError, CozeTuiError, StreamCut, TransportError
from coze_tui.render.palette import Palette
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.links import links_of
from coze_tui.tui.log.notices import Hint


@pytest.mark.parametrize(
    ("base_url", "other"), [(COZE_CN, COZE_COM), (COZE_COM, COZE_CN), ("http://[::1]", "")]
)
def test_a_refused_token_may_be_for_the_other_site(base_url: str, other: str) -> None:
    entry = AnswerEntry("bot", 1_000, base_url=base_url)
    entry.end(TurnEnded(Outcome.FAILED, 5, AuthError(4100, "no", logid="L1")))
    said = entry.blocks[-1].copy_text()
    assert "4100" in said
    assert ("works on one site only" in said) is bool(other)
    assert other in said


@pytest.mark.parametrize(
    ("error", "has_ids"),
    [(AuthError(4100, "no", logid="L1"), True), (TransportError("refused", detail="refused"), False)],
)
def test_copying_the_ids_of_a_failed_chat_is_offered_only_if_there_are_any(
    error: CozeTuiError, has_ids: bool
) -> None:
    entry = AnswerEntry("bot", 1_000)
    entry.end(TurnEnded(Outcome.FAILED, 5, error))
    entry.hint(Hint.RESTORED)
    said = entry.blocks[-1].copy_text()
    assert "back in the prompt" in said
    assert ("copy the IDs" in said) is has_ids


@pytest.mark.parametrize(
    ("outcome", "word"), [(Outcome.INTERRUPTED, "cut off"), (Outcome.CANCELED, "stopped")]
)
def test_the_time_of_an_end_is_told_where_it_is_known(outcome: Outcome, word: str) -> None:
    known = AnswerEntry("bot", 1_700_000_000_000, only_read=True)
    known.end(TurnEnded(outcome, 5_000_000))
    assert known.blocks[-1].copy_text().startswith(f"{word} at ")
    unknown = AnswerEntry("bot", 0, only_read=True)
    unknown.end(TurnEnded(outcome, 5_000_000))
    assert unknown.blocks[-1].copy_text() == word


@pytest.mark.parametrize(
    ("outcome", "error", "section"),
    [
        (Outcome.FAILED, AuthError(4100, "no"), "error-codes"),
        (Outcome.FAILED, ApiError(5000, "no"), ""),
        (Outcome.INTERRUPTED, StreamCut("closed"), "an-answer-was-cut-off"),
    ],
)
def test_the_page_that_helps_is_a_link_of_one_line(
    outcome: Outcome, error: CozeTuiError, section: str
) -> None:
    entry = AnswerEntry("bot", 1_000)
    entry.end(TurnEnded(outcome, 5, error))
    links = links_of(entry, 80, Palette.dark())
    assert [link.url.rpartition("#")[2] for link in links] == [section] * bool(section)
    for link in links:
        assert link.url.startswith("https://")
        assert f"More help: {link.url}" in entry.blocks[-1].copy_text()
    assert links_of(entry, 30, Palette.dark()) == []


def test_a_block_that_is_not_laid_out_yet_is_where_the_last_one_is() -> None:
    entry = AnswerEntry("bot", 1_000)
    assert entry.start_of(entry.blocks[0]) == 0
    entry.tool_called(ToolCalled("call 1", "ferry", "{}", 1))
    entry.lay_out(80, Palette.dark())
    entry.tool_called(ToolCalled("call 2", "ferry", "{}", 1))
    assert entry.start_of(entry.blocks[-1]) == entry.start_of(entry.blocks[-2]) == 1


def test_tool_calls_beyond_all_reason_are_counted() -> None:
    entry = AnswerEntry("bot", 1_000)
    for number in range(1_700):
        entry.tool_called(ToolCalled(f"call {number}", "ferry", "{}", number))
        entry.tool_responded(
            ToolResponded(f"answer {number}", f"call {number}", "ferry", "sailed", 5, number)
        )
    entry.end(TurnEnded(Outcome.CANCELED, 5))
    height = entry.lay_out(80, Palette.dark())
    assert height < 600
    lines = [entry.line(number)[0].plain for number in range(height)]
    assert sum("ferry" in line for line in lines) == 500
    assert "… 1,200 more tool calls in the inspector" in "\n".join(lines)


def test_a_tool_runs_no_longer_than_its_chat() -> None:
    entry = AnswerEntry("bot", 1_000)

    def told() -> str:
        return "\n".join(entry.line(number)[0].plain for number in range(entry.lay_out(80, Palette.dark())))

    entry.tool_called(ToolCalled("call", "ferry", "{}", 1))
    assert "running…" in told()
    entry.end(TurnEnded(Outcome.REQUIRES_ACTION, 5))
    assert "ferry  waits for you" in told().replace("()", "")
    assert "running…" not in told()
    entry.end(TurnEnded(Outcome.INTERRUPTED, 5))
    assert "no response" in told()
    entry.resumed()
    assert "running…" in told()
    entry.tool_responded(ToolResponded("answer", "call", "ferry", "sailed", 5, 9))
    entry.end(TurnEnded(Outcome.COMPLETED, 9))
    assert "→ 6 B" in told()
