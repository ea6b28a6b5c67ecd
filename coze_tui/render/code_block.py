"""The block of source code in a message, also while it grows."""

from rich.segment import Segment

from coze_tui.render.blocks import Lead, MarkdownBlock, Page
from coze_tui.render.cells import cell_len, runs_len
from coze_tui.render.code import LONGEST_COLORED, MOST_COLORED, START, TAB, ColoredLine, LexerState
from coze_tui.render.lines import Line
from coze_tui.render.scanner import Kind


class Code(MarkdownBlock):
    """Source code on its own background, with the language at the right. Lines scroll instead of wrapping."""

    kind = Kind.CODE
    is_prose = False

    def __init__(self, page: Page, lead: Lead, number: int, info: str, is_fenced: bool = True) -> None:
        super().__init__(page, lead, number)
        words = info.split(maxsplit=1)
        self.language = words[0].strip("{}.") if words else ""
        self.source: list[str] = []
        """The source lines, with tabs."""
        self._is_fenced = is_fenced
        self._lexer_state = START
        self._size = 0
        self._is_plain = False
        self._last_width = 0
        self._last: tuple[ColoredLine, LexerState] | None = None
        self._frame()

    def _frame(self) -> None:
        """Draw the rows around the code."""
        palette, lead, number = self.page.palette, self.lead, self.number
        ground = palette.code_ground
        self._lead = (*lead.rest, Segment("  ", ground))
        label = Segment(self.language, palette.code_label) if self.language else None
        head = Line(lead.first, (), lead.width, 0, number, None, ground, None, label)
        self._foot = Line(lead.rest, (), lead.width, 0, number, None, ground)
        self.fixed[:1] = [head]

    def resize(self, page: Page, lead: Lead) -> None:
        before = self.lead
        super().resize(page, lead)
        # Code does not wrap, so its lines depend on nothing else.
        if lead == before:
            return
        self._frame()
        for number, line in enumerate(self.fixed[1:], 1):
            assert isinstance(line, Line)
            self.fixed[number] = (
                self._foot
                if line.joint is None
                else line._replace(lead=self._lead, lead_width=lead.width + 2)
            )

    def grow(self, text: str) -> None:
        self.source.append(text)
        self._last_width = cell_len(_expanded(text))
        self._last = None

    def extend(self, text: str) -> None:
        # A tab is as wide as its column asks, so only a line without tabs can be measured by its new part.
        last = self.source[-1] = self.source[-1] + text
        self._last_width = cell_len(_expanded(last)) if "\t" in last else self._last_width + cell_len(text)
        self._last = None

    def fix(self) -> None:
        source = self.source
        while len(self.fixed) < len(source):  # one row more for the header, one less for the last line
            colored, self._lexer_state = self._colored(source[len(self.fixed) - 1])
            self._size += len(source[len(self.fixed) - 1]) + 1
            self.fixed.append(self._code(colored))

    def loose(self, text: str | None = None) -> list[Line]:
        drawn: list[Line] = []
        state = self._lexer_state
        if self.source:
            if self._last is None:
                self._last = self._colored(self.source[-1])
            colored, state = self._last
            # Indented code may be followed by empty lines that do not belong to it.
            if colored or text is not None or self._is_fenced:
                drawn.append(self._code(colored, self._last_width))
        if text is not None:
            expanded = _expanded(text)
            colored = (
                self.page.highlighter.plain(expanded)
                if self._is_plain
                else self.page.highlighter.line(expanded, self.language, state)[0]
            )
            drawn.append(self._code(colored))
        drawn.append(self._foot)
        return drawn

    def finish(self) -> None:
        if not self._is_fenced:
            while self.source and not self.source[-1].strip():
                self.source.pop()
        lines = [_expanded(line) for line in self.source]
        # Line by line, a lexer may misjudge what only a later line explains.
        whole = self.page.highlighter.whole(lines, self.language)
        fixed = self.fixed[:1]
        fixed += map(self._code, whole)
        fixed.append(self._foot)
        # Nearly all lines are as they were, and only the others must be painted again.
        same = 0
        for old, new in zip(self.fixed, fixed, strict=False):
            if old != new:
                break
            same += 1
        self.fixed, self.changed = fixed, min(self.changed, same)

    def _colored(self, line: str) -> tuple[ColoredLine, LexerState]:
        """Color a line from the current lexer state. Return it and the next state."""
        text = _expanded(line)
        # Plain from here to the end: after a line that the lexer has not seen, its state is unknown.
        if self._size + len(text) + 1 > MOST_COLORED or len(text) > LONGEST_COLORED:
            self._is_plain = True
        highlighter = self.page.highlighter
        if self._is_plain:
            return highlighter.plain(text), self._lexer_state
        return highlighter.line(text, self.language, self._lexer_state)

    def _code(self, colored: ColoredLine, width: int | None = None) -> Line:
        palette = self.page.palette
        return Line(
            self._lead,
            colored,
            self.lead.width + 2,
            runs_len(colored) if width is None else width,
            self.number,
            "\n",
            palette.code_ground,
            palette.code_label,
        )


def _expanded(text: str) -> str:
    return text.expandtabs(TAB) if "\t" in text else text
