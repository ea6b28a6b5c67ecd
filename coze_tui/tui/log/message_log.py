"""The message pane as a widget: handles the updates of a turn, the keys and the mouse.

It depends on neither the network nor the store.
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
from coze_tui.render.palette import Palette
from coze_tui.terminal.textual_overrides import is_known_textual
from coze_tui.text.i18n import N_, _
from coze_tui.tui.key_names import bindings_of
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.blocks import FoldBlock
from coze_tui.tui.log.cursor import LogCursor, Stop, codes_of
from coze_tui.tui.log.entries import BotEntry, Entry, GreetingEntry, QuestionEntry
from coze_tui.tui.log.folds import LogFolds
from coze_tui.tui.log.follow_ups import FollowUpsBlock
from coze_tui.tui.log.keys import LOG_KEYS, SELECTION_LABELS
from coze_tui.tui.log.links import EntryLink, links_of, url_at
from coze_tui.tui.log.match_cursor import MatchCursor
from coze_tui.tui.log.painter import GUTTER, LogLine
from coze_tui.tui.log.selecting import LogSelector, selected_text
from coze_tui.tui.log.viewport import LogViewport
from coze_tui.tui.widgets.steady_scrollbar import SteadyScrollBar

_SIDEWAYS_STEP = 8
"""Cells per step of sideways scrolling."""


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
    BINDINGS: ClassVar[list[BindingType]] = [*LOG_KEYS]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--chip"}

    def __init__(self, palette: Palette, *, max_fps: int = 30, id: str | None = None) -> None:
        super().__init__(id=id)
        self.viewport = LogViewport(self, palette, max_fps=max_fps)
        self.cursor = LogCursor(self, self.viewport, self._cursor_moved)
        self.selector = LogSelector(self, self.viewport, lambda: self.screen.refresh_bindings())
        self.live: AnswerEntry | None = None
        """The growing entry."""
        self._offering: Entry | None = None
        """The entry whose follow-ups can be chosen by digits."""
        self.matches = MatchCursor(self.viewport, self.cursor.choose)
        self.folds = LogFolds(self, self.viewport, self.cursor)

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
        # By action, because the user may have given these keys to other actions, or other keys to these.
        bound = bindings_of(self, self.screen).key_to_bindings.get(key.key, ())
        actions = {binding.action for binding in bound}
        if "leave_selection" in actions:  # Textual's screen would clear the selection and pass the key on
            self.selector.leave()
        elif not self.selector.press(character or key.key) and not (
            character and actions.isdisjoint(SELECTION_LABELS)
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
            # A name and a time are not what the user wants to copy: start behind the head of a message.
            has_head = self.cursor.stop.block is None and self.cursor.row == self.cursor.rows().start
            self.selector.start(self.cursor.row + has_head)

    def action_leave_selection(self) -> None:
        """Clear the selection."""
        self.selector.leave()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable Esc only for a selection that was made by keys."""
        return self.selector.is_on if action == "leave_selection" else True

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
        # The focus may have come before the first message.
        self._start_cursor()

    def _start_cursor(self) -> None:
        if self.has_focus and self.cursor.stop is None:
            self.cursor.start()

    def show(self, entries: Sequence[Entry], *, has_older: bool = False, has_newer: bool = False) -> None:
        """Show these entries, scrolled to their end."""
        self.live = None
        self.cursor.choose(None)
        self.viewport.show(entries, has_older=has_older, has_newer=has_newer)
        self._start_cursor()

    def clear(self) -> None:
        """Remove all entries."""
        self.live = None
        self.cursor.choose(None)
        self.viewport.clear()

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
        # Lines contain words as they contain colors, so all are laid out again.
        self.viewport.set_palette(self.viewport.painter.palette)

    def name_bot(self, bot_id: str, name: str) -> None:
        """Update the name of a bot in its entries."""
        entries = [entry for entry in self.entries if isinstance(entry, BotEntry)]
        changed = [entry for entry in entries if entry.name_bot(bot_id, name)]
        # A name never changes the height of its entry, so nothing needs another layout.
        if changed:
            self.viewport.repaint()

    def begin(self, entry: AnswerEntry, figures: TurnFigures) -> None:
        """Let an entry grow by the updates that are posted for it, after they are counted in `figures`."""
        entry.figures = figures
        # A chat whose rest is fetched continues in the place that it has.
        if entry not in self.entries:
            self.append(entry)
        self.live = entry

    def on_updated(self, message: Updated) -> None:
        """Show an update of the growing entry; ignore late updates of another turn."""
        entry = message.entry
        if entry is not self.live:
            return
        match message.update:
            case AnswerGrew() as update:
                # Reasoning folds when its answer begins, so more than the end of the entry changes.
                was_thinking = entry.is_thinking
                if entry.answer_grew(update) is not None:
                    self.viewport.growth.text_added(entry, whole=was_thinking)
            case ReasoningGrew() as update:
                blocks = len(entry.blocks)
                entry.reasoning_grew(update)
                self.viewport.growth.text_added(entry, whole=True)
                if len(entry.blocks) > blocks:
                    self.screen.refresh_bindings()  # there is a fold now
            case AnswerSettled() as update:
                entry.answer_settled(update)
                # At once, because no later update may come that would draw it.
                self.viewport.entry_changed(entry)
            case ToolCalled() as update:
                entry.tool_called(update)
                # With the next frame: in a flood of calls each would lay out all blocks.
                self.viewport.growth.text_added(entry, whole=True)
                self.screen.refresh_bindings()
            case ToolResponded() as update:
                entry.tool_responded(update)
                self.viewport.growth.text_added(entry, whole=True)
            case AgentChanged() as update:
                entry.agent_changed(update)
                self.viewport.growth.text_added(entry, whole=True)
            case FollowUpOffered() as update:
                entry.follow_up(update)
                self.viewport.growth.text_added(entry, whole=True)
            case PhaseChanged(phase=phase):
                if phase in (Phase.SENDING, Phase.RECOVERING):
                    entry.resumed()
                    self.viewport.entry_changed(entry)
            case UsageReported(usage=usage):
                entry.usage(usage.token_count)
            case TurnEnded() as update:
                entry.end(update)
                self.viewport.entry_changed(entry)
                self.live = None
            case EventNoted() | ChatIdentified() | LogidReported() | ActionRequired():
                pass  # the sidebar shows these
            case _:
                assert_never(message.update)

    def key_words(self, binding: Binding) -> str | None:
        """Return the footer's label for a key at the cursor; see `NamesKeys`."""
        if self.selector.is_on:
            return _(SELECTION_LABELS[binding.action]) if binding.action in SELECTION_LABELS else ""
        match binding.action:
            case "unfold":
                return self.folds.label
            case "copy_code":
                return _("copy code") if self.cursor.code is not None else ""
            case "ask('recover')":
                # The key does nothing for other messages, so the footer leaves it out.
                is_cut = isinstance(self.chosen, AnswerEntry) and self.chosen.outcome is Outcome.INTERRUPTED
                return _("recover") if is_cut else ""
            case _:
                return None

    # --- what the viewport needs of its widget ---

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        # Textual keeps fractions of lines, of which nothing is drawn.
        if round(old_value) != round(new_value):
            self.viewport.scrolled()
            self.cursor.follow_view(down=new_value > old_value)

    def on_resize(self) -> None:
        width = self.viewport.laid_out_width
        self.viewport.resized()
        # A match is a place in lines, which are others now; keys must not wait until they are all laid out.
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
        return selected_text(self.viewport, selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.selector.selection_updated(selection)
        self.viewport.repaint()

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """Return the scrollbar, created on first use as in Textual."""
        if not is_known_textual():
            return super().vertical_scrollbar
        if not isinstance(self._vertical_scrollbar, SteadyScrollBar):
            # Textual's own bar is drawn as a whole for each new line, which a slow terminal feels.
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

    def action_cursor(self, step: int) -> None:
        """Go to the next entry or fold; scroll first in a long entry."""
        self.cursor.step(step)

    def _cursor_moved(self, before: Stop | None) -> None:
        entry = self.cursor.entry
        if entry is not (before.entry if before is not None else None):
            self.post_message(self.EntryChosen(entry))
        if self.has_focus:
            self.screen.refresh_bindings()

    def action_unfold(self) -> None:
        """Copy the selection, if any; otherwise open or close the fold under the cursor or the first one."""
        if self.selector.is_on:
            self.action_copy_message()
            return
        what = self.folds.opens
        if isinstance(what, AnswerEntry):
            self.post_message(self.Asked("answer_tool", what))
        elif what is not None and self.chosen is not None:
            self.cursor.choose(self.chosen, what)
            self.folds.toggle(what)

    def action_last_fold(self) -> None:
        """Open or close the last fold in the view or the last one of all, and move the cursor there."""
        if (found := self.folds.last) is not None:
            self.cursor.choose(*found)
            self.folds.toggle(found[1])

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
        # Without a cursor the last message is the one that the user has just read.
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
            self.post_message(self.NoCode(has_some=self._has_code()))

    def _has_code(self) -> bool:
        return any(codes_of(block) for entry in self.entries for block in entry.blocks)

    def action_code(self, step: int) -> None:
        """Go to the next or previous code block."""
        if not self.cursor.step_code(step):
            self.post_message(self.NoCode(has_some=self._has_code(), step=step))

    def action_scroll_sideways(self, step: int) -> None:
        """Scroll the wide code in the view sideways."""
        view, painter = self.viewport, self.viewport.painter
        # All lines of a code block move together, as far as its widest one needs.
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
        # The chip lies over the text of the last line.
        if view.unseen and event.y == view.height - 1:
            self.action_to_end()
        elif url := url_at(line, cell, view.painter.shift_of(line, block)):
            self.post_message(self.LinkChosen(url))
        elif isinstance(block, FoldBlock) and row == 0:
            self.cursor.choose(entry, block)
            self.folds.toggle(block)
        elif isinstance(block, FollowUpsBlock):
            if question := block.question_at(row, cell):
                self.post_message(self.QuestionChosen(question))
        elif isinstance(entry, QuestionEntry | AnswerEntry | GreetingEntry):
            self.cursor.choose(entry)
