"""Bots to choose from: sections of them, and a field that filters and takes an id or an editor's address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer, Vertical
from textual.message import Message
from textual.widgets import Input

from coze_tui.config.addresses import AddressError, BotAddress, bot_from_text, site_name
from coze_tui.render.cells import cell_len, shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import tail
from coze_tui.text.i18n import N_, _
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.line_list import list_keys
from coze_tui.tui.widgets.line_widget import Part, width_of
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from coze_tui.tui.widgets.text_views import Paragraphs
from coze_tui.values import valueclass

_SURE_ID = re.compile(r"\d{6,}|.*/.*")
"""Matches an ID or a URL, which no one types to filter by a name."""
_TYPED = "typed"
_LEAST_DETAIL = 12
"""Cells of a description that are still worth showing."""


@valueclass
class ListedBot:
    """One line of the list. The texts are cleaned when shown."""

    key: str
    """Tells it from all others; `Picked` gives it back."""
    title: str
    bot_id: str = ""
    detail: str = ""
    is_current: bool = False

    def matches(self, words: Iterable[str]) -> bool:
        """Every word is in its texts."""
        text = f"{self.title}\n{self.bot_id}\n{self.detail}".casefold()
        return all(word in text for word in words)


@valueclass
class BotSection:
    """Bots of one origin."""

    title: str
    entries: Sequence[ListedBot] = ()
    remark: str = ""
    """A quiet line under them: why there are none, or no more."""
    is_loading: bool = False
    """There may be more of them soon."""


class BotList(Vertical):
    """A field and the list under it; the field keeps the focus and leads the cursor.

    Args:
        base_url: Of the site in use: a pasted URL of another one is reported, not used.
        text: What stands in the field already.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("choose"), id="bots.choose"),
        *list_keys("bots", ("first", N_("first row")), ("last", N_("last row")), is_led=True),
    ]
    PART = N_("Bots")

    field = getters.query_one(Field)
    rows = getters.query_one(SelectList)
    remark = getters.query_one("#bot-remark", Paragraphs)

    class Picked(Message):
        """A bot of the list was chosen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Typed(Message):
        """An id or address was given that is on this site."""

        def __init__(self, address: BotAddress) -> None:
            super().__init__()
            self.address = address

    def __init__(self, base_url: str, *, text: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._base_url = base_url
        self._sections: tuple[BotSection, ...] = ()
        self._filter = clean_line(text.strip())

    def compose(self) -> ComposeResult:
        """Field, remark, list."""
        yield Field(value=self._filter, placeholder=_("Filter, or paste an id or an editor's address"))
        yield Paragraphs(id="bot-remark", role="attention")
        with ScrollableContainer(classes="body", can_focus=False):
            yield SelectList(is_led=True)

    def show(
        self, sections: Sequence[BotSection], *, current: str | None = None, base_url: str | None = None
    ) -> None:
        """Show these; the cursor goes to the entry `current`, else stays where it is."""
        self._sections = tuple(sections)
        if base_url is not None:
            self._base_url = base_url
        self._lay_out(current)

    def show_message(self, text: str) -> None:
        """Say something under the field, until something else is typed."""
        self.remark.show(*([text] if text else []))

    def focus_field(self) -> None:
        """Type here."""
        self.field.focus()

    # --- keys ---

    def action_move(self, step: int) -> None:
        """Move the cursor of the list."""
        self.rows.move(step)

    def action_page(self, step: int) -> None:
        """Move it by a page."""
        self.rows.action_page(step)

    def action_edge(self, last: bool) -> None:
        """Move it to an end."""
        self.rows.action_edge(last)

    def action_choose(self) -> None:
        """Choose what the cursor is on."""
        self.rows.action_choose()

    @on(Input.Changed)
    def _typed_on(self, changed: Input.Changed) -> None:
        changed.stop()
        if changed.value != self._filter:
            self._filter = changed.value
            self.show_message(self._other_site())
            self._lay_out(first=True)

    @on(SelectList.Chosen)
    def _chosen(self, chosen: SelectList.Chosen) -> None:
        chosen.stop()
        if chosen.key != _TYPED:
            self.post_message(self.Picked(chosen.key))
        elif (address := self._address()) is not None:
            self.post_message(self.Typed(address))

    @on(SelectList.Moved)
    def _moved(self, moved: SelectList.Moved) -> None:
        moved.stop()

    def on_resize(self, resize: events.Resize) -> None:
        """Columns go with the width."""
        self._lay_out()

    # --- what was typed ---

    def _address(self) -> BotAddress | None:
        try:
            address = bot_from_text(self._filter)
        except AddressError:
            return None
        return None if address.base_url not in ("", self._base_url) else address

    def _other_site(self) -> str:
        try:
            address = bot_from_text(self._filter)
        except AddressError:
            return ""
        if address.base_url in ("", self._base_url):
            return ""
        return _("This is a bot of {other}, and you are on {here}: choose a profile for {other}.").format(
            other=site_name(address.base_url), here=site_name(self._base_url)
        )

    # --- rows ---

    def _lay_out(self, current: str | None = None, *, first: bool = False) -> None:
        if not self.is_attached:
            return
        words = self._filter.casefold().split()
        rows: list[ListRow] = []
        seen: set[str] = set()
        address = self._address()
        for section in self._sections:
            entries = [one for one in section.entries if not words or one.matches(words)]
            if words:  # who filters wants each bot once
                entries = [one for one in entries if not one.bot_id or one.bot_id not in seen]
                seen |= {one.bot_id for one in entries}
            shown = self._entry_rows(entries)
            remark = _("loading…") if section.is_loading else section.remark
            if remark and (section.is_loading or not words):
                shown.append(ListRow(None, ((clean_line(remark), "muted"),)))
            if shown:
                rows += [ListRow(None, ())] if rows else []
                rows += [ListRow(None, ((clean_line(section.title), "muted bold"),)), *shown]
        if address is not None and address.bot_id not in seen:
            typed = _typed_row(address)
            is_sure = _SURE_ID.fullmatch(self._filter.strip()) is not None
            rows = (
                [typed, ListRow(None, ()), *rows]
                if is_sure
                else [*rows, *([ListRow(None, ())] if rows else []), typed]
            )
        if not rows:
            rows = [ListRow(None, ((_("nothing found"), "muted"),))]
        if first:
            current = next((row.key for row in rows if row.key is not None), None)
        self.rows.show(rows, current=current)

    def _entry_rows(self, entries: Sequence[ListedBot]) -> list[ListRow]:
        room = self.size.width - 4
        titles = [clean_line(entry.title) for entry in entries]
        column = min(max(map(cell_len, titles), default=0), max(room // 2, 20))
        rows = []
        for entry, title in zip(entries, titles, strict=True):
            title = shorten(title, column)
            left: list[Part] = [(title, "text bold" if entry.is_current else "text")]
            right: list[Part] = []
            if entry.is_current:
                right.append(("● ", "bot"))
            if entry.bot_id:
                right.append((tail(clean_line(entry.bot_id)), "muted"))
            left_for_detail = room - column - width_of(right) - 3
            if entry.detail and left_for_detail >= _LEAST_DETAIL:
                detail = shorten(clean_line(entry.detail), left_for_detail)
                left.append((" " * (column - cell_len(title) + 2) + detail, "muted"))
            rows.append(ListRow(entry.key, tuple(left), tuple(right)))
        return rows


def _typed_row(address: BotAddress) -> ListRow:
    note = _("the bot with this id")
    return ListRow(_TYPED, ((address.bot_id, "text"), (f"  {note}", "muted")))
