"""The one line for narrow terminals."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    AnswerGrew,
    EventNoted,
    EventRecord,
    LogidReported,
    Phase,
    PhaseChanged,
    TurnEnded,
)
from coze_tui.tui.widgets.event_rows import figure_lines
from coze_tui.tui.widgets.status import StatusStrip


def figures_of_a_running_turn() -> TurnFigures:
    figures = TurnFigures()
    figures.add(EventNoted(EventRecord("sent", 0)))
    figures.add(LogidReported("20250128100209ABCDEF4F2A"))
    figures.add(PhaseChanged(Phase.ANSWERING, 412_000))
    figures.add(AnswerGrew("m", "x", tuple(412_000 + 10_000 * n for n in range(37)), 0))
    return figures


async def test_tells_state_first_text_events_and_logid(stage: Any) -> None:
    strip = StatusStrip()
    async with stage(strip, size=(80, 3)):
        strip.show(figures_of_a_running_turn())
        strip.flush(3_200_000)
        text = strip.render_line(0).text.rstrip()
        assert text == "◐ answering 3.2 s · first text 412 ms · 37 events · logid …4F2A"


@pytest.mark.parametrize("width", [3, 20, 40, 60, 100])
async def test_leaves_out_what_does_not_fit(stage: Any, width: int) -> None:
    strip = StatusStrip()
    async with stage(strip, size=(width, 3)):
        strip.show(figures_of_a_running_turn())
        text = strip.render_line(0).text
        assert cell_len(text) == width - 2
        if width >= 20:
            assert text.startswith("◐ answering")
            assert not text.rstrip().endswith("·")


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        (Outcome.COMPLETED, "✓ 5.0 s"),
        (Outcome.FAILED, "✗ failed 5.0 s"),
        (Outcome.CANCELED, "◼ stopped 5.0 s"),
        (Outcome.INTERRUPTED, "⟂ cut off 5.0 s"),
        (Outcome.EXPIRED, "◷ expired 5.0 s"),
        (Outcome.REQUIRES_ACTION, "▲ waits for you 5.0 s"),
    ],
)
async def test_tells_how_it_ended(stage: Any, outcome: Outcome, shown: str) -> None:
    strip = StatusStrip()
    async with stage(strip, size=(80, 3)):
        figures = figures_of_a_running_turn()
        figures.add(TurnEnded(outcome, 5_000_000))
        strip.show(figures)
        assert strip.render_line(0).text.startswith(shown)


async def test_nothing_to_tell_is_blank_and_repeats_are_not_painted(stage: Any) -> None:
    strip = StatusStrip()
    async with stage(strip, size=(80, 3)) as (app, pilot):
        strip.show(None)
        assert strip.render_line(0).text.strip() == ""
        strip.show(figures_of_a_running_turn())
        strip.flush(3_200_000)
        await pilot.pause(0.05)
        before = app.painted
        strip.flush(3_210_000)
        await pilot.pause(0.05)
        assert app.painted == before


async def test_where_nobody_knows_when_a_chat_came_no_time_is_told(stage: Any) -> None:
    figures = TurnFigures()
    figures.add(AnswerGrew("m", "x", (0, 0, 0), 0))
    figures.add(TurnEnded(Outcome.COMPLETED, 0))
    strip = StatusStrip()
    async with stage(strip, size=(80, 3)):
        strip.show(figures)
        assert strip.render_line(0).text.rstrip() == "✓ completed · 3 events"
    labels = {line.left[0][0] for line in figure_lines(figures, None, 28)} - {"─" * 28}
    assert labels == {"tokens", "text"}
