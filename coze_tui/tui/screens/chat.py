"""The chat screen: composes the widgets, and connects keys and messages with what they do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import TextArea

from coze_tui.engine.model.updates import Phase
from coze_tui.errors import CozeTuiError, StoreError
from coze_tui.text.i18n import N_, _
from coze_tui.tui.commands import OfferedCommand, SlashCommand, doubt_about, parse, slash_commands
from coze_tui.tui.key_names import key_for
from coze_tui.tui.log.entries import AnswerEntry, GreetingEntry
from coze_tui.tui.log.finder import Finder
from coze_tui.tui.log.first_steps import FirstStepsEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.viewport import PageWanted
from coze_tui.tui.screens.command_completion import CommandCompletion
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation, bot_label
from coze_tui.tui.screens.conversation_actions import ConversationActions
from coze_tui.tui.screens.left_chats import LeftChats
from coze_tui.tui.screens.log_screen import LogScreen, PutText
from coze_tui.tui.screens.offers import Offers
from coze_tui.tui.screens.turn_control import TurnControl
from coze_tui.tui.widgets.event_sidebar import EventSidebar
from coze_tui.tui.widgets.field import Field, FindBar
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.note_line import NoteLine
from coze_tui.tui.widgets.prompt.area import AttachmentStrip, PromptArea
from coze_tui.tui.widgets.prompt.prompt import Prompt
from coze_tui.tui.widgets.status import ChatHeader, StatusStrip
from coze_tui.tui.widgets.text_views import Banner

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine

_WIDE = 100
"""Columns from which the sidebar is beside the log."""
_QUIT_AGAIN_SECONDS = 2.0
_TWICE_SECONDS = 1.0
"""The key for the events, pressed twice within this time, opens the inspector."""
_PATIENCE_SECONDS = 1.5
"""After this time the banner says that the store is not open yet."""
_LOOK_SECONDS = 1.5
"""Seconds between two checks whether another program has changed the open conversation."""
_FOOTER = (
    "chat.offer",
    *("find.next", "find.previous", "find.close", "find.leave", "chat.leave_edit", "chat.ask_in_fork"),
    *("chat.stop", "chat.ladder", "prompt.open_paste", "log.next", "log.unfold", "log.copy"),
    *("log.copy_code", "log.recover", "log.regenerate", "log.edit", "log.fork"),
    *("log.select", "log.leave_selection"),
    *("events.open", "events.copy_ids"),
    "chat.fold",
    *("app.commands", "chat.history", "chat.new", "chat.events", "chat.bot"),
)
"""IDs of the bindings that the footer shows, the most useful first."""
_SHOWN_BY_BOTS = N_(
    "reasoning · tools · local tools · questions to you · failures · a lost connection · thousands "
    "of deltas · cards and forms · Markdown"
)
_MOST_KEYS = 9
"""Keys in the footer: all that work at the cursor of the log."""


class ChatScreen(LogScreen[None]):
    """One conversation with one bot."""

    AUTO_FOCUS = "#prompt"
    PART = N_("Chat")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s,f3",
            "history",
            N_("history"),
            id="chat.history",
            tooltip=N_("browse conversations"),
        ),
        Binding("ctrl+f", "find", N_("find"), id="chat.find", show=False),
        Binding("ctrl+n", "new", N_("new"), id="chat.new", tooltip=N_("new conversation")),
        Binding(
            "ctrl+g,f2",
            "events",
            N_("events"),
            id="chat.events",
            priority=True,
            tooltip=N_("show or hide the events"),
        ),
        Binding("ctrl+t", "bot", N_("bot"), id="chat.bot", tooltip=N_("choose a bot")),
        Binding(
            "escape",
            "leave_edit",
            N_("leave the question"),
            id="chat.leave_edit",
            tooltip=N_("stop editing the question; the draft returns"),
        ),
        Binding(
            "f4",
            "ask_in_fork",
            N_("ask in a fork"),
            id="chat.ask_in_fork",
            tooltip=N_("ask the edited question in a fork that ends before it"),
        ),
        Binding(
            "f5",
            "offer",
            N_("open"),
            id="chat.offer",
            tooltip=N_("open the panel announced above the prompt"),
        ),
        Binding("escape", "stop", N_("stop"), id="chat.stop", tooltip=N_("stop the answer")),
        Binding("escape", "back", N_("back"), id="chat.back", tooltip=N_("focus the prompt")),
        Binding("escape", "dismiss_banner", N_("hide"), id="chat.hide", tooltip=N_("hide the warnings")),
        Binding(
            "ctrl+c", "ladder", N_("copy, stop, clear or quit"), id="chat.ladder", show=False, priority=True
        ),
        Binding("ctrl+d", "app.quit", N_("quit if the prompt is empty"), id="chat.quit", show=False),
        Binding(
            "ctrl+backslash,f6",
            "fold",
            N_("unfold"),
            id="chat.fold",
            tooltip=N_("open or close the last fold in the view"),
        ),
        Binding("f1", "app.help", N_("help"), id="chat.help"),
        Binding("question_mark", "app.help", N_("help"), id="chat.help_outside", show=False),
        Binding("pageup", "scroll_log(-1)", N_("page up"), id="chat.page_up", show=False),
        Binding("pagedown", "scroll_log(1)", N_("page down"), id="chat.page_down", show=False),
        Binding("shift+up", "scroll_log(0, -1)", N_("line up"), id="chat.line_up", show=False),
        Binding("shift+down", "scroll_log(0, 1)", N_("line down"), id="chat.line_down", show=False),
        Binding("ctrl+home", "log_top", N_("to the top"), id="chat.top", show=False),
        Binding("ctrl+end", "log_end", N_("to the end"), id="chat.end", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        context, settings = self.context, self.context.settings
        self.header = ChatHeader(bot=bot_label(context.known_bot()), site=settings.site, id="header")
        self.banner = Banner(id="banner")
        self.log_widget = MessageLog(context.palette, max_fps=context.max_fps, id="log")
        self.sidebar = EventSidebar(id="sidebar")
        self.find_bar = FindBar(id="find")
        self.strip = StatusStrip(id="strip")
        self.offer_line = NoteLine(id="offer")
        self.attachments = AttachmentStrip(id="attachments")
        self._completion = CommandCompletion(self)
        self._prompt_area = PromptArea(
            commands=self._completion.candidates,
            doubt_about=doubt_about,
            enter_guard=context.app.enter_guard,
            send_key="ctrl+j" if settings.send_key == "ctrl+j" else "enter",
            edit_mode="vi" if settings.edit_mode == "vi" else "emacs",
            id="prompt_area",
        )
        self.prompt, self.queue_strip = self._prompt_area.prompt, self._prompt_area.queue
        widgets = ChatWidgets(
            self.header,
            self.banner,
            self.log_widget,
            self.sidebar,
            self.strip,
            self.queue_strip,
            self._prompt_area.edit_strip,
            self.attachments,
            self.prompt,
        )
        self.conversation = OpenConversation(self, widgets, self._first_steps)
        self.offers = Offers(self, self.offer_line, self._is_being_typed_in)
        self.turns = TurnControl(
            self, widgets, self.conversation, self.offers, self._help_after, self._start_fetching
        )
        self.left_chats = LeftChats(self, self.banner, self.conversation, self.turns)
        self.finder = Finder(context.engine_thread, self.log_widget, self.conversation.window, self.find_bar)
        self.actions = ConversationActions(
            self, widgets, self.conversation, self.turns, self.finder, self.left_chats, self.offers
        )
        self._quit_asked_at = 0.0
        self._events_asked_at = 0.0

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.banner
        with Horizontal(id="body"):
            yield self.log_widget
            yield self.sidebar
        yield self.find_bar
        yield self.strip
        yield self.offer_line
        yield self.attachments
        yield self._prompt_area
        yield KeyFooter(order=_FOOTER, back="chat.back", last="chat.help", most=_MOST_KEYS, id="footer")
        target = self.context.target
        if not (self.context.settings.bot_id or target.conversation or target.continues_last):
            yield Widget(id="cover")  # the first run comes, unless somebody types

    @on(events.ScreenSuspend)
    @on(TextArea.Changed)
    def _remove_cover(self) -> None:
        """Show the chat: it lies under another screen, or it is typed in."""
        self.query("#cover").remove()

    def _first_steps(self) -> FirstStepsEntry:
        """Return what an empty conversation says: in the demo what its bots show, and a few keys."""

        def key(binding: str) -> str:
            return key_for(binding, self, self)

        sentences: list[str] = []
        if count := len(self.context.demo_bots):
            reach = _("This is the demo: each of its {n} bots shows one feature. {key} changes the bot.")
            sentences = [reach.format(n=count, key=key("chat.bot")), _(_SHOWN_BY_BOTS)]
        twice = " ".join([key("chat.events")] * 2)
        keys = [("/", _("commands")), (twice, _("every frame")), (key("chat.history"), _("history"))]
        return FirstStepsEntry(sentences, [*keys, (key("chat.help"), _("keys"))])

    def _help_after(self, error: CozeTuiError) -> bool:
        return self.actions.help_after(error)

    def _is_being_typed_in(self) -> bool:
        """Return whether the user is in the middle of a text, in whichever box of this screen."""
        return (
            self.conversation.is_being_typed_in
            or self.prompt.is_searching
            or (isinstance(self.focused, Field) and bool(self.focused.value))
        )

    def _start_fetching(self) -> None:
        self.left_chats.start()

    def on_mount(self) -> None:
        context = self.context
        for problem in context.startup.problems:
            self.banner.add(context.explain(problem))
        self.watch(self.app, "theme", self._theme_changed, init=False)
        for name in ("bot", "title", "chip"):
            self.watch(self.header, name, self._show_window_title)
        context.language_changed.subscribe(self, self._language_changed)
        context.store_failed.subscribe(self, self.conversation.warn)
        context.store_restored.subscribe(self, self._store_works_again)
        self._arrange()
        self.call_after_refresh(self._begin)
        self.set_interval(_LOOK_SECONDS, self.actions.look_for_news)

    def _store_works_again(self, texts: Sequence[str]) -> None:
        self.conversation.take_back(texts)
        self.left_chats.look_again()

    @work(group="begin", exit_on_error=False)
    async def _begin(self) -> None:
        """Open the store, the first conversation and the bot, after the first frame."""
        context, engine_thread = self.context, self.context.engine_thread
        late = _("Opening the history takes longer than usual; another program may be using it.")
        if not (context.target.conversation or context.target.continues_last):
            self.conversation.greet()
        waiting = self.set_timer(_PATIENCE_SECONDS, lambda: self.banner.add(late))
        await engine_thread.call(_ready)
        waiting.stop()
        self.banner.take_back(late)
        for text in await engine_thread.call(_warning_texts):
            self.banner.add(text)
        try:
            await self._open_target()
        except StoreError as error:  # one can chat without the history
            self.notify_failure(error)
            if error.kind == "locked":
                self._open_target_later()
        if not self.conversation.key:
            self.conversation.greet()
        has_bot = bool(context.settings.bot_id or self.conversation.key)
        # The token may come from a command, which is why a thread asks for it.
        if not has_bot or not await asyncio.to_thread(context.startup.has_token, context.settings):
            self.actions.offer_first_run()
            return
        self._remove_cover()
        self.actions.start_learning_bot()
        self.turns.show_limits()
        self.left_chats.start()

    async def _open_target(self) -> None:
        """Open the conversation that the user wants to see first.

        Raises:
            StoreError: the history cannot be read.
        """
        engine_thread, target = self.context.engine_thread, self.context.target
        # Finish what dead programs left before it is shown.
        await engine_thread.call(lambda engine: engine.unfetched_chats())
        self.prompt.set_earlier(await engine_thread.call(lambda engine: engine.conversations.prompts()))
        key: str | None = target.conversation
        if not key and target.continues_last:
            key = await engine_thread.call(lambda engine: engine.conversations.last())
        if key:
            await self.actions.open_first(key)

    @work(group="later", exit_on_error=False)
    async def _open_target_later(self) -> None:
        """Open it once no other program holds the history, unless the user has begun to chat by then."""
        while not (self.conversation.key or self.turns.runs or self.prompt.message):
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self._open_target()
            except StoreError as error:
                if error.kind != "locked":
                    self.notify_failure(error)
                    return
            else:
                self.actions.start_learning_bot()
                self.left_chats.start()
                return

    async def before_leaving(self) -> None:
        await self.conversation.leave_program()

    def notify_failure(self, error: CozeTuiError) -> None:
        if isinstance(error, StoreError):
            self.context.note_store_failure(error)
        else:
            self.conversation.warn(self.context.explain(error))

    # --- the prompt ---

    @on(Prompt.Submitted)
    def _submitted(self, message: Prompt.Submitted) -> None:
        if command := parse(message.text):
            self.run_slash(*command)
        else:
            self._ask(message.text)

    def _ask(self, text: str) -> None:
        self.turns.ask(text)
        if self.conversation.edit.is_on:
            self.actions.end_edit()

    @on(Prompt.NothingSent)
    def _nothing_sent(self) -> None:
        if not self.offers.open_now():
            self._answer_tools()

    def answer_tools(self) -> None:
        """Open the form for the local tools that the bot waits for; say so if it waits for none."""
        if self.turns.waiting_answer is None:
            self.notify(_("No local tool is waiting here."), markup=False)
        else:
            self._answer_tools()

    def _answer_tools(self) -> None:
        self.run_in_worker("tools", self.turns.answer_tools, exclusive=True)

    @on(Prompt.AttachmentChosen)
    def _attachment_chosen(self, message: Prompt.AttachmentChosen) -> None:
        self.run_in_worker("attach", self.actions.attach, message.path)

    @on(Prompt.FollowUpChosen)
    def _follow_up_chosen(self, message: Prompt.FollowUpChosen) -> None:
        self.turns.ask(message.question)

    @on(Prompt.NumberTyped)
    def _number_typed(self, message: Prompt.NumberTyped) -> None:
        self.log_widget.light(message.number)

    @on(Prompt.DraftChanged)
    def _draft_changed(self, message: Prompt.DraftChanged) -> None:
        self.run_in_worker("draft", self.conversation.typed, message.text, exclusive=True)

    @on(Prompt.QueueSendAsked)
    def _send_queued(self) -> None:
        self.run_in_worker("send queued", self.turns.send_queued, exclusive=True)

    @on(Prompt.QueueTakeAsked)
    def _take_from_queue(self) -> None:
        if self.conversation.queue.waiting:
            self.prompt.set_message(self.conversation.queue.take_last())
            self.run_in_worker("queue", self.conversation.keep_taken)

    @on(Prompt.EditorAsked)
    def action_editor(self) -> None:
        """Write the message in the editor of $VISUAL or $EDITOR."""
        from coze_tui.tui.editor import edit_text

        if (text := edit_text(self.app, self.prompt.message, self.context.startup.environment)) is not None:
            self.prompt.set_message(text)

    def send_text(self, text: str) -> None:
        """Send a text as it is, or what is typed if it is empty."""
        if text:
            self._ask(text)
        else:
            self.prompt.send()

    @property
    def put_text(self) -> PutText:
        return self._put_into_prompt

    def _put_into_prompt(self, text: str) -> None:
        """Insert a text at the cursor of the prompt, apart from what stands before it."""
        prompt = self.prompt
        row, column = prompt.cursor_location
        before = prompt.document[row][:column]
        prompt.insert_pasted(text if not before or before[-1].isspace() else f" {text}")
        prompt.focus()

    # --- the log and the sidebar ---

    @on(PageWanted)
    def _page_wanted(self, message: PageWanted) -> None:
        self.run_in_worker("page", self.conversation.window.load, message, exclusive=True)

    @on(MessageLog.QuestionChosen)
    def _question_chosen(self, message: MessageLog.QuestionChosen) -> None:
        self.turns.ask(message.text)

    @on(MessageLog.EntryChosen)
    def _entry_chosen(self, message: MessageLog.EntryChosen) -> None:
        self.turns.show_figures_of(message.entry)

    @on(MessageLog.Asked)
    def _asked_of_log(self, message: MessageLog.Asked) -> None:
        entry = message.entry
        match message.what:
            case "copy_ids":
                self.actions.copy_ids(self.sidebar.figures)
            case "recover":
                self.turns.recover(entry if isinstance(entry, AnswerEntry) else None)
            case "regenerate":
                self.turns.regenerate(entry)
            case "edit":
                self.actions.edit_question(entry)
            case "answer_tool":
                self._answer_tools()
            case "plain_view":
                self.actions.show_plain()
            case "find":
                self.action_find()
            case "find_next":
                self._find_step(1)
            case "find_previous":
                self._find_step(-1)
            case "fork":
                self.run_in_worker("fork", self.actions.fork, entry, exclusive=True)

    @on(EventSidebar.IdsAsked)
    def _ids_asked(self, message: EventSidebar.IdsAsked) -> None:
        self.actions.copy_ids(message.figures)

    @on(EventSidebar.RowChosen)
    def _row_chosen(self, message: EventSidebar.RowChosen) -> None:
        self.actions.inspect(message.frame_number)

    # --- finding ---

    def action_find(self) -> None:
        """Find a text in the conversation."""
        self.find_bar.open()

    @on(FindBar.Typed)
    def _find(self, message: FindBar.Typed) -> None:
        self.run_in_worker("find", self.finder.type, message.text, exclusive=True)

    @on(FindBar.Stepped)
    def _find_stepped(self, message: FindBar.Stepped) -> None:
        self._find_step(message.step)

    def _find_step(self, step: int) -> None:
        if self.find_bar.is_open:
            self.run_in_worker("find", self.finder.step, step, exclusive=True)
        else:
            self.find_bar.open()

    @on(FindBar.Left)
    def _find_left(self) -> None:
        self.log_widget.focus()

    @on(FindBar.Closed)
    def _find_closed(self) -> None:
        returns = self.find_bar.has_focus_within and self.find_bar.opened_from is self.prompt
        self.find_bar.close()
        self.finder.stop()
        (self.prompt if returns else self.log_widget).focus()

    # --- keys ---

    def action_new(self) -> None:
        """Begin a new conversation; a running turn continues in its own one."""
        self.actions.show_new()

    def action_bot(self) -> None:
        """Choose another bot."""
        self.actions.choose_bot("")

    def choose_bot(self, text: str) -> None:
        """Talk to the bot of this name or ID; let the user choose one if it is not clear which."""
        bot = self._completion.bot_named(text)
        self.actions.choose_bot(text, bot)

    def action_history(self) -> None:
        """Browse all conversations."""
        self.actions.show_history()

    @on(NoteLine.Clicked, "#offer")
    def action_offer(self) -> None:
        """Open the panel that waits until nobody types."""
        self.offers.open_now()

    def action_stop(self) -> None:
        """Stop the answer."""
        self.turns.stop()

    def action_leave_edit(self) -> None:
        """Leave the earlier question."""
        self.actions.end_edit()

    def action_ask_in_fork(self) -> None:
        """Ask the edited question in a fork."""
        self.run_in_worker("fork", self.actions.ask_in_fork, exclusive=True)

    def action_fold(self) -> None:
        """Open or close the last reasoning or tool call in the view."""
        self.log_widget.action_last_fold()
        self.refresh_bindings()

    def action_back(self) -> None:
        """Go back to the prompt."""
        if self.sidebar.has_class("-overlay"):
            self.action_events()
        elif self.find_bar.is_open:
            self._find_closed()
        else:
            self.prompt.focus()

    def action_dismiss_banner(self) -> None:
        """Hide the warnings; they have been read."""
        self.banner.dismiss()
        self.refresh_bindings()

    def action_ladder(self) -> None:
        """Ctrl+C: copy the selection, else stop, else clear the prompt, else ask again to quit."""
        if self.copy_selection():
            pass
        elif self.find_bar.has_focus_within:
            self._find_closed()
        elif self.turns.runs and self.turns.view.phase is not Phase.STOPPING:
            self.turns.stop()
        elif self.prompt.message:
            self.prompt.clear_message()
            self.notify(_("Cleared. Press Ctrl+_ to undo."), timeout=3, markup=False)
        elif time.monotonic() - self._quit_asked_at < _QUIT_AGAIN_SECONDS:
            self.quit()
        else:
            self._quit_asked_at = time.monotonic()
            self.notify(_("Press Ctrl+C again to quit"), timeout=_QUIT_AGAIN_SECONDS, markup=False)

    def quit(self) -> None:
        """Quit the program."""
        self.app.run_worker(self.app.action_quit(), exit_on_error=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc goes back to the prompt; from there it leaves an edited question, else stops the answer."""
        is_back = self.focused is not self.prompt or self.sidebar.has_class("-overlay")
        is_editing = self.conversation.edit.is_on
        if action == "ask_in_fork":
            return is_editing
        if action == "leave_edit":
            return is_editing and not is_back
        if action == "stop":
            return self.turns.runs and not is_back and not is_editing
        if action == "back":
            return is_back
        if action == "dismiss_banner":
            return self.banner.display and not is_back and not self.turns.runs and not is_editing
        if action == "offer":
            return self.offers.waits
        return True

    def key_words(self, binding: Binding) -> str | None:
        """Return what a key does now; see `NamesKeys`.

        Outside the prompt Esc goes back first, so there the other key stops the answer.
        """
        if binding.id == "chat.ladder":
            return _("stop") if self.turns.runs and self.focused is not self.prompt else ""
        if binding.id == "chat.fold":
            fold = self.log_widget.last_fold if self.focused is self.prompt else None
            return "" if fold is None else _("fold") if fold.is_open else _("unfold")
        return None

    def run_slash(self, command: SlashCommand, argument: str) -> None:
        """Run a slash command."""
        SLASH_ACTIONS[command.name](self, argument)

    def offered_commands(self) -> list[OfferedCommand]:
        """Return the commands that the command palette shows now. What is typed there is never sent."""
        runs, can_recover = self.turns.runs, self.turns.can_recover
        waits = self.turns.waiting_answer is not None
        offered = []
        for command in slash_commands():
            urgent = {"/stop": runs, "/tools": waits, "/recover": can_recover}
            if command.name == "/send" or (command.name in ("/stop", "/tools") and not urgent[command.name]):
                continue
            is_urgent = urgent.get(command.name, False)
            run = partial(
                self._ask_argument if command.needs_argument else self._run_without_argument, command
            )
            offered.append(OfferedCommand(command, run, is_urgent))
        return offered

    def _run_without_argument(self, command: SlashCommand) -> None:
        self.run_slash(command, "")

    def _ask_argument(self, command: SlashCommand) -> None:
        """Run a command of the palette with an argument that the user types in a dialog."""
        from coze_tui.tui.screens.dialogs import AskText

        def run(argument: str | None) -> None:
            if argument:
                self.run_slash(command, argument)

        value = self.conversation.title if command.name == "/rename" else ""
        self.app.push_screen(AskText(_(command.title), value, _(command.argument)), run)

    def show_help(self) -> None:
        """Show the keys and the commands."""
        self.call_later(self.run_action, "app.help")

    def examine_terminal(self) -> None:
        """Show what arrives from this terminal, and what it can do."""
        from coze_tui.tui.screens.doctor import DoctorScreen

        self.app.push_screen(DoctorScreen(self))

    # --- themes and languages ---

    def choose_theme(self, name: str) -> None:
        """Change the colors; without the name of a theme, let the user pick one."""
        from coze_tui.tui.screens.look import choose_theme

        choose_theme(self.context, name)

    def choose_language(self, code: str) -> None:
        """Change the language; without the code of one, let the user pick it."""
        from coze_tui.tui.screens.look import choose_language

        choose_language(self.context, code)

    def _show_window_title(self) -> None:
        self.context.app.show_title(self.header.window_title)

    def _theme_changed(self) -> None:
        self.log_widget.set_palette(self.context.palette)

    def _language_changed(self, code: str) -> None:
        """Show all texts in the new language."""
        self.header.bot = self.conversation.bot_name
        self.log_widget.translate()
        self.turns.show_figures(self.sidebar.figures)
        self.conversation.queue.refresh()
        for widget in self.walk_children():
            widget.refresh()
        self.refresh_bindings()  # the footer
        if self.context.demo_bots:
            self.actions.start_learning_bot()  # an answer on its way may still be in the other language
        self._show_entries_again()

    @work(group="language", exclusive=True, exit_on_error=False)
    async def _show_entries_again(self) -> None:
        """Open a conversation at rest again, for the words that its entries cannot translate."""
        if self.turns.runs:
            return
        entries = self.log_widget.entries
        is_begun = any(not isinstance(entry, GreetingEntry | FirstStepsEntry) for entry in entries)
        if self.conversation.key and is_begun:
            greets = isinstance(entries[0], GreetingEntry)
            await self.actions.open(self.conversation.key)
            if greets:
                for bot in self.context.demo_bots:  # only these speak the language of the program
                    if bot.id == self.conversation.bot.id:
                        self.conversation.use_bot(bot)
                self.conversation.greet_above()
        else:
            self.log_widget.clear()
            self.conversation.use_bot(self.context.known_bot())
            self.conversation.greet()

    # --- layout ---

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Put the sidebar beside the log from 100 columns up, else over it on request or the strip below."""
        size = self.app.size  # known before there is a layout
        is_wide = size.width >= _WIDE
        choice = self.context.settings.sidebar
        self.set_class(not is_wide, "-narrow")
        self.set_class(size.height < 18, "-low")
        over = self.sidebar.has_class("-overlay") and not is_wide
        self.sidebar.set_class(over, "-overlay")
        self.sidebar.adapt_to(size.width)
        self.sidebar.display = over or (is_wide and choice != "hidden")
        self.strip.display = not self.sidebar.display

    def action_events(self) -> None:
        """Show or hide the events; the second time in a row look at all of them."""
        now = time.monotonic()
        is_twice, self._events_asked_at = now - self._events_asked_at < _TWICE_SECONDS, now
        self._toggle_events()
        if is_twice:
            self._events_asked_at = 0.0
            self.actions.inspect()

    def _toggle_events(self) -> None:
        """Show or hide the sidebar: over the log if there is no room beside it."""
        if self.size.width >= _WIDE:
            hidden = self.context.settings.sidebar != "hidden"
            self.context.choose_sidebar("hidden" if hidden else "shown")
            self._arrange()
        else:
            over = not self.sidebar.has_class("-overlay")
            self.sidebar.set_class(over, "-overlay")
            self._arrange()
            (self.sidebar if over else self.prompt).focus()
        self.sidebar.flush()

    def action_scroll_log(self, pages: int, lines: int = 0) -> None:
        """Scroll the log while typing."""
        self.log_widget.viewport.scroll_pages(pages, lines)

    def action_log_top(self) -> None:
        """Go to the beginning of the log."""
        self.log_widget.action_to_top()

    def action_log_end(self) -> None:
        """Go to the end of the log."""
        self.log_widget.action_to_end()


async def _ready(engine: Engine) -> None:
    """Return when the engine is open."""


async def _warning_texts(engine: Engine) -> list[str]:
    return engine.warning_texts()


SLASH_ACTIONS: Mapping[str, Callable[[ChatScreen, str], object]] = {
    "/new": lambda screen, _argument: screen.action_new(),
    "/history": lambda screen, _argument: screen.action_history(),
    "/find": lambda screen, _argument: screen.action_find(),
    "/fork": lambda screen, _argument: screen.log_widget.action_ask("fork"),
    "/rename": lambda screen, title: screen.run_in_worker(
        "rename", screen.actions.rename, title, exclusive=True
    ),
    "/plain": lambda screen, _argument: screen.actions.show_plain(),
    "/export": lambda screen, typed: screen.actions.export(typed),
    "/import": lambda screen, path: screen.run_in_worker(
        "import", screen.actions.import_file, path, exclusive=True
    ),
    "/clear": lambda screen, _argument: screen.run_in_worker(
        "clear", screen.actions.clear_context, exclusive=True
    ),
    "/stop": lambda screen, _argument: screen.turns.stop(),
    "/retry": lambda screen, _argument: screen.turns.regenerate(),
    "/resend": lambda screen, _argument: screen.log_widget.action_ask("edit"),
    "/recover": lambda screen, _argument: screen.turns.recover(),
    "/tools": lambda screen, _argument: screen.answer_tools(),
    "/copy": lambda screen, _argument: screen.log_widget.action_copy_message(),
    "/images": lambda screen, folder: screen.run_in_worker("images", screen.actions.save_images, folder),
    "/events": lambda screen, _argument: screen.action_events(),
    "/inspect": lambda screen, _argument: screen.actions.inspect(),
    "/replay": lambda screen, _argument: screen.actions.replay(),
    "/support-bundle": lambda screen, _argument: screen.run_in_worker(
        "support bundle", screen.actions.save_support_bundle, exclusive=True
    ),
    "/side-by-side": lambda screen, _argument: screen.actions.ask_side_by_side(),
    "/stats": lambda screen, _argument: screen.run_in_worker(
        "screen", screen.actions.show_statistics, exclusive=True
    ),
    "/send": ChatScreen.send_text,
    "/edit": lambda screen, _argument: screen.action_editor(),
    "/prompts": lambda screen, argument: screen.run_in_worker(
        "screen", screen.actions.use_prompts, argument, exclusive=True
    ),
    "/attach": lambda screen, path: screen.run_in_worker("attach", screen.actions.attach, path),
    "/detach": lambda screen, _argument: screen.attachments.clear(),
    "/theme": ChatScreen.choose_theme,
    "/lang": ChatScreen.choose_language,
    "/bot": ChatScreen.choose_bot,
    "/login": lambda screen, _argument: screen.actions.start_first_run(),
    "/help": lambda screen, _argument: screen.show_help(),
    "/doctor": lambda screen, _argument: screen.examine_terminal(),
    "/quit": lambda screen, _argument: screen.quit(),
}
"""The handler of each command of `slash_commands`; called with its argument."""
