"""What every fault case starts from: the kept program, or the command run to its end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.keeper import Keeper, check_output, environment
from tests.terminal.harness import ENVIRONMENT_KEPT
from tests.terminal.program import COMMAND, Program


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


@dataclass(frozen=True)
class Done:
    """What a command did."""

    status: int
    out: str
    err: str
    megabytes: float
    """The most memory it had."""


Ask = Callable[..., Done]


@pytest.fixture
def command(tmp_path: Path, keeper: Keeper) -> Ask:
    """Runs the installed command to its end and checks what it printed and left."""

    def run(
        *arguments: str,
        base_url: str = "",
        stdin: bytes = b"",
        timeout: float = 60,
        secret_is_kept: bool = False,
        **variables: str,
    ) -> Done:
        home = tmp_path / "home"
        kept = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
        env = {**kept, **environment(home, base_url or keeper.server.base_url, **variables)}
        process = subprocess.Popen(
            [COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in env.items() if value != UNSET},
            cwd=tmp_path,
        )
        killer = threading.Timer(timeout, process.kill)
        killer.start()
        to, out_of, errors_of = process.stdin, process.stdout, process.stderr
        assert to is not None
        assert out_of is not None
        assert errors_of is not None
        errors: list[bytes] = []
        reader = threading.Thread(target=lambda: errors.append(errors_of.read()))
        reader.start()
        with contextlib.suppress(BrokenPipeError):
            to.write(stdin)
            to.close()
        over = threading.Event()
        sizes: list[float] = [0]
        gauge = threading.Thread(target=lambda: sizes.extend(peaks(process.pid, over)))
        gauge.start()
        out = out_of.read()
        process.wait()
        over.set()
        gauge.join()
        killer.cancel()
        reader.join()
        for stream in (out_of, errors_of):
            stream.close()
        check_output(out + errors[0], tmp_path / "nothing" if secret_is_kept else home)
        return Done(process.returncode, out.decode(), errors[0].decode(), max(sizes))

    return run


def peaks(pid: int, over: threading.Event) -> Iterator[float]:
    """The most memory a process has had so far in MB, again and again; nothing where there is no `/proc`.

    What `wait4` says counts what the parent had when it forked.
    """
    while not over.wait(0.02):
        try:
            status = Path(f"/proc/{pid}/status").read_text("utf-8")
        except OSError:
            return
        yield from (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


UNSET = "(unset)"
