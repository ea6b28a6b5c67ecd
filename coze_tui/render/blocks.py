"""Draws the blocks of a message as lines, also while a block grows: all but code and tables.

The lines in `fixed` are final. `loose` returns the lines that may still change; it examines a bounded
amount of text, however long the block is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import cell_len, runs_len, untorn
from coze_tui.render.closing import hopefully_closed
from coze_tui.render.code import TAB, Highlighter
from coze_tui.render.inline import InlineText
from coze_tui.render.lines import BAR, Line, Undrawn
from coze_tui.render.links import with_urls, without_open_link
from coze_tui.render.palette import Palette
from coze_tui.render.runs import Logical
from coze_tui.render.scanner import Container, Kind
from coze_tui.render.wrap import cut, cuts, prose_width, rows_of
from coze_tui.text.markdown_rules import alert_title

_BULLETS = "•◦▪"
_PIECES = (256, 512, 1024)
"""Lengths at which a growing paragraph tries to split off its beginning; the last length repeats."""


@cache
def _safe_break() -> re.Pattern[str]:
    # Compiled at its first use, because it takes milliseconds that would delay the first frame.
    return re.compile(
        r"(?<=\s)(?=\S)|(?<=[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff])(?=[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff])"
    )


@dataclass(slots=True)
class Page:
    """The width, colors and parsers that blocks share."""

    width: int
    palette: Palette
    inline: InlineText
    highlighter: Highlighter
    references: dict[str, object] = field(default_factory=dict)
    """Link reference definitions found so far."""
    _leads: "dict[tuple[object, ...], Lead]" = field(default_factory=dict)

    def lead(self, containers: tuple[Container, ...], fresh: int, task: str = "") -> "Lead":
        """Return the lead of a block in `containers`, the last `fresh` of which start with it."""
        key = (containers, fresh, task)
        lead = self._leads.get(key)
        if lead is None:
            lead = self._leads[key] = Lead.of(containers, fresh, self, task)
        return lead

    def text_style(self, containers: Sequence[Container]) -> Style:
        """Return the style of plain text in `containers`."""
        quoted = any(container.is_quote for container in containers)
        return self.palette.quote if quoted else self.palette.text


class Lead(NamedTuple):
    """The runs at the left of a block: one version for its first line, one for all others."""

    first: tuple[Segment, ...] = ()
    rest: tuple[Segment, ...] = ()
    width: int = 0

    @classmethod
    def of(cls, containers: Sequence[Container], fresh: int, page: Page, task: str = "") -> "Lead":
        """Return the lead for a block in `containers`, the last `fresh` of which start with it.

        `task` is the state of its checkbox, or empty."""
        palette = page.palette
        first: list[Segment] = []
        rest: list[Segment] = []
        width, depth = 0, 0
        for number, container in enumerate(containers):
            is_fresh = number >= len(containers) - fresh
            if container.is_quote:
                beside = begins = [Segment(BAR, palette.muted), Segment(" ")]
                size = 2
            else:
                begins = []
                if container.label:
                    begins.append(Segment(f"[{container.label}] ", palette.bullet))
                elif container.number >= 0:
                    # Two columns, so that the texts of items 9 and 10 begin below each other.
                    begins.append(Segment(f"{container.number:>2}. ", palette.bullet))
                # A checkbox takes the place of the bullet.
                elif not task or number < len(containers) - 1:
                    begins.append(Segment(_BULLETS[min(depth, 2)] + " ", palette.bullet))
                if task and number == len(containers) - 1:
                    box = ("☑ ", palette.good) if task == "x" else ("☐ ", palette.muted)
                    begins.append(Segment(*box))
                size = runs_len(begins)
                beside = [Segment(" " * size)]
                depth += container.number < 0 and not container.label
            # Indents beyond the middle of a narrow page would leave no room for the text.
            if is_fresh or width + size <= prose_width(page.width) // 2:
                first += begins if is_fresh else beside
                rest += beside
                width += size
        return cls(tuple(first), tuple(rest), width)


class MarkdownBlock:
    """A leaf block: a paragraph, a table, a code block."""

    kind: Kind
    is_prose = True
    """Whether the block has the width of prose instead of the full width of the page."""

    def __init__(self, page: Page, lead: Lead, number: int) -> None:
        self.number = number
        self._take(page, lead)
        self.fixed: list[Line | Undrawn] = []
        self.changed = 0
        """Index of the first line of `fixed` that changed since the owner last read it."""

    def grow(self, text: str) -> None:
        """Add a line. Only multi-line blocks support this."""
        raise TypeError(type(self).__name__)

    def extend(self, text: str) -> None:
        """Append text to the last line. Only blocks that accept partial lines support this."""
        raise TypeError(type(self).__name__)

    def loose(self, text: str | None = None) -> list[Line]:
        """Return the provisional lines after `fixed`; `text` is an unfinished line, if there is one."""
        return []

    def fix(self) -> None:
        """Move lines that have become final into `fixed`."""

    def finish(self) -> None:
        """Complete the block: all lines become fixed."""

    def resize(self, page: Page, lead: Lead) -> None:
        """Redraw on another page. Reuses the parsed text, and fixed lines that do not depend on the page."""
        self._take(page, lead)

    def _take(self, page: Page, lead: Lead) -> None:
        self.page, self.lead = page, lead
        width = prose_width(page.width) if self.is_prose else page.width
        # Never less, because a row must have room for a wide character.
        self.room = max(4, width - lead.width)
        """Cells right of the lead."""

    def may_link(self) -> bool:
        """Return whether a link reference definition that arrives later could change this block."""
        return False

    def _line(self, body: tuple[Segment, ...], width: int, at: int, joint: str | None = "\n") -> Line:
        lead = self.lead.rest if at else self.lead.first
        return Line(lead, body, self.lead.width, width, self.number, joint)


class Paragraph(MarkdownBlock):
    """A paragraph, parsed piece by piece from its beginning, so that a long one stays cheap."""

    kind = Kind.PARAGRAPH

    def __init__(self, page: Page, lead: Lead, number: int, style: Style) -> None:
        super().__init__(page, lead, number)
        self.style = style
        self.source: list[str] = []
        """The source received so far, in pieces, until the paragraph is finished."""
        self._may_link = False
        self._parsed: list[list[Logical]] = []
        """The final text, in the pieces in which it became final."""
        self._is_whole = False
        self._rest = ""
        """Source whose meaning may still change."""
        self._carry: Logical = []
        """The last row of the final text. It is not full yet."""
        self._joint = "\n"
        self._tried = 0

    def grow(self, text: str) -> None:
        self.extend("\n" + text if self.source else text)

    def extend(self, text: str) -> None:
        self.source.append(text)
        self._rest += _untabbed(text)
        while (piece := self._final_piece()) is not None:
            self._parsed.append(piece)
            self._add(piece)

    def loose(self, text: str | None = None) -> list[Line]:
        source = self._rest if text is None else f"{self._rest}\n{_untabbed(text)}"
        lines = self._parse(hopefully_closed(source))
        # While a URL grows, each delta would change where the link leads.
        lines[-1] = without_open_link(lines[-1], source)
        return self._rows(lines)[0]

    def finish(self) -> None:
        self._parsed.append(self._parse(self._rest.rstrip()))
        self._rest, self._is_whole = "", True
        self._add(self._parsed[-1], is_last=True)
        self._may_link = any("[" in part for part in self.source)
        # The parsed pieces are enough to draw it at another width.
        self.source.clear()

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        self.fixed, self._carry, self._joint = [], [], "\n"
        for number, piece in enumerate(self._parsed, 1):
            self._add(piece, is_last=self._is_whole and number == len(self._parsed))

    def text(self) -> str:
        """Return the whole source while the paragraph grows."""
        return "".join(self.source)

    def may_link(self) -> bool:
        return self._may_link

    def _final_piece(self) -> list[Logical] | None:
        """Split a piece off the rest that no later text can change; None if there is none.

        The end of a piece depends only on the text, not on the chunks in which it arrived. After 1,024
        characters with markup still open, the piece is treated as final.

        """
        rest = self._rest
        while self._tried < len(_PIECES) and len(rest) > _PIECES[self._tried]:
            size = _PIECES[self._tried]
            is_last = self._tried == len(_PIECES) - 1
            self._tried += 1
            # In the last quarter only: the smaller the pieces, the more marks are open at their ends.
            breaks = [place.start() for place in _safe_break().finditer(rest, size * 3 // 4, size)]
            end = breaks[-1] if breaks else size if is_last else 0
            if end:
                parsed = self.page.inline.parse(rest[:end], self.style, self.page.references)
                if parsed.is_closed or is_last:
                    self._rest, self._tried = rest[end:], 0
                    return parsed.lines
        return None

    def _parse(self, source: str) -> list[Logical]:
        return self.page.inline.parse(source, self.style, self.page.references).lines

    def _add(self, piece: list[Logical], *, is_last: bool = False) -> None:
        """Draw a final piece. Carries its last row over unless the piece is the last one."""
        drawn, self._carry, self._joint = self._rows(piece)
        self.fixed += drawn if is_last else drawn[:-1]

    def _rows(self, lines: list[Logical]) -> tuple[list[Line], Logical, str]:
        """Wrap the carried row and `lines`. Return the full rows, the last row to carry, and its joint."""
        drawn: list[Line] = []
        runs, joint = [*self._carry, *lines[0]], self._joint
        at = len(self.fixed)
        for number, logical in enumerate(lines):
            if number:
                runs, joint = logical, "\n"
            # Rows are cut by the widths of single runs, which must add up to that of the text.
            runs = untorn(runs)
            text = "".join([run.text for run in runs])
            rows = rows_of(text, self.room)
            for row, piece in zip(rows, cuts(runs, rows), strict=True):
                joint = row.dropped if row.start else joint
                drawn.append(self._line(piece, row.width, at + len(drawn), joint))
        last = rows[-1].start
        return drawn, list(cut(runs, last, len(text))) if last else runs, joint


class Heading(Paragraph):
    """A heading: weight and color show its level; level 1 also has a rule."""

    kind = Kind.HEADING

    def __init__(self, page: Page, lead: Lead, number: int, level: int) -> None:
        super().__init__(page, lead, number, page.palette.headings[min(level, 4) - 1])
        self.level = level

    def loose(self, text: str | None = None) -> list[Line]:
        return super().loose(text) + self._underline()

    def finish(self) -> None:
        super().finish()
        self.fixed += self._underline()

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        self.fixed += self._underline()

    def _underline(self) -> list[Line]:
        if self.level > 1:
            return []
        rule = Segment("─" * self.room, self.page.palette.line)
        return [self._line((rule,), self.room, 1, None)]


class Alert(MarkdownBlock):
    """The title of an alert quote: `> [!NOTE]`."""

    kind = Kind.ALERT

    def __init__(self, page: Page, lead: Lead, number: int, name: str) -> None:
        super().__init__(page, lead, number)
        self._name = name

    def finish(self) -> None:
        palette = self.page.palette
        title = alert_title(self._name)
        others = {"TIP": palette.good, "WARNING": palette.attention, "CAUTION": palette.error}
        style = others.get(self._name, palette.accent)
        self.fixed = [self._line((Segment(title, style + Style(bold=True)),), cell_len(title), 0)]

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        self.finish()


class Rule(MarkdownBlock):
    """A thematic break."""

    kind = Kind.RULE

    def finish(self) -> None:
        rule = Segment("─" * self.room, self.page.palette.line)
        self.fixed = [self._line((rule,), self.room, 0, None)]

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        self.finish()


class Empty(MarkdownBlock):
    """A list item or a quote without content so far."""

    kind = Kind.EMPTY

    def loose(self, text: str | None = None) -> list[Line]:
        return [self._line((), 0, 0)]

    def finish(self) -> None:
        self.fixed = [*self.loose()]

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        if self.fixed:
            self.finish()


class Verbatim(MarkdownBlock):
    """Text shown as written, wrapped: math."""

    kind = Kind.MATHS

    def __init__(self, page: Page, lead: Lead, number: int, style: Style) -> None:
        super().__init__(page, lead, number)
        self.style = style
        self._source: list[str] = []

    def grow(self, text: str) -> None:
        self._source.append(text)
        self.fixed += self._drawn(text)

    def resize(self, page: Page, lead: Lead) -> None:
        super().resize(page, lead)
        self.fixed = []
        for line in self._source:
            self.fixed += self._drawn(line)

    def loose(self, text: str | None = None) -> list[Line]:
        return [] if text is None else self._drawn(text, is_open=True)

    def _drawn(self, text: str, *, is_open: bool = False) -> list[Line]:
        drawn: list[Line] = []
        text = _untabbed(text)
        runs = with_urls(text, self.style, self.page.palette.link)
        runs = untorn(without_open_link(runs, text) if is_open else runs)
        rows = rows_of("".join([run.text for run in runs]), self.room)
        for row, piece in zip(rows, cuts(runs, rows), strict=True):
            joint = row.dropped if row.start else "\n"
            drawn.append(self._line(piece, row.width, len(self.fixed) + len(drawn), joint))
        return drawn


def _untabbed(text: str) -> str:
    return text.replace("\t", " " * TAB) if "\t" in text else text
