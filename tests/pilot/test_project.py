"""A project file on the screens: asked about before its first use."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.config.credentials import CredentialsFile
from coze_tui.config.tokens import Secret
from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.standin.server import StandIn
from coze_tui.tui.screens.first_run import FirstRun
from coze_tui.tui.screens.project_trust import TrustProject
from coze_tui.tui.widgets.text_views import Paragraphs
from tests.support.desk import Desk, desk

BOTS = [
    Bot("7511000000000000777", "海水 Sea", [Answer("河流把盐带走。")]),
    Bot("7511000000000000778", "沙漠 Desert", [Answer("沙子。")]),
]
DESERT = BOTS[1].id


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project file of the working folder, which names a bot."""
    folder = tmp_path / "repo"
    folder.mkdir()
    monkeypatch.chdir(folder)
    file = folder / ".coze-tui.toml"
    more = "".join(f"more{number} = 1\n" for number in range(15))
    file.write_text(f'bot_id = "{DESERT}"\n[parameters]\ncolor = "[red]\\u001b[31m\\u202ered"\n{more}')
    return file


async def asked(at: Desk) -> TrustProject:
    await at.until(
        lambda: isinstance(at.app.screen, TrustProject) and at.app.screen.focused is not None, "it asks"
    )
    screen = at.app.screen
    assert isinstance(screen, TrustProject)
    return screen


async def without_token(at: Desk) -> FirstRun:
    """Wait until the program asks for a token because that of the environment is not for this site."""
    await at.until(
        lambda: isinstance(at.app.screen, FirstRun) and "COZE_API_TOKEN" in text_of(at.app.screen), "no token"
    )
    screen = at.app.screen
    assert isinstance(screen, FirstRun)
    return screen


def text_of(screen: TrustProject | FirstRun) -> str:
    return "\n".join(each.text for each in screen.query(Paragraphs))


async def test_its_content_is_shown_and_used_only_after_a_yes(home: Path, file: Path) -> None:
    env = {"COZE_BOT_ID": ""}
    for answer in ("escape", "n"):
        async with desk(home, BOTS, environment=env, size=(60, 20)) as at:
            screen = await asked(at)
            text = text_of(screen)
            assert str(file) in text.replace("\n", "")
            assert DESERT in text
            assert "[red][31mred" in text
            assert "\x1b" not in text
            assert "token" not in text  # it names no site
            await at.pilot.press("pagedown")
            await at.until(lambda screen=screen: screen.reading.scroll_y > 0, "the rest is shown")  # type: ignore[misc]
            await at.pilot.press("pageup")
            await at.until(lambda screen=screen: screen.reading.scroll_y == 0, "the start is shown")  # type: ignore[misc]
            await at.pilot.press(answer)
            await at.until(lambda at=at: isinstance(at.app.screen, FirstRun), "no bot is chosen")  # type: ignore[misc]
            assert not at.context.settings.parameters
    async with desk(home, BOTS, environment=env) as at:
        await at.until(lambda: isinstance(at.app.screen, FirstRun), "it was declined before")
    file.write_text(f'bot_id = "{DESERT}"\n')
    async with desk(home, BOTS, environment=env) as at:
        assert "has changed" in text_of(await asked(at))
        await at.pilot.press("y")
        await at.until(lambda: "Desert" in at.screen.header.bot, "the bot of the project")
        await at.ask("沙?")
        await at.until(lambda: "沙子。" in at.text(), "it answers")
        assert [bot for bot in at.context.startup.app_state.read().last_bots.values() if bot == DESERT] == []
    async with desk(home, BOTS, environment=env) as at:
        await at.until(lambda: "Desert" in at.screen.header.bot, "it is trusted now")
        assert len(at.app.screen_stack) == 1


async def test_its_site_gets_no_token_of_another_site(home: Path, file: Path) -> None:
    with StandIn(pace=0, bots=BOTS) as foreign:
        file.write_text(f'bot_id = "{DESERT}"\nbase_url = "{foreign.base_url}"\n')
        env = {"COZE_API_BASE": "", "COZE_BOT_ID": ""}
        async with desk(home, BOTS, environment=env) as at:
            await asked(at)
            await at.pilot.press("y")
            screen = await without_token(at)
            assert screen.address.value == foreign.base_url
        assert list(foreign.requests) == []
        async with desk(home, BOTS, environment=env) as at:
            await without_token(at)
            credentials = CredentialsFile(at.context.startup.paths.credentials_file)
            credentials.keep(at.context.settings.profile, Secret(foreign.token), foreign.base_url)
        async with desk(
            home, BOTS, environment={**env, "COZE_API_TOKEN": "pat_of_another_site_012345"}
        ) as at:
            await at.until(lambda: "Desert" in at.screen.header.bot, "its own token is used")
        assert foreign.requests
        assert not any("another_site" in repr(request) for request in foreign.requests)
