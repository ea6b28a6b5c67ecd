"""A chat as bars over time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.model.gaps import Pause
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.timeline import Span, Timeline
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    EventNoted,
    EventRecord,
    FollowUpOffered,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    TurnUpdate,
)


def shape(timeline: Timeline) -> list[tuple[str, int, int]]:
    """Kind or tool, from and to, in milliseconds."""
    return [(span.name or span.kind, span.start_us // 1000, span.end_us // 1000) for span in timeline.spans]


def thought(*arrivals_ms: int) -> ReasoningGrew:
    return ReasoningGrew("m", "x", tuple(at * 1000 for at in arrivals_ms))


def grew(*arrivals_ms: int, text: str = "x") -> AnswerGrew:
    return AnswerGrew("m", text, tuple(at * 1000 for at in arrivals_ms))


def settled(at_ms: int) -> AnswerSettled:
    return AnswerSettled("m", "x", "", at_ms * 1000)


def called(call: str, at_ms: int) -> ToolCalled:
    return ToolCalled(call, call, "{}", at_ms * 1000)


def responded(call: str, at_ms: int, *, to: str | None = None) -> ToolResponded:
    return ToolResponded("r", call if to is None else to, call, "", 0, at_ms * 1000)


def ended(at_ms: int) -> TurnEnded:
    return TurnEnded(Outcome.COMPLETED, at_ms * 1000)


WHOLE: list[TurnUpdate] = [
    PhaseChanged(Phase.SENDING, 0),
    thought(118, 130, 200),
    called("search", 210),
    responded("search", 370),
    grew(412, 420, text=""),
    grew(430, 1700),
    settled(1704),
    FollowUpOffered("?", 1_820_000),
    FollowUpOffered("!", 1_880_000),
    EventNoted(EventRecord("completed", 1_902_000)),
    ended(1903),
]


def test_a_chat_is_the_sequence_of_its_steps() -> None:
    timeline = Timeline.of(WHOLE)
    assert shape(timeline) == [
        ("waiting", 0, 118),
        ("thinking", 118, 210),
        ("search", 210, 370),
        ("waiting", 370, 412),
        ("answering", 412, 1704),
        ("settling", 1704, 1903),
    ]
    assert [span.deltas for span in timeline.spans] == [0, 3, 0, 0, 4, 0]
    assert timeline.figures.first_text_us == 430_000
    assert timeline.follow_ups_us == [1_820_000, 1_880_000]
    assert timeline.total_us == 1_903_000
    assert timeline.figures.pauses.stalls == [Pause(430_000, 1_700_000)]
    assert timeline.figures.pauses.longest == Pause(430_000, 1_700_000)


def test_what_goes_on_is_open() -> None:
    timeline = Timeline.of(WHOLE[:2])
    assert shape(timeline) == [("waiting", 0, 118), ("thinking", 118, 200)]
    assert [span.is_open for span in timeline.spans] == [False, True]
    assert shape(Timeline()) == []


def test_calls_of_tools_may_overlap() -> None:
    timeline = Timeline.of([called("a", 100), called("b", 150), responded("a", 300), responded("b", 500)])
    timeline.add(grew(600))
    timeline.add(ended(700))
    assert shape(timeline) == [
        ("waiting", 0, 100),
        ("a", 100, 300),
        ("b", 150, 500),
        ("waiting", 500, 600),
        ("answering", 600, 700),
    ]


def test_a_tool_that_never_answers_lasts_to_the_end() -> None:
    timeline = Timeline.of([called("lamp", 100), ended(900)])
    assert shape(timeline) == [("waiting", 0, 100), ("lamp", 100, 900)]
    assert timeline.spans[-1].is_open


def test_knowledge_has_a_place_but_no_length() -> None:
    assert shape(Timeline.of([responded("knowledge", 80, to=""), ended(100)])) == [
        ("waiting", 0, 80),
        ("knowledge", 80, 80),
        ("waiting", 80, 100),
    ]


def test_an_answer_that_came_whole_has_a_place_but_no_length() -> None:
    assert shape(Timeline.of([settled(500), ended(510)])) == [
        ("waiting", 0, 500),
        ("answering", 500, 500),
        ("settling", 500, 510),
    ]


def test_a_thought_that_is_settled_late_is_no_answer() -> None:
    timeline = Timeline.of([thought(100), grew(200), settled(300), AnswerSettled("t", "", "想", 400_000)])
    timeline.add(ended(400))
    assert shape(timeline)[2:] == [("answering", 200, 300), ("settling", 300, 400)]


def test_between_two_answers_one_waits() -> None:
    timeline = Timeline.of([grew(100), settled(200), grew(400), settled(500), ended(600)])
    assert shape(timeline) == [
        ("waiting", 0, 100),
        ("answering", 100, 200),
        ("waiting", 200, 400),
        ("answering", 400, 500),
        ("settling", 500, 600),
    ]


def test_rates_are_of_the_deltas_over_the_time() -> None:
    arrivals = [100 + 10 * number for number in range(101)]
    [_, span] = Timeline.of([grew(*arrivals), ended(1100)]).spans
    assert len(span.rates) == 25
    assert sum(span.rates) / len(span.rates) * span.lasted_us / 1_000_000 == 101


def test_failures_are_marked() -> None:
    record = EventRecord("failed", 90_000, level="error")
    assert Timeline.of([EventNoted(record), ended(91)]).errors_us == [90_000]


TIMES = st.integers(0, 5_000)
ARRIVALS = st.lists(TIMES, min_size=1, max_size=5).map(sorted)
ANY_UPDATES = st.lists(
    st.one_of(
        ARRIVALS.map(lambda at: thought(*at)),
        ARRIVALS.map(lambda at: grew(*at)),
        TIMES.map(settled),
        st.builds(called, st.sampled_from("ab"), TIMES),
        st.builds(responded, st.sampled_from("abc"), TIMES),
        st.builds(lambda at: FollowUpOffered("?", at * 1000), TIMES),
        TIMES.map(ended),
    ),
    max_size=15,
)


@given(ANY_UPDATES)
def test_spans_lie_within_the_chat_in_order_whatever_comes(updates: list[TurnUpdate]) -> None:
    timeline = Timeline.of(updates)
    spans: list[Span] = list(timeline.spans)
    assert [span.start_us for span in spans] == sorted(span.start_us for span in spans)
    for span in spans:
        assert 0 <= span.start_us <= span.end_us <= timeline.total_us
        assert (span.kind == "tool") == (span.name != "")
        assert all(rate >= 0 for rate in span.rates)


def test_a_tool_between_two_answers_is_waited_for_and_nothing_else() -> None:
    timeline = Timeline.of(
        [
            grew(100, 200),
            settled(200),
            called("ferry", 300),
            responded("ferry", 900),
            grew(1000),
            settled(1100),
        ]
    )
    timeline.add(ended(1200))
    assert shape(timeline) == [
        ("waiting", 0, 100),
        ("answering", 100, 200),
        ("waiting", 200, 300),
        ("ferry", 300, 900),
        ("waiting", 900, 1000),
        ("answering", 1000, 1100),
        ("settling", 1100, 1200),
    ]
