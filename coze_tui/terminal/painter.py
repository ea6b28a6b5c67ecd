"""Computes the shortest output that changes one screen to another: moves, styles, erasing, scrolling.

Independent of Textual. The painter tracks the cursor and the current style, and uses absolute sequences if
they are uncertain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import ne

from coze_tui.terminal.cells import ANY_FOREGROUND, OFF, ON, PLAIN, UNKNOWN, Cells, CellStyle, byte_count
from coze_tui.terminal.hyperlinks import CLOSE, start_of

_MOST_SWITCHES = 4096
_RUN_COST = 8
"""Approximate cost of a move to another run, in bytes."""
_BLANKS_WORTH_ERASING = 8
_LONG_BLANKS = re.compile(" {12,}")
_LONG_BLANKS_AT_END = re.compile(" {12,}$")
_GAP = 4
"""Unchanged cells up to which rewriting them is cheaper than a move."""
_WORTH_SHIFTING = 20
"""Cells that moving the end of a row must save."""
_RECOGNIZED = 12
"""Cells by which the moved end of a row is recognized."""


def erases_with_background(env: Mapping[str, str]) -> bool:
    """Return whether erasing fills with the current background (terminfo's bce). False if unknown."""
    if env.get("STY") or env.get("KITTY_WINDOW_ID"):
        return False
    if env.get("TMUX"):
        return True
    term = env.get("TERM", "")
    families = ("xterm", "tmux", "alacritty", "rxvt", "linux", "foot", "st-", "vte", "konsole", "iterm")
    return term.startswith(families) and "kitty" not in term


class Painter:
    """A builder of the output of a frame.

    Args:
        cells: The numbering of the cells in the rows.
        erases: Whether erasing fills with the current background.
    """

    def __init__(self, cells: Cells, *, erases: bool) -> None:
        self._cells = cells
        self._erases = erases
        self._out: list[str] = []
        self.size = 0
        """Bytes of the frame so far; an estimate while pieces are postponed."""
        self._style: CellStyle | None = None
        self._x = self._y = -1
        self._switches: dict[tuple[CellStyle, CellStyle], str] = {}
        self._later: dict[CellStyle, list[tuple[int, int, int, str]]] = {}

    # -- the frame

    def begin(self) -> None:
        """Start a frame with an unknown cursor position and the last style."""
        self._x = self._y = -1
        self.size = 0

    def take(self) -> str:
        """Return the frame and clear it."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def forget(self) -> None:
        """Discard the known state of the terminal: the next frame sets everything again."""
        self._style = None
        self._out.clear()
        self._later.clear()

    def reset(self) -> None:
        """Undo possible settings of another program: margins, origin, insert mode, line drawing, wrapping,
        a hyperlink."""
        self._add("\x1b[r\x1b[?6l\x1b[4l\x1b(B\x0f\x1b[?7l\x1b[?25l")
        if self._cells.link_of is not None:
            self._add(CLOSE)
        self._x = self._y = -1

    def clear(self, rows: int) -> None:
        """Erase all rows in the terminal's default colors."""
        self._use(PLAIN)
        # Not by ED, for the reason in `_down`.
        self._add("".join(f"\x1b[{row}H\x1b[K" for row in range(1, rows + 1)))
        self._x = self._y = -1

    def cursor(self, x: int, y: int) -> None:
        """Finish the frame: write postponed pieces, close a hyperlink, and move the cursor to a position."""
        later = self._later
        while later:
            style = min(later, key=self._way_to)
            self._use(self._as_used(style))
            for piece in later.pop(style):
                self._write(*piece)
        if self._style is not None:
            # Output between frames must not belong to a link.
            self._use(self._style.without_link)
        self._go(x, y)

    def row(self, y: int, new: str, old: str) -> None:
        """Change row `y`, which shows `old`, to `new`."""
        if new == old:
            return
        changed = _changes(new, old)
        if len(changed) > _WORTH_SHIFTING:
            old = self._shifted(y, new, old, changed)
            changed = _changes(new, old)
        width = len(new)
        blanks_from = width
        if self._erases or not self._background_of(new[-1]):
            blanks_from = self._trailing_blanks(new)
        start = end = changed[0]
        for x in changed:
            if x < end:
                continue
            if x >= blanks_from and width - x >= _BLANKS_WORTH_ERASING:
                if end > start:
                    end = self._run(y, new, start, end)
                if end <= x:
                    self._erase_to_end(y, x, new[-1])
                    return
                start = end
                continue
            if x > end and not self._cheap_gap(new, end, x):
                end = self._run(y, new, start, end)
                start = end = max(x, end)
            end = max(end, x + 1)
        if end > start:
            self._run(y, new, start, end)

    def scroll(self, top: int, bottom: int, lines: int) -> None:
        """Move the rows `top` to `bottom` up (negative: down); the rows that appear are unknown."""
        # More terminals support line feeds at the lower margin and inserted lines than SU and SD.
        move = f"\x1b[{bottom + 1}H" + "\n" * lines if lines > 0 else f"\x1b[{top + 1}H\x1b[{-lines}L"
        self._add(f"\x1b[{top + 1};{bottom + 1}r{move}\x1b[r")
        self._x = self._y = -1

    # -- pieces of it

    def _add(self, text: str) -> None:
        self._out.append(text)
        self.size += byte_count(text)

    def _text(self, part: str) -> str:
        """Return the glyphs of a part of a row."""
        glyphs = self._cells.glyphs
        return "".join([glyphs[number] for number in map(ord, part)])

    def _cheap_gap(self, new: str, start: int, end: int) -> bool:
        if end - start > _GAP:
            return False
        style = self._style_at(new[start - 1]) if start else None
        return style is not None and all(
            _covers(style, self._style_at(cell)) and self._cells.glyphs[ord(cell)].isascii()
            for cell in new[start:end]
        )

    def _shifted(self, y: int, new: str, old: str, changed: Sequence[int]) -> str:
        """Delete or insert cells in the terminal if the end of the row has only moved.

        Returns what the row shows then.
        """
        cells, start, width = self._cells, changed[0], len(new)
        deleted = _offset(new, old, start)
        inserted = 0 if deleted else _offset(old, new, start)
        count = deleted or inserted
        edge = start + deleted if deleted else width - inserted
        # A cut wide glyph looks different in each terminal, and nobody knows where a doubtful one ends.
        if not count or any(cells.is_half(old[x]) for x in (start, edge)):
            return old
        if not cells.doubtful.keys().isdisjoint(map(ord, old)) or self._has_postponed(y):
            return old
        gone = UNKNOWN * count
        moved = old[:start] + (old[edge:] + gone if deleted else gone + old[start:edge])
        if len(changed) - sum(map(ne, new, moved)) < _WORTH_SHIFTING:
            return old
        self._go(start, y)
        self._add(f"\x1b[{count}{'P' if deleted else '@'}")
        return moved

    def _has_postponed(self, y: int) -> bool:
        return any(piece[0] == y for pieces in self._later.values() for piece in pieces)

    def _trailing_blanks(self, row: str) -> int:
        """Return the column where trailing blanks start; the width if none can be erased."""
        last = row[-1]
        if last == UNKNOWN or not self._cells.is_background(last):
            return len(row)
        return len(row.rstrip(last))

    def _background_of(self, cell: str) -> str:
        return self._cells.styles[self._cells.style_numbers[ord(cell)]].background

    def _erase_to_end(self, y: int, x: int, cell: str) -> None:
        blank = self._style_at(cell)
        if not self._put_off(blank, None, y, x, -1, cell):
            self._use(self._as_used(blank))
            self._write(y, x, -1, cell)

    def _run(self, y: int, new: str, start: int, end: int) -> int:
        """Write the cells from `start` to `end`, or more if a glyph needs it. Return the end column."""
        cells = self._cells
        while start > 0 and cells.is_half(new[start]):
            start -= 1
        width = len(new)
        while end < width and cells.is_half(new[end]):
            end += 1
        doubtful = not cells.doubtful.keys().isdisjoint(map(ord, new[start:end]))
        x = start
        while x < end:
            style = self._style_at(new[x])
            stop = self._piece_end(new, x, end, style)
            if not self._fits(style):
                after = self._style_at(new[stop]) if stop < end else None
                if not doubtful and self._put_off(style, after, y, x, stop, new):
                    x = stop
                    continue
                self._use(self._as_used(style))
            if doubtful:
                end = max(end, self._write_doubtful(y, x, stop, new))
            else:
                self._write(y, x, stop, new)
            x = stop
        return x

    def _piece_end(self, new: str, x: int, end: int, style: CellStyle) -> int:
        """Return the column up to which the row has one style."""
        if style.foreground == ANY_FOREGROUND and self._style is not None and self._fits(style):
            # Blanks may lead to text in the current style.
            style = self._style
        for at in range(x + 1, end):
            if not _covers(style, self._style_at(new[at])):
                return at
        return end

    def _style_at(self, cell: str) -> CellStyle:
        return self._cells.styles[self._cells.style_numbers[ord(cell)]]

    def _fits(self, style: CellStyle) -> bool:
        """Return whether cells of this style may be written in the current style."""
        return self._style is not None and _covers(self._style, style)

    def _as_used(self, style: CellStyle) -> CellStyle:
        """Return the style to use for cells of this one; for blanks it retains the current foreground."""
        if style.foreground != ANY_FOREGROUND:
            return style
        now = self._style or PLAIN
        return CellStyle(now.foreground, style.background, 0 if now.shows_on_blanks else now.attributes)

    def _way_to(self, style: CellStyle) -> int:
        return len(self._switch(self._style, self._as_used(style))) if self._style is not None else 0

    def _put_off(self, style: CellStyle, after: CellStyle | None, y: int, x: int, end: int, row: str) -> bool:
        """Postpone a piece to the end of the frame, if a move there is cheaper than two changes of style."""
        now = self._style
        if now is None or not (after is None or self._fits(after)):
            return False
        other = self._as_used(style)
        if len(self._switch(now, other)) + len(self._switch(other, now)) <= _RUN_COST + 4:
            return False
        self._later.setdefault(style, []).append((y, x, end, row))
        text = self._text(row[x:end]) if end > x else ""
        self.size += _RUN_COST + (_RUN_COST if text.isspace() else byte_count(text))
        return True

    def _write(self, y: int, x: int, end: int, row: str) -> None:
        """Write a piece in the current style. If `end` is -1, erase the rest of the row."""
        self._go(x, y)
        if end < 0:
            self._add("\x1b[K")
            return
        text = self._text(row[x:end])
        left = 0
        if self._erases and "        " in text and not (self._style and self._style.shows_on_blanks):
            text, left = _with_erased(text)
        self._add(text)
        self._x = end - left if left or end < len(row) else -1

    def _write_doubtful(self, y: int, x: int, end: int, row: str) -> int:
        """Write glyphs whose width is uncertain. Return the column up to which the row must be rewritten."""
        doubtful = self._cells.doubtful
        certain = again = x
        at = x
        while at < end:
            number = ord(row[at])
            if number not in doubtful:
                at += 1
                continue
            if at > certain:
                self._write(y, certain, at, row)
            self._go(at, y)
            again = max(again, self._doubtful(y, at, row, number))
            at += 1
            while at < end and self._cells.is_half(row[at]):
                at += 1
            certain = at
        if end > certain:
            self._write(y, certain, end, row)
        return again

    def _doubtful(self, y: int, x: int, new: str, number: int) -> int:
        """Write one glyph of uncertain width. Return the column up to which the row must be rewritten."""
        cells = self._cells
        width = 2 if x + 1 < len(new) and cells.is_half(new[x + 1]) else 1
        # Write blanks first: if the glyph is narrower on this terminal, no old content remains beside it.
        self._add(f"{' ' * width}\x1b[{x + 1}G{cells.glyphs[number]}")
        self._x = -1
        end = min(x + max(cells.doubtful[number], width), len(new))
        while end < len(new) and cells.is_half(new[end]):
            end += 1
        return end

    def _go(self, x: int, y: int) -> None:
        if (x, y) == (self._x, self._y):
            return
        move = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"
        if self._y >= 0:
            move = min(move, self._down(y - self._y) + self._along(x), key=len)
        self._add(move)
        self._x, self._y = x, y

    def _down(self, rows: int) -> str:
        # Use escape sequences only, not VT or BS, so that tests can treat any raw control as a leak.
        if not rows:
            return ""
        return f"\x1b[{abs(rows) if abs(rows) > 1 else ''}{'B' if rows > 0 else 'A'}"

    def _along(self, x: int) -> str:
        """Return the shortest move to a column of the cursor's row."""
        if x == self._x:
            return ""
        if x == 0:
            return "\r"
        absolute = f"\x1b[{x + 1}G"
        ahead = x - self._x
        if self._x < 0:
            return absolute
        if ahead > 0:
            return min(f"\x1b[{ahead}C" if ahead > 1 else "\x1b[C", absolute, key=len)
        return min(f"\x1b[{-ahead}D" if ahead < -1 else "\x1b[D", absolute, key=len)

    # -- styles

    def _use(self, style: CellStyle) -> None:
        if style == self._style:
            return
        if self._style is None:
            codes = [code for code in (*_on(style.attributes), style.foreground, style.background) if code]
            # No link is open, because each frame closes its own.
            link = start_of(style.link) if style.link else ""
            self._add(f"\x1b[{';'.join(['0', *codes]) if codes else ''}m{link}")
        else:
            self._add(self._switch(self._style, style))
        self._style = style

    def _switch(self, old: CellStyle, new: CellStyle) -> str:
        if not (old.link or new.link):
            return self._colors(old, new)
        colors = self._colors(old.without_link, new.without_link)
        if old.link == new.link:
            return colors
        return colors + (start_of(new.link) if new.link else CLOSE)

    def _colors(self, old: CellStyle, new: CellStyle) -> str:
        """Return the SGR sequence between two styles without links."""
        if old == new:
            return ""
        switch = self._switches.get((old, new))
        if switch is None:
            if len(self._switches) >= _MOST_SWITCHES:
                self._switches.clear()
            switch = self._switches[old, new] = _switch(old, new)
        return switch


def _with_erased(text: str) -> tuple[str, int]:
    """Replace long runs of blanks by sequences that erase; return the text and the number of trailing blanks.

    Erasing does not move the cursor. It skips blanks in the middle, and stays before trailing ones.
    """
    shown = _LONG_BLANKS.sub(lambda blanks: f"\x1b[{len(blanks[0])}X\x1b[{len(blanks[0])}C", text)
    last = _LONG_BLANKS_AT_END.search(text)
    if last is None:
        return shown, 0
    return shown.removesuffix(f"\x1b[{len(last[0])}C"), len(last[0])


def _changes(new: str, old: str) -> list[int]:
    """Return the columns in which two rows differ."""
    return [x for x, (a, b) in enumerate(zip(new, old, strict=True)) if a != b]


def _offset(end: str, whole: str, start: int) -> int:
    """Return how far right of `start` the row `whole` contains what `end` has there; 0 if it does not."""
    part = end[start : start + _RECOGNIZED]
    if len(part) < _RECOGNIZED or len(set(part)) < _RECOGNIZED // 2 or UNKNOWN in part:
        return 0
    return max(0, whole.find(part, start + 1) - start)


def _covers(style: CellStyle, other: CellStyle) -> bool:
    """Return whether cells of the style `other` look the same in `style`."""
    if other.foreground == ANY_FOREGROUND:
        return style.background == other.background and not style.shows_on_blanks
    return style == other


def _on(attributes: int) -> list[str]:
    return [ON[bit] for bit in range(len(ON)) if attributes & (1 << bit)]


def _switch(old: CellStyle, new: CellStyle) -> str:
    """Return the shortest SGR sequence between two styles."""
    reset = ["", *_on(new.attributes)] if new != PLAIN else []
    reset += [code for code in (new.foreground, new.background) if code]
    gone = old.attributes & ~new.attributes
    off = {OFF[bit] for bit in range(len(OFF)) if gone & (1 << bit)}
    # Turning an attribute off also turns off those with the same code (bold and dim).
    again = new.attributes & ~old.attributes
    again |= sum(1 << bit for bit in range(len(OFF)) if new.attributes & (1 << bit) and OFF[bit] in off)
    changes = [*sorted(off), *_on(again)]
    if new.foreground != old.foreground:
        changes.append(new.foreground or "39")
    if new.background != old.background:
        changes.append(new.background or "49")
    return min(f"\x1b[{';'.join(reset)}m", f"\x1b[{';'.join(changes)}m", key=len)


_SCROLL_RUN_COST = 8
"""Approximate cost of a move to another row, in bytes."""
_LEAST_GAIN = 40


def find_scroll(
    new: Sequence[str], old: Sequence[str], rows: Sequence[int], window: tuple[int, int]
) -> tuple[int, int, int] | None:
    """Return (top, bottom, lines up) if scrolling rows in the terminal is cheaper than writing them.

    Args:
        new: The wanted rows.
        old: The displayed rows.
        rows: The rows that may differ.
        window: The columns in which something may have scrolled. Whole rows are moved anyway, so
            changes outside the window count as a cost.
    """
    left, right = window
    rows_by_part: dict[str, list[int]] = {}
    for y, row in enumerate(old):
        rows_by_part.setdefault(row[left:right], []).append(y)
    votes: dict[int, int] = {}
    matched: dict[int, list[int]] = {}
    for y in rows:
        part = new[y][left:right]
        if part == old[y][left:right] or part.count(part[0]) == len(part):
            continue
        for source in rows_by_part.get(part, ())[:4]:
            votes[source - y] = votes.get(source - y, 0) + 1
            matched.setdefault(source - y, []).append(y)
    best: tuple[int, int, int] | None = None
    gain = _LEAST_GAIN
    for lines in sorted(votes, key=lambda lines: -votes[lines])[:2]:
        ys = matched[lines]
        top, bottom = min(ys), max(ys)
        if lines > 0:
            bottom += lines
        else:
            top += lines
        without = _cost(new, old, range(top, bottom + 1))
        moved = [
            old[y + lines] if top <= y + lines <= bottom else UNKNOWN * len(new[y])
            for y in range(top, bottom + 1)
        ]
        saved = without - _cost(new[top : bottom + 1], moved, range(len(moved)))
        if saved > gain:
            best, gain = (top, bottom, lines), saved
    return best


def _cost(new: Sequence[str], old: Sequence[str], rows: range) -> int:
    """Estimate the number of bytes that change these rows of `old` to those of `new`."""
    total = 0
    for y in rows:
        if new[y] != old[y]:
            if old[y][0] == UNKNOWN:
                # In a new row, trailing blanks cost little.
                total += _SCROLL_RUN_COST + len(new[y].rstrip(new[y][-1]))
            else:
                total += _SCROLL_RUN_COST + sum(map(ne, new[y], old[y]))
    return total
