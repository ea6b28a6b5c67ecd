"""Keys that arrive at once do what they would have done one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static, TextArea

from coze_tui.terminal.app import TerminalApp


class Box(Static, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "die", "remove it")]

    def action_die(self) -> None:
        self.remove()


class Slow(Screen[None]):
    """Takes its time to have its parts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "look", "note the text"),
        Binding("escape", "app.pop_screen", "back"),
    ]

    async def on_compose(self) -> None:
        await asyncio.sleep(0.05)  # before Textual's own handler, which composes

    def compose(self) -> ComposeResult:
        yield Box("part")

    def action_look(self) -> None:
        app = self.app
        assert isinstance(app, Sample)
        app.seen.append(str(self.query_one(Box).render()))


class Sample(TerminalApp[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "slow", "open the slow screen"),
        Binding("ctrl+t", "look", "note the text", priority=True),
        Binding("ctrl+g", "box", "focus the box"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def compose(self) -> ComposeResult:
        yield TextArea()
        yield Box("box")

    def action_look(self) -> None:
        self.seen.append(self.query_one(TextArea).text)

    def action_slow(self) -> None:
        self.push_screen(Slow())

    def action_box(self) -> None:
        self.query_one(Box).focus()


def press(app: Sample, keys: Sequence[str]) -> None:
    """All at once, as from one packet."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def text_becomes(pilot: Pilot[None], wanted: str) -> None:
    area = pilot.app.query_one(TextArea)
    async with asyncio.timeout(30):
        while area.text != wanted:
            await pilot.pause(0.01)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (["a", "left", "b"], "ba"),
        (["t", "e", "h", "backspace", "backspace", "h", "e"], "the"),
        (["a", "home", "b", "end", "c", "left", "left", "d"], "bdac"),
        (["a", "ctrl+t", "b", "ctrl+t"], "ab"),
    ],
)
async def test_letters_and_other_keys_keep_their_order(keys: list[str], text: str) -> None:
    app = Sample()
    async with app.run_test() as pilot:
        app.query_one(TextArea).focus()
        press(app, keys)
        await text_becomes(pilot, text)
        if "ctrl+t" in keys:
            assert app.seen == ["a", "ab"]


async def test_a_paste_comes_where_it_was_typed() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        app.query_one(TextArea).focus()
        press(app, ["a", "left"])
        app.post_message(events.Paste("中文"))
        press(app, ["left", "b"])
        await text_becomes(pilot, "中b文a")


async def test_letters_after_a_change_of_focus_go_to_the_new_one() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        app.query_one(TextArea).focus()
        press(app, ["a", "ctrl+g", "x", "shift+tab", "b"])
        await text_becomes(pilot, "ab")


async def test_a_widget_that_a_key_removes_does_not_hold_up_the_next() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        app.query_one(TextArea).focus()
        press(app, ["ctrl+g", "d", "ctrl+t", "tab", "a"])
        await text_becomes(pilot, "a")
        assert app.seen == [""]


async def test_a_key_waits_until_the_screen_that_was_opened_before_it_has_its_parts() -> None:
    app = Sample()
    async with app.run_test() as pilot:
        press(app, ["ctrl+s", "slash", "escape", "ctrl+t"])
        async with asyncio.timeout(30):
            while len(app.seen) < 2:
                await pilot.pause(0.01)
        assert app.seen == ["part", ""]


@pytest.mark.parametrize("others", [[], ["escape", "ctrl+t"]])
async def test_a_key_that_comes_back_to_another_screen_waits_for_its_parts_too(others: list[str]) -> None:
    app = Sample()
    async with app.run_test() as pilot:
        key = events.Key("slash", "/")
        key._set_forwarded()
        app.push_screen(Slow())
        await app.on_event(key)
        press(app, others)
        async with asyncio.timeout(30):
            while len(app.seen) < 1 + bool(others):
                await pilot.pause(0.01)
        assert app.seen == ["part", ""][: len(app.seen)]


async def test_a_key_after_the_last_screen_is_nobodys() -> None:
    app = Sample()
    async with app.run_test():
        pass
    await app.on_event(events.Key("a", "a"))
