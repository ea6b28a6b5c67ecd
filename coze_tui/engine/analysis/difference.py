"""Compares two chats: their events, tool calls, answers and metrics. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal, TypeVar

from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.figures import EventRow
from coze_tui.engine.model.parts import Answer, Tool
from coze_tui.text.format import indented_json
from coze_tui.values import valueclass

Change = Literal["same", "changed", "left", "right"]
"""`left`: only in the first chat; `right`: only in the second."""

_T = TypeVar("_T")

_WORD = re.compile(
    "[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff]"  # one character is one word
    "|[^\\W\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003ffff]+"
    "|\\s+|[^\\w\\s]"
)
_MOST_PAIRS = 4_000_000
"""Largest product of the numbers of words in the two texts. Above it, the comparison could take too long."""
_OWN_ROWS = frozenset({"sent", "tool_outputs"})


@valueclass
class Piece:
    """A stretch of text that is in both texts or in one of them."""

    change: Literal["same", "left", "right"]
    text: str


@valueclass
class Pair:
    """Two corresponding texts and their differences; None for a text without a counterpart."""

    left: str | None
    right: str | None
    pieces: tuple[Piece, ...]
    """In reading order: `same` and `left` join to the first text, `same` and `right` to the second."""

    @property
    def change(self) -> Change:
        """Return whether the texts differ, and which one is missing."""
        if self.left is None:
            return "right"
        if self.right is None:
            return "left"
        return "same" if self.left == self.right else "changed"


@valueclass
class EventPair:
    """Corresponding rows of the event lists of the two chats."""

    left: EventRow | None
    right: EventRow | None

    @property
    def change(self) -> Change:
        """Return which row is missing. Counts and times do not matter: they always differ between chats."""
        if self.left is None:
            return "right"
        return "left" if self.right is None else "same"


@valueclass
class ToolPair:
    """Corresponding tool calls of the two chats."""

    name: str
    arguments: Pair
    """JSON on lines of its own, if it is JSON."""
    response: Pair
    left_us: int
    """Microseconds that it ran; 0 without a response."""
    right_us: int

    @property
    def change(self) -> Change:
        """Return whether the calls differ in anything but time."""
        change = self.arguments.change
        return self.response.change if change == "same" else change


FigureName = Literal[
    "first_text",
    "total",
    "input_tokens",
    "output_tokens",
    "characters",
    "deltas",
    "gap_p50",
    "gap_p95",
    "gap_max",
    "bytes",
]
FIGURES: tuple[FigureName, ...] = (
    *("first_text", "total", "input_tokens", "output_tokens", "characters", "deltas"),
    *("gap_p50", "gap_p95", "gap_max", "bytes"),
)


@valueclass
class FigurePair:
    """One metric of both chats; times in microseconds, None if unknown."""

    name: FigureName
    left: int | None
    right: int | None


@valueclass
class Differences:
    """The result of a comparison of two chats."""

    events: tuple[EventPair, ...]
    tools: tuple[ToolPair, ...]
    answers: tuple[Pair, ...]
    follow_ups: tuple[Pair, ...]
    figures: tuple[FigurePair, ...]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return the number of differing events, tool calls and answers."""
        return (
            sum(pair.change != "same" for pair in self.events),
            sum(pair.change != "same" for pair in self.tools),
            sum(pair.change != "same" for pair in self.answers),
        )


def differences(left: InspectedChat, right: InspectedChat) -> Differences:
    """Compare two chats; the first one is the earlier one, as a rule."""
    return Differences(
        events=tuple(_events(left, right)),
        tools=tuple(_tools(left, right)),
        answers=tuple(
            _pairs([a.whole_text for a in _answers(left)], [a.whole_text for a in _answers(right)])
        ),
        follow_ups=tuple(_pairs(left.state.follow_ups, right.state.follow_ups)),
        figures=tuple(_figures(left, right)),
    )


