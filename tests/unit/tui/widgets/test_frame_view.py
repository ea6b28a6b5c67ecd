"""The data beside the list of frames: of one frame, of a run that grows."""

from __future__ import annotations

import json

from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import FrameTable
from coze_tui.tui.widgets.frame_view import FrameView
from tests.support.host_app import Stage


def delta(text: str, at_us: int = 0) -> Frame:
    data = {"id": "1", "role": "assistant", "type": "answer", "content": text}
    return Frame("conversation.message.delta", json.dumps(data, ensure_ascii=False), at_us)


def add(table: FrameTable, *frames: Frame) -> None:
    for frame in frames:
        table.add(parse_event(frame))


def show(view: FrameView, table: FrameTable) -> None:
    line = table.line(table.line_count - 1)
    view.show(line, list(table.run_of(line.row.number)) if line.is_delta_run else [line.row])


async def test_a_run_shows_the_text_that_has_come_and_another_run_only_its_own(stage: Stage) -> None:
    view, table = FrameView(), FrameTable()
    async with stage(view, size=(40, 12)):
        add(table, delta("春"), delta("眠"))
        show(view, table)
        assert view.data.tree_of_text.text == "春眠"
        add(table, delta("不"), delta("觉"))
        show(view, table)
        assert view.data.tree_of_text.text == "春眠不觉"
        other = FrameTable()
        add(other, delta("处"), delta("处"), delta("闻"))
        show(view, other)
        assert view.data.tree_of_text.text == "处处闻"
        show(view, table)
        assert view.data.tree_of_text.text == "春眠不觉"


async def test_of_sound_that_goes_on_the_first_frame_is_shown(stage: Stage) -> None:
    view, table = FrameView(), FrameTable()
    sound = Frame("conversation.audio.delta", '{"content":"AAAA"}')
    async with stage(view, size=(40, 12)):
        for _ in range(3):
            add(table, sound, sound)
            show(view, table)
            assert view.data.tree_of_text.text == sound.data


async def test_each_frame_of_a_growing_run_is_read_once(stage: Stage) -> None:
    view, table, count = FrameView(), FrameTable(), 4_000
    async with stage(view, size=(40, 12)) as (_app, pilot):
        view.display = False
        await pilot.pause()
        for number in range(1, count + 1):
            add(table, delta("天下\n"))
            if number % 25 == 0:
                show(view, table)
        assert view.read_frames == count
        view.display = True
        await pilot.pause()
        assert view.data.virtual_size.height >= count


async def test_what_is_not_to_be_seen_is_laid_out_when_it_is(stage: Stage) -> None:
    view, table = FrameView(), FrameTable()
    async with stage(view, size=(40, 12)) as (_app, pilot):
        view.display = False
        await pilot.pause()
        add(table, Frame("PING", '{"code":7}'))
        show(view, table)
        view.display = True
        await pilot.pause()
        lines = [strip.text for strip in view.data.render_lines(view.data.outer_size.region)]
        assert any('"code": 7' in line for line in lines)
