"""Scans the block structure of Markdown, reading each line once.

Follows CommonMark with tables, except that, for chat, math (`$$` or `\\[` alone on a
line) is a block; a line without `|` ends a table; HTML is text, but a line of comments or
`<details>` counts as an empty line; Markdown in a fence may contain whole fences. Of GitHub's
extensions it has tables, tasks, footnotes and alerts.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from coze_tui.text.markdown_rules import ALERT, FOOTNOTE, HIDDEN_LINE, INNER_FENCE, MARKDOWN_NAME, TASK
from coze_tui.values import valueclass

MOST_NESTED = 20
"""The maximum depth of nested quotes and list items; deeper markers are text."""
LONGEST_ROW = 4_096
"""Characters above which a line is always a paragraph, never a row, heading, rule, fence or math."""
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
    """The first line of an alert quote, with its kind: `[!NOTE]`."""
    EMPTY = "empty"
    """A list item without content so far."""


ONE_LINE = frozenset({Kind.HEADING, Kind.RULE, Kind.ALERT})
"""Blocks that end with their first line."""


class Container(NamedTuple):
    """A quote, list item or footnote that contains blocks."""

    marker: str
    """`>` for a quote, `^` for a footnote; `-`, `*`, `+`, `.` or `)` for an item, by its kind of list."""
    indent: int = 0
    """Columns from the start of an item's marker to the content."""
    number: int = -1
    """The number of an item in an ordered list, else -1."""
    label: str = ""
    """The label of a footnote."""

    @property
    def is_quote(self) -> bool:
        return self.marker == ">"


@valueclass
class Blank:
    """A step: an empty line. Closes each block that cannot contain empty lines."""

    depth: int


@valueclass
class Grow:
    """A step: the line continues the open block."""

    text: str


@valueclass
class Close:
    """A step: the line ends the open block. It shows nothing (a fence) or `text` (math)."""

    text: str | None = None


@valueclass
class Retitle:
    """A step: the open paragraph turns out to be a heading."""

    level: int
    text: str
    """The line below it."""


@valueclass
class Tabulate:
    """A step: the last line of the open paragraph turns out to be the header of a table."""

    aligns: tuple[str, ...]


@valueclass
class Open:
    """A step: a new block starts, inside the first `depth` current containers and the `added` ones."""

    depth: int
    added: tuple[Container, ...]
    kind: Kind
    text: str = ""
    """The first line, or the language of a fence."""
    level: int = 0
    """The level of a heading."""
    fence: str = ""
    """The mark that opened a fence or a math block; empty for indented code."""
    indent: int = 0
    """Columns before a fence, which are removed from its lines, too."""

    @property
    def is_markdown(self) -> bool:
        """Return whether this is a fence of Markdown. Models nest fences in it, each with its own end."""
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
"""Matches the marks that start containers; a tab after them is text."""


