"""Maps entries to lines and shows a view of them. The cost does not depend on the number of entries.

Only entries in the view are laid out; the heights of others are estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from coze_tui.render.palette import Palette
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.growth import Growth
from coze_tui.tui.log.line_index import LineIndex
from coze_tui.tui.log.painter import GUTTER, MARGIN, LogLine, LogPainter, Mark
from coze_tui.tui.log.slices import Slices
from coze_tui.tui.widgets.steady_scrollbar import move_thumb

_MOST_LAID_OUT = 120
"""Entries that retain their lines; the least recently laid out ones retain only their height."""


@dataclass
class PageWanted(Message):
    """The view is near the end of the loaded messages, and the conversation continues there."""

    older: bool
    """Whether to load entries before the first loaded one, instead of after the last one."""
    to_the_end: bool
    """Whether to load the start or end of the conversation, instead of the next page."""


class LogViewport:
    """A view that lays out, scrolls and paints the entries of the message pane.

    Args:
        log: The widget that is scrolled and painted. It forwards its size, scroll and paint requests.
    """

    def __init__(self, log: ScrollView, palette: Palette, *, max_fps: int) -> None:
        self._log = log
        self.painter = LogPainter(log, palette)
        self.entries: list[Entry] = []
        self.following = True
        """Whether the view is at the end and follows arriving text."""
        self.has_older = False
        self.has_newer = False
        self.growth = Growth(log, self.flush, max_fps=max_fps)
        self.mark_of: Callable[[], Mark | None] = lambda: None
        """Returns the marking of the cursor; called when lines are painted."""
        self.may_begin_at: Callable[[int], bool] = lambda _line: True
        """Returns whether arriving text may scroll the view to a line."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after lines have moved."""
        self._index = LineIndex()
        self.laid_out_width = 0
        """Text width in cells at the last full layout."""
        self._laid_out: dict[Entry, None] = {}
        """Entries that retain their lines, the oldest first."""
        self._slices = Slices(log, self._lay_out_slice)
        self.unseen = 0
        """Number of lines that arrived below the view since the user scrolled up."""
        self._asked_page = False
        self._room = 0
        """Blank lines after the last one, reserved for arriving lines."""

    @property
    def text_width(self) -> int:
        """Return the width of the text in cells."""
        return max(8, self._log.size.width - GUTTER - MARGIN)

    @property
    def height(self) -> int:
        """Return the height of the view."""
        return self._log.size.height

    @property
    def total(self) -> int:
        """Return the number of all lines; entries outside the view are estimated."""
        return self._index.total

    @property
    def top(self) -> int:
        """Return the first line in the view."""
        return self._log.scroll_offset.y

    def scroll(self, line: int) -> None:
        """Scroll so that a line is the first one in the view."""
        # An animation would draw each line on its way, and on a slow line keys wait for all of them.
        self._log.scroll_to(y=line, animate=False)

    def scroll_pages(self, pages: int, lines: int = 0) -> None:
        """Scroll by pages and lines, down if positive; two lines of the previous page remain visible."""
        self.scroll(self.top + pages * max(1, self.height - 2) + lines)

    def set_palette(self, palette: Palette) -> None:
        """Redraw everything in other colors."""
        self.painter.palette = palette
        self.painter.forget_styles()
        self._lay_out_again()

    def clear(self) -> None:
        """Remove all entries."""
        self.entries.clear()
        self._index = LineIndex()
        self.painter.clear()
        self._laid_out.clear()
        self._slices.clear()
        self.growth.clear()
        self.has_older = self.has_newer = self._asked_page = False
        self.unseen = self._room = 0
        self.following = True
        self._total_changed()
        self.scroll(0)
        self._log.refresh()

    def show(self, entries: Sequence[Entry], *, has_older: bool = False, has_newer: bool = False) -> None:
        """Show these entries, scrolled to their end."""
        self.clear()
        self.has_older, self.has_newer = has_older, has_newer
        self.append(*entries)

    def append(self, *entries: Entry) -> None:
        """Append entries."""
        self._remove_transient()
        # Estimates: only what comes into view is laid out, however long the conversation is.
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
        """Insert older entries at the top; the view does not move."""
        self.has_older, self._asked_page = has_older, False
        heights = [entry.height(self.text_width) for entry in entries]
        self.entries[:0] = entries
        self._index.insert(0, heights)
        self.painter.forget()
        self._total_changed()
        # By the estimates, which `lay_out` corrects before anything is painted.
        self.scroll(self.top + sum(heights))
        self.lay_out()
        self._log.refresh()
        self.on_change()

    def extend(self, entries: Sequence[Entry], *, has_newer: bool) -> None:
        """Append newer entries to a pane that does not show the end yet."""
        self.has_newer, self._asked_page = has_newer, False
        # They are no new text: the view must not jump to their end.
        following, self.following = self.following, False
        self.append(*entries)
        self.following = following and not has_newer

    def entry_changed(self, entry: Entry, *, counts_as_new: bool = True) -> None:
        """Redraw an entry of which more than the text has changed.

        Args:
            counts_as_new: Whether lines that it gains below the view count as new.
        """
        self.growth.forget(entry)
        if entry in self.entries:
            self._lay_out(self._number(entry), whole=True, counts_as_new=counts_as_new)
            self._after_change()

    def flush(self) -> None:
        """Draw everything that has arrived since the last frame."""
        if not self.growth.waits or not self._log.size.width:
            return
        dirty, whole = self.growth.take()
        for number in range(len(self.entries) - 1, -1, -1):
            entry = id(self.entries[number])
            if entry in dirty:
                dirty.discard(entry)
                self._lay_out(number, whole=entry in whole)
                if not dirty:
                    break
        self._after_change(is_growing=True)

    def _number(self, entry: Entry) -> int:
        """Return the index of an entry; searches from the end, because the growing entry is there."""
        for number in range(len(self.entries) - 1, -1, -1):
            if self.entries[number] is entry:
                return number
        raise ValueError(entry)

    def _lay_out(self, number: int, *, whole: bool = False, counts_as_new: bool = True) -> None:
        """Lay out an entry, and redraw it from its first changed line on."""
        entry = self.entries[number]
        start = self._index.start(number)
        first = start
        growing = entry.blocks[-1] if entry.blocks else None
        if entry in self.growth.ahead:
            # Its lines are known already, but no longer which of them have changed.
            self.growth.ahead.discard(entry)
        elif not whole and isinstance(growing, AnswerBlock) and growing.document is not None:
            # The lines above the end of an answer stay, so that a delta costs the same in a long one.
            first = start + entry.start_of(growing) + growing.advance()
        self._take_height(number, first, counts_as_new=counts_as_new)

    def _take_height(self, number: int, first: int, *, counts_as_new: bool) -> None:
        """Apply the new height of an entry; its lines from line `first` of the pane on have changed."""
        entry, start = self.entries[number], self._index.start(number)
        before = self._index.height(number)
        self._index.set_height(number, entry.lay_out(self.text_width, self.painter.palette))
        after = self._index.height(number)
        self._slices.add(entry)
        self.painter.forget(first)
        if before != after:
            self._total_changed()
            if counts_as_new and not self.following and after > before:
                self.unseen += after - before
        # Below the last entry nothing can have moved, but lines that it has lost must be painted over.
        last = start + max(before, after) if number == len(self.entries) - 1 else self._index.total
        self._log.refresh_lines(first, max(1, last - first))

    def _lay_out_slice(self, entry: Entry) -> bool:
        """Lay out the next slice of a long entry; return whether another one follows."""
        if entry not in self.entries or not entry.is_behind:
            return False
        number = self._number(entry)
        top, start, before = self.top, self._index.start(number), self._index.height(number)
        self._take_height(number, start + entry.advance(), counts_as_new=False)
        # It is above the view: what the user reads must not move.
        if not self.following and start + before <= top:
            self.scroll(top + self._index.height(number) - before)
        self._after_change(is_growing=entry.is_behind)
        return entry.is_behind

    async def complete(self, entry: Entry) -> None:
        """Wait until an entry is completely laid out."""
        number = self._number(entry)
        top, end = self.top, self._index.start(number + 1)
        if delta := self._measure(number):
            self.painter.forget()
            self._total_changed()
            if end <= top:
                self.scroll(top + delta)
        await self._slices.complete(entry)

    def _after_change(self, *, is_growing: bool = False) -> None:
        # Arriving text must not push the cursor out of the view: the next key means what is under it.
        if self.following and not self.may_begin_at(self._index.total - self.height):
            self.following = False
            self.unseen = max(1, self._index.total - self.top - self.height)
        if self.following:
            self._to_end(is_growing=is_growing)
        elif self.unseen:
            # The chip that counts new lines lies over the last line.
            self._log.refresh_lines(self.top + self.height - 1)
        self.on_change()

    def _to_end(self, *, is_growing: bool = False) -> None:
        """Scroll to the last line. In a fast stream, leave room for the next lines.

        The sidebar moves when the terminal scrolls and must be sent again each time. On a slow
        connection this scrolls rarely, by many lines, and not back when the text has ended.
        """
        self.unseen = 0
        end, y = max(0, self._index.total - self.height), self.top
        scroll_seconds = self.growth.scroll_seconds
        if (is_growing or scroll_seconds) and end <= y <= end + self._room:
            # The last stride has left enough room: nothing needs to scroll.
            return
        room = self.growth.room(self.height, scroll_seconds, scrolls=end > y) if is_growing else 0
        if room != self._room:
            self._room = room
            self._total_changed()
        if end + room != y:
            self.scroll(end + room)

    def _total_changed(self) -> None:
        """Set the virtual height. Causes no layout, because the scrollbar is always visible."""
        log = self._log
        # A plain assignment would make Textual lay out the whole screen again for each new line.
        log.set_reactive(ScrollView.virtual_size, Size(log.size.width, self._index.total + self._room))
        log.scroll_y = log.validate_scroll_y(log.scroll_y)
        self._move_thumb()

    def _move_thumb(self) -> None:
        if self._log.is_attached:
            bar = self._log.vertical_scrollbar
            move_thumb(bar, total=self._index.total, height=self.height, position=self._log.scroll_y)

    def _lay_out_again(self) -> None:
        """Lay out again after a change of width, palette or language; estimate entries outside the view."""
        if not self._log.size.width:
            return
        top = self._index.find(self.top) if 0 <= self.top < self._index.total else None
        width = self.text_width
        self.laid_out_width = width
        self._index = LineIndex()
        # Only what comes into view is laid out again; a long conversation would hold up keys.
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
        """Lay out the view until it contains no estimates; the last visible line does not move."""
        if not self._log.size.width:
            return
        if at_end or self.following:
            self._lay_out_end()
            return
        # Exact heights bring other entries into the view, which are estimates in their turn.
        for _round in range(8):
            top = self.top
            # One screen more, so that the next page down finds exact heights.
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
        """Lay out an entry unless that was done at this width; return by how much its height has changed."""
        entry = self.entries[number]
        if entry.is_measured:
            return 0
        before = self._index.height(number)
        self.growth.laid_out_early(entry)
        self._index.set_height(number, entry.lay_out(self.text_width, self.painter.palette))
        self._laid_out[entry] = None
        self._slices.add(entry)
        # Lines cost memory, and time of the garbage collector; far away the height is enough.
        if len(self._laid_out) > _MOST_LAID_OUT:
            oldest = next(iter(self._laid_out))
            del self._laid_out[oldest]
            oldest.release()
        return self._index.height(number) - before

    def scrolled(self) -> None:
        """Paint the view at its new position, and request a page if it is near the end of the loaded ones."""
        log = self._log
        log.refresh(log.size.region)
        self._move_thumb()
        at_end = self.top >= self._index.total - self.height
        # The last loaded line is not the end of the conversation while newer messages are not loaded.
        if not self.has_newer:
            self.following = at_end
        if at_end:
            self.unseen = 0
        self.lay_out()
        self._ask_for_pages()

    def _ask_for_pages(self) -> None:
        # Each line scrolled near the end would request the same page again until it arrives.
        if self._asked_page:
            return
        if self.has_older and self.top < self.height:
            self.want_page(older=True)
        elif self.has_newer and self.top + 2 * self.height > self._index.total:
            self.want_page(older=False)

    def want_page(self, *, older: bool, to_the_end: bool = False) -> None:
        """Post a `PageWanted`. Scrolling requests no other page until entries are added at that end."""
        self._asked_page = True
        self._log.post_message(PageWanted(older, to_the_end))

    def resized(self) -> None:
        """Lay out at another width, or show more or fewer lines."""
        # A terminal that only becomes lower needs no other lines.
        if self.text_width != self.laid_out_width:
            self._lay_out_again()
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

    def entries_between(self, top: int, bottom: int) -> list[tuple[int, Entry]]:
        """Return the entries of these lines, laid out, each with its first line. Does not scroll."""
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
        """Yield the entries whose height is exact, each with its first line."""
        for number, entry in enumerate(self.entries):
            if entry.is_measured:
                yield self._index.start(number), entry

    def show_entry(self, entry: Entry) -> None:
        """Scroll to an entry, two lines below the top."""
        number = self._number(entry)
        self._measure(number)
        self.following = False
        self._total_changed()
        self.scroll(max(0, self._index.start(number) - 2))
        # Entries around it had estimated heights, so it may stand elsewhere afterwards.
        self.lay_out()
        self.scroll(max(0, self._index.start(number) - 2))

    def show_start(self) -> None:
        """Scroll to the first line; follow arriving text only if all of it is visible."""
        self.following = self._index.total <= self.height
        self.scroll(0)

    def show_end(self) -> None:
        """Scroll to the last line; follow arriving text unless newer messages are not loaded."""
        self.following = not self.has_newer
        self.lay_out(at_end=True)
        self._to_end()

    def set_query(self, text: str) -> None:
        """Highlight all occurrences of this text; none if it is empty."""
        if text != self.painter.query:
            self.painter.query, self.painter.match = text, None
            self.repaint()

    def repaint(self) -> None:
        """Repaint all lines in the view."""
        self.painter.forget()
        self._log.refresh()

    def log_line(self, number: int) -> LogLine:
        """Return a line, laid out if needed. Raises IndexError outside."""
        index, place = self._index.find(number)
        entry = self.entries[index]
        if not entry.is_measured:
            self.growth.laid_out_early(entry)
            entry.lay_out(self.text_width, self.painter.palette)
        line, block, row = entry.line(place)
        self._slices.add(entry)
        return LogLine(entry, place, place == self._index.height(index) - 1, line, block, row)

    def strip(self, number: int) -> Strip:
        """Return a painted line; a blank one after the end."""
        if not 0 <= number < self._index.total:
            return self.painter.blank()
        return self.painter.strip(number, self.log_line)

    def strips(self, crop: Region) -> list[Strip]:
        """Return the part of the view inside a region of the widget."""
        top, width = self.top, self._log.size.width
        # Asked for each painting: where the cursor is seen depends on scrolling and on the focus, too.
        self.painter.set_mark(self.mark_of())
        strips = [self.strip(top + y) for y in range(crop.y, crop.bottom)]
        if self.unseen and crop.bottom >= self.height > 0:
            strips[-1] = self.painter.with_chip(strips[-1], self.unseen)
        if crop.x or crop.right < width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips
