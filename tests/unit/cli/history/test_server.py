"""Renamed and deleted from the shell, at the server too."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from coze_tui.api import resources
from coze_tui.api.client import CozeClient
from coze_tui.cli.exits import Exit
from coze_tui.config.addresses import site_name
from coze_tui.standin.server import StandIn
from coze_tui.store import history
from tests.support.commands import XIAOCHUN, Command
from tests.support.conversations import add_chat, spring_frames
from tests.support.server_conversations import create_conversation
from tests.support.stores import written

_T = TypeVar("_T")


def asked(stand_in: StandIn, ask: Callable[[CozeClient], Awaitable[_T]]) -> _T:
    """What the server answers."""

    async def run() -> _T:
        client = CozeClient(stand_in.base_url, lambda: stand_in.token)
        try:
            return await ask(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


def names(stand_in: StandIn) -> list[str]:
    """What the server has."""
    page = asked(stand_in, lambda client: resources.list_conversations(client, XIAOCHUN))
    return [item.name for item in page.items]


@pytest.fixture
def key(stand_in: StandIn, home: Path) -> str:
    """A conversation that is here and at the server."""
    made = asked(stand_in, lambda client: create_conversation(client, bot_id=XIAOCHUN, name="渡轮"))

    def add(c: sqlite3.Connection) -> str:
        key = history.create_conversation(
            c, site_name(stand_in.base_url), XIAOCHUN, 1_000, title="渡轮", bot_name="小春"
        )
        add_chat(c, key, "下一班？", spring_frames())
        history.set_conversation_id(c, key, made.id)
        return key

    return written(home, add)


def test_a_new_title_reaches_the_server(command: Command, stand_in: StandIn, key: str) -> None:
    ran = command("history", "rename", key, " 新名\u202e ")
    assert (ran.status, ran.out, ran.err) == (0, f"{key}  新名\n", "")
    assert names(stand_in) == ["新名"]


def test_what_is_deleted_is_deleted_there_and_comes_back_here(
    command: Command, stand_in: StandIn, key: str
) -> None:
    ran = command("history", "delete", key)
    assert ran.status == 0
    assert "restores it here within seven days" in ran.err
    assert names(stand_in) == []
    assert '"on_server": false' in command("history", "delete", "--undo", key, "--json").out
    assert key in command("history").out


def test_what_the_server_refuses_is_said_and_done_here(command: Command, stand_in: StandIn, key: str) -> None:
    page = asked(stand_in, lambda client: resources.list_conversations(client, XIAOCHUN))
    stand_in.fault("code=4101", path=f"/v1/conversations/{page.items[0].id}", times=2)
    ran = command("history", "rename", key, "新名")
    assert (ran.status, ran.out) == (Exit.AUTH, f"{key}  新名\n")
    assert "Renamed here, but not on the server." in ran.err
    assert "4101" in ran.err
    ran = command("history", "delete", key)
    assert ran.status == Exit.AUTH
    assert "“新名” was deleted here, but not on the server." in ran.err
    assert command("history").out == ""
    assert names(stand_in) == ["渡轮"]


def test_without_a_token_or_at_another_site_it_is_said_that_the_server_was_not_told(
    command: Command, stand_in: StandIn, key: str
) -> None:
    ran = command("history", "rename", key, "新名", COZE_API_TOKEN="")
    assert ran.status == Exit.AUTH
    assert "Renamed here, but not on the server." in ran.err
    ran = command("history", "delete", key, COZE_API_BASE="http://127.0.0.1:9")
    assert ran.status == 0
    assert "which is not the current site; it was not changed there" in ran.err
    assert command("history").out == ""
    assert names(stand_in) == ["渡轮"]
