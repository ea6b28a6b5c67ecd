"""Printers of `coze-tui ask`: the answer on stdout, events and reasoning on stderr, or JSON lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol, TextIO

from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    LogidReported,
    ReasoningGrew,
    TurnEnded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.text.cleaning import StreamCleaner, clean_line
from coze_tui.text.format import json_line
from coze_tui.text.i18n import _


class Printer(Protocol):
    """A printer of updates."""

    def show(self, update: TurnUpdate) -> None: ...


@dataclass(slots=True)
class _Answer:
    """An answer and how much of it was printed."""

    printed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    settled: str | None = None


class AnswerPrinter:
    """Prints answers as they arrive, one after the other: a second one waits until the first is complete."""

    def __init__(self, out: TextIO, notes: TextIO) -> None:
        self._out = out
        self._notes = notes
        self._answers: dict[str, _Answer] = {}
        self._begun = ""
        self._last = "\n"

    def show(self, update: TurnUpdate) -> None:
        match update:
            case AnswerGrew(message_id=message_id, text=text) if text:
                self._answers.setdefault(message_id, _Answer()).waiting.append(text)
                self._print(is_over=False)
            case AnswerSettled(message_id=message_id, text=text):
                self._answers.setdefault(message_id, _Answer()).settled = text
                self._print(is_over=False)
            case TurnEnded():
                self._print(is_over=True)
            case _:
                pass

    def _print(self, *, is_over: bool) -> None:
        while self._answers:
            message_id, answer = next(iter(self._answers.items()))
            if answer.settled is None:
                self._write(message_id, answer.waiting)
                answer.printed += answer.waiting
                answer.waiting = []
                if not is_over:
                    break
            else:
                self._finish(message_id, answer, answer.settled)
            del self._answers[message_id]
        if is_over:
            self.end_line()
        self._out.flush()

    def end_line(self) -> None:
        """End the open line, if there is one."""
        if self._last != "\n":
            self._out.write("\n")
            self._out.flush()
            self._last = "\n"

    def _finish(self, message_id: str, answer: _Answer, whole: str) -> None:
        """Print the rest of the completed text, which replaces the deltas (docs/wire.md 3.5)."""
        printed = "".join(answer.printed)
        if not whole:
            self._write(message_id, answer.waiting)
        elif whole.startswith(printed):
            self._write(message_id, [whole[len(printed) :]])
        else:
            self.end_line()
            self._notes.write(_("coze-tui: the bot has replaced its answer; here is the new one:") + "\n")
            self._notes.flush()
            self._out.write("\n")
            self._begun = ""
            self._write(message_id, [whole])

    def _write(self, message_id: str, pieces: Sequence[str]) -> None:
        for text in pieces:
            if not text:
                continue
            if self._begun != message_id:
                self._separate()
                self._begun = message_id
            self._out.write(text)
            self._last = text[-1]

    def _separate(self) -> None:
        """Print a blank line between two answers."""
        if self._begun or self._last != "\n":
            self._out.write("\n" if self._last == "\n" else "\n\n")


class ReasoningPrinter:
    """Prints the bot's reasoning, dim if the terminal can.

    Args:
        before_line: ends the open line of another printer on the same terminal.
    """

    def __init__(self, out: TextIO, *, dim: bool, before_line: Callable[[], None] | None = None) -> None:
        self._out = out
        self._before_line = before_line
        self._before, self._after = ("\x1b[2m", "\x1b[22m") if dim else ("", "")
        self._last = "\n"

    def show(self, update: TurnUpdate) -> None:
        match update:
            case ReasoningGrew(text=text) if text:
                if self._last == "\n" and self._before_line is not None:
                    self._before_line()
                self._out.write(f"{self._before}{text}{self._after}")
                self._last = text[-1]
            case _ if self._last != "\n":
                self._out.write("\n")
                self._last = "\n"
            case _:
                return
        self._out.flush()


class EventPrinter:
    """Prints one line per event; consecutive deltas share one.

    Args:
        before_line: ends the open line of another printer on the same terminal.
    """

    def __init__(self, out: TextIO, *, before_line: Callable[[], None] | None = None) -> None:
        self._out = out
        self._before_line = before_line
        self._deltas = 0
        self._bytes = 0
        self._from_us = 0
        self._to_us = 0

    def show(self, update: TurnUpdate) -> None:
        match update:
            case (
                AnswerGrew(arrivals_us=arrivals, bytes=size) | ReasoningGrew(arrivals_us=arrivals, bytes=size)
            ):
                if arrivals:
                    self._from_us = self._from_us if self._deltas else arrivals[0]
                    self._to_us = arrivals[-1]
                    self._deltas += len(arrivals)
                    self._bytes += size
            case EventNoted(record=record):
                self._end_run()
                self._line(record.at_us, record.name, record.detail)
            case ChatIdentified():
                self._fact("chat", update.chat_id)
                self._fact("conversation", update.conversation_id)
            case LogidReported(logid=logid) if logid:
                self._fact("logid", logid)
            case UsageReported(usage=usage):
                self._fact("tokens", f"{usage.input_count} in, {usage.output_count} out")
            case TurnEnded():
                self._end_run()
                self._line(update.at_us, f"= {update.outcome}", "")
            case _:
                pass

    def _end_run(self) -> None:
        if self._deltas:
            until = f"… {_ms(self._to_us)} ms, {self._bytes} B"
            self._line(self._from_us, f"delta ×{self._deltas}", until)
            self._deltas = self._bytes = 0

    def _line(self, at_us: int, name: str, detail: str) -> None:
        self._write(f"{_ms(at_us):>10} ms  {name:<18} {detail}")

    def _fact(self, name: str, value: str) -> None:
        self._write(f"{'':>10}     {name:<18} {value}")

    def _write(self, line: str) -> None:
        if self._before_line is not None:
            self._before_line()
        self._out.write(clean_line(line).rstrip() + "\n")
        self._out.flush()


class JsonPrinter:
    """Prints one JSON object per update; its type is the name of the update in snake case.

    Args:
        base_url: the site that is asked.
    """

    def __init__(self, out: TextIO, *, base_url: str) -> None:
        self._out = out
        self._base_url = base_url

    def show(self, update: TurnUpdate) -> None:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(update).__name__).lower()
        facts: dict[str, object] = {"type": name}
        if isinstance(update, TurnEnded):
            facts |= {"outcome": str(update.outcome), "at_us": update.at_us}
            if update.error is not None:
                from coze_tui.diagnostics.explain import explain

                explanation = explain(update.error, base_url=self._base_url)
                facts["error"] = {
                    "class": type(update.error).__name__,
                    "code": explanation.code,
                    "logid": explanation.logid,
                    "text": explanation.text,
                }
        else:
            facts |= asdict(update)
        self._out.write(json_line(facts, self._out.encoding) + "\n")
        self._out.flush()


class RawPrinter:
    """Prints the event stream as it arrives, cleaned on a terminal."""

    def __init__(self, out: TextIO, *, cleaned: bool) -> None:
        self._out = out
        self._cleaner = StreamCleaner() if cleaned else None

    def write(self, text: str) -> None:
        """Print a piece of the stream."""
        self._out.write(text if self._cleaner is None else self._cleaner.feed(text))
        self._out.flush()

    def show(self, update: TurnUpdate) -> None:
        if isinstance(update, TurnEnded) and self._cleaner is not None:
            self._out.write(self._cleaner.flush())
            self._out.flush()


def _ms(us: int) -> str:
    return f"{us / 1000:.1f}"
