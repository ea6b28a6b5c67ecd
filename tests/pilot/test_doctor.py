"""The doctor's page: which keys arrive, where copies go, what the terminal is."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.tui.screens.doctor import DoctorScreen
from coze_tui.tui.widgets.text_views import Paragraphs
from tests.support.desk import Desk, desk

BOTS = [Bot("7511000000000000777", "海水", [Answer("河流把盐带走。")])]


async def open_doctor(at: Desk) -> DoctorScreen:
    await at.ask("/doctor")
    await at.until(lambda: isinstance(at.app.screen, DoctorScreen), "the page is open")
    screen = at.app.screen
    assert isinstance(screen, DoctorScreen)
    return screen


def told(screen: DoctorScreen) -> str:
    return "\n".join(passage.text for passage in screen.query(Paragraphs))


async def test_a_key_tells_what_it_means_and_does_nothing_else(home: Path) -> None:
    async with desk(home, BOTS) as at:
        screen = await open_doctor(at)
        await at.pilot.press("ctrl+s", "ctrl+j", "ctrl+p", "x", "f12")
        assert screen.keys.text.splitlines()[:4] == [
            "F12           does nothing in the chat",
            "x             text",
            "Ctrl+P        command palette · app.commands",
            "Ctrl+J        new line · prompt.new_line",
        ]
        assert at.app.screen is screen
        await at.pilot.press("escape")
        assert len(at.app.screen_stack) == 1
        assert at.screen.prompt.message == ""


async def test_a_key_of_ones_own_tells_its_action(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('[keys]\n"chat.new" = "f4"\n')
    async with desk(home, BOTS) as at:
        screen = await open_doctor(at)
        await at.pilot.press("f4", "ctrl+n")
        lines = screen.keys.text.splitlines()
        assert lines[1] == "F4            new conversation · chat.new"
        assert "chat.new" not in lines[0]


async def test_all_of_it_can_be_read_on_a_small_screen(home: Path) -> None:
    async with desk(home, BOTS, size=(60, 20)) as at:
        screen = await open_doctor(at)
        await at.pilot.press("pagedown", "pagedown", "pagedown")
        await at.until(lambda: screen.reading.scroll_offset.y == screen.reading.max_scroll_y > 0, "the end")
        await at.pilot.press("pageup", "pageup", "pageup")
        await at.until(lambda: screen.reading.scroll_offset.y == 0, "the beginning")


async def test_y_copies_a_line_that_can_be_pasted(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await open_doctor(at)
        await at.pilot.press("y")
        copied = at.context.startup.paths.copies / "copied.txt"
        await at.until(copied.exists, "it is in the file")
        assert copied.read_text().startswith("copied by coze-tui at ")


async def test_it_tells_the_terminal_and_the_way_of_copies(home: Path) -> None:
    async with desk(home, BOTS, environment={"TERM": "xterm\x1b[31m", "SSH_TTY": "/dev/pts/7"}) as at:
        text = told(await open_doctor(at))
        assert "120×40" in text
        assert "redraws per second  15" in text
        assert "/dev/pts/7" in text
        assert "\x1b" not in text
        assert "OSC 52" in text
        assert str(at.context.startup.paths.copies) in text


async def test_inside_tmux_copies_go_there_and_emoji_are_simple(home: Path) -> None:
    async with desk(home, BOTS, environment={"TMUX": "/tmp/tmux-0/default,1,0"}) as at:
        text = told(await open_doctor(at))
        assert "tmux buffer" in text
        assert "simple_emoji is on, so" in text


async def test_b_checks_the_bot_and_shows_the_results_as_they_arrive(home: Path) -> None:
    def checked(screen: DoctorScreen) -> str:
        return screen.checks.text

    env = {"COZE_TUI_CUSTOM_VARIABLES": '{"nam": "x"}'}
    async with desk(home, BOTS, environment=env, size=(80, 24)) as at:
        screen = await open_doctor(at)
        assert checked(screen) == ""
        asked = len(at.stand_in.requests)
        at.stand_in.fault("hang", path="/v1/workspaces")
        await at.pilot.press("b")
        await at.until(lambda: "✓ permission uploadFile" in checked(screen), "what arrived is shown")
        assert "checking…" in checked(screen)
        await at.pilot.press("escape")  # stops the checks
        await at.until(lambda: len(at.app.screen_stack) == 1, "closed")

        screen = await open_doctor(at)
        await at.pilot.press("b")
        await at.until(lambda: checked(screen) and "checking…" not in checked(screen), "all is checked")
        text = checked(screen)
        assert "✓ token  valid" in text
        assert "海水: published to API" in text
        assert "! no effect  custom_variables.nam" in text
        assert "quota" in text
        assert screen.reading.scroll_offset.y == screen.reading.max_scroll_y > 0
        assert not [
            each
            for each in at.stand_in.requests[asked:]
            if BOTS[0].id.encode() in each.raw.partition(b"\r\n\r\n")[2]
        ]


async def test_a_bot_that_cannot_be_checked_has_its_reason_and_its_page(home: Path) -> None:
    async with desk(home, BOTS) as at:
        screen = await open_doctor(at)
        at.stand_in.fault("expired-token", path="/v1/users/me")
        await at.pilot.press("b")
        await at.until(lambda: "✗ token" in screen.checks.text, "the token is refused")
        await at.until(lambda: "checking…" not in screen.checks.text, "no more is checked")
        assert "4100" in screen.checks.text
        assert "/login" in screen.checks.text
        assert "error-codes" in screen.checks.text
        at.stand_in.fault("html502", path="/v1/users/me", times=9)
        await at.pilot.press("b")
        await at.until(lambda: "✗ site" in screen.checks.text, "the site is none")
        await at.until(lambda: "checking…" not in screen.checks.text, "no more is checked")


async def test_the_bars_of_the_signs_stand_in_one_column(home: Path) -> None:
    async with desk(home, BOTS) as at:
        lines = told(await open_doctor(at)).splitlines()
        bars = [cell_len(line.partition("│")[0]) for line in lines if line.endswith("│")]
        assert bars == [10] * 4
