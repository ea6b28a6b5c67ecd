"""The chat screen: composes the widgets, and connects keys and messages with what they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static, TextArea

from coze_tui.engine.model.updates import Phase
from coze_tui.errors import CozeTuiError, StoreError
from coze_tui.terminal.keys import DoublePress
from coze_tui.text.i18n import N_, _
from coze_tui.tui.commands import doubt_about, parse
from coze_tui.tui.context import StoreFailure
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.finder import Finder
from coze_tui.tui.log.first_steps import first_steps
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.viewport import PageWanted
from coze_tui.tui.screens.bot_setup import BotSetup
from coze_tui.tui.screens.chat_keys import CHAT_FOOTER, CHAT_KEYS, MOST_FOOTER_KEYS
from coze_tui.tui.screens.chat_start import ChatStart
from coze_tui.tui.screens.command_completion import CommandCompletion
from coze_tui.tui.screens.conversation import ChatWidgets, OpenConversation, bot_label
from coze_tui.tui.screens.conversation_actions import ConversationActions
from coze_tui.tui.screens.failure_help import FailureHelp
from coze_tui.tui.screens.left_chats import LeftChats
from coze_tui.tui.screens.log_screen import LogScreen, PutText
from coze_tui.tui.screens.offers import Offers
from coze_tui.tui.screens.opening import ConversationOpener
from coze_tui.tui.screens.sidebar_layout import SidebarLayout
from coze_tui.tui.screens.slash_actions import SlashActions
from coze_tui.tui.screens.turn_control import TurnControl
from coze_tui.tui.widgets.event_sidebar import EventSidebar
from coze_tui.tui.widgets.field import Field, FindBar
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.note_line import NoteLine
from coze_tui.tui.widgets.prompt.area import AttachmentStrip, PromptArea
from coze_tui.tui.widgets.prompt.prompt import Prompt
from coze_tui.tui.widgets.status import ChatHeader, StatusStrip
from coze_tui.tui.widgets.text_views import Banner

_QUIT_AGAIN_SECONDS = 2.0
_TWICE_SECONDS = 1.0
"""The key for the events, pressed twice within this time, opens the inspector."""
_LOOK_SECONDS = 1.5
"""Seconds between two checks whether another program has changed the open conversation."""


class ChatScreen(LogScreen[None]):
    """One conversation with one bot."""

    AUTO_FOCUS = "#prompt"
    PART = N_("Chat")

    BINDINGS: ClassVar[list[BindingType]] = [*CHAT_KEYS]

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
        completion = CommandCompletion(self)
        self._prompt_area = PromptArea(
            commands=completion.candidates,
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
            self.find_bar,
            self.strip,
            self.queue_strip,
            self._prompt_area.edit_strip,
            self.attachments,
            self.prompt,
        )
        self.conversation = OpenConversation(self, widgets, lambda: first_steps(self, len(context.demo_bots)))
        self.offers = Offers(self, self.offer_line, self._is_being_typed_in)
        self.turns = TurnControl(
            self,
            widgets,
            self.conversation,
            self.offers,
            help_after=lambda error: self.failure_help.offer(error),
            on_left=lambda: self.left_chats.start(),
        )
        self.left_chats = LeftChats(self, self.banner, self.conversation, self.turns)
        self.finder = Finder(context.engine_thread, self.log_widget, self.conversation.window, self.find_bar)
        self.opener = ConversationOpener(
            self,
            widgets,
            self.conversation,
            self.turns,
            self.finder,
            learn_bot=lambda: self.bots.start_learning_bot(),
        )
        self.bots = BotSetup(self, widgets, self.conversation, self.opener, self.left_chats, self.offers)
        self.failure_help = FailureHelp(
            self, self.conversation, self.turns, self.opener, self.bots, self.offers
        )
        self.actions = ConversationActions(self, widgets, self.conversation, self.turns)
        self._sidebar_layout = SidebarLayout(self, widgets)
        self.commands = SlashActions(
            self,
            widgets,
            self.conversation,
            self.turns,
            self.opener,
            self.bots,
            self.actions,
            self._sidebar_layout,
            completion,
        )
        self._start = ChatStart(
            self,
            widgets,
            self.conversation,
            self.turns,
            self.opener,
            self.bots,
            self.left_chats,
            on_ready=self._remove_cover,
        )
        self._quit_key = DoublePress(lambda: context.app.input_count, _QUIT_AGAIN_SECONDS)
        self._events_key = DoublePress(lambda: context.app.input_count, _TWICE_SECONDS)

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
        yield KeyFooter(
            order=CHAT_FOOTER, back="chat.back", last="chat.help", most=MOST_FOOTER_KEYS, id="footer"
        )
        target = self.context.target
        if not (self.context.settings.bot_id or target.conversation or target.continues_last):
            yield Static(id="cover")  # the first run comes, unless somebody types

    @on(events.ScreenSuspend)
    @on(TextArea.Changed)
    def _remove_cover(self) -> None:
        """Remove the cover, because another screen is shown or the user types."""
        self.query("#cover").remove()

    def _is_being_typed_in(self) -> bool:
        """Return whether the user is typing in any box of this screen."""
        return (
            self.conversation.is_being_typed_in
            or self.prompt.is_searching
            or (isinstance(self.focused, Field) and bool(self.focused.value))
        )

    def on_mount(self) -> None:
        context = self.context
        for problem in context.startup.problems:
            self.banner.add(context.explain(problem))
        self.watch(self.app, "theme", self._theme_changed, init=False)
        for name in ("bot", "title", "chip"):
            self.watch(self.header, name, self._show_window_title)
        context.language_changed.subscribe(self, self._language_changed)
        context.store_failed.subscribe(self, self._store_failed)
        context.store_restored.subscribe(self, self._store_works_again)
        self._sidebar_layout.arrange()
        self.call_after_refresh(self.run_in_worker, "begin", self._start.run)
        self.set_interval(_LOOK_SECONDS, self.opener.look_for_news)

    def _store_failed(self, failure: StoreFailure) -> None:
        self.conversation.take_back(failure.replaced)
        self.conversation.warn(failure.text)

    def _store_works_again(self, texts: Sequence[str]) -> None:
        self.conversation.take_back(texts)
        self.left_chats.look_again()

    async def before_leaving(self) -> None:
        await self.conversation.leave_program()

    def notify_failure(self, error: CozeTuiError) -> None:
        if isinstance(error, StoreError):
            self.context.note_store_failure(error)
        else:
            self.conversation.warn(self.context.explain(error))

    def worker_failed(self, error: CozeTuiError) -> None:
        self.notify_failure(error)
        if isinstance(error, StoreError):  # the banner may have been there before the key that had no effect
            self.context.notify_failure(error)

    # --- the prompt ---

    @on(Prompt.Submitted)
    def _submitted(self, message: Prompt.Submitted) -> None:
        if command := parse(message.text):
            self.commands.run(*command)
        else:
            self.actions.ask(message.text)

    @on(Prompt.NothingSent)
    def _nothing_sent(self) -> None:
        if not self.offers.open_now():
            self._answer_tools()

    def _answer_tools(self) -> None:
        self.run_in_worker("tools", self.turns.tools.open_form, exclusive=True)

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
        self.conversation.take_from_queue()

    @on(Prompt.EditorAsked)
    def action_editor(self) -> None:
        """Write the message in the editor of $VISUAL or $EDITOR."""
        self.actions.write_in_editor()

    @property
    def put_text(self) -> PutText:
        return self.actions.insert_apart

    # --- the log and the sidebar ---

    @on(PageWanted)
    def _page_wanted(self, message: PageWanted) -> None:
        self.run_in_worker("page", self.conversation.window.load, message, exclusive=True)

    @on(MessageLog.QuestionChosen)
    def _question_chosen(self, message: MessageLog.QuestionChosen) -> None:
        self.turns.ask(message.text)

    @on(MessageLog.EntryChosen)
    def _entry_chosen(self, message: MessageLog.EntryChosen) -> None:
        self.turns.figures.show_of(message.entry)

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
                self.run_in_worker("fork", self.opener.fork, entry, exclusive=True)

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
            self.run_in_worker("find", self.finder.step, step)
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
        self.opener.show_new()

    def action_bot(self) -> None:
        """Choose another bot."""
        self.bots.choose_bot("")

    def action_history(self) -> None:
        """Browse all conversations."""
        self.opener.show_history()

    @on(NoteLine.Clicked, "#offer")
    def action_offer(self) -> None:
        """Open the waiting panel."""
        self.offers.open_now()

    def action_stop(self) -> None:
        """Stop the answer."""
        self.turns.stop()

    def action_leave_edit(self) -> None:
        """Stop editing the earlier question."""
        self.actions.end_edit()

    def action_ask_in_fork(self) -> None:
        """Ask the edited question in a fork."""
        self.run_in_worker("fork", self.opener.ask_in_fork, exclusive=True)

    def action_fold(self) -> None:
        """Open or close the last reasoning or tool call in the view."""
        self.log_widget.action_last_fold()
        self.refresh_bindings()

    def action_back(self) -> None:
        """Go back to the prompt."""
        if self._sidebar_layout.is_over_log:
            self._sidebar_layout.toggle()
        elif self.find_bar.is_open:
            self._find_closed()
        else:
            self.prompt.focus()

    def action_dismiss_banner(self) -> None:
        """Hide the warnings."""
        self.banner.dismiss()
        self.refresh_bindings()

    def action_ladder(self) -> None:
        """Handle Ctrl+C: copy the selection, stop, clear the prompt, or quit, in this order."""
        if self.copy_selection():
            pass
        elif self.find_bar.has_focus_within:
            self._find_closed()
        elif self.turns.runs and self.turns.view.phase is not Phase.STOPPING:
            self.turns.stop()
        elif self.prompt.message:
            self.prompt.clear_message()
            self.notify(_("Cleared. Press Ctrl+_ to undo."), timeout=3, markup=False)
        elif self._quit_key.is_second():
            self.quit()
        else:
            self.notify(_("Press Ctrl+C again to quit"), timeout=_QUIT_AGAIN_SECONDS, markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the action of Esc: focus the prompt, or there end an edit, or stop the answer."""
        is_back = self.focused is not self.prompt or self._sidebar_layout.is_over_log
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
            found = self.log_widget.folds.last if self.focused is self.prompt else None
            return "" if found is None else _("fold") if found[1].is_open else _("unfold")
        return None

    # --- themes and languages ---

    def _show_window_title(self) -> None:
        self.context.app.show_title(self.header.window_title)

    def _theme_changed(self) -> None:
        self.log_widget.viewport.set_palette(self.context.palette)

    def _language_changed(self, code: str) -> None:
        """Show all texts in the new language."""
        self.header.bot = self.conversation.bot_name
        self.log_widget.translate()
        self.turns.figures.show(self.sidebar.figures)
        self.conversation.queue.refresh()
        for widget in self.walk_children():
            widget.refresh()
        self.refresh_bindings()  # the footer
        if self.context.demo_bots:
            self.bots.start_learning_bot()  # what is known is in the other language
        self.run_in_worker("language", self.opener.open_again, exclusive=True)

    # --- layout ---

    def on_resize(self, event: events.Resize) -> None:
        self._sidebar_layout.arrange()

    def action_events(self) -> None:
        """Show or hide the events; pressed twice in a row, open the inspector."""
        self._sidebar_layout.toggle()
        if self._events_key.is_second():
            self.actions.inspect()

    def action_scroll_log(self, pages: int, lines: int = 0) -> None:
        """Scroll the messages."""
        self.log_widget.viewport.scroll_pages(pages, lines)

    def action_log_top(self) -> None:
        """Go to the first message."""
        self.log_widget.action_to_top()

    def action_log_end(self) -> None:
        """Go to the last message."""
        self.log_widget.action_to_end()
