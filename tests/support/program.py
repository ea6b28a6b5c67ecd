"""The installed `coze-tui` in a pty: what a person does with it, and what must be true afterwards."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from coze_tui.store.packing import lines_of
from tests.support.checks import foreign_controls, holders_of, must
from tests.support.terminal import LIMIT_S, Terminal, TerminalScreen

COMMAND = Path(sys.executable).with_name("coze-tui")
TOKEN = "pat_MARKED0fA7c1d9e2b4"
"""A token that must be found nowhere."""
BOT = "7511000000000000101"
FAST_BOT = "7511000000000000110"
SLOW_BOT = "7511000000000000111"

PUSH_TITLE, POP_TITLE = b"\x1b[22;2t", b"\x1b[23;2t"
MODES_LEFT_ON = frozenset({1000, 1003, 1004, 1006, 1015, 1016, 1049, 2004, 2026, 2048})
_AT_REST = re.compile(r" (?:● idle|[✓✗◼⟂◷▲] .*)$")
"""The end of the header while no turn runs."""


class Store:
    """The history of a home, looked at from outside while the program runs or after it."""

    def __init__(self, home: Path) -> None:
        self.path = home / "data" / "history.db"

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What a query gives."""
        if not self.path.exists():
            return []  # the program has not come so far
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=rw", uri=True, timeout=10)) as c:
            if not c.execute("PRAGMA user_version").fetchone()[0]:
                return []  # the file is there, its tables are not yet
            return c.execute(sql, values).fetchall()

    def is_sound(self) -> bool:
        """SQLite finds nothing wrong with it, or there is none yet."""
        if not self.path.exists() or not self.path.stat().st_size:
            return True
        return self.rows("PRAGMA integrity_check") == [("ok",)] and not self.rows("PRAGMA foreign_key_check")

    def statuses(self) -> list[str]:
        """How each chat ended, oldest first; `running` for one that has not."""
        return [
            str(status) if final else "running"
            for status, final in self.rows("SELECT status, is_final FROM chats ORDER BY key")
        ]

    def frames(self) -> int:
        """How many frames of running chats it holds."""
        rows = self.rows("SELECT cast(line AS BLOB) FROM frames")
        return sum(1 for (row,) in rows if isinstance(row, bytes) for _ in lines_of(row))

    def questions(self) -> list[str]:
        """What was asked, oldest first."""
        return [str(text) for (text,) in self.rows("SELECT question FROM chats ORDER BY key")]


