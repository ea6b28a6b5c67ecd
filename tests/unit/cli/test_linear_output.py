"""A turn as labeled lines: nothing torn, nothing twice, nothing moved."""

from __future__ import annotations

import io

import pytest

from coze_tui.api.objects import Usage
from coze_tui.cli.linear_output import LinearPrinter
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    FollowUpOffered,
    LogidReported,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.errors import ApiError, AuthError

END = TurnEnded(Outcome.COMPLETED, 1_900_000)
BASE_URL = "http://127.0.0.1:8888"


def grew(text: str, message_id: str = "1", at_us: int = 412_000) -> AnswerGrew:
    return AnswerGrew(message_id, text, (at_us,))


def settled(text: str, message_id: str = "1") -> AnswerSettled:
    return AnswerSettled(message_id, text, "", 1_000_000)


def lines(*updates: TurnUpdate) -> list[str]:
    out = io.StringIO()
    printer = LinearPrinter(out, bot_name="海水", base_url=BASE_URL)
    printer.begin()
    for update in updates:
        printer.show(update)
    return out.getvalue().split("\n")[:-1]


def written(*updates: TurnUpdate) -> str:
    """As far as it is on the screen while more may come."""
    out = io.StringIO()
    printer = LinearPrinter(out, bot_name="海水", base_url=BASE_URL)
    for update in updates:
        printer.show(update)
    return out.getvalue()


def test_an_answer_stands_under_its_label_and_the_status_says_how_it_ended() -> None:
    assert lines(
        LogidReported("2026LOG"), grew("一。二"), settled("一。二"), UsageReported(Usage(15, 5, 10)), END
    ) == ["海水: 一。二", "Status: completed, 1.9 s, first text 412 ms, tokens 10 in, 5 out, logid 2026LOG"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("half a wo", ""),
        ("One. Two", "海水: One."),
        ("3.14 is", ""),
        ("一。二", "海水: 一。"),
        ("a\n- b\n- c", "海水: a\n- b\n"),
    ],
)
def test_only_whole_lines_and_sentences_are_written(text: str, seen: str) -> None:
    assert written(grew(text)) == seen


def test_any_split_of_an_answer_ends_in_the_same_lines() -> None:
    text = "# Head\n\nOne. Two: 3.14!\n\n```\ncode;\n```\n末尾。"
    whole = lines(grew(text), settled(text), END)
    for place in range(1, len(text)):
        assert lines(grew(text[:place]), grew(text[place:]), settled(text), END)[:-1] == whole[:-1]


def test_what_did_not_arrive_by_deltas_is_told_at_the_end() -> None:
    assert lines(settled("whole"), END)[0] == "海水: whole"
    assert lines(grew("one. t"), settled("one. two"), END)[0] == "海水: one. two"


def test_a_replaced_answer_is_told_as_one() -> None:
    told = lines(grew("一。"), settled("二。"), END)
    assert told[:3] == [
        "海水: 一。",
        "Status: the bot replaced its answer; the new one follows",
        "海水: 二。",
    ]


def test_a_completed_text_whose_ends_are_stripped_is_not_written_again() -> None:
    assert lines(grew("一。\n"), settled("一。"), END)[0] == "海水: 一。"
    assert "replaced" not in "".join(lines(grew("一。\n"), settled("一。"), END))


def test_answers_at_once_stay_apart_each_under_its_label() -> None:
    told = lines(grew("a\n", "1"), grew("x\n", "2"), grew("b\n", "1"), settled("a\nb\n", "1"), END)
    assert told[:3] == ["海水: a", "海水: x", "海水: b"]


def test_an_answer_that_is_never_completed_is_written_before_the_next() -> None:
    assert written(grew("Let me look"), grew("One. ", "2")) == "海水: Let me look\n海水: One."


def test_a_repeated_completed_text_is_written_once() -> None:
    assert lines(grew("一。二"), settled("一。二"), settled("一。二"), END)[0] == "海水: 一。二"


def test_thoughts_tools_and_suggestions_have_labels_of_their_own() -> None:
    told = lines(
        ReasoningGrew("1", "先想。", (1,)),
        ToolCalled("2", "search", '{"q":"春节"}', 1),
        ToolResponded("3", "2", "search", "xyz", 1, 2),
        grew("好。"),
        FollowUpOffered("再问？", 3),
        END,
    )
    assert told[:5] == [
        "Thinking: 先想。",
        'Tool: search {"q":"春节"}',
        "Tool: search returned 3 B",
        "海水: 好。",
        "Suggestion 1: 再问？",
    ]


def test_a_cut_answer_keeps_its_text_and_says_so() -> None:
    told = lines(grew("half a wo"), TurnEnded(Outcome.INTERRUPTED, 5_000))
    assert told[0] == "海水: half a wo"
    assert "cut off; type /recover" in told[1]


