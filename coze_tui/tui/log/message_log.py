"""The message pane as a widget: handles the updates of a turn, the keys and the mouse.

It depends on neither the network nor the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.key_names import bindings_of, key_for
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.blocks import EntryBlock, FoldBlock
from coze_tui.tui.log.cursor import LogCursor, Stop, codes_of
from coze_tui.tui.log.entries import BotEntry, Entry, GreetingEntry, QuestionEntry
from coze_tui.tui.log.follow_ups import FollowUpsBlock
from coze_tui.tui.log.links import EntryLink, links_of
from coze_tui.tui.log.match_cursor import MatchCursor
from coze_tui.tui.log.painter import GUTTER, LogLine
from coze_tui.tui.log.selecting import LogSelector
from coze_tui.tui.log.viewport import LogViewport
from coze_tui.tui.widgets.steady_scrollbar import SteadyScrollBar

_SIDEWAYS_STEP = 8
"""Cells per step of sideways scrolling."""

_IN_SELECTION = {
    "cursor(1)": N_("extend"),
    "select": N_("from here"),
    "copy_message": N_("copy"),
    "leave_selection": N_("stop selecting"),
}
"""The footer's labels, by action, while the user selects text by keys."""


@dataclass
class Updated(Message, bubble=False):
    """An update of the turn for an entry of the pane.

    It does not bubble, so a flood of deltas never fills the queues of the screen and the app.
    """

    entry: AnswerEntry
    update: TurnUpdate


