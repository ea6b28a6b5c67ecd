"""The history screen: search, preview, rename, pin, delete, fork, export, import and open conversations."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input

from coze_tui.api.objects import Bot
from coze_tui.engine.library.server import ServerConversation, bound
from coze_tui.engine.model.dialects import Feature
from coze_tui.errors import CozeTuiError, StoreError
from coze_tui.render.cells import shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.deletions import Deletions
from coze_tui.tui.export_flow import export
from coze_tui.tui.history_items import HistoryList, Item, ServerListing
from coze_tui.tui.log.viewport import PageWanted
from coze_tui.tui.screens.log_screen import LogScreen
from coze_tui.tui.widgets.conversation_list import ConversationList
from coze_tui.tui.widgets.field import Field, SearchBar
from coze_tui.tui.widgets.head import HeadLine, fitting, history_head
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.preview_pane import PreviewLog, PreviewPane
from coze_tui.values import valueclass

_NARROW = 90
"""Below this number of columns the preview is over the list, not beside it."""
_POLL_SECONDS = 1.0
"""Seconds between two checks whether another program has written to the store."""
_REST_SECONDS = 0.06
"""Seconds that the cursor rests before the preview follows it."""
_LEAST_FIELD = 20
"""Cells that remain for the query and the sign before it."""
_TITLE_CELLS = 30
"""Cells of a title in a toast."""
_FOOTER = (
    *("history.open", "history.undo", "history.search", "history.select", "history.import"),
    *("history.delete", "history.rename", "history.export", "history.pin", "history.fork", "history.help"),
)
_KEYS_SHOWN = 13


@valueclass
class HistoryChoice:
    """The conversation to open."""

    key: str
    message: int | None = None
    """Key of the message to go to; None for the end."""
    query: str = ""
    """The query of the search."""


class HistoryScreen(LogScreen[HistoryChoice | None]):
    """Lists all conversations. The result is the one to open, or None.

    Args:
        bot: The bot whose conversations the server lists.
        current: Key of the open conversation, on which the cursor starts if it is near the top.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", N_("open"), id="history.open"),
        Binding("slash,ctrl+f", "search", N_("search"), id="history.search"),
        Binding("r", "rename", N_("rename"), id="history.rename"),
        Binding("asterisk", "pin", N_("pin"), id="history.pin"),
        Binding("d,delete", "delete", N_("delete"), id="history.delete"),
        Binding("u", "undo", N_("undo"), id="history.undo"),
        Binding("e", "export", N_("export"), id="history.export"),
        Binding("f", "fork", N_("fork"), id="history.fork"),
        Binding(
            "i",
            "import",
            N_("server"),
            id="history.import",
            tooltip=N_("list conversations on the server; press again to import the selected ones"),
        ),
        Binding("space", "select", N_("select"), id="history.select"),
        Binding("a", "select_all", N_("select all"), id="history.select_all", show=False),
        Binding(
            "tab,shift+tab",
            "other_pane",
            N_("switch between list and preview"),
            id="history.other_pane",
            show=False,
        ),
        Binding("right", "preview", N_("preview"), id="history.preview", show=False),
        Binding("left", "list", N_("back to the list"), id="history.list", show=False),
        Binding("down", "move(1)", N_("down"), id="history.down", show=False),
        Binding("up", "move(-1)", N_("up"), id="history.up", show=False),
        Binding("pagedown", "page(1)", N_("page down"), id="history.page_down", show=False),
        Binding("pageup", "page(-1)", N_("page up"), id="history.page_up", show=False),
        Binding(
            "f1,question_mark",
            "app.help",
            N_("help"),
            id="history.help",
            tooltip=N_("keys, and what the signs mean"),
        ),
        Binding("escape", "back", N_("back"), id="history.back"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_NARROW, "-wide")]  # noqa: RUF012 Textual's type is off
    PART = N_("History")

    header = getters.query_one("#head", HeadLine)
    bar = getters.query_one(SearchBar)
    conversations = getters.query_one(ConversationList)
    preview = getters.query_one(PreviewPane)

    def __init__(self, bot: Bot, current: str = "") -> None:
        super().__init__()
        self._wanted = current
        self._count: int | None = None
        self._seen = 0
        self._rest: Timer | None = None
        self._deletions = Deletions(self.context)
        name = clean_line(bot.name) or bot.id
        self._server = ServerListing(self.context.engine_thread, bot.id, name, hides=self._deletions.hides)
        self._list = HistoryList(self.context.engine_thread, self._server)

    # --- composing ---

    def compose(self) -> ComposeResult:
        yield HeadLine(
            lambda width: [history_head(self._count, self.conversations.selected, width)], id="head"
        )
        yield SearchBar("/", placeholder=_("search titles and messages"))
        with Horizontal(id="panes"):
            yield ConversationList(self.context.palette)
            yield PreviewPane(self.context.engine_thread, self.context.palette)
        yield KeyFooter(_FOOTER, last="history.back", most=_KEYS_SHOWN)

    def on_mount(self) -> None:
        self.conversations.focus()
        self.watch(self.app, "theme", self._theme_changed, init=False)
        self._poll_store()
        self._settle_left()
        self.set_interval(_POLL_SECONDS, self._poll_store)

    @work(group="settle", exit_on_error=False)
    async def _settle_left(self) -> None:
        with suppress(StoreError):  # the list shows it
            await self._deletions.delete_what_is_owed()

    def _theme_changed(self) -> None:
        self.conversations.set_palette(self.context.palette)
        self.preview.log_widget.viewport.set_palette(self.context.palette)

    # --- the list ---

    @on(Input.Changed)
    def _query_changed(self, message: Input.Changed) -> None:
        message.stop()
        if message.value != self._list.query:
            self._list.search_for(message.value)
            self._load(from_start=True)

    @on(ConversationList.MoreWanted)
    def _more_wanted(self, message: ConversationList.MoreWanted) -> None:
        if self._list.is_search:
            self._list.want_more_matches()
            self._load()
        else:
            self._load_more(all_pages=message.all)

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _load(self, *, from_start: bool = False, go_to: str = "") -> None:
        """Read the list again as far as it is loaded; with `from_start`, only its first page."""
        await self._list.load(from_start=from_start)
        self._show(from_start=from_start)
        self._show_status()
        if go_to or self._wanted:
            self.conversations.go_to(go_to or self._wanted)
            self._wanted = ""
        self._count = await self.context.engine_thread.call(lambda engine: engine.browsing.count())
        self.header.flush()

    @work(group="list", exclusive=True, exit_on_error=False)
    async def _load_more(self, *, all_pages: bool) -> None:
        if await self._list.load_more(all_pages=all_pages):
            self._show()

    def _show_status(self) -> None:
        self.bar.show(*fitting(self._list.status, self.size.width - _LEAST_FIELD))

    def _show(self, *, from_start: bool = False) -> None:
        shown, items = self._list, self._list.items()
        self.conversations.show(
            items,
            has_more=shown.has_more,
            has_pins=not shown.is_search,
            empty=shown.empty_text,
            from_top=from_start,
        )
        if not items:
            self.preview.clear()

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _poll_store(self) -> None:
        """Read the list for the first time, and again if any program has written."""
        seen = await self.context.engine_thread.call(lambda engine: engine.browsing.changes())
        before, self._seen = self._seen, seen
        if before != seen:
            self._load(from_start=not before)

    # --- the preview ---

    @on(ConversationList.Moved)
    def _moved(self) -> None:
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_REST_SECONDS, self._preview_current)
        self._selection_changed()

    @work(group="preview", exclusive=True, exit_on_error=False)
    async def _preview_current(self) -> None:
        item = self.conversations.current
        if item is None:
            self.preview.clear()
            return
        over = self.has_class("-previewing")
        if over or not self.has_class("-narrow"):
            query = self._list.text if self._list.is_search else ""
            await self.preview.show(item, query, with_title=over)

    def _preview_over(self, over: bool) -> None:
        self.set_class(over, "-previewing")
        (self.preview.log_widget if over else self.conversations).focus()
        if over:
            self._preview_current()

    def action_other_pane(self) -> None:
        """Move the focus: field → list → preview → list."""
        self._preview_over(self.focused is self.conversations)

    def action_preview(self) -> None:
        """Move the focus to the preview."""
        self._preview_over(True)

    def action_list(self) -> None:
        """Move the focus to the list."""
        self._preview_over(False)

    @on(PageWanted)
    @work(group="page", exclusive=True, exit_on_error=False)
    async def _page_wanted(self, message: PageWanted) -> None:
        await self.preview.window.load(message)

    # --- moving about ---

    def action_search(self) -> None:
        """Move the focus to the search field."""
        self.set_class(False, "-previewing")
        self.bar.field.focus()

    def action_move(self, step: int) -> None:
        """Move the cursor of the list, also while the field has the focus."""
        self.conversations.move(step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page, also while the field has the focus."""
        self.conversations.action_page(step)

    def action_back(self) -> None:
        """Go back one step: from the preview, the field, the selection, the search; then close the screen."""
        if self.has_class("-previewing") or isinstance(self.focused, PreviewLog | Field):
            self._preview_over(False)
        elif self.conversations.unselect():
            self._selection_changed()
        elif self._list.query:
            self.bar.field.put("")
        else:
            self._leave(None)

    def action_select(self) -> None:
        """Select the conversation, and move to the next one."""
        self.conversations.select()
        self._selection_changed()

    def action_select_all(self) -> None:
        """Select all loaded conversations, or none if all are selected."""
        self.conversations.select_all()
        self._selection_changed()

    def _selection_changed(self) -> None:
        self.header.flush()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer undo only after a deletion."""
        if action == "undo":
            return self._deletions.can_undo
        if action in ("preview", "list", "search"):
            return not isinstance(self.focused, Field)
        return True

    # --- opening ---

    @on(ConversationList.Chosen)
    def _chosen(self, message: ConversationList.Chosen) -> None:
        self._open(message.item)

    def action_open(self) -> None:
        """Open the conversation, at its match if there is one."""
        if self.conversations.current is not None:
            self._open(self.conversations.current)

    def _open(self, item: Item) -> None:
        if item.server is not None:
            self._import([item.server], then_open=True)
        else:
            query = self._list.text if item.message else ""
            self._leave(HistoryChoice(item.key, item.message or None, query))

    def _leave(self, choice: HistoryChoice | None) -> None:
        self._deletions.delete_on_server()
        self.dismiss(choice)

    def close(self) -> None:
        self._leave(None)

    async def before_leaving(self) -> None:
        await self._deletions.settle_before_leaving()

    # --- renaming, pinning, forking, exporting ---

    def action_rename(self) -> None:
        """Ask for a new title, and rename the conversation."""
        item = self.conversations.current
        if item is None:
            return
        from coze_tui.tui.screens.dialogs import AskText

        def renamed(title: str | None) -> None:
            if title and title != item.title:
                if item.server is not None:
                    self._rename_there(item.server, title)
                else:
                    self._rename(item.key, title)

        self.app.push_screen(AskText(_("Title"), item.title), renamed)

    @work(group="change", exit_on_error=False)
    async def _rename(self, key: str, title: str) -> None:
        await self.context.engine_thread.call(lambda engine: engine.browsing.rename(key, title))
        self._load()
        try:
            await self.context.engine_thread.call(lambda engine: engine.server_side.rename(key, title))
        except CozeTuiError as error:
            self.context.notify_failure(error, _("Renamed here, but not on the server."))

    @work(group="change", exit_on_error=False)
    async def _rename_there(self, conversation: ServerConversation, title: str) -> None:
        await self._server.rename(conversation, clean_line(title).strip())
        self._load()

    @work(group="change", exit_on_error=False)
    async def action_pin(self) -> None:
        """Pin the chosen conversations, or unpin them if all are pinned."""
        items = self._here()
        keys, pinned = _keys(items), not all(item.is_pinned for item in items)
        if keys:
            await self.context.engine_thread.call(lambda engine: engine.browsing.pin(keys, pinned))
            self._load()

    @work(group="change", exit_on_error=False)
    async def action_fork(self) -> None:
        """Fork the conversation, up to the chosen message if there is one."""
        item = self.conversations.current
        if item is None or self._is_only_there([item]):
            return
        key = item.key
        new = await self.preview.fork(key) or await self.context.engine_thread.call(
            lambda engine: engine.browsing.fork(key)
        )
        self._preview_over(False)
        self._load(go_to=new)
        self.notify(
            _("Forked “{title}”: the bot does not know the new conversation yet.").format(title=_short(item)),
            markup=False,
        )

    def action_export(self) -> None:
        """Export the chosen conversations."""
        if keys := _keys(self._here()):
            export(self.context, keys)

    def _here(self) -> list[Item]:
        """Return the chosen conversations that are stored locally; show a toast if there are none."""
        items = self.conversations.chosen
        found = [item for item in items if item.summary is not None]
        if not found:
            self._is_only_there(items)
        return found

    def _is_only_there(self, items: Sequence[Item]) -> bool:
        if any(item.server is not None for item in items):
            self.notify_key(_("It exists only on the server. Press i to import it."))
            return True
        return False

    # --- deleting and bringing back ---

    @work(group="change", exit_on_error=False)
    async def action_delete(self) -> None:
        """Delete locally; the server follows when the time to undo is over."""
        items = self.conversations.chosen
        if not items:
            return
        await self._deletions.delete(items)
        self.conversations.unselect()
        self._selection_changed()
        self._load()
        self.refresh_bindings()
        if len(items) == 1:
            words = _("“{title}” was deleted.").format(title=_short(items[0]))
        else:
            words = ngettext("{n} conversation was deleted.", "{n} conversations were deleted.", len(items))
            words = words.format(n=thousands(len(items)))
        undo = _("Press u to undo.")
        self.notify_key(f"{words} {undo}")

    @work(group="change", exit_on_error=False)
    async def action_undo(self) -> None:
        """Undo the latest deletion."""
        if self._deletions.can_undo:
            back = await self._deletions.undo()
            self.app.clear_notifications()  # its text is no longer true
            self.refresh_bindings()
            self._load(go_to=back)

    # --- the server ---

    def action_import(self) -> None:
        """List the conversations of the server; the second time, import the chosen ones."""
        if not self._server.is_asked:
            self._ask_server()
            return
        wanted = [
            found
            for item in self.conversations.chosen
            if (found := item.server or (bound(item.summary) if item.summary else None)) is not None
        ]
        if wanted:
            self._import(wanted)
        else:
            self._ask_server()

    @work(group="server", exclusive=True, exit_on_error=False)
    async def _ask_server(self) -> None:
        """List the bot's conversations on the server, page by page."""
        self.bar.show((_("checking the server…"), "muted"))
        try:
            await self._server.ask()
        except CozeTuiError as error:
            self.bar.show((_("could not reach the server"), "attention"))
            self.notify_failure(error)
            return
        self._load()
        await self.context.notify_limit(Feature.MESSAGE_LIST)

    @work(group="import", exit_on_error=False)
    async def _import(self, wanted: Sequence[ServerConversation], *, then_open: bool = False) -> None:
        key, new, added = "", 0, 0
        for number, conversation in enumerate(wanted, 1):
            if len(wanted) > 1:
                words = _("importing {n} of {all}…").format(n=number, all=len(wanted))
                self.bar.show((words, "muted"))
            taken = await self._server.take(conversation)
            key, new, added = taken.key, new + taken.is_new, added + taken.added
        if then_open:
            self._leave(HistoryChoice(key))
            return
        self.conversations.unselect()
        self._selection_changed()
        self._load(go_to=key)
        messages = ngettext("{n} message added", "{n} messages added", added).format(n=thousands(added))
        if new:
            words = ngettext("{n} conversation imported", "{n} conversations imported", new)
            messages = f"{words.format(n=thousands(new))}, {messages}"
        self.notify(messages if added else _("Already up to date."), markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """Show the preview beside the list again if there is room."""
        if event.size.width >= _NARROW:
            self.remove_class("-previewing")
        self._moved()
        self._show_status()


def _keys(items: Sequence[Item]) -> tuple[str, ...]:
    return tuple(item.key for item in items)


def _short(item: Item) -> str:
    return shorten(item.title or _("untitled"), _TITLE_CELLS)
