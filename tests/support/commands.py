"""Calls of the command line: what one did, and how the installed command is run to its end."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.children import end_with_parent

XIAOCHUN = "7511000000000000101"
THINKER = "7511000000000000103"
FAILS = "7511000000000000108"


@dataclass(frozen=True)
class Ran:
    """The result of one call of the command."""

    status: int
    out: str
    err: str
    megabytes: float = 0
    """The most memory that the process had; 0 for a call in the process of the tests."""


Command = Callable[..., Ran]
"""Called with the command's words, `stdin` and environment variables."""


def run_installed(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdin: bytes = b"",
    timeout: float = 60,
) -> Ran:
    """Run a command to its end with pipes for stdin, stdout and stderr; kill it after `timeout` seconds."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
        preexec_fn=end_with_parent(),
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
    gauge = threading.Thread(target=lambda: sizes.extend(_peaks(process.pid, over)))
    gauge.start()
    out = out_of.read()
    process.wait()
    over.set()
    gauge.join()
    killer.cancel()
    reader.join()
    for stream in (out_of, errors_of):
        stream.close()
    return Ran(process.returncode, out.decode(), errors[0].decode(), max(sizes))


def _peaks(pid: int, over: threading.Event) -> Iterator[float]:
    """Yield the most memory that a process has had so far, in MB, until `over` is set or without `/proc`.

    What `wait4` reports would include what the parent had when it forked.
    """
    while not over.wait(0.02):
        try:
            status = Path(f"/proc/{pid}/status").read_text("utf-8")
        except OSError:
            return
        yield from (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