def compared(left: str, right: str) -> tuple[Piece, ...]:
    """Return the differences of two texts, word by word; a Chinese character is a word."""
    if left == right:
        return (Piece("same", left),) if left else ()
    # Equal starts and ends are removed first: most comparisons are of similar texts.
    start = _common(left, right)
    end = _common(left[start:][::-1], right[start:][::-1])
    pieces = [Piece("same", left[:start])]
    pieces += _by_lines(left[start : len(left) - end], right[start : len(right) - end])
    pieces.append(Piece("same", left[len(left) - end :]))
    return _joined(pieces)


# --- texts ---


def _by_lines(left: str, right: str) -> Iterator[Piece]:
    """Compare line by line first: long texts differ in few lines."""
    ours, theirs = left.splitlines(keepends=True), right.splitlines(keepends=True)
    for tag, i, j, k, l in _matched(ours, theirs):  # noqa: E741 as difflib names them
        one, other = "".join(ours[i:j]), "".join(theirs[k:l])
        if tag == "equal":
            yield Piece("same", one)
        else:
            yield from _by_words(one, other)


def _by_words(left: str, right: str) -> Iterator[Piece]:
    ours, theirs = _WORD.findall(left), _WORD.findall(right)
    for tag, i, j, k, l in _matched(ours, theirs):  # noqa: E741
        if tag == "equal":
            yield Piece("same", "".join(ours[i:j]))
        else:
            yield Piece("left", "".join(ours[i:j]))
            yield Piece("right", "".join(theirs[k:l]))


def _matched(left: Sequence[_T], right: Sequence[_T]) -> Sequence[tuple[str, int, int, int, int]]:
    """Return difflib's opcodes, or one replacement of everything if the texts are too long for difflib."""
    # SequenceMatcher takes quadratic time.
    if len(left) * len(right) > _MOST_PAIRS:
        return [("replace", 0, len(left), 0, len(right))]
    return SequenceMatcher(None, left, right).get_opcodes()


