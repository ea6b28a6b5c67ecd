"""A process that runs the cases of one target, so that a case may hang or kill it and the run goes on."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Self

from tests.fuzz.targets import Target
from tests.support.children import end_with_parent

_LENGTH = struct.Struct(">I")
_START_S = 60.0
"""Until a worker has imported everything."""
_STACK_S = 20.0
"""Until a worker that hangs has written where."""
_FRAME = re.compile(r'File "([^"]+)", line (\d+) in')
_STACK_END = re.compile(r" in _run_module_as_main$|^  \.\.\.$", re.MULTILINE)
"""The last line of a stack, which is written line by line, or of as much as is written of a deep one."""
_LONGEST_TEXT = 2_500


@dataclass(frozen=True)
class Outcome:
    """The result of one case."""

    seconds: float
    place: str = ""
    """Kind of the failure and where in the code it happened; equal ones are one failure. Empty: none."""
    text: str = ""
    """The end of the message, or of the stack of a hung process."""


class Worker:
    """A worker process, and another one each time that it hangs or dies.

    Args:
        module: The module with the targets, in a mapping `TARGETS`.
        name: Which of them.
        longest_s: Seconds after which a case hangs.
    """

    def __init__(self, module: str, name: str, longest_s: float) -> None:
        self._command = [sys.executable, "-m", "tests.fuzz.worker", module, name]
        self._longest_s = longest_s
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="coze-tui-fuzz-"))
        """For temporary files of the cases, and for what the process writes to stderr."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, case: bytes) -> Outcome:
        """Run one case; whatever it does to its process, this returns in time."""
        process = self._process or self._start()
        started = time.monotonic()
        assert process.stdin is not None
        process.stdin.write(_LENGTH.pack(len(case)) + case)
        process.stdin.flush()
        reply = self._reply(process, self._longest_s)
        seconds = time.monotonic() - started
        if reply is None:
            stack = self._stack(process)
            self._end()
            return Outcome(seconds, f"Hung at {_place_in(stack)}", stack[-_LONGEST_TEXT:])
        if not reply:
            status = process.wait()
            said = self._said()
            self._end()
            return Outcome(seconds, f"Died with {status} at {_place_in(said)}", said[-_LONGEST_TEXT:])
        return Outcome(**json.loads(reply))

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        with (self._folder / "stderr").open("wb") as stderr:
            self._process = process = subprocess.Popen(
                self._command,
                stdin=pipe,
                stdout=pipe,
                stderr=stderr,
                env={**os.environ, "TMPDIR": str(self._folder)},
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )
        if not self._reply(process, _START_S):
            said = self._said()
            self._end()
            raise RuntimeError(f"the worker does not start: {said}")
        return process

    def _reply(self, process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
        """Return a line of the worker; an empty one if it has died, None if nothing came in time."""
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        return process.stdout.readline() if ready else None

    def _stack(self, process: subprocess.Popen[bytes]) -> str:
        """Return where a hung process is, also inside a function in C."""
        before = len(self._said())
        os.kill(process.pid, signal.SIGUSR1)
        end = time.monotonic() + _STACK_S
        while time.monotonic() < end and not _STACK_END.search(self._said()[before:]):
            time.sleep(0.05)
        return self._said()[before:]

    def _said(self) -> str:
        return (self._folder / "stderr").read_text("utf-8", "replace")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what it has started, too
        except ProcessLookupError:
            pass
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # it still held a case
                    pass


def _place_in(stack: str) -> str:
    """Return the innermost line of ours in a stack that names the latest call first."""
    current = stack[stack.rfind("Current thread") :] if "Current thread" in stack else stack
    frames = [(Path(file), line) for file, line in _FRAME.findall(current)]
    ours = [frame for frame in frames if {"coze_tui", "tests"} & {*frame[0].parts}]
    return ", ".join(f"{file.name}:{line}" for file, line in (ours or frames)[:1])


def place_of(error: BaseException) -> str:
    """Return the kind of an error and the innermost line of ours where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame
        for frame in frames
        if {"coze_tui", "tests"} & {*Path(frame.filename).parts} and Path(frame.filename).name != "checks.py"
    ]
    last = (ours or frames)[-1:]
    return f"{type(error).__name__} at {', '.join(f'{Path(one.filename).name}:{one.lineno}' for one in last)}"


# --- in the process ---


def main() -> None:
    """Run the cases that arrive on stdin until it ends; one line of JSON on stdout answers each."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    module, name = sys.argv[1:]
    target: Target = import_module(module).TARGETS[name]
    with os.fdopen(os.dup(1), "wb") as replies:
        os.dup2(2, 1)  # what a case prints is no reply
        _answer(replies, b"{}")
        asyncio.run(_serve(target, replies))


async def _serve(target: Target, replies: IO[bytes]) -> None:
    while length := sys.stdin.buffer.read(_LENGTH.size):
        case = sys.stdin.buffer.read(_LENGTH.unpack(length)[0])
        started = time.perf_counter()
        try:
            await target.check(case)
        except Exception as error:  # noqa: BLE001 whatever it is, it is what is sought
            text = "".join(traceback.format_exception(error))[-_LONGEST_TEXT:]
            outcome = Outcome(time.perf_counter() - started, place_of(error), text)
        else:
            outcome = Outcome(time.perf_counter() - started)
        _answer(replies, json.dumps(asdict(outcome)).encode())


def _answer(replies: IO[bytes], line: bytes) -> None:
    replies.write(line + b"\n")
    replies.flush()


if __name__ == "__main__":
    main()
