"""The places that commands of vi lead to, and the parts of the text that they change."""

from __future__ import annotations

from coze_tui.tui.widgets.prompt.vi.buffer import (
    Buffer,
    first_sign,
    line_at,
    line_end,
    line_start,
    row_of,
    start_of_row,
)
from coze_tui.tui.widgets.prompt.vi.commands import Command
from coze_tui.tui.widgets.prompt.vi.motions import (
    INCLUSIVE,
    LINEWISE,
    SIMPLE,
    cell_of,
    find,
    last_place,
    paragraph,
    row,
    spans_of,
    word_end,
)
from coze_tui.tui.widgets.prompt.vi.objects import Span, span_of

_END_OF_LINE = 1_000_000
"""The cell that `j` and `k` aim at after `$`."""
_OPPOSITE = str.maketrans("fFtT", "FfTt")


class Places:
    """Finds places in a buffer; it remembers what `;` repeats, and the cell that `j` and `k` aim at."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._found: tuple[str, str] | None = None
        """Key and character of the last `f F t T`."""
        self._goal: int | None = None
        self._goal_at = -1
        """The target of the last `j` or `k`; anywhere else the goal is the cursor's own cell."""

    def after(self, command: Command, at: int) -> int | None:
        """Return where a motion leads from a place; None if it is impossible."""
        buffer, motion, count = self._buffer, command.motion, max(1, command.count)
        text = buffer.text
        if motion in ("j", "k"):
            return self._row(at, count if motion == "j" else -count)
        if motion in SIMPLE and not (motion == "%" and command.count):
            return SIMPLE[motion](buffer, at, count)
        if motion in ("$", "g_"):
            return self._end(motion, at, count)
        if motion in "fFtT;,":
            return self._find(motion, at, count, command.argument)
        if motion in ("gg", "G") or (motion == "%" and command.count):
            last = text.count("\n")
            if motion == "%":
                count = (command.count * (last + 1) + 99) // 100
            target = last if motion == "G" and not command.count else min(last, count - 1)
            return first_sign(text, start_of_row(text, target))
        if motion in "{}":
            return self._paragraph(at, count if motion == "}" else -count)
        steps = {"+": count, "-": -count, "_": count - 1}[motion]
        here, last = row_of(text, at), text.count("\n")
        there = max(0, min(last, here + steps))
        return None if there == here and motion != "_" else first_sign(text, start_of_row(text, there))

    def _paragraph(self, at: int, count: int) -> int | None:
        buffer, text = self._buffer, self._buffer.text
        end = last_place(buffer, len(text)) if count > 0 else 0
        for _step in range(abs(count)):
            if at == end or at == len(text):
                return None
            at = paragraph(buffer, at, 1 if count > 0 else -1)
        return at

    def _row(self, at: int, step: int) -> int | None:
        buffer = self._buffer
        goal = self._goal if at == self._goal_at and self._goal is not None else cell_of(buffer, at)
        there = row(buffer, at, step, goal)
        if there is not None:
            self._goal, self._goal_at = goal, there
        return there

    def _end(self, motion: str, at: int, count: int) -> int | None:
        buffer, text = self._buffer, self._buffer.text
        if count > 1 and line_end(text, at) == len(text):
            return None
        start = start_of_row(text, row_of(text, at) + count - 1)
        if motion == "$":
            place = last_place(buffer, start)
            self._goal, self._goal_at = _END_OF_LINE, place
            return place
        line = text[start : line_end(text, start)].rstrip()
        return max(start, buffer.previous_border(start + len(line))) if line else start

    def _find(self, motion: str, at: int, count: int, wanted: str) -> int | None:
        if motion in "fFtT":
            self._found = motion, wanted
            return find(self._buffer, at, count, motion, wanted)
        if self._found is None:
            return None
        key, wanted = self._found
        key = key.translate(_OPPOSITE) if motion == "," else key
        return find(self._buffer, at, count, key, wanted, again=True)

    def object(self, command: Command, at: int) -> Span | None:
        """Return the text object that a command names; None if there is none."""
        around = command.motion == "a"
        return span_of(self._buffer, at, max(1, command.count), command.argument, around=around)

    def operated(self, command: Command, at: int) -> Span | None:
        """Return the part of the text that an operator changes; None if its motion is impossible."""
        buffer, motion, count = self._buffer, command.motion, max(1, command.count)
        text = buffer.text
        if motion == command.name:  # dd, cc, yy
            return self._lines(at, row_of(text, at) + count - 1)
        if motion in ("i", "a"):
            return self.object(command, at)
        if command.name == "c" and motion in ("w", "W") and text[at : at + 1].strip():
            return Span(at, self._end_of_word(at, count, big=motion == "W"))
        there = self.after(command, at)
        self._goal = None
        if there is None or (motion == "ge" and there == at):
            return None
        if motion in LINEWISE or (motion == "%" and command.count):
            return self._lines(min(at, there), row_of(text, max(at, there)))
        start, end = sorted((at, there))
        if motion == "$":
            return Span(at, line_end(text, there))
        if motion in INCLUSIVE or (motion in ";," and self._is_forward(motion)):
            return Span(start, buffer.next_border(end))
        if motion in ("w", "W"):
            end = self._before_line_end(start, end)
        return Span(start, end)

    def _is_forward(self, motion: str) -> bool:
        key = self._found[0] if self._found is not None else "f"
        return key.translate(_OPPOSITE if motion == "," else {}) in "ft"

    def _end_of_word(self, at: int, count: int, *, big: bool) -> int:
        """Return the end of the word at a place, or of a later one: `cw` changes no blanks."""
        buffer, text = self._buffer, self._buffer.text
        start, end = line_at(text, at)
        ends = (start + last for _first, last in spans_of(text[start:end], big=big))
        place = buffer.previous_border(next(last for last in ends if last > at))
        return buffer.next_border(word_end(buffer, place, count - 1, big=big))

    def _before_line_end(self, start: int, end: int) -> int:
        """Return the end of the last word before a place: `dw` joins no lines."""
        text = self._buffer.text
        if "\n" not in text[start:end]:
            return end
        words = text[start:end].rstrip()
        return start + len(words) if words else line_end(text, start)

    def _lines(self, at: int, last: int) -> Span | None:
        text = self._buffer.text
        return Span(line_start(text, at), line_end(text, start_of_row(text, last)), is_linewise=True)

    def characters(self, at: int, count: int) -> int:
        """Return the position after this number of characters of the line."""
        end = line_end(self._buffer.text, at)
        for _character in range(count):
            if at >= end:
                break
            at = self._buffer.next_border(at)
        return min(at, end)

    def count_between(self, start: int, end: int) -> int:
        """Return the number of characters between two places, as readers see characters."""
        count = 0
        while start < end:
            start = self._buffer.next_border(start)
            count += 1
        return count

    def extent_of(self, span: Span) -> tuple[int, int]:
        """Return the lines of a part of the text, and the characters in the last one; 0 for whole lines."""
        text = self._buffer.text
        last = max(span.start, span.end - 1)
        lines = text.count("\n", span.start, last) + 1
        first = span.start if lines == 1 else line_start(text, last)
        return lines, 0 if span.is_linewise else max(1, self.count_between(first, span.end))

    def extent(self, at: int, lines: int, characters: int) -> Span:
        """Return a part of the text at a place that is as large as another one."""
        text = self._buffer.text
        last = start_of_row(text, row_of(text, at) + lines - 1)
        if not characters:
            return Span(line_start(text, at), line_end(text, last), is_linewise=True)
        return Span(at, self.characters(at if lines == 1 else last, characters))
