"""The figures of a chat, for people and as numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.gaps import Pause
from coze_tui.engine.model.records import ChatRecord
from coze_tui.report.figures_text import characters_per_second, figure_facts, figure_values, not_understood
from tests.support.samples import STREAMS

STREAM_FILES = sorted(STREAMS.glob("*.sse"))


def delta(text: str, at_us: int) -> Frame:
    return Frame("conversation.message.delta", f'{{"id":"1","type":"answer","content":"{text}"}}', at_us)


def thought(text: str, at_us: int) -> Frame:
    return Frame(
        "conversation.message.delta", f'{{"id":"1","type":"answer","reasoning_content":"{text}"}}', at_us
    )


def inspected(*frames: Frame) -> InspectedChat:
    chat = InspectedChat(ChatRecord())
    chat.add(frames)
    chat.end(ChatRecord())
    return chat


def test_what_is_known_is_told_and_the_rest_is_not() -> None:
    chat = inspected(
        delta("ab", 100_000), delta("cd", 300_000), delta("ef", 400_000), Frame("odd", "x", 500_000)
    )
    facts = dict(figure_facts(chat.turn, not_understood(chat)))
    assert facts["first text"] == "100 ms"
    assert facts["total"] == "500 ms"
    assert facts["characters"] == "6 · 20/s"
    assert facts["deltas"] == "3 · 7/s"
    assert (facts["gap p50"], facts["longest gap"]) == ("100 ms", "200 ms")
    assert (facts["events"], facts["unrecognized"]) == ("4", "1")
    assert "tokens in" not in facts
    assert "finish reason" not in facts


def test_numbers_say_the_same_and_none_for_what_is_not_known() -> None:
    values = figure_values(inspected(delta("ab", 100_000), delta("cd", 300_000), delta("ef", 400_000)))
    assert values["first_text_us"] == 100_000
    assert values["gap_max_us"] == 200_000
    assert values["characters_per_second"] == 20.0
    assert values["tokens"] is None
    assert values["finish_reason"] is None
    assert figure_values(inspected())["first_text_us"] is None


def test_where_no_time_of_arrival_is_known_no_time_is_told() -> None:
    chat = inspected(delta("ab", 0), delta("cd", 0), Frame("done", "", 0))
    facts = dict(figure_facts(chat.turn))
    assert (facts["characters"], facts["deltas"], facts["events"]) == ("4", "2", "3")
    assert not {"first text", "total", "gap p50", "gap p95", "longest gap"} & facts.keys()
    values = figure_values(chat)
    times = ("first_text_us", "total_us", "gap_p50_us", "gap_p95_us", "gap_max_us")
    rates = ("characters_per_second", "deltas_per_second")
    for name in (*times, *rates, "stalls"):
        assert values[name] is None, name


def test_too_few_deltas_have_no_rate_as_a_number_either() -> None:
    values = figure_values(inspected(delta("ab", 100_000)))
    assert (values["characters_per_second"], values["deltas_per_second"]) == (None, None)


def test_a_gap_is_the_same_wherever_it_is_told() -> None:
    chat = inspected(
        thought("想", 100_000),
        thought("想", 300_000),
        delta("ab", 5_000_000),  # the answer begins: no gap
        delta("cd", 6_500_000),
        Frame("odd", "x", 7_000_000),
        delta("ef", 9_000_000),  # something came before it: no gap
        delta("gh", 10_100_000),
    )
    facts, values = dict(figure_facts(chat.turn)), figure_values(chat)
    assert (facts["longest gap"], facts["stalls over 1 s"]) == ("1,500 ms", "2")
    assert (values["gap_max_us"], values["stalls"]) == (1_500_000, 2)
    assert chat.timeline.figures.pauses.longest == Pause(5_000_000, 6_500_000)
    assert [pause.start_us for pause in chat.timeline.figures.pauses.stalls] == [5_000_000, 9_000_000]


def test_too_little_has_no_rate() -> None:
    assert characters_per_second(inspected(delta("ab", 5)).figures) == 0
    assert characters_per_second(inspected(delta("ab", 5), delta("ab", 5)).figures) == 0


@pytest.mark.parametrize("stream", STREAM_FILES, ids=lambda path: path.stem)
def test_any_stream_has_figures(stream: Path) -> None:
    chat = inspected(*read_capture(stream.read_text(encoding="utf-8", errors="replace")).frames)
    assert dict(figure_facts(chat.turn))["events"] == str(len(chat.frames))
    assert figure_values(chat)["events"] == len(chat.frames)
    longest = chat.timeline.figures.pauses.longest
    assert chat.figures.gaps.max_us == (longest.lasted_us if longest else 0)
    assert chat.figures.stalls == chat.timeline.figures.pauses.stall_count
    assert 0 <= not_understood(chat) <= len(chat.frames)
