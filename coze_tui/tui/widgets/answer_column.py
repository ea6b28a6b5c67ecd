"""A column of the side-by-side screen: one bot, its messages, and its metrics."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from coze_tui.api.objects import Bot
from coze_tui.config.settings import Settings
from coze_tui.engine.library.conversations import new_key
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.render.palette import Palette
from coze_tui.text.cleaning import clean_line, title_of
from coze_tui.text.i18n import N_, _
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.turn_view import TurnView
from coze_tui.tui.widgets.event_rows import first_text, token_counts
from coze_tui.tui.widgets.head import HeadLine, HeadParts
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.tui.widgets.status import Chip
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.engine.thread import EngineThread

_DRAFT = "unpublished_draft"
_ASKS = ("ask('copy_ids')", "ask('regenerate')", "ask('plain_view')")
"""The actions that a column offers for an entry; for all others the user opens it in the chat."""


@valueclass
class Answerer:
    """A bot in one of its versions, with parameters."""

    bot: Bot
    publish_status: str = "published_online"
    parameters: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, bot: Bot, settings: Settings) -> Answerer:
        """Return the bot with the version and parameters of the settings."""
        return cls(bot, settings.publish_status, settings.parameters)

    @property
    def name(self) -> str:
        """Return the name of the bot, clean and on one line."""
        return clean_line(self.bot.name) or self.bot.id

    @property
    def is_draft(self) -> bool:
        """Return whether the unpublished draft answers."""
        return self.publish_status == _DRAFT

    @property
    def other_version(self) -> Answerer:
        """Return the published version for the draft, and the draft for the published version."""
        return replace(self, publish_status="published_online" if self.is_draft else _DRAFT)

    def settings(self, settings: Settings) -> Settings:
        """Return the settings for a question to this answerer."""
        return replace(settings, publish_status=self.publish_status, parameters=self.parameters)


def _figure_lines(figures: TurnFigures, now_us: int | None) -> Sequence[list[Part]]:
    state = [Chip.of(figures, now_us).part]
    if figures.outcome is not None and figures.outcome.can_continue:
        state.append((" · " + _("press O to open it in the chat"), "muted"))
    return (
        state,
        [(_("first text {time}").format(time=first_text(figures)), "text")],
        [(_("tokens"), "muted"), (f" {token_counts(figures)}", "muted")],
    )


class ColumnLog(MessageLog, inherit_bindings=False):
    """The messages of a column, without the keys that need the chat screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding
        for binding in MessageLog.BINDINGS
        if isinstance(binding, Binding) and (not binding.action.startswith("ask(") or binding.action in _ASKS)
    ]
    PART = MessageLog.PART


class AnswerColumn(Vertical):
    """Asks its bot in a separate conversation, and shows the answer."""

    PART = N_("Column")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("O", "ask('open')", N_("open in the chat"), id="side.open"),
        Binding("b", "ask('bot')", N_("another bot"), id="side.bot"),
        Binding("V", "ask('version')", N_("switch draft/published"), id="side.version"),
        Binding("a", "ask('parameters')", N_("parameters"), id="side.parameters"),
        Binding("x", "ask('remove')", N_("remove"), id="side.remove"),
    ]

    head = getters.query_one(".head", HeadLine)
    foot = getters.query_one(".figures", HeadLine)

    @dataclass
    class ActionAsked(Message):
        """A key of a column or of its log asks for an action, by name."""

        column: AnswerColumn
        what: str

    class Ended(Message):
        """The chat of a column has ended."""

    def __init__(
        self,
        engine_thread: EngineThread,
        settings: Settings,
        answerer: Answerer,
        *,
        letter: str,
        palette: Palette,
        max_fps: int,
    ) -> None:
        super().__init__()
        self._engine_thread = engine_thread
        self._settings = settings
        self.answerer = answerer
        self.conversation = ""
        """Key of its conversation; empty before the first question."""
        self.letter = letter
        self.log_widget = ColumnLog(palette, max_fps=max_fps)
        self.turn = TurnView(self.log_widget)

    def compose(self) -> ComposeResult:
        """Yield head, message pane and metrics."""
        yield HeadLine(self._head, classes="head")
        yield self.log_widget
        yield HeadLine(classes="figures")

    def _head(self, _width: int) -> Sequence[HeadParts]:
        """Return letter and name, and what distinguishes this column from others of the same bot."""
        answerer = self.answerer
        parts: list[Part] = [(f"{self.letter}  ", "bot bold"), (answerer.name, "text bold")]
        if answerer.is_draft:
            parts.append((" · " + _("draft"), "attention"))
        if answerer.parameters:
            shown = json.dumps(dict(answerer.parameters), ensure_ascii=False)
            parts.append((f" · {clean_line(shown)}", "muted"))
        return [(parts, ())]

    def on_descendant_focus(self) -> None:
        self.head.select(True)

    def on_descendant_blur(self) -> None:
        self.head.select(False)

    def name_column(self, letter: str) -> None:
        """Show another letter, because a column before it was removed."""
        self.letter = letter
        self.head.flush()

    def name_bot(self, bot: Bot) -> None:
        """Update the name of the bot."""
        self.answerer = replace(self.answerer, bot=bot)
        self.head.flush()
        self.log_widget.name_bot(bot.id, self.answerer.name)

    def use(self, answerer: Answerer) -> None:
        """Let another bot, version or set of parameters answer, in a new conversation."""
        self.answerer = answerer
        self.head.flush()
        self.reset()

    def reset(self) -> None:
        """Start a new conversation; the old one stays in the history."""
        self.conversation = ""
        self.turn.leave()
        self.log_widget.clear()
        self.foot.show_lines()

    def ask(self, question: str) -> None:
        """Store a question, show it, and send it; show the answer."""
        self.turn.expect()
        self.refresh_figures()
        self._send(question)

    @work(group="turn")
    async def _follow(self, feed: TurnFeed) -> None:
        await self.turn.follow(feed)
        self.refresh_figures()
        self.post_message(self.Ended())

    @work(group="ask")
    async def _send(self, question: str) -> None:
        answerer, settings = self.answerer, self.answerer.settings(self._settings)
        key = self.conversation = self.conversation or new_key()
        title = f"{title_of(question)} · {self.letter}"  # several conversations have the same question
        now_ms, feed = int(time.time() * 1000), TurnFeed()
        asked = await self._engine_thread.call(
            lambda engine: engine.begin(key, question, bot=answerer.bot, settings=settings, title=title)
        )
        if key == self.conversation:  # else a new conversation was started meanwhile
            entry = AnswerEntry(
                answerer.name,
                now_ms,
                base_url=self._settings.base_url,
                only_read=True,
                bot_id=answerer.bot.id,
            )
            self.turn.start(QuestionEntry(question, now_ms), entry)
            self._follow(feed)
        await self._engine_thread.call(lambda engine: engine.send(asked, feed))

    @work(group="stop")
    async def stop(self) -> None:
        """Stop the answer if one arrives; the text received so far remains."""
        if self.turn.runs and self.conversation:
            key = self.conversation
            self.turn.mark_stopping()
            await self._engine_thread.call(lambda engine: engine.stop(key))

    def refresh_figures(self) -> None:
        """Update the seconds and metrics; shows nothing before the first question."""
        turn = self.turn
        if turn.phase is not None:
            self.foot.show_lines(*((parts, ()) for parts in _figure_lines(turn.figures, turn.elapsed_us)))
        else:
            self.foot.show_lines()

    @on(MessageLog.Asked)
    def _asked_of_log(self, message: MessageLog.Asked) -> None:
        message.stop()
        self.action_ask(message.what)

    def action_ask(self, what: str) -> None:
        """Post a request for an action to the screen."""
        self.post_message(self.ActionAsked(self, what))
