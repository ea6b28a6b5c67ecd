"""Reasoning in the log: its last lines while it arrives, one line afterward."""

from __future__ import annotations

import json

import pytest

from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.model import updates
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.transcript import chat_transcripts
from coze_tui.engine.session.recorder import messages_of
from coze_tui.render.palette import Palette
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.reasoning import ReasoningBlock

PALETTE = Palette.dark()


def lines(entry: AnswerEntry, width: int = 60) -> list[str]:
    return [entry.line(number)[0].plain.rstrip() for number in range(entry.lay_out(width, PALETTE))][1:-1]


def thinking(*pieces: str) -> AnswerEntry:
    entry = AnswerEntry("bot", 1_000)
    for number, piece in enumerate(pieces):
        entry.reasoning_grew(updates.ReasoningGrew("m", piece, (1_000_000 + number * 700_000,)))
    return entry


def test_the_last_two_lines_are_shown_while_it_arrives_and_none_once_the_answer_begins() -> None:
    entry = thinking("First.\n", "Second.\n", "Third")
    assert lines(entry) == ["▾ thinking 1.4 s", "  Second.", "  Third"]
    entry.answer_grew(updates.AnswerGrew("m", "So.", (2_700_000,)))
    assert lines(entry) == ["▸ thought for 1.7 s", "", "So."]


def test_other_parts_end_it_too_and_the_end_of_the_chat_does() -> None:
    entry = thinking("First", "second")
    entry.tool_called(updates.ToolCalled("c", "ferry", "", 2_000_000))
    assert lines(entry)[0] == "▸ thought for 1.0 s"
    entry = thinking("First", "second")
    entry.reasoning_grew(updates.ReasoningGrew("n", "again", (2_500_000,)))
    assert lines(entry) == ["▸ thought for 1.5 s", "▾ thinking…", "  again"]
    entry = thinking("First", "second")
    entry.end(updates.TurnEnded(Outcome.CANCELED, 9_000_000))
    assert lines(entry)[0] == "▸ thought for 700 ms"


def test_it_is_seen_again_if_the_chat_is_shown_from_its_start() -> None:
    entry = thinking("First.\n", "Second.")
    entry.begin_again()
    entry.reasoning_grew(updates.ReasoningGrew("m", "First.", (1_000_000,)))
    assert lines(entry) == ["▾ thinking…", "  First."]


def test_words_stay_in_their_lines_while_more_arrive() -> None:
    words = [f"word{number} " for number in range(80)]
    entry = AnswerEntry("bot", 1_000)
    seen: list[list[str]] = []
    for number, word in enumerate(words):
        entry.reasoning_grew(updates.ReasoningGrew("m", word, (number + 1,)))
        shown = lines(entry, 40)[1:]
        if shown not in seen:
            seen.append(shown)
    whole = ReasoningBlock("m", "".join(words))
    whole.toggle()
    wrapped = [line.plain.rstrip() for line in whole.lines(40, PALETTE)][1:]
    for last in seen:
        assert len(last) <= 2
        *before, growing = last
        assert all(line in wrapped for line in before)
        assert any(line.startswith(growing) for line in wrapped)


def test_an_open_one_shows_all_of_it_and_stays_open() -> None:
    entry = thinking("First.\n", "Second.\n", "Third")
    block = next(block for block in entry.blocks if isinstance(block, ReasoningBlock))
    block.toggle()
    assert lines(entry) == ["▾ thinking 1.4 s", "  First.", "  Second.", "  Third"]
    entry.answer_grew(updates.AnswerGrew("m", "So.", (2_700_000,)))
    assert lines(entry)[:2] == ["▾ thought for 1.7 s", "  First."]


def test_a_flood_of_reasoning_lays_out_only_its_end() -> None:
    block = ReasoningBlock("m")
    block.append("word " * 200_000 + "\nthe end", (1,))
    assert len(block.lines(60, PALETTE)) == 3
    assert "the end" in block.lines(60, PALETTE)[-1].plain


def frame(kind: str, at_us: int, **data: object) -> Frame:
    about = {"role": "assistant", "type": "answer", "content": "", "content_type": "text"}
    return Frame(f"conversation.message.{kind}", json.dumps(about | data), at_us)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (
            [
                frame("delta", 1_000_000, id="a", reasoning_content="First"),
                frame("delta", 1_500_000, id="a", reasoning_content="second"),
                frame("completed", 2_000_000, id="c", type="function_call", content='{"name":"ferry"}'),
                frame("delta", 3_000_000, id="b", reasoning_content="Then"),
                frame("delta", 4_200_000, id="b", content="So."),
                frame("delta", 5_000_000, id="a", reasoning_content="late"),
            ],
            ["▸ thought for 1.0 s", "▸ thought for 1.2 s"],
        ),
        (
            [
                frame("delta", 1_000_000, id="a", content="<think>First"),
                frame("delta", 1_300_000, id="a", content=" second</think>"),
                frame("delta", 1_700_000, id="a", content="So."),
            ],
            ["▸ thought for 700 ms"],
        ),
        (
            [
                frame("delta", 1_000_000, id="a", reasoning_content="First"),
                frame("delta", 1_400_000, id="b", reasoning_content="Second"),
                frame("delta", 1_900_000, id="b", reasoning_content="Third"),
            ],
            ["▸ thought for 400 ms", "▸ thought for 500 ms"],
        ),
        ([frame("completed", 9_000_000, id="a", content="So.", reasoning_content="All")], ["▸ reasoning"]),
    ],
)
def test_a_reopened_chat_says_the_same_of_its_reasoning_as_the_live_one(
    frames: list[Frame], words: list[str]
) -> None:
    state, live = TurnState(), AnswerEntry("bot", 0)
    for update in (update for each in frames for update in state.apply(parse_event(each))):
        match update:
            case updates.ReasoningGrew():
                live.reasoning_grew(update)
            case updates.AnswerGrew():
                live.answer_grew(update)
            case updates.AnswerSettled():
                live.answer_settled(update)
            case updates.ToolCalled():
                live.tool_called(update)
    live.end(updates.TurnEnded(Outcome.CANCELED, 9_000_000))
    [stored] = chat_transcripts(messages_of(state, 0), (), bot_name="bot", site="")

    def told(entry: AnswerEntry) -> list[str]:
        return [line for line in lines(entry) if line.startswith(("▸ thought", "▸ reasoning"))]

    assert told(live) == words
    assert told(AnswerEntry.of(stored)) == words


def test_a_url_that_is_still_arriving_is_no_link() -> None:
    def links(entry: AnswerEntry) -> list[str]:
        rows = [entry.line(number)[0] for number in range(entry.lay_out(60, PALETTE))]
        runs = [run for row in rows for run in row.body]
        return [run.style.meta["url"] for run in runs if run.style is not None and "url" in run.style.meta]

    assert links(thinking("Look at https://example.c")) == []
    assert links(thinking("Look at https://example.c", "om and")) == ["https://example.com"]
