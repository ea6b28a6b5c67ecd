"""Stacks the blocks of a message into one sequence of lines, step by step."""

from dataclasses import dataclass, replace

from coze_tui.render.blocks import Alert, Empty, Heading, MarkdownBlock, Page, Paragraph, Rule, Verbatim
from coze_tui.render.code_block import Code
from coze_tui.render.inline import definitions_in
from coze_tui.render.lines import Line, Lines, Undrawn
from coze_tui.render.scanner import (
    ONE_LINE,
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
from coze_tui.render.table import Table
from coze_tui.text.markdown_rules import footnote_key
from coze_tui.values import valueclass

_SPACED = frozenset({Kind.CODE, Kind.TABLE, Kind.RULE, Kind.MATHS})
"""Blocks that have an empty line on both sides, regardless of the source."""


@valueclass
class CodeBlock:
    """A code block of a message, with its text as written."""

    language: str
    source: str
    block: int
    line: int
    """The index of its first line in the document."""
    height: int


@dataclass(slots=True)
class _Placed:
    """A block and its position."""

    block: MarkdownBlock
    containers: tuple[Container, ...]
    fresh: int
    """Number of its containers that start with it."""
    task: str = ""
    """The state of the checkbox before it, or empty."""
    gap: tuple[Container, ...] | None = None
    """The containers of the empty line before the block; None if there is no empty line."""
    start: int = 0
    is_open: bool = True
    known: int = 0
    """Link reference definitions that were known when the block was finished."""


class Layout:
    """The blocks so far: finished blocks, the open block, and a draft of provisional lines."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.scanner = Scanner()
        self._lines: list[Line | Undrawn] = []
        self.lines = Lines(self._lines)
        self.changed = 0
        """The index of the first line that changed since the owner last read it."""
        self._blocks: list[_Placed] = []
        self._drafted = 0
        """Number of lines at the end that are a draft."""
        self._blank = False

    @property
    def is_empty(self) -> bool:
        """Return whether no block was opened so far."""
        return not self._blocks

    @property
    def open_kind(self) -> Kind | None:
        """Return the kind of the open block, or None."""
        placed = self._open_block()
        return placed.block.kind if placed else None

    def code_blocks(self) -> list[CodeBlock]:
        """Return the code blocks from top to bottom."""
        found: list[CodeBlock] = []
        for number, placed in enumerate(self._blocks):
            code = placed.block
            if isinstance(code, Code):
                height = 0
                for line in self._lines[placed.start :]:
                    # An empty line after the code belongs to its block, but has no background.
                    if not isinstance(line, Line) or line.block != number or line.fill is None:
                        break
                    height += 1
                found.append(CodeBlock(code.language, "\n".join(code.source), number, placed.start, height))
        return found

    def has_late_links(self) -> bool:
        """Return whether a block may use a link reference that was defined after it."""
        known = len(self.page.references)
        return any(placed.known < known and placed.block.may_link() for placed in self._blocks)

    def draft(self, step: Step | None) -> None:
        """Draw the provisional end of the open block, and the probable meaning of the unfinished line."""
        drawn = self._draft(step)
        placed = self._open_block()
        if placed is not None:
            self._sync_with(placed)
        self._lines += drawn
        self._drafted = len(drawn)

    def drop_draft(self) -> list[Line]:
        """Remove the draft and return it. `changed` counts from here on."""
        first = len(self.lines) - self._drafted
        dropped = self.lines[first:]
        del self._lines[first:]
        self._drafted = 0
        self.changed = first
        return dropped

    def resize(self, page: Page) -> None:
        """Redraw everything on another page, without a draft."""
        self.drop_draft()
        self.page = page
        before = self._lines[:]
        self._lines.clear()
        # The empty line between two blocks belongs to the second one.
        ends = [placed.start - (placed.gap is not None) for placed in self._blocks[1:]]
        for placed, end in zip(self._blocks, [*ends, len(before)], strict=False):
            block = placed.block
            block.fixed = before[placed.start : end]
            block.resize(page, page.lead(placed.containers, placed.fresh, placed.task))
            self._lines += self._gap_lines(placed)
            placed.start = len(self._lines)
            self._lines += block.fixed
            block.changed = len(block.fixed)
            if not placed.is_open:
                block.fixed = []
        self.changed = 0

    def extend(self, text: str) -> None:
        """Append text to a line that was applied before it was complete."""
        self.scanner.extend(text)
        self._blocks[-1].block.extend(text)

    def apply(self, step: Step) -> None:
        """Process one line of the source."""
        match step:
            case Blank():
                self.end_block()
                self._blank = True
            case Grow(text):
                self._blocks[-1].block.grow(text)
                # Indented code may contain empty lines, and may end with them.
                self._blank = not text.strip()
            case Close(text):
                if text is not None:
                    self._blocks[-1].block.grow(text)
                self.end_block()
                self._blank = False
            case Retitle():
                step = self._retitle(step)
            case Tabulate(aligns):
                self._tabulate(aligns)
            case Open():
                empty = self._take_back() if self._takes_over(step) else None
                self.end_block()
                for container in step.added:
                    if container.label:
                        # From now on, `[^1]` in the text refers to this footnote.
                        self.page.references.setdefault(footnote_key(container.label), {})
                self._place(self._opened(step, empty, len(self._blocks)))
                if step.kind in ONE_LINE:
                    self.end_block()
        self.scanner.apply(step)

    def _opened(self, step: Open, empty: _Placed | None, number: int) -> _Placed:
        """Return the block that `step` opens, with its first line; it replaces `empty` if there is one."""
        page = self.page
        fresh = len(step.added) + (empty.fresh if empty else 0)
        containers = (*self.scanner.stack[: step.depth], *step.added)
        text, task = step.text, ""
        # Only the first text of a list item can have a checkbox.
        if step.kind is Kind.PARAGRAPH and fresh and not containers[-1].is_quote:
            task, text = task_in(text)
        lead = page.lead(containers, fresh, task)
        block: MarkdownBlock
        match step.kind:
            case Kind.HEADING:
                block = Heading(page, lead, number, step.level)
            case Kind.RULE:
                block = Rule(page, lead, number)
            case Kind.ALERT:
                block = Alert(page, lead, number, text)
            case Kind.EMPTY:
                block = Empty(page, lead, number)
            case Kind.CODE:
                block = Code(page, lead, number, text if step.fence else "", bool(step.fence))
            case Kind.MATHS:
                block = Verbatim(page, lead, number, page.palette.math)
            case _:
                block = Paragraph(page, lead, number, page.text_style(containers))
        if not (
            block.kind in (Kind.RULE, Kind.EMPTY, Kind.ALERT) or (block.kind is Kind.CODE and step.fence)
        ):
            block.grow(text)
        gap = empty.gap if empty else self._gap(step, containers)
        return _Placed(block, containers, fresh, task, gap)

    def _takes_over(self, step: Open) -> bool:
        """Return whether the block fills the list item that was empty so far."""
        last = self._open_block()
        return last is not None and last.block.kind is Kind.EMPTY and step.depth == len(last.containers)

    def _gap(self, step: Open, containers: tuple[Container, ...]) -> tuple[Container, ...] | None:
        """Return the containers of the empty line before the block that `step` opens; None without one."""
        if not self._blocks:
            return None
        last = self._blocks[-1]
        common, kind = containers[: step.depth], last.block.kind
        if kind in (Kind.HEADING, Kind.ALERT):
            # A title stays with the text below it.
            spaced = step.kind is Kind.HEADING
        elif any(not container.is_quote for container in common):
            # The source decides whether a list is loose or tight.
            spaced = self._blank
        else:
            spaced = (
                self._blank
                or step.kind is Kind.HEADING
                or (step.kind in _SPACED and not step.added)
                or (kind in _SPACED and len(last.containers) == step.depth)
            )
        return common if spaced else None

    def _gap_lines(self, placed: _Placed) -> list[Line]:
        """Return the lines between the previous block and this one."""
        if placed.gap is None:
            return []
        lead, before = self.page.lead(placed.gap, 0), placed.block.number - 1
        if not any(container.is_quote for container in placed.gap):
            return [Line(block=before)]
        # The bar of a quote continues through its empty lines.
        return [Line(lead.rest, (), lead.width, 0, before)]

    def _place(self, placed: _Placed) -> None:
        """Append a block."""
        self._lines += self._gap_lines(placed)
        placed.start = len(self._lines)
        self._blocks.append(placed)
        self._blank = False

    def _take_back(self) -> _Placed:
        """Remove the last block and its lines; return it."""
        placed = self._blocks.pop()
        start = placed.start - (placed.gap is not None)
        del self._lines[start:]
        self.changed = min(self.changed, start)
        return placed

    def _retitle(self, step: Retitle) -> Step:
        """Turn the open paragraph into a heading. Return the step that the line really is.

        Link reference definitions at its start do not belong to the heading. If nothing follows them, the
        line starts a paragraph.
        """
        text = self._paragraph().text()
        placed = self._take_back()
        definitions, text = definitions_in(text, self.page.references)
        lead, number = placed.block.lead, placed.block.number
        if definitions:
            self._end_definitions(placed, definitions, "")
            lead, number = self.page.lead(placed.containers, 0), number + 1
            placed = replace(placed, fresh=0, task="", gap=None)
            if not text:
                paragraph = Open(len(self.scanner.stack), (), Kind.PARAGRAPH, step.text)
                self._place(replace(self._opened(paragraph, None, number), gap=None))
                return paragraph
        heading = Heading(self.page, lead, number, step.level)
        heading.grow(text)
        self._place(replace(placed, block=heading))
        self.end_block()
        return step

    def _tabulate(self, aligns: tuple[str, ...]) -> None:
        """Turn the last line of the open paragraph into the header of a table."""
        # GFM: the header is the last line; the lines before it are a paragraph.
        text, _, head = self._paragraph().text().rpartition("\n")
        placed = self._take_back()
        page, containers, lead = self.page, placed.containers, placed.block.lead
        if text:
            paragraph = Paragraph(page, lead, placed.block.number, page.text_style(containers))
            paragraph.grow(text)
            self._place(replace(placed, block=paragraph))
            self.end_block()
            lead = page.lead(containers, 0)
            placed = replace(placed, fresh=0, task="", gap=containers)
        table = Table(page, lead, len(self._blocks), head, aligns)
        self._place(replace(placed, block=table))

    def _open_block(self) -> _Placed | None:
        return self._blocks[-1] if self._blocks and self._blocks[-1].is_open else None

    def _paragraph(self) -> Paragraph:
        block = self._blocks[-1].block
        assert isinstance(block, Paragraph)
        return block

    def end_block(self) -> None:
        """Finish the open block, if there is one."""
        placed = self._open_block()
        if placed is None:
            return
        block = placed.block
        placed.is_open = False
        # To find out at the end whether a later definition may make a link of something in this block.
        placed.known = len(self.page.references)
        if block.kind is Kind.PARAGRAPH and (text := self._paragraph().text()).startswith("["):
            definitions, rest = definitions_in(text, self.page.references)
            if definitions:
                self._take_back()
                self._end_definitions(placed, definitions, rest)
                return
        block.finish()
        self._sync_with(placed)
        # The layout has them now; a second list would double the memory of a long conversation.
        block.fixed = []

    def _end_definitions(self, placed: _Placed, definitions: list[str], rest: str) -> None:
        """Finish a paragraph that starts with link reference definitions, which are shown as written."""
        page, number = self.page, placed.block.number
        block = Verbatim(page, placed.block.lead, number, page.palette.muted)
        for line in definitions:
            block.grow(line)
        self._place(replace(placed, block=block, is_open=True))
        self.end_block()
        if rest:
            lead = page.lead(placed.containers, 0)
            paragraph = Paragraph(page, lead, number + 1, page.text_style(placed.containers))
            paragraph.grow(rest)
            self._place(_Placed(paragraph, placed.containers, 0))
            self.end_block()

    def sync(self) -> None:
        """Copy the finished lines of the open block."""
        placed = self._open_block()
        if placed is not None:
            placed.block.fix()
            self._sync_with(placed)

    def _sync_with(self, placed: _Placed) -> None:
        """Copy the finished lines of a block."""
        block, start = placed.block, placed.start
        keep = min(block.changed, len(self._lines) - start)
        if start + keep < len(self._lines):
            del self._lines[start + keep :]
            self.changed = min(self.changed, start + keep)
        self._lines += block.fixed[keep:]
        block.changed = len(block.fixed)

    def _draft(self, step: Step | None) -> list[Line | Undrawn]:
        placed = self._open_block()
        block = placed.block if placed else None
        match step:
            # A paragraph that starts with a bar is rarer than a table, whose header
            # would jump if it were drawn as text until its delimiters arrive.
            case None if placed and isinstance(block, Paragraph) and _may_head(block):
                return self._head_of_table(block.text(), placed)
            case Grow(text) | Close(str(text)) if block is not None:
                return [*block.loose(text)]
            case Open():
                empty = placed if self._takes_over(step) else None
                drawn: list[Line | Undrawn] = [*block.loose()] if block and not empty else []
                opened = self._opened(step, empty, len(self._blocks) - (empty is not None))
                drawn += [] if empty else self._gap_lines(opened)
                if isinstance(opened.block, Paragraph) and _may_head(opened.block):
                    return drawn + self._head_of_table(step.text, opened)
                if step.kind in ONE_LINE and step.kind is not Kind.HEADING:
                    opened.block.finish()
                    return drawn + opened.block.fixed
                return [*drawn, *opened.block.fixed, *opened.block.loose()]
            case _:
                return [*block.loose()] if block else []

    def _head_of_table(self, text: str, placed: _Placed) -> list[Line | Undrawn]:
        """Draw a line that will probably become the header of a table as one."""
        aligns = ["left"] * len(row_cells(text))
        return Table(self.page, placed.block.lead, placed.block.number, text, aligns, is_open=True).fixed


def _may_head(paragraph: Paragraph) -> bool:
    """Return whether a paragraph looks like a table header whose delimiter row has not arrived."""
    if paragraph.fixed:
        return False
    text = paragraph.text()
    return text.startswith("|") and text.strip("| \t") != "" and "\n" not in text and is_row(text)
