"""With another Textual, whose private names have changed, the program runs on Textual's own and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.terminal.driver import TerminalDriver
from coze_tui.tui.screens.dialogs import Choose
from coze_tui.tui.screens.doctor import DoctorScreen
from coze_tui.tui.screens.help import HelpScreen, help_sections
from coze_tui.tui.screens.palette import CommandPalette
from coze_tui.tui.widgets.steady_scrollbar import SteadyScrollBar
from tests.support.desk import desk
from tests.support.other_textual import OTHER_VERSION, other_textual
from tests.support.shown import drawn_text

BOTS = [Bot("7511000000000000777", "海水", [Answer("河流把盐带走。" * 200)])]
PRIVATE_MODULES = frozenset(
    {
        *("coze_tui.terminal.display", "coze_tui.terminal.compositor", "coze_tui.terminal.driver"),
        *("coze_tui.terminal.parser", "coze_tui.tui.widgets.prompt.lines"),
    }
)
"""Whose classes override private names of Textual."""


@pytest.fixture(autouse=True)
def changed() -> Iterator[None]:
    with other_textual("textual.app.App._display"):
        yield


async def test_a_question_is_typed_streamed_and_answered(home: Path) -> None:
    async with desk(home, BOTS, size=(80, 24)) as at:
        await at.pilot.press(*"why", "ctrl+j", *"salt", "left", "X")
        prompt = at.screen.prompt
        assert prompt.text == "why\nsalXt"
        await at.until(lambda: prompt.size.height == 2, "the prompt has grown")
        await at.pilot.press("enter")
        await at.answered()
        assert "河流把盐带走。" in at.text()
        bar = at.screen.log_widget.vertical_scrollbar
        assert bar.window_virtual_size > bar.window_size
        assert bar.position == at.screen.log_widget.scroll_y > 0


async def test_no_override_of_a_private_name_is_used(home: Path) -> None:
    async with desk(home, BOTS) as at:
        app, screen = at.app, at.screen
        assert app.frame_display is None
        assert not issubclass(app.get_driver_class(), TerminalDriver)
        bar = screen.log_widget.vertical_scrollbar
        parts = [value for node in (app, screen, screen.prompt, bar) for value in vars(node).values()]
        assert {type(part).__module__ for part in parts} & PRIVATE_MODULES == set()
        assert not isinstance(bar, SteadyScrollBar)


async def test_the_doctor_says_so_and_help_and_commands_work(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await at.ask("/doctor")
        await at.until(lambda: isinstance(at.app.screen, DoctorScreen), "the page is open")
        text = " ".join(drawn_text(at.app).split())
        assert f"differs from {OTHER_VERSION}" in text
        assert "pip install textual==8.2.7" in text
        await at.pilot.press("escape")
        lines = [line for section in help_sections(at.screen) for line in section.lines]
        assert "prompt.new_line" in [line.id for line in lines]
        await at.pilot.press("f1")
        await at.until(lambda: isinstance(at.app.screen, HelpScreen), "the help is open")
        await at.pilot.press("escape", "ctrl+p")
        await at.until(lambda: isinstance(at.app.screen, CommandPalette), "the palette is open")
        await at.pilot.press("escape")
        assert at.app.screen is at.screen


async def test_a_crash_prints_no_local_variables(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "pat_" + "secret"  # a local variable, of which Textual prints the value

    async def crash() -> None:
        async with desk(home, BOTS) as at:
            at.app.call_later(lambda: len(secret) / 0)
            await at.until(lambda: at.app.crash is not None, "the crash")
            assert isinstance(at.app.crash, ZeroDivisionError)

    with pytest.raises(ZeroDivisionError):
        await crash()
    assert secret not in "".join(capsys.readouterr())


async def test_a_panel_that_has_just_opened_gives_way_to_what_is_typed(home: Path) -> None:
    async with desk(home, BOTS) as at:
        at.stand_in.fault("code=4016", path="/v3/chat", times=1)
        await at.ask("first")
        await at.until(lambda: isinstance(at.app.screen, Choose) and at.app.focused, "it is open")
        at.screen.offers.quiet_seconds = 1_000
        await at.pilot.press("1", "2")
        assert at.app.screen is at.screen
        assert at.screen.prompt.message == "12"
