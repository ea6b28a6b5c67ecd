"""The turns of the open conversation: asks questions, follows the answers, and handles how they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, assert_never

from coze_tui.api.objects import Bot
from coze_tui.engine.model.dialects import Feature
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    ActionRequired,
    ChatIdentified,
    Phase,
    PhaseChanged,
    conversation_replaced_text,
)
from coze_tui.engine.session.feed import RunningTurn, TurnFeed
from coze_tui.engine.session.sent_files import SentFile
from coze_tui.errors import CozeTuiError
from coze_tui.text.cleaning import clean_line, title_of
from coze_tui.text.i18n import _
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, QuestionEntry
from coze_tui.tui.log.notices import Hint
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.offers import Offers
from coze_tui.tui.screens.turn_figures import ShownFigures
from coze_tui.tui.screens.waiting_tools import WaitingTools
from coze_tui.tui.turn_view import Milestone, TurnView

if TYPE_CHECKING:
    from coze_tui.engine.library.conversations import Opened

OFFERS_AFTER_A_TURN = ("tools", "busy")
"""Kinds of panels about the last turn, which are obsolete when another one runs."""


class TurnControl:
    """Starts, follows, stops and resumes turns.

    Args:
        help_after: Called with the error of a turn that has ended; returns whether it offers a panel
            about it, in which case the queue waits and the question is not put back.
        on_left: Called if a turn of another program was cut off when that program ended.
    """

    def __init__(
        self,
        screen: CozeScreen[None],
        widgets: ChatWidgets,
        conversation: OpenConversation,
        offers: Offers,
        help_after: Callable[[CozeTuiError], bool],
        on_left: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._widgets = widgets
        self._conversation = conversation
        self._offers = offers
        self._help_after = help_after
        self._on_left = on_left
        self._engine_thread = screen.context.engine_thread
        self.view = TurnView(widgets.log, self._milestone)
        self._is_foreign = False
        """Another program runs the turn; this one only shows it."""
        self._is_unasked = False
        """The program resumed the turn by itself: its end shows no dialog and sends nothing."""
        self._was_sent = False
        """The question of the turn has left for Coze."""
        self._sent_files: tuple[tuple[SentFile, int], ...] = ()
        self._entries: tuple[Entry, ...] = ()
        """The entries of the turn, until they know their stored chat."""
        self.figures = ShownFigures(screen, widgets, self.view)
        self.tools = WaitingTools(screen, conversation, offers, self.view, self.resume)

    @property
    def runs(self) -> bool:
        """Return whether a turn runs in the open conversation."""
        return self.view.runs

    @property
    def is_idle(self) -> bool:
        """Return whether no turn runs and all entries know their stored chats."""
        return not (self.runs or self._entries)

    # --- asking ---

    def ask(self, question: str) -> None:
        """Send a question, or queue it behind the running turn. It becomes the newest earlier prompt."""
        self._widgets.prompt.note_sent(question)  # a suggested one, too, as on disk
        if self.runs:
            self._is_unasked = False  # the user waits for this answer now
            conversation = self._conversation
            conversation.queue.add(question)
            self._screen.run_in_worker(
                "queue", conversation.keep_queue, conversation.key, conversation.queue.waiting, question
            )
        else:
            self.send(question)

    def send(self, question: str, *, is_queued: bool = False) -> None:
        """Store a question, show it after the last message, and send it.

        Args:
            is_queued: Whether the stored queue contains the question, which then leaves it.
        """
        self._sent_files = self._widgets.attachments.take()
        self._was_sent = False
        self._hint(None)
        self.view.expect()
        self.figures.show_chip()
        conversation = self._conversation
        key, bot = conversation.ensure_key(), conversation.bot
        self._screen.run_in_worker("ask", self._send, key, bot, question, self._sent_files, is_queued)

    async def _send(
        self, key: str, bot: Bot, question: str, sent_files: Sequence[tuple[SentFile, int]], is_queued: bool
    ) -> None:
        now_ms, feed = int(time.time() * 1000), TurnFeed()
        files = tuple(path for path, _size in sent_files)
        asked = await self._engine_thread.call(
            lambda engine: engine.begin(key, question, bot=bot, files=files, is_queued=is_queued)
        )
        conversation = self._conversation
        if key == conversation.key and conversation.window.has_newer:
            await conversation.window.load_end()
        if key == conversation.key:  # else another conversation was opened meanwhile
            names = [clean_line(path.name) for path in files]
            asked_entry = QuestionEntry(question, now_ms, files=names)
            self._show_new(asked_entry, now_ms, feed, is_unasked=is_queued)
            if not conversation.title:
                conversation.set_title(title_of(question))
        await self._engine_thread.call(lambda engine: engine.send(asked, feed))

    async def send_queued(self) -> None:
        """Send the next question of a queue that was left, unless another program has sent it."""
        if (
            self._conversation.queue.waiting
            and not self.runs
            and (question := await self._conversation.next_queued())
        ):
            self.send(question, is_queued=True)

    def question_entry(self, entry: Entry | None) -> QuestionEntry | None:
        """Return the question that an entry is or answers, by default the last one; None if there is none."""
        entries = self._widgets.log.entries
        end = entries.index(entry) + 1 if entry in entries and entry is not None else len(entries)
        return next((item for item in reversed(entries[:end]) if isinstance(item, QuestionEntry)), None)

    def regenerate(self, entry: Entry | None = None) -> None:
        """Ask the question of an entry, or the last one, again."""
        if (question := self.question_entry(entry)) is not None:
            self.ask(question.text)

    # --- following ---

    async def follow_running(self, opened: Opened) -> None:
        """Follow the turn that runs in a conversation, here or in another program, if one does."""
        key, feed = opened.summary.key, TurnFeed()
        running = await self._engine_thread.call(lambda engine: engine.follow(key, feed))
        is_foreign = running is None
        if running is None and opened.page.running:
            chat = opened.page.running[-1]
            running = RunningTurn(chat.question, chat.key)
            await self._engine_thread.call(lambda engine: engine.follow_remote(key, chat.key, feed))
        if running is None:
            return
        if (entry := self.entry_of(running.chat)) is not None:
            self._show_again(entry, feed)
        elif running.chat in (0, opened.last_chat):
            now_ms = int(time.time() * 1000)
            self._show_new(QuestionEntry(running.question, now_ms), now_ms, feed)
        else:
            return  # further up than what is loaded; the store has it when it is fetched
        self._is_foreign = is_foreign

    def entry_of(self, chat: int) -> AnswerEntry | None:
        """Return the answer of a stored chat, or None if it is not loaded."""
        entries = (item for item in self._widgets.log.entries if isinstance(item, AnswerEntry))
        return next((entry for entry in entries if chat and entry.chat == chat), None)

    @property
    def cut_chats(self) -> frozenset[int]:
        """Return the keys of the stored chats that are shown as cut off."""
        entries = (item for item in self._widgets.log.entries if isinstance(item, AnswerEntry))
        return frozenset(
            entry.chat for entry in entries if entry.outcome is Outcome.INTERRUPTED and entry.chat
        )

    def _show_again(self, entry: AnswerEntry, feed: TurnFeed) -> None:
        """Show a chat from its start, in place of its known part."""
        entry.begin_again()
        self._widgets.log.viewport.entry_changed(entry)
        self.resume(entry, TurnFigures(), feed)

    def _show_new(
        self, asked: QuestionEntry, now_ms: int, feed: TurnFeed, *, is_unasked: bool = False
    ) -> None:
        """Show a question after the last message, and follow its answer."""
        base_url = self._screen.context.settings.base_url
        conversation = self._conversation
        entry = AnswerEntry(conversation.bot_name, now_ms, base_url=base_url, bot_id=conversation.bot.id)
        self.view.start(asked, entry, is_unasked=is_unasked)
        self._entries = (asked, entry)
        self._was_sent = False
        self._follow(feed)

    def resume(self, entry: AnswerEntry, figures: TurnFigures, feed: TurnFeed) -> None:
        """Continue the turn of an entry, with its figures so far."""
        question = self.question_entry(entry)
        self.view.resume(question.text if question is not None else "", entry, figures)
        self._was_sent = True
        self._follow(feed)
        self._screen.refresh_bindings()

    def _follow(self, feed: TurnFeed) -> None:
        self._is_foreign = self._is_unasked = False
        self.tools.calls = ()
        self._offers.withdraw(*OFFERS_AFTER_A_TURN)
        self._screen.workers.cancel_group(self._screen, "figures")  # of the chat that was the last one
        self.figures.show_turn()
        self._conversation.withdraw_follow_ups()
        self.figures.start_pulse()
        self._screen.run_in_worker("turn", self._follow_to_end, feed, exclusive=True)

    async def _follow_to_end(self, feed: TurnFeed) -> None:
        await self.view.follow(feed)
        self._screen.call_after_refresh(self._ended, self._conversation.key, self.view.figures)

    def _milestone(self, update: Milestone) -> None:
        match update:
            case PhaseChanged(phase=phase):
                self.figures.show_chip()
                if phase is Phase.SENDING:
                    self._was_sent = True
                    self._screen.refresh_bindings()
            case ChatIdentified(conversation_replaced=is_replaced):
                if is_replaced:
                    self._conversation.warn(conversation_replaced_text())
            case ActionRequired(tool_calls=calls):
                self.tools.calls = calls
            case _:
                assert_never(update)

    def leave(self) -> None:
        """Stop following; a running turn continues in the engine."""
        for group in ("turn", "figures", "chosen figures"):
            self._screen.workers.cancel_group(self._screen, group)
        self.view.leave()
        self.tools.calls = ()
        self._offers.withdraw(*OFFERS_AFTER_A_TURN)
        self._entries = ()
        self.figures.stop_pulse()
        self._screen.refresh_bindings()

    # --- the end of a turn ---

    def _ended(self, key: str, figures: TurnFigures) -> None:
        if key != self._conversation.key or figures is not self.view.figures:
            return  # another conversation was opened meanwhile
        self.figures.stop_pulse()
        self._screen.refresh_bindings()
        self.show_limits()
        if self._entries:
            self._conversation.last_chat = 0  # unknown until the store is asked
            self._screen.run_in_worker("turn over", self._name_chat, key, self._entries)
            self._entries = ()
        self._conversation.offer_follow_ups()
        has_failed = not self._was_sent or figures.outcome is Outcome.FAILED
        if has_failed and not self._widgets.attachments.files:
            self._widgets.attachments.restore(self._sent_files)
        self._announce_end(figures)
        self._go_on_after(figures, has_failed=has_failed)

    def _announce_end(self, figures: TurnFigures) -> None:
        """Notify a user who looks elsewhere of the end of an answer, unless a queued question follows."""
        outcome, conversation = figures.outcome, self._conversation
        if outcome is None or outcome is Outcome.CANCELED:
            return  # the user has stopped it
        if outcome.continues_queue and conversation.queue.waiting and not self._is_foreign:
            return
        if outcome.needs_user or figures.asks_back:
            text = _("{bot} needs you.")
        elif outcome is Outcome.COMPLETED:
            text = _("{bot} has answered.")
        else:
            text = _("{bot}: the answer has ended early.")
        seconds = figures.last_us / 1_000_000
        text = text.format(bot=conversation.bot_name)
        self._screen.context.announce(conversation.title, text, seconds)

    def _go_on_after(self, figures: TurnFigures, *, has_failed: bool) -> None:
        """Act on the end of a turn, unless the program has resumed it by itself."""
        outcome = figures.outcome
        if self._is_foreign:  # its queue and its question belong to the other program
            if outcome is Outcome.REQUIRES_ACTION:
                self.tools.offer_form()
            elif outcome is Outcome.INTERRUPTED:
                self._on_left()
        elif self._is_unasked or (figures.error is not None and self._help_after(figures.error)):
            pass
        elif outcome is Outcome.REQUIRES_ACTION:
            self.tools.offer_form()
        elif has_failed:
            self.give_back()
        elif self._conversation.queue.waiting and outcome and outcome.continues_queue:
            self.send(self._conversation.queue.take_next(), is_queued=True)
        elif outcome is Outcome.CANCELED and not self._conversation.queue.waiting:
            self._hint(Hint.RECALLED)

    def give_back(self) -> None:
        """Put the question of the turn back into the prompt, selected, so that typing replaces it.

        A text that is there already stays.
        """
        if self._widgets.prompt.message:
            self._hint(Hint.RECALLED)
            return
        self._conversation.give_back(self.view.question)
        self._widgets.prompt.select_all()
        self._hint(Hint.RESTORED)

    def _hint(self, hint: Hint | None) -> None:
        """Show below the last answer the state of its question; None removes the text."""
        if (entry := self.last_answer) is not None:
            entry.hint(hint)
            self._widgets.log.viewport.entry_changed(entry, counts_as_new=False)

    async def _name_chat(self, key: str, entries: Sequence[Entry]) -> None:
        """Set the key of the stored chat in the entries of a turn."""
        chat = await self._engine_thread.call(lambda engine: engine.last_chat(key))
        if key == self._conversation.key:
            self._conversation.last_chat = chat
        if all(entry.chat != chat for entry in self._widgets.log.entries):  # else it was never stored
            for entry in entries:
                entry.chat = chat

    def show_limits(self) -> None:
        """Warn about requested features that the server does not support."""
        self._screen.run_in_worker("limits", self._show_limits)

    async def _show_limits(self) -> None:
        context = self._screen.context
        if self.view.phase is Outcome.CANCELED and self._was_sent:
            await context.notify_limit(Feature.CANCEL)
        if context.settings.publish_status == "unpublished_draft":
            await context.notify_limit(Feature.DRAFT)

    # --- stopping and recovering ---

    def stop(self) -> None:
        """Stop the running answer; the text received so far remains."""
        key = self._conversation.key
        if self.runs and self._is_foreign:
            self._screen.notify(_("Another coze-tui is receiving this answer; stop it there."), markup=False)
        elif self.runs and key:
            self.view.mark_stopping()
            self.figures.show_chip()
            self._screen.run_in_worker("stop", self._engine_thread.call, lambda engine: engine.stop(key))

    @property
    def last_answer(self) -> AnswerEntry | None:
        """Return the last answer in the message pane, or None."""
        entries = reversed(self._widgets.log.entries)
        return next((item for item in entries if isinstance(item, AnswerEntry)), None)

    @property
    def can_recover(self) -> bool:
        """Return whether the last answer was cut off and its rest can be fetched."""
        return self._is_cut(self.view.last_accepted)

    def _is_cut(self, entry: AnswerEntry | None) -> bool:
        return entry is not None and entry.outcome is Outcome.INTERRUPTED and not self.runs

    def recover(self, entry: AnswerEntry | None = None) -> None:
        """Fetch the rest of an answer that was cut off, by default of the last one."""
        entry = entry or self.view.last_accepted
        if entry is None or not self._is_cut(entry):
            self._screen.notify(_("Nothing to recover here."), markup=False)
        else:
            self._screen.run_in_worker("recover", self._recover, entry)

    async def _recover(self, entry: AnswerEntry) -> None:
        await self.fetch_rest(entry, is_unasked=False)

    async def fetch_rest(self, entry: AnswerEntry, *, is_unasked: bool) -> None:
        """Fetch the rest of a stored chat into its entry; return when this has started.

        Args:
            is_unasked: Whether the program does so by itself.
        """
        chat, feed = entry.chat, TurnFeed()
        figures = await self._engine_thread.call(lambda engine: engine.inspecting.figures(chat))
        continues = await self._engine_thread.call(lambda engine: engine.recover(chat, feed))
        if self.runs or entry not in self._widgets.log.entries:
            return  # the user was quicker; what is fetched is in the store
        if continues:
            self.resume(entry, figures, feed)
        else:
            self._show_again(entry, feed)
            self._is_foreign = True
        self._is_unasked = is_unasked
