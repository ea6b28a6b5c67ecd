"""The side-by-side screen: two to four bots, versions or parameters answer the same question."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalScroll
from textual.timer import Timer

from coze_tui.api.objects import Bot
from coze_tui.config.settings import Settings
from coze_tui.engine.model.dialects import Feature
from coze_tui.engine.model.figures import ids_text
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.terminal.pacing import CounterPace
from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.text.slash import command_word
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.screens.bots import BotChoice, bot_picker
from coze_tui.tui.screens.dialogs import AskText, ShowText
from coze_tui.tui.screens.log_screen import LogScreen
from coze_tui.tui.widgets.answer_column import AnswerColumn, Answerer
from coze_tui.tui.widgets.head import HeadLine, HeadParts
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.prompt.area import PromptArea
from coze_tui.tui.widgets.prompt.prompt import Prompt
from coze_tui.values import valueclass

_MOST = 4
_LETTERS = "ABCD"
_LEAST = 30
"""The least cells of a readable column; if they do not fit, the columns scroll sideways."""
_REFRESH_SECONDS = 0.2
"""Seconds between two updates of the metrics of running chats."""
_FOOTER = (
    *("side.stop", "side.open", "side.bot", "side.version", "side.parameters", "side.remove"),
    *("side.add", "side.new"),
)


@valueclass
class SideBySideResult:
    """The state that the chat screen takes over when this screen closes."""

    text: str = ""
    """The typed text that was not sent."""
    conversation: str = ""
    """Key of the conversation to open; empty for none."""


class SideBySideScreen(LogScreen[SideBySideResult]):
    """Shows columns, each with a separate conversation that is in the history like any other.

    Args:
        bots: The bots of the initial columns.
        text: The initial text of the prompt.
        keep_draft: Called with the typed text, to save it.
    """

    PART = N_("Side by side")
    AUTO_FOCUS = "#prompt"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "add", N_("add a bot"), id="side.add"),
        Binding(
            "ctrl+n", "new", N_("new"), id="side.new", tooltip=N_("new conversations with the same bots")
        ),
        Binding("escape", "stop", N_("stop"), id="side.stop", tooltip=N_("stop all answers")),
        Binding("escape", "back", N_("back"), id="side.back"),
        Binding(
            "ctrl+c", "ladder", N_("copy, stop, clear, back"), id="side.ladder", show=False, priority=True
        ),
        Binding("f1", "app.help", N_("help"), id="side.help", show=False),
        Binding("question_mark", "app.help", N_("help"), id="side.help_outside", show=False),
    ]

    head = getters.query_one("#head", HeadLine)
    prompt = getters.query_one(Prompt)

    def __init__(
        self, settings: Settings, bots: Sequence[Bot], text: str = "", *, keep_draft: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._settings = settings
        self._bots = bots
        self._text = text
        self._keep_draft = keep_draft
        self._pulse: Timer | None = None
        self._pace = CounterPace()

    @property
    def columns(self) -> Sequence[AnswerColumn]:
        """Return the columns from left to right."""
        return list(self.query(AnswerColumn))

    @property
    def runs(self) -> bool:
        """Return whether an answer is still arriving."""
        return any(column.turn.runs for column in self.columns)

    def compose(self) -> ComposeResult:
        yield HeadLine(self._head, id="head")
        answerers = [Answerer.of(bot, self._settings) for bot in self._bots]
        columns = [self._column(answerer, number) for number, answerer in enumerate(answerers)]
        yield HorizontalScroll(*columns, id="columns")
        yield PromptArea(
            doubt_about=_doubt_about,
            enter_guard=self.context.app.enter_guard,
            send_key="ctrl+j" if self._settings.send_key == "ctrl+j" else "enter",
            edit_mode="vi" if self._settings.edit_mode == "vi" else "emacs",
            id="prompt_area",
        )
        yield KeyFooter(order=_FOOTER, last="side.back", id="footer")

    def on_mount(self) -> None:
        """Start with the given bots and text."""
        self.query_one("#columns").can_focus = False
        if self._text:
            self.prompt.set_message(self._text)
        self._changed()
        self.watch(self.app, "theme", self._theme_changed, init=False)
        for column in self.columns:
            if not column.answerer.bot.name:
                self._learn_name(column)

    def _theme_changed(self) -> None:
        for column in self.columns:
            column.log_widget.viewport.set_palette(self.context.palette)

    @work(group="name", exit_on_error=False)
    async def _learn_name(self, column: AnswerColumn) -> None:
        bot_id = column.answerer.bot.id
        bot = await self.context.engine_thread.call(lambda engine: engine.site.bot(bot_id))
        if column.answerer.bot.id == bot_id:
            column.name_bot(bot)

    def _column(self, answerer: Answerer, number: int) -> AnswerColumn:
        return AnswerColumn(
            self.context.engine_thread,
            self._settings,
            answerer,
            letter=_LETTERS[number],
            palette=self.context.palette,
            max_fps=self.context.max_fps,
        )

    def _head(self, _width: int) -> Sequence[HeadParts]:
        count = len(self.columns)
        words = ngettext("{n} column", "{n} columns", count).format(n=thousands(count))
        return [([("● ", "bot"), (_("Side by side"), "text bold")], [(words, "muted")])]

    def _changed(self) -> None:
        """Update everything that depends on the columns and on which of them run."""
        self.head.flush()
        self._arrange()
        self.refresh_bindings()

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Make all columns equally wide; the first ones get the remaining cells."""
        columns = self.columns
        width, over = divmod(self.app.size.width, len(columns))
        for number, column in enumerate(columns):
            column.set_class(not number, "-first")
            column.styles.width = max(_LEAST, width + (number < over))

    # --- asking ---

    @on(Prompt.Submitted)
    def _submitted(self, message: Prompt.Submitted) -> None:
        if self.runs:
            message.prompt.restore(message.text)
            self.notify_key(_("Some bots are still answering. Press Esc to stop them."))
            return
        for column in self.columns:
            column.ask(message.text)
        self._follow()

    def _follow(self) -> None:
        if self._pulse is None:
            self._pulse = self.set_interval(_REFRESH_SECONDS, self._refresh_columns)
        self._changed()

    def _refresh_columns(self) -> None:
        state = tuple(column.turn.state for column in self.columns)
        if self._pace.is_due(self.context.app, state):
            for column in self.columns:
                column.refresh_figures()

    @on(AnswerColumn.Ended)
    def _ended(self) -> None:
        if not self.runs and self._pulse is not None:
            self._pulse.stop()
            self._pulse = None
            figures = [column.turn.figures for column in self.columns]
            if any(each.outcome is not Outcome.CANCELED for each in figures):
                longest_us = max(each.last_us for each in figures)
                self.context.announce("", _("All answers have arrived."), longest_us / 1_000_000)
        self._changed()

    @on(Prompt.DraftChanged)
    def _draft_changed(self, message: Prompt.DraftChanged) -> None:
        self._keep_draft(message.text)

    @on(Prompt.EditorAsked)
    def _editor_asked(self) -> None:
        from coze_tui.tui.editor import edit_text

        if (text := edit_text(self.app, self.prompt.message, self.context.startup.environment)) is not None:
            self.prompt.set_message(text)

    @on(Prompt.AttachmentChosen)
    def _attachment_chosen(self, message: Prompt.AttachmentChosen) -> None:
        self.prompt.restore(message.path)
        self.notify(
            _("Not attached: files go with the question of a single chat only."),
            severity="warning",
            markup=False,
        )

    # --- the columns ---

    def action_add(self) -> None:
        """Add a column for another bot."""
        if len(self.columns) < _MOST:
            self._pick(self._add, {column.answerer.bot.id for column in self.columns})
        else:
            self.notify(_("Not added: at most four columns are possible."), markup=False)

    def _pick(self, take: Callable[[Bot | None], object], taken: Collection[str] = ()) -> None:
        """Let the user pick a bot; call `take` with it, or with None."""

        def picked(choice: BotChoice | None) -> None:
            take(Bot(id=choice.bot_id, name=choice.name) if choice is not None else None)

        self.app.push_screen(bot_picker(self.context, with_profiles=False, taken=taken), picked)

    @work(group="add", exit_on_error=False)
    async def _add(self, bot: Bot | None) -> None:
        if bot is not None:
            answerer = Answerer.of(bot, self._settings)
            await self.query_one("#columns").mount(self._column(answerer, len(self.columns)))
            self._changed()
            self.prompt.focus()

    @on(AnswerColumn.ActionAsked)
    def _action_asked(self, message: AnswerColumn.ActionAsked) -> None:
        column = message.column
        match message.what:
            case "open" | "answer_tool":
                self._open(column)
            case "remove":
                self._remove(column)
            case "copy_ids":
                self.context.copy(ids_text(column.turn.figures), _("the IDs"))
            case "plain_view":
                self.app.push_screen(ShowText(column.answerer.name, column.log_widget.plain_text()))
            case _ if column.turn.runs:
                self.notify_key(_("It is still answering. Press Esc to stop it."))
            case "regenerate":
                self._ask_again(column)
            case "bot":
                self._change_bot(column)
            case "version":
                column.use(column.answerer.other_version)
                self._notify_drafts(column)
            case "parameters":
                self._change_parameters(column)

    def _ask_again(self, column: AnswerColumn) -> None:
        if column.turn.question:
            column.ask(column.turn.question)
            self._follow()

    def _open(self, column: AnswerColumn) -> None:
        if column.conversation:
            self.dismiss(SideBySideResult(self.prompt.message, column.conversation))
        else:
            self.notify(_("Nothing has been asked in this column yet."), markup=False)

    @work(group="remove", exclusive=True, exit_on_error=False)
    async def _remove(self, column: AnswerColumn) -> None:
        if len(self.columns) == 1:
            self.notify(_("The last column cannot be removed."), markup=False)
            return
        await column.remove()
        for letter, other in zip(_LETTERS, self.columns, strict=False):
            other.name_column(letter)
        self.prompt.focus()
        self._changed()

    def _change_bot(self, column: AnswerColumn) -> None:
        def use(bot: Bot | None) -> None:
            if bot is not None:
                column.use(replace(column.answerer, bot=bot))
                self.prompt.focus()

        self._pick(use)

    @work(group="limits", exit_on_error=False)
    async def _notify_drafts(self, column: AnswerColumn) -> None:
        if column.answerer.is_draft:
            await self.context.notify_limit(Feature.DRAFT)

    @work(group="pick", exclusive=True, exit_on_error=False)
    async def _change_parameters(self, column: AnswerColumn) -> None:
        """Ask until the text is JSON that Coze accepts, or the user cancels."""
        known = column.answerer.parameters
        typed = json.dumps(dict(known), ensure_ascii=False) if known else ""
        title = _("Parameters of column {letter}, as JSON").format(letter=column.letter)
        while True:
            answer = await self.app.push_screen_wait(AskText(title, typed, '{"city": "…"}'))
            if answer is None:
                return
            if (parameters := _parameters(answer)) is not None:
                column.use(replace(column.answerer, parameters=parameters))
                return
            typed = answer
            self.notify(_("Not a JSON object."), severity="error", markup=False)

    # --- stopping, leaving ---

    async def before_leaving(self) -> None:
        self._keep_draft(self.prompt.message)

    def action_stop(self) -> None:
        """Stop all answers; the text received so far remains."""
        for column in self.columns:
            column.stop()

    def action_new(self) -> None:
        """Start new conversations with the same bots."""
        if self.runs:
            self.notify_key(_("Some bots are still answering. Press Esc to stop them."))
            return
        for column in self.columns:
            column.reset()
        self.prompt.focus()

    def action_back(self) -> None:
        """Go back to the chat, which takes over the typed text."""
        if self.focused is not self.prompt:
            self.prompt.focus()
        else:
            self.dismiss(SideBySideResult(self.prompt.message))

    def action_ladder(self) -> None:
        """Handle Ctrl+C: copy the selection, stop, clear the prompt, or close the screen, in this order."""
        if self.copy_selection():
            pass
        elif self.runs:
            self.action_stop()
        elif not self.prompt.clear_message():
            self.close()

    def close(self) -> None:
        self.dismiss(SideBySideResult())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the action of Esc: focus the prompt, or there stop the answers, or close the screen."""
        is_stop = self.runs and self.focused is self.prompt
        if action == "stop":
            return is_stop
        if action == "back":
            return not is_stop
        return True

    # --- copying and links ---

    @on(MessageLog.QuestionChosen)
    def _question_chosen(self, message: MessageLog.QuestionChosen) -> None:
        self.prompt.set_message(message.text)
        self.prompt.focus()


def _doubt_about(text: str) -> str:
    """Return a warning that commands do nothing on this screen; empty for a message."""
    word = command_word(text)
    return _("{name}: commands are not available here.").format(name=word) if word else ""


def _parameters(typed: str) -> Mapping[str, object] | None:
    """Return the parameters in a JSON text, none for an empty one; None if it is not a JSON object."""
    try:
        value = json.loads(typed) if typed.strip() else {}
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
