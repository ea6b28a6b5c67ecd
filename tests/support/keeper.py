"""One running program for many cases: each begins in a new conversation and ends with everything checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.scenarios import Answer, Bot, Step, Turn
from coze_tui.standin.server import StandIn
from tests.support.checks import foreign_controls, holders_of, must
from tests.support.program import TOKEN, Program
from tests.support.terminal import Gone, TerminalScreen

BOT = "7511000000000000666"
NAME = "海怪 Kraken"
UNSET = "(unset)"
"""A variable with this value is left out of the environment of a command."""


class Keeper:
    """A server whose bot says what a case wants, and a program that talks to it, anew when it is gone.

    Args:
        others: More bots that the server has.
    """

    def __init__(self, home: Path, others: Sequence[Bot] = ()) -> None:
        self.home = home
        self._plays: dict[str, Sequence[Step]] = {}
        own = Bot(BOT, NAME, self._steps, prologue="等你。Ready.")
        self.server = StandIn(token=TOKEN, pace=0, bots=[own, *demo_bots(), *others])
        self.server.start()
        self._program: Program | None = None
        self._since = 0

    def _steps(self, turn: Turn) -> Sequence[Step]:
        return self._plays.get(turn.question, (Answer("nothing was to be played"),))

    def play(self, question: str, steps: Sequence[Step]) -> str:
        """What the bot will do when it is asked this; the question."""
        self._plays[question] = steps
        return question

    def program(self) -> Program:
        """The running program, at rest in a new conversation."""
        program = self._program
        if program is None or not program.is_alive:
            program = self._program = Program(
                self.home, self.server, bot=BOT, size=(110, 40), env={"COZE_TUI_IDLE_TIMEOUT": "1"}
            )
            program.ready()
            program.wait_for(NAME)
        else:
            self.begin_anew(program)
        self._since = len(program.raw)
        return program

    def begin_anew(self, program: Program) -> None:
        """Start a new conversation with an empty prompt; what is open over it is closed."""

        def is_new(screen: TerminalScreen) -> bool:
            text = screen.text()
            return "no events yet" in text and "Type a message" in text and "● idle" in text

        program.send("\x0e")
        try:
            program.wait_for(is_new, timeout=0.5)
        except Gone:
            for key in ("\x1b", "\x1b", "\x0e"):
                program.send(key)
                program.settle(0.15)
            program.wait_for(is_new)

    def check(self) -> None:
        """The case is over: the program lives, and wrote, showed and kept nothing that it must not."""
        program = self._program
        must(program is not None and program.is_alive, "the program has ended")
        assert program is not None
        program.settle(0.05)
        program.check(since=self._since)

    def close(self) -> None:
        """Quit coze-tui as a person does, and check how it leaves."""
        try:
            if self._program is not None and self._program.is_alive:
                self._program.send("\x1b")
                self._program.settle(0.2)
                self._program.send(b"\x11")
                self._program.check_left()
        finally:
            if self._program is not None:
                self._program.close()
            self.server.stop()


def check_output(raw: bytes, home: Path, *, secret: str = TOKEN) -> None:
    """What a command printed holds no control, no traceback and no token, and its home no token."""
    must(not foreign_controls(raw), f"foreign controls: {foreign_controls(raw)[:5]}")
    must(b"Traceback" not in raw, f"a traceback was shown: {raw[-2000:].decode('utf-8', 'replace')}")
    must(secret.encode() not in raw, "the token was shown")
    if home.exists():
        must(not holders_of(secret, home), f"the token is in {holders_of(secret, home)}")


def environment(home: Path, base_url: str, **more: str) -> Mapping[str, str]:
    """A small environment for the installed command, which tells its log everything it has to tell."""
    return {
        "HOME": str(home.parent),
        "COZE_TUI_HOME": str(home),
        "COZE_TUI_LANGUAGE": "en",
        "COZE_TUI_DEBUG_LOG": "true",
        "COZE_API_TOKEN": TOKEN,
        "COZE_API_BASE": base_url,
        "COZE_BOT_ID": BOT,
        "LANG": "C.UTF-8",
    } | more
