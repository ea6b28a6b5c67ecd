"""Every command that takes a conversation accepts its local ID and its Coze conversation ID."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from coze_tui.store import history
from tests.support.commands import Command
from tests.support.stores import written

QUESTION = "1 + 1"


@pytest.fixture
def ids(command: Command) -> tuple[str, str]:
    """Return the local ID and the Coze conversation ID of the only conversation."""
    assert command("--linear", stdin=f"{QUESTION}\n/quit\n").status == 0
    [listed] = [json.loads(line) for line in command("history", "list", "--json").out.splitlines()]
    return listed["id"], listed["conversation_id"]


@pytest.mark.parametrize("which", [0, 1], ids=["local", "coze"])
def test_both_ids_name_a_conversation_in_every_command(
    command: Command, stand_in: StandIn, ids: tuple[str, str], which: int
) -> None:
    name, coze_id = ids[which], ids[1]
    for words in (["history", "show"], ["history", "export", "-o", "-"], ["show"], ["request"]):
        ran = command(*words, name)
        assert (ran.status, ran.err) == (0, ""), words
        assert QUESTION in ran.out, words
    assert command("ask", "-s", name, "2 + 2").status == 0
    ran = command("--linear", "-s", name, stdin="3 + 3\n/quit\n")
    assert QUESTION in ran.out
    asked = [request for request in stand_in.requests if request.path == "/v3/chat"][1:]
    assert [dict(request.query).get("conversation_id") for request in asked] == [coze_id, coze_id]


def test_a_conversation_that_the_server_does_not_have_is_an_error_of_ask(
    command: Command, stand_in: StandIn, home: Path
) -> None:
    key = written(home, lambda c: history.create_conversation(c, "coze.cn", "7511", 1_738_058_529_000))
    ran = command("ask", "-s", key, "2 + 2")
    assert (ran.status, ran.out) == (2, "")
    assert "--conversation" in ran.err
    assert [request for request in stand_in.requests if request.path == "/v3/chat"] == []