class Program(Terminal):
    """A running `coze-tui` with a home of its own.

    Args:
        home: Its COZE_TUI_HOME.
        stand_in: The server it talks to; without one it gets no token, bot or site.
        arguments: After the command's name.
        wrapper: What starts it, such as `nohup`.
        env: Added to the environment; None takes a variable away.
    """

    def __init__(
        self,
        home: Path,
        stand_in: StandIn | None,
        *arguments: str,
        size: tuple[int, int] = (100, 30),
        bot: str = BOT,
        wrapper: Sequence[str | Path] = (),
        env: Mapping[str, str | None] | None = None,
        **options: object,
    ) -> None:
        self.home = home
        self.store = Store(home)
        variables: dict[str, str | None] = {
            "HOME": str(home.parent),
            "COZE_TUI_HOME": str(home),
            "COZE_TUI_LANGUAGE": "en",
        }
        if stand_in is not None:
            variables |= {
                "COZE_API_TOKEN": stand_in.token,
                "COZE_API_BASE": stand_in.base_url,
                "COZE_BOT_ID": bot,
            }
        variables |= env or {}
        taken = [name for name, value in variables.items() if value is None]
        unset = [word for name in taken for word in ("-u", name)]
        command = [*(["env", *unset] if unset else []), *wrapper, COMMAND, *arguments]
        kept = {name: value for name, value in variables.items() if value is not None}
        super().__init__(command, size=size, env=kept, cwd=home.parent, **options)  # type: ignore[arg-type]

    # -- what a person does

    def ready(self) -> Program:
        """Wait until it can be typed at."""
        self.wait_for_raw(b"\x1b[?2004h")
        self.wait_for("● idle")
        return self

    def type(self, text: str) -> None:
        """Type a text and see it in the prompt."""
        self.send(text)
        tail = text.rpartition("\n")[2][-12:]
        self.wait_for(lambda screen: tail in self.prompt_of(screen))

    def press(self, data: bytes | str) -> None:
        """Press one key, well after what was typed before it."""
        self.settle(0.08)
        self.send(data)

    def send_message(self, text: str) -> None:
        """Type a message and send it; it stands in the log, or the prompt is empty again."""
        self.type(text)
        self.press("\r")
        tail = text[-12:]  # a failure may bring it back into the prompt at once
        self.wait_for(lambda screen: screen.text().count(tail) > 1 or tail not in self.prompt_of(screen))

    def ask(self, question: str, answer: str, *, timeout: float = LIMIT_S) -> None:
        """Ask, and wait until the answer is there and the turn is over."""
        self.send_message(question)
        self.wait_for(answer, timeout=timeout)
        self.idle(timeout=timeout)

    def idle(self, *, timeout: float = LIMIT_S) -> None:
        """Wait until no turn runs."""
        self.wait_for(lambda screen: _AT_REST.search(screen.row(0)) is not None, timeout=timeout)

    def prompt_of(self, screen: TerminalScreen) -> str:
        """What stands in the prompt, its lines joined by newlines."""
        rows = [screen.row(y) for y in range(screen.lines)]
        start = max((y for y, row in enumerate(rows) if row[:3] == " › "), default=len(rows))
        return "\n".join(row[3:] for row in rows[start : screen.lines - 1])

    @property
    def prompt(self) -> str:
        """What stands in the prompt now."""
        return self.prompt_of(self.screen)

    def quit(self) -> int:
        """Leave by Ctrl+Q; the exit code."""
        self.send(b"\x11")
        return self.wait()

    # -- what must be true of it

    @property
    def is_restored(self) -> bool:
        """The terminal is as it was found."""
        return self.modes() == self.modes_before and not (MODES_LEFT_ON & self.screen.private_modes)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def check(self, *, since: int = 0, secret: str = TOKEN) -> None:
        """Fail if it wrote a foreign control, a traceback or the token, or if its store is not sound."""
        raw = self.raw[since:]
        must(not foreign_controls(raw), f"foreign controls: {foreign_controls(raw)[:5]}")
        must(b"Traceback" not in raw, "a traceback was shown")
        must(secret.encode() not in raw and secret not in self.text, "the token was shown")
        if self.home.exists():
            must(not holders_of(secret, self.home), f"the token is in {holders_of(secret, self.home)}")
            must(self.store.is_sound(), "the store is damaged")

    def check_left(self, code: int = 0) -> None:
        """Wait for its end with this code; it left the terminal as it was and no process behind."""
        left = self.wait()
        must(left == code, f"it ended with {left}, not {code}:\n{self.text}")
        must(self.modes() == self.modes_before, "the tty's modes are not those of before")
        on = MODES_LEFT_ON & self.screen.private_modes
        must(not on, f"modes were left on: {on}")
        must(25 in self.screen.private_modes, "the cursor is hidden")
        must(
            self.raw.count(PUSH_TITLE) == self.raw.count(POP_TITLE),
            "the title of the window is not the shell's",
        )
        must(not processes_with(str(self.home)), "a process was left behind")
        self.check()


Start = Callable[..., Program]
"""Starts programs; takes what follows `stand_in` in `Program`, and `ready`: wait until it can be typed at."""


def processes_with(mark: str) -> list[int]:
    """Living processes in whose environment a text is; Linux only, elsewhere none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            state = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            continue
        if mark.encode() in environment and state != "Z" and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def state_of(pid: int) -> str:
    """The kernel's letter for what a process does: R, S, T…"""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor."""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_continued(program: Program, number: signal.Signals) -> None:
    """Wait until a stopped program runs again after this signal."""
    program.signal(number)
    end = time.monotonic() + LIMIT_S
    while state_of(program.process.pid) == "T":
        assert time.monotonic() < end
        time.sleep(0.01)
