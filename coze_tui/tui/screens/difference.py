"""The difference of two chats: their events, tool calls, answers and metrics side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.strip import Strip
from textual.widget import Widget

from coze_tui.engine.analysis.difference import Differences, differences
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.records import ChatRecord, left_out_text
from coze_tui.render.cells import cell_len, shorten
from coze_tui.render.diff_rows import DifferenceRow, difference_rows
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import tail, thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.chat_sources import ChatSource, whole_chat
from coze_tui.tui.log.notices import clock_time
from coze_tui.tui.screens.coze_screen import CozeScreen, Panel
from coze_tui.tui.themes import palette_of
from coze_tui.tui.widgets.head import HeadLine, HeadParts, outcome_part, state_part
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.line_list import LineList, list_keys
from coze_tui.tui.widgets.line_widget import Part, cut, width_of
from coze_tui.tui.widgets.select_list import ListRow, SelectList

_SPLIT = 96
"""Cells from which the chats stand side by side."""
_BETWEEN = " │ "
_LEAST_QUESTION = 12
_FOOTER = ("difference.next", "difference.previous", "difference.swap", "difference.other")


class DifferenceView(LineList):
    """Shows one `Differences`. It has no cursor: the keys scroll."""

    BINDINGS: ClassVar[list[BindingType]] = list_keys(
        "difference",
        ("top", N_("to the top")),
        ("end", N_("to the end")),
        up=N_("line up"),
        down=N_("line down"),
        pages=("pageup,b", "pagedown,space"),
    )
    PART = N_("Difference")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Differences | None = None
        self._rows: Sequence[DifferenceRow] = ()
        self._laid_out: tuple[int, str] | None = None

    def show(self, found: Differences) -> None:
        """Show another difference from its top."""
        self._found = found
        self._laid_out = None
        self.scroll_to(y=0, animate=False)
        self.lay_out()

    @property
    def line_width(self) -> int:
        """Return the cells of a line; one is left free before the scroll bar, or the edge."""
        return max(0, self.scrollable_content_region.width - 1)

    @property
    def row_count(self) -> int:
        """Return the number of lines at this width."""
        return len(self._rows_laid_out())

    # --- keys ---

    def follow(self) -> None:
        """Do nothing: there is no cursor to follow."""

    def move(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self.move(step * max(1, self.room - 2))

    def action_edge(self, is_end: bool) -> None:
        """Scroll to an end."""
        self.scroll_to(y=self.row_count if is_end else 0, animate=False)

    def go_to_next(self, step: int) -> bool:
        """Scroll to the next difference for 1, to the previous one for -1; return False if there is none."""
        starts = [number for number, row in enumerate(self._rows_laid_out()) if row.starts]
        here = self.scroll_offset.y + 1
        if step > 0:
            target = next((line for line in starts if line > here), None)
        else:
            target = next((line for line in reversed(starts) if line < here), None)
        if target is not None:
            self.scroll_to(y=max(0, target - 1), animate=False)
        return target is not None

    # --- looks ---

    def render_line(self, y: int) -> Strip:
        """Return a visible line."""
        rows = self._rows_laid_out()
        index = self.scroll_offset.y + y
        return self._drawn(rows[index]) if index < len(rows) else self.line([])

    def _drawn(self, row: DifferenceRow) -> Strip:
        width = self.line_width
        if not row.is_pair or row.right is None:
            return Strip(row.left.paint(width), width).apply_style(self.rich_style)
        half = (width - len(_BETWEEN)) // 2
        segments = [
            *row.left.paint(half),
            Segment(_BETWEEN, self.style_of("line")),
            *row.right.paint(width - half - len(_BETWEEN)),
        ]
        return Strip(segments, width).apply_style(self.rich_style)

    def _rows_laid_out(self) -> Sequence[DifferenceRow]:
        theme, width = self.app.current_theme, self.line_width
        if self._found is not None and width and self._laid_out != (width, theme.name):
            is_split = width >= _SPLIT
            self._rows = difference_rows(self._found, width, palette_of(theme), is_split=is_split)
            self._laid_out = (width, theme.name)
        return self._rows


class ChooseChat(Panel[int | None]):
    """Asks for the second chat of the difference. The result is its key in the store."""

    rows = getters.query_one(SelectList)

    def __init__(self, chats: Sequence[ChatRecord], question: str) -> None:
        super().__init__(_("Difference to another chat"), is_tall=True)
        self._chats = tuple(chats)
        self._question = question

    def body(self) -> Iterable[Widget]:
        """Yield the chats under their headings."""
        rows: list[ListRow] = []
        for title, has_same in ((_("THE SAME QUESTION"), True), (_("THE SAME BOT"), False)):
            chats = [chat for chat in self._chats if (chat.question == self._question) is has_same]
            if chats:
                rows += [ListRow(None, ())] * bool(rows) + [ListRow(None, ((title, "muted bold"),))]
                rows += map(_chat_row, chats)
        yield ScrollableContainer(SelectList(rows), classes="body", can_focus=False)

    def on_mount(self) -> None:
        """Put the cursor on the latest chat of the same question."""
        self.rows.focus()

    @on(SelectList.Chosen)
    def _chosen(self, chosen: SelectList.Chosen) -> None:
        self.dismiss(int(chosen.key))


def _chat_row(chat: ChatRecord) -> ListRow:
    when = clock_time(chat.sent_at)
    question = clean_line(chat.question[:200]).strip() or "–"
    below: list[Part] = [outcome_part(chat), (f" · {chat.bot}", "muted")]
    if chat.chat_id:
        below.append((" · " + _("chat {id}").format(id=tail(clean_line(chat.chat_id))), "muted"))
    return ListRow(str(chat.key), ((question, "text"),), ((when, "muted"),), tuple(below))


def _questions(*chats: InspectedChat) -> str:
    """Return the questions of the chats, equal ones once."""
    questions = dict.fromkeys(clean_line(chat.record.question[:240]).strip() for chat in chats)
    return " ⇄ ".join(question for question in questions if question)


def _summary(found: Differences) -> str:
    events, tools, answers = found.counts
    parts = []
    if events:
        parts.append(ngettext("{n} event", "{n} events", events).format(n=thousands(events)))
    if tools:
        parts.append(ngettext("{n} tool call", "{n} tool calls", tools).format(n=thousands(tools)))
    if answers:
        parts.append(ngettext("{n} answer", "{n} answers", answers).format(n=thousands(answers)))
    return _("differences: {what}").format(what=" · ".join(parts)) if parts else _("only the metrics differ")


def _side(name: str, chat: InspectedChat) -> list[Part]:
    record = chat.record
    known = [record.bot, clock_time(record.sent_at) if record.sent_at else ""]
    if chat_id := chat.figures.chat_id or record.chat_id:
        known.append(_("chat {id}").format(id=tail(clean_line(chat_id))))
    parts: list[Part] = [(f"{name}  ", "bot bold"), state_part(chat)]
    return parts + [(f" · {fact}", "muted") for fact in known if fact]


class DifferenceScreen(CozeScreen[str | None]):
    """Shows the difference of two chats; returns `other` if the user wants another chat.

    The earlier chat is usually on the left.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next(1)", N_("next difference"), id="difference.next"),
        Binding("N", "next(-1)", N_("previous difference"), id="difference.previous"),
        Binding("x", "swap", N_("swap"), id="difference.swap", tooltip=N_("swap sides")),
        Binding("d", "other", N_("another chat"), id="difference.other"),
        Binding("f1,question_mark", "app.help", N_("help"), id="difference.help", show=False),
        Binding("escape,q", "back", N_("back"), id="difference.back"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_SPLIT, "-wide")]  # noqa: RUF012 Textual's type is off
    PART = N_("Difference")

    head = getters.query_one("#head", HeadLine)
    view = getters.query_one(DifferenceView)

    def __init__(self, left: ChatSource, right: ChatSource) -> None:
        super().__init__()
        self._sources = (left, right)
        self._chats: tuple[InspectedChat, InspectedChat] | None = None
        self._found: Differences | None = None

    def compose(self) -> ComposeResult:
        yield HeadLine(self._head, id="head")
        yield DifferenceView(id="differences")
        yield KeyFooter(_FOOTER, last="difference.back")

    def on_mount(self) -> None:
        self.view.focus()
        self._load()

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        left, right = self._sources
        self._chats = (await self._chat_of(left), await self._chat_of(right))
        await self._show_difference()

    async def _chat_of(self, source: ChatSource) -> InspectedChat:
        """Return the whole chat; one without frames if it is gone."""
        page = await source.page(0)
        if page is None:
            return InspectedChat(ChatRecord())
        if page.left_out:
            self.notify(left_out_text(page.left_out), severity="warning", markup=False)
        return await whole_chat(page)

    async def _show_difference(self) -> None:
        if self._chats is not None:
            left, right = self._chats
            found = await asyncio.to_thread(differences, left, right)
            self._found = found
            self.head.flush()
            self.view.show(found)

    def _head(self, width: int) -> Sequence[HeadParts]:
        """Return the lines of the head: questions, number of differences, and the facts of each chat."""
        if self._chats is None or self._found is None:
            return [([("● ", "bot"), (_("Difference"), "text bold")], ())]
        words = _summary(self._found)
        left: list[Part] = [("● ", "bot"), (_("Difference"), "text bold")]
        room = width - width_of(left) - cell_len(words) - 6
        if room > _LEAST_QUESTION:
            left.append(("   " + shorten(_questions(*self._chats), room), "text"))
        first, second = (_side(name, chat) for name, chat in zip("AB", self._chats, strict=True))
        if width < _SPLIT:
            return [(left, [(words, "muted")]), (first, ()), (second, ())]
        half = (width - 3) // 2
        first = cut(first, half)
        first.append((" " * (half - width_of(first)) + " │ ", "line"))
        return [(left, [(words, "muted")]), ([*first, *second], ())]

    @work(group="difference", exclusive=True, exit_on_error=False)
    async def action_swap(self) -> None:
        """Swap the two chats."""
        if self._chats is not None:
            self._chats = (self._chats[1], self._chats[0])
            await self._show_difference()

    def action_next(self, step: int) -> None:
        """Move to another difference."""
        if not self.view.go_to_next(step):
            words = _("No more differences below.") if step > 0 else _("No more differences above.")
            self.notify(words, timeout=2, markup=False)

    def action_other(self) -> None:
        """Close, to choose another chat."""
        self.dismiss("other")

    def action_back(self) -> None:
        """Close the screen."""
        self.dismiss(None)
