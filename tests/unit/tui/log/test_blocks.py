"""Blocks give the lines they promise, and keep their source whatever is drawn of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from coze_tui.api.events import error_of_code
from coze_tui.engine.model import updates
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import ChatRecord
from coze_tui.engine.model.transcript import ChatTranscript
from coze_tui.errors import CozeTuiError, QuotaError, StillAnswering, StreamCut, TransportError
from coze_tui.render.inline import render_plain
from coze_tui.render.json_tree import json_lines
from coze_tui.render.palette import Palette
from coze_tui.render.wrap import MEASURE
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.blocks import (
    SLICE,
    SLICE_LINES,
    FoldBlock,
    HeaderBlock,
    NoticeBlock,
    PlainBlock,
    ToolBlock,
    slices_of,
)
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.log.follow_ups import FollowUpsBlock
from coze_tui.tui.log.reasoning import ReasoningBlock

PALETTE = Palette.dark()


def text_of(entry: AnswerEntry | QuestionEntry, width: int = 60, palette: Palette = PALETTE) -> str:
    return "\n".join(entry.line(n)[0].plain.rstrip() for n in range(entry.lay_out(width, palette)))


def test_emoji_variants_are_dropped_from_the_drawing_and_kept_in_the_source() -> None:
    simple = replace(PALETTE, simple_emoji=True)
    for block in (AnswerBlock("m", "a ❤️ 👍🏽 b"), PlainBlock("a ❤️ 👍🏽 b")):
        drawn = "".join(line.plain for line in block.lines(40, simple))
        assert drawn == "a ❤ 👍 b"
        assert block.copy_text() == "a ❤️ 👍🏽 b"
    assert "❤️" in "".join(line.plain for line in PlainBlock("❤️").lines(40, PALETTE))


def test_a_header_leaves_out_facts_that_do_not_fit() -> None:
    block = HeaderBlock("bot", "accent", ["10:02:09", "first text 412 ms", "9 tokens"])
    assert block.lines(80, PALETTE)[0].plain == "bot  10:02:09 · first text 412 ms · 9 tokens"
    assert block.lines(30, PALETTE)[0].plain == "bot  10:02:09 · 9 tokens"
    assert block.lines(4, PALETTE)[0].plain == "bot"


def test_a_choice_that_the_answer_lists_is_offered_and_not_shown_again() -> None:
    entry = AnswerEntry("bot", 0)
    entry.answer_settled(updates.AnswerSettled("m", "Where to?\n\n1. 北京\n2. 上海", "", 0))
    for question in ("北京", "上海", "Why?"):
        entry.follow_up(updates.FollowUpOffered(question, 0))
    assert entry.follow_ups == ["北京", "上海", "Why?"]
    *_, block = entry.blocks
    assert isinstance(block, FollowUpsBlock)
    block.show_offered(is_offered=True)
    assert [line.plain for line in block.lines(40, PALETTE)] == ["3 Why?"]
    assert block.question_at(0, 2) == "Why?"


def test_the_head_names_the_first_text_of_a_card() -> None:
    entry = AnswerEntry("bot", 0)
    entry.figures = TurnFigures()
    settled = updates.AnswerSettled("m", "Where to?", "", 412_000)
    entry.figures.add(settled)
    entry.answer_settled(settled)
    assert "first text 412 ms" in text_of(entry)


def test_follow_ups_are_found_where_they_are_drawn() -> None:
    block = FollowUpsBlock(["短", "a much longer question"])
    block.show_offered(is_offered=True)
    lines = block.lines(20, PALETTE)
    assert [line.plain for line in lines] == ["1 短", "2 a much longer que…"]
    assert block.question_at(0, 2) == "短"
    assert block.question_at(1, 5) == "a much longer question"
    assert block.question_at(0, 15) is None


@pytest.mark.parametrize(
    "text", ["a line\n" * 5_000, "x" * 20_000 + "\nend", "\n" * 20_000, "x" * SLICE + "\n" + "y" * SLICE, ""]
)
def test_a_long_plain_text_is_laid_out_in_slices_without_a_difference(text: str) -> None:
    slices = slices_of(text)
    assert "\n".join(slices) == text
    assert all(len(piece) <= SLICE or "\n" not in piece for piece in slices)
    block = PlainBlock(text)
    steps = [len(block.lines(60, PALETTE))]
    while block.is_behind:
        steps.append(block.advance())
    assert len(steps) == len(slices)
    lines = list(block.lines(60, PALETTE))
    assert lines == render_plain(text, 60, PALETTE.text)
    assert block.height(60, PALETTE) == len(lines)
    block.release()
    assert block.height(60, PALETTE) == len(lines)


def opened(fold: FoldBlock) -> FoldBlock:
    fold.toggle()
    return fold


def tool(arguments: str, response: str) -> ToolBlock:
    block = ToolBlock("m", "name", arguments, lambda _block: "")
    block.respond(response, 0)
    return block


NUMBERS = json.dumps({"x": [{"k": n, "deep": [[n], {"a": [n]}]} for n in range(500)]})


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: opened(tool(NUMBERS, NUMBERS)), None),
        (lambda: opened(tool("", "a line\n" * 5_000)), "a line\n" * 5_000),
        (lambda: opened(ReasoningBlock("m", "a thought\n" * 5_000)), "a thought\n" * 5_000),
    ],
    ids=["JSON", "plain", "reasoning"],
)
def test_a_long_fold_is_laid_out_in_slices_without_a_difference(
    make: Callable[[], FoldBlock], text: str | None
) -> None:
    block = make()
    first = len(block.lines(60, PALETTE))
    assert first <= SLICE_LINES + 1, "and its head"
    assert block.is_behind
    while block.is_behind:
        before = len(block.lines(60, PALETTE))
        assert block.advance() == before
        assert before < len(block.lines(60, PALETTE)) <= before + SLICE_LINES or not block.is_behind
    lines = [line.plain[2:] for line in block.lines(60, PALETTE)[1:]]
    if text is None:
        half = [line.plain for line in json_lines(NUMBERS, 58, PALETTE)]
        assert lines == [*half, "→", *half]
    else:
        assert lines == [line.plain for line in render_plain(text, 58, PALETTE.text)]
    height = block.height(60, PALETTE)
    block.release()
    assert block.height(60, PALETTE) == height, "what is below it does not jump while it is laid out again"
    block.toggle()
    assert block.height(60, PALETTE) == 1
    assert not block.is_behind


def test_the_end_of_reasoning_that_arrives_is_in_sight_however_long_it_is() -> None:
    block = ReasoningBlock("m")
    block.toggle()
    for number in range(1_000):
        block.append(f"thought {number}\n", (number + 1,))
    assert "thought 999" in block.lines(60, PALETTE)[-2].plain


def test_a_follow_up_of_any_length_is_cut_to_a_line() -> None:
    [line] = FollowUpsBlock(["海" * 1_000_000]).lines(20, PALETTE)
    assert line.plain == f"· {'海' * 8}…"


@pytest.mark.parametrize(
    ("outcome", "error", "said"),
    [
        (Outcome.COMPLETED, None, ""),
        (Outcome.CANCELED, None, "stopped at"),
        (Outcome.INTERRUPTED, None, "cut off at"),
        (Outcome.INTERRUPTED, QuotaError(4028, "x", logid="LOG1"), "— the rest cannot be fetched"),
        (Outcome.INTERRUPTED, QuotaError(4028, "x", logid="LOG1"), "4028"),
        (Outcome.INTERRUPTED, StreamCut("timeout", "no event for 5 s"), "no event for 5 s"),
        (Outcome.INTERRUPTED, StillAnswering(5), "Coze was still answering after 5 s"),
        (Outcome.INTERRUPTED, TransportError("refused", url="http://x"), "connection refused by http://x"),
        (Outcome.FAILED, QuotaError(4028, "x", logid="LOG1"), "logid LOG1"),
        (Outcome.FAILED, None, "failed"),
        (Outcome.EXPIRED, None, "Coze dropped it"),
    ],
)
def test_how_a_turn_ended_is_said_under_it(outcome: Outcome, error: CozeTuiError | None, said: str) -> None:
    entry = AnswerEntry("bot", 1_760_000_000_000)
    entry.answer_grew(updates.AnswerGrew("m", "half an answer", (1_000,)))
    entry.end(updates.TurnEnded(outcome, 2_000_000, error))
    assert "half an answer" in text_of(entry)
    assert said in text_of(entry)


@pytest.mark.parametrize("code", [4000, 4001, 4100, 4101, 5000])
def test_recovery_is_offered_unless_coze_refuses_it(code: int) -> None:
    entry = AnswerEntry("bot", 1_760_000_000_000)
    entry.end(updates.TurnEnded(Outcome.INTERRUPTED, 2_000_000, error_of_code(code, "x")))
    assert ("type /recover" in text_of(entry)) == (code == 5000)


def test_a_live_entry_looks_like_the_told_one() -> None:
    live = AnswerEntry("bot", 1_760_000_000_000)
    live.reasoning_grew(updates.ReasoningGrew("m", "thinking", (100_000,)))
    live.tool_called(updates.ToolCalled("c", "ferry", '{"pier":3}', 150_000))
    live.tool_responded(updates.ToolResponded("r", "c", "ferry", "18:40", 60_000, 210_000))
    live.figures = TurnFigures()
    for piece in ("It ", "is **18:40**."):
        update = updates.AnswerGrew("m", piece, (300_000,))
        live.figures.add(update)
        live.answer_grew(update)
    live.answer_settled(updates.AnswerSettled("m", "It is **18:40**.", "thinking", 400_000))
    live.follow_up(updates.FollowUpOffered("And then?", 500_000))
    live.usage(1902)
    live.end(updates.TurnEnded(Outcome.COMPLETED, 1_900_000))
    text = text_of(live, 90)
    assert "▸ thought for 50 ms" in text
    assert "▸ ferry(3)  → 5 B in 60 ms" in text
    assert "It is 18:40." in text
    assert "· And then?" in text
    assert "1.9 s · first text 300 ms · 1,902 tokens" in text
    assert live.copy_text() == "It is **18:40**."


def test_what_was_said_of_an_end_goes_when_the_chat_goes_on() -> None:
    entry = AnswerEntry.of(ChatTranscript(ChatRecord(key=1, sent_at=1_760_000_000_000, bot_name="bot")))
    assert "cut off" in text_of(entry)
    entry.resumed()
    assert "cut off" not in text_of(entry)
    assert entry.outcome is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "▸ ferry  "),
        ("{}", "▸ ferry  "),
        ('{"query":"2025 春节"}', '▸ ferry("2025 春节")  '),
        ('{"pier":3,"names":["a",null]}', '▸ ferry(pier: 3, names: ["a", null])  '),
        ('[1,"x"]', '▸ ferry([1,"x"])  '),
        ("no JSON", "▸ ferry(no JSON)  "),
        pytest.param("[" * 100_000, f"▸ ferry({'[' * 47}…)  ", id="deep"),
        ('{"a":"b\\nc\\u001b[31m"}', '▸ ferry("b\\nc\\u001b[31m")  '),
    ],
)
def test_the_arguments_of_a_call_are_told_as_a_person_would_write_them(arguments: str, told: str) -> None:
    block = ToolBlock("m", "ferry", arguments, lambda _block: "→")
    assert block.lines(100, PALETTE)[0].plain == f"{told}→"


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (60, '▸ ferry-next(pier: "三号码头", count: 3)  → 161 B in 901 ms'),
        (56, '▸ ferry-next(pier: "三号码头", coun…)  → 161 B in 901 ms'),
        (40, "▸ ferry-next(pier:…)  → 161 B in 901 ms"),
        (34, "▸ ferry-next(…)  → 161 B in 901 ms"),
        (33, "▸ ferry-next(…)  → 161 B in 901…"),
        (17, "▸ ferry-next(…)…"),
        (12, "▸ ferry-nex…"),
        (1, "…"),
    ],
)
def test_a_call_in_little_room_tells_its_name_and_what_came_of_it_before_its_arguments(
    width: int, told: str
) -> None:
    arguments = '{"pier":"三号码头","count":3}'
    block = ToolBlock("m", "ferry-next", arguments, lambda _block: "→ 161 B in 901 ms")
    assert block.lines(width, PALETTE)[0].plain == told


def test_follow_ups_are_numbered_on_one_line_each_and_kept_whole() -> None:
    questions = [f"question {number}\nof two lines" for number in range(1, 12)]
    block = FollowUpsBlock(questions)
    block.show_offered(is_offered=True)
    drawn = ["".join(part.text for part in line.body) for line in block.lines(24, PALETTE)]
    assert drawn[0].startswith("1 question 1 of two")
    assert drawn[10].startswith("11 question 11 of")
    assert block.question_at(10, 5) == questions[10]


def follow_ups(block: FollowUpsBlock, width: int = 60) -> list[str]:
    return [line.plain for line in block.lines(width, Palette.dark())]


def test_follow_ups_have_numbers_and_color_only_while_a_digit_chooses_them() -> None:
    block = FollowUpsBlock(["Why?", "Who?"])
    assert follow_ups(block) == ["· Why?   · Who?"]
    block.show_offered(is_offered=True)
    assert follow_ups(block) == ["1 Why?   2 Who?"]
    block.show_offered(is_offered=True, lit=2)
    [line] = block.lines(60, Palette.dark())
    lit = "".join(part.text for part in line.body if part.style is not None and part.style.reverse)
    assert lit == "2 Who?"
    assert block.question_at(0, 10) == "Who?"


def test_follow_ups_have_a_line_each_if_one_is_long_and_a_greeting_says_how_to_choose() -> None:
    block = FollowUpsBlock(["Why?", "Why is the Dead Sea so salty?"])
    block.show_offered(is_offered=True)
    assert follow_ups(block, 90) == ["1 Why?   2 Why is the Dead Sea so salty?"]
    assert follow_ups(block, 60) == ["1 Why?", "2 Why is the Dead Sea so salty?"]
    block = FollowUpsBlock(["Why?", "Who?"], is_list=True)
    assert follow_ups(block) == ["· Why?", "· Who?"]
    block.show_offered(is_offered=True)
    assert follow_ups(block) == ["1 Why?", "2 Who?", "  press a number, then Enter"]


def test_prose_has_a_measure_in_every_block_and_the_output_of_a_tool_has_not() -> None:
    text = "it is said and said again " * 20
    reasoning = ReasoningBlock("m", text)
    reasoning.toggle()
    live = ReasoningBlock("m")
    live.append(text, [1_000])
    for block in (
        AnswerBlock("m", text),
        PlainBlock(text),
        reasoning,
        live,
        NoticeBlock(f"{text}\n{text}", "error", "✗"),
    ):
        lines = block.lines(200, PALETTE)
        assert MEASURE - 12 < max(line.wide for line in lines) <= MEASURE
        assert block.estimate(200) >= block.estimate(MEASURE)
    tool = ToolBlock("m", "ferry", "", lambda _block: "")
    tool.respond(text, 1_000)
    tool.toggle()
    assert max(line.wide for line in tool.lines(200, PALETTE)) > 180
