"""`ask` at servers that break HTTP: each ends in one sentence, and the question is sent at most once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Command
from tests.support.keeper import check_output
from tests.support.program import TOKEN
from tests.support.raw_replies import HEAVY, RAW
from tests.support.raw_server import RawServer


@pytest.mark.parametrize("what", [name for name in RAW if name not in HEAVY])
def test_ask_reports_a_server_that(command: Command, home: Path, what: str) -> None:
    talk, status, seen = RAW[what]
    with RawServer(talk) as server:
        done = command(
            "ask",
            "海水？",
            COZE_API_BASE=server.base_url,
            COZE_API_TOKEN=TOKEN,
            COZE_TUI_IDLE_TIMEOUT="1" if "in time" in seen else "10",
        )
    assert done.status == status, done
    assert seen in done.out + done.err, done
    check_output((done.out + done.err).encode(), home)
    assert len([request for request in server.requests if request.startswith(b"POST /v3/chat")]) <= 1
