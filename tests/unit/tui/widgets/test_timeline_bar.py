"""One chat as a bar over time."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.timeline import Timeline
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    EventNoted,
    EventRecord,
    FollowUpOffered,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    TurnUpdate,
)
from coze_tui.tui.widgets.timeline_bar import TimelineBar, laid_out
from tests.support.host_app import Stage


def deltas(start: int, end: int, count: int) -> AnswerGrew:
    step = (end - start) // count
    return AnswerGrew("m", "x" * count, tuple(1000 * (start + step * n) for n in range(count)))


WHOLE: list[TurnUpdate] = [
    ReasoningGrew("m", "abc", (118_000, 150_000, 200_000)),
    ToolCalled("c", "calendar", "{}", 210_000),
    ToolResponded("r", "c", "calendar", "x", 160_000, 370_000),
    deltas(412, 1700, 200),
    AnswerSettled("m", "x", "", 1_704_000),
    FollowUpOffered("?", 1_820_000),
    TurnEnded(Outcome.COMPLETED, 1_902_000),
]


def drawn(updates: Iterable[TurnUpdate], width: int = 100, at_us: int | None = None) -> list[str]:
    lines = laid_out(Timeline.of(updates), width, 3, at_us)
    return ["".join(text for text, _role in line) for line in lines]


def test_steps_have_names_bars_and_moments() -> None:
    names, bar, moments = drawn(WHOLE)
    assert "calendar" in names
    assert "answering 1.3 s · 154/s" in names
    assert names.rstrip().endswith("follow-up")
    assert bar.startswith("░░░░░░▒▒▒▒▒▓▓▓▓▓▓▓▓░░██▇")
    assert "◆" in bar
    assert "first text 412 ms" in moments
    assert moments.endswith("1,902 ms")
    assert moments.index("first text") == names.index("answering")


def test_a_pause_within_text_is_a_gap_and_a_long_one_a_stall() -> None:
    names, bar, moments = drawn(
        [deltas(0, 1000, 50), deltas(4000, 5000, 50), TurnEnded(Outcome.COMPLETED, 5_000_000)]
    )
    assert "╌" * 40 in bar
    assert "stall 3.0 s" in moments
    assert "answering" in names


def test_an_error_and_the_cursor_have_signs_of_their_own() -> None:
    failed: list[TurnUpdate] = [
        EventNoted(EventRecord("error", 500_000, level="error")),
        TurnEnded(Outcome.FAILED, 1_000_000),
    ]
    _names, bar, _moments = drawn(failed, at_us=250_000)
    assert (bar[50], bar[25]) == ("×", "┃")


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn([]) == []
    assert laid_out(Timeline.of(WHOLE), 4, 3, None) == []


def test_a_short_tool_in_a_long_chat_can_be_seen() -> None:
    updates = [*WHOLE[:4], TurnEnded(Outcome.COMPLETED, 600_000_000)]
    assert "▓" in drawn(updates)[1]


TIMES = st.integers(0, 1 << 62)
UPDATES = st.lists(
    st.one_of(
        st.builds(ReasoningGrew, st.just("m"), st.just("x"), st.tuples(TIMES)),
        st.builds(AnswerGrew, st.just("m"), st.just("x"), st.tuples(TIMES, TIMES)),
        st.builds(
            ToolCalled, st.sampled_from("ab"), st.sampled_from(["search", "查日历" * 9]), st.just(""), TIMES
        ),
        st.builds(
            ToolResponded,
            *(st.just("r"), st.sampled_from("ab"), st.just("t"), st.just(""), st.just(0), TIMES),
        ),
        st.builds(AnswerSettled, st.just("m"), st.just(""), st.just(""), TIMES),
        st.builds(FollowUpOffered, st.just("?"), TIMES),
    ),
    max_size=12,
)


@given(UPDATES, st.integers(8, 160), TIMES)
def test_any_chat_fits_into_any_width(updates: list[TurnUpdate], width: int, at_us: int) -> None:
    lines = drawn(updates, width, at_us)
    assert all(cell_len(line) <= width for line in lines)
    if lines:
        assert len(lines[1]) == width


async def test_it_is_painted_only_when_it_looks_different(stage: Stage) -> None:
    bar = TimelineBar()
    async with stage(bar, size=(80, 10)) as (app, pilot):
        bar.show(Timeline.of(WHOLE), 0)
        await pilot.pause()
        assert "calend" in bar.text()[0]
        painted = app.painted
        bar.show(Timeline.of(WHOLE), 1)
        await pilot.pause()
        assert app.painted == painted
        bar.show(Timeline.of(WHOLE), 900_000)
        await pilot.pause()
        assert app.painted > painted


@pytest.mark.parametrize("width", [1, 7, 8, 30])
async def test_narrow_stages_hold_it(stage: Stage, width: int) -> None:
    bar = TimelineBar()
    async with stage(bar, size=(width, 4)):
        bar.show(Timeline.of(WHOLE), 5)
        assert all(cell_len(line) <= width for line in bar.text())
