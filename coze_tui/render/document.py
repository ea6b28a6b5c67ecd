"""Renders the Markdown of one message as lines, during and after its arrival.

Each complete line of the source is read once, and the unfinished last line at each change. In the open block
only the provisional part is redrawn. So a piece costs the same after any amount of text.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from coze_tui.render.blocks import Page
from coze_tui.render.code import Highlighter
from coze_tui.render.inline import InlineText
from coze_tui.render.layout import CodeBlock, Layout
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.render.scanner import LONGEST_ROW, Grow, Kind, Open, Step
from coze_tui.text.data_urls import Folder, Unwrapper

_EARLY = 256
"""Characters after which an unfinished line with an unambiguous meaning joins its block."""
_MARKS_ONLY = re.compile(
    r"[\s>]*(?:[-+*]\s+|\d{1,9}[.)]\s+)?"
    r"(?:[-+*_=|:][\s|:*_=-]*|#{1,6}|`+|~+|\d{1,9}[.)]?|\$+|\\\[?|\[[ xX]?\]?"
    r"|\[(?:\^[^\s\[\]]{0,60}(?:\]:?)?|![A-Za-z]{0,9}\]?)"
    r"|<(?:/?[A-Za-z]{0,10}(?:\s[^<>]*)?/?|!(?:-[^>]*)?)?)?\s*"
)
"""Matches a line that is still ambiguous; drawing it would make the text jump at the next piece."""
_ORDINARY = re.compile(r"[^\s>*+\-\d.)_=|:`~#$\\\[]|\d{10}")
"""Matches a line whose meaning is certain from its first characters."""


class Document:
    """A message. Call `append` for each piece and `finish` at the end; read `lines`."""

    def __init__(self, width: int, palette: Palette, source: str = "") -> None:
        self._page = Page(width, palette, InlineText(palette), Highlighter(palette))
        self._known_links = 0
        """Link definitions that were known before the first line."""
        self._has_late_links = False
        self._source: list[str] = [source] if source else []
        self._is_finished = False
        self._is_stale = bool(source)
        self._height = -1
        """The number of lines as of the last `release`."""
        self._scanned = 0
        self._clear()

    # What there is.

    @property
    def source(self) -> str:
        """Return all text so far."""
        if len(self._source) > 1:
            # Only when it is read: joining at each piece would copy the whole message each time.
            self._source = ["".join(self._source)]
        return self._source[0] if self._source else ""

    @property
    def width(self) -> int:
        """Return the width of a line in cells."""
        return self._page.width

    @property
    def has_late_links(self) -> bool:
        """Return whether `finish` left links unrendered that were defined after their use."""
        return self._has_late_links

    @property
    def is_finished(self) -> bool:
        """Return whether the text is complete."""
        return self._is_finished

    @property
    def lines(self) -> Sequence[Line]:
        """Return the lines, rendering them first if needed."""
        if self._is_stale:
            self._render()
        return self._layout.lines

    @property
    def height(self) -> int:
        """Return the number of lines, without rendering after `release`."""
        if self._is_stale and self._height >= 0:
            # A message out of view is asked for its height alone; rendering it would undo `release`.
            return self._height
        return len(self.lines)

    @property
    def code_blocks(self) -> list[CodeBlock]:
        """Return the code blocks from top to bottom."""
        return self._layout.code_blocks() if self.lines else []

    @property
    def parsed_chars(self) -> int:
        """Return the characters processed by all parsers so far, a measure of the work done."""
        return self._scanned + self._page.inline.parsed_chars + self._page.highlighter.lexed_chars

    # What happens to it.

    def append(self, text: str) -> int:
        """Add text. Return the index of the first line that changed or was removed.

        Returns the old `len(lines)` if lines were only added.
        """
        if not text:
            return len(self.lines)
        self._source.append(text)
        if self._is_finished or self._is_stale:
            # The next rendering collects the definitions again.
            self._page.references.clear()
            self._is_finished = False
            self._is_stale = True
            return 0
        layout = self._layout
        # It is compared with what replaces it, so that only lines that differ are painted again.
        dropped = layout.drop_draft()
        first = layout.changed
        self._feed(text)
        self._draft()
        if layout.changed < first:
            return layout.changed
        return first + _same(dropped, layout.lines[first : first + len(dropped)])

    def renewed(self, width: int) -> "Document":
        """Return an empty document for the same text at another width, with all link definitions known."""
        new = Document(width, self._page.palette)
        new._page.references.update(self._page.references)
        # Otherwise the new document would find them late, too, and need one more document.
        new._known_links = len(self._page.references)
        return new

    def finish(self, text: str | None = None, *, redraws: bool = True) -> int:
        """Complete the text and return the index of the first changed line, as `append` does.

        Afterwards the lines equal those of a fresh rendering. `text` replaces everything received before.

        Args:
            redraws: Redraw everything if a link was defined after its use. Otherwise `has_late_links`
                becomes true, and the caller renders the text in a `renewed` document.
        """
        if text is not None and text != self.source:
            # The completed message may differ from its deltas (docs/wire.md 3.5).
            if not text.startswith(self.source):
                self._source = [text]
                self._page.references.clear()
                self._is_stale = True
            else:
                self.append(text[len(self.source) :])
        if self._is_finished and not self._is_stale:
            return len(self._layout.lines)
        self._is_finished = True
        if self._is_stale:
            return 0
        layout = self._layout
        dropped = layout.drop_draft()
        first = layout.changed
        self._finish()
        is_new = len(self._page.references) > self._known_links
        if is_new and layout.has_late_links():
            if redraws:
                self._render()
                return 0
            self._has_late_links = True
        if layout.changed < first:
            return layout.changed
        return first + _same(dropped, layout.lines[first : first + len(dropped)])

    def resize(self, width: int) -> None:
        """Set the width in cells. Wraps the text again without parsing it."""
        if width != self._page.width:
            # Indents depend on the width: a narrow page has fewer of them.
            self._page = replace(self._page, width=width, _leads={})
            self._height = -1
            if not self._is_stale:
                self._layout.resize(self._page)
                if not self._is_finished:
                    self._draft()

    def release(self) -> None:
        """Discard the lines until they are read again; retain the source and the height."""
        if not self._is_stale:
            self._height = len(self._layout.lines)
        self._is_stale = True
        self._page.highlighter.forget()
        self._clear()

    # How it is done.

    def _clear(self) -> None:
        self._layout = Layout(self._page)
        self._line = ""
        """The unfinished line as displayed: data in `data:` URLs is folded."""
        self._pieces: list[str] = []
        """The same line as received, if it contains such data."""
        self._size = 0
        """Characters of the line as received."""
        self._is_midline = False
        """Whether the unfinished line is in its block already."""
        self._folder = Folder()
        self._unwrapper = Unwrapper()

    def _render(self) -> None:
        """Parse and draw the whole text again."""
        self._clear()
        self._is_stale = False
        self._feed(self.source)
        if not self._is_finished:
            self._draft()
            return
        self._finish()
        # A link may stand before its definition, so the final pass needs all definitions.
        if self._layout.has_late_links():
            self._clear()
            self._feed(self.source)
            self._finish()

    def _draft(self) -> None:
        self._layout.sync()
        is_clear = self._line and not self._is_unclear(self._line)
        self._layout.draft(self._read_line() if is_clear else None)

    def _finish(self) -> None:
        self._layout.drop_draft()
        self._add(self._unwrapper.flush())
        if self._line or self._is_midline:
            self._end_line()
        self._layout.end_block()

    def _feed(self, text: str) -> None:
        self._add(self._unwrapper.feed(text))

    def _add(self, text: str) -> None:
        first, *others = text.split("\n")
        self._continue(first)
        for line in others:
            self._end_line()
            self._continue(line)

    def _continue(self, text: str) -> None:
        """Append text to the unfinished line."""
        if not text:
            return
        if self._is_midline:
            self._scanned += len(text)
            # Code is copied, so nothing in it is folded.
            shown = text if self._layout.open_kind is Kind.CODE else self._folder.feed(text)
            if shown:
                self._layout.extend(shown)
            return
        before = self._line
        self._line += self._folder.feed(text)
        self._size += len(text)
        if self._folder.has_folded:
            self._pieces += [text] if self._pieces else [before, text]
        if self._size > _EARLY:
            step = self._read_line()
            if self._is_decided(step):
                self._layout.apply(step)
                self._line, self._pieces, self._is_midline = "", [], True

    def _end_line(self) -> None:
        rest = self._folder.end_line()
        if not self._is_midline:
            self._line += rest
            self._layout.apply(self._read_line())
        elif rest and self._layout.open_kind is not Kind.CODE:
            self._layout.extend(rest)
        self._line, self._pieces, self._size, self._is_midline = "", [], 0, False

    def _read_line(self) -> Step:
        """Return the meaning of the line so far. Data URLs are not folded in code."""
        # First as folded, because only the meaning shows whether the line is code.
        step = self._read(self._line)
        if not self._pieces:
            return step
        match step:
            case Open(kind=Kind.CODE, fence=""):
                return self._read("".join(self._pieces))
            case Grow() if self._layout.open_kind is Kind.CODE:
                return self._read("".join(self._pieces))
            case _:
                return step

    def _read(self, line: str) -> Step:
        self._scanned += len(line)
        return self._layout.scanner.read(line)

    def _is_decided(self, step: Step) -> bool:
        """Return whether the meaning of the unfinished line is final."""
        in_table = self._layout.scanner.block is not None and self._layout.scanner.block.kind is Kind.TABLE
        # A row is read as a whole, and a line of marks may still become a rule, a fence or a heading.
        if len(self._line) <= 2 * LONGEST_ROW and (in_table or not _ORDINARY.search(self._line)):
            return False
        match step:
            case Open(kind=Kind.PARAGRAPH):
                return True
            case Grow(text):
                return bool(text.strip()) and self._layout.open_kind in (Kind.PARAGRAPH, Kind.CODE)
            case _:
                return False

    def _is_unclear(self, line: str) -> bool:
        """Return whether a line has only marks so far, which the next piece may reinterpret."""
        scanned = self._layout.scanner.block
        if scanned is not None and scanned.kind is Kind.CODE:
            mark = scanned.fence[:1]
            return bool(mark) and not line.strip().strip(mark)
        # A message that is only a number so far is more often an answer than the start of a list.
        if self._layout.is_empty and line.strip().isdigit():
            return False
        return len(line) < _EARLY and _MARKS_ONLY.fullmatch(line) is not None


def _same(old: Sequence[Line], new: Sequence[Line]) -> int:
    """Return the number of equal lines at the start."""
    for number, (before, after) in enumerate(zip(old, new, strict=False)):
        if before != after:
            return number
    return min(len(old), len(new))


def render(text: str, width: int, palette: Palette) -> list[Line]:
    """Return the whole of `text` as lines."""
    document = Document(width, palette, text)
    document.finish()
    return list(document.lines)
