"""The states in the pictures, each reached as a person would: by keys, in the real program, in a terminal."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coze_tui.text.i18n import _
from tests.support.terminal import Cell, Terminal, TerminalScreen

Cells = list[list[Cell]]

_KEYS = {
    "enter": "\r",
    "tab": "\t",
    "esc": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "shift+up": "\x1b[1;2A",
    "f1": "\x1bOP",
    "f6": "\x1b[17~",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}
_HEADER = 0
_OUTCOME = re.compile(r"[✓✗◼⟂] \S.{0,20}$")
"""The end of the header after a chat: its sign, and its time or its error."""
_LAST_BOT = "…0111"
"""The end of the id of the last bot that the picker lists."""


class Desk:
    """The program in a terminal, and what a person does with it."""

    def __init__(self, terminal: Terminal, *, chinese: bool) -> None:
        self._terminal = terminal
        self.chinese = chinese

    def either(self, english: str, chinese: str) -> str:
        """The words of the picture's language."""
        return chinese if self.chinese else english

    def until(self, what: str | Callable[[TerminalScreen], bool]) -> None:
        """Wait until a text is on the screen, or a claim about it holds."""
        self._terminal.wait_for(what, timeout=60)

    def press(self, *keys: str) -> None:
        """Press keys; a key of one character is that character."""
        for key in keys:
            self._terminal.send(_KEYS.get(key, key))

    def write(self, text: str) -> None:
        """Type a text and see it there."""
        self._terminal.send(text)
        self.until(text[-8:])

    def send(self, line: str) -> None:
        """Type a line and send it, in one go and after a pause: what comes too soon is taken for a paste."""
        self._terminal.settle(0.2, timeout=60)
        self._terminal.send(f"{line}\r")

    def ask(self, question: str) -> None:
        """Send a question and see it on its way."""
        self.send(question)
        self.until(lambda screen: not _is_idle(screen))

    def answered(self) -> None:
        """Wait until the bot has said all."""
        self.until(_is_idle)

    def talk_to(self, bot: str) -> None:
        """Take a bot of the tour by a word of its name."""
        self.press("ctrl+t")
        self.until(_("Choose a bot"))
        self.until(_LAST_BOT)
        self.write(bot)
        self.press("enter")
        self.until(lambda screen: bot in screen.row(_HEADER) and _("Choose a bot") not in screen.text())
        self.until("1 ")

    def is_idle(self) -> bool:
        """Return whether no answer is on its way."""
        return _is_idle(self._terminal.screen)

    def picture(self) -> Cells:
        """The cells as they are."""
        return self._terminal.cells()

    def settled(self) -> Cells:
        """The cells when nothing is written any more."""
        self._terminal.settle(0.4, timeout=60)
        return self._terminal.cells()


