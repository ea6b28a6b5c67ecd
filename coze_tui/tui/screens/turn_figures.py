"""The figures of a turn on the chat screen: in the sidebar, the status strip and the state chip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.timer import Timer

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.terminal.pacing import CounterPace
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, QuestionEntry
from coze_tui.tui.screens.conversation import ChatWidgets
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.turn_view import TurnView
from coze_tui.tui.widgets.status import Chip

if TYPE_CHECKING:
    from coze_tui.engine.model.transcript import ChatTranscript

_REFRESH_SECONDS = 0.25
"""Seconds between two updates of the sidebar and the state chip during a turn."""


class ShownFigures:
    """Shows the figures of the running turn, the last chat, or the chat at the cursor in the messages."""

    def __init__(self, screen: CozeScreen[None], widgets: ChatWidgets, view: TurnView) -> None:
        self._screen = screen
        self._widgets = widgets
        self._view = view
        self._engine_thread = screen.context.engine_thread
        self._pulse: Timer | None = None
        self._pace = CounterPace()
        self._chosen_chat = 0
        """Key of the stored chat whose figures are shown because the cursor is on it; 0 for none."""

    def show(self, figures: TurnFigures | None) -> None:
        """Show the figures of a turn in the sidebar and the status strip, or none."""
        self._widgets.sidebar.show(figures)
        self._widgets.strip.show(figures)
        self.show_chip()

    def show_of(self, entry: Entry | None) -> None:
        """Show the figures of the chat that an entry is part of; without a chat, those of the last one."""
        if not isinstance(entry, QuestionEntry | AnswerEntry) or self._view.shows(entry):
            self.show_turn()
        elif not entry.chat and isinstance(entry, QuestionEntry) and entry is self._widgets.log.entries[-1]:
            self.show_turn()  # a fork ends at it
        elif entry.chat:
            self._chosen_chat = entry.chat
            self._screen.run_in_worker("chosen figures", self._show_chosen, entry.chat, exclusive=True)
        else:
            self._chosen_chat = 0
            self.show(TurnFigures.without_events())

    def show_turn(self) -> None:
        """Show the figures of the running or the last chat of the conversation."""
        self._chosen_chat = 0
        has_turn = self._view.phase is not None or self._view.figures.is_begun
        self.show(self._view.figures if has_turn else None)

    async def _show_chosen(self, chat: int) -> None:
        figures = await self._engine_thread.call(lambda engine: engine.inspecting.figures(chat))
        if chat == self._chosen_chat:
            self.show(figures)

    def show_last_of(self, chats: Sequence[ChatTranscript]) -> None:
        """Show the figures of the last of some chats, read from its frames, until a turn starts."""
        if chats and (chat := chats[-1].record.key):
            self._screen.run_in_worker("figures", self._show_last, chat, exclusive=True)
            return
        # A question without an answer is one at which a fork ends: nothing was sent for it.
        has_answer = bool(chats) and bool(chats[-1].parts)
        self._view.figures = TurnFigures.without_events() if has_answer else TurnFigures()
        self.show_turn()

    async def _show_last(self, chat: int) -> None:
        figures = await self._engine_thread.call(lambda engine: engine.inspecting.figures(chat))
        if not self._view.runs:
            self._view.figures = figures
            if not self._chosen_chat:
                self.show_turn()
            self.show_chip()

    def start_pulse(self) -> None:
        """Update the widgets now and, until `stop_pulse`, several times a second."""
        if self._pulse is None:
            self._pulse = self._screen.set_interval(_REFRESH_SECONDS, self._refresh)
        self.flush()

    def stop_pulse(self) -> None:
        """Stop the updates after a last one."""
        if self._pulse is not None:
            self._pulse.stop()
            self._pulse = None
        self.flush()

    def _refresh(self) -> None:
        if self._pace.is_due(self._screen.context.app, self._view.state):
            self.flush()

    def flush(self) -> None:
        """Update the sidebar, the status strip and the state chip from the figures of the turn."""
        now_us = self._view.elapsed_us
        if self._widgets.sidebar.figures is self._view.figures:
            self._widgets.sidebar.flush(now_us)
        self._widgets.strip.flush(now_us)
        self.show_chip()

    def show_chip(self) -> None:
        """Show the state of the turn in the header, or that a tool waits for its output."""
        self._widgets.queue_strip.answer_runs = self._view.runs
        waits = self._view.waiting_answer is not None
        self._widgets.header.show_chip(
            Chip.of_end(Outcome.REQUIRES_ACTION, None, 0) if waits else self._view.chip
        )
