"""The queue above the prompt."""

from __future__ import annotations

from typing import Any

from coze_tui.tui.widgets.prompt.area import QueueStrip


def lines_of(strip: QueueStrip) -> list[str]:
    return [strip.render_line(y).text.rstrip() for y in range(strip.size.height)]


async def test_is_not_there_without_a_queue(stage: Any) -> None:
    strip = QueueStrip()
    async with stage(strip) as (_app, pilot):
        assert not strip.display
        strip.show(["one"])
        await pilot.pause()
        assert strip.display
        strip.show([])
        await pilot.pause()
        assert not strip.display


async def test_shows_first_words_and_what_can_be_done(stage: Any) -> None:
    strip = QueueStrip()
    async with stage(strip) as (_app, pilot):
        strip.show(["还有元宵节呢？\n[red]顺便[/]"])
        await pilot.pause()
        assert (
            lines_of(strip)[1]
            == "  queued: 1 message · Enter to send the next one · ↑ to take back the last one"
        )
        strip.answer_runs = True
        assert lines_of(strip) == [
            "  › 还有元宵节呢？ [red]顺便[/]",
            "  queued: 1 message · Esc to stop the answer · ↑ to take back the last one",
        ]


async def test_hints_that_do_not_fit_are_left_out_whole(stage: Any) -> None:
    strip = QueueStrip()
    async with stage(strip) as (_app, pilot):
        strip.styles.width = 60
        strip.show(["one"])
        await pilot.pause()
        assert lines_of(strip)[1] == "  queued: 1 message · Enter to send the next one"


async def test_shows_three_and_counts_all(stage: Any) -> None:
    strip = QueueStrip()
    async with stage(strip) as (_app, pilot):
        strip.show([f"message {number}" for number in range(9)])
        await pilot.pause()
        assert strip.size.height == 4
        assert lines_of(strip)[3].startswith("  queued: 9 messages")
        assert strip.queued[8] == "message 8"
