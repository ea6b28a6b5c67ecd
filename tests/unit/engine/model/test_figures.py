"""The life of a turn in rows and figures."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from coze_tui.api.objects import Usage
from coze_tui.engine.model.figures import EventRow, TurnFigures
from coze_tui.engine.model.outcomes import Level, Outcome
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    EventRecord,
    LogidReported,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    TurnEnded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.errors import ApiError, AuthError, ProtocolError, StreamCut


def noted(
    name: str, at_us: int, number: int = 0, *, level: Level = "info", detail: str = "", size: int = 0
) -> EventNoted:
    return EventNoted(EventRecord(name, at_us, size, level, detail, number))


def grew(*arrivals_us: int, text: str = "x", message_id: str = "m", size: int = 0) -> AnswerGrew:
    return AnswerGrew(message_id, text, arrivals_us, size)


def fed(*updates: TurnUpdate) -> TurnFigures:
    figures = TurnFigures()
    figures.add_all(updates)
    return figures


def names(rows: Iterable[EventRow]) -> list[str]:
    return [f"{row.name} ×{row.count}" if row.count > 1 else row.name for row in rows]


def whole_turn() -> list[TurnUpdate]:
    return [
        PhaseChanged(Phase.SENDING, 0),
        noted("sent", 0, level="good"),
        LogidReported("2025LOGID4F2A"),
        ChatIdentified("chat-7402", "conversation-3342", "section-1"),
        noted("created", 84_000, 1, size=300),
        noted("in_progress", 90_000, 2, size=300),
        ReasoningGrew("m", "想", (118_000,), 100),
        ReasoningGrew("m", "想", (128_000, 130_000), 200),
        noted("function_call", 210_000, 6, level="tool", detail="lookup", size=400),
        noted("tool_response", 370_000, 7, level="tool", detail="lookup", size=900),
        PhaseChanged(Phase.ANSWERING, 412_000),
        grew(412_000, text="春节"),
        grew(419_000, 426_000, text="是1月29日"),
        grew(487_000, text=""),
        AnswerSettled("m", "春节是1月29日。", "", 500_000),
        noted("answer", 500_000, 12, level="good"),
        noted("follow_up", 600_000, 13, detail="除夕？"),
        noted("follow_up", 610_000, 14, detail="属相？"),
        noted("follow_up", 620_000, 15, detail="习俗？"),
        UsageReported(Usage(432, 312, 120)),
        noted("completed", 640_000, 16, level="good"),
        noted("done", 641_000, 17, level="good"),
        TurnEnded(Outcome.COMPLETED, 641_500),
    ]


def test_a_whole_turn_folds_its_runs() -> None:
    figures = fed(*whole_turn())
    assert names(figures.rows) == [
        "sent",
        "created",
        "in_progress",
        "reasoning ×3",
        "function_call",
        "tool_response",
        "delta ×4",
        "answer",
        "follow_up ×3",
        "completed",
        "done",
    ]
    assert not any(row.is_running for row in figures.rows)
    assert figures.expected == ()


def test_figures_of_a_whole_turn() -> None:
    figures = fed(*whole_turn())
    assert figures.first_text_us == 412_000
    assert figures.total_us == 641_500
    assert (figures.deltas, figures.reasoning_deltas, figures.events) == (4, 3, 17)
    assert figures.characters == len("春节是1月29日。")
    assert figures.bytes == 300 + 300 + 100 + 200 + 400 + 900
    assert figures.usage == Usage(432, 312, 120)
    assert (figures.chat_id, figures.conversation_id) == ("chat-7402", "conversation-3342")
    assert (figures.section_id, figures.logid) == ("section-1", "2025LOGID4F2A")
    assert figures.outcome is Outcome.COMPLETED
    assert figures.follow_ups == 3


def test_runs_know_from_when_to_when_and_their_first_frame() -> None:
    figures = fed(*whole_turn())
    deltas = figures.rows[6]
    assert (deltas.at_us, deltas.until_us, deltas.frame_number) == (412_000, 487_000, 8)
    reasoning = figures.rows[3]
    assert (reasoning.at_us, reasoning.until_us, reasoning.frame_number) == (118_000, 130_000, 3)


def test_gaps_are_those_inside_runs() -> None:
    figures = fed(*whole_turn())
    # 10 and 2 ms of reasoning, 7, 7 and 61 ms of the answer; not the 282 ms of the tool
    assert figures.gaps.count == 5
    assert figures.gaps.quantile(0.5) == 7_000
    assert figures.gaps.max_us == 61_000


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (2, ("created", "in_progress", "answer", "completed", "done")),
        (5, ("in_progress", "answer", "completed", "done")),
        (7, ("answer", "completed", "done")),
        (14, ("answer", "completed", "done")),
        (16, ("completed", "done")),
        (21, ("done",)),
        (22, ()),
    ],
)
def test_what_is_still_expected_grows_less(count: int, expected: tuple[str, ...]) -> None:
    assert fed(*whole_turn()[:count]).expected == expected


def test_the_end_of_the_chat_before_is_expected_again() -> None:
    verbose = noted("verbose", 560_000, 13, detail="generate_answer_finish")
    before = fed(*whole_turn()[:16], verbose, *whole_turn()[16:])
    figures = TurnFigures(before)
    seen = [figures.expected]
    for updates in (
        whole_turn()[:5],
        [noted("verbose", 205_000, 6, detail="knowledge_recall")],
        whole_turn()[5:16],
        [verbose],
        whole_turn()[16:21],
    ):
        figures.add_all(updates)
        seen.append(figures.expected)
    assert seen == [
        ("created", "in_progress", "answer", "verbose", "follow_up", "completed", "done"),
        ("in_progress", "answer", "verbose", "follow_up", "completed", "done"),
        ("in_progress", "answer", "verbose", "follow_up", "completed", "done"),
        ("verbose", "follow_up", "completed", "done"),
        ("follow_up", "completed", "done"),
        ("done",),
    ]


def test_of_a_chat_that_did_not_complete_nothing_is_expected_again() -> None:
    stopped = fed(*whole_turn()[:18], noted("cancel", 700_000), TurnEnded(Outcome.CANCELED, 700_000))
    assert TurnFigures(stopped).expected == TurnFigures().expected


@pytest.mark.parametrize("name", ["failed", "requires_action", "canceled", "error"])
def test_after_an_end_only_done_is_expected(name: str) -> None:
    assert fed(noted("sent", 0), noted(name, 5, 1)).expected == ("done",)


def test_the_present_step_runs_until_the_next_comes() -> None:
    updates = whole_turn()
    assert [row.is_running for row in fed(*updates[:2]).rows] == [True]
    assert [row.name for row in fed(*updates[:8]).rows if row.is_running] == ["reasoning"]
    assert [row.name for row in fed(*updates[:9]).rows if row.is_running] == ["function_call"]
    assert [row.name for row in fed(*updates[:13]).rows if row.is_running] == ["delta"]
    cut = fed(*updates[:13], TurnEnded(Outcome.INTERRUPTED, 500_000, StreamCut("closed")))
    assert not any(row.is_running for row in cut.rows)
    assert isinstance(cut.error, StreamCut)


def test_equal_records_fold_and_different_ones_do_not() -> None:
    figures = fed(
        noted("audio", 1, 1),
        noted("audio", 2, 2),
        noted("verbose", 3, 3, detail="knowledge_recall"),
        noted("verbose", 4, 4, detail="generate_answer_finish"),
        noted("verbose", 5, 5, detail="generate_answer_finish"),
        noted("error", 6, 6, level="error", detail="4011"),
        noted("error", 7, 7, level="error", detail="4016"),
    )
    assert names(figures.rows) == ["audio ×2", "verbose", "verbose ×2", "error", "error"]


def test_recovered_text_is_no_delta() -> None:
    figures = fed(grew(text="whole answer"), noted("retrieve", 9_000_000))
    assert (figures.deltas, figures.characters, figures.first_text_us) == (0, 12, None)
    assert names(figures.rows) == ["retrieve"]


def test_the_first_text_may_arrive_without_a_delta() -> None:
    figures = fed(
        grew(100, text=""), AnswerSettled("m", "1. A", "", 200), AnswerSettled("m", "1. A", "", 300)
    )
    assert figures.first_text_us == 200


def test_several_answers_are_measured_together_and_settled_apart() -> None:
    figures = fed(
        grew(1, text="abc", message_id="one"),
        grew(2, text="de", message_id="two"),
        AnswerSettled("one", "abcdef", "", 3),
    )
    assert figures.characters == 8


def test_a_chat_that_goes_on_after_tool_outputs_expects_its_end_again() -> None:
    figures = fed(
        noted("requires_action", 10, 1),
        TurnEnded(Outcome.REQUIRES_ACTION, 12),
        PhaseChanged(Phase.SENDING, 20),
        noted("tool_outputs", 20),
        noted("in_progress", 30, 2),
    )
    assert figures.outcome is None
    assert figures.total_us is None
    assert figures.expected == ("answer", "completed", "done")


def test_stalls_are_gaps_of_more_than_a_second() -> None:
    assert fed(grew(0, 1_000_000, 2_000_001, 9_000_000)).stalls == 2


def test_rate_is_of_the_last_second_and_in_the_end_of_all() -> None:
    figures = fed(*(grew(at) for at in range(0, 3_000_000, 10_000)))
    assert figures.rate() == pytest.approx(100, abs=11)
    assert figures.rate(now_us=10_000_000) == 0
    figures.add(TurnEnded(Outcome.COMPLETED, 20_000_000))
    assert figures.rate(now_us=30_000_000) == pytest.approx(100)


def test_rate_of_the_first_moments_is_no_exaggeration() -> None:
    assert fed(grew(50_000)).rate() <= 10
    assert TurnFigures().rate() == 0


def test_rates_cover_the_whole_life_in_few_slices() -> None:
    figures = fed(*(grew(at) for at in range(0, 5_000_000, 10_000)))
    for at in range(8_000_000, 60_000_000, 1_000_000):
        figures.add(grew(at))
    rates = figures.rates(10)
    assert 5 <= len(rates) <= 10
    assert rates[0] > 10 * rates[-2]
    assert TurnFigures().rates(10) == []


def test_rates_only_change_shape_when_they_must() -> None:
    figures = TurnFigures()
    before: list[float] = []
    reshaped = 0
    for at in range(0, 10_000_000, 50_000):
        figures.add(grew(at))
        rates = figures.rates(10)
        reshaped += before[:-1] != rates[: max(0, len(before) - 1)]
        before = rates
    assert reshaped <= 5


def size_of(figures: TurnFigures) -> int:
    """All memory reachable from it."""
    seen: set[int] = set()
    waiting: list[object] = [figures]
    total = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple)) or type(one).__name__ == "deque":
            waiting += list(one)  # type: ignore[call-overload]
        elif hasattr(one, "__dict__"):
            waiting.append(vars(one))
    return total


def test_a_hundred_thousand_deltas_take_no_more_memory_than_thirty_thousand() -> None:
    figures = TurnFigures()
    at = 0
    for _ in range(30_000):
        figures.add(grew(at := at + 700))
    before = size_of(figures)
    for _ in range(70_000):
        figures.add(grew(at := at + 700))
    assert size_of(figures) <= before + 2_000
    assert figures.deltas == 100_000
    assert len(figures.rows) == 1


def test_endless_different_events_end_in_one_counting_row() -> None:
    figures = TurnFigures()
    for number in range(1, 5_001):
        figures.add(noted(f"unknown-{number}", number, number))
    figures.add(grew(6_000, message_id="m"))
    assert len(figures.rows) == 2_001
    assert figures.rows[-1].name == "…"
    assert figures.rows[-1].count == 3_001
    assert figures.rows[-1].until_us == 6_000
    for number in range(5_000):
        figures.add(grew(7_000 + number, message_id=f"m{number}", text="ab"))
    assert figures.characters == 1 + 2 * 5_000


def test_a_bot_that_asks_back_is_no_bot_that_is_done() -> None:
    done = TurnEnded(Outcome.COMPLETED, 9_000)
    for asking in (noted("requires_action", 5_000), noted("verbose", 5_000, detail="interrupt")):
        figures = fed(noted("sent", 0), asking, done)
        assert figures.asks_back
        figures.add(PhaseChanged(Phase.IN_PROGRESS, 9_500))  # the outputs of local tools were submitted
        figures.add(done)
        assert not figures.asks_back
    assert not fed(noted("sent", 0), noted("verbose", 5_000, detail="generate_answer_finish"), done).asks_back


def test_a_refused_request_has_a_row_and_the_logid_of_the_refusal() -> None:
    refused = AuthError(4101, "no permission", logid="20250129F2A")
    figures = fed(noted("sent", 0, level="good"), TurnEnded(Outcome.FAILED, 6_000, refused))
    last = figures.rows[-1]
    assert (last.name, last.level, last.detail, last.at_us) == ("failed", "error", "4101", 6_000)
    assert figures.logid == "20250129F2A"
    page = ProtocolError("html", http_status=502, logid="20250129F2B")
    figures = fed(noted("sent", 0, level="good"), TurnEnded(Outcome.FAILED, 6_000, page))
    assert (figures.rows[-1].detail, figures.logid) == ("502", "20250129F2B")


def test_a_failure_that_an_event_has_told_is_not_told_twice() -> None:
    failed = noted("failed", 500_000, 4, level="error", detail="4028")
    figures = fed(noted("sent", 0), failed, TurnEnded(Outcome.FAILED, 531_000, ApiError(4028, "used up")))
    assert names(figures.rows) == ["sent", "failed"]
