"""The installed program at a stand-in, ended whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from tests.support.program import TOKEN, Program, Start


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """The demo's bots, as fast as they can."""
    with StandIn(token=TOKEN, pace=0) as server:
        yield server


@pytest.fixture
def run(home: Path, stand_in: StandIn) -> Iterator[Start]:
    """Starts programs in one home at one stand-in."""
    programs: list[Program] = []

    def start(*arguments: str, ready: bool = True, **options: object) -> Program:
        options.setdefault("stand_in", stand_in)
        program = Program(home, *(options.pop("stand_in"),), *arguments, **options)  # type: ignore[arg-type]
        programs.append(program)
        return program.ready() if ready else program

    yield start
    for program in programs:
        program.close()
