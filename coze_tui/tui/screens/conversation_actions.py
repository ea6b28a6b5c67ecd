"""The actions on conversations in the chat screen: open, change, export and inspect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Set
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Literal

from coze_tui.api.objects import Bot
from coze_tui.config.locations import typed_path
from coze_tui.engine.model.figures import ids_text, no_events_text
from coze_tui.engine.model.outcomes import Outcome, outcome_of
from coze_tui.engine.session.sent_files import sent_files
from coze_tui.errors import BusyError, CozeTuiError, CredentialsError, StoreError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, listed
from coze_tui.text.system_text import readable
from coze_tui.tui.log.entries import AnswerEntry, Entry, GreetingEntry, SectionEntry
from coze_tui.tui.log.finder import Finder
from coze_tui.tui.log.first_steps import FirstStepsEntry
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.left_chats import LeftChats
from coze_tui.tui.screens.offers import Offers
from coze_tui.tui.screens.turn_control import TurnControl

if TYPE_CHECKING:
    from coze_tui.engine.library.conversations import Opened
    from coze_tui.engine.model.figures import TurnFigures
    from coze_tui.tui.chat_sources import ChatSource
    from coze_tui.tui.screens.bots import BotChoice
    from coze_tui.tui.screens.first_run import FirstRun, FirstRunChoice
    from coze_tui.tui.screens.history import HistoryChoice
    from coze_tui.tui.screens.side_by_side import SideBySideResult


class ConversationActions:
    """Carries out the commands of the chat screen that are not about the turn itself.

    The coroutines push dialogs, so they run in workers; `CozeScreen.run_in_worker` starts them.
    """

    def __init__(
        self,
        screen: CozeScreen[None],
        widgets: ChatWidgets,
        conversation: OpenConversation,
        turns: TurnControl,
        finder: Finder,
        left_chats: LeftChats,
        offers: Offers,
    ) -> None:
        self._left_chats = left_chats
        self._offers = offers
        self._screen = screen
        self._widgets = widgets
        self._conversation = conversation
        self._turns = turns
        self._finder = finder
        self._engine_thread = screen.context.engine_thread
        self._changes = 0
        """The state of the store when it was last looked at."""

    # --- opening ---

    async def open_first(self, key: str) -> None:
        """Show a conversation at the start of the program; what was typed meanwhile stays in the prompt."""
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
        self._turns.leave()
        self._conversation.show(opened)
        await self._show_state(opened)
        if not opened.summary.bot_id and self._conversation.bot.id:
            self.start_learning_bot()
        if message is not None and not self._turns.runs:
            self._widgets.log.focus()
            await self._finder.take(query, message)

    async def open_again(self) -> None:
        """Open a conversation at rest again, for the words that its entries cannot translate."""
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
        self._turns.show_last_chat(opened.page.chats)
        await self._turns.follow_running(opened)

    def show_new(self) -> None:
        """Show a new conversation; a running turn continues in its own one."""
        left = self._conversation
        self._screen.run_in_worker(
            "leave", left.leave_draft, left.key, left.bot, left.edit.draft, left.edit.question
        )
        self._turns.leave()
        self._conversation.show_new()
        self._turns.show_last_chat(())
        self._conversation.greet()
        self._widgets.prompt.focus()

    def look_for_news(self) -> None:
        """Show what another program has said in the open conversation; not while one reads further up."""
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

    async def fork(self, entry: Entry | None) -> None:
        """Open a copy of the conversation that ends with an entry; the bot does not know it yet."""
        if not self._conversation.key or self._turns.runs:
            self._notify(_("Nothing to fork yet."))
            return
        await self.open(await self._conversation.window.fork(entry))
        self._notify(_("Forked: new messages go only into this conversation."))

    # --- the prompt ---

    def ask(self, question: str) -> None:
        """Send a question, or queue it; it takes the place of an earlier one that is being edited."""
        self._turns.ask(question)
        if self._conversation.edit.is_on:
            self.end_edit()

    def insert_apart(self, text: str) -> None:
        """Insert a text at the cursor of the prompt, apart from what stands before it."""
        prompt = self._widgets.prompt
        row, column = prompt.cursor_location
        before = prompt.document[row][:column]
        prompt.insert_pasted(text if not before or before[-1].isspace() else f" {text}")
        prompt.focus()

    def write_in_editor(self) -> None:
        """Write the message in the editor of $VISUAL or $EDITOR."""
        from coze_tui.tui.editor import edit_text

        prompt, environment = self._widgets.prompt, self._screen.context.startup.environment
        if (text := edit_text(self._screen.app, prompt.message, environment)) is not None:
            prompt.set_message(text)

    async def use_prompts(self, argument: str) -> None:
        """Do what `/prompts` asks for; a saved prompt is inserted into the prompt.

        Args:
            argument: Of the command; `save NAME` without a text saves what is typed, or the last question.
        """
        from coze_tui.tui.screens.saved_prompts import run_prompts

        prompt = self._widgets.prompt
        last = self._turns.question_entry(None) if argument else None
        typed = prompt.message or (last.text if last is not None else "")
        text = await run_prompts(self._screen.context, argument, typed)
        if text is not None:
            prompt.insert_text(text)
            prompt.focus()

    # --- editing an earlier question ---

    def edit_question(self, entry: Entry | None) -> None:
        """Put the question of an entry, or the last one, into the prompt; the draft waits meanwhile."""
        from coze_tui.engine.library.conversations import SavedEdit

        question = self._turns.question_entry(entry)
        if question is None:
            self._notify(_("There is no question to edit yet."))
            return
        position = 0 if question.chat else self._conversation.window.position_of(question)
        self._conversation.edit.begin(SavedEdit(question.text, question.sent_at_ms, question.chat, position))
        self._edit_changed()
        self._widgets.prompt.focus()

    def end_edit(self) -> None:
        """Put back the draft that was in the prompt before the question."""
        self._conversation.edit.end()
        self._edit_changed()

    def _edit_changed(self) -> None:
        self._screen.run_in_worker("draft", self._conversation.keep_draft, exclusive=True)
        self._screen.refresh_bindings()

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

    async def import_file(self, text: str) -> None:
        """Read conversations from an exported file, and open the first."""
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

        # At once, so that the picker gets what is typed right behind the command.
        self._screen.app.push_screen(bot_picker(context, with_profiles=False, taken={bot.id}), compare)

    def _keep_typed(self, text: str) -> None:
        """Take over what is typed on the screen above; it has waited there until it was a draft."""
        self._widgets.prompt.set_message(text)
        self._widgets.prompt.post_draft()

    # --- the bot and the site ---

    async def learn_bot(self, behind_failures: bool = False) -> None:
        """Show the name and greeting of the bot; a token may chat without seeing them (docs/wire.md 4.5).

        Args:
            behind_failures: Greet also in a conversation in which every question has failed so far.
        """
        conversation, bot_id = self._conversation, self._conversation.bot.id
        try:
            bot = await self._engine_thread.call(lambda engine: engine.site.bot(bot_id))
        except CredentialsError:
            self.offer_first_run()
            return
        except CozeTuiError as error:
            self._widgets.banner.add(self._screen.context.explain(error))
            return
        if conversation.bot.id == bot_id:  # else a conversation with another bot was opened meanwhile
            conversation.use_bot(bot)
            self._screen.context.remember_bot(bot)
            conversation.greet(behind_failures=behind_failures)

    def start_learning_bot(self, *, behind_failures: bool = False) -> None:
        """Run `learn_bot` in the background."""
        self._screen.run_in_worker("bot", self.learn_bot, behind_failures, exclusive=True)

    def choose_bot(self, text: str, bot: Bot | None = None) -> None:
        """Talk to another bot, in a new conversation.

        Args:
            text: What is typed already in the list of bots.
            bot: The bot that is meant; without one the user chooses.
        """
        from coze_tui.tui.screens.bots import BotChoice, bot_picker

        if bot is not None:
            self._bot_chosen(BotChoice(bot.id, bot.name))
        else:
            picker = bot_picker(self._screen.context, text)
            self._screen.app.push_screen(picker, self._bot_chosen)

    def _bot_chosen(self, choice: BotChoice | None) -> None:
        if choice is not None:
            self._screen.run_in_worker("screen", self._use_bot, choice, exclusive=True)

    async def _use_bot(self, choice: BotChoice) -> None:
        from coze_tui.tui.screens.bots import use_choice

        await use_choice(self._screen.context, choice)
        self._conversation.use_settings()
        is_adopted = await self._adopt_open()
        if not is_adopted:
            self.show_new()
        self.start_learning_bot(behind_failures=is_adopted)

    async def _adopt_open(self) -> bool:
        """Give the open conversation the bot in use if it was begun without one; return whether it was."""
        key, bot = self._conversation.key, self._conversation.bot
        if not key:
            return False
        saved = await self._engine_thread.call(lambda engine: engine.conversations.summary(key))
        if saved is None or saved.bot_id:
            return False
        await self._conversation.keep_draft()
        await self._engine_thread.call(lambda engine: engine.adopt(key, bot))
        if key == self._conversation.key:
            await self.open(key)  # its messages get the name
        return True

    def start_first_run(self) -> None:
        """Let the user choose site, token and bot, who has asked for that."""
        self._screen.run_in_worker("screen", self._first_run, exclusive=True)

    async def _first_run(self) -> None:
        await self._use_choice(await self._screen.app.push_screen_wait(self._first_run_screen()))

    def offer_first_run(self) -> None:
        """Let the user choose site, token and bot, once nobody types: the program cannot chat without."""
        title = _("Choose a site, a token and a bot")
        self._offers.add("first run", title, self._first_run_screen, self._use_choice)

    def _first_run_screen(self) -> FirstRun:
        from coze_tui.tui.screens.first_run import first_run

        return first_run(self._screen.context)

    async def _use_choice(self, choice: FirstRunChoice | Literal["demo"] | None) -> None:
        from coze_tui.tui.screens.first_run import missing_texts, use_choice, what_is_missing

        conversation = self._conversation
        conversation.take_back(missing_texts())
        before = conversation.bot.id
        if await use_choice(self._screen.context, choice):
            conversation.use_settings()
            is_other = bool(conversation.key) and before != conversation.bot.id
            is_adopted = await self._adopt_open()
            if is_other and not is_adopted:
                self.show_new()
            self.start_learning_bot(behind_failures=is_adopted)
            self._left_chats.start()
        elif choice is None and (text := await what_is_missing(self._screen.context)):
            conversation.warn(text)

    # --- the open conversation ---

    async def attach(self, text: str) -> None:
        """Send a file, or several that were dropped together, with the next question."""
        if not text.strip():
            self._notify(_("No file was named. Type @ or /attach, and a path or a URL."))
            return
        try:
            files = await asyncio.to_thread(sent_files, text)
            sizes = await self._engine_thread.call(lambda engine: engine.check_attachments(files))
        except CozeTuiError as error:
            self._screen.context.notify_failure(error)
            return
        for file, size in zip(files, sizes, strict=True):
            self._widgets.attachments.add(file, size)

    def export(self, typed: str = "") -> None:
        """Write the conversation to files, in the form and the folder that are typed after `/export`."""
        from coze_tui.tui.export_flow import export

        if self._conversation.key and self._conversation.has_messages:
            export(self._screen.context, [self._conversation.key], typed)
        else:
            self._notify(_("Nothing to export yet."))

    async def save_images(self, folder: str) -> None:
        """Save the images that the loaded answers contain, by default to the current folder."""
        from coze_tui.exports.images import save_images

        entries = [entry for entry in self._widgets.log.entries if isinstance(entry, AnswerEntry)]
        texts = [answer.text for entry in entries for answer in entry.answers]
        try:
            paths = await asyncio.to_thread(save_images, texts, typed_path(folder or "."))
        except OSError as error:
            reason = _("cannot write {file}: {reason}").format(
                file=clean_line(folder or "."), reason=error.strerror
            )
            self._screen.notify(reason, severity="error", markup=False)
            return
        names = listed(readable(str(path)) for path in paths)
        self._notify(_("Saved {file}").format(file=names) if paths else _("No images to save."))

    async def rename(self, title: str) -> None:
        """Give the conversation another title, locally and on the server."""
        key, title = self._conversation.key, clean_line(title)
        if not key or not title:
            self._notify(
                _("Nothing was renamed. Type /rename and a title, in a conversation that has begun.")
            )
            return
        await self._engine_thread.call(lambda engine: engine.browsing.rename(key, title))
        self._conversation.set_title(title)
        try:
            await self._engine_thread.call(lambda engine: engine.server_side.rename(key, title))
        except CozeTuiError as error:
            reason = self._screen.context.explain(error)
            refused = _("Renamed here; the server refused: {reason}").format(reason=reason)
            self._screen.notify(refused, severity="warning", markup=False)

    async def clear_context(self) -> None:
        """Start a new section, so that the bot forgets the messages; the log keeps them."""
        key = self._conversation.key
        if not key:
            return
        try:
            await self._engine_thread.call(lambda engine: engine.clear_context(key))
        except CozeTuiError as error:
            self._screen.context.notify_failure(error)
            return
        self._widgets.log.append(SectionEntry(int(time.time() * 1000)))

    def copy_ids(self, figures: TurnFigures | None) -> None:
        """Copy the IDs of a chat."""
        if figures is not None and (text := ids_text(figures)):
            self._screen.context.copy(text, _("the IDs"))
        else:
            self._notify(_("There are no IDs yet."))

    def show_plain(self) -> None:
        """Show the messages as plain text."""
        from coze_tui.tui.screens.dialogs import ShowText

        title = self._conversation.title or self._conversation.bot_name
        self._screen.app.push_screen(ShowText(title, self._widgets.log.plain_text()))

    def inspect(self, frame: int = 0) -> None:
        """Show every frame of the chat whose events are shown.

        Args:
            frame: The frame that is selected, from 1; 0 for the first.
        """
        from coze_tui.tui.screens.inspector import InspectorScreen

        if (source := self._shown_chat()) is not None:
            self._screen.app.push_screen(InspectorScreen(source, frame=frame))

    def replay(self) -> None:
        """Replay the chat whose events are shown."""
        from coze_tui.tui.screens.inspector import inspector_at
        from coze_tui.tui.screens.replay import ReplayScreen

        if (source := self._shown_chat()) is not None:
            self._screen.app.push_screen(ReplayScreen(source, inspector_at))

    async def save_support_bundle(self) -> None:
        """Save the chat whose events are shown for Coze's support."""
        from coze_tui.tui.support_bundle_flow import save_support_bundle

        if (source := self._shown_chat()) is not None:
            await save_support_bundle(self._screen.context, source)

    def _shown_chat(self) -> ChatSource | None:
        """Return the chat whose events are shown; without one, say so and return None."""
        from coze_tui.tui.chat_sources import ChatSource

        figures = self._widgets.sidebar.figures
        if figures is None:
            self._notify(_("Nothing has been sent in this conversation yet."))
            return None
        if figures.lacks_events:
            self._notify(no_events_text())
            return None
        chosen = self._widgets.log.chosen
        chat = chosen.chat if chosen is not None and figures is not self._turns.view.figures else 0
        return ChatSource.stored(self._engine_thread, self._conversation.key, chat)

    # --- after a failure ---

    def help_after(self, error: CozeTuiError) -> bool:
        """Offer the panel that helps after a turn has failed; return False if there is none for the error."""
        question = self._turns.view.question
        if isinstance(error, CredentialsError):
            self._conversation.give_back(question)
            self.offer_first_run()
        elif isinstance(error, BusyError):
            self._offer_ways_out(question)
        else:
            return False
        return True

    def _offer_ways_out(self, question: str) -> None:
        """Ask what to do with a question that Coze refused because another chat runs, once nobody types."""
        from coze_tui.tui.screens.dialogs import Choose, Option

        title = _("A chat is still running in this conversation")
        tool = []
        if self._turns.waiting_answer is not None:
            title = _("The bot waits for the output of a local tool")
            tool = [Option("tools", _("Enter the output; the question stays in the prompt"), "")]

        def ask() -> Choose:
            return Choose(
                title,
                _("Coze runs only one chat at a time per conversation (error 4016)."),
                [
                    *tool,
                    Option("cancel", _("Cancel the running chat and send again"), ""),
                    Option("wait", _("Wait, and keep the question in the prompt"), ""),
                    Option("new", _("Ask in a new conversation"), ""),
                ],
            )

        self._offers.add("busy", title, ask, partial(self._take_way_out, question))

    async def _take_way_out(self, question: str, choice: str | None) -> None:
        key = self._conversation.key
        if choice == "cancel":
            try:
                is_known = await self._engine_thread.call(lambda engine: engine.cancel_running(key))
            except CozeTuiError as error:
                self._screen.context.notify_failure(error)
                is_known = False
            if is_known:
                self._turns.send(question)
                return
            self._notify(_("Not canceled: the ID of the running chat is unknown."))
        elif choice == "new":
            self.show_new()
            self._turns.send(question)
            return
        self._conversation.give_back(question)
        if choice == "tools":
            await self._turns.offer_tools()

    def _notify(self, text: str) -> None:
        self._screen.notify(text, markup=False)


def _is_any_resumed(opened: Opened, cut: Set[int]) -> bool:
    """Return whether the rest of a chat that was cut off is being fetched, or has been."""
    return any(
        chat.record.key in cut and outcome_of(chat.record) is not Outcome.INTERRUPTED
        for chat in opened.page.chats
    )