class Scanner:
    """A position in the block structure. `read` interprets a line; `apply` advances by the result."""

    def __init__(self) -> None:
        self.stack: tuple[Container, ...] = ()
        self.block: Open | None = None
        """The open block."""
        self.last_line = ""
        """The latest line of an open paragraph."""
        self._inner_fences = 0
        """The number of open fences nested in the open block, if it is a fence of Markdown."""

    def read(self, raw: str) -> Step:
        """Return the meaning of `raw`, a line without its end, at this position. Changes nothing."""
        line = raw
        if "\t" in raw:
            # Tabs after the marks remain, because the user may copy them.
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
                # Empty lines may be inside indented code; those at its end are removed when it ends.
                if is_blank or _indent(line, position) >= TAB:
                    return Grow(line[position + TAB :])
            # If its closing mark never arrives, an empty line ends math, or it would swallow the answer.
            if block.kind is Kind.MATHS and not is_blank and len(line) <= LONGEST_ROW:
                text = line[position:].strip(" \t")
                return Close(text) if text.endswith(_MATHS[block.fence]) else Grow(text)
        if is_blank:
            # An item may start with one empty line, but not with two.
            is_bare = block is not None and block.kind is Kind.EMPTY and is_inside
            return Blank(depth - 1 if is_bare and not self.stack[-1].is_quote else depth)
        return self._begun(line, position, depth)

    def apply(self, step: Step) -> None:
        """Advance by `step`."""
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
        """Count the fences in a fence of Markdown, because any of them might look like its end."""
        block = self.block
        if block is not None and block.is_markdown and text.lstrip().startswith(block.fence):
            inner = INNER_FENCE.match(text)
            if inner is not None:
                self._inner_fences = max(0, self._inner_fences + (1 if inner[1] else -1))

    def extend(self, text: str) -> None:
        """Append text to a line that was applied before it was complete."""
        # A longer line cannot be a table header, and appending to it would cost the square of its size.
        if len(self.last_line) <= LONGEST_ROW:
            self.last_line += text

    def _matched(self, line: str) -> tuple[int, int, bool]:
        """Return the end of the matched containers, their number, and whether nothing follows them."""
        position, depth, length = 0, 0, len(line)
        for container in self.stack:
            start = position + _indent(line, position)
            if container.is_quote:
                # CommonMark: after four spaces or more, a marker is code.
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
            return Grow(raw)  # with its tabs, because the user may copy it
        return Grow(line[position + min(indent, block.indent) :])

    def _begun(self, line: str, position: int, depth: int) -> Step:
        """Return the meaning of a line that is neither blank nor in code: a new block or a continuation."""
        block, stack = self.block, self.stack
        is_inside = depth == len(stack)
        in_paragraph = block is not None and block.kind is Kind.PARAGRAPH
        added: list[Container] = []
        while True:
            start = position + _indent(line, position)
            rest = line[start:]
            if start - position >= TAB:
                # CommonMark: indented code cannot interrupt a paragraph.
                if in_paragraph and not added:
                    return Grow(rest)
                return Open(depth, tuple(added), Kind.CODE, line[position + TAB :])
            first = rest[0]
            # A screen has no room for more, and each later line would have to match them all.
            can_nest = depth + len(added) < MOST_NESTED
            # The patterns below search the whole line, and an unfinished line is read again at each delta.
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
                # A comment must not tear a paragraph in two, but `<details>` starts something new.
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
                    item = None  # CommonMark: such an item cannot interrupt a paragraph
            if item is not None:
                width = len(item[1] or item[2] + item[3])
                spaces = item.end() - width
                # CommonMark: more than four spaces are one space, and then indented code.
                used = 1 if is_bare or spaces > TAB else spaces
                marker = item[1] or item[3]
                # A list counts on from its first item: models often write `1.` for each.
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
        """Return each column's alignment if these are the delimiters of a table; empty otherwise."""
        if not _DELIMITERS.match(delimiters) or not is_row(self.last_line):
            return ()
        aligns: list[str] = []
        for cell in row_cells(delimiters):
            if not re.fullmatch(r":?-+:?", cell):
                return ()
            left, right = cell[0] == ":", cell[-1] == ":"
            aligns.append("center" if left and right else "right" if right else "left")
        # GFM: the header of a table has the same number of columns.
        return tuple(aligns) if len(aligns) == len(row_cells(self.last_line)) else ()


def _title(text: str) -> str:
    """Return the text of a heading without closing marks."""
    text = text.strip(" \t")
    open_text = text.rstrip("#")
    # Closing marks need a space before them, so that `# C#` keeps its sign.
    return open_text.rstrip(" \t") if not open_text or open_text[-1] in " \t" else text


def is_row(text: str) -> bool:
    """Return whether a line can be a row of a table."""
    return "|" in text and len(text) <= LONGEST_ROW


def row_cells(text: str) -> list[str]:
    """Return the cells of a table row; `\\|` is not a border."""
    cells = [cell.strip(" \t").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", text.strip(" \t"))]
    if cells and not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return cells


def task_in(text: str) -> tuple[str, str]:
    """Return the task state at the start of an item (` `, `x`, or empty for none) and the rest."""
    task = TASK.match(text)
    return (task[1].lower(), text[task.end() :]) if task else ("", text)


def _indent(line: str, position: int) -> int:
    """Return the number of spaces from `position` on."""
    length = len(line)
    at = position
    while at < length and line[at] == " ":
        at += 1
    return at - position
