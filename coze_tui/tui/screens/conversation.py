"""The conversation screen: shows one conversation and follows the turns in it. Computes nothing itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from textual import getters, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from coze_tui.api.objects import Bot, ToolCall
from coze_tui.config.settings import Settings
from coze_tui.engine.model.dialects import Feature
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import ActionRequired, ChatIdentified, Phase, PhaseChanged
from coze_tui.engine.session.thread import TurnFeed
from coze_tui.errors import CozeTuiError, CredentialsError, StoreError
from coze_tui.text.cleaning import clean, clean_line, title_of
from coze_tui.text.i18n import _
from coze_tui.tui.log.entries import BotEntry, Entry, GreetingEntry, UserEntry
from coze_tui.tui.log.finder import Finder
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.viewport import PageWanted
from coze_tui.tui.log.window import LogWindow
from coze_tui.tui.message_queue import MessageQueue
from coze_tui.tui.screens.log_screen import LogScreen
from coze_tui.tui.turn_view import Milestone, TurnView
from coze_tui.tui.widgets.attachment_strip import AttachmentStrip
from coze_tui.tui.widgets.banner import Banner
from coze_tui.tui.widgets.completion import Candidate
from coze_tui.tui.widgets.event_sidebar import EventSidebar
from coze_tui.tui.widgets.find_bar import FindBar
from coze_tui.tui.widgets.header import ChatHeader
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.prompt import Prompt
from coze_tui.tui.widgets.prompt_area import PromptArea
from coze_tui.tui.widgets.queue_strip import QueueStrip
from coze_tui.tui.widgets.status_strip import StatusStrip

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.library.conversations import Opened
    from coze_tui.engine.model.records import ChatRecord
    from coze_tui.engine.session.thread import EngineThread

_FOOTER = (
    *("chat.stop", "chat.back", "log.unfold", "log.copy", "log.copy_code", "events.open", "events.copy_ids"),
    *("app.commands", "chat.history", "chat.new", "chat.events", "chat.bot"),
)
"""Ids of the bindings that the footer shows, the most wanted first."""
_PATIENCE_SECONDS = 1.5
"""After which it is told that the store is not open yet."""
_LOOK_SECONDS = 1.5
"""How often it is asked whether another program has said something in the open conversation."""
_LIFE_SECONDS = 0.2
"""How often the sidebar and the chip follow a running turn."""


class ConversationScreen(LogScreen[None]):
    """A log, a prompt, and what runs between them. What else can be done about it is `ChatScreen`'s."""

    AUTO_FOCUS = "#prompt"

    header = getters.query_one(ChatHeader)
    log_widget = getters.query_one(MessageLog)
    sidebar = getters.query_one(EventSidebar)
    strip = getters.query_one(StatusStrip)
    queue_strip = getters.query_one(QueueStrip)
    prompt = getters.query_one(Prompt)
    banner = getters.query_one(Banner)
    find_bar = getters.query_one(FindBar)
    attachments = getters.query_one(AttachmentStrip)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.conversation = ""
        """Key of the open conversation; empty until something is said in a new one."""
        self.bot = Bot(id=settings.bot_id)
        self.title_text = ""
        self.runs_elsewhere = False
        """The turn is another program's; here it is only seen."""
        self._sent_files: tuple[tuple[Path, int], ...] = ()
        self._was_sent = False
        """The question of the turn has left for Coze."""
        self._changes = 0
        self._last_chat = 0
        """Key of the last stored chat that is shown; 0 where that is not known."""
        self._turn_entries: tuple[Entry, ...] = ()
        """The entries of the turn, until they know their stored chat."""
        self._pulse: Timer | None = None
        self.waiting_calls: tuple[ToolCall, ...] = ()
        self.tool_drafts: dict[str, str] = {}
        """Call id → what was typed for it; kept while the form is closed."""

    @property
    def engine_thread(self) -> EngineThread[Engine]:
        """The way to the engine."""
        return self.context.engine_thread

    @property
    def turn_runs(self) -> bool:
        """A turn runs in this conversation."""
        return self.turn.runs

    # --- made ---

    def compose(self) -> ComposeResult:
        yield ChatHeader(bot=self.bot_name, site=self.settings.site, id="header")
        yield Banner(id="banner")
        with Horizontal(id="body"):
            yield MessageLog(self.context.palette, frames_per_second=self.context.frames_per_second, id="log")
            yield EventSidebar(id="sidebar")
        yield FindBar(id="find")
        yield StatusStrip(id="strip")
        yield AttachmentStrip(id="attachments")
        yield PromptArea(
            commands=self.candidates,
            enter_guard=self.context.app.enter_guard,
            send_key="ctrl+j" if self.settings.send_key == "ctrl+j" else "enter",
            id="prompt_area",
        )
        yield KeyFooter(order=_FOOTER, last="chat.help", id="footer")

    def on_mount(self) -> None:
        self.turn = TurnView(self.log_widget, self._milestone)
        self.window = LogWindow(self.engine_thread, self.log_widget)
        self.queue = MessageQueue(self.engine_thread, self.queue_strip, self.prompt)
        self.finder = Finder(self.engine_thread, self.log_widget, self.window, self.find_bar)
        for problem in self.context.start.problems:
            self.banner.add(self.context.explain(problem))
        self.call_after_refresh(self._begin)
        self.set_interval(_LOOK_SECONDS, self._look)

    @work(group="begin", exit_on_error=False)
    async def _begin(self) -> None:
        """After the first frame: the store, the conversation to go on with, the bot."""
        wish = self.context.target
        late = _("Opening the history takes longer than usual: another program may hold it.")
        waiting = self.set_timer(_PATIENCE_SECONDS, lambda: self.banner.add(late))
        await self.engine_thread.call(_ready)
        waiting.stop()
        self.banner.take_back(late)
        for text in await self.engine_thread.call(_trouble_texts):
            self.banner.add(text)
        unfinished: Sequence[ChatRecord] = ()
        try:
            unfinished = await self.engine_thread.call(lambda engine: engine.settle_unfinished())
            self.prompt.set_earlier(
                await self.engine_thread.call(lambda engine: engine.conversations.prompts())
            )
            key = wish.conversation
            if not key and wish.go_on:
                last = await self.engine_thread.call(lambda engine: engine.conversations.last())
                key = last or ""
            if key:
                await self.open_conversation(key)
        except StoreError as error:  # one can chat without what was
            self.notify_failure(error)
        if not (self.settings.bot_id or self.conversation) or not await self._has_token():
            self.needs_setting_up()
            return
        self.learn_bot()
        self._show_limits()
        if unfinished:
            await self.offer_unfinished(unfinished)

    async def offer_unfinished(self, unfinished: Sequence[ChatRecord]) -> None:
        """Chats were cut off when the program ended the last time; Coze may have the rest."""

    async def _has_token(self) -> bool:
        """Asked in a thread, for the token may come from a command."""
        return await asyncio.to_thread(self.context.start.has_token, self.settings)

    def notify_failure(self, error: CozeTuiError) -> None:
        self.show_trouble(self.context.explain(error))

    # --- the bot ---

    @property
    def bot_name(self) -> str:
        return clean_line(self.bot.name) or self.bot.id or _("no bot")

    @work(group="bot", exclusive=True, exit_on_error=False)
    async def learn_bot(self) -> None:
        """Its name and greeting; a token that may not see them can chat all the same (docs/wire.md 4.5)."""
        bot_id = self.bot.id
        try:
            bot = await self.engine_thread.call(lambda engine: engine.site.bot(bot_id))
        except CozeTuiError as error:
            if isinstance(error, CredentialsError):
                self.needs_setting_up()
            else:
                self.banner.add(self.context.explain(error))
            return
        if self.bot.id != bot_id:
            return  # a conversation with another bot was opened meanwhile
        self.bot = bot
        self.header.bot = self.bot_name
        self.context.remember_bot(bot)
        self._greet()

    def _greet(self) -> None:
        log = self.log_widget
        if log.entries or not (self.bot.prologue or self.bot.suggested_questions):
            return
        questions = [clean_line(question) for question in self.bot.suggested_questions]
        log.append(GreetingEntry(self.bot_name, clean(self.bot.prologue), questions))
        self.prompt.follow_up_count = len(questions)

    # --- conversations ---

    async def open_conversation(self, key: str, message: int | None = None, query: str = "") -> None:
        """Show a conversation, at its end or at a message that was found by a text."""
        opened = await self.engine_thread.call(lambda engine: engine.conversations.open(key))
        if opened is None:
            text = _("there is no conversation {key} here").format(key=clean_line(key))
            self.banner.add(text)
            return
        await self._keep_draft()
        self._show(opened)
        if not await self._follow(opened) and message is not None:
            self.log_widget.focus()
            await self.finder.take(query, message)

    async def _follow(self, opened: Opened) -> bool:
        """Follow the turn that runs in a conversation, here or in another program; False if none does."""
        feed = TurnFeed()
        question = await self.engine_thread.call(lambda engine: engine.follow(opened.summary.key, feed))
        if question is not None:
            self.begin_turn(question, feed)
        elif opened.page.running:
            chat = opened.page.running[-1]
            await self.engine_thread.call(
                lambda engine: engine.follow_elsewhere(opened.summary.key, chat.key, feed)
            )
            self.begin_turn(chat.question, feed)
            self.runs_elsewhere = True
        return self.turn_runs

    def _look(self) -> None:
        """Show what another program has said in this conversation; not while one reads further up."""
        key = self.conversation
        if key and self.engine_thread.is_up and self._is_at_rest(key):
            self._show_news(key)

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _show_news(self, key: str) -> None:
        with suppress(StoreError):  # whoever needs the store will tell
            changes = await self.engine_thread.call(lambda engine: engine.browsing.changes())
            if changes == self._changes:
                return
            last = await self.engine_thread.call(lambda engine: engine.last_chat(key))
            is_known = last == self._last_chat or not self._last_chat
            opened = None
            if not is_known:
                opened = await self.engine_thread.call(lambda engine: engine.conversations.open(key))
            if not self._is_at_rest(key):
                return
            self._changes, self._last_chat = changes, last
            if opened is not None:
                self.window.show(key, opened.page)
                self.queue.show(opened.summary.queue)
                await self._follow(opened)

    def _is_at_rest(self, key: str) -> bool:
        """No turn runs, all entries know their chats, and the end of this conversation is in sight."""
        log = self.log_widget
        is_at_end = log.viewport.following and not self.window.has_newer
        return self.conversation == key and not (self.turn_runs or self._turn_entries) and is_at_end

    def _show(self, opened: Opened) -> None:
        summary = opened.summary
        self._leave_turn()
        self.conversation = summary.key
        self.bot = Bot(id=summary.bot_id, name=summary.bot_name)
        self._set_title(summary.title)
        self.header.bot = self.bot_name
        self.window.show(summary.key, opened.page)
        self._last_chat = opened.last_chat
        self.queue.show(opened.summary.queue)
        if opened.summary.draft:
            self.prompt.set_message(opened.summary.draft)
        else:
            self.prompt.clear_message()
        self._offer_follow_ups()
        last = opened.page.chats[-1] if opened.page.chats else None
        self._show_life(last.record.key if last else 0, is_last=True)

    @on(PageWanted)
    @work(group="page", exclusive=True, exit_on_error=False)
    async def _page_wanted(self, message: PageWanted) -> None:
        await self.window.load(message)

    def action_new(self) -> None:
        """Begin a new conversation; a running turn goes on in its own."""
        self._leave(self.conversation, self.bot, self.prompt.message)
        self._leave_turn()
        self.conversation = ""
        self._last_chat = 0
        self.window.forget()
        self._set_title("")
        self.queue.show(())
        self.log_widget.clear()
        self.prompt.clear_message()
        self.prompt.follow_up_count = 0
        self.show_figures(None)
        self._greet()
        self.prompt.focus()

    @work(group="leave", exit_on_error=False)
    async def _leave(self, key: str, bot: Bot, draft: str) -> None:
        """What was typed stays where it was typed."""
        from coze_tui.engine.library.conversations import new_key

        await self._keep(key or (new_key() if draft.strip() else ""), bot, draft)

    def _leave_turn(self) -> None:
        """Follow no turn any more; one that runs goes on by itself."""
        for group in ("turn", "life"):
            self.workers.cancel_group(self, group)
        self.turn.leave()
        self.waiting_calls = ()
        self._turn_entries = ()
        self._stop_pulse()
        self.refresh_bindings()

    def _set_title(self, title: str) -> None:
        self.title_text = clean_line(title)
        self.header.title = self.title_text

    async def _keep_draft(self) -> None:
        """What is typed survives quitting and crashing."""
        await self._keep(self.conversation, self.bot, self.prompt.message)

    async def _keep(self, key: str, bot: Bot, draft: str) -> None:
        if key:
            try:
                await self.engine_thread.call(
                    lambda engine: engine.conversations.keep_draft(
                        key, draft, site=engine.settings.site, bot=bot
                    )
                )
            except CozeTuiError as error:
                self.show_trouble(self.context.explain(error))

    @on(Prompt.DraftChanged)
    @work(group="draft", exclusive=True, exit_on_error=False)
    async def _draft_changed(self, message: Prompt.DraftChanged) -> None:
        if message.text.strip():
            self._name_conversation()
        await self._keep_draft()

    def _name_conversation(self) -> str:
        """Return the key of the open conversation, chosen now if it is new.

        The first draft, queue or question that the engine saves under the key creates the conversation.
        """
        if not self.conversation:
            from coze_tui.engine.library.conversations import new_key

            self.conversation = self.window.key = new_key()
        return self.conversation

    async def before_leaving(self) -> None:
        """The program is about to end: keep what is typed."""
        if self.prompt.message.strip() and self.engine_thread.is_up:
            self._name_conversation()
        await self._keep_draft()
        if self.conversation and self.log_widget.entries:
            self.context.left_conversation = self.conversation

    # --- asking ---

    @on(Prompt.FollowUpChosen)
    def _follow_up_chosen(self, message: Prompt.FollowUpChosen) -> None:
        questions = self._follow_ups()
        if message.number <= len(questions):
            self.ask(questions[message.number - 1])

    @on(MessageLog.QuestionChosen)
    def _question_chosen(self, message: MessageLog.QuestionChosen) -> None:
        self.ask(message.text)

    def ask(self, question: str) -> None:
        """Send a question, or queue it behind the running turn."""
        if self.turn_runs:
            self.queue.add(question)
            self._keep_queue()
            return
        self.send(question)

    def send(self, question: str, *, is_queued: bool = False) -> None:
        """Send a question now; the log goes to the end of the conversation for it.

        Args:
            is_queued: The stored queue has the question, and loses it with the sending.
        """
        if self.window.has_newer:
            self.turn.phase = Phase.SENDING
            self._send_at_end(question, is_queued)
        else:
            self._send_now(question, is_queued)

    def _send_now(self, question: str, is_queued: bool) -> None:
        feed = TurnFeed()
        self._sent_files = self.attachments.take()
        files = tuple(path for path, _size in self._sent_files)
        self.begin_turn(question, feed, files=[clean_line(path.name) for path in files])
        self._ask_engine(question, feed, files, is_queued)
        if not self.title_text:
            self._set_title(title_of(question))

    @work(group="ask", exit_on_error=False)
    async def _send_at_end(self, question: str, is_queued: bool) -> None:
        await self.window.load_end()
        self._send_now(question, is_queued)

    @work(group="ask", exit_on_error=False)
    async def _ask_engine(
        self, question: str, feed: TurnFeed, files: Sequence[Path], is_queued: bool
    ) -> None:
        key, bot = self._name_conversation(), self.bot
        await self.engine_thread.call(
            lambda engine: engine.ask(key, question, feed, bot=bot, files=files, is_queued=is_queued)
        )

    def begin_turn(
        self,
        question: str,
        feed: TurnFeed,
        *,
        entry: BotEntry | None = None,
        figures: TurnFigures | None = None,
        files: Sequence[str] = (),
    ) -> None:
        """Show a question with the names of its files, and follow the turn.

        Args:
            entry: The entry of a turn that continues; by default a new one at the end of the log.
            figures: The figures so far of a turn that continues.
        """
        self.runs_elsewhere = False
        self.waiting_calls = ()
        if entry is None:
            now_ms = int(time.time() * 1000)
            entry = BotEntry(self.bot_name, now_ms, base_url=self.settings.base_url)
            asked = UserEntry(question, now_ms, files=files)
            self.turn.start(asked, entry)
            self._turn_entries = (asked, entry)
            self._was_sent = False
        else:
            self.turn.resume(question, entry, figures or TurnFigures())
        self.show_figures(self.turn.figures)
        self.prompt.follow_up_count = 0
        self._start_pulse()
        self._run(feed)

    @work(group="turn", exclusive=True, exit_on_error=False)
    async def _run(self, feed: TurnFeed) -> None:
        await self.turn.follow(feed)
        self.call_after_refresh(self._turn_over, self.conversation, self.turn.figures)

    def _milestone(self, update: Milestone) -> None:
        match update:
            case PhaseChanged(phase=phase):
                self.show_chip()
                if phase is Phase.SENDING:
                    self._was_sent = True
                    self.refresh_bindings()
            case ChatIdentified(conversation_replaced=is_replaced):
                if is_replaced:
                    self.show_trouble(
                        _("The server did not know this conversation any more and has begun a new one.")
                    )
            case ActionRequired(tool_calls=calls):
                self.waiting_calls = calls
            case _:
                assert_never(update)

    @work(group="turn over", exit_on_error=False)
    async def _name_chat(self, key: str, entries: Sequence[Entry]) -> None:
        """The entries of the turn that is over learn which stored chat they are."""
        chat = await self.engine_thread.call(lambda engine: engine.last_chat(key))
        if key == self.conversation:
            self._last_chat = chat
        if all(entry.chat != chat for entry in self.log_widget.entries):  # else it was never stored
            for entry in entries:
                entry.chat = chat

    def _turn_over(self, key: str, figures: TurnFigures) -> None:
        if key != self.conversation or figures is not self.turn.figures:
            return  # another conversation was opened meanwhile
        self._stop_pulse()
        self.refresh_bindings()
        self._show_limits()
        if self._turn_entries:
            self._last_chat = 0  # until the store tells
            self._name_chat(key, self._turn_entries)
            self._turn_entries = ()
        self._offer_follow_ups()
        if (not self._was_sent or self.turn.phase is Outcome.FAILED) and not self.attachments.files:
            self.attachments.restore(self._sent_files)
        if self.turn_needs_help(figures.error):
            return
        if self.runs_elsewhere:
            return  # what is queued, and what was asked, is the other program's
        if self.turn.phase in (Outcome.COMPLETED, Outcome.CANCELED) and self.queue.waiting and self._was_sent:
            self.send(self.queue.take_next(), is_queued=True)
        elif (self.turn.phase is Outcome.FAILED or not self._was_sent) and not self.prompt.message:
            self.prompt.set_message(self.turn.question)

    @work(group="limits", exit_on_error=False)
    async def _show_limits(self) -> None:
        """What was asked of the server and is not done by its kind."""
        if self.turn.phase is Outcome.CANCELED and self._was_sent:
            await self.context.notify_limit(Feature.CANCEL)
        if self.settings.publish_status == "unpublished_draft":
            await self.context.notify_limit(Feature.DRAFT)

    def turn_needs_help(self, error: CozeTuiError | None) -> bool:
        """Whether the end of a turn asks for more than telling it; the queue waits then."""
        return False

    def needs_setting_up(self) -> None:
        """There is no token, or no bot."""

    def candidates(self, typed: str) -> Sequence[Candidate]:
        """What a typed slash could become."""
        return ()

    def _follow_ups(self) -> list[str]:
        for entry in reversed(self.log_widget.entries):
            if isinstance(entry, BotEntry | GreetingEntry):
                return entry.follow_ups
        return []

    def _offer_follow_ups(self) -> None:
        self.prompt.follow_up_count = len(self._follow_ups())

    # --- figures, chip, pulse ---

    def show_figures(self, figures: TurnFigures | None) -> None:
        self.sidebar.show(figures)
        self.strip.show(figures)
        self.show_chip()

    def _start_pulse(self) -> None:
        if self._pulse is None:
            self._pulse = self.set_interval(_LIFE_SECONDS, self._beat)
        self.flush_figures()

    def _stop_pulse(self) -> None:
        if self._pulse is not None:
            self._pulse.stop()
            self._pulse = None
        self.flush_figures()

    def _beat(self) -> None:
        if self.context.app.line_is_clear:  # else the next beat shows a newer state
            self.flush_figures()

    def flush_figures(self) -> None:
        """Bring the sidebar, the status strip and the chip up to date with the figures of the turn."""
        now_us = self.turn.elapsed_us
        if self.sidebar.figures is self.turn.figures:
            self.sidebar.flush(now_us)
        self.strip.flush(now_us)
        self.show_chip()

    def show_chip(self) -> None:
        self.queue_strip.answer_runs = self.turn_runs
        self.header.show_chip(self.turn.chip)

    @on(MessageLog.EntryChosen)
    def _entry_chosen(self, message: MessageLog.EntryChosen) -> None:
        entry = message.entry
        if entry is None or entry is self.log_widget.live or not entry.chat:
            self.show_figures(self.turn.figures if self.turn.figures.rows else None)
        else:
            self._show_life(entry.chat)

    @work(group="life", exclusive=True, exit_on_error=False)
    async def _show_life(self, chat: int, *, is_last: bool = False) -> None:
        """The life of a stored chat, from its frames; that of the last one is what is shown by default."""
        if not chat:
            self.show_figures(None)
            return
        try:
            figures = await self.engine_thread.call(lambda engine: engine.inspecting.figures(chat))
        except CozeTuiError as error:
            self.show_trouble(self.context.explain(error))
            return
        if is_last and not self.turn_runs:
            self.turn.figures = figures
        if not self.turn_runs or self.log_widget.chosen is not None:
            self.show_figures(figures)

    # --- the queue ---

    def _keep_queue(self) -> None:
        self._store_queue(self.conversation, self.queue.waiting)

    @work(group="queue", exit_on_error=False)
    async def _store_queue(self, key: str, waiting: Sequence[str]) -> None:
        try:
            await self.queue.keep(key or self._name_conversation(), self.bot, waiting)
        except CozeTuiError as error:
            self.show_trouble(self.context.explain(error))

    @on(Prompt.QueueSendAsked)
    @work(group="send queued", exclusive=True, exit_on_error=False)
    async def _send_queued(self) -> None:
        """Send the next question of a queue that was left, unless another program has done so."""
        if self.turn_runs or not self.queue.waiting:
            return
        key = self.conversation
        try:
            question, rest = await self.queue.taken_from_store(key)
        except StoreError as error:  # one can chat without it
            self.notify_failure(error)
            question, rest = self.queue.waiting[0], self.queue.waiting[1:]
        if key == self.conversation:
            self.queue.show(rest)
            if question:
                self.send(question)

    @on(Prompt.QueueTakeAsked)
    def _take_from_queue(self) -> None:
        if self.queue.waiting:
            self.prompt.set_message(self.queue.take_last())
            self._keep_queue()

    def show_trouble(self, text: str) -> None:
        """Something is wrong that does not stop the chat."""
        self.banner.add(text)
        self.refresh_bindings()


async def _ready(engine: Engine) -> None:
    """The engine is up."""


async def _trouble_texts(engine: Engine) -> list[str]:
    return engine.trouble_texts()
