"""The chat screen in its states, sizes, languages and themes."""

from __future__ import annotations

import pytest

from coze_tui.engine.model.outcomes import Outcome
from tests.support.snapshot_stage import Looks, Stage

SIZES = [pytest.param(size, id="{}x{}".format(*size)) for size in ((120, 40), (80, 24), (60, 20))]


@pytest.mark.parametrize("size", SIZES)
def test_greeting(looks_the_same: Looks, size: tuple[int, int]) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()

    assert looks_the_same(before, size)


def test_prose_table_and_code_on_a_wide_screen(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("office")
        await stage.press("ctrl+backslash")

    assert looks_the_same(before, (200, 50))


def test_long_answer_with_a_scrollbar_in_the_colors_of_the_terminal(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("office")

    assert looks_the_same(before, (80, 24), theme="ansi")


def test_running_tool(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("ferries", until_ms=700)

    assert looks_the_same(before)


def test_thinking_in_chinese(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("festival", until_ms=200)

    assert looks_the_same(before, (80, 24), bot="小春", language="zh_CN")


@pytest.mark.parametrize("size", SIZES)
def test_answering_while_the_next_question_is_typed_and_another_waits(
    looks_the_same: Looks, size: tuple[int, int]
) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("ferries", until_ms=2100)
        await stage.press(*"Back?", "enter")
        await stage.press(*"Fares?")

    assert looks_the_same(before, size)


@pytest.mark.parametrize("theme", ["coze-dark", "coze-light", "ansi", "nord"])
def test_answered(looks_the_same: Looks, theme: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("ferries")

    assert looks_the_same(before, theme=theme)


@pytest.mark.parametrize("size", SIZES)
def test_answered_in_chinese(looks_the_same: Looks, size: tuple[int, int]) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("festival")

    assert looks_the_same(before, size, bot="小春", language="zh_CN")


def test_everything_unfolded(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("festival")
        await stage.press("tab", "g", "j", "j", "enter", "j", "enter")

    assert looks_the_same(before, bot="小春")


@pytest.mark.parametrize(("size", "language"), [((120, 40), "en"), ((60, 20), "zh_CN")])
def test_failed(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("failed")

    assert looks_the_same(before, size, bot="Fails", language=language)


@pytest.mark.parametrize("outcome", [Outcome.INTERRUPTED, Outcome.CANCELED])
def test_ended_before_its_time(looks_the_same: Looks, outcome: Outcome) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("ferries", until_ms=2100, outcome=outcome)

    assert looks_the_same(before, (80, 24))


def test_events_over_the_log(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("ferries")
        await stage.press("ctrl+g")

    assert looks_the_same(before, (80, 24))


def test_slash_commands(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.press("slash", "r")
        await stage.shows("/retry")

    assert looks_the_same(before, (80, 24))
