"""Nothing moves by steps."""

from __future__ import annotations

import pytest
from textual._animator import Animator
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from coze_tui.terminal.display import NoAnimation


class Nervous(VerticalScroll):
    """Goes back as soon as it is where it was to be."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value == 40:
            self.scroll_to(y=5, animate=False, immediate=True)


class Sample(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self._animator = NoAnimation(self)

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static("\n" * 200)
        with Nervous():
            yield Static("\n" * 200)


@pytest.mark.parametrize("name", ["_animate", "animate", "force_stop_animation"])
def test_what_it_stands_for_is_still_there(name: str) -> None:
    assert hasattr(Animator, name)
    assert hasattr(App(), "_animator")


async def test_a_scroll_is_there_at_once_and_says_so() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        done: list[int] = []
        view = app.query(VerticalScroll).first()
        view.scroll_to(y=40, animate=True, immediate=True, on_complete=lambda: done.append(1))
        assert view.scroll_offset.y == 40
        await pilot.pause()
        assert done == [1]


async def test_what_moves_itself_while_it_is_moved_is_no_crash() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        view = app.query_one(Nervous)
        view.scroll_to(y=40, animate=True, duration=0.05)
        await pilot.pause(0.2)
        assert view.scroll_offset.y == 5


async def test_styles_are_set_at_once_too() -> None:
    app = Sample()
    async with app.run_test():
        view = app.query(VerticalScroll).first()
        view.styles.animate("opacity", 0.5, duration=10)
        assert view.styles.opacity == 0.5
