"""The login with a browser: what is asked, what is shown, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from coze_tui.api.oauth import DeviceCode
from coze_tui.config.addresses import COZE_CN
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.errors import AuthError
from coze_tui.tui.screens.log_in import DeviceLogin, LogIn
from coze_tui.tui.themes import DARK_THEME
from tests.support.host_app import LOOKS, Host, until
from tests.support.hostile_text import HOSTILE

PAIR = OAuthPair(Secret("cztei_a"), Secret("r"), 9_999_999_999, "app", COZE_CN)


class Browser(LogIn):
    """Stands for the site and the person at the browser, who is as slow as the test wants."""

    def __init__(self) -> None:
        self.clients: list[str] = []
        self.agreed: asyncio.Future[OAuthPair] = asyncio.get_running_loop().create_future()
        self.refusal: AuthError | None = None
        self.user_code = "ABCD-EFGH"

    async def begin_device(self, base_url: str, client_id: str) -> DeviceCode:
        self.clients.append(client_id)
        if self.refusal is not None:
            raise self.refusal
        return DeviceCode(Secret("dc"), self.user_code, f"{base_url}/device")

    async def wait_for_device(self, client_id: str, code: DeviceCode) -> OAuthPair:
        return await self.agreed


@asynccontextmanager
async def login(
    client_id: str = "", *, size: tuple[int, int] = (80, 24), theme: str = DARK_THEME
) -> AsyncIterator[tuple[Pilot[None], Host, Browser]]:
    browser = Browser()
    host = Host(lambda: DeviceLogin(browser, COZE_CN, client_id), theme=theme)
    async with host.run_test(size=size, tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        yield pilot, host, browser


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_page_and_code_are_shown_whole_until_the_person_agrees(
    size: tuple[int, int], theme: str
) -> None:
    async with login("app", size=size, theme=theme) as (pilot, host, browser):
        await until(pilot, lambda: "Waiting for your approval" in host.text)
        assert "https://api.coze.cn/device?user_code=ABCD-EFGH" in "".join(host.text.split())
        assert ": ABCD-EFGH" in host.text
        assert all(child.region.bottom <= size[1] for child in host.screen.query(Widget) if child.display)
        browser.agreed.set_result(PAIR)
        await until(pilot, lambda: host.results)
        assert host.results == [PAIR]
        assert browser.clients == ["app"]


async def test_without_a_client_id_it_is_asked_for() -> None:
    async with login() as (pilot, host, browser):
        assert "You need your own OAuth app" in host.text
        await pilot.press("enter")
        await until(pilot, lambda: "Enter the client ID first." in host.text)
        await pilot.press("4", "2", "enter")
        await until(pilot, lambda: "ABCD-EFGH" in host.text)
        assert browser.clients == ["42"]


async def test_a_client_id_that_is_refused_can_be_mended() -> None:
    async with login() as (pilot, host, browser):
        browser.refusal = AuthError(0, "invalid_client")
        await pilot.press("x", "enter")
        await until(pilot, lambda: "no such OAuth app" in host.text)
        browser.refusal = None
        await pilot.press("backspace", "7", "enter")
        await until(pilot, lambda: "ABCD-EFGH" in host.text)
        assert browser.clients == ["x", "7"]


async def test_a_refusal_in_the_browser_is_reported_and_one_can_begin_again() -> None:
    async with login("app") as (pilot, host, browser):
        await until(pilot, lambda: "ABCD-EFGH" in host.text)
        browser.agreed.set_exception(AuthError(0, "access_denied"))
        await until(pilot, lambda: "the login was denied in the browser" in host.text)
        browser.agreed = asyncio.get_running_loop().create_future()
        await pilot.press("enter")
        await until(pilot, lambda: "Waiting for your approval" in host.text)
        assert browser.clients == ["app", "app"]


async def test_escape_leaves_and_asks_no_more() -> None:
    async with login("app") as (pilot, host, browser):
        await until(pilot, lambda: "ABCD-EFGH" in host.text)
        await pilot.press("escape")
        await until(pilot, browser.agreed.cancelled)
        assert host.results == [None]


async def test_what_the_server_says_is_data() -> None:
    async with login() as (pilot, host, browser):
        browser.user_code = HOSTILE
        await pilot.press("a", "enter")
        await until(pilot, lambda: "Waiting for your approval" in host.text)
        assert "\x1b" not in host.text
