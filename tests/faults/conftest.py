"""What every fault case starts from: the kept program, or the command run to its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Command, Ran, run_installed
from tests.support.keeper import UNSET, Keeper, check_output, environment
from tests.support.program import COMMAND, Program
from tests.support.terminal import ENVIRONMENT_KEPT


@pytest.fixture(scope="session")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path_factory.mktemp("faults") / "home")
    try:
        yield keeper
    finally:
        keeper.close()


@pytest.fixture
def program(keeper: Keeper) -> Iterator[Program]:
    """The kept program, checked when the case is over."""
    yield keeper.program()
    keeper.check()


@pytest.fixture
def command(tmp_path: Path, keeper: Keeper) -> Command:
    """Runs the installed command to its end and checks what it printed and left."""

    def run(
        *arguments: str,
        base_url: str = "",
        stdin: bytes = b"",
        timeout: float = 60,
        secret_is_kept: bool = False,
        **variables: str,
    ) -> Ran:
        home = tmp_path / "home"
        kept = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
        env = {**kept, **environment(home, base_url or keeper.server.base_url, **variables)}
        env = {name: value for name, value in env.items() if value != UNSET}
        ran = run_installed([COMMAND, *arguments], env=env, cwd=tmp_path, stdin=stdin, timeout=timeout)
        check_output((ran.out + ran.err).encode(), tmp_path / "nothing" if secret_is_kept else home)
        return ran

    return run
