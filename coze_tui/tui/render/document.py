"""One message's Markdown as lines, while it grows and afterwards.

A line of the source is looked at once; the last one, until it ends, each time. Of the block that is open only
what is not final is drawn again. So a piece costs the same however long the text before it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from coze_tui.tui.render.blocks import Block, Code, Empty, Heading, Page, Paragraph, Rule, Verbatim
from coze_tui.tui.render.code import Highlighter
from coze_tui.tui.render.inline import InlineText, definitions_in
from coze_tui.tui.render.lines import Line
from coze_tui.tui.render.palette import Palette
from coze_tui.tui.render.scanner import (
    LONGEST_ROW,
    Blank,
    Close,
    Container,
    Grow,
    Kind,
    Open,
    Retitle,
    Scanner,
    Step,
    Tabulate,
    is_row,
    row_cells,
    task_in,
)
from coze_tui.tui.render.table import Table

_EARLY = 256
"""A line that is longer than this and can mean but one thing goes into its block before it has ended."""
_MARKS_ONLY = re.compile(
    r"[\s>]*(?:[-+*]\s+|\d{1,9}[.)]\s+)?"
    r"(?:[-+*_=|:][\s|:*_=-]*|#{1,6}|`+|~+|\d{1,9}[.)]?|\$+|\\\[?|\[[ xX]?\]?)?\s*"
)
"""A line of which the meaning is not known yet; it would jump when the next piece comes."""
_ORDINARY = re.compile(r"[^\s>*+\-\d.)_=|:`~#$\\\[]|\d{10}")
"""What ends all doubt about the marks at the beginning of a line."""
_SPACED = frozenset({Kind.CODE, Kind.TABLE, Kind.RULE, Kind.MATHS})


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A piece of code in a message, as it was written."""

    language: str
    source: str
    block: int
    line: int
    """Its first line in the document."""
    height: int


@dataclass(slots=True)
class _Placed:
    """A block and where it stands."""

    block: Block
    containers: tuple[Container, ...]
    fresh: int
    """How many of its containers begin with it."""
    gap: list[Line] = field(default_factory=list)
    """What stands between the block before and it."""
    start: int = 0
    is_open: bool = True
    known: int = 0
    """Link reference definitions that were known when it was finished."""


