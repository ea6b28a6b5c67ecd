"""Breaks lines between words or Chinese characters, but not before closing punctuation."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from rich.segment import Segment

from coze_tui.render.cells import Runs, cell_ends


class TextRow(NamedTuple):
    """A piece of a line that fits: characters `start` to `end`, and the spaces dropped before it."""

    start: int
    end: int
    width: int
    dropped: str


MEASURE = 110
"""The most cells of a line of prose; longer lines make it hard to find the start of the next one."""


def prose_width(width: int) -> int:
    """Return the cells available to prose in `width`. Tables and code may use all of it."""
    return min(width, MEASURE)


_WIDE = (
    "\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uf900-\ufaff\ufe30-\ufe4f"
    "\uff01-\uff60\uffe0-\uffe6\U0001f200-\U0001faff\U00020000-\U0003fffd"
)
_NOT_FIRST = frozenset(
    "、。，．：；？！）】」』〉》〕］｝〗〙”’…‥—～ー々〻゛゜ヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ%‰°′″℃,.!?:;)]}·"
)
_NOT_LAST = frozenset("（【「『〈《〔［｛〖〘“‘([{￥＄$#@")


@cache
def _wide() -> re.Pattern[str]:
    # Compiled at its first use, because it takes milliseconds that would delay the first frame.
    return re.compile(f"[{_WIDE}]")


def rows_of(text: str, width: int) -> list[TextRow]:
    """Break `text` into rows of at most `width` cells. A wide character still fills a one-cell row.

    Appending text changes only the last row. Spaces at a break belong to no row.
    """
    length = len(text)
    if text.isascii():
        if length <= width:
            return [TextRow(0, length, length, "")]
        return _ascii_rows(text, width)
    ends = cell_ends(text)
    if ends[-1] <= width:
        return [TextRow(0, length, ends[-1], "")]
    rows: list[TextRow] = []
    start, dropped = 0, ""
    while True:
        before = ends[start - 1] if start else 0
        end = bisect_right(ends, before + width, start)
        if end >= length:
            rows.append(TextRow(start, length, ends[-1] - before, dropped))
            return rows
        end = _break_before(text, ends, start, end)
        stop, follow = _without_spaces(text, start, end)
        rows.append(TextRow(start, stop, (ends[stop - 1] if stop else 0) - before, dropped))
        start, dropped = follow, text[stop:follow]
        if start >= length:
            # Only spaces remain. More text may follow them, so they form the last row.
            rows.append(TextRow(length, length, 0, dropped))
            return rows


def _ascii_rows(text: str, width: int) -> list[TextRow]:
    rows: list[TextRow] = []
    start, dropped, length = 0, "", len(text)
    while length - start > width:
        # The space may be beyond the edge, because it is dropped.
        if text[start + width] == " ":
            end = start + width
        else:
            space = text.rfind(" ", start, start + width)
            end = space + 1 if space > start else start + width
        stop, follow = _without_spaces(text, start, end)
        rows.append(TextRow(start, stop, stop - start, dropped))
        start, dropped = follow, text[stop:follow]
    rows.append(TextRow(start, length, length - start, dropped))
    return rows


def _without_spaces(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the end of the row that breaks at `end`, and the start of the next row."""
    stop = end
    while stop > start and text[stop - 1] == " ":
        stop -= 1
    if stop == start:  # leading spaces wider than the row
        stop = end
    length = len(text)
    while end < length and text[end] == " ":
        end += 1
    return stop, end


def _break_before(text: str, ends: list[int], start: int, end: int) -> int:
    """Return the best break at or before `end`, the first character that does not fit."""
    if text[end] == " ":
        return end
    at = end
    while at > start:
        before, after = text[at - 1], text[at]
        if before == " ":
            # Not after leading spaces alone, which would leave an empty row.
            if at - 1 > start:
                return at
        elif (
            (_wide().match(before) or _wide().match(after))
            and after not in _NOT_FIRST
            and before not in _NOT_LAST
            and ends[at] > ends[at - 1]
        ):
            return at
        at -= 1
    # There is no break: the word is longer than a row.
    at = max(end, start + 1)
    while at > start + 1 and ends[at] == ends[at - 1]:
        at -= 1
    while at < len(ends) and ends[at] == ends[at - 1]:  # a cluster wider than the row stays whole
        at += 1
    return at


def cut(runs: Runs, start: int, end: int) -> tuple[Segment, ...]:
    """Return the characters `start` to `end` of `runs`, in their styles."""
    taken: list[Segment] = []
    at = 0
    for run in runs:
        text = run.text
        after = at + len(text)
        if after > start:
            if at >= start and after <= end:
                if text:
                    taken.append(run)
            else:
                taken.append(Segment(text[max(0, start - at) : end - at], run.style))
            if after >= end:
                break
        at = after
    return tuple(taken) if start < end else ()


def cuts(runs: Runs, rows: Iterable[TextRow]) -> list[tuple[Segment, ...]]:
    """Return the results of `cut` for consecutive rows, in one pass over `runs`."""
    pieces: list[tuple[Segment, ...]] = []
    index, at = 0, 0
    for row in rows:
        start, end = row.start, row.end
        taken: list[Segment] = []
        while index < len(runs):
            run = runs[index]
            after = at + len(run.text)
            if after > start and at < end:
                if at >= start and after <= end:
                    taken.append(run)
                else:
                    taken.append(Segment(run.text[max(0, start - at) : end - at], run.style))
            if after > end:
                break
            at = after
            index += 1
        pieces.append(tuple(taken))
    return pieces
