"""The conversation as one widget: what a turn's updates, the keys and the mouse do with its entries.

It knows nothing of the network or the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, assert_never

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    ActionRequired,
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    FollowUpOffered,
    LogidReported,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    UsageReported,
)
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.i18n import N_
from coze_tui.tui.log.blocks import AnswerBlock, Block, FoldBlock, FollowUpsBlock
from coze_tui.tui.log.entries import BotEntry, Entry, GreetingEntry, UserEntry
from coze_tui.tui.log.search import match_lines, open_folds
from coze_tui.tui.log.viewport import GUTTER, LogView
from coze_tui.tui.messages import Updated

_ASIDE = 8
"""Cells that one step of side-scrolling moves."""


class MessageLog(LogView, can_focus=True):
    """The log of a conversation, with a cursor in it."""

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

    def __init__(self, palette: Palette, *, frames_per_second: int = 30, id: str | None = None) -> None:
        super().__init__(palette, frames_per_second=frames_per_second, id=id)
        self._live: BotEntry | None = None
        self.matches = 0
        """Occurrences of the searched text in the entry where one was shown last."""

    def clear(self) -> None:
        """Show nothing."""
        self._live = None
        super().clear()

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

    @property
    def live(self) -> BotEntry | None:
        """The entry that grows, if one does."""
        return self._live

    def begin(self, entry: BotEntry) -> None:
        """This entry grows from now on by the posted updates."""
        if entry not in self.entries:
            self.append(entry)
        self._live = entry

    def on_updated(self, message: Updated) -> None:
        """Show an update of the entry that grows; those of a turn that was left are late."""
        entry = message.entry
        if entry is not self._live:
            return
        match message.update:
            case AnswerGrew() as update:
                if entry.answer_grew(update) is not None:
                    self._grown(entry)
            case ReasoningGrew() as update:
                entry.reasoning_grew(update)
                self._grown(entry)
            case AnswerSettled() as update:
                entry.answer_settled(update)
                self._changed(entry)
            case ToolCalled() as update:
                entry.tool_called(update)
                self._grown(entry, whole=True)
            case ToolResponded() as update:
                entry.tool_responded(update)
                self._grown(entry, whole=True)
            case FollowUpOffered() as update:
                entry.follow_up(update)
                self._grown(entry, whole=True)
            case PhaseChanged(phase=phase):
                if phase in (Phase.SENDING, Phase.RECOVERING):
                    entry.resumed()
                    self._changed(entry)
            case UsageReported(usage=usage):
                entry.usage(usage.token_count)
            case TurnEnded() as update:
                entry.end(update)
                self._changed(entry)
                self._live = None
            case EventNoted() | ChatIdentified() | LogidReported() | ActionRequired():
                pass  # shown beside the log
            case _:
                assert_never(message.update)

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

    def show_match(self, entry: Entry, query: str, *, last: bool = False) -> None:
        """Put the cursor on an entry and bring the first or last occurrence of a text into sight.

        Folds that hold it open.
        """
        if open_folds(entry, query):
            self._changed(entry, is_news=False)
        lines = match_lines(entry, query, self.text_width, self._palette)
        self.show_entry(entry)
        self.matches = len(lines)
        self._show_match(lines or [0], max(0, len(lines) - 1) if last else 0)

    @property
    def match(self) -> int:
        """Which occurrence of its entry was shown last, counted from 1."""
        return self._match + 1

    def next_match(self, query: str, step: int) -> bool:
        """Go on to another occurrence of the text in the entry with the cursor; False if there is none."""
        entry = self._cursor
        if entry is None:
            return False
        lines = match_lines(entry, query, self.text_width, self._palette)
        self.matches = len(lines)
        if not 0 <= self._match + step < len(lines):
            return False
        self._show_match(lines, self._match + step)
        return True

    def _show_match(self, lines: Sequence[int], number: int) -> None:
        """Bring an occurrence in the entry with the cursor into sight, given the lines of all of them."""
        assert self._cursor is not None
        self._match = number
        at = self._index.start(self._number(self._cursor)) + lines[number]
        if not self.scroll_offset.y <= at < self.scroll_offset.y + self.size.height - 2:
            self.following = False
            self.scroll_to(y=max(0, at - self.size.height // 3), animate=False)
            self._settle_view()

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
        if isinstance(entry, BotEntry) and entry.outcome is Outcome.REQUIRES_ACTION:
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

    def plain_text(self) -> str:
        """All that is said in the entries, as it was written."""
        return "\n\n".join(text for entry in self.entries if (text := entry.copy_text()))

    def action_copy_message(self) -> None:
        """Copy the source of the message under the cursor, or of the last one."""
        entry = self._cursor or (self.entries[-1] if self.entries else None)
        if entry is not None:
            text = self._cursor_block.copy_text() if self._cursor_block else entry.copy_text()
            self.post_message(self.CopyAsked(text, "message"))

    def action_copy_code(self) -> None:
        """Copy the code block at the cursor, or the last one in sight."""
        if code := self._code_in_sight():
            self.post_message(self.CopyAsked(code, "code"))

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

    def on_click(self, event: events.Click) -> None:
        number = self.scroll_offset.y + event.y
        if not 0 <= number < self._index.total:
            return
        entry = self.entries[self._index.find(number)[0]]
        line, block, place = self._line(number)
        if self._unseen and event.y == self.size.height - 1:
            self.action_to_end()
        elif url := _url_at(line, event.x - GUTTER, self._shifts.get((id(block), line.block), 0)):
            self.post_message(self.LinkChosen(url))
        elif isinstance(block, FoldBlock) and place == 0:
            self._choose(entry, block)
            self._toggle(block)
        elif isinstance(block, FollowUpsBlock):
            if question := block.question_at(place, event.x - GUTTER):
                self.post_message(self.QuestionChosen(question))
        elif isinstance(entry, UserEntry | BotEntry | GreetingEntry):
            self._choose(entry, None)

    def on_focus(self) -> None:
        self._strips.clear()

    def on_blur(self) -> None:
        self._strips.clear()


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
