"""The entries of one conversation as lines, and the view on them: its cost does not grow with their number.

It lays out what is in sight and keeps estimates for the rest. What keys and updates do with it is
`message_log`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from coze_tui.render.lines import Line, joined
from coze_tui.render.palette import Palette
from coze_tui.terminal.app import paint_now
from coze_tui.terminal.throttle import FrameBudget
from coze_tui.text.i18n import ngettext
from coze_tui.tui.log.blocks import AnswerBlock, Block, HeaderBlock, style_of
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.line_index import LineIndex
from coze_tui.tui.log.search import lit, torn_parts
from coze_tui.tui.widgets.steady_scrollbar import SteadyScrollBar

GUTTER = 3
"""Cells left of the text: a margin, the bar, a space."""
_MARGIN = 2
"""Cells right of it: one that stays blank, and the scrollbar's."""
_QUICK = 0.2
"""Seconds between two lines that come quickly."""
_STRIDE = 3
"""Lines that are scrolled at once then."""
_MOST_STRIPS = 600
_MOST_LAID_OUT = 120
"""So many entries keep their lines; of those laid out longest ago only the height is kept."""


class LogView(ScrollView):
    """All entries that are loaded, drawn as lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--chip"}

    following: var[bool] = var(True)
    """The view is at the end and stays there while text comes."""

    class OlderWanted(Message):
        """The view is near the top of what is loaded, and that is not the beginning of the conversation."""

        def __init__(self, *, first: bool = False) -> None:
            super().__init__()
            self.first = first
            """The very beginning is wanted."""

    class NewerWanted(Message):
        """The view is near the end of what is loaded, and that is not the end of the conversation."""

        def __init__(self, *, last: bool = False) -> None:
            super().__init__()
            self.last = last
            """The very end is wanted."""

    def __init__(self, palette: Palette, *, frames_per_second: int = 30, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries: list[Entry] = []
        self.has_older = False
        self.has_newer = False
        self.frame_seconds = 1 / frames_per_second
        self._palette = palette
        self._index = LineIndex()
        self._laid_out_width = 0
        self._strips: dict[int, Strip] = {}
        self._laid_out: dict[Entry, None] = {}
        """Entries that keep their lines, the oldest first."""
        self._cursor: Entry | None = None
        self._cursor_block: Block | None = None
        self._shifts: dict[tuple[int, int], int] = {}
        """How far the wide lines of a block are scrolled: (id of the block, number in its document)."""
        self._needle = ""
        self._match = 0
        """The occurrence in the entry with the cursor at which the search stands, counted from 0."""
        self._dirty: set[int] = set()
        self._dirty_whole: set[int] = set()
        """Those of the dirty ones in which more than text has come."""
        self._ahead: set[Entry] = set()
        """Entries that were laid out before their frame was due: strips made of them earlier may be old."""
        self._timer: asyncio.TimerHandle | None = None
        self._budget = FrameBudget()
        self._unseen = 0
        self._asked_page = False
        self._room = 0
        """Blank lines under the last one, for those to come."""
        self._grown_at = 0.0
        """When it last grew out of sight."""
        self._blank_strip: Strip | None = None

    @property
    def text_width(self) -> int:
        """Cells of a line of text."""
        return max(8, self.size.width - GUTTER - _MARGIN)

    @property
    def chosen(self) -> Entry | None:
        """The entry with the cursor."""
        return self._cursor

    def set_palette(self, palette: Palette) -> None:
        """Draw everything in other colours."""
        self._palette = palette
        self._blank_strip = None
        self._lay_out_anew()

    def notify_style_update(self) -> None:
        """Forget lines that were drawn in the old styles, by a frame in the middle of a change of theme."""
        super().notify_style_update()
        self._strips.clear()
        self._blank_strip = None

    def clear(self) -> None:
        """Show nothing."""
        self.entries.clear()
        self._index = LineIndex()
        self._strips.clear()
        self._laid_out.clear()
        self._shifts.clear()
        self._dirty.clear()
        self._dirty_whole.clear()
        self._ahead.clear()
        self._cursor = self._cursor_block = None
        self.has_older = self.has_newer = self._asked_page = False
        self._unseen = self._room = 0
        self.following = True
        self._total_changed()
        self.scroll_to(y=0, animate=False)
        self.refresh()

    def show(self, entries: Sequence[Entry], *, has_older: bool = False, has_newer: bool = False) -> None:
        """Show these entries from their end."""
        self.clear()
        self.has_older, self.has_newer = has_older, has_newer
        self.append(*entries)

    def append(self, *entries: Entry) -> None:
        """Put entries at the end."""
        self._index.insert(len(self.entries), [entry.height(self.text_width) for entry in entries])
        self.entries += entries
        self._settle_view()
        if self.following:
            self._to_end()
        self.refresh()

    def prepend(self, entries: Sequence[Entry], *, has_older: bool) -> None:
        """Put older entries at the top; what is in sight stays where it is."""
        self.has_older, self._asked_page = has_older, False
        heights = [entry.height(self.text_width) for entry in entries]
        self.entries[:0] = entries
        self._index.insert(0, heights)
        self._strips.clear()
        self._total_changed()
        self.scroll_to(y=self.scroll_offset.y + sum(heights), animate=False)
        self._settle_view()
        self.refresh()

    def extend(self, entries: Sequence[Entry], *, has_newer: bool) -> None:
        """Put newer entries at the end of a log that does not show the end yet."""
        self.has_newer, self._asked_page = has_newer, False
        following, self.following = self.following, False
        self.append(*entries)
        self.following = following and not has_newer

    def replace(self, old: Entry, entries: Sequence[Entry]) -> None:
        """Put other entries in the place of one."""
        number = self.entries.index(old)
        self.entries[number : number + 1] = entries
        self._index.remove(number, number + 1)
        self._index.insert(number, [entry.height(self.text_width) for entry in entries])
        self._lay_out_anew()

    def _grown(self, entry: Entry, *, whole: bool = False) -> None:
        """Text has come, or more: drawn at once while there are frames left for this moment, else a little
        later."""
        self._dirty.add(id(entry))
        if whole:
            self._dirty_whole.add(id(entry))
        loop = asyncio.get_running_loop()
        if self._budget.may_draw(loop.time(), self.frame_seconds):
            self._frame()
        elif self._timer is None:
            self._timer = loop.call_at(self._budget.latest(self.frame_seconds), self.call_next, self._frame)

    def _frame(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._dirty and self.is_attached:
            self._budget.spend(asyncio.get_running_loop().time(), self.frame_seconds)
            self.flush()
            paint_now(self, self.vertical_scrollbar)

    def _changed(self, entry: Entry, *, is_news: bool = True) -> None:
        """More than text has changed: what was drawn of it cannot be trusted."""
        self._dirty.discard(id(entry))
        self._dirty_whole.discard(id(entry))
        if entry in self.entries:
            self._lay_out(self._number(entry), whole=True, is_news=is_news)
            self._after_change()

    def flush(self) -> None:
        """Draw what has come since the last frame."""
        if not self._dirty or not self.size.width:
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
        """Its place; looked for from the end, where the live one is."""
        for number in range(len(self.entries) - 1, -1, -1):
            if self.entries[number] is entry:
                return number
        raise ValueError(entry)

    def _lay_out(self, number: int, *, whole: bool = False, is_news: bool = True) -> None:
        """Render one entry; only the lines from the first changed one on are drawn again."""
        entry = self.entries[number]
        start = self._index.start(number)
        first = start
        growing = entry.blocks[-1] if entry.blocks else None
        if entry in self._ahead:
            self._ahead.discard(entry)
        elif not whole and isinstance(growing, AnswerBlock) and growing.document is not None:
            first = start + entry.start_of(growing) + growing.grow()
        before = self._index.height(number)
        self._index.set_height(number, entry.lay_out(self.text_width, self._palette))
        after = self._index.height(number)
        self._forget_from(first)
        if before != after:
            self._total_changed()
            if is_news and not self.following and after > before:
                self._unseen += after - before
        last = start + max(before, after) if number == len(self.entries) - 1 else self._index.total
        self.refresh_lines(first, max(1, last - first))

    def _after_change(self, *, is_growing: bool = False) -> None:
        if self.following:
            self._to_end(is_growing=is_growing)
        elif self._unseen:
            self.refresh_lines(self.scroll_offset.y + self.size.height - 1)

    def _to_end(self, *, is_growing: bool = False) -> None:
        """Show the last line. One that comes soon after another leaves room for the next ones under it.

        What stands beside the log moves when the terminal scrolls, and must be sent again each time.
        """
        self._unseen = 0
        end, y = max(0, self._index.total - self.size.height), self.scroll_offset.y
        room = 0
        if is_growing:
            if end <= y <= end + self._room:
                return
            now = monotonic()
            room = _STRIDE - 1 if now - self._grown_at < _QUICK and end > y else 0
            self._grown_at = now
        if room != self._room:
            self._room = room
            self._total_changed()
        if end + room != y:
            self.scroll_to(y=end + room, animate=False)

    def _total_changed(self) -> None:
        """The text is longer or shorter: nothing is to be laid out, for the scrollbar is always there."""
        self.set_reactive(LogView.virtual_size, Size(self.size.width, self._index.total + self._room))
        self.scroll_y = self.validate_scroll_y(self.scroll_y)
        self._move_thumb()

    def _move_thumb(self) -> None:
        if self.is_attached:
            self.vertical_scrollbar.tell(
                total=self._index.total, height=self.size.height, position=self.scroll_y
            )

    @property
    def vertical_scrollbar(self) -> SteadyScrollBar:
        """The scrollbar, made when it is first asked for, as Textual does."""
        if not isinstance(self._vertical_scrollbar, SteadyScrollBar):
            self._vertical_scrollbar = SteadyScrollBar("vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    def _forget_from(self, line: int) -> None:
        if len(self._strips) > _MOST_STRIPS:
            self._strips.clear()
        for number in [number for number in self._strips if number >= line]:
            del self._strips[number]

    def _lay_out_anew(self) -> None:
        """Another width, palette or language: what is in sight is rendered again, the rest estimated."""
        if not self.size.width:
            return
        top = (
            self._index.find(self.scroll_offset.y) if 0 <= self.scroll_offset.y < self._index.total else None
        )
        width = self.text_width
        self._laid_out_width = width
        self._index = LineIndex()
        for entry in self.entries:
            entry.changed()
        self._index.insert(0, [entry.height(width) for entry in self.entries])
        self._strips.clear()
        self._total_changed()
        if self.following:
            self._settle_view(at_end=True)
            self._to_end()
        elif top is not None:
            number, place = top
            self.scroll_to(y=self._index.start(number) + place, animate=False)
            self._settle_view()
        self.refresh()

    def _settle_view(self, *, at_end: bool = False) -> None:
        """Lay out what is in sight until nothing in it is an estimate; the last seen line stays in place."""
        if not self.size.width:
            return
        if at_end or self.following:
            self._settle_end()
            return
        for _round in range(8):
            top = self.scroll_offset.y
            bottom = min(top + 2 * self.size.height, self._index.total)
            if not self._index.total or top >= self._index.total:
                return
            first, place = self._index.find(top)
            last, _ = self._index.find(max(top, bottom - 1))
            shift, changed = 0, False
            for number in range(max(0, first - 1), last + 1):
                delta = self._measure(number)
                if delta:
                    changed = True
                    if number < first or (number == first and place > self.size.height):
                        shift += delta
            if not changed:
                return
            self._strips.clear()
            self._total_changed()
            if shift:
                self.scroll_to(y=top + shift, animate=False)

    def _settle_end(self) -> None:
        room, changed = 2 * self.size.height, False
        for number in range(len(self.entries) - 1, -1, -1):
            changed |= bool(self._measure(number))
            room -= self._index.height(number)
            if room <= 0:
                break
        if changed:
            self._strips.clear()
        self._total_changed()

    def _measure(self, number: int) -> int:
        """Lay out one entry if that was not done at this width; by how much its height was wrong."""
        entry = self.entries[number]
        if entry.is_measured:
            return 0
        before = self._index.height(number)
        self._note_ahead(entry)
        self._index.set_height(number, entry.lay_out(self.text_width, self._palette))
        self._laid_out[entry] = None
        if len(self._laid_out) > _MOST_LAID_OUT:
            oldest = next(iter(self._laid_out))
            del self._laid_out[oldest]
            oldest.release()
        return self._index.height(number) - before

    def _note_ahead(self, entry: Entry) -> None:
        if id(entry) in self._dirty:
            self._ahead.add(entry)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if round(old_value) == round(new_value):
            return
        self.refresh(self.size.region)
        self._move_thumb()
        at_end = round(new_value) >= self._index.total - self.size.height
        if not self.has_newer:
            self.following = at_end
        if at_end:
            self._unseen = 0
        self._settle_view()
        self._ask_for_pages()

    def _ask_for_pages(self) -> None:
        if self._asked_page:
            return
        if self.has_older and self.scroll_offset.y < self.size.height:
            self._asked_page = True
            self.post_message(self.OlderWanted())
        elif self.has_newer and self.scroll_offset.y + 2 * self.size.height > self._index.total:
            self._asked_page = True
            self.post_message(self.NewerWanted())

    def on_resize(self, event: events.Resize) -> None:
        if self.text_width != self._laid_out_width:
            self._lay_out_anew()
        else:
            self._settle_view()
            if self.following:
                self._to_end()
            self.refresh()
        self._ask_for_pages()

    @property
    def first_in_sight(self) -> Entry | None:
        """The entry at the top of the view."""
        top = self.scroll_offset.y
        return self.entries[self._index.find(top)[0]] if 0 <= top < self._index.total else None

    def set_needle(self, text: str) -> None:
        """Light every occurrence of this text; nothing for an empty one."""
        if text != self._needle:
            self._needle = text
            self._strips.clear()
            self.refresh()

    def _line(self, number: int) -> tuple[Line, Block | None, int]:
        index, place = self._index.find(number)
        entry = self.entries[index]
        if not entry.is_measured:
            self._note_ahead(entry)
            entry.lay_out(self.text_width, self._palette)
        return entry.line(place)

    def _strip(self, number: int) -> Strip:
        if not 0 <= number < self._index.total:
            return self._blank()
        strip = self._strips.get(number)
        if strip is None:
            strip = self._strips[number] = self._drawn(number)
        return strip

    def _blank(self) -> Strip:
        """The line behind the end; the same one for all of them."""
        if self._blank_strip is None or self._blank_strip.cell_length != self.size.width:
            self._blank_strip = Strip.blank(self.size.width, self.rich_style)
        return self._blank_strip

    def _drawn(self, number: int) -> Strip:
        width, base = self.size.width, self.rich_style
        index, place = self._index.find(number)
        entry = self.entries[index]
        line, block, inner = self._line(number)
        shift = self._shifts.get((id(block), line.block), 0) if block is not None else 0
        body = line.paint(max(0, width - GUTTER - _MARGIN), shift)
        if self._needle and block is not None and not isinstance(block, HeaderBlock):
            lead = sum(len(segment.text) for segment in line.lead)
            parts = [] if shift else torn_parts(entry, place, self._needle)
            torn = [(start + lead, end + lead) for start, end in parts]
            body = lit(body, self._needle, self._palette.search_hit, torn)
        last_of_entry = place == self._index.height(index) - 1
        is_chosen = entry is self._cursor and self.has_focus and not last_of_entry
        segments = [*self._bar(entry, is_chosen, last_of_entry), *body, Segment(" " * _MARGIN)]
        ground = base
        if is_chosen and inner == 0 and block is (self._cursor_block or entry.blocks[0]):
            ground = base + self._palette.selected
        strip = Strip(Segment.apply_style(segments, ground), width)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(number)) is not None:
            strip = _with_selection(strip, span, self.screen.get_component_rich_style("screen--selection"))
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, background)
        return strip

    def _bar(self, entry: Entry, is_chosen: bool, last_of_entry: bool) -> list[Segment]:
        if entry.bar is None or last_of_entry:
            return [Segment(" " * GUTTER)]
        style = style_of(self._palette, entry.bar)
        if is_chosen:
            style += Style(bold=True)
        return [Segment(" "), Segment("▌" if is_chosen else "▎", style), Segment(" ")]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The visible lines, past Textual's styles cache: there is no border, and we keep our own strips."""
        top, width = self.scroll_offset.y, self.size.width
        strips = [self._strip(top + y) for y in range(crop.y, crop.bottom)]
        if self._unseen and crop.bottom >= self.size.height > 0:
            strips[-1] = self._with_chip(strips[-1])
        if crop.x or crop.right < width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def _with_chip(self, strip: Strip) -> Strip:
        words = ngettext("{n} new line", "{n} new lines", self._unseen).format(n=self._unseen)
        chip = Strip([Segment(f" ↓ {words} (Ctrl+End) ", self.get_component_rich_style("log--chip"))])
        room = self.size.width - chip.cell_length - 2
        if room < 0:
            return strip
        return Strip.join([strip.crop(0, room), chip, strip.crop(room + chip.cell_length, self.size.width)])

    def render_line(self, y: int) -> Strip:
        """One visible line with its offsets; Textual asks for it to learn what lies under the mouse."""
        number = self.scroll_offset.y + y
        return self._strip(number).apply_offsets(0, number)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text: wrapped lines are one again, bars and padding are left out."""
        parts = []
        for number in range(self._index.total):
            span = selection.get_span(number)
            if span is None:
                continue
            line, block, _place = self._line(number)
            shift = self._shifts.get((id(block), line.block), 0) if block is not None else 0
            strip = self._strip(number)
            start = cell_of(strip, span[0]) - GUTTER
            end = None if span[1] == -1 else cell_of(strip, span[1]) - GUTTER
            parts.append((line, line.copied(start, end, shift)))
        return joined(parts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()


def _with_selection(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    start = cell_of(strip, span[0])
    end = strip.cell_length if span[1] == -1 else cell_of(strip, span[1])
    start = max(start, GUTTER)
    if end <= start:
        return strip
    middle = strip.crop(start, end).apply_style(Style.null())
    lit_up = Strip(
        [Segment(text, (old or Style.null()) + style) for text, old, _ in middle], middle.cell_length
    )
    return Strip.join([strip.crop(0, start), lit_up, strip.crop(end, strip.cell_length)])


def cell_of(strip: Strip, offset: int) -> int:
    """The cell at which the character with this offset stands."""
    text = strip.text[:offset]
    return len(text) if text.isascii() else Segment(text).cell_length
