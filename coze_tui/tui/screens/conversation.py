"""The conversation that the chat screen shows: its bot, title, messages, draft and queued questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.api.objects import Bot
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.format import tail
from coze_tui.text.i18n import _
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, GreetingEntry, QuestionEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.window import LogWindow
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.widgets.event_sidebar import EventSidebar
from coze_tui.tui.widgets.field import FindBar
from coze_tui.tui.widgets.prompt.area import AttachmentStrip, EditStrip, QueueStrip
from coze_tui.tui.widgets.prompt.prompt import Prompt
from coze_tui.tui.widgets.status import ChatHeader, StatusStrip
from coze_tui.tui.widgets.text_views import Banner
from coze_tui.values import valueclass

_OPENING_SECONDS = 5.0
"""The most that quitting waits for the store to open."""

if TYPE_CHECKING:
    from coze_tui.engine.library.conversations import Opened, SavedEdit


@valueclass
class ChatWidgets:
    """The widgets of the chat screen that its parts share."""

    header: ChatHeader
    banner: Banner
    log: MessageLog
    sidebar: EventSidebar
    find_bar: FindBar
    strip: StatusStrip
    queue_strip: QueueStrip
    edit_strip: EditStrip
    attachments: AttachmentStrip
    prompt: Prompt


def bot_label(bot: Bot) -> str:
    """Return the name of a bot, else the end of its ID; clean and on one line."""
    return clean_line(bot.name) or tail(bot.id) or _("no bot")


class MessageQueue:
    """The questions that wait in the open conversation: shown above the prompt, and kept in the store.

    They are sent one by one, whenever an answer ends or the user asks for it.
    """

    def __init__(self, strip: QueueStrip, prompt: Prompt) -> None:
        self._strip = strip
        self._prompt = prompt
        self._waiting: tuple[str, ...] = ()

    @property
    def waiting(self) -> tuple[str, ...]:
        """Return the queued questions, the next one first."""
        return self._waiting

    def show(self, waiting: Sequence[str]) -> None:
        """Show another queue."""
        self._waiting = tuple(waiting)
        self._strip.show(self._waiting)
        self._prompt.has_queue = bool(self._waiting)

    def add(self, question: str) -> None:
        """Add a question at the end. It is shown once it is stored."""
        self._waiting = (*self._waiting, question)
        self._prompt.has_queue = True

    def refresh(self) -> None:
        """Show the queue again."""
        self.show(self._waiting)

    def take_next(self) -> str:
        """Remove and return the first question."""
        question, *rest = self._waiting
        self.show(rest)
        return question

    def take_last(self) -> str:
        """Remove and return the last question."""
        *rest, question = self._waiting
        self.show(rest)
        return question


class QuestionEdit:
    """Puts an earlier question into the prompt, and restores the draft afterwards."""

    def __init__(self, strip: EditStrip, prompt: Prompt) -> None:
        self._strip = strip
        self._prompt = prompt
        self._question: SavedEdit | None = None
        self._draft = ""

    @property
    def is_on(self) -> bool:
        """Return whether the prompt contains an earlier question."""
        return self._question is not None

    @property
    def question(self) -> SavedEdit | None:
        """Return the edited question, with the text of the prompt; None if there is none."""
        if self._question is None:
            return None
        return replace(self._question, text=self._prompt.message)

    @property
    def draft(self) -> str:
        """Return the unsent text that belongs to no earlier question."""
        return self._draft if self.is_on else self._prompt.message

    def begin(self, question: SavedEdit) -> None:
        """Put a question into the prompt. The draft waits, also if another question was edited."""
        self._draft = self.draft
        self._show(question)
        self._prompt.set_message(question.text)

    def end(self) -> None:
        """Restore the draft."""
        if self.is_on:
            self._show(None)
            self._prompt.set_message(self._draft)

    def forget(self) -> None:
        """End the mode without changing the prompt, because another conversation is shown."""
        self._show(None)

    def _show(self, question: SavedEdit | None) -> None:
        self._question = question
        self._prompt.is_editing = question is not None
        self._strip.show(question.asked_at if question is not None else None)


class OpenConversation:
    """Shows one conversation at a time, and stores its draft, queue and edited question.

    Args:
        screen: Runs the workers and reports their failures.
        first_steps: Returns the introduction for an empty conversation.
    """

    def __init__(
        self, screen: CozeScreen[None], widgets: ChatWidgets, first_steps: Callable[[], Entry]
    ) -> None:
        self._screen = screen
        self._first_steps = first_steps
        self._widgets = widgets
        self._engine_thread = screen.context.engine_thread
        self.key = ""
        """Its local key; empty until something is said in a new conversation."""
        self.bot = screen.context.known_bot()
        self._restored_draft = ""
        self.title = ""
        """Clean and on one line."""
        self.last_chat = 0
        """Key of the last stored chat that is shown; 0 while it is not known."""
        self.window = LogWindow(self._engine_thread, widgets.log)
        self.queue = MessageQueue(widgets.queue_strip, widgets.prompt)
        self.edit = QuestionEdit(widgets.edit_strip, widgets.prompt)

    # --- what is shown ---

    @property
    def bot_name(self) -> str:
        """Return the name of the bot, clean and on one line."""
        return bot_label(self.bot)

    def use_bot(self, bot: Bot) -> None:
        """Show the name of a bot, and ask it from now on."""
        self.bot = bot
        self._widgets.header.bot = self.bot_name
        self._widgets.log.name_bot(bot.id, self.bot_name)

    def use_settings(self) -> None:
        """Use the site and the bot of the current settings, in a new conversation."""
        settings = self._screen.context.settings
        self._widgets.header.site = settings.site
        self.use_bot(self._screen.context.known_bot())

    def set_title(self, title: str, *, is_fork: bool | None = None) -> None:
        """Show a title, and whether the conversation is a fork; None does not change that."""
        self.title = self._widgets.header.title = clean_line(title)
        if is_fork is not None:
            self._widgets.header.is_fork = is_fork

    def greet(self, *, behind_failures: bool = False) -> None:
        """Show in an empty message pane the greeting of the bot and the introduction of the program.

        Call it again when more is known about the bot.

        Args:
            behind_failures: Greet also after messages of which every question has failed.
        """
        log = self._widgets.log
        said = [entry for entry in log.entries if not entry.is_transient]
        if said and not (behind_failures and self._have_failed(said)):
            return
        greeting = self._greeting()
        log.append(*([greeting] if greeting is not None else []), self._first_steps())
        self.offer_follow_ups()
        if not said:
            log.viewport.show_start()  # a low terminal has no room for all of it

    def greet_above(self) -> None:
        """Show the bot's greeting above the messages, unless older messages are not loaded."""
        log = self._widgets.log
        if (greeting := self._greeting()) is not None and not log.viewport.has_older:
            log.viewport.prepend([greeting], has_older=False)

    def _greeting(self) -> GreetingEntry | None:
        """Return the greeting of the bot with its suggested questions; None if it has neither."""
        bot = self.bot
        if not (bot.prologue or bot.suggested_questions):
            return None
        questions = [clean_line(question) for question in bot.suggested_questions]
        return GreetingEntry(self.bot_name, clean(bot.prologue), questions, bot_id=bot.id)

    def _have_failed(self, entries: Sequence[Entry]) -> bool:
        """Return whether these are all entries of the conversation, and every question in them has failed."""
        return not self._widgets.log.viewport.has_older and all(
            isinstance(entry, QuestionEntry)
            or (isinstance(entry, AnswerEntry) and entry.outcome is Outcome.FAILED)
            for entry in entries
        )

    def show(self, opened: Opened) -> None:
        """Show a stored conversation from its end, with its draft in the prompt."""
        summary = opened.summary
        self.key = summary.key
        known = self._screen.context.known_bot()
        if summary.bot_id and not (known.id == summary.bot_id and known.name):
            known = Bot(id=summary.bot_id, name=summary.bot_name)
        self.use_bot(known)  # one that was begun without a bot gets the one that answers the next question
        self.set_title(summary.title, is_fork=bool(summary.forked_from))
        self.last_chat = opened.last_chat
        self.show_messages(opened)
        self.edit.forget()
        if summary.draft:
            self._widgets.prompt.set_message(summary.draft)
        else:
            self._widgets.prompt.clear_message()
        if opened.edit is not None:
            self.edit.begin(opened.edit)
        self._restored_draft = self._widgets.prompt.message
        self.greet()
        self.offer_follow_ups()

    def show_messages(self, opened: Opened) -> None:
        """Show the last messages and the queue of the open conversation."""
        self.window.show(opened.summary.key, opened.page)
        self.queue.show(opened.summary.queue)

    def show_new(self) -> None:
        """Show a new conversation with the same bot; the prompt is empty."""
        self.key = self._restored_draft = ""
        self.last_chat = 0
        self.window.forget()
        self.set_title("", is_fork=False)
        self.queue.show(())
        self._widgets.log.clear()
        self.edit.forget()
        self._widgets.prompt.clear_message()
        self.offer_follow_ups()

    @property
    def _offering(self) -> AnswerEntry | GreetingEntry | None:
        """Return the last answer or the greeting; None if there is neither."""
        entries = reversed(self._widgets.log.entries)
        return next((entry for entry in entries if isinstance(entry, AnswerEntry | GreetingEntry)), None)

    def offer_follow_ups(self) -> None:
        """Let a digit choose a question that the last answer or the greeting suggests."""
        entry = self._offering
        self._widgets.prompt.offer(entry.follow_ups if entry is not None else ())
        self._widgets.log.offer(entry, self._widgets.prompt.chosen_number)

    def withdraw_follow_ups(self) -> None:
        """Treat digits as text, because a question is being sent."""
        self._widgets.prompt.offer(())
        self._widgets.log.offer(None)

    @property
    def is_being_typed_in(self) -> bool:
        """Return whether the prompt contains a text that the user has typed or changed."""
        message = self._widgets.prompt.message
        return bool(message.strip()) and message != self._restored_draft

    def give_back(self, question: str) -> None:
        """Put a question that was not answered into the prompt, before what has been typed since."""
        is_empty = not self._widgets.prompt.message.strip()
        self._widgets.prompt.restore(question)
        if is_empty:
            self._restored_draft = question

    @property
    def has_messages(self) -> bool:
        """Return whether the conversation contains any message besides the greeting."""
        entries = self._widgets.log.entries
        return any(isinstance(entry, QuestionEntry | AnswerEntry) for entry in entries)

    @property
    def is_at_end(self) -> bool:
        """Return whether the last message is in the view."""
        return self._widgets.log.viewport.following and not self.window.has_newer

    def warn(self, text: str) -> None:
        """Show a problem that does not stop the chat in the banner."""
        self._widgets.banner.add(text)
        self._screen.refresh_bindings()

    def take_back(self, texts: Sequence[str]) -> None:
        """Remove warnings that are no longer true from the banner."""
        for text in texts:
            self._widgets.banner.take_back(text)
        self._screen.refresh_bindings()

    # --- what is stored ---

    async def report_unsaved(self, consequence: str, *keys: str) -> None:
        """Show a toast if messages of any conversation are not in the history, which cannot be written."""
        if await self._engine_thread.call(lambda engine: engine.is_behind(keys)):
            self._screen.notify(consequence, severity="warning", markup=False)

    def ensure_key(self) -> str:
        """Return the key of the conversation, chosen now if it is new.

        The first draft, queue or question that the engine saves under the key creates the conversation.
        """
        if not self.key:
            from coze_tui.engine.library.conversations import new_key

            self.key = self.window.key = new_key()
        return self.key

    async def keep_draft(self) -> None:
        """Store the text of the prompt, so that it survives quitting and crashing."""
        await self._keep_draft(self.key, self.bot, self.edit.draft, self.edit.question)

    async def _keep_draft(self, key: str, bot: Bot, draft: str, edit: SavedEdit | None) -> None:
        if key:
            await self._engine_thread.call(lambda engine: engine.keep_draft(key, draft, bot, edit))

    async def typed(self, text: str) -> None:
        """Store a draft; the first one of a new conversation creates it."""
        if text.strip():
            self.ensure_key()
        await self.keep_draft()

    async def leave_draft(self, key: str, bot: Bot, draft: str, edit: SavedEdit | None = None) -> None:
        """Store a draft in the conversation that was left, which is created if it is new.

        Args:
            edit: The earlier question that was edited there.
        """
        from coze_tui.engine.library.conversations import new_key

        await self._keep_draft(key or (new_key() if draft.strip() else ""), bot, draft, edit)

    async def leave_program(self) -> None:
        """Store the typed text before the program ends, and remember the conversation as the last one.

        If the store is still opening, wait for it. A store that hangs must not keep the user.
        """
        has_text = bool(self._widgets.prompt.message.strip())
        if await self._engine_thread.opens_within(_OPENING_SECONDS if has_text else 0.0):
            if has_text:
                self.ensure_key()
            await self.keep_draft()
        if self.key and self.has_messages:
            self._screen.context.left_conversation = self.key

    async def keep_queue(self, key: str, waiting: Sequence[str], added: str = "") -> None:
        """Store the queue of a conversation, then show it.

        Args:
            key: Its key; empty for the open conversation.
            added: The question that was added, which is removed from the stored draft.
        """
        key, bot = key or self.ensure_key(), self.bot
        await self._engine_thread.call(lambda engine: engine.keep_queue(key, waiting, bot, added=added))
        self.queue.refresh()

    def take_from_queue(self) -> None:
        """Put the last question of the queue into the prompt, if any waits."""
        if self.queue.waiting:
            self._widgets.prompt.set_message(self.queue.take_last())
            self._screen.run_in_worker("queue", self._keep_taken)

    async def _keep_taken(self) -> None:
        """Store the prompt, which now contains the last queued question, then the queue without it."""
        key, waiting = self.key, self.queue.waiting
        await self.keep_draft()
        await self.keep_queue(key, waiting)

    async def next_queued(self) -> str:
        """Remove the next question from the queue and return it; empty if another program has sent it.

        The stored queue keeps the question until it is stored as sent.
        """
        key = self.key
        stored = await self._engine_thread.call(lambda engine: engine.queue(key))
        if key != self.key:
            return ""
        if stored is not None:
            self.queue.show(stored)
        return self.queue.take_next() if self.queue.waiting else ""
