"""The inspector: all frames of one chat with their times and data, also while the chat runs."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from coze_tui.config.locations import typed_path
from coze_tui.engine.analysis.capture_files import capture_name, problem_text, save_capture
from coze_tui.engine.analysis.frames_table import FrameLine, InspectedChat
from coze_tui.engine.model.records import ChatRecord, left_out_text
from coze_tui.errors import CozeTuiError, SettingsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.chat_sources import ChatSource, take_in
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.widgets.field import Field, SearchBar
from coze_tui.tui.widgets.frame_list import FrameList
from coze_tui.tui.widgets.frame_view import FrameView
from coze_tui.tui.widgets.head import HeadLine, chat_head
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.text_views import Banner
from coze_tui.tui.widgets.timeline_bar import TimelineBar

if TYPE_CHECKING:
    from coze_tui.engine.analysis.as_command import Form

_NARROW = 100
"""Below this number of columns the data are over the list, not beside it."""
_LOW, _TALL = 22, 34
"""Below the first number of lines the timeline is short; from the second on, the data are below the list."""
_SHOWN = 0.1
"""Seconds between two updates of the screen while frames are read."""
_SOON, _LATER = 0.15, 1.0
"""Seconds between two reads of a running chat: after new frames, and without."""
_MOST_PROBLEMS = 2
_FOOTER = (
    *("inspector.take_filter", "json.fold", "inspector.filter", "inspector.copy", "inspector.curl"),
    *("inspector.save", "inspector.replay", "inspector.difference", "inspector.next_error"),
    *("inspector.next_tool", "inspector.help"),
)
_KEYS_SHOWN = 11
_FORMS: tuple[Form, ...] = ("curl", "python", "ask")


def inspector_at(source: ChatSource, frame: int) -> InspectorScreen:
    """Return an inspector with the cursor on a frame, for the replay."""
    return InspectorScreen(source, frame=frame)


class InspectorScreen(CozeScreen[None]):
    """Shows the frames of one chat.

    Args:
        frame: The number of the frame to start at; 0 for the first, or for the newest of a running chat.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash,ctrl+f", "filter", N_("filter"), id="inspector.filter"),
        Binding("enter,down", "take_filter", N_("go to the frames"), id="inspector.take_filter"),
        Binding("y", "copy_data", N_("copy"), id="inspector.copy", tooltip=N_("copy the data")),
        Binding("c", "copy_curl", N_("curl"), id="inspector.curl", tooltip=N_("copy as a curl command")),
        Binding("C", "copy_as", N_("copy in another form"), id="inspector.copy_as", show=False),
        Binding("s", "save", N_("save .sse"), id="inspector.save", tooltip=N_("save as a capture")),
        Binding("p", "replay", N_("replay"), id="inspector.replay", tooltip=N_("replay the chat")),
        Binding(
            "d",
            "difference",
            N_("difference"),
            id="inspector.difference",
            tooltip=N_("difference to another chat"),
        ),
        Binding(
            "n", "jump('error', 1)", N_("next error"), id="inspector.next_error", tooltip=N_("next error")
        ),
        Binding("N", "jump('error', -1)", N_("previous error"), id="inspector.previous_error", show=False),
        Binding("t", "jump('tool', 1)", N_("next tool"), id="inspector.next_tool"),
        Binding("T", "jump('tool', -1)", N_("previous tool"), id="inspector.previous_tool", show=False),
        Binding("l", "jump('gap', 1)", N_("longest gap"), id="inspector.longest_gap", show=False),
        Binding(
            "tab,shift+tab",
            "other_pane",
            N_("switch between list and data"),
            id="inspector.other_pane",
            show=False,
        ),
        Binding("f1,question_mark", "app.help", N_("help"), id="inspector.help", show=False),
        Binding("escape,q", "back", N_("back"), id="inspector.back"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_NARROW, "-wide")]  # noqa: RUF012 Textual's type is off
    VERTICAL_BREAKPOINTS = [(0, "-low"), (_LOW, "-middle"), (_TALL, "-tall")]  # noqa: RUF012
    PART = N_("Inspector")

    head = getters.query_one("#head", HeadLine)
    bar = getters.query_one(TimelineBar)
    banner = getters.query_one(Banner)
    search = getters.query_one(SearchBar)
    frames = getters.query_one(FrameList)
    view = getters.query_one(FrameView)

    def __init__(self, source: ChatSource, *, frame: int = 0) -> None:
        super().__init__()
        self.chat = InspectedChat(ChatRecord())
        self._source = source
        self._wanted = frame
        self._shown_at = 0.0

    # --- composing ---

    def compose(self) -> ComposeResult:
        yield HeadLine(lambda width: [chat_head(_("Inspector"), self.chat, width)], id="head")
        yield TimelineBar(id="timeline")
        yield Banner(id="banner")
        yield SearchBar("/", placeholder=_("event, type or text"), id="filter")
        with Horizontal(id="panes"):
            yield FrameList(id="frames")
            yield FrameView(id="frame")
        yield KeyFooter(_FOOTER, last="inspector.back", most=_KEYS_SHOWN)

    def on_mount(self) -> None:
        self.frames.focus()
        for problem in self._source.problems[:_MOST_PROBLEMS]:
            self.banner.add(problem_text(problem))
        if (more := len(self._source.problems) - _MOST_PROBLEMS) > 0:
            words = ngettext("{n} more problem like this", "{n} more problems like these", more)
            self.banner.add(words.format(n=thousands(more)))
        self._load()

    def notify_failure(self, error: CozeTuiError) -> None:
        self.banner.add(self.context.explain(error))

    # --- the frames, as they come ---

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
        self.chat = InspectedChat(page.record)
        self.frames.show(self.chat.table, self._wanted or int(page.record.is_final))
        if not self._wanted and not page.record.is_final:
            self.frames.action_edge(True)
        while True:
            self._shown_at = 0.0
            await take_in(self.chat, page.frames, self._show_some)
            if page.frames:
                self._grown()
            if page.record.is_final:
                break
            await asyncio.sleep(_SOON if page.frames else _LATER)
            more = await self._source.page(len(self.chat.table.rows))
            if more is None:
                break
            page = more
            self.chat.record = page.record
        self.chat.end(page.record)
        self.set_class(self.chat.figures.is_timeless, "-timeless")
        self._grown()

    def _show_some(self) -> None:
        if monotonic() - self._shown_at > _SHOWN:
            self._grown()
            self._shown_at = monotonic()

    def _grown(self) -> None:
        if self._wanted and self._wanted <= len(self.chat.table.rows):
            self.frames.go_to(self._wanted)
            self._wanted = 0
        else:
            self.frames.flush()
        self.head.flush()
        self._show_timeline()
        self._show_found()

    def _show_timeline(self) -> None:
        line = self.frames.current
        self.bar.show(self.chat.timeline, line.row.frame.at_us if line else None)

    @on(FrameList.Moved)
    def _moved(self) -> None:
        line = self.frames.current
        self._show_timeline()
        if line is None:
            self.view.show(None, [])
        else:
            run = self.chat.table.run_of(line.row.number) if line.is_delta_run else [line.row]
            self.view.show(line, list(run))

    # --- the filter ---

    def action_filter(self) -> None:
        """Move the focus to the filter."""
        self.add_class("-filtering")
        self.search.field.focus()

    @on(Input.Changed)
    def _filter_changed(self, changed: Input.Changed) -> None:
        changed.stop()
        self.frames.set_filter(changed.value)
        self._show_found()

    def action_take_filter(self) -> None:
        """Move the focus from the filter to the list."""
        self.frames.focus()

    def _show_found(self) -> None:
        table = self.chat.table
        if table.filter:
            count = table.found_count
            found = ngettext("{n} frame", "{n} frames", count).format(n=thousands(count))
            self.search.show((found, "muted" if count else "attention"))
        else:
            self.search.show()

    # --- moving about ---

    def action_jump(self, what: str, step: int) -> None:
        """Move to another error, to another tool call, or to the frame after the longest gap."""
        table = self.chat.table
        line = self.frames.current
        here = line.row.number if line else 0
        if what == "error":
            number, none = table.next_error(here, step), _("No errors in this chat.")
        elif what == "tool":
            number, none = table.next_tool(here, step), _("No tool calls in this chat.")
        else:
            number, none = table.longest_gap, _("No frames.")
        if not number:
            self.notify(none, timeout=3, markup=False)
            return
        if table.filter:
            self._leave_filter()
        self.frames.go_to(number)

    def action_other_pane(self) -> None:
        """Move the focus between list and data, and from the filter to the list."""
        if self.focused is self.frames:
            self._to_data()
        else:
            self._to_list()

    @on(FrameList.Chosen)
    def _frame_chosen(self) -> None:
        self._to_data()

    def _to_data(self) -> None:
        self.add_class("-data")
        self.view.data.focus()

    def _to_list(self) -> None:
        self.remove_class("-data")
        self.frames.focus()

    def _leave_filter(self) -> None:
        self.search.field.value = ""
        self.remove_class("-filtering")
        self.frames.set_filter("")

    def action_back(self) -> None:
        """Go back one step: from the data, from the filtered list; then close the screen."""
        if self.focused is self.view.data:
            self._to_list()
        elif self.has_class("-filtering"):
            self._leave_filter()
            self.frames.focus()
        else:
            self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the actions that are possible here."""
        if action in ("copy_curl", "copy_as") and not self.chat.record.question:
            return False
        if isinstance(self.focused, Field):
            return action in ("take_filter", "back", "other_pane")
        return action != "take_filter"

    # --- copies and captures ---

    def action_copy_data(self) -> None:
        """Copy the data of the frame, or the value at the cursor."""
        line = self.frames.current
        if line is None:
            return
        if self.focused is self.view.data:
            self.context.copy(self.view.data.chosen_text, _("the value"))
        else:
            self.context.copy(self._data_of(line), _("the data"))

    def _data_of(self, line: FrameLine) -> str:
        return self.view.data.tree_of_text.text if line.is_delta_run else line.row.frame.data

    def action_copy_curl(self) -> None:
        """Copy the request as a curl command; the token stays a variable."""
        self._copy_request("curl")

    def _copy_request(self, form: Form) -> None:
        from coze_tui.engine.analysis.as_command import as_command, request_from, site_warning

        record, settings = self.chat.record, self.context.settings
        try:
            text = as_command(form, *request_from(record, settings))
        except SettingsError as error:
            self.context.notify_failure(error)
            return
        if warning := site_warning(record, settings):
            self.notify(warning, severity="warning", markup=False)
        what = {"curl": _("a curl command"), "python": _("a program"), "ask": _("a command")}
        self.context.copy(text, what[form])

    @work(group="copy", exclusive=True, exit_on_error=False)
    async def action_copy_as(self) -> None:
        """Copy the request in one of its forms."""
        from coze_tui.tui.screens.dialogs import Choose, Option

        chosen = await self.app.push_screen_wait(
            Choose(
                _("Copy the question as"),
                _("Ready to paste; the token is read from COZE_API_TOKEN."),
                [
                    Option("curl", _("a curl command")),
                    Option("python", _("a Python program with cozepy")),
                    Option("ask", _("a coze-tui ask command")),
                ],
            )
        )
        for form in _FORMS:
            if chosen == form:
                self._copy_request(form)

    @work(group="save", exclusive=True, exit_on_error=False)
    async def action_save(self) -> None:
        """Ask for a path, and save the frames so far as a capture."""
        from coze_tui.tui.screens.dialogs import AskText, Confirm

        capture = self.chat.capture()
        name = await self.app.push_screen_wait(AskText(_("Save the capture"), capture_name(self.chat.record)))
        if not name:
            return
        path = await asyncio.to_thread(typed_path, name)
        may_replace = False
        if await asyncio.to_thread(os.path.isfile, path):  # unlike Path's, it raises nothing for any name
            sure = Confirm(_("The file already exists"), str(path), _("replace it"), _("keep it"))
            may_replace = await self.app.push_screen_wait(sure)
            if not may_replace:
                return
        try:
            await asyncio.to_thread(save_capture, path, capture, may_replace=may_replace)
        except CozeTuiError as error:
            self.context.notify_failure(error)
            return
        self.notify(_("Saved as {path}").format(path=clean_line(str(path))), markup=False)

    # --- other screens ---

    def action_replay(self) -> None:
        """Replay the chat."""
        from coze_tui.tui.screens.replay import ReplayScreen

        self.app.push_screen(ReplayScreen(self._source, inspector_at))

    @work(group="difference", exclusive=True, exit_on_error=False)
    async def action_difference(self) -> None:
        """Ask for another chat and show the difference; repeat until the user closes it."""
        from coze_tui.tui.screens.difference import ChooseChat, DifferenceScreen

        engine_thread = self.context.engine_thread
        record = replace(self.chat.record, key=self._source.chat)
        candidates = await engine_thread.call(lambda engine: engine.inspecting.comparable_chats(record))
        if not candidates:
            self.notify(_("No other chat has this question or this bot."), markup=False)
            return
        choice: str | None = "other"
        while choice == "other":
            other = await self.app.push_screen_wait(ChooseChat(candidates, record.question))
            if other is None:
                return
            chosen = next(chat for chat in candidates if chat.key == other)
            before = ChatSource.stored(engine_thread, chosen.conversation, other)
            after = self._source
            if chosen.sent_at > record.sent_at:
                before, after = after, before
            choice = await self.app.push_screen_wait(DifferenceScreen(before, after))
