"""The motions of vi. Pure: they read a buffer and change nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from coze_tui.render.cells import cell_len
from coze_tui.text.words import words
from coze_tui.tui.widgets.prompt.vi.buffer import (
    Buffer,
    first_sign,
    line_at,
    line_end,
    line_start,
    row_of,
    start_of_row,
)

_PAIRS = ("()", "[]", "{}", "（）", "“”", "‘’", "「」", "『』", "《》", "【】")
LINEWISE = frozenset({"j", "k", "gg", "G", "+", "-", "_"})
"""Motions over whole lines, if an operator uses them."""
INCLUSIVE = frozenset({"e", "E", "f", "t", "$", "%", "ge", "g_"})
"""Motions that an operator takes with the character at which they end."""
_BIG = re.compile(r"\S+")
Motion = Callable[[Buffer, int, int], int | None]
"""A function from a position and a count to another position; None if the motion is impossible."""


def spans_of(line: str, *, big: bool) -> Iterator[tuple[int, int]]:
    """Yield the words of a line; big ones are separated by blanks only."""
    if big:
        yield from (match.span() for match in _BIG.finditer(line))
    else:
        yield from words(line)


def last_place(buffer: Buffer, at: int) -> int:
    """Return the place of the last character of a line; the start of an empty one."""
    start, end = line_at(buffer.text, at)
    return max(start, buffer.previous_border(end)) if end > start else start


def left(buffer: Buffer, at: int, count: int) -> int:
    """Return the place `count` characters to the left, within the line."""
    start = line_start(buffer.text, at)
    for _step in range(count):
        if at <= start:
            break
        at = buffer.previous_border(at)
    return max(at, start)


def right(buffer: Buffer, at: int, count: int) -> int:
    """Return the place `count` characters to the right, at most after the last one of the line."""
    end = line_end(buffer.text, at)
    for _step in range(count):
        if at >= end:
            break
        at = buffer.next_border(at)
    return min(at, end)


def word(buffer: Buffer, at: int, count: int, *, big: bool = False) -> int:
    """Return the start of the next word, or an empty line."""
    for _step in range(count):
        at = _next_word(buffer.text, at, big=big)
    return at


def _next_word(text: str, at: int, *, big: bool) -> int:
    start, end = line_at(text, at)
    after = at - start
    while True:
        found = next((first for first, _last in spans_of(text[start:end], big=big) if first > after), None)
        if found is not None:
            return start + found
        if end == len(text):
            return end
        start = end + 1
        end, after = line_end(text, start), -1
        if start == end:
            return start


def word_back(buffer: Buffer, at: int, count: int, *, big: bool = False) -> int:
    """Return the start of the previous word, or an empty line."""
    text = buffer.text
    for _step in range(count):
        at = _word_before(text, at, big=big)
    return at


def _word_before(text: str, at: int, *, big: bool) -> int:
    start, end = line_at(text, at)
    before = at - start
    while True:
        found = [first for first, _last in spans_of(text[start:end], big=big) if first < before]
        if found:
            return start + found[-1]
        if start == 0:
            return 0
        end = start - 1
        start = line_start(text, end)
        before = end - start + 1
        if start == end:
            return start


def word_end(buffer: Buffer, at: int, count: int, *, big: bool = False) -> int:
    """Return the last character of the next word."""
    for _step in range(count):
        at = _next_end(buffer, at, big=big)
    return at


def _next_end(buffer: Buffer, at: int, *, big: bool) -> int:
    text = buffer.text
    start, end = line_at(text, at)
    while True:
        for _first, last in spans_of(text[start:end], big=big):
            place = buffer.previous_border(start + last)
            if place > at:
                return place
        if end == len(text):
            return max(at, last_place(buffer, end))
        start = end + 1
        end = line_end(text, start)


def word_end_back(buffer: Buffer, at: int, count: int) -> int:
    """Return the last character of the previous word, or an empty line; 0 if there is none."""
    found: int | None = at
    for _step in range(count):
        found = _end_before(buffer, found) if found is not None else None
    return found if found is not None else 0


def _end_before(buffer: Buffer, at: int) -> int | None:
    text = buffer.text
    start, end = line_at(text, at)
    while True:
        ends = (buffer.previous_border(start + last) for _first, last in words(text[start:end]))
        before = [place for place in ends if place < at]
        if before or start == 0:
            return before[-1] if before else None
        end = start - 1
        start = line_start(text, end)
        if start == end:
            return start


def find(buffer: Buffer, at: int, count: int, key: str, wanted: str, *, again: bool = False) -> int | None:
    """Return the place of a character in the line, for `f F t T`; None if it does not occur.

    Args:
        again: `;` or `,` repeats it: a `t` beside its character goes on to the next one.
    """
    text = buffer.text
    start, end = line_at(text, at)
    places = [start + n for n, character in enumerate(text[start:end]) if character == wanted]
    if key in "ft":
        beside = buffer.next_border(at) if again and key == "t" else at
        ahead = [place for place in places if place > beside]
        if len(ahead) < count:
            return None
        return ahead[count - 1] if key == "f" else buffer.previous_border(ahead[count - 1])
    beside = buffer.previous_border(at) if again and key == "T" else at
    behind = [place for place in reversed(places) if place < beside]
    if len(behind) < count:
        return None
    return behind[count - 1] if key == "F" else buffer.next_border(behind[count - 1])


def row(buffer: Buffer, at: int, step: int, goal: int) -> int | None:
    """Return the place at a cell `step` lines below or above; None if there is none."""
    text = buffer.text
    here, last = row_of(text, at), text.count("\n")
    target = max(0, min(last, here + step))
    if target == here:
        return None
    start = start_of_row(text, target)
    return at_cell(buffer, start, goal)


def at_cell(buffer: Buffer, start: int, goal: int) -> int:
    """Return the place in a line whose character covers a cell; the last one of a shorter line."""
    text = buffer.text
    end, place, cells = line_end(text, start), start, 0
    while place < end:
        after = min(end, buffer.next_border(place))
        cells += cell_len(text[place:after])
        if cells > goal:
            break
        place = after
    return min(place, last_place(buffer, start))


def cell_of(buffer: Buffer, at: int) -> int:
    """Return the cells of a line before a place."""
    return cell_len(buffer.text[line_start(buffer.text, at) : at])


def paragraph(buffer: Buffer, at: int, step: int) -> int:
    """Return the next or previous empty line after lines with text; else the end or start."""
    text = buffer.text
    lines = text.split("\n")
    number = row_of(text, at)
    while 0 <= number < len(lines) and not lines[number]:
        number += step
    while 0 <= number < len(lines) and lines[number]:
        number += step
    if number < 0:
        return 0
    return start_of_row(text, number) if number < len(lines) else len(text)


def matching(buffer: Buffer, at: int) -> int | None:
    """Return the partner of the bracket at a place, or of the next one in the line; None if there is none."""
    text = buffer.text
    for place in range(at, line_end(text, at)):
        for pair in _PAIRS:
            if text[place] == pair[0]:
                return closing(text, place + 1, pair)
            if text[place] == pair[1]:
                return opening(text, place - 1, pair)
    return None


def closing(text: str, at: int, pair: str) -> int | None:
    """Return the place of the bracket that closes one before `at`; None if there is none."""
    depth = 1
    for place in range(at, len(text)):
        depth += (text[place] == pair[0]) - (text[place] == pair[1])
        if not depth:
            return place
    return None


def opening(text: str, at: int, pair: str) -> int | None:
    """Return the place of the bracket that opens one after `at`; None if there is none."""
    depth = 1
    for place in range(at, -1, -1):
        depth += (text[place] == pair[1]) - (text[place] == pair[0])
        if not depth:
            return place
    return None


SIMPLE: dict[str, Motion] = {
    "h": left,
    "l": right,
    "0": lambda buffer, at, _count: line_start(buffer.text, at),
    "^": lambda buffer, at, _count: first_sign(buffer.text, at),
    "w": word,
    "W": lambda buffer, at, count: word(buffer, at, count, big=True),
    "b": word_back,
    "B": lambda buffer, at, count: word_back(buffer, at, count, big=True),
    "e": word_end,
    "E": lambda buffer, at, count: word_end(buffer, at, count, big=True),
    "ge": word_end_back,
    "%": lambda buffer, at, _count: matching(buffer, at),
}
"""Motions that need only a place and a count."""
