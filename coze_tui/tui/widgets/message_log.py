"""The conversation as one widget that draws lines: its cost does not grow with its length.

It lays out what is in sight and keeps estimates for the rest; it knows nothing of the network or the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from coze_tui.engine.updates import Phase
from coze_tui.i18n import N_, ngettext
from coze_tui.tui import messages as posted
from coze_tui.tui.log.blocks import AnswerBlock, Block, FoldBlock, FollowUpsBlock, HeaderBlock, style_of
from coze_tui.tui.log.entries import BotEntry, Entry, GreetingEntry, UserEntry
from coze_tui.tui.log.highlights import lit
from coze_tui.tui.log.line_index import LineIndex
from coze_tui.tui.log.matches import match_lines, open_folds, torn_parts
from coze_tui.tui.render.lines import Line, joined
from coze_tui.tui.render.palette import Palette

_GUTTER = 3
"""Cells left of the text: a margin, the bar, a space."""
_MARGIN = 2
"""Cells right of it: one that stays blank, and the scrollbar's."""
_MOST_STRIPS = 600
_ASIDE = 8
"""Cells that one step of side-scrolling moves."""
_KEPT_LAID_OUT = 60
"""Entries far from the view keep their lines only up to this number of them."""


class MessageLog(ScrollView, can_focus=True):
    """All entries of one conversation that are loaded, and the view on them."""

    PART = N_("Log")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor(1)", N_("next message or fold"), id="log.next", show=False),
        Binding("k,up", "cursor(-1)", N_("previous message or fold"), id="log.previous", show=False),
        Binding("g,home", "to_top", N_("to the top"), id="log.top", show=False),
        Binding("G,end", "to_end", N_("to the end"), id="log.end", show=False),
        Binding("left_square_bracket", "code(-1)", N_("previous code"), id="log.previous_code", show=False),
        Binding("right_square_bracket", "code(1)", N_("next code"), id="log.next_code", show=False),
        Binding("h,left", "aside(-1)", N_("scroll code left"), id="log.left", show=False),
        Binding("l,right", "aside(1)", N_("scroll code right"), id="log.right", show=False),
        Binding("enter,space", "unfold", N_("open"), id="log.unfold", tooltip=N_("open or close a fold")),
        Binding("y", "copy_message", N_("copy"), id="log.copy", tooltip=N_("copy the message")),
        Binding("Y", "copy_code", N_("copy code"), id="log.copy_code", tooltip=N_("copy the code block")),
        Binding("i", "ask('copy_ids')", N_("copy ids"), id="log.copy_ids", show=False),
        Binding("r", "ask('recover')", N_("recover"), id="log.recover", show=False),
        Binding("R", "ask('regenerate')", N_("ask again"), id="log.regenerate"),
        Binding("e", "ask('edit')", N_("edit and resend"), id="log.edit"),
        Binding("f", "ask('fork')", N_("fork"), id="log.fork", show=False),
        Binding("p", "ask('plain_view')", N_("plain view"), id="log.plain_view", show=False),
        Binding("slash", "ask('find')", N_("find"), id="log.find", show=False),
        Binding("n", "ask('find_next')", N_("next match"), id="log.find_next", show=False),
        Binding("N", "ask('find_previous')", N_("previous match"), id="log.find_previous", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--selected", "log--chip"}

    following: var[bool] = var(True)
    """The view is at the end and stays there while text comes."""

    class CopyAsked(Message):
        """Something is to be copied."""

        def __init__(self, text: str, what: str) -> None:
            super().__init__()
            self.text = text
            self.what = what
            """`message` or `code`."""

    class EntryChosen(Message):
        """The cursor rests on another entry; None when it has left them."""

        def __init__(self, entry: Entry | None) -> None:
            super().__init__()
            self.entry = entry

    class Asked(Message):
        """A key asks for something to be done about an entry, by name."""

        def __init__(self, what: str, entry: Entry | None) -> None:
            super().__init__()
            self.what = what
            self.entry = entry

    class QuestionChosen(Message):
        """A suggested question was clicked."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class LinkChosen(Message):
        """A link was clicked; its address is as the bot wrote it."""

        def __init__(self, url: str) -> None:
            super().__init__()
            self.url = url

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
        self._live: BotEntry | None = None
        self._cursor: Entry | None = None
        self._cursor_block: Block | None = None
        self._shifts: dict[tuple[int, int], int] = {}
        """How far the wide lines of a block are scrolled: (id of the block, number in its document)."""
        self._needle = ""
        self._match = 0
        """The line of the entry with the cursor at which the search stands."""
        self._dirty: set[int] = set()
        self._timer: Timer | None = None
        self._unseen = 0
        self._asked_page = False

    # --- filled ---

    @property
    def text_width(self) -> int:
        """Cells of a line of text."""
        return max(8, self.size.width - _GUTTER - _MARGIN)

    @property
    def live(self) -> BotEntry | None:
        """The entry that grows, if one does."""
        return self._live

    @property
    def chosen(self) -> Entry | None:
        """The entry with the cursor."""
        return self._cursor

    def set_palette(self, palette: Palette) -> None:
        """Draw everything in other colours."""
        self._palette = palette
        self._lay_out_anew()

    def clear(self) -> None:
        """Show nothing."""
        self.entries.clear()
        self._index = LineIndex()
        self._strips.clear()
        self._shifts.clear()
        self._dirty.clear()
        self._live = self._cursor = self._cursor_block = None
        self.has_older = self.has_newer = self._asked_page = False
        self._unseen = 0
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

    def begin(self, entry: BotEntry) -> None:
        """This entry grows from now on by the posted updates."""
        if entry not in self.entries:
            self.append(entry)
        self._live = entry

    # --- updates of the live turn ---

    def on_reasoning_grew(self, message: posted.ReasoningGrew) -> None:
        if self._live is not None:
            self._live.reasoning_grew(message.update)
            self._grown(self._live)

    def on_answer_grew(self, message: posted.AnswerGrew) -> None:
        if self._live is not None and self._live.answer_grew(message.update) is not None:
            self._grown(self._live)

    def on_answer_settled(self, message: posted.AnswerSettled) -> None:
        if self._live is not None:
            self._live.answer_settled(message.update)
            self._changed(self._live)

    def on_tool_called(self, message: posted.ToolCalled) -> None:
        if self._live is not None:
            self._live.tool_called(message.update)
            self._changed(self._live)

    def on_tool_responded(self, message: posted.ToolResponded) -> None:
        if self._live is not None:
            self._live.tool_responded(message.update)
            self._changed(self._live)

    def on_follow_up_offered(self, message: posted.FollowUpOffered) -> None:
        if self._live is not None:
            self._live.follow_up(message.update)
            self._changed(self._live)

    def on_phase_changed(self, message: posted.PhaseChanged) -> None:
        if self._live is not None and message.update.phase in (Phase.SENDING, Phase.RECOVERING):
            self._live.resumed()
            self._changed(self._live)

    def on_usage_reported(self, message: posted.UsageReported) -> None:
        if self._live is not None:
            self._live.usage(message.update.usage.token_count)

    def on_turn_ended(self, message: posted.TurnEnded) -> None:
        if self._live is not None:
            self._live.end(message.update)
            self._changed(self._live)
            self._live = None

    # --- drawing what has changed ---

    def _grown(self, entry: Entry) -> None:
        """Text has come: drawn with the next frame, the first one after a pause at once."""
        self._dirty.add(id(entry))
        if self._timer is None:
            self.flush()
            self._timer = self.set_timer(self.frame_seconds, self._frame)

    def _frame(self) -> None:
        self._timer = None
        if self._dirty:
            self.flush()
            self._timer = self.set_timer(self.frame_seconds, self._frame)

    def _changed(self, entry: Entry, *, is_news: bool = True) -> None:
        """More than text has changed: what was drawn of it cannot be trusted."""
        self._dirty.discard(id(entry))
        if entry in self.entries:
            self._lay_out(self._number(entry), whole=True, is_news=is_news)
            self._after_change()

    def flush(self) -> None:
        """Draw what has come since the last frame."""
        if not self._dirty or not self.size.width:
            return
        dirty, self._dirty = self._dirty, set()
        for number in range(len(self.entries) - 1, -1, -1):
            if id(self.entries[number]) in dirty:
                dirty.discard(id(self.entries[number]))
                self._lay_out(number)
                if not dirty:
                    break
        self._after_change()

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
        if not whole and isinstance(growing, AnswerBlock) and growing.document is not None:
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

    def _after_change(self) -> None:
        if self.following:
            self._to_end()
        elif self._unseen:
            self.refresh_lines(self.scroll_offset.y + self.size.height - 1)

    def _to_end(self) -> None:
        self._unseen = 0
        end = max(0, self._index.total - self.size.height)
        if end != self.scroll_offset.y:
            self.scroll_to(y=end, animate=False)

    def _total_changed(self) -> None:
        self.virtual_size = Size(self.size.width, self._index.total)

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
        self._index.set_height(number, entry.lay_out(self.text_width, self._palette))
        return self._index.height(number) - before

    # --- scrolling ---

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) == round(new_value):
            return
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

    def action_to_top(self) -> None:
        """Go to the first line that is loaded."""
        self.following = False
        self.scroll_to(y=0, animate=False)
        if self.has_older:
            self._asked_page = True
            self.post_message(self.OlderWanted(first=True))
        if self.entries:
            self._choose(self.entries[0], None)

    def action_to_end(self) -> None:
        """Go to the end, and stay there while text comes."""
        self.following = not self.has_newer
        self._settle_view(at_end=True)
        self._to_end()
        self._choose(None, None)
        if self.has_newer:
            self._asked_page = True
            self.post_message(self.NewerWanted(last=True))

    def show_entry(self, entry: Entry) -> None:
        """Bring an entry into sight and put the cursor on it."""
        number = self._number(entry)
        self._measure(number)
        self.following = False
        self._total_changed()
        top = max(0, self._index.start(number) - 2)
        self.scroll_to(y=top, animate=False)
        self._settle_view()
        self.scroll_to(y=max(0, self._index.start(number) - 2), animate=False)
        self._choose(entry, None)

    def show_match(self, entry: Entry, needle: str, *, last: bool = False) -> None:
        """Put the cursor on an entry and bring the first or last line with a text into sight.

        Folds that hold it open.
        """
        if open_folds(entry, needle):
            self._changed(entry, is_news=False)
        lines = match_lines(entry, needle, self.text_width, self._palette)
        self.show_entry(entry)
        self._show_line((lines[-1] if last else lines[0]) if lines else 0)

    def next_match(self, needle: str, step: int) -> bool:
        """Go on to another line with the text in the entry with the cursor; False if there is none."""
        entry = self._cursor
        if entry is None:
            return False
        lines = match_lines(entry, needle, self.text_width, self._palette)
        if step > 0:
            target = next((line for line in lines if line > self._match), None)
        else:
            target = next((line for line in reversed(lines) if line < self._match), None)
        if target is None:
            return False
        self._show_line(target)
        return True

    def _show_line(self, line: int) -> None:
        """Bring a line of the entry with the cursor into sight."""
        assert self._cursor is not None
        self._match = line
        at = self._index.start(self._number(self._cursor)) + line
        if not self.scroll_offset.y <= at < self.scroll_offset.y + self.size.height - 2:
            self.following = False
            self.scroll_to(y=max(0, at - self.size.height // 3), animate=False)
            self._settle_view()

    @property
    def first_in_sight(self) -> Entry | None:
        """The entry at the top of the view."""
        top = self.scroll_offset.y
        return self.entries[self._index.find(top)[0]] if 0 <= top < self._index.total else None

    # --- the cursor ---

    def action_cursor(self, step: int) -> None:
        """Go to the next entry or fold; in a long one, scroll first."""
        stops = self._stops()
        if not stops:
            return
        page = max(1, self.size.height // 2)
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        at = next((n for n, stop in enumerate(stops) if stop[1:] == (self._cursor, self._cursor_block)), None)
        if at is None:
            inside = [n for n, stop in enumerate(stops) if top <= stop[0] < bottom]
            target = (inside[-1] if step < 0 else inside[0]) if inside else len(stops) - 1
        else:
            target = at + step
            if not 0 <= target < len(stops):
                self.scroll_to(y=top + step * page, animate=False)
                return
            line = stops[target][0]
            if line >= bottom + page or line < top - page:
                self.scroll_to(y=top + step * page, animate=False)
                return
        line, entry, block = stops[target]
        self._choose(entry, block)
        if line < top + 1:
            self.scroll_to(y=max(0, line - 1), animate=False)
        elif line >= bottom - 2:
            self.scroll_to(y=line - self.size.height + 3, animate=False)

    def _stops(self) -> list[tuple[int, Entry, Block | None]]:
        """Where the cursor can rest near the view: line, entry, block (None for the header)."""
        if not self._index.total:
            return []
        top = max(0, self.scroll_offset.y - 2 * self.size.height)
        bottom = min(self._index.total - 1, self.scroll_offset.y + 3 * self.size.height)
        first, last = self._index.find(min(top, bottom))[0], self._index.find(bottom)[0]
        stops: list[tuple[int, Entry, Block | None]] = []
        for number in range(first, last + 1):
            entry, start = self.entries[number], self._index.start(number)
            if entry.bar is None:
                continue
            self._measure(number)
            stops.append((start, entry, None))
            stops += [
                (start + entry.start_of(block), entry, block) for block in entry.blocks if block.is_stop
            ]
        return stops

    def _choose(self, entry: Entry | None, block: Block | None) -> None:
        before = self._cursor
        self._cursor, self._cursor_block = entry, block
        self._strips.clear()
        self.refresh()
        if entry is not before:
            self.post_message(self.EntryChosen(entry))

    def action_unfold(self) -> None:
        """Open or close the fold under the cursor; without one, all folds of the entry."""
        if isinstance(self._cursor_block, FoldBlock):
            self._toggle(self._cursor_block)
            return
        entry = self._cursor
        if isinstance(entry, BotEntry) and entry.outcome is Phase.REQUIRES_ACTION:
            self.post_message(self.Asked("answer_tool", entry))
            return
        folds = [block for block in entry.blocks if isinstance(block, FoldBlock)] if entry else []
        opening = not all(fold.is_open for fold in folds)
        for fold in folds:
            if fold.is_open != opening:
                fold.toggle()
        if entry is not None and folds:
            self._changed(entry, is_news=False)

    def _toggle(self, fold: FoldBlock) -> None:
        entry = next((item for item in self.entries if fold in item.blocks), None)
        if entry is not None:
            fold.toggle()
            following, self.following = self.following, False
            self._changed(entry, is_news=False)
            self.following = following and self.scroll_offset.y >= self._index.total - self.size.height

    def action_ask(self, what: str) -> None:
        """Hand a wish about the entry under the cursor, or the last one, to the screen."""
        self.post_message(self.Asked(what, self._cursor))

    def action_copy_message(self) -> None:
        """Copy the source of the message under the cursor, or of the last one."""
        entry = self._cursor or self._last(Entry)
        if entry is not None:
            text = self._cursor_block.copy_text() if self._cursor_block else entry.copy_text()
            self.post_message(self.CopyAsked(text, "message"))

    def action_copy_code(self) -> None:
        """Copy the code block at the cursor, or the last one in sight."""
        if code := self._code_in_sight():
            self.post_message(self.CopyAsked(code, "code"))

    def _last(self, kind: type[Entry]) -> Entry | None:
        return next((entry for entry in reversed(self.entries) if isinstance(entry, kind)), None)

    # --- code blocks ---

    def _codes(self) -> list[tuple[int, int, AnswerBlock, int]]:
        """The code blocks of laid out entries: first line, last line, answer, number in it."""
        found = []
        for number, entry in enumerate(self.entries):
            if not entry.is_measured:
                continue
            start = self._index.start(number)
            for block in entry.blocks:
                if isinstance(block, AnswerBlock) and block.document is not None:
                    at = start + entry.start_of(block)
                    for place, code in enumerate(block.document.code_blocks):
                        found.append((at + code.line, at + code.line + code.height - 1, block, place))
        return found

    def _code_in_sight(self) -> str:
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        inside = [item for item in self._codes() if item[0] < bottom and item[1] >= top]
        if self._cursor is not None:
            inside = [item for item in inside if item[2] in self._cursor.blocks] or inside
        if not inside:
            inside = self._codes()[-1:]
        if not inside:
            return ""
        _first, _last, block, place = inside[-1]
        return block.document.code_blocks[place].source if block.document is not None else ""

    def action_code(self, step: int) -> None:
        """Go to the next or previous code block."""
        lines = [first for first, *_rest in self._codes()]
        top = self.scroll_offset.y
        if step > 0:
            target = next((line for line in lines if line > top + 1), None)
        else:
            target = next((line for line in reversed(lines) if line < top + 1), None)
        if target is not None:
            self.following = False
            self.scroll_to(y=max(0, target - 1), animate=False)

    def action_aside(self, step: int) -> None:
        """Scroll the wide code and tables in sight sideways."""
        top = self.scroll_offset.y
        widest: dict[tuple[int, int], int] = {}
        for number in range(top, min(top + self.size.height, self._index.total)):
            line, block, _place = self._line(number)
            if block is not None and line.scrolls and line.wide > self.text_width:
                key = (id(block), line.block)
                widest[key] = max(widest.get(key, 0), line.wide - self.text_width)
        for key, most in widest.items():
            self._shifts[key] = max(0, min(most + 1, self._shifts.get(key, 0) + step * _ASIDE))
        if widest:
            self._strips.clear()
            self.refresh()

    # --- searching ---

    def set_needle(self, text: str) -> None:
        """Light every occurrence of this text; nothing for an empty one."""
        if text != self._needle:
            self._needle = text
            self._strips.clear()
            self.refresh()

    # --- drawing ---

    def _line(self, number: int) -> tuple[Line, Block | None, int]:
        index, place = self._index.find(number)
        entry = self.entries[index]
        if not entry.is_measured:
            entry.lay_out(self.text_width, self._palette)
        return entry.line(place)

    def _strip(self, number: int) -> Strip:
        if not 0 <= number < self._index.total:
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips.get(number)
        if strip is None:
            strip = self._strips[number] = self._drawn(number)
        return strip

    def _drawn(self, number: int) -> Strip:
        width, base = self.size.width, self.rich_style
        index, place = self._index.find(number)
        entry = self.entries[index]
        line, block, inner = self._line(number)
        shift = self._shifts.get((id(block), line.block), 0) if block is not None else 0
        body = line.paint(max(0, width - _GUTTER - _MARGIN), shift)
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
            return [Segment(" " * _GUTTER)]
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

    # --- selecting and clicking ---

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
            start = _cell_of(strip, span[0]) - _GUTTER
            end = None if span[1] == -1 else _cell_of(strip, span[1]) - _GUTTER
            parts.append((line, line.copied(start, end, shift)))
        return joined(parts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        number = self.scroll_offset.y + event.y
        if not 0 <= number < self._index.total:
            return
        entry = self.entries[self._index.find(number)[0]]
        line, block, place = self._line(number)
        if self._unseen and event.y == self.size.height - 1:
            self.action_to_end()
        elif url := _url_at(line, event.x - _GUTTER, self._shifts.get((id(block), line.block), 0)):
            self.post_message(self.LinkChosen(url))
        elif isinstance(block, FoldBlock) and place == 0:
            self._choose(entry, block)
            self._toggle(block)
        elif isinstance(block, FollowUpsBlock):
            if question := block.question_at(place, event.x - _GUTTER):
                self.post_message(self.QuestionChosen(question))
        elif isinstance(entry, UserEntry | BotEntry | GreetingEntry):
            self._choose(entry, None)

    def on_focus(self) -> None:
        self._strips.clear()

    def on_blur(self) -> None:
        self._strips.clear()


def _with_selection(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    start = _cell_of(strip, span[0])
    end = strip.cell_length if span[1] == -1 else _cell_of(strip, span[1])
    start = max(start, _GUTTER)
    if end <= start:
        return strip
    middle = strip.crop(start, end).apply_style(Style.null())
    lit_up = Strip(
        [Segment(text, (old or Style.null()) + style) for text, old, _ in middle], middle.cell_length
    )
    return Strip.join([strip.crop(0, start), lit_up, strip.crop(end, strip.cell_length)])


def _cell_of(strip: Strip, offset: int) -> int:
    """The cell at which the character with this offset stands."""
    text = strip.text[:offset]
    return len(text) if text.isascii() else Segment(text).cell_length


def _url_at(line: Line, cell: int, shift: int) -> str:
    """The address of the link drawn at a cell, or nothing."""
    at = line.lead_width - (shift if line.scrolls else 0)
    for segment in line.body:
        end = at + segment.cell_length
        if at <= cell < end and segment.style is not None:
            url = segment.style.meta.get("url", "")
            return url if isinstance(url, str) else ""
        at = end
    return ""
