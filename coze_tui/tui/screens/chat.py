"""The chat screen: wires log, prompt, header and sidebar to the engine. Computes nothing itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from coze_tui.advice import advice
from coze_tui.api.objects import Bot, ToolCall
from coze_tui.engine.conversations import ChatPage, Opened
from coze_tui.engine.figures import TurnFigures
from coze_tui.engine.home import TurnFeed
from coze_tui.engine.transcript import ToldChat
from coze_tui.engine.updates import Phase
from coze_tui.errors import BusyError, CozeTuiError, CredentialsError
from coze_tui.i18n import N_, _
from coze_tui.settings import Settings
from coze_tui.text import clean, clean_line
from coze_tui.tui import messages as posted
from coze_tui.tui.bridge import run_turn
from coze_tui.tui.log.entries import BotEntry, Entry, GreetingEntry, SectionEntry, UserEntry
from coze_tui.tui.slash import SlashCommand, parse, slash_commands
from coze_tui.tui.widgets.banner import Banner
from coze_tui.tui.widgets.chip import Chip, activity_of
from coze_tui.tui.widgets.completion import Candidate
from coze_tui.tui.widgets.event_sidebar import EventSidebar
from coze_tui.tui.widgets.header import ChatHeader
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.life_feed import LifeFeed
from coze_tui.tui.widgets.message_log import MessageLog
from coze_tui.tui.widgets.prompt import Prompt
from coze_tui.tui.widgets.prompt_area import PromptArea
from coze_tui.tui.widgets.queue_strip import QueueStrip
from coze_tui.tui.widgets.status_strip import StatusStrip

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.home import EngineHome
    from coze_tui.tui.app import CozeApp

_WIDE = 100
"""Columns from which the sidebar stands beside the log."""
_LIFE_SECONDS = 0.125
"""How often the sidebar and the chip follow a running turn."""
_QUIT_AGAIN_SECONDS = 2.0


class ChatScreen(Screen[None]):
    """One conversation with one bot."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "app.command_palette", N_("commands"), id="chat.commands"),
        Binding("ctrl+n", "new", N_("new"), id="chat.new"),
        Binding("ctrl+g,f2", "events", N_("events"), id="chat.events", priority=True),
        Binding("ctrl+t", "bot", N_("bot"), id="chat.bot"),
        Binding("escape", "escape", N_("stop"), id="chat.stop"),
        Binding(
            "ctrl+c", "ladder", N_("copy, stop, clear, quit"), id="chat.ladder", show=False, priority=True
        ),
        Binding("ctrl+d", "app.quit", N_("quit from an empty prompt"), id="chat.quit", show=False),
        Binding("f1", "help", N_("help"), id="chat.help"),
        Binding("question_mark", "help", N_("help"), id="chat.help_outside", show=False),
        Binding("pageup", "scroll_log(-1)", N_("page up"), id="chat.page_up", show=False),
        Binding("pagedown", "scroll_log(1)", N_("page down"), id="chat.page_down", show=False),
        Binding("shift+up", "scroll_log(0, -1)", N_("line up"), id="chat.line_up", show=False),
        Binding("shift+down", "scroll_log(0, 1)", N_("line down"), id="chat.line_down", show=False),
        Binding("ctrl+home", "log_top", N_("to the top"), id="chat.top", show=False),
        Binding("ctrl+end", "log_end", N_("to the end"), id="chat.end", show=False),
    ]

    header = getters.query_one(ChatHeader)
    log_widget = getters.query_one(MessageLog)
    sidebar = getters.query_one(EventSidebar)
    strip = getters.query_one(StatusStrip)
    queue_strip = getters.query_one(QueueStrip)
    prompt = getters.query_one(Prompt)
    banner = getters.query_one(Banner)
    life = getters.query_one(LifeFeed)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._conversation = ""
        """Key of the open conversation; empty until something is said in a new one."""
        self._bot = Bot(id=settings.bot_id)
        self._title = ""
        self._phase: Phase | None = None
        """The phase of the turn that runs in this conversation; None when none does."""
        self._question = ""
        self._queue: list[str] = []
        self._page: ChatPage | None = None
        self._turn = TurnFigures()
        self._sent_at = 0.0
        self._pulse: Timer | None = None
        self._quit_asked_at = 0.0
        self._chat_keys: dict[int, BotEntry] = {}
        self._waiting_calls: tuple[ToolCall, ...] = ()

    @property
    def coze(self) -> CozeApp:
        """The app, with what screens need of it."""
        return cast("CozeApp", self.app)

    @property
    def home(self) -> EngineHome[Engine]:
        """The way to the engine."""
        return self.coze.home

    @property
    def turn_runs(self) -> bool:
        """A turn runs in this conversation."""
        return self._phase is not None and not self._phase.is_final

    # --- made ---

    def compose(self) -> ComposeResult:
        yield ChatHeader(bot=self._bot_name, site=self._settings.site, id="header")
        yield Banner(id="banner")
        with Horizontal(id="body"):
            yield MessageLog(self.coze.palette, frames_per_second=self.coze.frames_per_second, id="log")
            yield EventSidebar(id="sidebar")
        yield StatusStrip(id="strip")
        yield PromptArea(
            commands=_command_candidates,
            enter_guard=self.coze.enter_guard,
            send_key="ctrl+j" if self._settings.send_key == "ctrl+j" else "enter",
            id="prompt_area",
        )
        yield KeyFooter(id="footer")
        yield LifeFeed(id="life")

    def on_mount(self) -> None:
        self.prompt.focus()
        for problem in self.coze.problems:
            self.banner.add(advice(problem).text)
        self._arrange()
        self.call_after_refresh(self._begin)

    @work(group="begin", exit_on_error=False)
    async def _begin(self) -> None:
        """After the first frame: the store, the conversation to go on with, the bot."""
        wish = self.coze.wish
        await self.home.call(_ready)
        for text in await self.home.call(_trouble_texts):
            self.banner.add(text)
        await self.home.call(lambda engine: engine.unfinished())
        self.prompt.set_earlier(await self.home.call(lambda engine: engine.conversations.prompts()))
        key = wish.conversation
        if not key and wish.go_on:
            last = await self.home.call(lambda engine: engine.conversations.last())
            key = last or ""
        if key:
            await self._open(key)
        if (
            not self._settings.bot_id
            and not self._conversation
            or not self.coze.access.has_token(self._settings)
        ):
            self.open_first_run()
            return
        self._learn_bot()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """What a worker failed with is told if it was foreseen; else it is a crash."""
        error = event.worker.error
        if event.state is not WorkerState.ERROR or error is None:
            return
        if isinstance(error, CozeTuiError):
            self.show_trouble(advice(error, base_url=self._settings.base_url).text)
        elif isinstance(error, Exception):
            self.app._handle_exception(error)

    # --- the bot ---

    @property
    def _bot_name(self) -> str:
        return clean_line(self._bot.name) or self._bot.id or _("no bot")

    @work(group="bot", exclusive=True, exit_on_error=False)
    async def _learn_bot(self) -> None:
        """Its name and greeting; a token that may not see them can chat all the same (api 4.5)."""
        bot_id = self._bot.id
        try:
            bot = await self.home.call(lambda engine: engine.bot(bot_id))
        except CozeTuiError as error:
            if isinstance(error, CredentialsError):
                self.open_first_run()
            else:
                self.banner.add(advice(error, base_url=self._settings.base_url).text)
            return
        self._bot = bot
        self.header.bot = self._bot_name
        self.coze.remember_bot(bot)
        self._greet()

    def _greet(self) -> None:
        log = self.log_widget
        if log.entries or not (self._bot.prologue or self._bot.suggested_questions):
            return
        questions = [clean_line(question) for question in self._bot.suggested_questions]
        log.append(GreetingEntry(self._bot_name, clean(self._bot.prologue), questions))
        self.prompt.follow_up_count = len(questions)

    # --- conversations ---

    async def _open(self, key: str) -> None:
        opened = await self.home.call(lambda engine: engine.conversations.open(key))
        if opened is None:
            text = _("there is no conversation {key} here").format(key=clean_line(key))
            self.banner.add(text)
            return
        await self._keep_draft()
        self._show(opened)
        feed = TurnFeed(_loop())
        question = await self.home.call(lambda engine: engine.follow(opened.summary.key, feed))
        if question is not None:
            self._begin_turn(question, feed)

    def _show(self, opened: Opened) -> None:
        summary = opened.summary
        self._conversation = summary.key
        self._bot = Bot(id=summary.bot_id, name=summary.bot_name)
        self._page = opened.page
        self._chat_keys.clear()
        self._phase = None
        self._set_title(summary.title)
        self.header.bot = self._bot_name
        self.log_widget.show(self._entries(opened.page.chats), has_older=opened.page.has_older)
        self._set_queue(opened.queue)
        if opened.draft:
            self.prompt.set_message(opened.draft)
        else:
            self.prompt.clear_message()
        self._offer_follow_ups()
        last = opened.page.chats[-1] if opened.page.chats else None
        self._show_life(last.key if last else 0)

    def _entries(self, chats: Sequence[ToldChat]) -> list[Entry]:
        entries: list[Entry] = []
        for chat in chats:
            if chat.starts_section:
                entries.append(SectionEntry(chat.sent_at_ms))
            if chat.question:
                entries.append(UserEntry(chat.question, chat.sent_at_ms, chat=chat.key))
            entry = BotEntry.told(chat)
            if chat.key:
                self._chat_keys[chat.key] = entry
            entries.append(entry)
        return entries

    @on(MessageLog.OlderWanted)
    @work(group="page", exclusive=True, exit_on_error=False)
    async def _load_older(self) -> None:
        if self._page is not None and self._page.has_older:
            key, before = self._conversation, self._page.first
            page = await self.home.call(lambda engine: engine.conversations.page(key, before=before))
            self._page = ChatPage(
                page.chats, page.first, self._page.last, page.has_older, self._page.has_newer
            )
            self.log_widget.prepend(self._entries(page.chats), has_older=page.has_older)

    def action_new(self) -> None:
        """Begin a new conversation; a running turn goes on in its own."""
        self._leave()
        self._conversation, self._page = "", None
        self._phase = None
        self._set_title("")
        self._set_queue(())
        self.log_widget.clear()
        self.prompt.clear_message()
        self.prompt.follow_up_count = 0
        self._show_figures(None)
        self._greet()
        self.prompt.focus()

    @work(group="draft", exit_on_error=False)
    async def _leave(self) -> None:
        await self._keep_draft()

    def _set_title(self, title: str) -> None:
        self._title = clean_line(title)
        self.header.title = self._title

    async def _keep_draft(self) -> None:
        """What is typed and queued survives quitting and crashing."""
        key, draft = self._conversation, self.prompt.message
        if key:
            try:
                await self.home.call(lambda engine: engine.conversations.keep_draft(key, draft))
            except CozeTuiError as error:
                self.show_trouble(advice(error).text)

    @on(Prompt.DraftChanged)
    @work(group="draft", exclusive=True, exit_on_error=False)
    async def _draft_changed(self, message: Prompt.DraftChanged) -> None:
        await self._ensure_conversation()
        await self._keep_draft()

    async def _ensure_conversation(self) -> str:
        """The key of the open conversation, made now if it is new."""
        if not self._conversation:
            site, bot = self._settings.site, self._bot
            self._conversation = await self.home.call(
                lambda engine: engine.conversations.create(site, bot.id, bot.name)
            )
        return self._conversation

    async def before_leaving(self) -> None:
        """The program is about to end: keep what is typed."""
        await self._keep_draft()
        if self._conversation and self.log_widget.entries:
            self.coze.left_conversation = self._conversation

    # --- asking ---

    @on(Prompt.Submitted)
    def _submitted(self, message: Prompt.Submitted) -> None:
        if command := parse(message.text):
            self.run_slash(*command)
            return
        self.ask(message.text)

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
            self._set_queue([*self._queue, question])
            self._keep_queue()
            return
        self._send(question)

    def _send(self, question: str) -> None:
        feed = TurnFeed(_loop())
        self._begin_turn(question, feed)
        self._ask_engine(question, feed)
        if not self._title:
            self._set_title(" ".join(question[:240].split())[:60])

    @work(group="ask", exit_on_error=False)
    async def _ask_engine(self, question: str, feed: TurnFeed) -> None:
        key = await self._ensure_conversation()
        await self.home.call(lambda engine: engine.ask(key, question, feed))
        await self._keep_draft()

    def _begin_turn(self, question: str, feed: TurnFeed, *, entry: BotEntry | None = None) -> None:
        """Show a question and follow what comes for it."""
        now_ms = int(time.time() * 1000)
        log = self.log_widget
        self._phase = Phase.SENDING
        self._question = question
        self._waiting_calls = ()
        if entry is None:
            entry = BotEntry(self._bot_name, now_ms)
            log.append(UserEntry(question, now_ms), entry)
            log.action_to_end()
            self._turn = TurnFigures()
            self._sent_at = time.monotonic()
        log.begin(entry)
        self.life.figures = self._turn
        self._show_figures(self._turn)
        self.prompt.follow_up_count = 0
        self._start_pulse()
        self._run(feed)

    @work(group="turn", exclusive=True, exit_on_error=False)
    async def _run(self, feed: TurnFeed) -> None:
        await run_turn(feed, {"log": self.log_widget, "life": self.life, "screen": self})

    # --- what the turn says to the screen ---

    def on_phase_changed(self, message: posted.PhaseChanged) -> None:
        self._phase = message.update.phase
        self._show_chip()
        if message.update.phase is Phase.SENDING:
            self.refresh_bindings()

    def on_chat_identified(self, message: posted.ChatIdentified) -> None:
        if message.update.conversation_replaced:
            self.show_trouble(
                _("The server did not know this conversation any more and has begun a new one.")
            )

    def on_action_required(self, message: posted.ActionRequired) -> None:
        self._waiting_calls = message.update.tool_calls

    def on_turn_ended(self, message: posted.TurnEnded) -> None:
        self._phase = message.update.outcome
        self.call_after_refresh(self._turn_over, message.update.error)

    @work(group="turn over", exit_on_error=False)
    async def _name_last_chat(self) -> None:
        """The entries of the turn that is over learn which stored chat they are."""
        key = self._conversation
        chat = await self.home.call(lambda engine: engine.last_chat(key))
        for entry in reversed(self.log_widget.entries):
            if isinstance(entry, BotEntry | UserEntry):
                if entry.chat:
                    break
                entry.chat = chat

    def _turn_over(self, error: CozeTuiError | None) -> None:
        self._stop_pulse()
        self.refresh_bindings()
        self._name_last_chat()
        self._offer_follow_ups()
        if isinstance(error, CredentialsError):
            self.prompt.restore(self._question)
            self.open_first_run()
        elif isinstance(error, BusyError):
            self._offer_ways_out()
        elif self._phase is Phase.REQUIRES_ACTION:
            self.answer_tools()
        elif self._phase in (Phase.COMPLETED, Phase.CANCELED) and self._queue:
            question, *rest = self._queue
            self._set_queue(rest)
            self._keep_queue()
            self._send(question)
        elif self._phase is Phase.FAILED and not self.prompt.message:
            self.prompt.set_message(self._question)

    def _follow_ups(self) -> list[str]:
        for entry in reversed(self.log_widget.entries):
            if isinstance(entry, BotEntry | GreetingEntry):
                return entry.follow_ups
        return []

    def _offer_follow_ups(self) -> None:
        self.prompt.follow_up_count = len(self._follow_ups())

    # --- figures, chip, pulse ---

    def _show_figures(self, figures: TurnFigures | None) -> None:
        self.sidebar.show(figures)
        self.strip.show(figures)
        self._show_chip()

    def _start_pulse(self) -> None:
        if self._pulse is None:
            self._pulse = self.set_interval(_LIFE_SECONDS, self._beat)
        self._beat()

    def _stop_pulse(self) -> None:
        if self._pulse is not None:
            self._pulse.stop()
            self._pulse = None
        self._beat()

    def _beat(self) -> None:
        if not self.coze.line_is_clear:
            return
        now_us = int((time.monotonic() - self._sent_at) * 1_000_000) if self.turn_runs else None
        if self.sidebar.figures is self._turn:
            self.sidebar.flush(now_us)
        self.strip.flush(now_us)
        self._show_chip()

    def _show_chip(self) -> None:
        elapsed = int((time.monotonic() - self._sent_at) * 1_000_000) if self.turn_runs else None
        self.header.show_chip(Chip(activity_of(self._phase), clean_line(self._turn.tool), elapsed))

    @on(MessageLog.EntryChosen)
    def _entry_chosen(self, message: MessageLog.EntryChosen) -> None:
        entry = message.entry
        if entry is None or entry is self.log_widget.live or not entry.chat:
            self._show_figures(self._turn if self._turn.rows else None)
        else:
            self._show_life(entry.chat)

    @work(group="life", exclusive=True, exit_on_error=False)
    async def _show_life(self, chat: int) -> None:
        """The life of a stored chat, from its frames."""
        if not chat:
            self._show_figures(None)
            return
        try:
            figures = await self.home.call(lambda engine: engine.figures(chat))
        except CozeTuiError as error:
            self.show_trouble(advice(error).text)
            return
        if not self.turn_runs or self.log_widget.chosen is not None:
            self._show_figures(figures)

    # --- the queue ---

    def _set_queue(self, queue: Sequence[str]) -> None:
        self._queue = list(queue)
        self.queue_strip.show(self._queue)
        self.prompt.has_queue = bool(self._queue)

    @work(group="queue", exit_on_error=False)
    async def _keep_queue(self) -> None:
        key = await self._ensure_conversation()
        queue = tuple(self._queue)
        try:
            await self.home.call(lambda engine: engine.conversations.keep_queue(key, queue))
        except CozeTuiError as error:
            self.show_trouble(advice(error).text)

    @on(Prompt.QueueTakeAsked)
    def _take_from_queue(self) -> None:
        if self._queue:
            *rest, last = self._queue
            self._set_queue(rest)
            self._keep_queue()
            self.prompt.set_message(last)

    # --- stopping, recovering, asking again ---

    def action_escape(self) -> None:
        """Back to the prompt; from there, stop the answer."""
        if self.sidebar.has_class("-overlay") and self.focused is self.sidebar:
            self.action_events()
        elif self.focused is not self.prompt:
            self.prompt.focus()
        else:
            self.stop_turn()

    def stop_turn(self) -> None:
        """End the running answer; what has come stays."""
        if self.turn_runs and self._conversation:
            key = self._conversation
            self._phase = Phase.STOPPING
            self._show_chip()
            self._post(lambda engine: engine.stop(key))

    @work(group="post", exit_on_error=False)
    async def _post(self, ask: Callable[[Engine], Awaitable[None]]) -> None:
        await self.home.call(ask)

    def action_ladder(self) -> None:
        """Ctrl+C: copy the selection, else stop, else clear the prompt, else ask again to quit."""
        if selected := self.get_selected_text() or self.prompt.selected_text:
            self.copy(selected, _("selection"))
            self.clear_selection()
        elif self.turn_runs and self._phase is not Phase.STOPPING:
            self.stop_turn()
        elif self.prompt.message:
            self.prompt.clear_message()
            self.notify(_("Cleared. Ctrl+_ brings it back."), timeout=3, markup=False)
        elif time.monotonic() - self._quit_asked_at < _QUIT_AGAIN_SECONDS:
            self.app.run_worker(self.coze.action_quit(), exit_on_error=False)
        else:
            self._quit_asked_at = time.monotonic()
            self.notify(_("Ctrl+C again to quit"), timeout=_QUIT_AGAIN_SECONDS, markup=False)

    def recover(self, entry: BotEntry | None = None) -> None:
        """Fetch the rest of an answer that was cut off."""
        if entry is None:
            found = [item for item in self.log_widget.entries if isinstance(item, BotEntry)]
            entry = found[-1] if found else None
        if entry is None or entry.outcome is not Phase.INTERRUPTED or self.turn_runs:
            self.notify(_("Nothing to recover here."), markup=False)
            return
        self._recover(entry)

    @work(group="recover", exit_on_error=False)
    async def _recover(self, entry: BotEntry) -> None:
        chat = entry.chat
        feed = TurnFeed(_loop())
        self._turn = await self.home.call(lambda engine: engine.figures(chat))
        self._begin_turn(self._question, feed, entry=entry)
        await self.home.call(lambda engine: engine.recover(chat, feed))

    def regenerate(self, entry: Entry | None = None) -> None:
        """Ask the question of an entry, or the last one, again."""
        question = self._question_of(entry)
        if question:
            self.ask(question)

    def _question_of(self, entry: Entry | None) -> str:
        entries = self.log_widget.entries
        end = entries.index(entry) + 1 if entry in entries and entry is not None else len(entries)
        for item in reversed(entries[:end]):
            if isinstance(item, UserEntry):
                return item.text
        return ""

    # --- local tools ---

    def answer_tools(self) -> None:
        """Open the form for the outputs of local tools."""
        if not self._waiting_calls or self._phase is not Phase.REQUIRES_ACTION:
            return
        from coze_tui.tui.screens.tool_request import ToolRequest

        self.app.push_screen(ToolRequest(self._waiting_calls), self._tools_answered)

    def _tools_answered(self, outputs: Sequence[tuple[str, str]] | None) -> None:
        entry = next((item for item in reversed(self.log_widget.entries) if isinstance(item, BotEntry)), None)
        if outputs is None or entry is None:
            return
        feed = TurnFeed(_loop())
        self._begin_turn(self._question, feed, entry=entry)
        self._submit(tuple(outputs), feed)

    @work(group="ask", exit_on_error=False)
    async def _submit(self, outputs: Sequence[tuple[str, str]], feed: TurnFeed) -> None:
        key = self._conversation
        await self.home.call(lambda engine: engine.submit(key, outputs, feed))

    # --- 4016 ---

    @work(group="busy", exclusive=True, exit_on_error=False)
    async def _offer_ways_out(self) -> None:
        from coze_tui.tui.screens.dialogs import Choose, Option

        question, key = self._question, self._conversation
        choice = await self.app.push_screen_wait(
            Choose(
                _("A chat is still running in this conversation"),
                _("Coze runs one chat at a time in a conversation (4016)."),
                [
                    Option("cancel", _("Cancel the running chat and send again"), ""),
                    Option("wait", _("Wait: keep the question in the prompt"), ""),
                    Option("new", _("Ask in a new conversation"), ""),
                ],
            )
        )
        if choice == "cancel":
            try:
                known = await self.home.call(lambda engine: engine.cancel_running(key))
            except CozeTuiError as error:
                self.notify(advice(error).text, severity="error", markup=False)
                known = False
            if known:
                self._send(question)
                return
            self.notify(_("The running chat is not known here; it cannot be cancelled."), markup=False)
        elif choice == "new":
            self.action_new()
            self._send(question)
            return
        self.prompt.restore(question)

    # --- copying ---

    @on(MessageLog.CopyAsked)
    def _copy_asked(self, message: MessageLog.CopyAsked) -> None:
        self.copy(message.text, _("code block") if message.what == "code" else _("message"))

    @on(EventSidebar.IdsAsked)
    def _ids_asked(self, message: EventSidebar.IdsAsked) -> None:
        self._copy_ids(message.figures)

    def _copy_ids(self, figures: TurnFigures | None) -> None:
        if figures is None:
            return
        ids = {
            "conversation_id": figures.conversation_id,
            "chat_id": figures.chat_id,
            "section_id": figures.section_id,
            "logid": figures.logid,
        }
        self.copy("\n".join(f"{name} {value}" for name, value in ids.items() if value), _("ids"))

    def copy(self, text: str, what: str) -> None:
        """Copy, and say how far that is known to have worked."""
        self.coze.copy_and_tell(text, what)

    @on(MessageLog.LinkChosen)
    def _link_chosen(self, message: MessageLog.LinkChosen) -> None:
        self.coze.show_link(message.url)

    @on(MessageLog.Asked)
    def _asked_of_log(self, message: MessageLog.Asked) -> None:
        entry = message.entry
        match message.what:
            case "copy_ids":
                self._copy_ids(self.sidebar.figures)
            case "recover":
                self.recover(entry if isinstance(entry, BotEntry) else None)
            case "regenerate":
                self.regenerate(entry)
            case "edit":
                self.prompt.set_message(self._question_of(entry))
                self.prompt.focus()
            case "answer_tool":
                self.answer_tools()
            case "plain_view":
                self._show_plain()

    def _show_plain(self) -> None:
        from coze_tui.tui.screens.dialogs import ShowText

        text = "\n\n".join(text for entry in self.log_widget.entries if (text := entry.copy_text()))
        self.app.push_screen(ShowText(self._title or self._bot_name, text))

    # --- the editor, slash commands, other screens ---

    @on(Prompt.EditorAsked)
    def _editor_asked(self, message: Prompt.EditorAsked) -> None:
        self.action_editor()

    def action_editor(self) -> None:
        """Write the message in the editor of $VISUAL or $EDITOR."""
        from coze_tui.tui.terminal.editor import edit_text

        if (text := edit_text(self.app, self.prompt.message)) is not None:
            self.prompt.set_message(text)

    def slash_commands(self) -> tuple[SlashCommand, ...]:
        """What can be typed with a slash."""
        return slash_commands()

    @work(group="slash", exit_on_error=False)
    async def run_slash(self, command: SlashCommand, argument: str) -> None:
        """Run a slash command."""
        await command.run(self, argument)

    def action_bot(self) -> None:
        """Choose another bot."""
        self.choose_bot("")

    @work(group="screen", exclusive=True, exit_on_error=False)
    async def choose_bot(self, text: str) -> None:
        """Talk to another bot from now on, in a new conversation."""
        chosen = await self.coze.choose_bot(text)
        if chosen is not None:
            self._settings = self.coze.settings
            self._bot = Bot(id=self._settings.bot_id)
            self.header.site = self._settings.site
            self.header.bot = self._bot_name
            self.action_new()
            self._learn_bot()

    @work(group="screen", exclusive=True, exit_on_error=False)
    async def open_first_run(self) -> None:
        """Choose site, token and bot."""
        if await self.coze.first_run():
            self._settings = self.coze.settings
            self._bot = Bot(id=self._settings.bot_id)
            self.header.site = self._settings.site
            self.header.bot = self._bot_name
            self._learn_bot()

    @work(group="clear", exclusive=True, exit_on_error=False)
    async def clear_context(self) -> None:
        """Let the bot forget what was said; the log keeps it."""
        if not self._conversation:
            return
        key = self._conversation
        try:
            await self.home.call(lambda engine: engine.clear_context(key))
        except CozeTuiError as error:
            self.notify(advice(error).text, severity="error", markup=False)
            return
        self.log_widget.append(SectionEntry(int(time.time() * 1000)))

    def choose_theme(self, name: str) -> None:
        """Change the colours, or list what there is."""
        if name in self.app.available_themes:
            self.coze.choose_theme(name)
        else:
            names = ", ".join(sorted(self.app.available_themes))
            self.notify(_("Themes: {names}").format(names=names), markup=False)

    def choose_language(self, code: str) -> None:
        """Change the language, or list what there is."""
        from coze_tui.i18n import languages

        if code in languages():
            self.coze.choose_language(code)
        else:
            self.notify(_("Languages: {names}").format(names=", ".join(languages())), markup=False)

    def language_changed(self) -> None:
        """All texts are to be shown anew."""
        self.header.bot = self._bot_name
        self.log_widget.set_palette(self.coze.palette)
        self._show_figures(self.sidebar.figures)
        for widget in self.walk_children():
            widget.refresh()

    def theme_changed(self) -> None:
        """All rendered text is to be drawn in other colours."""
        self.log_widget.set_palette(self.coze.palette)

    def action_help(self) -> None:
        """The keys, and the commands."""
        from coze_tui.tui.screens.help import HelpScreen

        commands = [(command.name, _(command.help)) for command in slash_commands()]
        self.app.push_screen(HelpScreen(self, commands))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is in the footer only while there is something to stop."""
        if action == "escape" and not self.turn_runs and self.focused is self.prompt:
            return None if self.sidebar.has_class("-overlay") else False
        return True

    # --- layout ---

    def show_trouble(self, text: str) -> None:
        """Something is wrong that does not stop the chat."""
        self.banner.add(text)

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Beside the log from 100 columns up, else over it when asked for, with the strip instead."""
        is_wide = self.size.width >= _WIDE
        choice = self.coze.settings.sidebar
        self.set_class(not is_wide, "-narrow")
        self.set_class(self.size.height < 18, "-low")
        over = self.sidebar.has_class("-overlay") and not is_wide
        self.sidebar.set_class(over, "-overlay")
        self.sidebar.display = over or (is_wide and choice != "hidden")
        self.strip.display = not self.sidebar.display

    def action_events(self) -> None:
        """Show or hide the events; over the log where there is no room beside it."""
        if self.size.width >= _WIDE:
            hidden = self.coze.settings.sidebar != "hidden"
            self.coze.choose_sidebar("hidden" if hidden else "shown")
            self._arrange()
        else:
            over = not self.sidebar.has_class("-overlay")
            self.sidebar.set_class(over, "-overlay")
            self._arrange()
            (self.sidebar if over else self.prompt).focus()
        self.sidebar.flush()

    def action_scroll_log(self, pages: int, lines: int = 0) -> None:
        """Scroll the log while typing."""
        log = self.log_widget
        log.scroll_to(y=log.scroll_offset.y + pages * max(1, log.size.height - 2) + lines, animate=False)

    def action_log_top(self) -> None:
        """The beginning of the log."""
        self.log_widget.action_to_top()

    def action_log_end(self) -> None:
        """The end of the log."""
        self.log_widget.action_to_end()


def _command_candidates(typed: str) -> Sequence[Candidate]:
    return [
        Candidate(command.name + (" " if command.argument else ""), _(command.help))
        for command in slash_commands()
        if command.name.startswith(typed)
    ]


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def _ready(engine: Engine) -> None:
    """The engine is up."""


async def _trouble_texts(engine: Engine) -> list[str]:
    return engine.trouble_texts()