def recorded(desk: Desk) -> list[tuple[float, Cells]]:
    """Record a question about ferries, from the first key to some seconds after the answer.

    Returns the frames that differ, each with its time in seconds.
    """
    _greeted(desk)
    desk.talk_to(desk.either("Uses tools", "会用工具"))
    desk.settled()
    frames: list[tuple[float, Cells]] = []
    start = time.monotonic()

    def record(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            cells = desk.picture()
            if not frames or frames[-1][1] != cells:
                frames.append((now - start if frames else 0.0, cells))
            time.sleep(0.06)

    record(1)
    for character in desk.either("When does the next ferry leave?", "下一班渡轮几点开？"):
        desk.press(character)
        record(0.2 if desk.chinese else 0.07)
    record(0.5)
    desk.press("enter")
    record(1)
    while not desk.is_idle():
        record(0.1)
    record(4)
    return frames


def _is_idle(screen: TerminalScreen) -> bool:
    header = screen.row(_HEADER)
    return header.endswith((_("idle"), _("needs you"))) or bool(_OUTCOME.search(header))


State = Callable[[Desk], Cells]


@dataclass(frozen=True)
class Picture:
    """One picture: a state in a size."""

    name: str
    state: State
    size: tuple[int, int] = (120, 40)
    command: str = "demo"
    """`demo`, or nothing for the program without a token."""


@contextmanager
def opened(picture: Picture, language: str, theme: str) -> Iterator[Desk]:
    """The program, running for this picture; ended afterwards."""
    program = Path(sys.executable).with_name("coze-tui")
    arguments = [word for word in (picture.command,) if word]
    with tempfile.TemporaryDirectory(prefix="screenshots-") as home:
        environment = {"COZE_TUI_HOME": home, "TZ": "Asia/Shanghai"}
        command = [program, *arguments, "--lang", language, "--theme", theme]
        with Terminal(command, size=picture.size, env=environment) as terminal:
            yield Desk(terminal, chinese=language == "zh_CN")


# --- the states ---


def _greeted(desk: Desk) -> None:
    desk.until(_is_idle)
    desk.until("1 + 1")


def answering(desk: Desk) -> Cells:
    """An answer on its way, and the next question typed meanwhile."""
    _ask_for_ferries(desk)
    desk.write(desk.either("And back?", "回来呢？"))
    desk.until("20:10 ")
    return desk.picture()


def tool(desk: Desk) -> Cells:
    """Knowledge and a tool call, which is unfolded, and the answer after them."""
    _ask_for_ferries(desk)
    desk.answered()
    desk.press("f6")
    desk.until("seats")
    return desk.settled()


def _ask_for_ferries(desk: Desk) -> None:
    _greeted(desk)
    desk.talk_to(desk.either("Uses tools", "会用工具"))
    desk.ask(desk.either("When does the next ferry leave?", "下一班渡轮几点开？"))


def thinking(desk: Desk) -> Cells:
    """Reasoning, unfolded over the answer."""
    _greeted(desk)
    desk.talk_to(desk.either("Reasoning", "边想边答"))
    english = "20 heads and 56 legs: how many chickens and rabbits?"
    desk.ask(desk.either(english, "鸡兔同笼，35 个头，94 只脚，各几只？"))
    desk.answered()
    desk.press("f6")
    desk.until(desk.either("Suppose they are all chickens", "先假设全是鸡"))
    return desk.settled()


def markdown(desk: Desk) -> Cells:
    """The tour, read: a table, a formula and code."""
    _greeted(desk)
    desk.talk_to("Markdown")
    desk.ask(desk.either("Show me the tour", "带我走一遍"))
    desk.answered()
    desk.press("tab", "g", "]")
    desk.until("cooling_minutes")
    desk.press(*["shift+up"] * 25)
    desk.until("100 °C")
    return desk.settled()


def failed(desk: Desk) -> Cells:
    """A chat that failed in the middle, with what to do about it."""
    _greeted(desk)
    desk.talk_to(desk.either("Fails", "总出错"))
    desk.ask(desk.either("3, please", "来 3"))
    desk.answered()
    return desk.settled()


def tool_request(desk: Desk) -> Cells:
    """The form for a tool on this machine."""
    _greeted(desk)
    desk.talk_to(desk.either("Needs your help", "要你帮忙"))
    desk.ask(desk.either("What time is it?", "现在几点？"))
    desk.until(_("no output yet"))
    desk.write("10:02, 29 January 2025")
    return desk.settled()


def bot_picker(desk: Desk) -> Cells:
    """The bots of the workspace."""
    _greeted(desk)
    desk.press("ctrl+t")
    desk.until(_("Choose a bot"))
    desk.until("Markdown")
    desk.press("down", "down")
    return desk.settled()


def _talked(desk: Desk) -> None:
    """A few conversations with several bots."""
    _greeted(desk)
    desk.ask("1 + 1")
    desk.answered()
    desk.ask(desk.either("When is the Spring Festival in 2025?", "2025年春节是哪一天"))
    desk.answered()
    for bot, question in (
        (desk.either("Follow-ups", "接着问"), desk.either("Why is the sea salty?", "海水为什么咸？")),
        (desk.either("Fails", "总出错"), desk.either("3, please", "来 3")),
        (desk.either("Reasoning", "边想边答"), desk.either("20 heads, 56 legs", "35 个头，94 只脚")),
        (
            desk.either("Uses tools", "会用工具"),
            desk.either("When does the next ferry leave?", "下一班渡轮几点开？"),
        ),
    ):
        desk.talk_to(bot)
        desk.ask(question)
        desk.answered()


def history_search(desk: Desk) -> Cells:
    """A text found in what was said."""
    _talked(desk)
    desk.press("ctrl+s")
    desk.until(_("TODAY"))
    desk.press("/")
    desk.write(desk.either("chicken", "春节"))
    return desk.settled()


def inspector(desk: Desk) -> Cells:
    """The frames of a chat, and the data of one."""
    _ask_for_ferries(desk)
    desk.answered()
    desk.press("ctrl+g", "ctrl+g")
    desk.until(_("Inspector"))
    desk.settled()
    desk.press("t")
    return desk.settled()


def difference(desk: Desk) -> Cells:
    """The same question to two bots, one of which calls a tool: side by side."""
    _greeted(desk)
    question = desk.either("When does the next ferry leave?", "下一班渡轮几点开？")
    desk.ask(question)
    desk.answered()
    desk.talk_to(desk.either("Uses tools", "会用工具"))
    desk.ask(question)
    desk.answered()
    desk.press("ctrl+g", "ctrl+g")
    desk.until(_("Inspector"))
    desk.settled()
    desk.press("d")
    desk.until(_("Difference to another chat"))
    desk.settled()
    desk.press("enter")
    desk.until("A  ")
    return desk.settled()


def side_by_side(desk: Desk) -> Cells:
    """One question to two bots: answers and figures beside each other."""
    _greeted(desk)
    desk.send("/side-by-side")
    desk.until(_("Choose a bot"))
    desk.until(_LAST_BOT)
    desk.write(desk.either("Reasoning", "边想边答"))
    desk.press("enter")
    desk.until("B  ")
    desk.send(desk.either("When is the Spring Festival in 2025?", "2025年春节是哪一天"))
    desk.until(lambda screen: screen.text().count("✓") == 2)
    return desk.settled()


def statistics(desk: Desk) -> Cells:
    """Times and tokens by bot."""
    _talked(desk)
    desk.send("/stats")
    desk.until(_("Statistics"))
    return desk.settled()


PICTURES = (
    Picture("chat", answering),
    Picture("tool-call", tool),
    Picture("reasoning", thinking),
    Picture("markdown", markdown),
    Picture("failed", failed),
    Picture("local-tool", tool_request),
    Picture("bots", bot_picker),
    Picture("history", history_search),
    Picture("inspector", inspector),
    Picture("side-by-side", side_by_side),
    Picture("difference", difference),
    Picture("statistics", statistics),
    Picture("narrow", answering, (80, 24)),
)
RECORDING = Picture("demo", answering, (110, 30))
"""The animated picture: only its size is used, and `recorded` says what happens in it."""
