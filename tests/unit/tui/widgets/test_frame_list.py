"""The list of frames: drawn at any width, followed, folded, moved in."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from rich.cells import cell_len

from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import FrameTable
from coze_tui.tui.widgets.frame_list import FrameList
from tests.support.host_app import Stage
from tests.support.shown import lines_of


def delta(text: str, at_us: int) -> Frame:
    data = {"id": "1", "role": "assistant", "type": "answer", "content": text}
    return Frame("conversation.message.delta", json.dumps(data, ensure_ascii=False), at_us)


FRAMES = (
    Frame("conversation.chat.created", '{"id":"1"}', 84_000),
    delta("春", 412_000),
    delta("节", 2_900_000),
    Frame("conversation.message.completed", '{"type":"function_call","content":"{}"}', 2_950_000),
    Frame("PING", "{}", 2_960_000),
    Frame("error", '{"code":4028,"msg":"no"}', 2_970_000),
)


def table_of(frames: Sequence[Frame]) -> FrameTable:
    table = FrameTable()
    for frame in frames:
        table.add(parse_event(frame))
    return table


async def test_each_line_tells_number_time_gap_event_type_size_and_text(stage: Stage) -> None:
    frames = FrameList()
    async with stage(frames, size=(110, 12)):
        frames.show(table_of(FRAMES))
        lines = lines_of(frames)
        assert lines[0].split() == ["#", "ms", "gap", "event", "type", "bytes", "preview"]
        assert lines[1].split() == ["▌", "1", "84", "84", "chat.created", "35", "B"]
        assert lines[2].split() == ["▸", "2", "412", "328", "message.delta", "×2", *lines[2].split()[6:]]
        assert "stall 2.5 s" in lines[2]
        assert lines[3].split()[0] == "◆"
        assert "function_call" in lines[3]
        assert lines[4].split()[0] == "?"
        assert "unknown event" in lines[4]
        assert lines[5].split()[0] == "✗"
        assert "4028 no" in lines[5]


@pytest.mark.parametrize("width", [1, 8, 20, 30, 45, 60, 80, 200])
async def test_every_line_fits(stage: Stage, width: int) -> None:
    frames = FrameList()
    async with stage(frames, size=(width, 8)):
        frames.show(table_of(FRAMES))
        assert all(cell_len(line) <= width for line in lines_of(frames))
        if width >= 45:
            assert "chat.created" in "\n".join(lines_of(frames))


async def test_the_cursor_follows_the_newest_until_it_is_moved_away(stage: Stage) -> None:
    frames = FrameList()
    async with stage(frames, size=(80, 5)) as (_app, pilot):
        table = table_of([Frame("PING", str(number), number) for number in range(20)])
        frames.show(table)
        frames.focus()
        await pilot.press("G")
        assert frames.follows
        table.add(parse_event(Frame("PONG", "", 99)))
        frames.flush()
        await pilot.pause()
        assert "PONG" in lines_of(frames)[-1]
        await pilot.press("k")
        assert not frames.follows
        table.add(parse_event(Frame("LAST", "", 100)))
        frames.flush()
        await pilot.pause()
        assert "LAST" not in "\n".join(lines_of(frames))
        await pilot.press("g")
        assert lines_of(frames)[1].split()[1] == "1"
        await pilot.press("pagedown", "pageup")
        assert frames.current is not None
        assert frames.current.row.number == 1


async def test_it_says_when_the_cursor_is_elsewhere(stage: Stage) -> None:
    frames = FrameList()
    heard = (FrameList.Moved, FrameList.Chosen)
    async with stage(frames, size=(80, 12), heard=heard) as (app, pilot):
        frames.show(table_of(FRAMES))
        frames.focus()
        await pilot.pause()
        app.told.clear()
        await pilot.press("j")
        await pilot.press("enter")  # opens the run
        await pilot.press("j")
        await pilot.press("enter")  # a frame
        await pilot.pause()
        assert [type(told) for told in app.told] == [FrameList.Moved] * 3 + [FrameList.Chosen]
        assert frames.current is not None
        assert frames.current.is_inside


async def test_a_filter_keeps_the_cursor_near(stage: Stage) -> None:
    frames = FrameList()
    async with stage(frames, size=(80, 12)) as (_app, pilot):
        frames.show(table_of(FRAMES), 3)
        assert frames.current is not None
        assert frames.current.row.number == 2, "the run that holds it"
        frames.go_to(3)
        assert frames.current is not None
        assert frames.current.row.number == 3
        frames.set_filter("message")
        assert frames.current is not None
        assert frames.current.row.number == 3
        frames.set_filter("error")
        await pilot.pause()
        assert frames.current.row.number == 6
        frames.set_filter("nothing")
        await pilot.pause()
        assert frames.current is None
        assert "no matching frames" in "\n".join(lines_of(frames))
        frames.set_filter("")
        assert frames.current is not None


async def test_a_click_goes_to_a_line_and_a_second_opens_it(stage: Stage) -> None:
    frames = FrameList()
    async with stage(frames, size=(80, 12), heard=FrameList.Chosen) as (app, pilot):
        frames.show(table_of(FRAMES))
        await pilot.click(frames, offset=(10, 3))
        assert frames.current is not None
        assert frames.current.row.number == 4
        await pilot.click(frames, offset=(10, 3), times=2)
        await pilot.pause()
        assert len(app.told) == 1
        await pilot.click(frames, offset=(10, 0))
        assert frames.current.row.number == 4


async def test_the_name_of_a_long_run_is_shown_whole_beside_its_count(stage: Stage) -> None:
    frames = FrameList()
    async with stage(frames, size=(110, 12)):
        frames.show(table_of([delta("x", 1)] * 12_345))
        assert "message.delta ×12" in lines_of(frames)[1]


async def test_columns_stay_in_line_where_times_go_back(stage: Stage) -> None:
    frames = FrameList()
    early, late = FRAMES[0], Frame("conversation.chat.completed", '{"id":"1"}', 10**17)
    async with stage(frames, size=(110, 12)):
        frames.show(table_of([early, late, Frame("done", "", 90_000)]))
        head, *rows = lines_of(frames)
        for event, row in zip(("chat.created", "chat.completed", "done"), rows, strict=False):
            assert row.index(event) == head.index("event")
