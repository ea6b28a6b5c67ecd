"""Many runs, measured."""

from __future__ import annotations

from dataclasses import replace

from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.bench import Run, measurements, run_of, sequence_of
from coze_tui.engine.model.figures import EventRow, TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.updates import TurnEnded
from coze_tui.errors import QuotaError, StreamCut
from coze_tui.text.i18n import use_language
from tests.support.examples import RUN


def run(number: int, **facts: object) -> Run:
    return replace(RUN, number=number, **facts)  # type: ignore[arg-type]  # a test names what it changes


def row(name: str, detail: str = "") -> EventRow:
    return EventRow(name, 0, 0, detail=detail)


def test_a_turn_becomes_a_run() -> None:
    state, figures = TurnState(), TurnFigures()
    figures.add_all(state.sent())
    frames = [
        Frame("conversation.chat.created", '{"id":"71","conversation_id":"72"}', 10),
        Frame(
            "conversation.message.completed",
            '{"id":"1","type":"function_call","content":"{\\"name\\":\\"search\\",\\"arguments\\":{}}"}',
            20,
        ),
        Frame("conversation.message.delta", '{"id":"2","type":"answer","content":"七天"}', 30),
        Frame("conversation.message.delta", '{"id":"2","type":"answer","content":"。"}', 50),
        Frame("conversation.message.completed", '{"id":"2","type":"answer","content":"七天。"}', 60),
        Frame(
            "conversation.chat.completed",
            '{"id":"71","status":"completed","usage":{"token_count":9,"output_count":4,"input_count":5}}',
            70,
        ),
    ]
    for frame in frames:
        figures.add_all(state.apply(parse_event(frame)))
    figures.add(TurnEnded(Outcome.COMPLETED, 80))
    found = run_of(3, "A", state, figures)
    assert (found.number, found.bot_id, found.outcome) == (3, "A", Outcome.COMPLETED)
    assert (found.first_text_us, found.total_us, found.longest_gap_us) == (30, 80, 20)
    assert (found.tokens, found.input_tokens, found.output_tokens, found.characters) == (9, 5, 4, 3)
    assert (found.answer, found.tools, found.chat_id) == ("七天。", ("search",), "71")
    assert found.sequence == ("sent", "created", "function_call search", "delta", "answer", "completed")
    assert (found.error_code, found.error) == (0, "")


def test_a_failed_turn_keeps_code_and_words_and_one_without_an_error_its_outcome() -> None:
    figures = TurnFigures()
    figures.add(TurnEnded(Outcome.FAILED, 5, QuotaError(4028, "used up")))
    failed = run_of(1, "A", TurnState(), figures)
    assert failed.error_code == 4028
    assert "4028" in failed.error
    figures = TurnFigures()
    figures.add(TurnEnded(Outcome.INTERRUPTED, 5, StreamCut("closed")))
    assert run_of(1, "A", TurnState(), figures).error_code == 0
    figures = TurnFigures()
    figures.add(TurnEnded(Outcome.REQUIRES_ACTION, 5))
    use_language("zh_CN")
    try:
        assert run_of(1, "A", TurnState(), figures).error == "需要工具输出"
    finally:
        use_language("en")


def test_neighbors_of_one_name_count_once() -> None:
    rows = [row("delta"), row("delta"), row("verbose"), row("follow_up"), row("follow_up"), row("delta")]
    assert sequence_of(rows) == ("delta", "verbose", "follow_up", "delta")
    calls = [row("function_call", "a"), row("function_call", "b"), row("function_call", "b")]
    assert sequence_of(calls) == ("function_call a", "function_call b")
    assert len(sequence_of([row(str(number)) for number in range(5000)])) == 200


def test_times_are_spread_over_all_runs_and_tokens_added_up() -> None:
    [found] = measurements([run(n, first_text_us=n * 10, total_us=n * 100) for n in range(1, 101)], ["A"])
    assert (found.first_text.p50, found.first_text.p90, found.first_text.p99) == (500, 900, 990)
    assert (found.total.p50, found.total.p99) == (5000, 9900)
    assert (found.tokens, found.input_tokens, found.output_tokens) == (700, 300, 400)
    assert found.completed == 100
    assert (found.failures, found.strange) == ((), ())


def test_failures_are_counted_by_code_the_most_frequent_first() -> None:
    bad = {"outcome": Outcome.FAILED, "first_text_us": None}
    [found] = measurements(
        [
            run(1, error_code=4013, error="model", **bad),
            run(2),
            run(3, error_code=4009, error="busy", **bad),
            run(4, error_code=4009, error="busy", **bad),
        ],
        ["A"],
    )
    assert [(failure.code, failure.runs) for failure in found.failures] == [(4009, (3, 4)), (4013, (1,))]
    assert found.completed == 1
    assert found.total.values == (1000,)


def test_another_sequence_than_the_usual_one_is_told_with_its_runs() -> None:
    odd = ("created", "delta", "verbose", "delta", "completed")
    [found] = measurements([run(1), run(2, sequence=odd), run(3), run(4, sequence=odd), run(5)], ["A"])
    assert found.usual == RUN.sequence
    assert [(each.sequence, each.runs) for each in found.strange] == [(odd, (2, 4))]


def test_bots_stay_apart_and_in_order_and_stopped_runs_are_left_out() -> None:
    runs = [run(2, bot_id="B"), run(1, bot_id="B"), run(1), run(2, outcome=Outcome.CANCELED)]
    first, second = measurements(runs, ["A", "B"])
    assert (first.bot_id, [each.number for each in first.runs]) == ("A", [1])
    assert (second.bot_id, [each.number for each in second.runs]) == ("B", [1, 2])


def test_nothing_at_all_is_measured_as_nothing() -> None:
    [found] = measurements([], ["A"])
    assert (found.runs, found.usual, found.first_text.p50, found.tokens) == ((), (), 0, 0)
