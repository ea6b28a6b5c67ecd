"""The replay screen: plays a stored chat as if it were live, at a speed that the user chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen

from coze_tui.config.addresses import base_url_of_site
from coze_tui.engine.analysis.capture_files import problem_text
from coze_tui.engine.analysis.player import Player
from coze_tui.engine.model.figures import ids_text
from coze_tui.engine.model.records import ChatRecord, left_out_text
from coze_tui.engine.model.timeline import Timeline
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.errors import CozeTuiError
from coze_tui.terminal.pacing import CounterPace
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.chat_sources import ChatSource, whole_chat
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.screens.log_screen import LogScreen
from coze_tui.tui.turn_view import TurnView
from coze_tui.tui.widgets.event_sidebar import EventSidebar
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.status import ChatHeader, Chip, StatusStrip
from coze_tui.tui.widgets.text_views import Banner
from coze_tui.tui.widgets.timeline_bar import ReplayLine, TimelineBar

_NARROW = 100
_LOW = 30
"""Below this number of lines there is no timeline."""
_REFRESH_SECONDS = 0.1
_FOOTER = (
    *("replay.pause", "replay.step", "replay.faster", "replay.slower", "replay.end", "replay.again"),
    *("replay.inspect", "log.unfold"),
)
_KEYS_SHOWN = 9


class ReplayScreen(LogScreen[None]):
    """Plays one chat. Sends nothing.

    Args:
        inspector: Returns the screen that shows the frames of a chat, at the frame with a number.
        pace: The speed; 1 is that of the chat.
    """

    AUTO_FOCUS = "#steering"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", N_("pause"), id="replay.pause", tooltip=N_("pause or resume")),
        Binding("right", "step", N_("step"), id="replay.step", tooltip=N_("play one frame")),
        Binding("left", "step_back", N_("back"), id="replay.step_back", show=False),
        Binding("plus,equals_sign", "pace(1)", N_("faster"), id="replay.faster"),
        Binding("minus", "pace(-1)", N_("slower"), id="replay.slower"),
        Binding("end", "to_end", N_("to the end"), id="replay.end"),
        Binding("home", "again", N_("restart"), id="replay.again", tooltip=N_("from the beginning")),
        Binding("i", "inspect", N_("inspect"), id="replay.inspect", tooltip=N_("inspect the frames")),
        Binding("pageup", "scroll_log(-1)", N_("page up"), id="replay.page_up", show=False),
        Binding("pagedown", "scroll_log(1)", N_("page down"), id="replay.page_down", show=False),
        Binding("f1,question_mark", "app.help", N_("help"), id="replay.help", show=False),
        Binding("escape,q", "leave", N_("close"), id="replay.leave"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_NARROW, "-wide")]  # noqa: RUF012 Textual's type is off
    VERTICAL_BREAKPOINTS = [(0, "-low"), (_LOW, "-tall")]  # noqa: RUF012
    PART = N_("Replay")

    header = getters.query_one(ChatHeader)
    banner = getters.query_one(Banner)
    log_widget = getters.query_one(MessageLog)
    sidebar = getters.query_one(EventSidebar)
    strip = getters.query_one(StatusStrip)
    bar = getters.query_one(TimelineBar)
    steering = getters.query_one(ReplayLine)

    def __init__(
        self, source: ChatSource, inspector: Callable[[ChatSource, int], Screen[None]], *, pace: float = 1.0
    ) -> None:
        super().__init__()
        self._inspector = inspector
        self.player = Player((), ChatRecord(), pace=pace)
        self._source = source
        self.timeline = Timeline()
        """The timeline of the whole chat; empty until it is read."""
        self._pace = CounterPace()
        self._start_at: int | None = None
        """The position at which the next run of the player starts; None while it plays."""

    # --- composing ---

    def compose(self) -> ComposeResult:
        yield ChatHeader(site=_("replay"), id="header")
        yield Banner(id="banner")
        with Horizontal(id="body"):
            yield MessageLog(self.context.palette, max_fps=self.context.max_fps, id="log")
            yield EventSidebar(id="sidebar")
        yield StatusStrip(id="strip")
        yield TimelineBar(id="timeline")
        yield ReplayLine(id="steering")
        yield KeyFooter(_FOOTER, last="replay.leave", most=_KEYS_SHOWN)

    def on_mount(self) -> None:
        for problem in self._source.problems[:3]:
            self.banner.add(problem_text(problem))
        self.turn = TurnView(self.log_widget)
        view = self.log_widget.viewport
        self.watch(self.app, "theme", lambda: view.set_palette(self.context.palette), init=False)
        self.set_interval(_REFRESH_SECONDS, self._pulse)
        self._load()

    def notify_failure(self, error: CozeTuiError) -> None:
        self.banner.add(self.context.explain(error))

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        page = await self._source.page(0)
        if page is None:
            self.banner.add(_("This chat no longer exists."))
            return
        if page.record.has_lost_frames:
            self.banner.add(_("The frames of this chat were removed to save space; its messages are kept."))
        if page.left_out:
            self.banner.add(left_out_text(page.left_out))
        record = page.record
        self.player = Player(page.frames, record, pace=self.player.pace)
        if page.frames and not self.player.has_times:
            self.banner.add(_("The capture has no arrival times; frames play at an even pace."))
        self.header.bot = record.bot or _("bot")
        self.header.title = clean_line(record.question[:240]).strip()
        self.set_class(not self.player.has_times, "-timeless")
        self._play_from(0)
        self.timeline = (await whole_chat(page)).timeline

    # --- played ---

    def _play_from(self, position: int) -> None:
        """Play from a position; the frames before it are played at once."""
        self._start_at = position
        self._play(position)

    @work(group="play", exclusive=True, exit_on_error=False)
    async def _play(self, position: int) -> None:
        record, feed = self.player.record, TurnFeed()
        base_url = base_url_of_site(record.site)
        self.log_widget.clear()
        self.turn.start(
            QuestionEntry(clean(record.question), record.sent_at) if record.question else None,
            AnswerEntry(self.header.bot, record.sent_at, base_url=base_url, only_read=True),
        )
        self.sidebar.show(self.turn.figures)
        self.strip.show(self.turn.figures)
        self.player.begin(feed, position)
        self._start_at = None
        await asyncio.gather(self.player.play(), self.turn.follow(feed))

    def _pulse(self) -> None:
        """Show the counters as often as the line to the terminal allows."""
        state = self.turn.state, self.player.is_ended
        if self._pace.is_due(self.context.app, state):
            self._refresh_shown()

    def _refresh_shown(self) -> None:
        player = self.player
        now_us = None if player.is_ended else player.at_us
        self.sidebar.flush(now_us)
        self.strip.flush(now_us)
        self.steering.has_bar = not self.bar.display
        self.steering.show(player)
        self.bar.show(self.timeline, player.at_us if player.has_times else None)
        self.header.show_chip(Chip.of(self.turn.figures, now_us))

    # --- steered ---

    def action_pause(self) -> None:
        """Pause or continue; at the end, play again."""
        if self.player.is_ended:
            self.action_again()
        else:
            self.player.pause()
            self._refresh_shown()

    def action_step(self) -> None:
        """Play one frame, and pause."""
        self.player.step()
        self._refresh_shown()

    def action_step_back(self) -> None:
        """Go back by one frame, and pause."""
        self.player.pause(True)
        here = max(self.player.position, self.player.seek_target)
        if self._start_at is not None:
            here = self._start_at
        self._play_from(max(0, here - 1))

    def action_pace(self, step: int) -> None:
        """Play faster or slower."""
        self.player.change_pace(step)
        self._refresh_shown()

    def action_to_end(self) -> None:
        """Play all the rest at once."""
        self.player.to_end()
        self._refresh_shown()

    def action_again(self) -> None:
        """Play from the beginning."""
        self.player.pause(False)
        self._play_from(0)

    # --- the rest ---

    def action_scroll_log(self, pages: int) -> None:
        """Scroll the messages."""
        self.log_widget.viewport.scroll_pages(pages)

    @on(EventSidebar.RowChosen)
    def _row_chosen(self, message: EventSidebar.RowChosen) -> None:
        self._inspect(message.frame_number)

    def action_inspect(self) -> None:
        """Open the inspector at the frame that was played last."""
        self._inspect(self.player.position)

    def _inspect(self, frame: int) -> None:
        if not self.player.is_ended:
            self.player.pause(True)
        self.app.push_screen(self._inspector(self._source, frame))

    @on(EventSidebar.IdsAsked)
    def _ids_asked(self, message: EventSidebar.IdsAsked) -> None:
        self.context.copy(ids_text(message.figures), _("the IDs"))

    def on_resize(self, event: events.Resize) -> None:
        """Show the status strip if there is no room for the sidebar."""
        is_wide = self.size.width >= _NARROW
        self.sidebar.adapt_to(self.size.width)
        self.sidebar.display = is_wide
        self.strip.display = not is_wide

    def action_leave(self) -> None:
        """Focus the controls, or from there close the screen, or quit if it is the only one."""
        if self.focused is not self.steering:
            self.steering.focus()
        else:
            self.close()

    def close(self) -> None:
        """Go to the screen before, or quit the program if there is none."""
        if len(self.app.screen_stack) > 1:
            self.dismiss(None)
        else:
            self.app.run_worker(self.app.action_quit(), exit_on_error=False)
