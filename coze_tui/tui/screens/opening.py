"""Opens conversations in the chat screen: stored and new ones, forks, and choices of other screens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from contextlib import suppress
from typing import TYPE_CHECKING

from coze_tui.api.objects import Bot
from coze_tui.config.locations import typed_path
from coze_tui.engine.model.outcomes import Outcome, outcome_of
from coze_tui.errors import StoreError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.tui.log.entries import Entry, GreetingEntry
from coze_tui.tui.log.finder import Finder
from coze_tui.tui.log.first_steps import FirstStepsEntry
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.turn_control import TurnControl

if TYPE_CHECKING:
    from coze_tui.engine.library.conversations import Opened
    from coze_tui.tui.screens.bots import BotChoice
    from coze_tui.tui.screens.history import HistoryChoice
    from coze_tui.tui.screens.side_by_side import SideBySideResult


class ConversationOpener:
    """Decides which conversation the chat screen shows, and follows what another program adds to it.

    The coroutines push dialogs, so they run in workers; `CozeScreen.run_in_worker` starts them.

    Args:
        learn_bot: Called when the bot of the open conversation may be unknown.
    """

    def __init__(
        self,
        screen: CozeScreen[None],
        widgets: ChatWidgets,
        conversation: OpenConversation,
        turns: TurnControl,
        finder: Finder,
        learn_bot: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._widgets = widgets
        self._conversation = conversation
        self._turns = turns
        self._finder = finder
        self._learn_bot = learn_bot
        self._engine_thread = screen.context.engine_thread
        self._changes = 0
        """The state of the store when it was last looked at."""

    async def open_first(self, key: str) -> None:
        """Show a conversation at the start of the program; text typed meanwhile remains in the prompt."""
        opened = await self._engine_thread.call(lambda engine: engine.conversations.open(key))
        if opened is None:
            self._report_missing(key)
            return
        conversation = self._conversation
        early, typed = (conversation.key, conversation.bot), self._widgets.prompt.message
        conversation.show(opened)
        if typed.strip():
            draft = self._widgets.prompt.message
            self._widgets.prompt.set_message(f"{draft}\n{typed}" if draft else typed)
        if early[0]:  # made for what was typed, which belongs to the opened one
            await conversation.leave_draft(*early, "")
        await self._show_state(opened)

    async def open(self, key: str, message: int | None = None, query: str = "") -> None:
        """Show a conversation, at its end or at a message in which a query was found."""
        await self._conversation.keep_draft()  # of the same one, if that is opened again
        opened = await self._engine_thread.call(lambda engine: engine.conversations.open(key))
        if opened is None:
            self._report_missing(key)
            return
        self._report_hidden(self._conversation.key, key)
        self._turns.leave()
        self._conversation.show(opened)
        await self._show_state(opened)
        if not opened.summary.bot_id and self._conversation.bot.id:
            self._learn_bot()
        if message is not None and not self._turns.runs:
            self._widgets.log.focus()
            await self._finder.take(query, message)

    def _report_hidden(self, *keys: str) -> None:
        """Say that messages are not shown for now, if the history lacks some of these conversations."""
        text = _("The messages that are not saved yet are hidden until the history can be written.")
        self._screen.run_in_worker("unsaved", self._conversation.report_unsaved, text, *keys)

    async def open_again(self) -> None:
        """Open an idle conversation again, because its entries contain texts of the old language."""
        if self._turns.runs:
            return
        log, conversation, context = self._widgets.log, self._conversation, self._screen.context
        is_begun = any(not isinstance(entry, GreetingEntry | FirstStepsEntry) for entry in log.entries)
        if conversation.key and is_begun:
            greets = isinstance(log.entries[0], GreetingEntry)
            await self.open(conversation.key)
            if greets:
                for bot in context.demo_bots:  # only these speak the language of the program
                    if bot.id == conversation.bot.id:
                        conversation.use_bot(bot)
                conversation.greet_above()
        else:
            log.clear()
            conversation.use_bot(context.known_bot())
            conversation.greet()

    def _report_missing(self, key: str) -> None:
        self._widgets.banner.add(_("no such conversation: {key}").format(key=clean_line(key)))

    async def _show_state(self, opened: Opened) -> None:
        """Show the figures of the last chat of a conversation, and follow the turn that runs in it."""
        self._turns.figures.show_last_of(opened.page.chats)
        await self._turns.follow_running(opened)

    def show_new(self) -> None:
        """Show a new conversation; a running turn continues in its own one."""
        left = self._conversation
        self._screen.run_in_worker(
            "leave", left.leave_draft, left.key, left.bot, left.edit.draft, left.edit.question
        )
        self._report_hidden(left.key)
        self._turns.leave()
        self._conversation.show_new()
        self._turns.figures.show_last_of(())
        self._conversation.greet()
        self._widgets.prompt.focus()

    # --- what another program adds ---

    def look_for_news(self) -> None:
        """Show messages that another program has added, unless the user reads further up."""
        key = self._conversation.key
        if key and self._engine_thread.is_up and self._is_at_rest(key):
            self._screen.run_in_worker("look", self._show_news, key, exclusive=True)

    def _is_at_rest(self, key: str) -> bool:
        conversation = self._conversation
        return conversation.key == key and self._turns.is_idle and conversation.is_at_end

    async def _show_news(self, key: str) -> None:
        conversation = self._conversation
        with suppress(StoreError):  # the next action that needs the store reports it
            changes = await self._engine_thread.call(lambda engine: engine.browsing.changes())
            if changes == self._changes:
                return
            last = await self._engine_thread.call(lambda engine: engine.last_chat(key))
            is_new, cut = conversation.last_chat not in (0, last), self._turns.cut_chats
            opened = None
            if is_new or cut:
                opened = await self._engine_thread.call(lambda engine: engine.conversations.open(key))
            if not self._is_at_rest(key):
                return
            self._changes, conversation.last_chat = changes, last
            if opened is not None and (is_new or _is_any_resumed(opened, cut)):
                conversation.show_messages(opened)
                await self._show_state(opened)

    # --- forks ---

    async def fork(self, entry: Entry | None) -> None:
        """Open a copy of the conversation that ends with an entry; the bot does not know it yet."""
        if not self._conversation.key or self._turns.runs:
            self._notify(_("Nothing to fork yet."))
            return
        await self.open(await self._conversation.window.fork(entry))
        self._notify(_("Forked: new messages go only into this conversation."))

    async def ask_in_fork(self) -> None:
        """Ask the edited question in a copy of the conversation that ends before it."""
        conversation, prompt = self._conversation, self._widgets.prompt
        edit = conversation.edit.question
        if edit is None or not edit.text.strip():
            return
        key = conversation.key
        new = await self._engine_thread.call(
            lambda engine: engine.browsing.fork(key, chat=edit.chat, position=edit.position, before=True)
        )
        if key != conversation.key:
            return  # another conversation was opened meanwhile; this one keeps the edited question
        conversation.edit.end()
        await self.open(new)
        prompt.note_sent(edit.text)
        self._turns.send(edit.text)
        self._notify(_("Forked: new messages go only into this conversation."))

    # --- conversations chosen elsewhere ---

    async def import_file(self, text: str) -> None:
        """Import conversations from a file, and open the first."""
        from coze_tui.tui.export_flow import import_file

        if not text.strip():
            self._notify(_("No file was named. Type /import and the path of a file."))
            return
        path = await asyncio.to_thread(typed_path, text)
        if (key := await import_file(self._screen.context, path)) is not None:
            await self.open(key)

    def show_history(self) -> None:
        """Browse all conversations, and open the one that is chosen."""
        from coze_tui.tui.screens.history import HistoryScreen

        conversation = self._conversation
        self._screen.run_in_worker("draft", conversation.keep_draft)
        screen = HistoryScreen(conversation.bot, conversation.key)
        self._screen.app.push_screen(screen, self._history_left)

    def _history_left(self, choice: HistoryChoice | None) -> None:
        self._screen.run_in_worker("screen", self._open_choice, choice, exclusive=True)

    async def _open_choice(self, choice: HistoryChoice | None) -> None:
        here = self._conversation.key
        if choice is not None and (choice.key != here or choice.message is not None):
            await self.open(choice.key, choice.message, choice.query)
        elif here and not await self._engine_thread.call(lambda engine: engine.browsing.is_there(here)):
            self.show_new()

    async def show_statistics(self) -> None:
        """Show what all chats have cost, and open the conversation that is chosen there."""
        from coze_tui.tui.screens.statistics import StatisticsScreen

        key = await self._screen.app.push_screen_wait(StatisticsScreen())
        if key is not None:
            await self.open(key)

    def ask_side_by_side(self) -> None:
        """Let the user pick a second bot, ask both, and open the conversation that is chosen there."""
        from coze_tui.tui.screens.bots import bot_picker
        from coze_tui.tui.screens.side_by_side import SideBySideScreen

        context, prompt, bot = self._screen.context, self._widgets.prompt, self._conversation.bot

        def leave(left: SideBySideResult | None) -> None:
            if left is not None:
                prompt.set_message(left.text)
                if left.conversation:
                    self._screen.run_in_worker("screen", self.open, left.conversation, exclusive=True)

        def compare(choice: BotChoice | None) -> None:
            if choice is not None:
                bots = [bot, Bot(id=choice.bot_id, name=choice.name)]
                screen = SideBySideScreen(context.settings, bots, prompt.message, keep_draft=self._keep_typed)
                self._screen.app.push_screen(screen, leave)

        # At once, so that the picker receives what is typed right after the command.
        self._screen.app.push_screen(bot_picker(context, with_profiles=False, taken={bot.id}), compare)

    def _keep_typed(self, text: str) -> None:
        """Take over the text typed on the screen above, as the draft."""
        self._widgets.prompt.set_message(text)
        self._widgets.prompt.post_draft()

    def _notify(self, text: str) -> None:
        self._screen.notify(text, markup=False)


def _is_any_resumed(opened: Opened, cut: Set[int]) -> bool:
    """Return whether the rest of a chat that was cut off is being fetched, or has been."""
    return any(
        chat.record.key in cut and outcome_of(chat.record) is not Outcome.INTERRUPTED
        for chat in opened.page.chats
    )
