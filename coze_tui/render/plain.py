"""Markdown as plain text that is written once: for `--linear`, whose output nothing can redraw.

A sentence is final when no later text can change it, a line of code or a row of a table when it ends. Both
are returned at once. The result does not depend on how the text was cut, except by `settle`.
"""

import re
import time

from rich.segment import Segment

from coze_tui.render.inline import InlineText, definitions_in
from coze_tui.render.palette import Palette
from coze_tui.render.runs import Logical, Styles
from coze_tui.render.scanner import (
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
from coze_tui.text.cleaning import clean_line
from coze_tui.text.data_urls import Unwrapper, data_url, folded
from coze_tui.text.i18n import _
from coze_tui.text.markdown_rules import alert_title
from coze_tui.text.urls import expires_at, readable

_ENDS = re.compile(r"[\n。！？；]|[.!?;:](?=\s)")
"""Matches the positions up to which text may be written."""
_LONGEST_OPEN = 2_048
"""Characters after which an unfinished sentence is written even if its markup is still open."""
_ORDINARY = re.compile(r"[^\s>*+\-\d.)_=|:`~#$\\\[!?;。！？；]")
"""Matches a line whose meaning is certain from its first characters."""
_MAY_DEFINE = re.compile(r"\[(?!\^)(?:[^\[\]\\]|\\.)*(?:\Z|\]:|\]\Z)", re.DOTALL)
"""Matches the start of a paragraph that may start with link reference definitions."""
_RULE = "———"


def plain_text(source: str) -> str:
    """Return a whole Markdown text as plain text, without a line end at its end."""
    text = PlainText()
    return (text.feed(source) + text.finish()).rstrip("\n")


class _Targets(Styles):
    """Styles that show each link's whole target in parentheses, because nothing is clickable."""

    shows_every_target = True

    def target(self, url: str, start: str = " ", *, is_image: bool = False) -> list[Segment]:
        if not url or data_url(url) is not None:
            return super().target(url, start, is_image=is_image)
        expired = " " + _("(link expired)") if 0 < expires_at(url) < time.time() else ""
        return [Segment(f"{start}({clean_line(readable(url))}){expired}")]


class _References(dict[str, object]):
    """Link reference definitions. A numbered footnote counts as defined before its definition arrives."""

    def __contains__(self, key: object) -> bool:
        is_note = isinstance(key, str) and key[:1] == "\0" and key[1:].isdecimal()
        return is_note or super().__contains__(key)


class PlainText:
    """A message as plain text. `feed` each piece, then `finish`; both return the text to write next."""

    def __init__(self) -> None:
        palette = Palette.ansi()
        self._style = palette.text
        self._inline = InlineText(palette, _Targets(palette))
        self._references = _References()
        self._scanner = Scanner()
        self._unwrapper = Unwrapper()
        self._waiting: list[str] = []
        """Text after the last position up to which it may be written."""
        self._line = ""
        """The unfinished line, unless it is in its block already."""
        self._is_midline = False
        """Whether the unfinished line is in its block already."""
        self._is_blank = False
        """Whether an empty line precedes the next block."""
        self._first, self._rest = "", ""
        """The marks before the next line of the open block, and before the lines after it."""
        self._fresh = 0
        """Number of containers that start with the open block."""
        self._paragraph = ""
        """The unwritten part of the open paragraph."""
        self._tried = 0
        """Its length at the last failed parse. It is parsed again when it is half as long again."""
        self._is_begun = False
        """Whether a part of the open paragraph is written."""
        self._head: list[str] = []
        """The header cells of the open table, until a row shows them."""
        self._names: list[str] = []
        """The column names of the open table, as text."""
        self._empty_lines = 0
        """Empty lines of indented code, which may turn out to be after its end."""
        self._out: list[str] = []
        self._is_empty = True
        """Whether nothing was written so far."""
        self._is_at_start = True
        """Whether the next character starts a line."""
        self._space = ""
        """Spaces before the next text of the line."""

    @property
    def parsed_chars(self) -> int:
        """Return the characters processed by the inline parser so far, a measure of the work done."""
        return self._inline.parsed_chars

    def feed(self, text: str) -> str:
        """Add text. Return the text that has become final."""
        return self._feed(self._unwrapper.feed(text))

    def _feed(self, text: str) -> str:
        # A period ends a sentence only together with the space after it, which a later piece may bring.
        last = self._waiting[-1][-1] if self._waiting else ""
        searched = last + text
        at = len(last)
        for end in _ENDS.finditer(searched):
            stop = max(end.end(), len(last))
            self._waiting.append(searched[at:stop])
            at = stop
            piece = "".join(self._waiting)
            self._waiting.clear()
            self._take(piece)
        if at < len(searched):
            self._waiting.append(searched[at:])
        return self._taken()

    def settle(self) -> str:
        """Return all unwritten text as if the sentence ended here. More text may follow."""
        self._line_so_far("".join(self._waiting))
        self._waiting.clear()
        if self._line and self._paragraph_step(self._line) is None:
            self._end_line()
        elif self._line:
            self._enter()
        self._write_paragraph()
        self._space = ""
        return self._taken()

    def finish(self) -> str:
        """Complete the text and return the rest."""
        begun = self._feed(self._unwrapper.flush())
        self._line_so_far("".join(self._waiting))
        self._waiting.clear()
        if self._line or self._is_midline:
            self._end_line()
        self._end_block()
        return begun + self._taken()

    # --- lines of the source ---

    def _taken(self) -> str:
        text = "".join(self._out)
        self._out.clear()
        self._is_empty = self._is_empty and not text
        return text

    def _take(self, piece: str) -> None:
        """Add a piece that ends with a sentence or a line."""
        if piece[-1] == "\n":
            self._line_so_far(piece[:-1])
            self._end_line()
            return
        self._line_so_far(piece)
        if not self._is_midline and self._is_decided():
            self._enter()
        if self._is_midline:
            self._write_closed()

    def _line_so_far(self, text: str) -> None:
        if self._is_midline:
            self._scanner.extend(text)
            self._paragraph += folded(text)
        else:
            self._line += text

    def _enter(self) -> None:
        """Put the unfinished line into its paragraph."""
        self._apply(self._read(self._line))
        self._line, self._is_midline = "", True

    def _end_line(self) -> None:
        if not self._is_midline:
            self._apply(self._read(self._line))
        self._line, self._is_midline = "", False
        if self._kind is Kind.PARAGRAPH:
            self._paragraph += "\n"
            self._write_closed()

    @property
    def _kind(self) -> Kind | None:
        """Return the kind of the open block, or None."""
        return self._scanner.block.kind if self._scanner.block is not None else None

    def _read(self, line: str) -> Step:
        """Return the meaning of a line. Folds the data of `data:` URLs, except in code."""
        step = self._scanner.read(line)
        is_code = (isinstance(step, Grow) and self._kind is Kind.CODE) or (
            isinstance(step, Open) and step.kind is Kind.CODE
        )
        return step if is_code or "data:" not in line.lower() else self._scanner.read(folded(line))

    def _paragraph_step(self, line: str) -> Open | Grow | None:
        """Return the meaning of a line if it belongs to a paragraph, else None."""
        match self._read(line):
            case Open(kind=Kind.PARAGRAPH) as step:
                return step
            case Grow() as step if self._kind is Kind.PARAGRAPH:
                return step
            case _:
                return None

    def _is_decided(self) -> bool:
        """Return whether the line belongs to a paragraph, however it continues."""
        # Their lines are written as a whole.
        if self._kind in (Kind.CODE, Kind.MATHS):
            return False
        is_long = len(self._line) > 2 * LONGEST_ROW
        if not is_long and (self._kind is Kind.TABLE or not _ORDINARY.search(self._line)):
            return False
        step = self._paragraph_step(self._line)
        return step is not None and (is_long or step.text[:1] not in ("", "[", "<", "|"))

    def _apply(self, step: Step) -> None:
        match step:
            case Blank():
                self._end_block()
                self._is_blank = True
            case Grow(text):
                self._grow(text)
            case Close(text):
                if text is not None:
                    self._put_line(text)
                self._end_block()
            case Retitle(text=text):
                if self._end_paragraph():  # only definitions: the line is a paragraph, not a heading
                    step = Open(len(self._scanner.stack), (), Kind.PARAGRAPH, text)
                    self._first, self._paragraph = self._rest, text
            case Tabulate():
                self._tabulate()
            case Open():
                self._open(step)
        self._scanner.apply(step)

    # --- blocks ---

    def _open(self, step: Open) -> None:
        takes_over = self._kind is Kind.EMPTY and step.depth == len(self._scanner.stack)
        fresh = len(step.added) + (self._fresh if takes_over else 0)
        if not takes_over:
            self._end_block()
        containers = (*self._scanner.stack[: step.depth], *step.added)
        text, task = step.text, ""
        if step.kind is Kind.PARAGRAPH and fresh and not containers[-1].is_quote:
            task, text = task_in(text)
        self._first, self._rest = _leads(containers, fresh)
        self._first += f"[{task}] " if task else ""
        self._fresh, self._is_begun = fresh, False
        self._new_line()
        # The output does not start with an empty line.
        if self._is_blank and not (self._is_empty and not self._out):
            self._out.append("\n")
        self._is_blank = False
        match step.kind:
            case Kind.HEADING:
                self._put(text)
                self._new_line()
            case Kind.RULE:
                self._put_line(_RULE)
            case Kind.ALERT:
                self._put_line(alert_title(text))
            case Kind.CODE if step.fence:
                if words := text.split(maxsplit=1):
                    self._put_line(_("Code ({language}):").format(language=words[0].strip("{}.")))
            case Kind.CODE | Kind.MATHS:
                self._put_line(text)
            case Kind.PARAGRAPH:
                self._paragraph = text
            case _:
                pass

    def _grow(self, text: str) -> None:
        block = self._scanner.block
        assert block is not None
        match block.kind:
            case Kind.TABLE:
                self._put_row(text)
            case Kind.CODE if not block.fence and not text.strip():
                self._empty_lines += 1
            case Kind.CODE:
                for _line in range(self._empty_lines):
                    self._put_line("")
                self._empty_lines = 0
                self._put_line(text)
            case Kind.MATHS:
                self._put_line(text)
            case _:
                self._paragraph += text

    def _end_block(self) -> None:
        match self._kind:
            case Kind.PARAGRAPH:
                self._end_paragraph()
            case Kind.EMPTY:
                self._put_line("")
            case Kind.TABLE:
                if self._head:  # no row has shown the column names
                    self._put_cells([""] * len(self._head))
                self._is_blank = True
            case _:
                pass
        self._is_blank = self._is_blank or self._empty_lines > 0
        self._empty_lines = 0
        self._scanner.block = None

    # --- paragraphs ---

    def _write_closed(self) -> None:
        """Write the part of the open paragraph that no later text can change."""
        text = self._paragraph
        if is_row(self._scanner.last_line):
            return  # it may be the header of a table
        if text.endswith("\\\n"):
            return  # a line break if another line follows, else a backslash
        if not text.strip():
            self._write_paragraph()
            return
        if len(text) < self._tried + self._tried // 2:
            return
        # Link definitions are written as they are, which their end decides.
        if not self._is_begun and len(text) <= _LONGEST_OPEN and _MAY_DEFINE.match(text):
            return
        parsed = self._inline.parse(text, self._style, self._references)
        self._tried = len(text)
        if parsed.is_closed or len(text) > _LONGEST_OPEN:
            self._write_paragraph()

    def _write_paragraph(self) -> None:
        text, self._paragraph, self._tried = self._paragraph, "", 0
        if text.strip():
            self._is_begun = True
            self._put(text.removesuffix("\n"))
        if text.endswith("\n"):
            self._new_line()

    def _end_paragraph(self) -> bool:
        """Write the rest of the open paragraph. Return whether it consisted only of link definitions."""
        is_definitions = False
        if not self._is_begun:
            definitions, rest = definitions_in(self._paragraph.strip("\n"), self._references)
            for line in definitions:
                self._put_line(line)
            is_definitions = bool(definitions) and not rest
            self._paragraph = rest if definitions else self._paragraph
        self._write_paragraph()
        self._new_line()
        return is_definitions

    # --- tables ---

    def _tabulate(self) -> None:
        """Turn the last line of the open paragraph into the header of a table."""
        head = self._scanner.last_line
        before = self._paragraph.rstrip("\n").rpartition("\n")[0]
        self._paragraph = before
        self._write_paragraph()
        self._is_blank = self._is_begun
        self._new_line()
        self._head = row_cells(head)
        self._names = [" ".join(self._texts(cell)) for cell in self._head]

    def _put_row(self, text: str) -> None:
        columns = len(self._names)
        cells = row_cells(text)
        if len(cells) > columns:
            # GFM drops cells beyond the header, but nothing of an answer may be lost.
            cells[columns - 1 :] = [" | ".join(cells[columns - 1 :])]
        self._put_cells([*cells, *[""] * (columns - len(cells))])
        self._head = []

    def _put_cells(self, cells: list[str]) -> None:
        """Write a row, with an empty line before it if needed."""
        if self._is_blank:
            self._out.append("\n")
        self._is_blank = True
        for name, cell in zip(self._names, cells, strict=True):
            first, *others = self._texts(cell)
            self._put_line(f"{name}: {first}".rstrip() if name else first)
            for other in others:
                self._put_line(f"  {other}")

    def _texts(self, source: str) -> list[str]:
        lines = self._inline.parse(source.replace("\t", " "), self._style, self._references).lines
        return [_text(line) for line in lines]

    # --- lines of the output ---

    def _put(self, source: str) -> None:
        """Write inline text without ending its last line."""
        for number, text in enumerate(self._texts(source)):
            if number:
                self._new_line()
            text = text.lstrip() if self._is_at_start else self._space + text
            # Spaces wait for the text after them, so that no line ends with one.
            core = text.rstrip()
            if core:
                self._begin_line()
                self._out.append(core)
                self._space = text[len(core) :]
            elif not self._is_at_start:
                self._space = text

    def _put_line(self, text: str) -> None:
        """Write a line as it is."""
        self._new_line()
        self._begin_line()
        if not text:
            self._out[-1] = self._out[-1].rstrip()
        self._out.append(text)
        self._new_line()

    def _begin_line(self) -> None:
        if self._is_at_start:
            self._out.append(self._first)
            self._first, self._is_at_start = self._rest, False

    def _new_line(self) -> None:
        if not self._is_at_start:
            self._out.append("\n")
        self._is_at_start, self._space = True, ""


def _text(line: Logical) -> str:
    """Return a line without styles. Deleted text retains its marks, because its meaning depends on them."""
    pieces: list[str] = []
    is_deleted = False
    for run in (*line, Segment("")):
        deletes = run.style is not None and bool(run.style.strike)
        if deletes is not is_deleted:
            pieces.append("~~")
            is_deleted = deletes
        pieces.append(run.text)
    return "".join(pieces)


def _leads(containers: tuple[Container, ...], fresh: int) -> tuple[str, str]:
    """Return the marks before the first line of a block in `containers`, and before the others.

    The last `fresh` containers start with the block.
    """
    first, rest = "", ""
    for number, container in enumerate(containers):
        if container.is_quote:
            begins = beside = "> "
        else:
            begins = "- "
            if container.label:
                begins = f"[{container.label}] " if container.label.isdecimal() else f"[^{container.label}] "
            elif container.number >= 0:
                begins = f"{container.number}{container.marker} "
            beside = " " * len(begins)
        first += begins if number >= len(containers) - fresh else beside
        rest += beside
    return first, rest
