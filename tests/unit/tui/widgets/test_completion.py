"""The list over the prompt."""

from __future__ import annotations

from typing import Any

from coze_tui.tui.widgets.prompt.completion import Candidate, CompletionList

MANY = [Candidate(f"/command{number}", f"does [b]{number}[/]") for number in range(12)]


def lines_of(listed: CompletionList) -> list[str]:
    return [listed.render_line(y).text.rstrip() for y in range(listed.size.height)]


async def test_opens_with_the_first_and_closes(stage: Any) -> None:
    listed = CompletionList()
    async with stage(listed) as (_app, pilot):
        assert not listed.is_open
        assert listed.current is None
        listed.show(MANY[:2])
        await pilot.pause()
        assert listed.is_open
        assert listed.current == MANY[0]
        assert lines_of(listed) == ["› /command0       does [b]0[/]", "  /command1       does [b]1[/]"]
        listed.close()
        assert not listed.display


async def test_moves_around_and_scrolls(stage: Any) -> None:
    listed = CompletionList()
    async with stage(listed) as (_app, pilot):
        listed.show(MANY)
        await pilot.pause()
        assert listed.size.height == 8
        assert lines_of(listed)[0].endswith("1/12")
        listed.move(-1)
        assert listed.current == MANY[11]
        assert lines_of(listed)[7].startswith("› /command11")
        listed.move(1)
        assert lines_of(listed)[0].startswith("› /command0")


async def test_the_same_again_keeps_the_place(stage: Any) -> None:
    listed = CompletionList()
    async with stage(listed):
        listed.show(MANY)
        listed.move(3)
        listed.show(MANY)
        assert listed.current == MANY[3]
        listed.show(MANY[:5])
        assert listed.current == MANY[0]


async def test_moving_in_nothing_does_nothing(stage: Any) -> None:
    listed = CompletionList()
    async with stage(listed):
        listed.move(1)
        assert listed.current is None


async def test_none_is_current_before_one_has_moved_where_none_was_chosen(stage: Any) -> None:
    listed = CompletionList()
    async with stage(listed) as (_app, pilot):
        for step, first in ((1, MANY[0]), (-1, MANY[11])):
            listed.close()
            listed.show(MANY, chooses_first=False)
            await pilot.pause()
            assert listed.current is None
            assert not any(line.startswith("›") for line in lines_of(listed))
            listed.move(step)
            assert listed.current == first
