"""The messages of a conversation as one widget: handles the updates of a turn, the keys and the mouse.

It knows nothing of the network or the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, assert_never

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.selection import Selection
from textual.strip import Strip

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    ActionRequired,
    AgentChanged,
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
    TurnUpdate,
    UsageReported,
)
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.terminal.textual_overrides import is_known_textual
from coze_tui.text.i18n import N_
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.blocks import EntryBlock, FoldBlock, FollowUpsBlock
from coze_tui.tui.log.entries import AnswerEntry, BotEntry, Entry, GreetingEntry, QuestionEntry
from coze_tui.tui.log.links import EntryLink, links_of
from coze_tui.tui.log.match_cursor import MatchCursor
from coze_tui.tui.log.painter import GUTTER, LogLine
from coze_tui.tui.log.viewport import LogViewport
from coze_tui.tui.widgets.steady_scrollbar import SteadyScrollBar

_SIDEWAYS_STEP = 8
"""Cells that one step of side-scrolling moves."""


@dataclass
class Updated(Message, bubble=False):
    """An update of the turn that an entry of the log shows.

    It does not bubble, so a flood of deltas never fills the queues of the screen and the app.
    """

    entry: AnswerEntry
    update: TurnUpdate


class MessageLog(ScrollView, can_focus=True):
    """The messages of a conversation, with a cursor. A `LogViewport` lays them out and paints them."""

    PART = N_("Log")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--chip"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor(1)", N_("next message or fold"), id="log.next", show=False),
        Binding("k,up", "cursor(-1)", N_("previous message or fold"), id="log.previous", show=False),
        Binding("g,home", "to_top", N_("to the top"), id="log.top", show=False),
        Binding("G,end", "to_end", N_("to the end"), id="log.end", show=False),
        Binding("left_square_bracket", "code(-1)", N_("previous code"), id="log.previous_code", show=False),
        Binding("right_square_bracket", "code(1)", N_("next code"), id="log.next_code", show=False),
        Binding("h,left", "scroll_sideways(-1)", N_("scroll code left"), id="log.left", show=False),
        Binding("l,right", "scroll_sideways(1)", N_("scroll code right"), id="log.right", show=False),
        Binding("enter,space", "unfold", N_("open"), id="log.unfold", tooltip=N_("open or close a fold")),
        Binding("y", "copy_message", N_("copy"), id="log.copy", tooltip=N_("copy the message")),
        Binding("Y", "copy_code", N_("copy code"), id="log.copy_code", tooltip=N_("copy the code block")),
        Binding("o", "links", N_("links"), id="log.links", tooltip=N_("list the links of the message")),
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
        super().__init__(id=id)
        self.viewport = LogViewport(self, palette, frames_per_second=frames_per_second)
        self._live: AnswerEntry | None = None
        self.matches = MatchCursor(self.viewport, lambda entry: self._choose(entry, None))

    @dataclass
    class CopyAsked(Message):
        """A key asks to copy a text."""

        text: str
        what: str
        """`message` or `code`."""

    @dataclass
    class EntryChosen(Message):
        """The cursor is on another entry, or on none."""

        entry: Entry | None

    @dataclass
    class Asked(Message):
        """A key asks for an action on an entry, by name."""

        what: str
        entry: Entry | None

    @dataclass
    class QuestionChosen(Message):
        """A click on a follow-up asks its question."""

        text: str

    @dataclass
    class LinkChosen(Message):
        """A click on a link asks to show its target, which is as the bot wrote it."""

        url: str

    @dataclass
    class LinksAsked(Message):
        """A key asks to show the links of an entry."""

        links: Sequence[EntryLink]

    @property
    def live(self) -> AnswerEntry | None:
        """The entry that grows, if one does."""
        return self._live

    @property
    def _chosen_block(self) -> EntryBlock | None:
        return self.viewport.painter.cursor_block

    @property
    def entries(self) -> list[Entry]:
        """The entries that are loaded."""
        return self.viewport.entries

    @property
    def chosen(self) -> Entry | None:
        """The entry with the cursor."""
        return self.viewport.painter.cursor

    def append(self, *entries: Entry) -> None:
        """Put entries at the end."""
        self.viewport.append(*entries)

    def show(self, entries: Sequence[Entry], *, has_older: bool = False, has_newer: bool = False) -> None:
        """Show these entries from their end."""
        self._live = None
        self.viewport.show(entries, has_older=has_older, has_newer=has_newer)

    def clear(self) -> None:
        """Show nothing."""
        self._live = None
        self.viewport.clear()

    def set_palette(self, palette: Palette) -> None:
        """Draw everything in other colors."""
        self.viewport.set_palette(palette)

    def name_bot(self, bot_id: str, name: str) -> None:
        """Show the name of a bot, which is known now, in its entries."""
        entries = [entry for entry in self.entries if isinstance(entry, BotEntry)]
        changed = [entry for entry in entries if entry.name_bot(bot_id, name)]
        if changed:
            self.viewport.repaint()

    def begin(self, entry: AnswerEntry, figures: TurnFigures) -> None:
        """Let an entry grow by the updates that are posted for it, after these figures include them."""
        entry.figures = figures
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
                    self.viewport.text_added(entry)
            case ReasoningGrew() as update:
                entry.reasoning_grew(update)
                self.viewport.text_added(entry)
            case AnswerSettled() as update:
                entry.answer_settled(update)
                self.viewport.entry_changed(entry)
            case ToolCalled() as update:
                entry.tool_called(update)
                self.viewport.text_added(entry, whole=True)
            case ToolResponded() as update:
                entry.tool_responded(update)
                self.viewport.text_added(entry, whole=True)
            case AgentChanged() as update:
                entry.agent_changed(update)
                self.viewport.text_added(entry, whole=True)
            case FollowUpOffered() as update:
                entry.follow_up(update)
                self.viewport.text_added(entry, whole=True)
            case PhaseChanged(phase=phase):
                if phase in (Phase.SENDING, Phase.RECOVERING):
                    entry.resumed()
                    self.viewport.entry_changed(entry)
            case UsageReported(usage=usage):
                entry.usage(usage.token_count)
            case TurnEnded() as update:
                entry.end(update)
                self.viewport.entry_changed(entry)
                self._live = None
            case EventNoted() | ChatIdentified() | LogidReported() | ActionRequired():
                pass  # shown beside the log
            case _:
                assert_never(message.update)

    # --- what the viewport needs of its widget ---

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if round(old_value) != round(new_value):
            self.viewport.scrolled()

    def on_resize(self) -> None:
        width = self.viewport.laid_out_width
        self.viewport.resized()
        if width != self.viewport.laid_out_width:
            self.run_worker(self.matches.mark_again(), group="match", exclusive=True)

    def on_focus(self) -> None:
        self.viewport.painter.forget()

    def on_blur(self) -> None:
        self.viewport.painter.forget()

    def notify_style_update(self) -> None:
        """Forget lines that were drawn in the old styles, by a frame in the middle of a change of theme."""
        super().notify_style_update()
        self.viewport.painter.forget_styles()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return visible lines, past Textual's styles cache: there is no border, and strips are kept here."""
        return self.viewport.strips(crop)

    def render_line(self, y: int) -> Strip:
        """Return one visible line with its offsets; Textual asks for it to learn what is under the mouse."""
        number = self.viewport.top + y
        return self.viewport.strip(number).apply_offsets(0, number)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text, and what separates it from that of other widgets."""
        return self.viewport.selected_text(selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.viewport.repaint()

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """Return the scrollbar, created on first use, as Textual does."""
        if not is_known_textual():
            return super().vertical_scrollbar
        if not isinstance(self._vertical_scrollbar, SteadyScrollBar):
            self._vertical_scrollbar = SteadyScrollBar("vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    # --- the cursor and the query ---

    def action_to_top(self) -> None:
        """Go to the first line that is loaded."""
        view = self.viewport
        view.following = False
        view.scroll(0)
        if view.has_older:
            view.want_page(older=True, to_the_end=True)
        if self.entries:
            self._choose(self.entries[0], None)

    def action_to_end(self) -> None:
        """Go to the end, and stay there while text arrives."""
        self.viewport.show_end()
        self._choose(None, None)
        if self.viewport.has_newer:
            self.viewport.want_page(older=False, to_the_end=True)

    def show_entry(self, entry: Entry) -> None:
        """Bring an entry into sight and put the cursor on it."""
        self.viewport.show_entry(entry)
        self._choose(entry, None)

    def action_cursor(self, step: int) -> None:
        """Go to the next entry or fold; in a long one, scroll first."""
        stops = self._stops()
        if not stops:
            return
        page = max(1, self.viewport.height // 2)
        top, bottom = self.viewport.top, self.viewport.top + self.viewport.height
        at = next((n for n, stop in enumerate(stops) if stop[1:] == (self.chosen, self._chosen_block)), None)
        if at is None:
            inside = [n for n, stop in enumerate(stops) if top <= stop[0] < bottom]
            target = (inside[-1] if step < 0 else inside[0]) if inside else len(stops) - 1
        else:
            target = at + step
            if not 0 <= target < len(stops):
                self.viewport.scroll(top + step * page)
                return
            line = stops[target][0]
            if line >= bottom + page or line < top - page:
                self.viewport.scroll(top + step * page)
                return
        line, entry, block = stops[target]
        self._choose(entry, block)
        if line < top + 1:
            self.viewport.scroll(max(0, line - 1))
        elif line >= bottom - 2:
            self.viewport.scroll(line - self.viewport.height + 3)

    def _stops(self) -> list[tuple[int, Entry, EntryBlock | None]]:
        """Return where the cursor can rest near the view: line, entry, block (None for the header)."""
        view = self.viewport
        stops: list[tuple[int, Entry, EntryBlock | None]] = []
        for start, entry in view.entries_between(view.top - 2 * view.height, view.top + 3 * view.height):
            if entry.bar is not None:
                stops.append((start, entry, None))
                stops += [
                    (start + entry.start_of(block), entry, block) for block in entry.blocks if block.is_stop
                ]
        return stops

    def _choose(self, entry: Entry | None, block: EntryBlock | None) -> None:
        painter = self.viewport.painter
        before = painter.cursor
        painter.cursor, painter.cursor_block = entry, block
        self.viewport.repaint()
        if entry is not before:
            self.post_message(self.EntryChosen(entry))

    def action_unfold(self) -> None:
        """Open or close the fold under the cursor; without one, all folds of the entry."""
        if isinstance(self._chosen_block, FoldBlock):
            self._toggle(self._chosen_block)
            return
        entry = self.chosen
        if isinstance(entry, AnswerEntry) and entry.outcome is Outcome.REQUIRES_ACTION:
            self.post_message(self.Asked("answer_tool", entry))
            return
        folds = [block for block in entry.blocks if isinstance(block, FoldBlock)] if entry else []
        opening = not all(fold.is_open for fold in folds)
        for fold in folds:
            if fold.is_open != opening:
                fold.toggle()
        if entry is not None and folds:
            self.viewport.entry_changed(entry, counts_as_new=False)

    def _toggle(self, fold: FoldBlock) -> None:
        entry = next((item for item in self.entries if fold in item.blocks), None)
        if entry is not None:
            fold.toggle()
            view = self.viewport
            following, view.following = view.following, False
            view.entry_changed(entry, counts_as_new=False)
            view.following = following and view.top >= view.total - view.height

    def action_ask(self, what: str) -> None:
        """Ask the screen for an action on the entry under the cursor, or the last one."""
        self.post_message(self.Asked(what, self.chosen))

    def plain_text(self) -> str:
        """All that is said in the entries, as it was written."""
        return "\n\n".join(text for entry in self.entries if (text := entry.copy_text()))

    def action_copy_message(self) -> None:
        """Copy the source of the message under the cursor, or of the last one."""
        entry = self.chosen or (self.entries[-1] if self.entries else None)
        if entry is not None:
            text = self._chosen_block.copy_text() if self._chosen_block else entry.copy_text()
            self.post_message(self.CopyAsked(text, "message"))

    def action_links(self) -> None:
        """List the links of the message under the cursor, or of the last one that has any."""
        view = self.viewport
        entries = [self.chosen] if self.chosen is not None else reversed(self.entries)
        for entry in entries:
            if links := links_of(entry, view.text_width, view.painter.palette):
                self.post_message(self.LinksAsked(links))
                return
        self.post_message(self.LinksAsked(()))

    def action_copy_code(self) -> None:
        """Copy the code block at the cursor, or the last one in sight."""
        if code := self._code_in_sight():
            self.post_message(self.CopyAsked(code, "code"))

    def _codes(self) -> list[tuple[int, int, AnswerBlock, int]]:
        """Return the code blocks of laid out entries: first line, last line, answer, number in it."""
        found = []
        for start, entry in self.viewport.laid_out():
            for block in entry.blocks:
                if isinstance(block, AnswerBlock) and block.document is not None:
                    at = start + entry.start_of(block)
                    for place, code in enumerate(block.document.code_blocks):
                        found.append((at + code.line, at + code.line + code.height - 1, block, place))
        return found

    def _code_in_sight(self) -> str:
        top, bottom = self.viewport.top, self.viewport.top + self.viewport.height
        inside = [item for item in self._codes() if item[0] < bottom and item[1] >= top]
        if self.chosen is not None:
            inside = [item for item in inside if item[2] in self.chosen.blocks] or inside
        if not inside:
            inside = self._codes()[-1:]
        if not inside:
            return ""
        _first, _last, block, place = inside[-1]
        return block.document.code_blocks[place].source if block.document is not None else ""

    def action_code(self, step: int) -> None:
        """Go to the next or previous code block."""
        lines = [first for first, *_rest in self._codes()]
        top = self.viewport.top
        if step > 0:
            target = next((line for line in lines if line > top + 1), None)
        else:
            target = next((line for line in reversed(lines) if line < top + 1), None)
        if target is not None:
            self.viewport.following = False
            self.viewport.scroll(max(0, target - 1))

    def action_scroll_sideways(self, step: int) -> None:
        """Scroll the wide code in sight sideways."""
        view, painter = self.viewport, self.viewport.painter
        widest: dict[tuple[int, int], LogLine] = {}
        for number in range(view.top, min(view.top + view.height, view.total)):
            log_line = view.log_line(number)
            if log_line.block is not None and log_line.line.scrolls and log_line.line.wide > view.text_width:
                key = (id(log_line.block), log_line.line.block)
                widest[key] = max(widest.get(key, log_line), log_line, key=lambda each: each.line.wide)
        for log_line in widest.values():
            if log_line.block is not None:
                most = log_line.line.wide - view.text_width + 1
                painter.scroll_sideways(log_line.line, log_line.block, step * _SIDEWAYS_STEP, most)
        if widest:
            view.repaint()

    def on_click(self, event: events.Click) -> None:
        view = self.viewport
        number = view.top + event.y
        if not 0 <= number < view.total:
            return
        entry, _number, _is_last, line, block, row = view.log_line(number)
        cell = event.x - GUTTER
        if view.unseen and event.y == view.height - 1:
            self.action_to_end()
        elif url := _url_at(line, cell, view.painter.shift_of(line, block)):
            self.post_message(self.LinkChosen(url))
        elif isinstance(block, FoldBlock) and row == 0:
            self._choose(entry, block)
            self._toggle(block)
        elif isinstance(block, FollowUpsBlock):
            if question := block.question_at(row, cell):
                self.post_message(self.QuestionChosen(question))
        elif isinstance(entry, QuestionEntry | AnswerEntry | GreetingEntry):
            self._choose(entry, None)


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