class MessageLog(ScrollView, can_focus=True):
    """The messages of a conversation with a cursor. A `LogViewport` lays them out and paints them."""

    PART = N_("Messages")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--chip"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "j,down",
            "cursor(1)",
            N_("choose"),
            id="log.next",
            key_display="↑↓",
            tooltip=N_("next message or folded part"),
        ),
        Binding("k,up", "cursor(-1)", N_("previous message or folded part"), id="log.previous", show=False),
        Binding("g,home", "to_top", N_("to the top"), id="log.top", show=False),
        Binding("G,end", "to_end", N_("to the end"), id="log.end", show=False),
        Binding("left_square_bracket", "code(-1)", N_("previous code"), id="log.previous_code", show=False),
        Binding("right_square_bracket", "code(1)", N_("next code"), id="log.next_code", show=False),
        Binding("h,left", "scroll_sideways(-1)", N_("scroll code left"), id="log.left", show=False),
        Binding("l,right", "scroll_sideways(1)", N_("scroll code right"), id="log.right", show=False),
        Binding("enter,space", "unfold", N_("open"), id="log.unfold", tooltip=N_("fold or unfold")),
        Binding("y", "copy_message", N_("copy"), id="log.copy", tooltip=N_("copy the message")),
        Binding(
            "v", "select", N_("select"), id="log.select", tooltip=N_("select a part of the text by keys")
        ),
        Binding("escape", "leave_selection", N_("stop selecting"), id="log.leave_selection", show=False),
        Binding("Y", "copy_code", N_("copy code"), id="log.copy_code", show=False),
        Binding(
            "o", "links", N_("links"), id="log.links", tooltip=N_("list the links of the message"), show=False
        ),
        Binding("i", "ask('copy_ids')", N_("copy IDs"), id="log.copy_ids", show=False),
        Binding("r", "ask('recover')", N_("recover"), id="log.recover", show=False),
        Binding("R", "ask('regenerate')", N_("retry"), id="log.regenerate", tooltip=N_("ask again")),
        Binding("e", "ask('edit')", N_("edit"), id="log.edit", tooltip=N_("edit and resend")),
        Binding("f", "ask('fork')", N_("fork"), id="log.fork"),
        Binding("p", "ask('plain_view')", N_("plain text"), id="log.plain_view", show=False),
        Binding("slash", "ask('find')", N_("find"), id="log.find", show=False),
        Binding("n", "ask('find_next')", N_("next match"), id="log.find_next", show=False),
        Binding("N", "ask('find_previous')", N_("previous match"), id="log.find_previous", show=False),
    ]

    def __init__(self, palette: Palette, *, max_fps: int = 30, id: str | None = None) -> None:
        super().__init__(id=id)
        self.viewport = LogViewport(self, palette, max_fps=max_fps)
        self.cursor = LogCursor(self, self.viewport, self._cursor_moved, self._code_label)
        self.selector = LogSelector(self, self.viewport, self._selecting_changed)
        self._live: AnswerEntry | None = None
        self._offering: Entry | None = None
        """The entry whose follow-ups can be chosen by digits."""
        self.matches = MatchCursor(self.viewport, self.cursor.choose)

    @dataclass
    class CopyAsked(Message):
        """A request to copy a text."""

        text: str
        what: str
        """`message`, `code` or `selection`."""
        place: tuple[int, int, str] = (1, 1, "")
        """For code: its index in the message, from 1, the number of code blocks, and its language."""

    @dataclass
    class NoCode(Message):
        """A key for code was pressed, but no code was found."""

        has_some: bool
        """Whether the loaded messages contain any code."""
        step: int = 0
        """1 for the next code block, -1 for the previous one, 0 for the one under the cursor."""

    @dataclass
    class EntryChosen(Message):
        """The cursor has moved to another entry, or to none."""

        entry: Entry | None

    @dataclass
    class Asked(Message):
        """A request for a named action on an entry."""

        what: str
        entry: Entry | None

    @dataclass
    class QuestionChosen(Message):
        """A click on a follow-up, to ask its question."""

        text: str

    @dataclass
    class LinkChosen(Message):
        """A click on a link, to show its target as the bot wrote it."""

        url: str

    @dataclass
    class LinksAsked(Message):
        """A request to show the links of an entry."""

        links: Sequence[EntryLink]

    # --- selecting by keys ---

    def on_key(self, key: events.Key) -> None:
        """Move the end of the selection while the user selects text by keys."""
        if not self.selector.is_on:
            return
        character = key.character if key.is_printable else None
        bound = bindings_of(self, self.screen).key_to_bindings.get(key.key, ())
        actions = {binding.action for binding in bound}
        if "leave_selection" in actions:  # Textual's screen would clear the selection and pass the key on
            self.selector.leave()
        elif not self.selector.press(character or key.key) and not (
            character and actions.isdisjoint(_IN_SELECTION)
        ):
            return  # other letters do nothing in this mode
        key.stop()
        key.prevent_default()

    def action_select(self) -> None:
        """Select from the message under the cursor on; if repeated, from the caret on."""
        if self.selector.is_on:
            self.selector.restart()
            return
        if not self.cursor.is_in_view:
            self.cursor.start()
        if self.cursor.stop is not None:
            has_head = self.cursor.stop.block is None and self.cursor.row == self.cursor.rows().start
            self.selector.start(self.cursor.row + has_head)

    def action_leave_selection(self) -> None:
        """Clear the selection."""
        self.selector.leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable Esc only for a selection that was made by keys."""
        return self.selector.is_on if action == "leave_selection" else True

    def _selecting_changed(self) -> None:
        self.screen.refresh_bindings()

    @property
    def live(self) -> AnswerEntry | None:
        """Return the growing entry, or None."""
        return self._live

    @property
    def entries(self) -> list[Entry]:
        """Return the loaded entries."""
        return self.viewport.entries

    @property
    def chosen(self) -> Entry | None:
        """Return the entry under the cursor, or None."""
        return self.cursor.entry

    def append(self, *entries: Entry) -> None:
        """Append entries."""
        self.viewport.append(*entries)
        self._start_cursor()

    def _start_cursor(self) -> None:
        if self.has_focus and self.cursor.stop is None:
            self.cursor.start()

    def show(self, entries: Sequence[Entry], *, has_older: bool = False, has_newer: bool = False) -> None:
        """Show these entries, scrolled to their end."""
        self._live = None
        self.cursor.choose(None)
        self.viewport.show(entries, has_older=has_older, has_newer=has_newer)
        self._start_cursor()

    def clear(self) -> None:
        """Remove all entries."""
        self._live = None
        self.cursor.choose(None)
        self.viewport.clear()

    def set_palette(self, palette: Palette) -> None:
        """Redraw everything in other colors."""
        self.viewport.set_palette(palette)

    def offer(self, entry: Entry | None, lit: int = 0) -> None:
        """Set the entry whose follow-ups can be chosen by digits; None for none.

        Args:
            lit: The typed number; 0 for none.
        """
        before, self._offering = self._offering, entry
        if before is not None and before is not entry and before.show_offered(is_offered=False):
            self.viewport.entry_changed(before, counts_as_new=False)
        if entry is not None and entry.show_offered(is_offered=True, lit=lit):
            self.viewport.entry_changed(entry, counts_as_new=False)

    def light(self, number: int) -> None:
        """Highlight the follow-up whose number is typed; 0 for none."""
        self.offer(self._offering, number)

    def translate(self) -> None:
        """Update the texts of all entries, including the growing one, to the current language."""
        for entry in self.entries:
            entry.translate()
        self.viewport.set_palette(self.viewport.painter.palette)

    def name_bot(self, bot_id: str, name: str) -> None:
        """Update the name of a bot in its entries."""
        entries = [entry for entry in self.entries if isinstance(entry, BotEntry)]
        changed = [entry for entry in entries if entry.name_bot(bot_id, name)]
        if changed:
            self.viewport.repaint()

    def begin(self, entry: AnswerEntry, figures: TurnFigures) -> None:
        """Let an entry grow by the updates that are posted for it, after they are counted in `figures`."""
        entry.figures = figures
        if entry not in self.entries:
            self.append(entry)
        self._live = entry

    def on_updated(self, message: Updated) -> None:
        """Show an update of the growing entry; ignore late updates of another turn."""
        entry = message.entry
        if entry is not self._live:
            return
        match message.update:
            case AnswerGrew() as update:
                was_thinking = entry.is_thinking
                if entry.answer_grew(update) is not None:
                    self.viewport.text_added(entry, whole=was_thinking)
            case ReasoningGrew() as update:
                blocks = len(entry.blocks)
                entry.reasoning_grew(update)
                self.viewport.text_added(entry, whole=True)
                if len(entry.blocks) > blocks:
                    self.screen.refresh_bindings()  # there is a fold now
            case AnswerSettled() as update:
                entry.answer_settled(update)
                self.viewport.entry_changed(entry)
            case ToolCalled() as update:
                entry.tool_called(update)
                self.viewport.text_added(entry, whole=True)
                self.screen.refresh_bindings()
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
                pass  # the sidebar shows these
            case _:
                assert_never(message.update)

    def key_words(self, binding: Binding) -> str | None:
        """Return the footer's label for a key at the cursor; see `NamesKeys`."""
        if self.selector.is_on:
            return _(_IN_SELECTION[binding.action]) if binding.action in _IN_SELECTION else ""
        match binding.action:
            case "unfold":
                return self._unfold_words()
            case "copy_code":
                return _("copy code") if self.cursor.code is not None else ""
            case "ask('recover')":
                is_cut = isinstance(self.chosen, AnswerEntry) and self.chosen.outcome is Outcome.INTERRUPTED
                return _("recover") if is_cut else ""
            case _:
                return None

    def _unfold_words(self) -> str:
        match self.opens:
            case FoldBlock(is_open=is_open):
                return _("close") if is_open else _("open")
            case AnswerEntry():
                return _("answer")
            case None:
                return ""

    # --- what the viewport needs of its widget ---

    def _code_label(self, number: int, count: int, language: str) -> str:
        """Return `2/3 go · Y copies`."""
        key = key_for("log.copy_code", self, self.screen)
        words = [f"{number}/{count} {clean_line(language)}".rstrip()]
        return " · ".join([*words, *([_("{key} copies").format(key=key)] if key else [])])

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if round(old_value) != round(new_value):
            self.viewport.scrolled()
            self.cursor.follow_view(down=new_value > old_value)

    def on_resize(self) -> None:
        width = self.viewport.laid_out_width
        self.viewport.resized()
        if width != self.viewport.laid_out_width:
            self.run_worker(self.matches.mark_again(), group="match", exclusive=True)
        self.cursor.keep()
        self.selector.resized()

    def on_focus(self) -> None:
        self.cursor.start()

    def on_blur(self) -> None:
        self.selector.leave()
        self.viewport.repaint()

    def notify_style_update(self) -> None:
        """Discard lines that a frame in the middle of a theme change has drawn in the old styles."""
        super().notify_style_update()
        self.viewport.painter.forget_styles()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return visible lines, bypassing Textual's styles cache, because the pane caches strips itself."""
        return self.viewport.strips(crop)

    def render_line(self, y: int) -> Strip:
        """Return a visible line with its offsets; Textual calls this to find what is under the mouse."""
        number = self.viewport.top + y
        return self.viewport.strip(number).apply_offsets(0, number)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected text, and the separator from the text of other widgets."""
        return self.viewport.selected_text(selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.selector.selection_updated(selection)
        self.viewport.repaint()

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """Return the scrollbar, created on first use as in Textual."""
        if not is_known_textual():
            return super().vertical_scrollbar
        if not isinstance(self._vertical_scrollbar, SteadyScrollBar):
            self._vertical_scrollbar = SteadyScrollBar("vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    # --- the cursor and the query ---

    def action_to_top(self) -> None:
        """Go to the first loaded line."""
        view = self.viewport
        view.following = False
        view.scroll(0)
        if view.has_older:
            view.want_page(older=True, to_the_end=True)
        self.cursor.to_first()

    def action_to_end(self) -> None:
        """Go to the end and follow arriving text."""
        if self.has_focus:
            self.cursor.to_last()
        else:
            self.cursor.choose(None)
        self.viewport.show_end()
        self.cursor.keep()
        if self.viewport.has_newer:
            self.viewport.want_page(older=False, to_the_end=True)

    def show_entry(self, entry: Entry) -> None:
        """Scroll to an entry and move the cursor to it."""
        self.viewport.show_entry(entry)
        self.cursor.choose(entry)

    def action_cursor(self, step: int) -> None:
        """Go to the next entry or fold; scroll first in a long entry."""
        self.cursor.step(step)

    def _cursor_moved(self, before: Stop | None) -> None:
        entry = self.cursor.entry
        if entry is not (before.entry if before is not None else None):
            self.post_message(self.EntryChosen(entry))
        if self.has_focus:
            self.screen.refresh_bindings()

    @property
    def opens(self) -> FoldBlock | AnswerEntry | None:
        """Return what Enter opens or closes: the fold under the cursor, or the first one of the message.

        It is the answer itself if that waits for the output of a local tool and the cursor is not on a fold;
        None if there is nothing to open.
        """
        if self.cursor.fold is not None:
            return self.cursor.fold
        entry = self.chosen
        if isinstance(entry, AnswerEntry) and entry.outcome is Outcome.REQUIRES_ACTION:
            return entry
        return (
            next((block for block in entry.blocks if isinstance(block, FoldBlock)), None) if entry else None
        )

    def action_unfold(self) -> None:
        """Copy the selection, if any; otherwise open or close the fold under the cursor or the first one."""
        if self.selector.is_on:
            self.action_copy_message()
            return
        what = self.opens
        if isinstance(what, AnswerEntry):
            self.post_message(self.Asked("answer_tool", what))
        elif what is not None and self.chosen is not None:
            self.cursor.choose(self.chosen, what)
            self._toggle(what)

    @property
    def last_fold(self) -> FoldBlock | None:
        """Return the last fold in the view, otherwise the last one of all; None if there is none."""
        found = self._last_fold()
        return found[1] if found is not None else None

    def _last_fold(self) -> tuple[Entry, FoldBlock] | None:
        view = self.viewport
        last: tuple[Entry, FoldBlock] | None = None
        for entry in reversed(self.entries):
            for block in reversed(entry.blocks):
                if not isinstance(block, FoldBlock):
                    continue
                last = last or (entry, block)
                line = view.first_line(entry) + entry.start_of(block)
                if view.top <= line < view.top + view.height:
                    return entry, block
                if line < view.top:
                    return last
        return last

    def action_last_fold(self) -> None:
        """Open or close the last fold in the view or the last one of all, and move the cursor there."""
        if (found := self._last_fold()) is not None:
            self.cursor.choose(*found)
            self._toggle(found[1])

    def _toggle(self, fold: FoldBlock) -> None:
        """Open or close the fold under the cursor, and scroll to show as much of it as possible."""
        view, entry = self.viewport, self.chosen
        if entry is None:
            return
        fold.toggle()
        following, view.following = view.following, False
        view.entry_changed(entry, counts_as_new=False)
        self.cursor.show_whole()
        view.following = following and view.top >= view.total - view.height
        if self.has_focus:
            self.screen.refresh_bindings()

    def action_ask(self, what: str) -> None:
        """Post a request for an action on the entry under the cursor, or on the last one."""
        self.post_message(self.Asked(what, self.chosen))

    def plain_text(self) -> str:
        """Return the source of all entries as plain text."""
        return "\n\n".join(text for entry in self.entries if (text := entry.copy_text()))

    def action_copy_message(self) -> None:
        """Copy the selection, otherwise the source of the message under the cursor, or of the last one."""
        if self.selector.is_on:
            self.post_message(self.CopyAsked(self.selector.text, "selection"))
            self.selector.leave()
            return
        entry = self.chosen or (self.entries[-1] if self.entries else None)
        if entry is not None:
            fold = self.cursor.fold
            text = fold.copy_text() if fold is not None else entry.copy_text()
            self.post_message(self.CopyAsked(text, "message"))

    def action_links(self) -> None:
        """List the links of the message under the cursor, or of the last message with links."""
        view = self.viewport
        entries = [self.chosen] if self.chosen is not None else reversed(self.entries)
        for entry in entries:
            if links := links_of(entry, view.text_width, view.painter.palette):
                self.post_message(self.LinksAsked(links))
                return
        self.post_message(self.LinksAsked(()))

    def action_copy_code(self) -> None:
        """Copy the code block under the cursor, or the only one of the message."""
        if self.cursor.code is None:
            self.cursor.choose_only_code()
        code, place = self.cursor.code, self.cursor.code_place()
        if code is not None and place is not None:
            self.post_message(self.CopyAsked(code.source, "code", place))
        else:
            self.post_message(self.NoCode(has_some=any(codes_of(each) for each in self._answers())))

    def _answers(self) -> Iterator[EntryBlock]:
        return (block for entry in self.entries for block in entry.blocks)

    def action_code(self, step: int) -> None:
        """Go to the next or previous code block."""
        if not self.cursor.step_code(step):
            has_some = any(codes_of(each) for each in self._answers())
            self.post_message(self.NoCode(has_some=has_some, step=step))

    def action_scroll_sideways(self, step: int) -> None:
        """Scroll the wide code in the view sideways."""
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
            self.cursor.choose(entry, block)
            self._toggle(block)
        elif isinstance(block, FollowUpsBlock):
            if question := block.question_at(row, cell):
                self.post_message(self.QuestionChosen(question))
        elif isinstance(entry, QuestionEntry | AnswerEntry | GreetingEntry):
            self.cursor.choose(entry)


def _url_at(line: Line, cell: int, shift: int) -> str:
    """Return the URL of the link drawn in a cell, or an empty string."""
    at = line.lead_width - (shift if line.scrolls else 0)
    for segment in line.body:
        end = at + segment.cell_length
        if at <= cell < end and segment.style is not None:
            url = segment.style.meta.get("url", "")
            return url if isinstance(url, str) else ""
        at = end
    return ""
