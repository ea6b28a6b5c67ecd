"""The installed program on the far side of a real SSH connection over loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from tests.support.program import BOT, TOKEN, Program
from tests.support.sshd import Connect, NoServer, Server, sshd


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of a process; they are skipped where there can be none."""
    running = sshd(tmp_path_factory.mktemp("sshd"))
    try:
        found = running.__enter__()
    except NoServer as reason:
        pytest.skip(str(reason))
    yield found
    running.__exit__(None, None, None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def connect(home: Path, server: Server) -> Iterator[Connect]:
    """Starts programs in one home, each over a connection of its own, in the POSIX locale."""
    programs: list[Program] = []

    def start(
        stand_in: StandIn,
        *arguments: str,
        before: tuple[str, ...] = (),
        size: tuple[int, int] = (100, 30),
    ) -> Program:
        env = {
            "LC_ALL": "POSIX",
            "COZE_TUI_HOME": str(home),
            "COZE_TUI_LANGUAGE": "en",
            "COZE_API_TOKEN": TOKEN,
            "COZE_API_BASE": stand_in.base_url,
            "COZE_BOT_ID": BOT,
            "TEXTUAL_ANIMATIONS": "none",
        }
        program = Program(home, None, *arguments, wrapper=server.words(env, before=before), size=size)
        programs.append(program)
        return program

    yield start
    for program in programs:
        program.close()
