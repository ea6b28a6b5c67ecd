"""The cursor of the message pane: on a message, a fold, or a code block.

It is visible while the pane has the focus. It follows the view if the user scrolls, and the view follows it
if lines move for another reason. Arriving text never scrolls it out of the view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from textual.widget import Widget

from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.tui.key_names import key_for
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.blocks import EntryBlock, FoldBlock
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.painter import Mark
from coze_tui.tui.log.viewport import LogViewport

if TYPE_CHECKING:
    from coze_tui.render.layout import CodeBlock

_ABOVE, _BELOW = 1, 2
"""Lines of context above and below the cursor, if there is room."""


class Stop(NamedTuple):
    """A position of the cursor."""

    entry: Entry
    block: EntryBlock | None = None
    """A fold, or the answer that contains the code; None for the whole message."""
    code: int | None = None
    """The number of a code block in the answer, from 0."""


class LogCursor:
    """A cursor over the entries of a viewport, which remains in the view.

    Args:
        log: The cursor is visible while this widget has the focus.
        on_move: Called after the cursor has moved, with the previous stop.
    """

    def __init__(
        self,
        log: Widget,
        viewport: LogViewport,
        on_move: Callable[[Stop | None], None],
    ) -> None:
        self._log = log
        self._view = viewport
        self._on_move = on_move
        self.stop: Stop | None = None
        viewport.mark_of = self._mark
        viewport.may_begin_at = self._may_begin_at
        viewport.on_change = self.keep

    @property
    def entry(self) -> Entry | None:
        """Return the entry under the cursor, or None."""
        return self.stop.entry if self.stop is not None else None

    @property
    def fold(self) -> FoldBlock | None:
        """Return the fold under the cursor, or None."""
        block = self.stop.block if self.stop is not None else None
        return block if isinstance(block, FoldBlock) else None

    def choose(self, entry: Entry | None, block: EntryBlock | None = None, code: int | None = None) -> None:
        """Move the cursor to an entry or a part of it, or to nothing. Does not scroll."""
        before, self.stop = self.stop, Stop(entry, block, code) if entry is not None else None
        if self.stop != before:
            self._view.repaint()
            self._on_move(before)

    # --- where it is ---

    def rows(self) -> range:
        """Return the lines of the message (without the blank line after it), the fold, or the code."""
        stop = self.stop
        if stop is None or stop.entry not in self._view.entries:
            return range(0)
        whole = self._view.lines_of(stop.entry)
        # A chat that continues or is fetched again loses blocks; its message remains.
        if stop.block is None or stop.block not in stop.entry.blocks:
            return whole
        start = whole.start + stop.entry.start_of(stop.block)
        if stop.code is None:
            # A fold that has just arrived may not be laid out yet; it has at least its head.
            return range(start, max(start + 1, min(whole.stop, start + self._height_of(stop.block))))
        codes = codes_of(stop.block)
        if stop.code >= len(codes):
            return whole
        code = codes[stop.code]
        return range(start + code.line, start + code.line + code.height)

    def _height_of(self, block: EntryBlock) -> int:
        return block.height(self._view.text_width, self._view.painter.palette)

    @property
    def row(self) -> int:
        """Return the line that shows the cursor: its first one in the view."""
        return max(self.rows().start, self._view.top)

    @property
    def is_in_view(self) -> bool:
        """Return whether any of its lines is in the view."""
        rows, top = self.rows(), self._view.top
        return len(rows) > 0 and rows.start < top + self._view.height and rows.stop > top

    def _mark(self) -> Mark | None:
        """Return the marking of the cursor; None while it is not visible."""
        if self.stop is None or not self._log.has_focus or not self.is_in_view:
            return None
        if self.stop.code is None:
            return Mark(self.stop.entry, self.row)
        label = ""
        if (place := self.code_place()) is not None:
            label = self._code_label(*place)
        return Mark(self.stop.entry, self.row, self.rows(), label)

    def _code_label(self, number: int, count: int, language: str) -> str:
        """Return `2/3 go · Y copies`."""
        key = key_for("log.copy_code", self._log, self._log.screen)
        words = [f"{number}/{count} {clean_line(language)}".rstrip()]
        return " · ".join([*words, *([_("{key} copies").format(key=key)] if key else [])])

    def _may_begin_at(self, line: int) -> bool:
        """Return whether the view may start at a line without the user scrolling there."""
        return self.stop is None or not self._log.has_focus or self.rows().stop > line

    # --- moving ---

    def start(self) -> None:
        """Show the cursor after the pane got the focus: at its old position, else on the last message."""
        if self.is_in_view:
            self._view.repaint()
            return
        view = self._view
        # At the end of the conversation the last message is meant, further up what is in the view.
        if view.following or view.top >= view.total - view.height:
            self.to_last()
        else:
            self._take_from_view(from_end=True)
        self.keep()

    def to_first(self) -> None:
        """Go to the first loaded message."""
        self.choose(next((entry for entry in self._view.entries if entry.bar is not None), None))

    def to_last(self) -> None:
        """Go to the last loaded message."""
        entries = reversed(self._view.entries)
        self.choose(next((entry for entry in entries if entry.bar is not None), None))

    def step(self, step: int) -> None:
        """Go to the next message or fold for 1, to the previous one for -1; in a long one, scroll first."""
        view = self._view
        page = max(1, view.height // 2)
        if self.stop is None or not self.is_in_view:
            self.start()
            return
        row = self.row
        stops = list(self._stops())
        if step > 0:
            target = next((each for each in stops if each[0] > row), None)
        else:
            target = next((each for each in reversed(stops) if each[0] < row), None)
        # Text on the way to the next stop must come into view, too.
        if target is None or not view.top - page <= target[0] < view.top + view.height + page:
            view.scroll(view.top + step * page)
            return
        self.choose(*target[1])
        self.show()

    def _stops(self) -> Iterator[tuple[int, Stop]]:
        """Yield the messages and folds near the view with their first lines."""
        view = self._view
        # A step never goes further, and every entry here must be laid out.
        for start, entry in view.entries_between(view.top - 2 * view.height, view.top + 3 * view.height):
            if entry.bar is not None:
                yield start, Stop(entry)
                for block in entry.blocks:
                    if block.is_stop:
                        yield start + entry.start_of(block), Stop(entry, block)

    def follow_view(self, *, down: bool) -> None:
        """Go to the nearest message or fold in the view, after the user has scrolled the cursor away."""
        if self.stop is not None and self._log.has_focus and not self.is_in_view:
            self._take_from_view(from_end=not down)

    def _take_from_view(self, *, from_end: bool) -> None:
        view = self._view
        stops = list(self._stops())  # lays out entries, which may move the lines
        top, bottom = view.top, view.top + view.height
        seen = [stop for line, stop in stops if top <= line < bottom]
        if seen:
            self.choose(*seen[-1 if from_end else 0])
            return
        around = [entry for _start, entry in view.entries_between(top, bottom - 1) if entry.bar is not None]
        if around:
            self.choose(around[-1 if from_end else 0])

    def keep(self) -> None:
        """Scroll if none of the cursor's lines is in the view."""
        if self.stop is not None and self._log.has_focus and not self.is_in_view:
            self.show()

    def show(self) -> None:
        """Scroll as little as possible to show the cursor's first line."""
        view, line = self._view, self.rows().start
        # A terminal of one or two lines has no room for context.
        above = min(_ABOVE, (view.height - 1) // 2)
        below = min(_BELOW, view.height - 1 - above)
        if line < view.top + above:
            view.scroll(max(0, line - above))
        elif line > view.top + view.height - 1 - below:
            view.scroll(line - view.height + 1 + below)

    def show_whole(self) -> None:
        """Scroll to show the cursor's last line, but not beyond its first one."""
        view, rows = self._view, self.rows()
        if rows.stop > view.top + view.height - 1:
            view.scroll(min(rows.start, rows.stop - view.height + 1))
        self.show()

    # --- code ---

    def step_code(self, step: int) -> bool:
        """Go to the next code block for 1, to the previous one for -1; return False if there is none."""
        view = self._view
        if self.stop is not None and self.stop.code is not None and self.is_in_view:
            row = self.rows().start
        else:
            row = view.top - 1 if step > 0 else view.top + view.height
        found = list(self._codes())
        if step > 0:
            target = next((each for each in found if each[0] > row), None)
        else:
            target = next((each for each in reversed(found) if each[0] < row), None)
        if target is None:
            return False
        # Arriving text would scroll the code away again.
        view.following = False
        self.choose(*target[1])
        self.show_whole()
        return True

    def _codes(self) -> Iterator[tuple[int, Stop]]:
        """Yield the code blocks of all laid out entries with their first lines."""
        # Where code is in other answers is not known before they are laid out.
        for start, entry in self._view.laid_out():
            for block in entry.blocks:
                for number, code in enumerate(codes_of(block)):
                    yield start + entry.start_of(block) + code.line, Stop(entry, block, number)

    def choose_only_code(self) -> bool:
        """Go to the only code block of the message under the cursor; return False unless it has just one."""
        if self.stop is not None and len(all_codes := _codes_in(self.stop.entry)) == 1:
            self.choose(self.stop.entry, *all_codes[0])
            return True
        return False

    @property
    def code(self) -> CodeBlock | None:
        """Return the code block under the cursor, or None."""
        stop = self.stop
        if stop is None or stop.code is None or stop.block is None:
            return None
        # An answer that is laid out again in slices may have fewer code blocks for a while.
        codes = codes_of(stop.block)
        return codes[stop.code] if stop.code < len(codes) else None

    def code_place(self) -> tuple[int, int, str] | None:
        """Return number, count and language of the code block under the cursor; None without one."""
        stop, code = self.stop, self.code
        if stop is None or code is None:
            return None
        places = _codes_in(stop.entry)
        return places.index((stop.block, stop.code)) + 1, len(places), code.language


def codes_of(block: EntryBlock | None) -> list[CodeBlock]:
    """Return the code blocks of a laid out answer; none for any other block."""
    if isinstance(block, AnswerBlock) and block.document is not None:
        return block.document.code_blocks
    return []


def _codes_in(entry: Entry) -> list[tuple[EntryBlock | None, int | None]]:
    """Return the code blocks of a message as arguments of `Stop`."""
    return [(block, number) for block in entry.blocks for number in range(len(codes_of(block)))]
