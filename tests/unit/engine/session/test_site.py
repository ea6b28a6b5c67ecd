"""The site in use while its settings change."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path

from coze_tui.cli.commands import CHAT
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import begin
from coze_tui.config.settings import Settings
from coze_tui.engine.session.site import Connection, Site
from tests.support.raw_replies import head
from tests.support.raw_server import Line, RawServer

SEA, DESERT = "7511000000000000777", "7511000000000000778"


async def test_a_call_ends_with_the_connection_with_which_it_started(tmp_path: Path) -> None:
    asked, released = threading.Event(), threading.Event()

    def talk(line: Line) -> None:
        if SEA.encode() in line.request:
            asked.set()
            released.wait(30)
        body = json.dumps({"code": 0, "msg": "", "data": {"bot_id": SEA, "name": "海水"}})
        line.send(head(kind="application/json", more=f"content-length: {len(body)}\r\n") + body)

    async def note(bot_id: str, name: str) -> None:
        pass

    with RawServer(talk) as server:
        env = {
            "COZE_TUI_HOME": str(tmp_path),
            "COZE_API_TOKEN": "pat_DEMO_0123456789abcdef",
            "COZE_API_BASE": server.base_url,
            "COZE_BOT_ID": SEA,
        }
        startup = begin(Arguments(CHAT), env)
        site = Site(startup.settings, lambda _: Connection(startup), is_in_use=lambda: False, name_bot=note)
        call = asyncio.create_task(site.bot(SEA))
        await asyncio.to_thread(asked.wait, 30)
        await site.use(replace(startup.settings, bot_id=DESERT))
        released.set()
        assert (await call).name == "海水"
        await site.aclose()


async def test_settings_that_change_while_it_connects_are_used_from_then_on(tmp_path: Path) -> None:
    startup = begin(
        Arguments(CHAT), {"COZE_TUI_HOME": str(tmp_path), "COZE_API_TOKEN": "pat_DEMO_0123456789abcdef"}
    )
    asked, released = threading.Event(), threading.Event()

    def connect(settings: Settings) -> Connection:  # a token command takes seconds
        asked.set()
        released.wait(30)
        return Connection(startup.with_settings(settings))

    async def note(bot_id: str, name: str) -> None:
        pass

    old, new = (replace(startup.settings, base_url=f"https://{name}.localhost") for name in ("old", "new"))
    site = Site(old, connect, is_in_use=lambda: False, name_bot=note)
    call = asyncio.create_task(site.client())
    await asyncio.to_thread(asked.wait, 30)
    await site.use(new)
    released.set()
    assert (await call).base_url == old.base_url
    assert (await site.client()).base_url == new.base_url
    await site.aclose()
