"""Printers of `coze-tui ask`: the answer on stdout, events and reasoning on stderr, or JSON Lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, field
from typing import TYPE_CHECKING, Protocol, TextIO

from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    LogidReported,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    TurnEnded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.errors import ApiError
from coze_tui.text.cleaning import StreamCleaner, clean_line
from coze_tui.text.format import json_line
from coze_tui.text.i18n import _
from coze_tui.values import recordclass

if TYPE_CHECKING:
    from coze_tui.text.data_urls import ShortImages


class Printer(Protocol):
    """A printer of updates."""

    def show(self, update: TurnUpdate) -> None: ...


def rest_of(whole: str, printed: str) -> str | None:
    """Return what a completed text adds to the text printed so far; None if it is another text.

    Servers may strip the ends of the completed text; that difference counts as the same text.
    """
    printed = printed if whole.startswith(printed) else printed.lstrip()
    start = whole if whole.startswith(printed) else whole.lstrip()
    if start.startswith(printed):
        return start[len(printed) :]
    return "" if printed.startswith(whole.strip()) else None


@recordclass
class _Answer:
    """An answer and its printed part."""

    message_id: str
    printed: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


class AnswerPrinter:
    """Prints each text once and at once, with a blank line between two answers.

    A tool call, or text of another answer, ends an answer, because its completed message may never arrive.
    If more of its text arrives nevertheless, that text waits until the current answer ends.

    Args:
        images: Shortens the images inside of the text, for a terminal; None for every byte of them.
    """

    def __init__(self, out: TextIO, notes: TextIO, images: ShortImages | None = None) -> None:
        self._out = out
        self._images = images
        self._notes = notes
        self._answers: dict[str, _Answer] = {}
        self._present: _Answer | None = None
        """The growing answer; None if it has ended."""
        self._written: _Answer | None = None
        """The answer whose text was printed last."""
        self._last = "\n"

    def show(self, update: TurnUpdate) -> None:
        match update:
            case AnswerGrew(message_id=message_id, text=text) if text:
                self._grow(self._of(message_id), text)
            case AnswerSettled(message_id=message_id, text=text) if text:
                self._settle(self._of(message_id), text)
            case ToolCalled() if self._present is not None:
                self._end_present()
            case TurnEnded():
                self._end_present()
                self.end_line()
            case _:
                return
        self._out.flush()

    def end_line(self) -> None:
        """End the open line, if there is one."""
        self._print_held()
        if self._last != "\n":
            self._out.write("\n")
            self._out.flush()
            self._last = "\n"

    def _of(self, message_id: str) -> _Answer:
        """Return the answer with this message ID. A new one ends the current answer."""
        answer = self._answers.get(message_id)
        if answer is None:
            self._end_present()
            answer = self._answers[message_id] = self._present = _Answer(message_id)
        return answer

    def _grow(self, answer: _Answer, text: str) -> None:
        if self._present is None:
            self._present = answer
        if answer is self._present:
            self._write(answer, text)
        else:
            answer.waiting.append(text)

    def _settle(self, answer: _Answer, whole: str) -> None:
        """Print the rest of the completed text, which replaces the deltas (docs/wire.md 3.5)."""
        printed = "".join(answer.printed)
        answer.printed, answer.waiting = [printed], []
        rest = rest_of(whole, printed)
        if rest is not None:
            self._grow(answer, rest)
        else:
            self._end_present()
            self.end_line()
            self._notes.write(_("coze-tui: the bot replaced its answer; the new one is:") + "\n")
            self._notes.flush()
            self._out.write("\n")
            self._written, answer.printed = answer, []
            self._write(answer, whole)
        if answer is self._present:
            self._end_present()

    def _end_present(self) -> None:
        """End the current answer, and print the text that waited for that."""
        self._present = None
        for answer in self._answers.values():
            if answer.waiting:
                text, answer.waiting = "".join(answer.waiting), []
                self._write(answer, text)

    def _write(self, answer: _Answer, text: str) -> None:
        if not text:
            return
        if self._written is not answer:
            self._print_held()
            self._separate()
            self._written = answer
        self._print(text if self._images is None else self._images.feed(text))
        answer.printed.append(text)

    def _print(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._last = text[-1]

    def _print_held(self) -> None:
        """Print held text that looked like the start of an image."""
        if self._images is not None:
            self._print(self._images.flush())

    def _separate(self) -> None:
        """Print a blank line between two answers."""
        if self._written is not None or self._last != "\n":
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
        self._printed: dict[str, str] = {}
        """By message."""

    def show(self, update: TurnUpdate) -> None:
        match update:
            case ReasoningGrew(message_id=message_id, text=text):
                self._write(message_id, text)
            case AnswerSettled(message_id=message_id, reasoning=whole):
                self._settle(message_id, whole)
                self._end_line()
            case _:
                self._end_line()

    def _settle(self, message_id: str, whole: str) -> None:
        """Print the part of the completed message that its deltas lacked (docs/wire.md 3.5)."""
        printed = self._printed.get(message_id, "")
        if whole and not whole.startswith(printed):
            self._end_line()
            self._printed[message_id] = printed = ""
        self._write(message_id, whole[len(printed) :])

    def _write(self, message_id: str, text: str) -> None:
        if not text:
            return
        if self._last == "\n" and self._before_line is not None:
            self._before_line()
        self._out.write(f"{self._before}{text}{self._after}")
        self._out.flush()
        self._printed[message_id] = self._printed.get(message_id, "") + text
        self._last = text[-1]

    def _end_line(self) -> None:
        if self._last != "\n":
            self._out.write("\n")
            self._out.flush()
            self._last = "\n"


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
            facts |= {"outcome": str(update.outcome), "at_us": update.at_us, **asdict(update.breaks)}
            if update.silence is not None:
                facts["silence"] = asdict(update.silence)
            if update.error is not None:
                from coze_tui.diagnostics.explain import explain

                explanation = explain(update.error, base_url=self._base_url)
                error: dict[str, object] = {
                    "class": type(update.error).__name__,
                    "code": explanation.code,
                    "logid": explanation.logid,
                    "text": explanation.text,
                }
                if isinstance(update.error, ApiError):
                    error["msg"] = update.error.msg  # whole; the text is shortened
                facts["error"] = error
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


class WaitPrinter:
    """A printer of the reason for a wait after the stream of a turn has ended.

    Args:
        seconds: How long it waits for a chat that Coze has not finished.
        is_streamed: False if there was no stream that can be cut.
        before_line: Ends the open line of another printer on the same terminal.
    """

    def __init__(
        self, out: TextIO, *, seconds: float, is_streamed: bool, before_line: Callable[[], None] | None = None
    ) -> None:
        self._out = out
        self._seconds = seconds
        self._is_streamed = is_streamed
        self._before_line = before_line

    def show(self, update: TurnUpdate) -> None:
        match update:
            case PhaseChanged(phase=Phase.RECOVERING) if self._is_streamed:
                self._line(_("connection lost; fetching the rest"))
            case PhaseChanged(phase=Phase.AWAITING):
                text = _("Coze is still answering; waiting up to {seconds} s until it is done")
                self._line(text.format(seconds=round(self._seconds)))
            case _:
                pass

    def _line(self, text: str) -> None:
        if self._before_line is not None:
            self._before_line()
        self._out.write(f"coze-tui: {text}\n")
        self._out.flush()


def _ms(us: int) -> str:
    return f"{us / 1000:.1f}"
