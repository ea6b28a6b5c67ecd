"""The timeline as lines: every step with its bar in its place, within the width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.timeline import Timeline
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    EventNoted,
    EventRecord,
    FollowUpOffered,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    TurnUpdate,
)
from coze_tui.report.console import Line
from coze_tui.report.timeline_text import LEAST_WIDTH, timeline_lines
from coze_tui.text.cells import cell_len
from coze_tui.text.i18n import use_language

S = 1_000_000


def text(line: Line) -> str:
    return "".join(piece for piece, _role in line)


def lines(*updates: TurnUpdate, width: int = 80) -> list[str]:
    return [text(line) for line in timeline_lines(Timeline.of(updates), width)]


def answer(first_us: int, last_us: int, count: int = 20) -> list[TurnUpdate]:
    step = (last_us - first_us) // (count - 1)
    return [AnswerGrew("a", "x", (first_us + step * number,)) for number in range(count)]


def test_each_step_is_a_row_with_its_name_and_time() -> None:
    shown = lines(
        *(ReasoningGrew("a", "x", (S + n * 1000,)) for n in range(3)),
        ToolCalled("c", "search", "{}", 2 * S),
        ToolResponded("r", "c", "search", "ok", S, 3 * S),
        *answer(3 * S, 5 * S),
        AnswerSettled("a", "x" * 20, "", 5 * S),
        FollowUpOffered("more?", 6 * S),
        TurnEnded(Outcome.COMPLETED, 7 * S),
    )
    names = [line.split()[0] for line in shown]
    assert names == ["waiting", "thinking", "search", "answering", "finishing", "follow-up", "0", "first"]
    assert shown[0].endswith("1.0 s")
    assert shown[2].endswith("  1.0 s")
    assert "20 deltas" in shown[3]
    assert shown[-1].startswith("first text 3.0 s · total 7.0 s · longest gap ")


def test_bars_stand_where_their_time_is() -> None:
    shown = lines(
        ToolCalled("c", "search", "{}", 2 * S),
        ToolResponded("r", "c", "search", "ok", S, 3 * S),
        TurnEnded(Outcome.COMPLETED, 4 * S),
        width=60,
    )
    bar = shown[1][len("waiting  ") : -len("  1.0 s")]
    assert bar.index("▓") == len(bar) // 2
    assert bar.count("▓") == pytest.approx(len(bar) / 4, abs=1)


def test_stalls_are_marked_in_the_bar_and_counted() -> None:
    shown = lines(
        *answer(S, 2 * S),
        *answer(6 * S, 7 * S),
        TurnEnded(Outcome.COMPLETED, 7 * S),
    )
    [bar] = [line for line in shown if line.startswith("answering")]
    assert "╌╌╌" in bar
    assert "1 stall over 1 s" in shown[-1]


def test_a_tool_without_an_answer_and_failures_are_seen() -> None:
    shown = lines(
        ToolCalled("c", "search", "{}", S),
        EventNoted(EventRecord("error", 2 * S, level="error")),
        TurnEnded(Outcome.FAILED, 2 * S),
    )
    assert any(line.startswith("search") and line.endswith("not finished") for line in shown)
    assert any(line.startswith("failure") and "×" in line for line in shown)


def test_knowledge_is_called_as_in_the_log() -> None:
    use_language("zh_CN")
    try:
        shown = lines(
            ToolResponded("k", "", "knowledge", "{}", S, 2 * S), TurnEnded(Outcome.COMPLETED, 3 * S)
        )
    finally:
        use_language("en")
    assert any(line.startswith("知识库") for line in shown)


def test_a_chat_of_nothing_is_one_line() -> None:
    assert lines() == ["total 0 ms"]


def test_chinese_names_keep_the_rows_aligned() -> None:
    shown = lines(
        ToolCalled("c", "查找轮渡时刻表", "{}", S),
        ToolResponded("r", "c", "查找轮渡时刻表", "ok", S, 2 * S),
        TurnEnded(Outcome.COMPLETED, 4 * S),
    )
    assert len({cell_len(line.rpartition("  ")[0]) for line in shown[:2]}) == 1


def test_thousands_of_steps_are_cut_and_counted() -> None:
    updates = [
        update
        for number in range(400)
        for update in (
            ToolCalled(f"c{number}", "t", "{}", number * 1000),
            ToolResponded(f"r{number}", f"c{number}", "t", "", 500, number * 1000 + 500),
        )
    ]
    shown = lines(*updates, TurnEnded(Outcome.COMPLETED, S))
    assert len(shown) < 210
    assert any(line.endswith("more steps") for line in shown)


@given(
    st.lists(st.integers(0, 10**18), min_size=1, max_size=12),
    st.integers(0, 200),
)
def test_no_line_is_wider_than_asked(moments: list[int], width: int) -> None:
    updates: list[TurnUpdate] = []
    for number, at_us in enumerate(sorted(moments)):
        updates += [
            (AnswerGrew("a", "x", (at_us,)), ToolCalled(f"c{number}", "海" * 30, "{}", at_us))[number % 2]
        ]
    updates.append(TurnEnded(Outcome.COMPLETED, max(moments)))
    for line in lines(*updates, width=width)[:-1]:
        assert cell_len(line) <= max(width, LEAST_WIDTH)
