"""The entries of a log as lines, and the view on them. Its cost does not grow with the number of entries.

It lays out the entries in sight and keeps estimates for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from coze_tui.render.lines import joined
from coze_tui.render.palette import Palette
from coze_tui.terminal.app import paint_now, seconds_for
from coze_tui.terminal.pacing import FrameBudget
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.blocks import EntryBlock
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.line_index import LineIndex
from coze_tui.tui.log.painter import GUTTER, MARGIN, LogLine, LogPainter, Mark, cell_of
from coze_tui.tui.log.slices import Slices
from coze_tui.tui.widgets.steady_scrollbar import move_thumb

_QUICK = 0.2
"""Seconds between two lines that come quickly."""
_STRIDE = 3
"""Lines that are scrolled at once then."""
_SCROLL_BYTES = 1000
"""Bytes that a scroll costs, about: what stands beside the log moves with it and is sent again."""
_STRIDE_PER_SECOND = 40
"""Lines that are scrolled at once for each second that a scroll takes on a slow line."""
_MOST_LAID_OUT = 120
"""Entries that keep their lines; of those laid out longest ago only the height is kept."""


@dataclass
class PageWanted(Message):
    """The view is near the end of what is loaded on one side, and the conversation continues there."""

    older: bool
    """Whether the entries before the first loaded one are wanted, or those after the last one."""
    to_the_end: bool
    """Whether the very beginning or end of the conversation is wanted, not the next page."""


class LogViewport:
    """Lays out, scrolls and paints the entries of a log.

    Args:
        log: The widget that is scrolled and painted. It passes on its size, scroll and paint requests.
    """

    def __init__(self, log: ScrollView, palette: Palette, *, max_fps: int) -> None:
        self._log = log
        self.painter = LogPainter(log, palette)
        self.entries: list[Entry] = []
        self.following = True
        """Whether the view is at the end and stays there while text arrives."""
        self.has_older = False
        self.has_newer = False
        self.frame_seconds = 1 / max_fps
        self.mark_of: Callable[[], Mark | None] = lambda: None
        """Returns how the cursor is drawn; asked whenever lines are painted."""
        self.may_begin_at: Callable[[int], bool] = lambda _line: True
        """Returns whether text that arrives may scroll the view to a line."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after lines have moved."""
        self._index = LineIndex()
        self.laid_out_width = 0
        """Cells of a line of text when everything was last laid out."""
        self._laid_out: dict[Entry, None] = {}
        """Entries that keep their lines, the oldest first."""
        self._dirty: set[int] = set()
        self._dirty_whole: set[int] = set()
        """Those of the dirty ones in which more than text has come."""
        self._ahead: set[Entry] = set()
        """Entries that were laid out before their frame was due: strips made of them earlier may be old."""
        self._slices = Slices(log, self._lay_out_slice)
        self._timer: asyncio.TimerHandle | None = None
        self._budget = FrameBudget()
        self._unseen = 0
        self._asked_page = False
        self._room = 0
        """Blank lines under the last one, for those to come."""
        self._grown_at = 0.0
        """When it last grew out of sight."""

    @property
    def text_width(self) -> int:
        """Cells of a line of text."""
        return max(8, self._log.size.width - GUTTER - MARGIN)

    @property
    def height(self) -> int:
        """Lines in sight."""
        return self._log.size.height

    @property
    def total(self) -> int:
        """Lines of all entries; those of entries out of sight are estimates."""
        return self._index.total

    @property
    def top(self) -> int:
        """The first line in sight."""
        return self._log.scroll_offset.y

    @property
    def unseen(self) -> int:
        """Lines that arrived below the view since the user scrolled up."""
        return self._unseen

    def scroll(self, line: int) -> None:
        """Make a line the first one in sight."""
        self._log.scroll_to(y=line, animate=False)

    def scroll_pages(self, pages: int, lines: int = 0) -> None:
        """Scroll by pages and lines, down for positive numbers; two lines of a page remain in sight."""
        self.scroll(self.top + pages * max(1, self.height - 2) + lines)

    def set_palette(self, palette: Palette) -> None:
        """Draw everything in other colors."""
        self.painter.palette = palette
        self.painter.forget_styles()
        self._lay_out_anew()

    def clear(self) -> None:
        """Show nothing."""
        self.entries.clear()
        self._index = LineIndex()
        self.painter.clear()
        self._laid_out.clear()
        self._dirty.clear()
        self._slices.clear()
        self._dirty_whole.clear()
        self._ahead.clear()
        self.has_older = self.has_newer = self._asked_page = False
        self._unseen = self._room = 0
        self.following = True
        self._total_changed()
        self.scroll(0)
        self._log.refresh()

    def show(self, entries: Sequence[Entry], *, has_older: bool = False, has_newer: bool = False) -> None:
        """Show these entries from their end."""
        self.clear()
        self.has_older, self.has_newer = has_older, has_newer
        self.append(*entries)

    def append(self, *entries: Entry) -> None:
        """Put entries at the end."""
        self._remove_transient()
        self._index.insert(len(self.entries), [entry.height(self.text_width) for entry in entries])
        self.entries += entries
        self.lay_out()
        if self.following:
            self._to_end()
        self._log.refresh()

    def _remove_transient(self) -> None:
        last = len(self.entries) - 1
        if self.entries and self.entries[last].is_transient:
            self._laid_out.pop(self.entries.pop(), None)
            self._index.remove(last, last + 1)
            self.painter.forget(self._index.total)

    def prepend(self, entries: Sequence[Entry], *, has_older: bool) -> None:
        """Put older entries at the top; what is in sight stays where it is."""
        self.has_older, self._asked_page = has_older, False
        heights = [entry.height(self.text_width) for entry in entries]
        self.entries[:0] = entries
        self._index.insert(0, heights)
        self.painter.forget()
        self._total_changed()
        self.scroll(self.top + sum(heights))
        self.lay_out()
        self._log.refresh()
        self.on_change()

    def extend(self, entries: Sequence[Entry], *, has_newer: bool) -> None:
        """Put newer entries at the end of a log that does not show the end yet."""
        self.has_newer, self._asked_page = has_newer, False
        following, self.following = self.following, False
        self.append(*entries)
        self.following = following and not has_newer

    def text_added(self, entry: Entry, *, whole: bool = False) -> None:
        """Draw new text of an entry: at once while there are frames left for this moment, else a bit later.

        Args:
            whole: More than the text at its end has changed.
        """
        self._dirty.add(id(entry))
        if whole:
            self._dirty_whole.add(id(entry))
        loop = asyncio.get_running_loop()
        if self._budget.may_draw(loop.time(), self.frame_seconds):
            self._frame()
        elif self._timer is None:
            due = self._budget.latest(self.frame_seconds)
            self._timer = loop.call_at(due, self._log.call_next, self._frame)

    def _frame(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._dirty and self._log.is_attached:
            self._budget.spend(asyncio.get_running_loop().time(), self.frame_seconds)
            self.flush()
            paint_now(self._log, self._log.vertical_scrollbar)

    def entry_changed(self, entry: Entry, *, counts_as_new: bool = True) -> None:
        """Draw an entry again in which more than text has changed.

        Args:
            counts_as_new: Lines that it gains below the view count as new.
        """
        self._dirty.discard(id(entry))
        self._dirty_whole.discard(id(entry))
        if entry in self.entries:
            self._lay_out(self._number(entry), whole=True, counts_as_new=counts_as_new)
            self._after_change()

    def flush(self) -> None:
        """Draw what has come since the last frame."""
        if not self._dirty or not self._log.size.width:
            return
        dirty, self._dirty = self._dirty, set()
        whole, self._dirty_whole = self._dirty_whole, set()
        for number in range(len(self.entries) - 1, -1, -1):
            entry = id(self.entries[number])
            if entry in dirty:
                dirty.discard(entry)
                self._lay_out(number, whole=entry in whole)
                if not dirty:
                    break
        self._after_change(is_growing=True)

    def _number(self, entry: Entry) -> int:
        """Return the index of an entry; search from the end, where the growing entry is."""
        for number in range(len(self.entries) - 1, -1, -1):
            if self.entries[number] is entry:
                return number
        raise ValueError(entry)

    def _lay_out(self, number: int, *, whole: bool = False, counts_as_new: bool = True) -> None:
        """Render one entry; only the lines from the first changed one on are drawn again."""
        entry = self.entries[number]
        start = self._index.start(number)
        first = start
        growing = entry.blocks[-1] if entry.blocks else None
        if entry in self._ahead:
            self._ahead.discard(entry)
        elif not whole and isinstance(growing, AnswerBlock) and growing.document is not None:
            first = start + entry.start_of(growing) + growing.advance()
        self._take_height(number, first, counts_as_new=counts_as_new)

    def _take_height(self, number: int, first: int, *, counts_as_new: bool) -> None:
        """Take over the lines of an entry, of which those from line `first` of the log on have changed."""
        entry, start = self.entries[number], self._index.start(number)
        before = self._index.height(number)
        self._index.set_height(number, entry.lay_out(self.text_width, self.painter.palette))
        after = self._index.height(number)
        self._slices.add(entry)
        self.painter.forget(first)
        if before != after:
            self._total_changed()
            if counts_as_new and not self.following and after > before:
                self._unseen += after - before
        last = start + max(before, after) if number == len(self.entries) - 1 else self._index.total
        self._log.refresh_lines(first, max(1, last - first))

    def _lay_out_slice(self, entry: Entry) -> bool:
        """Lay out the next slice of a long entry; return whether another one follows."""
        if entry not in self.entries or not entry.is_behind:
            return False
        number = self._number(entry)
        top, start, before = self.top, self._index.start(number), self._index.height(number)
        self._take_height(number, start + entry.advance(), counts_as_new=False)
        if not self.following and start + before <= top:
            self.scroll(top + self._index.height(number) - before)
        self._after_change(is_growing=entry.is_behind)
        return entry.is_behind

    async def complete(self, entry: Entry) -> None:
        """Wait until all lines of an entry are laid out."""
        number = self._number(entry)
        top, end = self.top, self._index.start(number + 1)
        if delta := self._measure(number):
            self.painter.forget()
            self._total_changed()
            if end <= top:
                self.scroll(top + delta)
        await self._slices.complete(entry)

    def _after_change(self, *, is_growing: bool = False) -> None:
        if self.following and not self.may_begin_at(self._index.total - self.height):
            self.following = False
            self._unseen = max(1, self._index.total - self.top - self.height)
        if self.following:
            self._to_end(is_growing=is_growing)
        elif self._unseen:
            self._log.refresh_lines(self.top + self.height - 1)
        self.on_change()

    def _to_end(self, *, is_growing: bool = False) -> None:
        """Show the last line. One that comes soon after another leaves room for the next ones under it.

        What stands beside the log moves when the terminal scrolls, and must be sent again each time. On a
        slow line it scrolls seldom, by many lines, and not back when the text has ended.
        """
        self._unseen = 0
        end, y = max(0, self._index.total - self.height), self.top
        room = 0
        scroll_seconds = seconds_for(self._log, _SCROLL_BYTES)
        if (is_growing or scroll_seconds) and end <= y <= end + self._room:
            return
        if is_growing:
            now = monotonic()
            if (scroll_seconds or now - self._grown_at < _QUICK) and end > y:
                room = min(self.height * 2 // 3, _STRIDE + int(_STRIDE_PER_SECOND * scroll_seconds)) - 1
            self._grown_at = now
        if room != self._room:
            self._room = room
            self._total_changed()
        if end + room != y:
            self.scroll(end + room)

    def _total_changed(self) -> None:
        """Set the height of the whole text. It causes no layout: the scrollbar is always there."""
        log = self._log
        log.set_reactive(ScrollView.virtual_size, Size(log.size.width, self._index.total + self._room))
        log.scroll_y = log.validate_scroll_y(log.scroll_y)
        self._move_thumb()

    def _move_thumb(self) -> None:
        if self._log.is_attached:
            bar = self._log.vertical_scrollbar
            move_thumb(bar, total=self._index.total, height=self.height, position=self._log.scroll_y)

    def _lay_out_anew(self) -> None:
        """Another width, palette or language: what is in sight is rendered again, the rest estimated."""
        if not self._log.size.width:
            return
        top = self._index.find(self.top) if 0 <= self.top < self._index.total else None
        width = self.text_width
        self.laid_out_width = width
        self._index = LineIndex()
        for entry in self.entries:
            entry.changed()
        self._index.insert(0, [entry.height(width) for entry in self.entries])
        self.painter.forget()
        self._total_changed()
        if self.following:
            self.lay_out(at_end=True)
            self._to_end()
        elif top is not None:
            number, place = top
            self.scroll(self._index.start(number) + place)
            self.lay_out()
        self._log.refresh()

    def lay_out(self, *, at_end: bool = False) -> None:
        """Lay out what is in sight until nothing in it is an estimate; the last seen line stays in place."""
        if not self._log.size.width:
            return
        if at_end or self.following:
            self._lay_out_end()
            return
        for _round in range(8):
            top = self.top
            bottom = min(top + 2 * self.height, self._index.total)
            if not self._index.total or top >= self._index.total:
                return
            first, place = self._index.find(top)
            last, _ = self._index.find(max(top, bottom - 1))
            shift, changed = 0, False
            for number in range(max(0, first - 1), last + 1):
                delta = self._measure(number)
                if delta:
                    changed = True
                    if number < first or (number == first and place > self.height):
                        shift += delta
            if not changed:
                return
            self.painter.forget()
            self._total_changed()
            if shift:
                self.scroll(top + shift)

    def _lay_out_end(self) -> None:
        room, changed = 2 * self.height, False
        for number in range(len(self.entries) - 1, -1, -1):
            changed |= bool(self._measure(number))
            room -= self._index.height(number)
            if room <= 0:
                break
        if changed:
            self.painter.forget()
        self._total_changed()

    def _measure(self, number: int) -> int:
        """Lay out one entry if that was not done at this width; by how much its height was wrong."""
        entry = self.entries[number]
        if entry.is_measured:
            return 0
        before = self._index.height(number)
        self._note_ahead(entry)
        self._index.set_height(number, entry.lay_out(self.text_width, self.painter.palette))
        self._laid_out[entry] = None
        self._slices.add(entry)
        if len(self._laid_out) > _MOST_LAID_OUT:
            oldest = next(iter(self._laid_out))
            del self._laid_out[oldest]
            oldest.release()
        return self._index.height(number) - before

    def _note_ahead(self, entry: Entry) -> None:
        if id(entry) in self._dirty:
            self._ahead.add(entry)

    def scrolled(self) -> None:
        """Paint the view at its new place, and ask for the page that comes near."""
        log = self._log
        log.refresh(log.size.region)
        self._move_thumb()
        at_end = self.top >= self._index.total - self.height
        if not self.has_newer:
            self.following = at_end
        if at_end:
            self._unseen = 0
        self.lay_out()
        self._ask_for_pages()

    def _ask_for_pages(self) -> None:
        if self._asked_page:
            return
        if self.has_older and self.top < self.height:
            self.want_page(older=True)
        elif self.has_newer and self.top + 2 * self.height > self._index.total:
            self.want_page(older=False)

    def want_page(self, *, older: bool, to_the_end: bool = False) -> None:
        """Post a `PageWanted`. Until entries are added at that end, scrolling asks for no page."""
        self._asked_page = True
        self._log.post_message(PageWanted(older, to_the_end))

    def resized(self) -> None:
        """Lay out again at another width, or show more or fewer lines."""
        if self.text_width != self.laid_out_width:
            self._lay_out_anew()
        else:
            self.lay_out()
            if self.following:
                self._to_end()
            self._log.refresh()
        self._ask_for_pages()

    def first_line(self, entry: Entry) -> int:
        """Return the first line of an entry."""
        return self._index.start(self._number(entry))

    def lines_of(self, entry: Entry) -> range:
        """Return the lines of an entry, without the blank one after it."""
        number = self._number(entry)
        start = self._index.start(number)
        return range(start, start + max(1, self._index.height(number) - 1))

    def block_height(self, block: EntryBlock) -> int:
        """Return the number of lines of a block."""
        return block.height(self.text_width, self.painter.palette)

    def entry_at(self, line: int) -> Entry:
        """Return the entry that holds a line. Raises IndexError outside."""
        return self.entries[self._index.find(line)[0]]

    def entries_between(self, top: int, bottom: int) -> list[tuple[int, Entry]]:
        """Return each entry of these lines, laid out, with its first line. The view does not move."""
        if not self._index.total:
            return []
        bottom = min(bottom, self._index.total - 1)
        first, last = self._index.find(max(0, min(top, bottom)))[0], self._index.find(bottom)[0]
        seen = self._index.find(self.top)[0] if self.top < self._index.total else len(self.entries)
        shift, changed = 0, False
        for number in range(first, last + 1):
            if delta := self._measure(number):
                changed = True
                shift += delta if number < seen else 0
        if changed:
            self.painter.forget()
            self._total_changed()
            if self.following:
                self._to_end()
            elif shift:
                self.scroll(self.top + shift)
        return [(self._index.start(number), self.entries[number]) for number in range(first, last + 1)]

    def laid_out(self) -> Iterator[tuple[int, Entry]]:
        """Yield each entry whose height is exact, with its first line."""
        for number, entry in enumerate(self.entries):
            if entry.is_measured:
                yield self._index.start(number), entry

    def show_entry(self, entry: Entry) -> None:
        """Bring an entry into sight, two lines below the top."""
        number = self._number(entry)
        self._measure(number)
        self.following = False
        self._total_changed()
        self.scroll(max(0, self._index.start(number) - 2))
        self.lay_out()
        self.scroll(max(0, self._index.start(number) - 2))

    def show_start(self) -> None:
        """Show the first line; follow the text only if all of it is in sight."""
        self.following = self._index.total <= self.height
        self.scroll(0)

    def show_end(self) -> None:
        """Show the last line, and follow the text if nothing newer is left out."""
        self.following = not self.has_newer
        self.lay_out(at_end=True)
        self._to_end()

    def place_at_top(self) -> tuple[Entry, tuple[int, int]] | None:
        """Return the first message in sight, and the first of its rows there: number of the block, and row.

        Lines between messages, for example that of a new section, belong to the message after them.
        """
        for number in range(self.top, min(self.top + self.height, self.total)):
            entry, _number, _is_last, _line, block, row = self.log_line(number)
            if entry.bar is not None and block is not None:
                return entry, (entry.blocks.index(block), row)
        return None

    def set_query(self, text: str) -> None:
        """Highlight every occurrence of this text; nothing for an empty one."""
        if text != self.painter.query:
            self.painter.query, self.painter.match = text, None
            self.repaint()

    def repaint(self) -> None:
        """Paint all lines in sight again."""
        self.painter.forget()
        self._log.refresh()

    def log_line(self, number: int) -> LogLine:
        """Return a line, laid out now if it was not. Raises IndexError outside."""
        index, place = self._index.find(number)
        entry = self.entries[index]
        if not entry.is_measured:
            self._note_ahead(entry)
            entry.lay_out(self.text_width, self.painter.palette)
        line, block, row = entry.line(place)
        self._slices.add(entry)
        return LogLine(entry, place, place == self._index.height(index) - 1, line, block, row)

    def strip(self, number: int) -> Strip:
        """Return a line as it is drawn; a blank one behind the end."""
        if not 0 <= number < self._index.total:
            return self.painter.blank()
        return self.painter.strip(number, self.log_line)

    def strips(self, crop: Region) -> list[Strip]:
        """Return the part of the lines in sight that lies in a region of the widget."""
        top, width = self.top, self._log.size.width
        self.painter.set_mark(self.mark_of())
        strips = [self.strip(top + y) for y in range(crop.y, crop.bottom)]
        if self._unseen and crop.bottom >= self.height > 0:
            strips[-1] = self.painter.with_chip(strips[-1], self._unseen)
        if crop.x or crop.right < width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def selected_text(self, selection: Selection) -> str:
        """Return the selected text: wrapped lines are one again, bars and padding are left out."""
        parts = []
        for number in range(self._index.total):
            span = selection.get_span(number)
            if span is None:
                continue
            line, strip = self.log_line(number).line, self.strip(number)
            shift = self.painter.shift_of(line, self.log_line(number).block)
            start = cell_of(strip, span[0]) - GUTTER
            end = None if span[1] == -1 else cell_of(strip, span[1]) - GUTTER
            parts.append((line, line.copied(start, end, shift)))
        return joined(parts)
