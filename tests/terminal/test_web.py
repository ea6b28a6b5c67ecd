"""`coze-tui web`: the screens in a browser. Requests and sessions go over loopback to the real server."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyte
import pytest

from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.server import StandIn
from tests.support.program import BOT, FAST_BOT, TOKEN, Store, processes_with
from tests.support.terminal import LIMIT_S, TerminalScreen
from tests.support.web_server import WebServer, web_server

pytest.importorskip("textual_serve")
aiohttp = pytest.importorskip("aiohttp")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path) -> Iterator[WebServer]:
    with StandIn(pace=0, token=TOKEN) as stand_in:
        env = {"COZE_API_TOKEN": TOKEN, "COZE_API_BASE": stand_in.base_url, "COZE_BOT_ID": BOT}
        with web_server(home, env=env) as running:
            yield running


async def until(state: Any) -> None:
    """Wait until something is true."""
    end = time.monotonic() + LIMIT_S
    while not state():
        assert time.monotonic() < end, "it never came to be"
        await asyncio.sleep(0.05)


class Page:
    """A session, as the script of the page holds it."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.received = b""
        self._screen = TerminalScreen(100, 30)
        self._stream = pyte.ByteStream(self._screen)
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            if isinstance(message.data, bytes):
                self.received += message.data
                self._stream.feed(message.data)

    async def shows(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await until(lambda: text in self._screen.text())

    async def type(self, text: str) -> None:
        await self._socket.send_json(["stdin", text])

    async def ask(self, question: str, answer: str) -> None:
        """Ask once the prompt is there, and wait for the answer."""
        await self.shows("● idle")
        await self.type(question)
        await self.shows(f" › {question}")
        await self.type("\r")
        await self.shows(answer)

    async def ended(self) -> None:
        """Wait until the server has closed the session."""
        await asyncio.wait_for(self._reader, LIMIT_S)


@asynccontextmanager
async def browser(server: WebServer) -> AsyncIterator[Any]:
    """Yield a browser that has opened the printed URL."""
    jar = aiohttp.CookieJar(unsafe=True)  # "unsafe" means cookies of IP addresses
    async with aiohttp.ClientSession(server.site, cookie_jar=jar) as session:
        async with session.get(server.url) as answer:
            assert answer.status == 200
        yield session


@asynccontextmanager
async def page(server: WebServer, session: Any) -> AsyncIterator[Page]:
    headers = {"Origin": server.site}
    async with session.ws_connect("/ws?width=100&height=30", headers=headers) as socket:
        yield Page(socket)


async def test_only_a_browser_with_the_key_is_answered(server: WebServer) -> None:
    host = server.site.removeprefix("http://")
    other = {"Host": f"evil.example:{host.rpartition(':')[2]}"}
    async with aiohttp.ClientSession(server.site) as stranger:
        for path in ("/", "/ws", "/static/js/textual.js", "/?key=wrong", "/?key=%ff%00"):
            async with stranger.get(path) as answer:
                assert answer.status == 403, path
                assert "Open the URL" in await answer.text()
    async with browser(server) as session:
        async with session.get("/") as answer:
            text = await answer.text()
            assert answer.status == 200
            assert server.key not in text
            assert TOKEN not in text
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        refused = [
            ("/", other),
            (f"/?key={server.key}", other),
            ("/", {"Origin": "http://evil.example"}),
            ("/ws", {"Origin": "http://evil.example"}),
            ("/ws", {"Origin": "null"}),
            ("/ws", {}),
        ]
        for path, headers in refused:
            async with session.get(path, headers=headers) as answer:
                assert answer.status == 403, (path, headers)


async def test_two_pages_chat_on_one_history_and_the_token_is_not_sent_to_them(
    server: WebServer, home: Path
) -> None:
    async with browser(server) as session, page(server, session) as one, page(server, session) as two:
        await one.ask("1 + 1", "1 + 1 = 2")
        await two.ask("2 + 3", "2 + 3 = 5")
        await until(lambda: Store(home).statuses() == ["completed"] * 2)
        assert Store(home).questions() == ["1 + 1", "2 + 3"]
        assert TOKEN.encode() not in one.received + two.received
        await one.type("\x11")
        await one.ended()
    assert server.end() == ""


@pytest.mark.parametrize("how", ["close", "SIGTERM", "SIGKILL"])
async def test_a_session_ends_with_its_page_or_server_and_keeps_its_draft(
    server: WebServer, home: Path, how: str
) -> None:
    async with browser(server) as session:
        async with page(server, session) as one:
            await one.ask("1 + 1", "1 + 1 = 2")
            await one.type("a thought")
            await one.shows(" › a thought")
            if how != "close":
                os.kill(server.process.pid, getattr(signal, how))
        children = f"COZE_TUI_HOME={home}"
        await until(lambda: set(processes_with(children)) <= {server.process.pid})
    assert Store(home).rows("SELECT draft FROM conversations WHERE draft != ''") == [("a thought",)]


async def test_the_demo_takes_the_options_of_the_demo(tmp_path: Path) -> None:
    with web_server(tmp_path / "home", "demo", "--bot", FAST_BOT, "--lang", "zh_CN", env={}) as server:
        async with browser(server) as session, page(server, session) as one:
            await one.shows("demo")
            await one.shows("命令")
            await one.shows(next(bot.name for bot in demo_bots(chinese=True) if bot.id == FAST_BOT))


def test_a_browser_shows_the_screens_and_types_at_them_without_a_click(server: WebServer, home: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as driver:
        shown = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = shown.new_page(viewport={"width": 1000, "height": 600})
        tab.goto(server.url)
        tab.wait_for_selector("body.-first-byte .xterm-helper-textarea:focus")
        end = time.monotonic() + LIMIT_S
        while not Store(home).questions() and time.monotonic() < end:
            tab.keyboard.type("1 + 1")
            tab.keyboard.press("Enter")
            tab.wait_for_timeout(500)
        shown.close()
    assert Store(home).questions()[0].startswith("1 + 1")
