"""The first run, against a stand-in over loopback. The marked token is never to be seen."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from coze_tui.config.addresses import COZE_CN, COZE_COM
from coze_tui.config.settings import Settings, Source
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.errors import CredentialsError
from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.server import StandIn
from coze_tui.tui.screens.first_run import FirstRun, FirstRunChoice, types_with_input_method
from coze_tui.tui.themes import DARK_THEME
from coze_tui.tui.widgets.field import Field
from tests.support.engine_desk import Desk, desk
from tests.support.host_app import LOOKS, Host, until

TOKEN = "pat_EXAMPLEmarkedtoken0123456789"
FIRST = demo_bots()[0]


@dataclass
class Open:
    """An open first run, at its first step."""

    pilot: Pilot[None]
    host: Host
    desk: Desk

    @property
    def result(self) -> object:
        return self.host.results[0] if self.host.results else ...

    async def shows(self, text: str) -> None:
        await until(self.pilot, lambda: text in " ".join(self.host.text.split()))

    async def paste(self, text: str) -> None:
        self.host.post_message(events.Paste(text))
        await self.pilot.pause()

    async def give_token(self, token: str = TOKEN) -> None:
        """Paste it and go on."""
        await self.paste(token)
        await self.press("enter")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()


@asynccontextmanager
async def first_run(
    folder: Path,
    stand_in: StandIn | None = None,
    *,
    com: StandIn | None = None,
    size: tuple[int, int] = (100, 40),
    theme: str = DARK_THEME,
    settings: Settings | None = None,
    **options: Any,
) -> AsyncIterator[Open]:
    """The sites are the given stand-ins; the one without is a dead port."""
    settings = settings or Settings()
    async with desk(folder, settings) as at:
        dead = "http://127.0.0.1:9"
        at.startup.at[COZE_CN] = stand_in.base_url if stand_in else dead
        at.startup.at[COZE_COM] = com.base_url if com else dead
        host = Host(lambda: FirstRun(**options), theme=theme, startup=at.startup)
        host.context.engine_thread = at.engine_thread
        async with host.run_test(size=size, tooltips=True, notifications=True) as pilot:
            await pilot.pause()
            yield Open(pilot, host, at)


async def test_site_token_and_bot_are_asked_checked_and_given(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        async with first_run(tmp_path, stand_in) as it:
            await it.shows("step 1 of 3")
            await it.press("enter")
            await it.shows("https://www.coze.cn/open/oauth/pats")
            await it.shows("COZE_API_TOKEN")
            await it.paste(f"  {TOKEN}\r\n")
            await it.press("enter")
            await it.shows("valid; belongs to")
            await it.shows(FIRST.name)
            assert it.desk.startup.kept == [(COZE_CN, Secret(TOKEN))]
            file = it.desk.startup.credentials.path
            assert it.host.told == [f"Token saved to {file}, readable only by you."]
            await it.press("enter")
            assert it.result == FirstRunChoice(COZE_CN, FIRST.id, FIRST.name)
            assert FirstRunChoice(COZE_CN, "1").changes == {"base_url": COZE_CN, "bot_id": "1"}


async def test_the_key_that_sends_is_asked_where_it_is_wished(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        async with first_run(tmp_path, stand_in, ask_send_key=True) as it:
            await it.press("enter")
            await it.give_token()
            await it.shows(FIRST.name)
            await it.press("enter")
            await it.shows("Which key should send?")
            await it.press("down", "enter")
            assert it.result == FirstRunChoice(COZE_CN, FIRST.id, FIRST.name, "ctrl+j")
            assert FirstRunChoice(COZE_CN, "1", "", "ctrl+j").changes["send_key"] == "ctrl+j"


async def test_the_tour_needs_nothing(tmp_path: Path) -> None:
    async with first_run(tmp_path) as it:
        await it.press("up", "enter")
        assert it.result == "demo"


async def test_a_refused_token_is_reported_with_its_logid_and_stays_typed(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with first_run(tmp_path, stand_in) as it:
            await it.press("enter")
            await it.give_token()
            await it.shows("the token is invalid or has expired (error 4100)")
            await it.shows("Copy the whole token again")
            await it.shows("logid 20")
            assert it.host.screen.query_one("#token", Field).value == TOKEN
            assert it.desk.startup.kept == []
            await it.press("backspace")
            assert "4100" not in it.host.text


async def test_a_token_of_the_other_site_is_tried_there_by_a_key(tmp_path: Path) -> None:
    with StandIn() as cn, StandIn(token=TOKEN) as com:
        async with first_run(tmp_path, cn, com=com) as it:
            await it.press("enter")
            assert "^T try the other site" not in it.host.text
            await it.give_token()
            await it.shows("press Ctrl+T to try it on coze.com")
            await it.shows("^T try the other site")
            await it.press("ctrl+t")
            await it.shows("✓ Site coze.com")
            await it.shows(FIRST.name)
            assert it.desk.startup.kept == [(COZE_COM, Secret(TOKEN))]
            await it.press("enter")
            assert it.result == FirstRunChoice(COZE_COM, FIRST.id, FIRST.name)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_at_every_size_the_refusal_and_the_keys_are_seen(
    tmp_path: Path, size: tuple[int, int], theme: str
) -> None:
    with StandIn() as stand_in:
        async with first_run(tmp_path, stand_in, size=size, theme=theme, ask_send_key=True) as it:
            for label in ("coze.cn", "coze.com", "Self-hosted", "Try it without a token", "○ Keys"):
                assert label in it.host.text
            await it.press("enter")
            await it.give_token()
            await it.shows("(error 4100)")
            await it.shows("press Ctrl+T to try it on coze.com")
            await it.shows("Enter continue ^T try the other site")
            await it.shows("Esc back")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Paste the token first."),
        ("pat_EX AMPLE", "does not contain a valid token"),
        ("pat_ÉXAMPLE", "does not contain a valid token"),
        ("pat_EXAMPLE\nmore", "does not contain a valid token"),
    ],
)
async def test_what_is_no_token_is_not_tried(tmp_path: Path, typed: str, told: str) -> None:
    async with first_run(tmp_path) as it:
        await it.press("enter")
        await it.paste(typed)
        await it.press("enter")
        await it.shows(told)
        assert it.desk.startup.asked == []


async def test_a_signed_jwt_gets_the_hint_with_the_refusal(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        async with first_run(tmp_path, stand_in) as it:
            await it.press("enter")
            await it.give_token("eyJhbGciOiJSUzI1NiJ9")
            await it.shows("This is a JWT")
            await it.shows("4100")


async def test_a_token_that_may_not_tell_its_name_is_good_all_the_same(tmp_path: Path) -> None:
    with StandIn() as stand_in:
        stand_in.fault("code=4101", path="/v1/users/me")
        stand_in.add_token(TOKEN, scopes=["chat"])
        async with first_run(tmp_path, stand_in) as it:
            await it.press("enter")
            await it.give_token()
            await it.shows("✓ Token valid")
            await it.paste(FIRST.id)
            await it.press("enter")
            await it.shows("Press Enter to use it anyway.")
            await it.press("enter")
            assert it.result == FirstRunChoice(COZE_CN, FIRST.id)


async def test_a_studio_cannot_check_and_its_bot_is_pasted(tmp_path: Path) -> None:
    with StandIn(dialect="studio", token=TOKEN) as stand_in:
        async with first_run(tmp_path) as it:
            await it.press("down", "down", "enter")
            await it.paste(f"{stand_in.base_url}/v3/")
            await it.press("enter")
            await it.shows("Create a token in the settings of 127.0.0.1")
            await it.give_token()
            await it.shows("Coze Studio does not list bots")
            await it.paste(f"{stand_in.base_url}/space/1/bot/{FIRST.id}")
            await it.press("enter")
            await until(it.pilot, lambda: it.result is not ...)
            assert it.result == FirstRunChoice(stand_in.base_url, FIRST.id, FIRST.name)
            assert it.desk.startup.kept == [(stand_in.base_url, Secret(TOKEN))]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "the URL is empty"),
        ("not an address", "not an address is not a URL"),
        ("http://coze.example.com", "plain http would expose the token"),
        ("ftp://coze.example.com", "must start with https://"),
        ("https://me:secret@coze.example.com", "must not contain a user name or password"),
    ],
)
async def test_a_wrong_address_is_reported_and_stays_typed(tmp_path: Path, typed: str, told: str) -> None:
    async with first_run(tmp_path) as it:
        await it.press("down", "down", "enter")
        await it.paste(typed)
        await it.press("enter")
        await it.shows(told)
        assert it.host.screen.query_one("#address", Field).value == typed
        await it.press("up", "up", "up", "enter")
        await it.shows("step 2 of 3")


async def test_the_url_stands_under_the_self_hosted_site_and_its_problem_under_it(tmp_path: Path) -> None:
    async with first_run(tmp_path) as it:
        before = it.host.text.split("\n")
        await it.press("down", "down", "enter")
        await it.paste("ftp://coze.example.com")
        lines = it.host.text.split("\n")
        row = next(number for number, line in enumerate(lines) if "Self-hosted" in line)
        assert "ftp://coze.example.com" in lines[row + 1]
        assert "Try it without a token" in lines[row + 2]
        assert "Try it without a token" in before[row + 2], "nothing moves"
        await it.press("enter")
        await it.shows("must start with https://")
        lines = it.host.text.split("\n")
        told = next(number for number, line in enumerate(lines) if "must start with" in line)
        demo = next(number for number, line in enumerate(lines) if "Try it without a token" in line)
        assert row + 1 < told < demo


async def test_a_typed_token_is_not_kept_for_another_site(tmp_path: Path) -> None:
    async with first_run(tmp_path) as it:
        await it.press("enter")
        await it.paste("pat_typed_for_one_site")
        field = it.host.screen.query_one("#token", Field)
        await it.press("escape", "enter")
        assert field.value == "pat_typed_for_one_site", "the same site"
        await it.press("escape", "down", "enter")
        await it.shows("step 2 of 3")
        assert field.value == ""


async def test_a_dead_port_is_reported_with_what_to_do(tmp_path: Path) -> None:
    async with first_run(tmp_path) as it:
        await it.press("enter")
        await it.give_token()
        await it.shows("connection refused by")
        await it.shows("Check the site URL")
        assert "Ctrl+T" not in it.host.text


async def test_escape_ends_a_check_that_hangs_and_goes_back_step_by_step(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        stand_in.fault("hang", path="/v1/users/me")
        async with first_run(tmp_path, stand_in) as it:
            await it.press("enter")
            await it.give_token()
            await it.shows("checking at coze.cn…")
            await it.press("escape")
            await it.shows("step 1 of 3")
            await it.press("enter")
            assert it.host.screen.query_one("#token", Field).value == TOKEN
            await it.press("enter")
            await it.shows(FIRST.name)
            await it.press("escape")
            await it.shows("step 2 of 3")
            await it.press("enter")
            await it.shows("step 3 of 3")
            assert len(it.desk.startup.asked) == 2
            assert len(it.desk.startup.kept) == 1
            await it.press("escape", "escape", "escape")
            assert it.result is None


async def test_a_token_that_cannot_be_kept_works_and_that_is_reported(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        async with first_run(tmp_path, stand_in) as it:
            it.desk.startup.refusals.append(CredentialsError("unreadable", "/nowhere/credentials.json"))
            await it.press("enter")
            await it.give_token()
            await it.shows(FIRST.name)
            assert any("was not saved" in told for told in it.host.told)
            await it.press("enter")
            assert it.result == FirstRunChoice(COZE_CN, FIRST.id, FIRST.name)


async def test_what_is_set_already_is_proposed(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        set_already = replace(
            Settings(base_url=stand_in.base_url, bot_id="7511000000000000777"),
            sources={"base_url": Source("environment", "COZE_API_BASE")},
        )
        async with first_run(tmp_path, settings=set_already) as it:
            await it.shows(stand_in.base_url)
            await it.press("enter")
            await it.give_token()
            await it.shows("FROM SETTINGS")
            await it.press("enter")
            assert it.result == FirstRunChoice(stand_in.base_url, "7511000000000000777")


async def test_the_reason_is_reported_where_there_is_one(tmp_path: Path) -> None:
    async with first_run(tmp_path, notice="no token found in /a/file[/]") as it:
        assert "no token found in /a/file[/]" in it.host.text


async def test_the_token_is_never_on_the_screen_nor_left_in_it(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        async with first_run(tmp_path, stand_in) as it:
            await it.press("enter")
            await it.paste(TOKEN)
            seen = [it.host.text, it.host.export_screenshot()]
            await it.press("ctrl+a", "shift+end", "ctrl+x")
            seen.append(it.host.clipboard)
            assert it.host.screen.query_one("#token", Field).value == TOKEN
            await it.press("enter")
            await it.shows(FIRST.name)
            seen += [it.host.text, it.host.export_screenshot(), *it.host.told]
            screen = it.host.screen
            seen += [repr(widget) for widget in [screen, *screen.walk_children()]]
            assert screen.query_one("#token", Field).value == ""
            assert not any(TOKEN in text for text in seen)
            gc.collect()
            held = [value for value in vars(screen).values() if isinstance(value, str)]
            assert TOKEN not in held


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "ja_JP.UTF-8"}, True),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, False),
        ({"LC_CTYPE": "ko_KR.UTF-8", "LANG": "C"}, True),
        ({}, False),
    ],
)
def test_who_types_with_an_input_method(environment: dict[str, str], expected: bool) -> None:
    assert types_with_input_method(environment) is expected


async def test_a_login_with_a_browser_takes_the_place_of_a_token(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        stand_in.device(approve_after=1, interval=1)
        settings = Settings(oauth_client_id="app")
        async with first_run(tmp_path, stand_in, settings=settings) as it:
            assert "browser" not in it.host.text
            await it.press("enter")
            await it.shows("Press Ctrl+O to log in with a browser")
            await it.press("ctrl+o")
            await it.shows("Waiting for your approval")
            await it.shows("✓ Token valid")
            [(site, pair)] = it.desk.startup.kept
            assert site == COZE_CN
            assert isinstance(pair, OAuthPair)
            assert pair.client_id == "app"
            assert pair.access.reveal() not in it.host.text


async def test_a_login_with_a_browser_that_is_left_changes_nothing(tmp_path: Path) -> None:
    with StandIn(token=TOKEN) as stand_in:
        async with first_run(tmp_path, stand_in) as it:
            await it.press("enter", "ctrl+o")
            await it.shows("You need your own OAuth app")
            await it.press("escape")
            await it.give_token()
            await it.shows("✓ Token valid")
            assert it.desk.startup.kept == [(COZE_CN, Secret(TOKEN))]
