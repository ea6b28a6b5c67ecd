"""What is measured: coze-tui, the server it talks to, and the neighbors it is measured beside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.sessions import Session
from tests.support.children import end_with_parent
from tests.support.samples import ROOT

PYTHON = sys.executable
NEIGHBORS = Path(__file__).with_name("neighbors.py")
MINI = Path(__file__).with_name("mini.py")
COZE_TUI = (PYTHON, "-m", "coze_tui")
GREETING = "I talk fast"
"""The end of the fast bot's greeting."""
MINI_DONE = "✓mini-done"
"""The last line of `mini` once an answer is complete."""
_TITLE_AFTER = "\x1b]2;✓"
"""The start of the window's title once an answer is complete."""


@dataclass(frozen=True, slots=True)
class Server:
    """`coze-tui serve` in a process of its own."""

    environment: Mapping[str, str]
    bots: Mapping[str, str]
    """Name → id; a capture's name is its file's."""

    def name_of(self, part: str) -> str:
        """Return the name of the bot that has this text in it."""
        return next(name for name in self.bots if part in name)

    def id_of(self, part: str) -> str:
        """Return the ID of the bot with this text in its name."""
        return self.bots[self.name_of(part)]

    def with_bot(self, name: str, home: Path) -> dict[str, str]:
        """The environment of a program that talks with a bot, and lives in a folder."""
        return {
            **self.environment,
            "COZE_BOT_ID": self.id_of(name),
            "COZE_TUI_HOME": str(home),
            "COZE_TUI_LANGUAGE": "en",
            "PYTHONPATH": str(ROOT),
        }


@contextmanager
def serving(captures: Sequence[Path] = ()) -> Iterator[Server]:
    """Serve, with these captures as further bots."""
    command = [*COZE_TUI, "serve"]
    for capture in captures:
        command += ["--capture", str(capture)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COZE_TUI_LANGUAGE": "en"},
        preexec_fn=end_with_parent(),
    ) as process:
        assert process.stdout is not None
        environment, bots = {}, {}
        try:
            for line in process.stdout:
                if found := re.match(r"export (\w+)='?([^'\n]*)", line):
                    environment[found.group(1)] = found.group(2)
                elif found := re.match(r"  (\d+)  (.+)", line):
                    bots[found.group(2)] = found.group(1)
                elif "Ctrl+C" in line:
                    break
            yield Server(environment, bots)
        finally:
            process.terminate()


@contextmanager
def a_home() -> Iterator[Path]:
    """A folder for one program."""
    with tempfile.TemporaryDirectory(prefix="coze-tui-benchmark-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def chatting(
    server: Server,
    bot: str = "Fast",
    *,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    bytes_per_second: int | None = None,
    home: Path | None = None,
    ready: str = GREETING,
) -> Iterator[Session]:
    """coze-tui, ready to be asked."""
    with a_home() as own:
        env = {**server.with_bot(bot, home or own), **(environment or {})}
        with Session(
            [*COZE_TUI, *arguments], env=env, cwd=ROOT, bytes_per_second=bytes_per_second
        ) as session:
            session.wait_for(ready)
            session.settle()
            yield session


@contextmanager
def neighbor(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Session]:
    """One of the programs in `neighbors.py`, in a pty."""
    with Session([PYTHON, NEIGHBORS, name, *arguments], env=environment, cwd=ROOT) as session:
        yield session


@contextmanager
def mini(server: Server) -> Iterator[Session]:
    """The least chat that draws as coze-tui does, ready to be asked."""
    with a_home() as home, Session([PYTHON, MINI], env=server.with_bot("Fast", home), cwd=ROOT) as session:
        session.wait_for("mini-ready")
        session.settle()
        yield session


def ask(session: Session, question: str) -> float:
    """Type a question and send it; the moment of Enter. Returns when the answer has begun.

    At full speed the question may have scrolled away before it was drawn; then the end is waited for.
    """
    session.send(question)
    session.settle()  # an Enter that comes at once with text is a paste
    size = session.size
    at = session.send("\r")
    session.wait_for("sending", "waiting", "answering", question, _TITLE_AFTER, MINI_DONE, after=size)
    return at


def wait_for_end(session: Session, *, after: int, timeout: float = 120) -> None:
    """Wait until the answer is over and the screen has come to rest."""
    session.wait_for(_TITLE_AFTER, after=after, timeout=timeout)
    session.settle()


def output_of(command: Sequence[str | Path], environment: Mapping[str, str]) -> tuple[float, float, bytes]:
    """Run a program that prints into a pipe: seconds to its first byte and to its end, and all it printed."""
    began = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, **environment},
        bufsize=0,
        preexec_fn=end_with_parent(),
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        seen = time.perf_counter()
        rest = process.stdout.read() or b""
        pieces = [first, rest]
        while rest:
            rest = process.stdout.read() or b""
            pieces.append(rest)
    return seen - began, time.perf_counter() - began, b"".join(pieces)
