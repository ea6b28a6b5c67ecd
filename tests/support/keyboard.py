"""What a terminal sends, read as keys, pastes and answers."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.message import Message

from coze_tui.terminal.keys import EnterGuard, KeyRun
from coze_tui.terminal.parser import KeyParser


class Keyboard:
    """A parser with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 50.0
        self.guard = EnterGuard()
        self.answers = 0
        self.parser = KeyParser(self.guard, self.answered, clock=lambda: self.now)

    def answered(self) -> None:
        self.answers += 1

    def type(self, data: str, after: float = 1.0) -> list[Message]:
        """Return the messages of a piece of input, with each key of a run on its own."""
        return _without_runs(self.read(data, after))

    def read(self, data: str, after: float = 1.0) -> list[Message]:
        """Return the messages of a piece of input as the driver gets them."""
        self.now += after
        messages = list(self.parser.feed(data))
        for message in messages:
            message.time = self.now
        return messages

    def wait(self, seconds: float) -> list[Message]:
        self.now += seconds
        return _without_runs(self.parser.tick())

    def enter_is_typed(self, messages: list[Message]) -> bool:
        (enter,) = [m for m in messages if isinstance(m, events.Key) and m.key == "enter"][-1:]
        return self.guard.is_typed(enter)


def _without_runs(messages: Iterable[Message]) -> list[Message]:
    keys: list[Message] = []
    for message in messages:
        keys += message.each_key() if isinstance(message, KeyRun) else [message]
    return keys