def test_a_cut_whose_rest_is_refused_reports_both_and_offers_nothing() -> None:
    told = lines(grew("half"), TurnEnded(Outcome.INTERRUPTED, 5_000, AuthError(4101, "no permission")))
    assert told[1].startswith("Error: the token lacks a permission (error 4101)")
    assert "#permissions-by-feature" in told[2]
    assert "cut off; the rest cannot be fetched" in told[3]
    assert "/recover" not in "".join(told)


def test_a_failure_is_told_with_what_to_do() -> None:
    error = ApiError(987654, "something new", logid="2026LOG")
    told = lines(TurnEnded(Outcome.FAILED, 5_000, error))
    assert told[0].startswith("Error: something new (error 987654)")
    assert "in that server's logs" in told[0]
    assert told[1].startswith("Status: failed")


def test_fetching_the_rest_is_told() -> None:
    assert "fetching the rest" in lines(PhaseChanged(Phase.RECOVERING, 1), END)[0]


def test_what_came_before_a_cut_does_not_wait_for_the_rest() -> None:
    cut: list[TurnUpdate] = [grew("One. half an "), PhaseChanged(Phase.RECOVERING, 1)]
    status = "Status: connection lost; fetching the rest"
    assert lines(*cut) == ["海水: One. half an", status]
    assert lines(*cut, settled("One. half an answer"), END)[:3] == [
        "海水: One. half an",
        status,
        "海水: answer",
    ]


def test_a_tool_that_says_something_hostile_moves_nothing() -> None:
    told = written(ToolCalled("2", "a\x1b[2Jb", "{}", 1))
    assert "\x1b" not in told


THINKS = "Thinking: 先想。再想"


def test_reasoning_ends_before_the_answer_begins() -> None:
    grown: list[TurnUpdate] = [
        ReasoningGrew("1", "先想。", (1,)),
        ReasoningGrew("1", "再想", (2,)),
        grew("答"),
        grew("案。"),
    ]
    assert lines(*grown, settled("答案。"), END)[:2] == [THINKS, "海水: 答案。"]
    assert written(*grown[:3]) == THINKS, "before a sentence of the answer is complete"


def test_reasoning_of_another_message_ends_before_the_answer_too() -> None:
    grown: list[TurnUpdate] = [ReasoningGrew("0", "先想。再想", (1,)), grew("答案。"), settled("答案。"), END]
    assert lines(*grown)[:2] == [THINKS, "海水: 答案。"]


def test_an_empty_piece_of_an_answer_does_not_cut_the_reasoning() -> None:
    assert written(ReasoningGrew("1", "先想。再", (1,)), grew(""), ReasoningGrew("1", "想", (2,))) == (
        "Thinking: 先想。"
    )


def test_reasoning_that_comes_with_the_completed_answer_stands_before_it() -> None:
    whole = AnswerSettled("1", "答案。", "先想。再想", 1_000_000)
    assert lines(whole, END)[:2] == [THINKS, "海水: 答案。"]
    begun: list[TurnUpdate] = [ReasoningGrew("1", "先想。", (1,)), whole, END]
    assert lines(*begun)[:2] == [THINKS, "海水: 答案。"]
    late = lines(grew("答案。"), whole, END)
    assert late[0] == "海水: 答案。"
    assert not [line for line in late if line.startswith("Thinking")], "it never follows the answer"


def test_an_answer_and_its_reasoning_are_text_and_not_markdown() -> None:
    thinks, text = "想 **清** 楚\\。", "**好**\\_\n\n| 名称 | 价格 |\n|:---|---:|\n| `苹果` | 5 |\n"
    grown: list[TurnUpdate] = [ReasoningGrew("1", thinks, (1,)), grew(text), settled(text), END]
    assert lines(*grown)[:5] == ["Thinking: 想 清 楚\\。", "海水: 好_", "", "名称: 苹果", "价格: 5"]


def test_the_marks_of_a_sentence_are_waited_for() -> None:
    assert written(grew("**一。二")) == ""
    assert written(grew("**一。二"), grew("**。三")) == "海水: 一。二。"


def test_only_an_answer_that_differs_in_what_is_written_is_replaced() -> None:
    assert lines(grew("**一**。二"), settled("**一**。三"), END)[0] == "海水: 一。三"
    assert "replaced" in "".join(lines(grew("**一**。二"), settled("二。"), END))


def test_text_after_a_break_in_the_stream_is_written_once() -> None:
    text = "- **一** 二\n- 三四\n\n```py\nx = 1\n```\n尾"
    for place in range(1, len(text)):
        told = lines(grew(text[:place]), PhaseChanged(Phase.RECOVERING, 1), settled(text), END)
        assert "replaced" not in "".join(told)
        for character in "一二三四尾":
            assert "".join(told).count(character) == 1
