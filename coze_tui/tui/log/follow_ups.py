"""Suggested questions as a block, each after its digit while a digit chooses it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import cell_len, shorten
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.tui.log.blocks import EntryBlock

_GAP = "   "
_INLINE_SHARE = 3
"""Questions share a line if each takes at most one part in this many of its width."""
_OLD_MARK = "· "


class FollowUpsBlock(EntryBlock):
    """Follow-ups. Those that a digit chooses now show their digits in color.

    Args:
        is_list: Show one question per line, followed by a hint about choosing one.
    """

    spaced = True

    def __init__(self, questions: Sequence[str] = (), *, is_list: bool = False) -> None:
        super().__init__()
        self.questions = list(questions)
        self._numbers = list(range(1, len(self.questions) + 1))
        self._is_list = is_list
        self._is_offered = False
        self._lit = 0
        self._spans: list[tuple[int, int, int, int]] = []
        """Line, first cell, last cell and index of each question."""

    def offer(self, question: str, number: int) -> None:
        """Add a follow-up with its number among all follow-ups of the bot."""
        self.questions.append(question)
        self._numbers.append(number)
        self.release()

    def show_offered(self, *, is_offered: bool, lit: int = 0) -> bool:
        """Set whether digits choose these questions, and which one is typed; return whether that changed.

        Args:
            lit: The number of the question that Enter would send; 0 for none.
        """
        if (is_offered, lit) == (self._is_offered, self._lit):
            return False
        self._is_offered, self._lit = is_offered, lit
        self.release()
        return True

    def question_at(self, line: int, cell: int) -> str | None:
        """Return the follow-up drawn in a cell, or None."""
        for row, start, end, place in self._spans:
            if row == line and start <= cell < end:
                return self.questions[place]
        return None

    def copy_text(self) -> str:
        return "\n".join(self.questions)

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        # Room for the widest number, so that all questions are cut at the same cell.
        room = max(8, width - len(f"{max(self._numbers, default=0)} "))
        # A question comes from the bot, and may be of any length.
        shown = [shorten(clean_line(question).strip(), room) for question in self.questions]
        is_list = self._is_list or any(cell_len(text) * _INLINE_SHARE > width for text in shown)
        rows: list[list[Segment]] = []
        used = 0
        self._spans = []
        for place, (number, text) in enumerate(zip(self._numbers, shown, strict=True)):
            segments = self._chip(number, text, palette)
            size = sum(cell_len(segment.text) for segment in segments)
            if not rows or is_list or used + len(_GAP) + size > width:
                rows.append([])
                used = 0
            else:
                rows[-1].append(Segment(_GAP))
                used += len(_GAP)
            rows[-1] += segments
            self._spans.append((len(rows) - 1, used, used + size, place))
            used += size
        if self._is_list and self._is_offered:
            hint = shorten(_("press a number, then Enter"), max(1, width - 2))
            rows.append([Segment(f"  {hint}", palette.muted)])
        return [Line(body=tuple(row), width=sum(cell_len(part.text) for part in row)) for row in rows]

    def _chip(self, number: int, text: str, palette: Palette) -> list[Segment]:
        # A number before a question that no digit chooses would be a false promise.
        if not self._is_offered:
            return [Segment(_OLD_MARK, palette.muted), Segment(text, palette.muted)]
        mark, words = palette.accent + Style(bold=True), palette.text
        if number == self._lit:
            mark, words = mark + Style(reverse=True), palette.accent + Style(bold=True, reverse=True)
        return [Segment(f"{number} ", mark), Segment(text, words)]
