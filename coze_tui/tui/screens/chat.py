"""The chat screen: everything one can do about the conversation it shows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.binding import Binding, BindingType

from coze_tui.api.objects import Bot
from coze_tui.config.settings import Settings
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import Phase
from coze_tui.engine.session.thread import TurnFeed
from coze_tui.errors import BusyError, CozeTuiError, CredentialsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.copying import ids_text
from coze_tui.tui.log.entries import BotEntry, Entry, SectionEntry, UserEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.screens.conversation import ConversationScreen
from coze_tui.tui.slash import SlashCommand, parse, slash_commands
from coze_tui.tui.widgets.completion import Candidate
from coze_tui.tui.widgets.event_sidebar import EventSidebar
from coze_tui.tui.widgets.find_bar import FindBar
from coze_tui.tui.widgets.paths import typed_path
from coze_tui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.model.records import ChatRecord

_WIDE = 100
"""Columns from which the sidebar stands beside the log."""
_QUIT_AGAIN_SECONDS = 2.0
_TWICE_SECONDS = 1.0
"""Asked for the events twice within this time, one wants to see all of them."""


class ChatScreen(ConversationScreen):
    """One conversation with one bot."""

    PART = N_("Chat")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s,f3",
            "history",
            N_("history"),
            id="chat.history",
            tooltip=N_("look through all conversations"),
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
        Binding("escape", "stop", N_("stop"), id="chat.stop", tooltip=N_("stop the answer")),
        Binding("escape", "back", N_("back"), id="chat.back", tooltip=N_("back to the prompt")),
        Binding("escape", "dismiss_banner", N_("hide"), id="chat.hide", tooltip=N_("hide the warnings")),
        Binding(
            "ctrl+c", "ladder", N_("copy, stop, clear, quit"), id="chat.ladder", show=False, priority=True
        ),
        Binding("ctrl+d", "app.quit", N_("quit from an empty prompt"), id="chat.quit", show=False),
        Binding("f1", "app.help", N_("help"), id="chat.help"),
        Binding("question_mark", "app.help", N_("help"), id="chat.help_outside", show=False),
        Binding("pageup", "scroll_log(-1)", N_("page up"), id="chat.page_up", show=False),
        Binding("pagedown", "scroll_log(1)", N_("page down"), id="chat.page_down", show=False),
        Binding("shift+up", "scroll_log(0, -1)", N_("line up"), id="chat.line_up", show=False),
        Binding("shift+down", "scroll_log(0, 1)", N_("line down"), id="chat.line_down", show=False),
        Binding("ctrl+home", "log_top", N_("to the top"), id="chat.top", show=False),
        Binding("ctrl+end", "log_end", N_("to the end"), id="chat.end", show=False),
    ]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._quit_asked_at = 0.0
        self._events_asked_at = 0.0

    # --- what was typed, and how a turn ended ---

    @on(Prompt.Submitted)
    def _submitted(self, message: Prompt.Submitted) -> None:
        if command := parse(message.text):
            self.run_slash(*command)
        else:
            self.ask(message.text)

    @on(Prompt.AttachmentChosen)
    def _attachment_chosen(self, message: Prompt.AttachmentChosen) -> None:
        self.attach(message.path)

    @work(group="attach", exit_on_error=False)
    async def attach(self, text: str) -> None:
        """Let a file go with the next question."""
        if not text.strip():
            self.notify(_("Type @ and a path, or /attach and a path."), markup=False)
            return
        path = typed_path(text)
        try:
            count = await self.engine_thread.call(lambda engine: engine.check_attachment(path))
        except CozeTuiError as error:
            self.context.notify_failure(error)
            return
        self.attachments.add(path, count)

    def export(self) -> None:
        """Write this conversation to files."""
        from coze_tui.tui.export_flow import export

        if self.conversation and self.log_widget.entries:
            export(self.context, [self.conversation])
        else:
            self.notify(_("There is nothing to export yet."), markup=False)

    @work(group="import", exclusive=True, exit_on_error=False)
    async def import_file(self, text: str) -> None:
        """Read conversations from a file that was exported, and open the first."""
        from coze_tui.tui.export_flow import import_file

        if not text.strip():
            self.notify(_("Type /import and the path of a file."), markup=False)
        elif (key := await import_file(self.context, typed_path(text))) is not None:
            await self.open_conversation(key)

    @work(group="rename", exclusive=True, exit_on_error=False)
    async def rename(self, title: str) -> None:
        """Give the conversation another title, here and at the server."""
        key, title = self.conversation, clean_line(title)
        if not key or not title:
            self.notify(_("Type /rename and a title, in a conversation that has begun."), markup=False)
            return
        await self.engine_thread.call(lambda engine: engine.browsing.rename(key, title))
        self._set_title(title)
        try:
            await self.engine_thread.call(lambda engine: engine.server_side.rename(key, title))
        except CozeTuiError as error:
            refused = _("Renamed here; the server refused: {reason}").format(
                reason=self.context.explain(error)
            )
            self.notify(refused, severity="warning", markup=False)

    def candidates(self, typed: str) -> Sequence[Candidate]:
        return [
            Candidate(command.name + (" " if command.argument else ""), _(command.help))
            for command in slash_commands()
            if command.name.startswith(typed)
        ]

    def needs_setting_up(self) -> None:
        self.open_first_run()

    def turn_needs_help(self, error: CozeTuiError | None) -> bool:
        if isinstance(error, CredentialsError):
            self.prompt.restore(self.turn.question)
            self.open_first_run()
        elif isinstance(error, BusyError):
            self._offer_ways_out()
        elif self.turn.phase is Outcome.REQUIRES_ACTION:
            self._open_tool_form()
        else:
            return False
        return True

    async def offer_unfinished(self, unfinished: Sequence[ChatRecord]) -> None:
        from coze_tui.tui.screens.dialogs import Confirm

        first = unfinished[0]
        title = ngettext(
            "An answer was cut off when the program ended",
            "{n} answers were cut off when the program ended",
            len(unfinished),
        ).format(n=len(unfinished))
        question = clean_line(first.question)
        wants = await self.app.push_screen_wait(
            Confirm(title, question, _("fetch the rest from Coze"), _("keep what came"))
        )
        if not wants:
            return
        others = {item.conversation: item.key for item in reversed(unfinished)}
        others.pop(first.conversation)  # one turn at a time in a conversation
        for chat in others.values():
            await self._fetch_unseen(chat)
        await self.open_conversation(first.conversation)
        self.recover()

    async def _fetch_unseen(self, chat: int) -> None:
        await self.engine_thread.call(lambda engine: engine.recover(chat, TurnFeed()))

    # --- stopping, recovering, asking again ---

    def action_stop(self) -> None:
        """Stop the answer."""
        self.stop_turn()

    def action_back(self) -> None:
        """Back to the prompt."""
        if self.sidebar.has_class("-overlay"):
            self.action_events()
        elif self.find_bar.is_open:
            self._find_closed()
        else:
            self.prompt.focus()

    def action_dismiss_banner(self) -> None:
        """Hide what is wrong with the surroundings; it has been read."""
        self.banner.dismiss()
        self.refresh_bindings()

    def stop_turn(self) -> None:
        """End the running answer; what has come stays."""
        if self.turn_runs and self.runs_elsewhere:
            self.notify(_("This answer comes to another program; stop it there."), markup=False)
        elif self.turn_runs and self.conversation:
            key = self.conversation
            self.turn.mark_stopping()
            self.show_chip()
            self._post(lambda engine: engine.stop(key))

    @work(group="post", exit_on_error=False)
    async def _post(self, ask: Callable[[Engine], Awaitable[None]]) -> None:
        await self.engine_thread.call(ask)

    def action_ladder(self) -> None:
        """Ctrl+C: copy the selection, else stop, else clear the prompt, else ask again to quit."""
        if selected := self.get_selected_text() or self.prompt.selected_text:
            self.copy(selected, _("selection"))
            self.clear_selection()
        elif self.turn_runs and self.turn.phase is not Phase.STOPPING:
            self.stop_turn()
        elif self.prompt.message:
            self.prompt.clear_message()
            self.notify(_("Cleared. Ctrl+_ brings it back."), timeout=3, markup=False)
        elif time.monotonic() - self._quit_asked_at < _QUIT_AGAIN_SECONDS:
            self.quit()
        else:
            self._quit_asked_at = time.monotonic()
            self.notify(_("Ctrl+C again to quit"), timeout=_QUIT_AGAIN_SECONDS, markup=False)

    def quit(self) -> None:
        """Quit the program."""
        self.app.run_worker(self.app.action_quit(), exit_on_error=False)

    def recover(self, entry: BotEntry | None = None) -> None:
        """Fetch the rest of an answer that was cut off."""
        if entry is None:
            entry = self._last_answer()
        if entry is None or entry.outcome is not Outcome.INTERRUPTED or self.turn_runs:
            self.notify(_("Nothing to recover here."), markup=False)
            return
        self._recover(entry)

    @work(group="recover", exit_on_error=False)
    async def _recover(self, entry: BotEntry) -> None:
        chat = entry.chat
        feed = TurnFeed()
        figures = await self.engine_thread.call(lambda engine: engine.inspecting.figures(chat))
        self.begin_turn(self._question_of(entry), feed, entry=entry, figures=figures)
        await self.engine_thread.call(lambda engine: engine.recover(chat, feed))

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

    @on(Prompt.NothingSent)
    def _nothing_sent(self) -> None:
        self.answer_tools()

    @work(group="tools", exclusive=True, exit_on_error=False)
    async def answer_tools(self) -> None:
        """Open the form for the local tools that the last chat waits for, perhaps since an earlier run."""
        entry = self._last_answer()
        if self.turn_runs or entry is None or entry.outcome is not Outcome.REQUIRES_ACTION:
            return
        if not self.waiting_calls:
            chat = entry.chat
            calls = await self.engine_thread.call(lambda engine: engine.inspecting.waiting_calls(chat))
            if entry is not self._last_answer():
                return
            self.waiting_calls = calls
            self.turn.figures = await self.engine_thread.call(lambda engine: engine.inspecting.figures(chat))
        self._open_tool_form()

    def _open_tool_form(self) -> None:
        from coze_tui.tui.screens.tool_request import ToolRequest

        if self.waiting_calls:
            form = ToolRequest(
                self.waiting_calls, self.tool_drafts, commands=self.settings.tools, run=self._run_command
            )
            self.app.push_screen(form, self._tools_answered)

    async def _run_command(self, words: Sequence[str], arguments: str) -> str:
        from coze_tui.engine.session.local_tools import run_command

        environment = self.context.start.environment
        return await self.engine_thread.call(lambda _engine: run_command(words, arguments, environment))

    def _tools_answered(self, outputs: Sequence[tuple[str, str]] | None) -> None:
        entry = self._last_answer()
        if outputs is None or entry is None:
            return
        feed = TurnFeed()
        self.begin_turn(self._question_of(entry), feed, entry=entry, figures=self.turn.figures)
        self._submit(entry.chat, tuple(outputs), feed)

    @work(group="ask", exit_on_error=False)
    async def _submit(self, chat: int, outputs: Sequence[tuple[str, str]], feed: TurnFeed) -> None:
        key = self.conversation
        await self.engine_thread.call(lambda engine: engine.submit(key, chat, outputs, feed))

    def _last_answer(self) -> BotEntry | None:
        return next((item for item in reversed(self.log_widget.entries) if isinstance(item, BotEntry)), None)

    # --- 4016 ---

    @work(group="busy", exclusive=True, exit_on_error=False)
    async def _offer_ways_out(self) -> None:
        from coze_tui.tui.screens.dialogs import Choose, Option

        question, key = self.turn.question, self.conversation
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
                known = await self.engine_thread.call(lambda engine: engine.cancel_running(key))
            except CozeTuiError as error:
                self.context.notify_failure(error)
                known = False
            if known:
                self.send(question)
                return
            self.notify(_("The running chat is not known here; it cannot be cancelled."), markup=False)
        elif choice == "new":
            self.action_new()
            self.send(question)
            return
        self.prompt.restore(question)

    # --- copying ---

    @on(EventSidebar.IdsAsked)
    def _ids_asked(self, message: EventSidebar.IdsAsked) -> None:
        self._copy_ids(message.figures)

    def _copy_ids(self, figures: TurnFigures | None) -> None:
        if figures is not None:
            self.copy(ids_text(figures), _("ids"))

    def copy(self, text: str, what: str) -> None:
        """Copy, and say how far that is known to have worked."""
        self.context.copy(text, what)

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
            case "find":
                self.action_find()
            case "find_next":
                self._find_step(1)
            case "find_previous":
                self._find_step(-1)
            case "fork":
                self._fork(entry)

    def _show_plain(self) -> None:
        from coze_tui.tui.screens.dialogs import ShowText

        self.app.push_screen(ShowText(self.title_text or self.bot_name, self.log_widget.plain_text()))

    # --- finding, forking ---

    def action_find(self) -> None:
        """Find a text in the conversation."""
        self.find_bar.open()

    @on(FindBar.Typed)
    @work(group="find", exclusive=True, exit_on_error=False)
    async def _find(self, message: FindBar.Typed) -> None:
        await self.finder.type(message.text)

    @on(FindBar.Stepped)
    def _find_stepped(self, message: FindBar.Stepped) -> None:
        self._find_step(message.step)

    @work(group="find", exclusive=True, exit_on_error=False)
    async def _find_step(self, step: int) -> None:
        if self.find_bar.is_open:
            await self.finder.step(step)
        else:
            self.find_bar.open()

    @on(FindBar.Left)
    def _find_left(self) -> None:
        self.log_widget.focus()

    @on(FindBar.Closed)
    def _find_closed(self) -> None:
        self.find_bar.close()
        self.finder.stop()
        self.log_widget.focus()

    @work(group="fork", exclusive=True, exit_on_error=False)
    async def _fork(self, entry: Entry | None) -> None:
        """Go on from here in another conversation, which the bot does not know yet."""
        if not self.conversation or self.turn_runs:
            self.notify(_("There is nothing to fork yet."), markup=False)
            return
        await self.open_conversation(await self.window.fork(entry))
        self.notify(_("This is a fork: what follows is not in the first conversation."), markup=False)

    # --- looking inside a chat ---

    @on(EventSidebar.RowChosen)
    def _row_chosen(self, message: EventSidebar.RowChosen) -> None:
        self.inspect(message.frame_number)

    def inspect(self, frame: int = 0) -> None:
        """Look at every frame of the chat whose events are shown."""
        from coze_tui.tui.chat_sources import ChatSource
        from coze_tui.tui.screens.inspector import InspectorScreen

        if self.sidebar.figures is None:
            self.notify(_("Nothing was sent in this conversation yet."), markup=False)
            return
        chosen = self.log_widget.chosen
        is_last = chosen is None or self.sidebar.figures is self.turn.figures
        chat = 0 if is_last or chosen is None else chosen.chat
        self.app.push_screen(
            InspectorScreen(ChatSource.stored(self.engine_thread, self.conversation, chat), frame=frame)
        )

    @work(group="screen", exclusive=True, exit_on_error=False)
    async def show_statistics(self) -> None:
        """What all chats have cost; a conversation may be opened from there."""
        from coze_tui.tui.screens.statistics import StatisticsScreen

        key = await self.app.push_screen_wait(StatisticsScreen())
        if key is not None:
            await self.open_conversation(key)

    @work(group="screen", exclusive=True, exit_on_error=False)
    async def ask_side_by_side(self) -> None:
        """Ask several bots the same; one of their conversations may be gone on with."""
        from coze_tui.tui.screens.side_by_side import SideBySideScreen

        screen = SideBySideScreen(
            self.settings, self.bot, self.prompt.message, keep_draft=self.prompt.set_message
        )
        left = await self.app.push_screen_wait(screen)
        self.prompt.set_message(left.text)
        if left.conversation:
            await self.open_conversation(left.conversation)

    # --- the editor, slash commands, other screens ---

    @on(Prompt.EditorAsked)
    def _editor_asked(self, message: Prompt.EditorAsked) -> None:
        self.action_editor()

    def action_editor(self) -> None:
        """Write the message in the editor of $VISUAL or $EDITOR."""
        from coze_tui.tui.editor import edit_text

        if (text := edit_text(self.app, self.prompt.message)) is not None:
            self.prompt.set_message(text)

    def run_slash(self, command: SlashCommand, argument: str) -> None:
        """Run a slash command."""
        _SLASH_ACTIONS[command.name](self, argument)

    def send_text(self, text: str) -> None:
        """Send a text as it is, or what is typed if it is empty."""
        if text:
            self.ask(text)
        else:
            self.prompt.send()

    def show_help(self) -> None:
        """Show the keys and the commands."""
        self.call_later(self.run_action, "app.help")

    def action_bot(self) -> None:
        """Choose another bot."""
        self.choose_bot("")

    @work(group="screen", exclusive=True, exit_on_error=False)
    async def choose_bot(self, text: str) -> None:
        """Talk to another bot from now on, in a new conversation."""
        from coze_tui.tui.screens.bots import choose_bot

        if await choose_bot(self.context, text):
            self.settings = self.context.settings
            self.bot = Bot(id=self.settings.bot_id)
            self.header.site = self.settings.site
            self.header.bot = self.bot_name
            self.action_new()
            self.learn_bot()

    @work(group="screen", exclusive=True, exit_on_error=False)
    async def action_history(self) -> None:
        """Look through all conversations, and go on with one of them."""
        from coze_tui.tui.screens.history import HistoryScreen

        await self._keep_draft()
        choice = await self.app.push_screen_wait(HistoryScreen(self.bot, self.conversation))
        here = self.conversation
        if choice is not None and (choice.key != here or choice.message is not None):
            await self.open_conversation(choice.key, choice.message, choice.query)
        elif here and not await self.engine_thread.call(lambda engine: engine.browsing.is_there(here)):
            self.action_new()

    @work(group="screen", exclusive=True, exit_on_error=False)
    async def open_first_run(self) -> None:
        """Choose site, token and bot."""
        from coze_tui.tui.screens.first_run import set_up

        if await set_up(self.context):
            self.settings = self.context.settings
            self.bot = Bot(id=self.settings.bot_id)
            self.header.site = self.settings.site
            self.header.bot = self.bot_name
            self.learn_bot()

    @work(group="clear", exclusive=True, exit_on_error=False)
    async def clear_context(self) -> None:
        """Let the bot forget what was said; the log keeps it."""
        if not self.conversation:
            return
        key = self.conversation
        try:
            await self.engine_thread.call(lambda engine: engine.clear_context(key))
        except CozeTuiError as error:
            self.context.notify_failure(error)
            return
        self.log_widget.append(SectionEntry(int(time.time() * 1000)))

    def choose_theme(self, name: str) -> None:
        """Change the colours, or list what there is."""
        if name in self.app.available_themes:
            self.context.choose_theme(name)
        else:
            names = ", ".join(sorted(self.app.available_themes))
            self.notify(_("Themes: {names}").format(names=names), markup=False)

    def choose_language(self, code: str) -> None:
        """Change the language, or list what there is."""
        from coze_tui.text.i18n import languages

        if code in languages():
            self.context.choose_language(code)
        else:
            self.notify(_("Languages: {names}").format(names=", ".join(languages())), markup=False)

    def _language_changed(self, code: str) -> None:
        """Show all texts in the new language."""
        self.header.bot = self.bot_name
        self.log_widget.set_palette(self.context.palette)
        self.show_figures(self.sidebar.figures)
        for widget in self.walk_children():
            widget.refresh()
        self._refresh_names()

    @work(group="anew", exclusive=True, exit_on_error=False)
    async def _refresh_names(self) -> None:
        """Entries hold words of ours: a conversation at rest is read again in the new language."""
        if self.turn_runs:
            return
        if self.conversation:
            await self.open_conversation(self.conversation)
        else:
            self.log_widget.clear()
            self._greet()

    def _theme_changed(self) -> None:
        """Draw all rendered text in the new colors."""
        self.log_widget.set_palette(self.context.palette)

    def examine_terminal(self) -> None:
        """What arrives from this terminal, and what it can do."""
        from coze_tui.tui.screens.doctor import DoctorScreen

        self.app.push_screen(DoctorScreen(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc goes back to the prompt, and from there stops the answer while there is one."""
        is_back = self.focused is not self.prompt or self.sidebar.has_class("-overlay")
        if action == "stop":
            return self.turn_runs and not is_back
        if action == "back":
            return is_back
        if action == "dismiss_banner":
            return self.banner.display and not is_back and not self.turn_runs
        return True

    # --- layout ---

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def on_mount(self) -> None:
        self.watch(self.app, "theme", self._theme_changed, init=False)
        self.context.language_changed.subscribe(self, self._language_changed)
        self.context.store_failed.subscribe(self, self.show_trouble)
        self._arrange()

    def _arrange(self) -> None:
        """Beside the log from 100 columns up, else over it when asked for, with the strip instead."""
        size = self.app.size  # known before there is a layout
        is_wide = size.width >= _WIDE
        choice = self.context.settings.sidebar
        self.set_class(not is_wide, "-narrow")
        self.set_class(size.height < 18, "-low")
        over = self.sidebar.has_class("-overlay") and not is_wide
        self.sidebar.set_class(over, "-overlay")
        self.sidebar.display = over or (is_wide and choice != "hidden")
        self.strip.display = not self.sidebar.display

    def action_events(self) -> None:
        """Show or hide the events; the second time in a row look at all of them."""
        now = time.monotonic()
        is_twice, self._events_asked_at = now - self._events_asked_at < _TWICE_SECONDS, now
        self._toggle_events()
        if is_twice:
            self._events_asked_at = 0.0
            self.inspect()

    def _toggle_events(self) -> None:
        """Over the log where there is no room beside it."""
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
        """The beginning of the log."""
        self.log_widget.action_to_top()

    def action_log_end(self) -> None:
        """The end of the log."""
        self.log_widget.action_to_end()


