"""The block structure of Markdown, one line at a time: each line is looked at once, and never again.

CommonMark's own rules with tables, and these differences, made for chat: maths (`$$` or `\\[` alone on a
line) is a block of its own; a line without `|` ends a table; HTML is text, except that a line of comments or
`<details>` counts as an empty one; Markdown in a fence contains whole fences. Of GitHub's: tables, tasks,
footnotes and alerts.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from coze_tui.text.markdown_rules import ALERT, FOOTNOTE, HIDDEN_LINE, INNER_FENCE, MARKDOWN_NAME, TASK
from coze_tui.values import valueclass

MOST_NESTED = 20
"""Quotes and list items inside each other; deeper markers are text."""
LONGEST_ROW = 4_096
"""A longer line is a paragraph whatever it begins with: no row, no heading, no rule, no fence, no maths."""
TAB = 4


class Kind(StrEnum):
    """The kinds of blocks."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    RULE = "rule"
    CODE = "code"
    TABLE = "table"
    MATHS = "maths"
    ALERT = "alert"
    """The first line of a quote that says what kind of quote it is: `[!NOTE]`."""
    EMPTY = "empty"
    """A list item without content so far."""


ONE_LINE = frozenset({Kind.HEADING, Kind.RULE, Kind.ALERT})
"""Blocks that end with the line that opens them."""


class Container(NamedTuple):
    """A quote, a list item or a footnote, around blocks."""

    marker: str
    """`>` for a quote, `^` for a footnote; for an item what tells lists apart: `-`, `*`, `+`, `.` or `)`."""
    indent: int = 0
    """An item's columns from the beginning of its marker's surroundings to its content."""
    number: int = -1
    """In ordered lists."""
    label: str = ""
    """Of a footnote."""

    @property
    def is_quote(self) -> bool:
        return self.marker == ">"


@valueclass
class Blank:
    """An empty line; closes all that does not go on over one."""

    depth: int


@valueclass
class Grow:
    """The open block goes on by a line."""

    text: str


@valueclass
class Close:
    """The open block ends with this line, which shows nothing (a fence) or `text` (maths)."""

    text: str | None = None


@valueclass
class Retitle:
    """The open paragraph was a heading."""

    level: int
    text: str
    """The line under it."""


@valueclass
class Tabulate:
    """The last line of the open paragraph was the head of a table."""

    aligns: tuple[str, ...]


@valueclass
class Open:
    """A new block begins, after `depth` of the containers around the one before, in the `added` ones."""

    depth: int
    added: tuple[Container, ...]
    kind: Kind
    text: str = ""
    """The first line; a fence's language."""
    level: int = 0
    """Of a heading."""
    fence: str = ""
    """The mark that opened a fence or a maths block; none: code by its indent."""
    indent: int = 0
    """Columns before a fence, which its lines lose too."""

    @property
    def is_markdown(self) -> bool:
        """Whether this is Markdown in a fence. Models write fences in it, and each has its own end."""
        return self.kind is Kind.CODE and self.fence != "" and MARKDOWN_NAME.match(self.text) is not None


Step = Blank | Grow | Close | Retitle | Tabulate | Open

_HEADING = re.compile(r"#{1,6}(?=[ \t]|$)")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_UNDERLINE = re.compile(r"(?:=+|-+)[ \t]*$")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"(?:([-+*])|(\d{1,9})([.)]))(?: +|$)")
_DELIMITERS = re.compile(r"[|:-][|:\- \t]+$|[|:-]-+[|:\- \t]*$")
_MATHS = {"$$": "$$", "\\[": "\\]"}
_STRUCTURE = re.compile(r"[ \t>*+\-\d.)]{0,200}")
"""Matches the marks that begin containers; a tab after them is text."""


