"""A link is shown whole before it is opened, never opened on the host of an SSH line; it passes no option."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.tui.screens.log_screen import ShowLink, show_link
from coze_tui.tui.widgets.text_views import Paragraphs
from tests.support.desk import Desk, desk

BOT = "7511000000000000777"
BOTS = [Bot(BOT, "海水", [Answer("see [the safe site](https://example.invalid/really?there=1) please")])]
LONG = "https://example.invalid/" + "path/" * 60 + "end"
SSH = (
    {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"},
    {"SSH_TTY": "/dev/pts/99"},
)


class Opener:
    """An `xdg-open` that writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "calls"
        program = folder / "xdg-open"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$#" "$@" >> {self._log}\n', "utf-8")
        program.chmod(0o700)

    def has(self, lines: int) -> bool:
        return len(self.calls) == lines

    @property
    def calls(self) -> list[str]:
        """How many arguments, then each of them; for every call."""
        return self._log.read_text("utf-8").splitlines() if self._log.exists() else []


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opener:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Opener(folder)


async def shown(at: Desk, url: str) -> None:
    """Ask for a link; it is on the screen whole."""
    at.app.run_worker(show_link(at.context, url))
    await whole(at, url)


async def whole(at: Desk, url: str) -> None:
    await at.until(
        lambda: isinstance(at.app.screen, ShowLink) and at.app.screen.query(Paragraphs), "it is shown"
    )
    await at.pilot.pause()
    passage = at.app.screen.query(Paragraphs).first()
    drawn = "".join(strip.text.strip() for strip in passage.render_lines(passage.size.region))
    assert drawn == url


OPENED = {
    "https://example.invalid/a?b=1&c=$(id);d": "https://example.invalid/a?b=1&c=$(id);d",
    "https://example.invalid/ --new-window": "https://example.invalid/%20--new-window",
    "HTTP://example.invalid/盐": "HTTP://example.invalid/%E7%9B%90",
    "https://example.invalid/%1b]52;c;x": "https://example.invalid/%1b]52;c;x",
    "mailto:a@example.invalid?attach=/etc/passwd": "mailto:a@example.invalid",
    LONG: LONG,
}


REFUSED = (
    "--help",
    "-o/tmp/x",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "ssh://-oProxyCommand=id/",
    "https:",
)
"""More of them: `tests/unit/tui/test_links.py`."""


async def test_a_link_is_opened_when_that_is_asked_for_and_as_one_argument(
    tmp_path: Path, opener: Opener
) -> None:
    async with desk(tmp_path / "home", BOTS) as at:
        for number, (url, argument) in enumerate(OPENED.items()):
            await shown(at, url)
            assert len(opener.calls) == 2 * number
            await at.pilot.press("o")
            await at.until(partial(opener.has, 2 * number + 2), f"{url} is opened")
            assert opener.calls[-2:] == ["1", argument]


async def test_what_is_no_link_of_the_web_is_never_opened(tmp_path: Path, opener: Opener) -> None:
    async with desk(tmp_path / "home", BOTS) as at:
        for url in REFUSED:
            await shown(at, url)
            await at.pilot.press("o")
            assert isinstance(at.app.screen, ShowLink)
            await at.pilot.press("escape")
            await at.until(lambda: at.app.screen is at.screen)
        await at.finished()
        assert opener.calls == []


@pytest.mark.parametrize("world", SSH, ids=lambda world: next(iter(world)))
async def test_over_ssh_a_link_is_shown_and_copied_and_never_opened(
    tmp_path: Path, opener: Opener, world: dict[str, str]
) -> None:
    async with desk(tmp_path / "home", BOTS, environment=world) as at:
        await shown(at, LONG)
        await at.pilot.press("o")
        assert isinstance(at.app.screen, ShowLink)
        await at.pilot.press("y")
        copy = at.context.startup.paths.copies / "copied.txt"
        await at.until(copy.exists, "it is copied")
        await at.finished()
        assert copy.read_text("utf-8") == LONG
        assert opener.calls == []


async def test_a_click_shows_where_a_link_of_an_answer_leads(tmp_path: Path, opener: Opener) -> None:
    async with desk(tmp_path / "home", BOTS) as at:
        await at.ask("where")
        await at.answered()
        lines = at.text().split("\n")
        row = next(n for n, line in enumerate(lines) if "the safe site" in line)
        await at.pilot.click(at.screen.log_widget, offset=(lines[row].index("the safe") + 2, row))
        await whole(at, "https://example.invalid/really?there=1")
        assert opener.calls == []
