"""Keys that arrive at once do what they would have done one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import pytest
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static, TextArea

from coze_tui.terminal.app import TerminalApp
from coze_tui.terminal.keys import KeyRun
from tests.support.keyboard import Keyboard


class Box(Static, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "die", "remove it")]

    def action_die(self) -> None:
        self.remove()


class Asking(Static, can_focus=True):
    """Asks the screen for what its key means, as the messages do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("slash", "ask", "ask the screen for the field")]

    class Asked(Message):
        pass

    def action_ask(self) -> None:
        self.post_message(self.Asked())


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
        async with asyncio.timeout(30):
            while len(app.seen) < keys.count("ctrl+t"):
                await pilot.pause(0.01)
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


async def test_letters_after_a_key_that_a_message_carries_on_go_to_the_new_focus() -> None:
    class WithAsking(Sample):
        def compose(self) -> ComposeResult:
            yield TextArea()
            with Vertical():
                yield Asking("asking")

        @on(Asking.Asked)
        def _asked(self) -> None:
            self.query_one(TextArea).focus()

    app = WithAsking()
    async with app.run_test() as pilot:
        app.query_one(Asking).focus()
        press(app, ["slash", "a", "b"])
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


# -- characters that were read at once


class TextTaker(Static, can_focus=True):
    """Takes text; line ends are text if it says so."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "enter", "note an Enter")]

    def __init__(self, *, takes_line_ends: bool) -> None:
        super().__init__()
        self.takes_line_ends = takes_line_ends
        self.seen: list[str] = []

    def on_key_run(self, run: KeyRun) -> None:
        self.seen.append(run.text)

    def action_enter(self) -> None:
        self.seen.append("ENTER")

    def on_key(self, key: events.Key) -> None:
        if key.is_printable:
            self.seen.append(f"key {key.character}")


class Runs(TerminalApp[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("exclamation_mark", "note", "a key of the app", priority=True)
    ]

    def __init__(self) -> None:
        super().__init__()
        self.box = TextTaker(takes_line_ends=True)
        self.field = TextTaker(takes_line_ends=False)
        self.other = Sink()
        self.noted = 0

    def compose(self) -> ComposeResult:
        yield from (self.box, self.field, self.other)

    def action_note(self) -> None:
        self.noted += 1


class Sink(Static, can_focus=True):
    """Takes single keys, as a list does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("g", "go", "focus the box")]

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def on_key(self, key: events.Key) -> None:
        self.seen.append(key.key)

    def on_paste(self, paste: events.Paste) -> None:
        self.seen.append(f"paste of {len(paste.text)}")

    def action_go(self) -> None:
        app = self.app
        assert isinstance(app, Runs)
        app.box.focus()


async def typed(focused: str, *pieces: str) -> Runs:
    """Type pieces, each read at once, and wait until a key behind them has passed."""
    app = Runs()
    keyboard = Keyboard()
    async with app.run_test() as pilot:
        getattr(app, focused).focus()
        for piece in pieces:
            for message in keyboard.read(piece):
                app.post_message(message)
        app.post_message(events.Key("exclamation_mark", "!"))
        async with asyncio.timeout(30):
            while app.noted <= "".join(pieces).count("!"):
                await pilot.pause(0.01)
    return app


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("one two 中文", ["one two 中文"]),
        ("one\rtwo\r", ["one\rtwo\r"]),
        ("one\r", ["one", "ENTER"]),
        ("x", ["key x"]),
        ("all:\n\tcc\n\tld\n", ["all:\n\tcc\n\tld\n"]),
        ("\tif x {\n\t}\n", ["\tif x {\n\t}\n"]),
        ("one\ttwo\tthree\tfour\tfive\tsix\tseven", ["one\ttwo\tthree\tfour\tfive\tsix\tseven"]),
    ],
)
async def test_a_box_takes_a_run_at_once(text: str, seen: list[str]) -> None:
    app = await typed("box", text)
    assert app.box.seen[: len(seen)] == seen


async def test_a_tab_of_a_user_or_a_script_is_a_key_and_one_in_a_paste_is_text() -> None:
    keyboard = Keyboard()

    def keys(piece: str, after: float = 1.0) -> list[str]:
        return [
            m.text if isinstance(m, KeyRun) else getattr(m, "key", "") for m in keyboard.read(piece, after)
        ]

    assert keys("\t") == ["tab"]
    assert [keys("\t", after=0.03) for _ in range(5)] == [["tab"]] * 5, "held down"
    assert keys("/hi\t") == ["/hi", "tab"]
    assert keys("a long text that a script types\t") == ["a long text that a script types", "tab"]
    paste = "a\tb" * 3000
    pieces = [paste[at : at + 4095] for at in range(0, len(paste), 4095)]
    assert "".join(run for piece in pieces for run in keys(piece, after=0.001)) == paste
    assert keys("\tend", after=0.001) == ["\tend"]


async def test_a_field_takes_a_run_up_to_an_enter() -> None:
    app = await typed("field", "one\rtwo\r")
    assert app.field.seen[:4] == ["one", "ENTER", "two", "ENTER"]


async def test_a_list_takes_the_keys_of_a_run_one_by_one_and_their_focus_counts() -> None:
    app = await typed("other", "jkg中文 ab")
    assert app.other.seen[:3] == ["j", "k", "g"]
    assert app.box.seen[:1] == ["中文 ab"]


async def test_a_flood_of_characters_is_a_paste_for_a_list() -> None:
    app = await typed("other", "d" * 20_000)
    assert app.other.seen[:1] == ["paste of 20000"]


async def test_a_key_of_the_app_counts_inside_a_run() -> None:
    app = await typed("box", "ab!cd")
    assert app.noted == 2
    assert "".join(app.box.seen).replace("key ", "").startswith("abcd")
