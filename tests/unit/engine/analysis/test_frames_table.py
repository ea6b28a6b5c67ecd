"""The frames of a chat as a list: rows, folds, filter, jumps."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.captures import read_capture
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import FrameTable, preview
from coze_tui.engine.model.state import RETRIEVED
from tests.support.samples import STREAMS


def table_of(*frames: Frame) -> FrameTable:
    table = FrameTable()
    for frame in frames:
        table.add(parse_event(frame))
    return table


def message(type: str, content: str, at_us: int = 0, *, event: str = "completed", **more: str) -> Frame:
    data = {"id": "1", "role": "assistant", "type": type, "content": content, **more}
    return Frame(f"conversation.message.{event}", json.dumps(data, ensure_ascii=False), at_us)


def delta(content: str, at_us: int = 0, **more: str) -> Frame:
    return message("answer", content, at_us, event="delta", **more)


CHAT = (
    Frame("conversation.chat.created", '{"id":"1","conversation_id":"2"}', 84_000),
    delta("", 118_000, reasoning_content="先"),
    delta("", 120_000, reasoning_content="查"),
    message("function_call", '{"name":"calendar","arguments":{"query":"春节"}}', 210_000),
    message("tool_response", "1 月 29 日", 370_000),
    delta("春", 412_000),
    delta("节", 1_900_000),
    delta("是", 1_901_000),
    message("answer", "春节是", 1_902_000),
    Frame("done", "[DONE]", 1_903_000),
)


def shown(table: FrameTable) -> list[str]:
    lines = []
    for index in range(table.line_count):
        line = table.line(index)
        mark = "" if not line.is_delta_run else ("▾" if line.is_open else "▸")
        indent = "  " if line.is_inside else ""
        count = f" ×{line.count}" if line.is_delta_run else ""
        lines.append(f"{indent}{mark}{line.row.number} {line.row.event} {line.row.kind}{count}".rstrip())
    return lines


def test_runs_of_deltas_are_folded_by_what_they_hold() -> None:
    assert shown(table_of(*CHAT)) == [
        "1 chat.created",
        "▸2 message.delta reasoning ×2",
        "4 message.completed function_call",
        "5 message.completed tool_response",
        "▸6 message.delta answer ×3",
        "9 message.completed answer",
        "10 done",
    ]


def test_a_run_opens_and_closes() -> None:
    table = table_of(*CHAT)
    assert table.toggle(7)
    assert shown(table)[4:8] == [
        "▾6 message.delta answer ×3",
        "  6 message.delta answer",
        "  7 message.delta answer",
        "  8 message.delta answer",
    ]
    assert table.line_of(7) == 6
    assert table.line_of(9) == 8
    assert table.toggle(6)
    assert table.line_of(7) == 4
    assert not table.toggle(1)
    table.toggle_all()
    assert table.line_count == 12
    table.toggle_all()
    assert table.line_count == 7


def test_a_run_tells_of_all_its_frames() -> None:
    line = table_of(*CHAT).line(4)
    assert (line.row.frame.at_us, line.until_us, line.count) == (412_000, 1_901_000, 3)
    assert line.longest_gap_us == 1_488_000
    assert line.bytes == sum(frame.bytes for frame in CHAT[5:8])


def test_the_longest_gap_of_a_run_is_within_it() -> None:
    line = table_of(*CHAT[:5], delta("春", 9_000_000), delta("节", 9_300_000)).line(4)
    assert (line.count, line.row.gap_us, line.longest_gap_us) == (2, 8_630_000, 300_000)


def test_times_are_since_the_frame_before_and_never_negative() -> None:
    table = table_of(delta("a", 5), delta("b", 2), delta("c", 9))
    assert [row.gap_us for row in table.rows] == [5, 0, 7]


def test_jumps_go_around() -> None:
    table = table_of(*CHAT, Frame("error", '{"code":4028,"msg":"no"}', 2_000_000), Frame("PING", ""))
    assert table.longest_gap == 7
    assert [table.next_tool(0), table.next_tool(4), table.next_tool(5)] == [4, 5, 4]
    assert [table.next_tool(5, -1), table.next_tool(4, -1)] == [4, 5]
    assert [table.next_error(1), table.next_error(11), table.next_error(12)] == [11, 12, 11]
    assert table_of(*CHAT).next_error(1) == 0


def test_what_was_not_understood_is_marked_with_what_it_is() -> None:
    frames = read_capture((STREAMS / "unknown_events.sse").read_text("utf-8")).frames
    table = table_of(*frames)
    troubles = {row.frame.event + row.frame.data[:3]: row.problem for row in table.rows if row.problem}
    assert troubles["PING{}"] == "name"
    assert troubles["conversation.message.deltanot"] == "data"
    assert troubles['conversation.message.completed{"i'] == "type"
    assert not [row for row in table.rows if row.event in ("chat.created", "done") and row.problem]


def test_a_frame_of_a_recovery_is_told_apart() -> None:
    table = table_of(Frame("done", "", 0, RETRIEVED), Frame("done", ""))
    assert [row.is_retrieved for row in table.rows] == [True, False]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("created", [1]),
        ("DELTA reasoning", [2, 3]),
        ("function", [4]),
        ("春节", [4, 9]),
        ('"query": "春', [4]),
        ("completed 春节是", [9]),
        ("nothing like it", []),
        ("", list(range(1, 11))),
    ],
)
def test_the_filter_looks_at_event_type_and_text(words: str, numbers: list[int]) -> None:
    table = table_of(*CHAT)
    table.set_filter(words)
    lines = [table.line(index).row.number for index in range(table.line_count)]
    assert table.found_count == len(numbers)
    assert lines == numbers or not words
    table.set_filter("")
    assert table.line_count == 7


def test_the_filter_reads_letters_written_as_codes() -> None:
    table = table_of(Frame("conversation.message.delta", '{"content":"\\u6625\\u8282"}'))
    table.set_filter("春节")
    assert table.found_count == 1


def test_a_filtered_list_grows_by_what_matches() -> None:
    table = table_of(*CHAT)
    table.set_filter("answer")
    before = table.line_count
    table.add(parse_event(delta("more", 2_000_000)))
    table.add(parse_event(Frame("done", "", 2_000_001)))
    assert table.line_count == before + 1
    assert table.line_of(10) == before


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (CHAT[1], "先"),
        (CHAT[3], "calendar"),
        (CHAT[4], "1 月 29 日"),
        (message("verbose", '{"msg_type":"generate_answer_finish","data":""}'), "generate_answer_finish"),
        (message("function_call", "not json"), "not json"),
        (Frame("error", '{"code":4016,"msg":"busy"}'), "4016 busy"),
        (Frame("error", "<title>502 Bad Gateway</title>"), "502 Bad Gateway"),
        (Frame("conversation.chat.completed", '{"usage":{"token_count":7}}'), "7 tokens"),
        (Frame("PING", "a\nb\x1b[2J"), "a b[2J"),
        (Frame("conversation.audio.delta", '{"content":"AAAA"}'), ""),
    ],
)
def test_the_preview_is_what_one_looks_for(frame: Frame, text: str) -> None:
    assert preview(table_of(frame).rows[0]) == text


ANY_FRAME = st.one_of(
    st.sampled_from([*CHAT, Frame("x", ""), Frame("error", "{}")]),
    st.builds(Frame, st.text(max_size=8), st.text(max_size=20), st.integers(0, 1 << 40)),
)


@given(st.lists(ANY_FRAME, max_size=40), st.lists(st.integers(0, 40), max_size=6), st.text(max_size=3))
def test_the_lines_hold_every_frame_once_however_it_is_folded(
    frames: list[Frame], toggled: list[int], words: str
) -> None:
    half = len(frames) // 2
    table = table_of(*frames[:half])
    for number in toggled:
        if 0 < number <= half:
            table.toggle(number)
    for frame in frames[half:]:
        table.add(parse_event(frame))
    lines = [table.line(index) for index in range(table.line_count)]
    assert sum(line.count for line in lines if not line.is_inside) == len(frames)
    for index, line in enumerate(lines):
        if not line.is_delta_run or not line.is_open:
            assert table.line_of(line.row.number) == index
    table.set_filter(words)
    found = [table.line(index).row for index in range(table.line_count)]
    if words.split():
        assert [row.number for row in found] == sorted({row.number for row in found})
    for row in found:
        preview(row)