class Document:
    """A message. `append` what comes, `settle` when it is whole; read `lines`."""

    def __init__(self, width: int, palette: Palette, source: str = "") -> None:
        self._page = Page(width, palette, InlineText(palette), Highlighter(palette))
        self._source: list[str] = [source] if source else []
        self._is_settled = False
        self._is_stale = bool(source)
        self._height = -1
        self._clear()

    # What there is.

    @property
    def source(self) -> str:
        """All text so far."""
        if len(self._source) > 1:
            self._source = ["".join(self._source)]
        return self._source[0] if self._source else ""

    @property
    def width(self) -> int:
        """Cells of a line."""
        return self._page.width

    @property
    def is_settled(self) -> bool:
        """Whether the text is whole."""
        return self._is_settled

    @property
    def lines(self) -> Sequence[Line]:
        """The lines; rendered now if they are not."""
        self._refresh()
        return self._lines

    @property
    def height(self) -> int:
        """The number of lines; known without rendering after `release`."""
        if self._is_stale and self._height >= 0:
            return self._height
        return len(self.lines)

    @property
    def code_blocks(self) -> list[CodeBlock]:
        """The pieces of code, from top to bottom."""
        self._refresh()
        found: list[CodeBlock] = []
        for number, placed in enumerate(self._blocks):
            if isinstance(placed.block, Code):
                after = self._blocks[number + 1].start if number + 1 < len(self._blocks) else len(self._lines)
                code = placed.block
                height = sum(
                    line.block == number and line.fill is not None
                    for line in self._lines[placed.start : after]
                )
                found.append(CodeBlock(code.language, "\n".join(code.source), number, placed.start, height))
        return found

    @property
    def parsed_chars(self) -> int:
        """Characters that structure, inline and code parsers have looked at so far: the work done."""
        return self._scanned + self._page.inline.parsed_chars + self._page.highlighter.lexed_chars

    # What happens to it.

    def append(self, text: str) -> int:
        """Add text. Returns the index of the first line that changed; `len(lines)` if none did."""
        if not text:
            return len(self.lines)
        self._source.append(text)
        if self._is_settled or self._is_stale:
            self._is_settled = False
            self._is_stale = True
            return 0
        first = len(self._lines) - self._loose
        self._changed = first
        old = self._lines[first:]
        del self._lines[first:]
        self._feed(text)
        self._sync()
        self._preview()
        if self._changed < first:
            return self._changed
        new = self._lines
        for index, line in enumerate(old):
            if first + index >= len(new) or new[first + index] != line:
                return first + index
        return first + len(old)

    def settle(self, text: str | None = None) -> int:
        """The text is whole (`text`, if it is given, whatever came before). Returns as `append` does.

        From now on the lines are those of a fresh rendering of the whole text.
        """
        if text is not None and text != self.source:
            if not text.startswith(self.source):
                self._source = [text]
                self._is_stale = True
            else:
                self.append(text[len(self.source) :])
        if self._is_settled and not self._is_stale:
            return len(self._lines)
        self._is_settled = True
        if self._is_stale:
            return 0
        old = self._lines[:]
        self._finish()
        if self._has_late_links():
            self._is_stale = True
            self._refresh()
        same = 0
        for before, after in zip(old, self._lines, strict=False):
            if before != after:
                break
            same += 1
        return same

    def resize(self, width: int) -> None:
        """Be `width` cells wide from now on; rendered when it is looked at."""
        if width != self._page.width:
            self._page = replace(self._page, width=width, _leads={})
            self._is_stale = True
            self._height = -1

    def restyle(self, palette: Palette) -> None:
        """Take another palette; rendered when it is looked at."""
        self._page = Page(
            self.width, palette, InlineText(palette), Highlighter(palette), self._page.references
        )
        self._is_stale = True

    def release(self) -> None:
        """Keep the source and the height only, until the lines are asked for again."""
        if not self._is_stale:
            self._height = len(self._lines)
        self._is_stale = True
        self._page.highlighter.forget()
        self._clear()

    # How it is done.

    def _clear(self) -> None:
        self._lines: list[Line] = []
        self._blocks: list[_Placed] = []
        self._scanner = Scanner()
        self._line = ""
        self._is_midline = False
        self._loose = 0
        self._blank = False
        self._changed = 0
        self._scanned = 0

    def _refresh(self) -> None:
        if self._is_stale:
            self._render()

    def _render(self) -> None:
        """All anew, from the source."""
        self._clear()
        self._is_stale = False
        self._feed(self.source)
        if self._is_settled:
            self._finish()
            if self._has_late_links():
                self._clear()
                self._feed(self.source)
                self._finish()
        else:
            self._sync()
            self._preview()
        self._height = len(self._lines)

    def _finish(self) -> None:
        del self._lines[len(self._lines) - self._loose :]
        self._loose = 0
        if self._line and not self._is_midline:
            self._apply(self._scanner.read(self._line))
        self._line, self._is_midline = "", False
        self._end_block()

    def _has_late_links(self) -> bool:
        known = len(self._page.references)
        return any(placed.known < known and placed.block.may_link() for placed in self._blocks)

    def _feed(self, text: str) -> None:
        first, *others = text.split("\n")
        self._continue(first)
        for line in others:
            self._end_line()
            self._continue(line)

    def _continue(self, text: str) -> None:
        """More of the line that has not ended."""
        if not text:
            return
        if self._is_midline:
            self._scanned += len(text)
            self._scanner.extend(text)
            self._blocks[-1].block.extend(text)
            return
        self._line += text
        if len(self._line) > _EARLY:
            step = self._read(self._line)
            if self._is_decided(step):
                self._apply(step)
                self._line, self._is_midline = "", True

    def _end_line(self) -> None:
        if not self._is_midline:
            self._apply(self._read(self._line))
        self._line, self._is_midline = "", False

    def _read(self, line: str) -> Step:
        self._scanned += len(line)
        return self._scanner.read(line)

    def _is_decided(self, step: Step) -> bool:
        """Whether no continuation of the line could make it mean something else."""
        in_table = self._scanner.block is not None and self._scanner.block.kind is Kind.TABLE
        if len(self._line) <= 2 * LONGEST_ROW and (in_table or not _ORDINARY.search(self._line)):
            return False
        match step:
            case Open(kind=Kind.PARAGRAPH):
                return True
            case Grow(text):
                return bool(text.strip()) and self._blocks[-1].block.kind in (Kind.PARAGRAPH, Kind.CODE)
            case _:
                return False

    def _apply(self, step: Step) -> None:
        match step:
            case Blank():
                self._end_block()
                self._blank = True
            case Grow(text):
                self._blocks[-1].block.grow(text)
            case Close(text):
                if text is not None:
                    self._blocks[-1].block.grow(text)
                self._end_block()
            case Retitle(level):
                self._retitle(level)
            case Tabulate(aligns):
                self._tabulate(aligns)
            case Open():
                empty = self._take_back() if self._takes_over(step) else None
                self._end_block()
                self._place(self._opened(step, empty, len(self._blocks)))
                if step.kind in (Kind.HEADING, Kind.RULE):
                    self._end_block()
        self._scanner.apply(step)

    def _opened(self, step: Open, empty: _Placed | None, number: int) -> _Placed:
        """The block that `step` opens, with its first line in it; `empty` is what it takes the place of."""
        page = self._page
        fresh = len(step.added) + (empty.fresh if empty else 0)
        containers = (*self._scanner.stack[: step.depth], *step.added)
        text, task = step.text, ""
        if step.kind is Kind.PARAGRAPH and fresh and not containers[-1].is_quote:
            task, text = task_in(text)
        lead = page.lead(containers, fresh, task)
        block: Block
        match step.kind:
            case Kind.HEADING:
                block = Heading(page, lead, number, step.level)
            case Kind.RULE:
                block = Rule(page, lead, number)
            case Kind.EMPTY:
                block = Empty(page, lead, number)
            case Kind.CODE:
                block = Code(page, lead, number, text if step.fence else "", bool(step.fence))
            case Kind.MATHS:
                block = Verbatim(page, lead, number, page.palette.math)
            case _:
                block = Paragraph(page, lead, number, page.text_style(containers))
        if not (block.kind in (Kind.RULE, Kind.EMPTY) or (block.kind is Kind.CODE and step.fence)):
            block.grow(text)
        gap = empty.gap if empty else self._gap(step, containers)
        return _Placed(block, containers, fresh, gap)

    def _takes_over(self, step: Open) -> bool:
        """Whether the block gives content to the list item that was empty so far."""
        last = self._open_block()
        return last is not None and last.block.kind is Kind.EMPTY and step.depth == len(last.containers)

    def _gap(self, step: Open, containers: tuple[Container, ...]) -> list[Line]:
        """The empty line between the last block and one that `step` opens, where there is to be one."""
        if not self._blocks:
            return []
        last = self._blocks[-1]
        common, kind = containers[: step.depth], last.block.kind
        if kind is Kind.HEADING:
            spaced = step.kind is Kind.HEADING
        elif any(not container.is_quote for container in common):
            spaced = self._blank
        else:
            spaced = (
                self._blank
                or step.kind is Kind.HEADING
                or (step.kind in _SPACED and not step.added)
                or (kind in _SPACED and len(last.containers) == step.depth)
            )
        return [self._empty_line(common)] if spaced else []

    def _empty_line(self, containers: tuple[Container, ...]) -> Line:
        lead = self._page.lead(containers, 0)
        if not any(container.is_quote for container in containers):
            return Line(block=len(self._blocks) - 1)
        return Line(lead.rest, (), lead.width, 0, len(self._blocks) - 1)

    def _place(self, placed: _Placed) -> None:
        """Put a block under the others."""
        self._lines += placed.gap
        placed.start = len(self._lines)
        self._blocks.append(placed)
        self._blank = False

    def _take_back(self) -> _Placed:
        """Remove the last block and its lines."""
        placed = self._blocks.pop()
        start = placed.start - len(placed.gap)
        del self._lines[start:]
        self._changed = min(self._changed, start)
        return placed

    def _retitle(self, level: int) -> None:
        """The open paragraph was a heading."""
        text = self._paragraph().text()
        placed = self._take_back()
        heading = Heading(self._page, placed.block.lead, placed.block.number, level)
        heading.grow(text)
        self._place(_Placed(heading, placed.containers, placed.fresh, placed.gap))
        self._end_block()

    def _tabulate(self, aligns: tuple[str, ...]) -> None:
        """The last line of the open paragraph was the head of a table."""
        text, _, head = self._paragraph().text().rpartition("\n")
        placed = self._take_back()
        page, containers, fresh, gap = self._page, placed.containers, placed.fresh, placed.gap
        lead = placed.block.lead
        if text:
            paragraph = Paragraph(page, lead, placed.block.number, page.text_style(containers))
            paragraph.grow(text)
            self._place(_Placed(paragraph, containers, fresh, gap))
            self._end_block()
            lead, fresh, gap = page.lead(containers, 0), 0, [self._empty_line(containers)]
        table = Table(page, lead, len(self._blocks), head, aligns)
        self._place(_Placed(table, containers, fresh, gap))

    def _open_block(self) -> _Placed | None:
        return self._blocks[-1] if self._blocks and self._blocks[-1].is_open else None

    def _paragraph(self) -> Paragraph:
        block = self._blocks[-1].block
        assert isinstance(block, Paragraph)
        return block

    def _end_block(self) -> None:
        placed = self._open_block()
        if placed is None:
            return
        block = placed.block
        placed.is_open = False
        placed.known = len(self._page.references)
        if block.kind is Kind.PARAGRAPH and (text := self._paragraph().text()).startswith("["):
            definitions, rest = definitions_in(text, self._page.references)
            if definitions:
                self._take_back()
                self._end_definitions(placed, definitions, rest)
                return
        block.finish()
        self._sync_with(placed)
        block.fixed = []

    def _end_definitions(self, placed: _Placed, definitions: list[str], rest: str) -> None:
        """A paragraph began with link reference definitions: they are shown as they are written."""
        page, number = self._page, placed.block.number
        block = Verbatim(page, placed.block.lead, number, page.palette.muted)
        for line in definitions:
            block.grow(line)
        self._place(_Placed(block, placed.containers, placed.fresh, placed.gap))
        self._end_block()
        if rest:
            lead = page.lead(placed.containers, 0)
            paragraph = Paragraph(page, lead, number + 1, page.text_style(placed.containers))
            paragraph.grow(rest)
            self._place(_Placed(paragraph, placed.containers, 0))
            self._end_block()

    def _sync(self) -> None:
        placed = self._open_block()
        if placed is not None:
            placed.block.fix()
            self._sync_with(placed)

    def _sync_with(self, placed: _Placed) -> None:
        """Take over the lines that a block has finished."""
        block, start = placed.block, placed.start
        keep = min(block.changed, len(self._lines) - start)
        if start + keep < len(self._lines):
            del self._lines[start + keep :]
            self._changed = min(self._changed, start + keep)
        self._lines += block.fixed[keep:]
        block.changed = len(block.fixed)

    def _preview(self) -> None:
        """Show what is not final: the end of the open block, and the line that has not ended."""
        drawn = self._previewed()
        self._lines += drawn
        self._loose = len(drawn)

    def _previewed(self) -> list[Line]:
        placed = self._open_block()
        block = placed.block if placed else None
        if not self._line or self._is_unclear(self._line):
            if placed and isinstance(block, Paragraph) and not block.fixed and _may_head(block.text()):
                return self._head_of_table(block.text(), placed)
            return block.loose() if block else []
        step = self._read(self._line)
        match step:
            case Grow(text) | Close(str(text)) if block is not None:
                return block.loose(text)
            case Open():
                empty = placed if self._takes_over(step) else None
                drawn = block.loose() if block and not empty else []
                opened = self._opened(step, empty, len(self._blocks) - (empty is not None))
                drawn += [] if empty else opened.gap
                if step.kind is Kind.PARAGRAPH and _may_head(step.text):
                    return drawn + self._head_of_table(step.text, opened)
                if step.kind in (Kind.HEADING, Kind.RULE):
                    opened.block.finish()
                    return drawn + opened.block.fixed
                return drawn + opened.block.fixed + opened.block.loose()
            case _:
                return block.loose() if block else []

    def _head_of_table(self, text: str, placed: _Placed) -> list[Line]:
        """A line that is going to be the head of a table, drawn as one already."""
        aligns = ["left"] * len(row_cells(text))
        return Table(self._page, placed.block.lead, placed.block.number, text, aligns).fixed

    def _is_unclear(self, line: str) -> bool:
        """Whether a line has only marks so far, whose meaning the next piece may change: it waits."""
        scanned = self._scanner.block
        if scanned is not None and scanned.kind is Kind.CODE:
            mark = scanned.fence[:1]
            return bool(mark) and not line.strip().strip(mark)
        if not self._blocks and line.strip().isdigit():
            return False
        return len(line) < _EARLY and _MARKS_ONLY.fullmatch(line) is not None


def _may_head(text: str) -> bool:
    """Whether a paragraph looks like the head of a table whose other lines are still to come."""
    return text.startswith("|") and text.count("|") > 1 and "\n" not in text and is_row(text)


def render(text: str, width: int, palette: Palette) -> list[Line]:
    """The whole of `text` as lines."""
    document = Document(width, palette, text)
    document.settle()
    return list(document.lines)