class Scanner:
    """A position in the structure of the text. `read` judges a line; `apply` continues with the result."""

    def __init__(self) -> None:
        self.stack: tuple[Container, ...] = ()
        self.block: Open | None = None
        """The open block."""
        self.last_line = ""
        """The newest line of an open paragraph."""
        self._inner_fences = 0
        """How many fences are open inside of the open block, which is Markdown in a fence."""

    def read(self, raw: str) -> Step:
        """Return the meaning of `raw`, a line without its end, at this position. Changes nothing."""
        line = raw
        if "\t" in raw:
            structure = _STRUCTURE.match(raw)
            assert structure is not None
            line = structure.group().expandtabs(TAB) + raw[structure.end() :]
        position, depth, is_blank = self._matched(line)
        block = self.block
        is_inside = depth == len(self.stack)
        if block is not None and is_inside:
            if block.kind is Kind.CODE:
                if block.fence:
                    return self._in_fence(block, line, position, raw)
                if is_blank or _indent(line, position) >= TAB:
                    return Grow(line[position + TAB :])
            if block.kind is Kind.MATHS and not is_blank and len(line) <= LONGEST_ROW:
                text = line[position:].strip(" \t")
                return Close(text) if text.endswith(_MATHS[block.fence]) else Grow(text)
        if is_blank:
            # An item may begin with one empty line, not with two.
            is_bare = block is not None and block.kind is Kind.EMPTY and is_inside
            return Blank(depth - 1 if is_bare and not self.stack[-1].is_quote else depth)
        return self._begun(line, position, depth)

    def apply(self, step: Step) -> None:
        """Go on after `step`."""
        match step:
            case Blank(depth):
                self.stack = self.stack[:depth]
                self.block = None
            case Grow(text):
                self.last_line = text
                self._count_fences(text)
            case Close() | Retitle():
                self.block = None
            case Tabulate():
                assert self.block is not None
                self.block = Open(len(self.stack), (), Kind.TABLE)
            case Open():
                self._inner_fences = 0
                self.stack = (*self.stack[: step.depth], *step.added)
                self.block = None if step.kind in ONE_LINE else step
                self.last_line = step.text

    def _count_fences(self, text: str) -> None:
        """Count the fences inside of Markdown in a fence, of which each could have closed it."""
        block = self.block
        if block is not None and block.is_markdown and text.lstrip().startswith(block.fence):
            inner = INNER_FENCE.match(text)
            if inner is not None:
                self._inner_fences = max(0, self._inner_fences + (1 if inner[1] else -1))

    def extend(self, text: str) -> None:
        """More of a line that was applied before its end had come."""
        if len(self.last_line) <= LONGEST_ROW:
            self.last_line += text

    def _matched(self, line: str) -> tuple[int, int, bool]:
        """Return the end of the containers in the line, their number, and whether nothing follows."""
        position, depth, length = 0, 0, len(line)
        for container in self.stack:
            start = position + _indent(line, position)
            if container.is_quote:
                if start - position > 3 or line[start : start + 1] != ">":
                    break
                position = start + 1
                if line[position : position + 1] == " ":
                    position += 1
            elif start >= length or start - position >= container.indent:
                position = min(length, position + container.indent)
            else:
                break
            depth += 1
        return position, depth, not line[position:].strip(" \t")

    def _in_fence(self, block: Open, line: str, position: int, raw: str) -> Step:
        indent = _indent(line, position)
        text = line[position + indent :]
        mark = block.fence[0]
        if (
            indent <= 3
            and text.startswith(block.fence)
            and not self._inner_fences
            and not text.rstrip(" \t").strip(mark)
        ):
            return Close()
        if not self.stack and not block.indent:
            return Grow(raw)  # with its tabs, for the copy
        return Grow(line[position + min(indent, block.indent) :])

    def _begun(self, line: str, position: int, depth: int) -> Step:
        """A line that is not blank and not inside of code: what begins on it, or goes on."""
        block, stack = self.block, self.stack
        is_inside = depth == len(stack)
        in_paragraph = block is not None and block.kind is Kind.PARAGRAPH
        added: list[Container] = []
        while True:
            start = position + _indent(line, position)
            rest = line[start:]
            if start - position >= TAB:
                if in_paragraph and not added:
                    return Grow(rest)
                return Open(depth, tuple(added), Kind.CODE, line[position + TAB :])
            first = rest[0]
            can_nest = depth + len(added) < MOST_NESTED
            is_short = len(rest) <= LONGEST_ROW
            if first == ">" and can_nest:
                added.append(Container(">"))
                position = start + 2 if rest[1:2] == " " else start + 1
                if not line[position:].strip(" \t"):
                    return Open(depth, tuple(added), Kind.EMPTY)
                continue
            if first == "#" and is_short and (heading := _HEADING.match(rest)):
                return Open(depth, tuple(added), Kind.HEADING, _title(rest[heading.end() :]), heading.end())
            if first in "`~" and is_short and (fence := _FENCE.match(rest)):
                mark, info = fence[1] or fence[3], (fence[2] or fence[4] or "").strip(" \t")
                return Open(depth, tuple(added), Kind.CODE, info, fence=mark, indent=start - position)
            if first in "$\\" and is_short and (mark := rest.rstrip(" \t")) in _MATHS:
                return Open(depth, tuple(added), Kind.MATHS, mark, fence=mark)
            if first == "[" and can_nest and is_short:
                if (note := FOOTNOTE.match(rest)) and rest[note.end() : note.end() + 1] == ":":
                    text = rest[note.end() + 1 :].lstrip(" \t")
                    if text:
                        added.append(Container("^", TAB, label=note[1]))
                        position = len(line) - len(text)
                        continue
                if added and added[-1].is_quote and (alert := ALERT.fullmatch(rest)):
                    return Open(depth, tuple(added), Kind.ALERT, alert[1].upper())
            if first == "<" and is_short and HIDDEN_LINE.fullmatch(rest):
                if added:
                    return Open(depth, tuple(added), Kind.EMPTY)
                if not in_paragraph or "details" in rest.lower():
                    return Blank(depth)
            if in_paragraph and is_inside and is_short and not added:
                if first in "=-" and _UNDERLINE.match(rest):
                    return Retitle(1 if first == "=" else 2, rest)
                if first in "|:-" and (aligns := self._aligns(rest)):
                    return Tabulate(aligns)
            if first in "*-_" and is_short and _RULE.match(rest):
                return Open(depth, tuple(added), Kind.RULE)
            item = _ITEM.match(rest) if can_nest else None
            if item is not None and item.end() > LONGEST_ROW:
                item = None
            if item is not None:
                is_bare = item.end() == len(rest)
                number = int(item[2]) if item[2] else -1
                if in_paragraph and is_inside and not added and (is_bare or number not in (-1, 1)):
                    item = None  # such an item cannot interrupt a paragraph
            if item is not None:
                width = len(item[1] or item[2] + item[3])
                spaces = item.end() - width
                used = 1 if is_bare or spaces > TAB else spaces
                marker = item[1] or item[3]
                if not added and not is_inside and stack[depth].marker == marker and number >= 0:
                    number = max(number, stack[depth].number + 1)
                added.append(Container(marker, start - position + width + used, number))
                position = start + width + used
                if is_bare:
                    return Open(depth, tuple(added), Kind.EMPTY)
                continue
            break
        if not added:
            if in_paragraph:
                return Grow(rest)
            if block is not None and block.kind is Kind.TABLE and is_inside and is_row(rest):
                return Grow(rest)
        return Open(depth, tuple(added), Kind.PARAGRAPH, rest)

    def _aligns(self, delimiters: str) -> tuple[str, ...]:
        """The alignment of each column, if these are the delimiters under the last line of the paragraph."""
        if not _DELIMITERS.match(delimiters) or not is_row(self.last_line):
            return ()
        aligns: list[str] = []
        for cell in row_cells(delimiters):
            if not re.fullmatch(r":?-+:?", cell):
                return ()
            left, right = cell[0] == ":", cell[-1] == ":"
            aligns.append("center" if left and right else "right" if right else "left")
        return tuple(aligns) if len(aligns) == len(row_cells(self.last_line)) else ()


def _title(text: str) -> str:
    """The text of a heading without the closing marks it may have."""
    text = text.strip(" \t")
    open_text = text.rstrip("#")
    return open_text.rstrip(" \t") if not open_text or open_text[-1] in " \t" else text


def is_row(text: str) -> bool:
    """Whether a line can be a row of a table."""
    return "|" in text and len(text) <= LONGEST_ROW


def row_cells(text: str) -> list[str]:
    """Return the cells of a table's row; `\\|` is not a border."""
    cells = [cell.strip(" \t").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", text.strip(" \t"))]
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return cells


def task_in(text: str) -> tuple[str, str]:
    """The state of a task (` ` or `x`; empty: no task) at the beginning of an item, and the rest of it."""
    task = TASK.match(text)
    return (task[1].lower(), text[task.end() :]) if task else ("", text)


def _indent(line: str, position: int) -> int:
    """Spaces from `position` on."""
    length = len(line)
    at = position
    while at < length and line[at] == " ":
        at += 1
    return at - position