def _common(left: str, right: str) -> int:
    """Return the length of the common prefix, up to the start of a word."""
    count = next(
        (at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other),
        min(len(left), len(right)),
    )
    # Chinese characters are words, so only other letters and digits may be the middle of one.
    while count and left[count - 1].isalnum() and left[count - 1] < "\u2e80":
        count -= 1
    return count


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Merge neighbors of the same kind; within each change, put the old text before the new text."""
    joined: list[Piece] = []
    left = right = space = ""
    for piece in [*pieces, Piece("same", "\0")]:
        if piece.change == "same":
            if piece.text.isspace() and (left or right):
                space += piece.text  # white space between two changes belongs to the change
                continue
            joined += [Piece("left", left)] * bool(left) + [Piece("right", right)] * bool(right)
            left, right, text = "", "", space + piece.text
            space = ""
            if joined and joined[-1].change == "same":
                joined[-1] = Piece("same", joined[-1].text + text)
            elif text:
                joined.append(Piece("same", text))
        elif piece.text:
            left, right, space = left + space, right + space, ""
            if piece.change == "left":
                left += piece.text
            else:
                right += piece.text
    last = joined.pop().text[:-1]
    return tuple(joined) + ((Piece("same", last),) if last else ())


def _pair(left: str | None, right: str | None) -> Pair:
    return Pair(left, right, compared(left or "", right or ""))


def _pairs(left: Sequence[str], right: Sequence[str]) -> Iterator[Pair]:
    for one, other in zip_longest(left, right):
        yield _pair(one, other)


# --- events, tools, figures ---


def _events(left: InspectedChat, right: InspectedChat) -> Iterator[EventPair]:
    # Rows of our own do not come from the server.
    ours = [row for row in left.figures.rows if row.name not in _OWN_ROWS]
    theirs = [row for row in right.figures.rows if row.name not in _OWN_ROWS]
    matched = _matched([_event_key(row) for row in ours], [_event_key(row) for row in theirs])
    for tag, i, j, k, l in matched:  # noqa: E741
        if tag == "equal":
            for one, other in zip(ours[i:j], theirs[k:l], strict=True):
                yield EventPair(one, other)
        else:
            for row in ours[i:j]:
                yield EventPair(row, None)
            for row in theirs[k:l]:
                yield EventPair(None, row)


def _event_key(row: EventRow) -> tuple[str, str]:
    """Return the identity of a row: its name, and for a tool call the tool; other details do not count."""
    is_tool = row.name in ("function_call", "tool_response", "tool_output")
    return row.name, row.detail if is_tool else ""


@valueclass
class _Call:
    """A tool call with its response, or None without one."""

    name: str
    arguments: str
    response: str | None
    elapsed_us: int


def _tools(left: InspectedChat, right: InspectedChat) -> Iterator[ToolPair]:
    ours, theirs = _calls(left), _calls(right)
    matched = _matched([call.name for call in ours], [call.name for call in theirs])
    for tag, i, j, k, l in matched:  # noqa: E741
        if tag == "equal":
            for one, other in zip(ours[i:j], theirs[k:l], strict=True):
                yield _tool_pair(one, other)
        else:
            for call in ours[i:j]:
                yield _tool_pair(call, None)
            for call in theirs[k:l]:
                yield _tool_pair(None, call)


def _tool_pair(left: _Call | None, right: _Call | None) -> ToolPair:
    one, other = left or right, right or left
    assert one is not None
    assert other is not None
    return ToolPair(
        one.name,
        _pair(left.arguments if left else None, right.arguments if right else None),
        _pair(left.response if left else None, right.response if right else None),
        left.elapsed_us if left else 0,
        right.elapsed_us if right else 0,
    )


def _calls(chat: InspectedChat) -> list[_Call]:
    """Return calls with their responses, and responses without a call, in order."""
    tools = [part for part in chat.state.parts if isinstance(part, Tool)]
    by_id = {tool.message_id: tool for tool in tools}
    calls = []
    for tool in tools:
        if tool.answers:
            continue
        if tool.type != "function_call":
            calls.append(_Call(tool.name or str(tool.type), "", _laid_out(tool.text), 0))
            continue
        answer = by_id.get(tool.answered_by)
        calls.append(
            _Call(
                tool.name,
                _laid_out(tool.text),
                _laid_out(answer.text) if answer else None,
                answer.at_us - tool.at_us if answer else 0,
            )
        )
    return calls


def _laid_out(text: str) -> str:
    """Return JSON on lines with its keys sorted, so that only its content can differ; other text as is."""
    return indented_json(text, sort_keys=True) or text


def _answers(chat: InspectedChat) -> list[Answer]:
    return [answer for answer in chat.state.answers if answer.whole_text]


def _figures(left: InspectedChat, right: InspectedChat) -> Iterator[FigurePair]:
    ours, theirs = _figures_of(left), _figures_of(right)
    for name in FIGURES:
        if ours[name] or theirs[name]:
            yield FigurePair(name, ours[name], theirs[name])


def _figures_of(chat: InspectedChat) -> dict[FigureName, int | None]:
    figures = chat.figures
    usage, gaps = figures.usage, figures.gaps
    # A capture of another program may have no times.
    has_times = not figures.is_timeless
    has_gaps = has_times and gaps.count > 0
    return {
        "first_text": figures.first_text_us if has_times else None,
        "total": figures.total_us if has_times else None,
        "input_tokens": usage.input_count if usage else None,
        "output_tokens": usage.output_count if usage else None,
        "characters": figures.characters,
        "deltas": figures.deltas,
        "gap_p50": gaps.quantile(0.5) if has_gaps else None,
        "gap_p95": gaps.quantile(0.95) if has_gaps else None,
        "gap_max": gaps.max_us if has_gaps else None,
        "bytes": figures.bytes,
    }
