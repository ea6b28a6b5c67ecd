"""The preview of the history: shows the conversation under the cursor without opening it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from coze_tui.engine.library.history import ConversationDetails
from coze_tui.engine.library.states import marks_of
from coze_tui.engine.model.transcript import said_words
from coze_tui.engine.thread import EngineThread
from coze_tui.render.palette import Palette
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.history_items import Item
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.search import holds
from coze_tui.tui.log.window import LogWindow, entries_of
from coze_tui.tui.widgets.head import HeadLine, fitting
from coze_tui.tui.widgets.line_widget import Part, role_of

if TYPE_CHECKING:
    pass


class PreviewLog(MessageLog, inherit_bindings=False):
    """Messages without the keys that change a conversation."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor(1)", N_("next"), id="preview.next", show=False),
        Binding("k,up", "cursor(-1)", N_("previous"), id="preview.previous", show=False),
        Binding("pagedown", "page(1)", N_("page down"), id="preview.page_down", show=False),
        Binding("pageup", "page(-1)", N_("page up"), id="preview.page_up", show=False),
        Binding("g,home", "to_top", N_("top"), id="preview.top", show=False),
        Binding("G,end", "to_end", N_("end"), id="preview.end", show=False),
        Binding("l", "scroll_sideways(1)", N_("scroll code right"), id="preview.aside_right", show=False),
        Binding("h", "scroll_sideways(-1)", N_("scroll code left"), id="preview.aside_left", show=False),
        Binding("space", "unfold", N_("unfold"), id="preview.unfold"),
        Binding("y", "copy_message", N_("copy"), id="preview.copy"),
        Binding("n", "match(1)", N_("next match"), id="preview.next_match", show=False),
        Binding("N", "match(-1)", N_("previous match"), id="preview.previous_match", show=False),
    ]
    PART = N_("Preview")

    def action_page(self, step: int) -> None:
        """Scroll by one page."""
        self.viewport.scroll_pages(step)

    def action_match(self, step: int) -> None:
        """Go to the next occurrence of the query for 1, to the previous one for -1, in what is loaded."""
        query = self.viewport.painter.query
        entry = self.chosen
        if not query or (entry is not None and self.matches.step(entry, query, step)):
            return
        at = self.entries.index(entry) if entry in self.entries and entry else -1
        rest = self.entries[at + 1 :] if step > 0 else self.entries[: max(0, at)][::-1]
        other = next((other for other in rest if holds(other, query)), None)
        if other is not None:
            self.matches.show(other, query, last=step < 0)


class PreviewPane(Vertical):
    """Shows one conversation, at its end or around a match."""

    head = getters.query_one(HeadLine)
    log_widget = getters.query_one(PreviewLog)

    def __init__(self, engine_thread: EngineThread, palette: Palette, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._engine_thread = engine_thread
        self._palette = palette
        self._shown: tuple[str, int, int] = ("", 0, 0)

    def compose(self) -> ComposeResult:
        yield HeadLine()
        yield PreviewLog(self._palette)

    def on_mount(self) -> None:
        """Prepare to load pages into the log."""
        self.window = LogWindow(self._engine_thread, self.log_widget, only_read=True)

    def clear(self) -> None:
        """Show nothing."""
        self._shown = ("", 0, 0)
        self.window.forget()
        self.log_widget.clear()
        self.head.show([])

    async def show(self, item: Item, query: str, *, with_title: bool = False) -> None:
        """Show a conversation; does nothing if it is shown already and has not changed.

        Args:
            query: The text to highlight; empty for none.
            with_title: Whether to show its title, because it is not visible elsewhere.
        """
        log = self.log_widget
        log.viewport.set_query(query)
        wanted = (item.id, item.message, item.summary.updated_at if item.summary else 0)
        if item.summary is not None:
            key = item.key
            facts = await self._engine_thread.call(lambda engine: engine.browsing.details(key))
            title = item.title if with_title else ""
            self.head.show_layout(
                lambda width: [(fitting(facts_groups(facts, title), width) if facts else (), ())]
            )
        if wanted == self._shown:
            return
        if item.server is not None:
            await self._show_server(item)
        elif item.message:
            position = await self.window.load_around(item.key, item.message)
            entry = self.window.entry_at(position)
            if entry is not None:
                log.matches.show(entry, query)
        else:
            key = item.key
            page = await self._engine_thread.call(lambda engine: engine.conversations.page(key))
            self.window.show(key, page)
        self._shown = wanted

    async def _show_server(self, item: Item) -> None:
        assert item.server is not None
        self.window.forget()
        self.log_widget.clear()
        self.head.show([(_("only on the server — press i to import"), "attention")])
        conversation_id, bot = item.server.conversation_id, item.bot
        chats = await self._engine_thread.call(
            lambda engine: engine.server_side.preview(conversation_id, bot)
        )
        self.log_widget.show([entry for chat in chats for entry in entries_of(chat, only_read=True)])

    async def fork(self, key: str) -> str | None:
        """Fork a conversation at the message under the cursor; return its key, or None without a cursor."""
        log = self.log_widget
        if self.window.key != key or not log.has_focus or log.chosen is None:
            return None
        return await self.window.fork(log.chosen)


def facts_groups(facts: ConversationDetails, title: str = "") -> list[list[Part]]:
    """Return the facts of a conversation, the most important first; the last ones are left out first.

    Args:
        title: The first fact, if given.
    """
    summary = facts.summary
    if facts.said is not None:
        count = said_words(*facts.said)
    else:
        count = ngettext("{n} message", "{n} messages", facts.messages).format(n=thousands(facts.messages))
    groups: list[list[Part]] = [[(title, "text bold")]] if title else []
    for mark in marks_of(summary, facts.last):
        if mark.name not in ("fork", "on_server"):  # these follow in more words
            groups.append([(f"{mark.sign} {mark.words}", role_of(mark.level))])
    groups.append([(count, "muted")])
    groups.append([(_("here and on the server") if summary.on_server else _("only here"), "muted")])
    if summary.has_draft:
        groups.append([(_("has a draft"), "muted")])
    if summary.forked_from:
        origin = (
            _("forked from {title}").format(title=facts.forked_from) if facts.forked_from else _("a fork")
        )
        groups.append([(f"⑂ {origin}", "muted")])
    groups.append([(clean_line(summary.bot_name) or summary.bot_id, "muted")])
    groups.append([(summary.site, "muted")])
    return groups