_SLASH_ACTIONS: Mapping[str, Callable[[ChatScreen, str], object]] = {
    "/send": ChatScreen.send_text,
    "/new": lambda screen, _argument: screen.action_new(),
    "/history": lambda screen, _argument: screen.action_history(),
    "/bot": lambda screen, bot: screen.choose_bot(bot),
    "/events": lambda screen, _argument: screen.action_events(),
    "/inspect": lambda screen, _argument: screen.inspect(),
    "/compare": lambda screen, _argument: screen.ask_side_by_side(),
    "/stats": lambda screen, _argument: screen.show_statistics(),
    "/stop": lambda screen, _argument: screen.stop_turn(),
    "/retry": lambda screen, _argument: screen.regenerate(),
    "/recover": lambda screen, _argument: screen.recover(),
    "/copy": lambda screen, _argument: screen.log_widget.action_copy_message(),
    "/edit": lambda screen, _argument: screen.action_editor(),
    "/clear": lambda screen, _argument: screen.clear_context(),
    "/attach": lambda screen, path: screen.attach(path),
    "/detach": lambda screen, _argument: screen.attachments.clear(),
    "/rename": lambda screen, title: screen.rename(title),
    "/export": lambda screen, _argument: screen.export(),
    "/import": lambda screen, path: screen.import_file(path),
    "/theme": ChatScreen.choose_theme,
    "/lang": ChatScreen.choose_language,
    "/login": lambda screen, _argument: screen.open_first_run(),
    "/help": lambda screen, _argument: screen.show_help(),
    "/doctor": lambda screen, _argument: screen.examine_terminal(),
    "/quit": lambda screen, _argument: screen.quit(),
}
"""What each command of `slash_commands` does; called with its argument."""
