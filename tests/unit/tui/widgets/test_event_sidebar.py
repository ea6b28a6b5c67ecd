"""The sidebar with the life of a chat."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from coze_tui.api.objects import Usage
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Level, Outcome
from coze_tui.engine.model.updates import (
    AnswerGrew,
    ChatIdentified,
    EventNoted,
    EventRecord,
    LogidReported,
    ReasoningGrew,
    TurnEnded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.tui.widgets.event_sidebar import EventSidebar


def noted(name: str, ms: int, number: int = 0, level: Level = "good", detail: str = "") -> EventNoted:
    return EventNoted(EventRecord(name, ms * 1000, 0, level, detail, number))


def running() -> list[TurnUpdate]:
    return [
        noted("sent", 0),
        LogidReported("20250128100209ABCDEF4F2A"),
        ChatIdentified("7461111111111117402", "7460000000000003342", "7469999999999990001"),
        noted("created", 84, 1),
        noted("in_progress", 90, 2),
        ReasoningGrew("m", "想", tuple(range(118_000, 180_000, 2_000)), 0),
        noted("function_call", 210, 34, "tool", "calendar.lookup"),
        noted("tool_response", 370, 35, "tool", "calendar.lookup"),
        AnswerGrew("m", "x" * 1018, tuple(412_000 + 4_000 * n for n in range(214)), 0),
    ]


def finished() -> list[TurnUpdate]:
    return [
        *running(),
        noted("answer", 1_704, 250),
        *(noted("follow_up", 1_860 + 10 * n, 251 + n, "info", f"q{n}") for n in range(3)),
        UsageReported(Usage(432, 312, 120)),
        noted("completed", 1_902, 254),
        noted("done", 1_903, 255),
        TurnEnded(Outcome.COMPLETED, 1_903_000),
    ]


def fed(updates: list[TurnUpdate]) -> TurnFigures:
    figures = TurnFigures()
    figures.add_all(updates)
    return figures


async def test_running_chat_as_it_was_drawn(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 40)):
        sidebar.show(fed(running()))
        assert sidebar.content_size.width == 28
        assert sidebar.lines() == [
            "EVENTS            chat …7402",
            "✓ sent                  0 ms",
            "✓ created              84 ms",
            "✓ in_progress          90 ms",
            "✓ reasoning ×31   118–178 ms",
            "✓ function_call       210 ms",
            "✓ tool_response       370 ms",
            "◐ delta ×214    412–1,264 ms",
            "○ answer",
            "○ completed",
            "○ done",
            "────────────────────────────",
            "first text            412 ms",
            "total                      …",
            "rate           ▅▅███▆  214/s",
            "gap          p50 4  max 4 ms",
            "tokens                     …",
            "text        1,018 characters",
            "────────────────────────────",
            "conversation           …3342",
            "section                …0001",
            "chat                   …7402",
            "logid              2025…4F2A",
        ]


async def test_finished_chat_tells_totals(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 40)):
        sidebar.show(fed(finished()))
        lines = sidebar.lines()
        assert "✓ answer            1,704 ms" in lines
        assert "✓ follow_up ×3      1,880 ms" in lines
        assert "✓ done              1,903 ms" in lines
        assert "total               1,903 ms" in lines
        assert "tokens      120 in · 312 out" in lines
        assert not any(line.startswith(("◐", "○")) for line in lines)


async def test_failure_has_a_sign_and_its_detail(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 40)):
        figures = fed([noted("sent", 0), noted("error", 120, 1, "error", "4028 [/] no quota left")])
        sidebar.show(figures)
        assert sidebar.lines()[2] == "✗ error  4028 [/] no… 120 ms"


async def test_empty_says_so(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 40)):
        sidebar.show(None)
        assert sidebar.lines() == ["EVENTS", "no events yet"]
        assert sidebar.cursor is None


@pytest.mark.parametrize("size", [(31, 40), (60, 20), (80, 24), (120, 10), (200, 60), (12, 3), (1, 1)])
async def test_every_line_fits_whatever_the_size(stage: Any, size: tuple[int, int]) -> None:
    sidebar = EventSidebar(classes="-overlay")
    async with stage(sidebar, size=size):
        sidebar.show(fed(finished()))
        width = sidebar.content_size.width
        assert all(cell_len(line) <= width for line in sidebar.lines())
        assert len(sidebar.lines()) <= max(0, sidebar.content_size.height)


async def test_wide_the_figures_stand_beside_and_details_are_told(stage: Any) -> None:
    sidebar = EventSidebar(classes="-overlay")
    async with stage(sidebar, size=(80, 20)):
        sidebar.show(fed(finished()))
        lines = sidebar.lines()
        assert lines[1].startswith("✓ sent")
        assert lines[1].endswith("│ first text            412 ms")
        assert any("function_call  calendar.lookup" in line for line in lines)


async def test_only_changed_lines_are_painted(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 40)) as (app, pilot):
        figures = fed(running()[:-1])
        sidebar.show(figures)
        figures.add(AnswerGrew("m", "x", (412_000,), 0))
        sidebar.flush()
        await pilot.pause(0.05)
        before = app.painted
        sidebar.flush()
        await pilot.pause(0.05)
        assert app.painted == before
        figures.add(AnswerGrew("m", "", (420_000,), 0))
        sidebar.flush()
        await pilot.pause(0.05)
        assert 1 <= app.painted - before <= 4  # its row, and what is under it that differs


async def test_view_follows_the_newest_until_the_cursor_goes_up(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 30)) as (_app, pilot):
        figures = TurnFigures()
        sidebar.show(figures)
        for number in range(50):
            figures.add(noted(f"event{number}", number, number + 1))
        sidebar.flush()
        assert "✓ event49              49 ms" in sidebar.lines()
        assert sidebar.lines()[1].startswith("⋮ ")
        sidebar.focus()
        await pilot.press("k", "home")
        assert sidebar.cursor == 0
        figures.add(noted("event50", 50, 51))
        sidebar.flush()
        assert sidebar.lines()[1] == "✓ event0                0 ms"
        await pilot.press("G")
        assert sidebar.cursor == 50
        assert any(line.startswith("✓ event50") for line in sidebar.lines())


async def test_cursor_row_is_always_in_sight(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 12)) as (_app, pilot):
        figures = TurnFigures()
        for number in range(16):
            figures.add(noted(f"event{number}", number, number + 1))
        sidebar.show(figures)
        sidebar.focus()
        await pilot.pause()
        for key in ["up"] * 17 + ["down"] * 17 + ["pageup"] * 2 + ["j", "k", "pagedown"]:
            await pilot.press(key)
            rows = [line for line in sidebar.lines() if line.startswith("✓ ")]
            assert any(line.startswith(f"✓ event{sidebar.cursor} ") for line in rows), key


async def test_enter_chooses_a_row_and_i_asks_for_the_ids(stage: Any) -> None:
    sidebar = EventSidebar()
    heard = (EventSidebar.RowChosen, EventSidebar.IdsAsked)
    async with stage(sidebar, size=(100, 40), heard=heard) as (app, pilot):
        figures = fed(finished())
        sidebar.show(figures)
        sidebar.focus()
        await pilot.press("home", "j", "enter", "i")
        await pilot.pause()
        chosen = {message.frame_number for message in app.told if isinstance(message, EventSidebar.RowChosen)}
        assert chosen == {1}
        assert any(m.figures is figures for m in app.told if isinstance(m, EventSidebar.IdsAsked))


async def test_a_double_click_opens_a_row(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 40), heard=EventSidebar.RowChosen) as (app, pilot):
        sidebar.show(fed(finished()))
        await pilot.click(EventSidebar, offset=(6, 2))
        assert sidebar.cursor == 1
        assert app.told == []
        await pilot.click(EventSidebar, offset=(6, 2), times=2)
        await pilot.pause()
        assert {message.frame_number for message in app.told} == {1}


async def test_cursor_line_is_lit_only_while_focused(stage: Any) -> None:
    sidebar = EventSidebar()
    async with stage(sidebar, size=(100, 40)) as (app, pilot):
        sidebar.show(fed(finished()))
        sidebar.focus()
        await pilot.press("up")
        selected = sidebar.style_of("selected").bgcolor
        assert selected is not None

        def lit() -> list[int]:
            return [
                y
                for y in range(len(sidebar.lines()))
                if any(one.style and one.style.bgcolor == selected for one in sidebar.render_line(y))
            ]

        assert len(lit()) == 1
        app.set_focus(None)
        await pilot.pause()
        assert lit() == []
