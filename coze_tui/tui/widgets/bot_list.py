"""A list of bots in sections, and a field that filters them and accepts an ID or editor URL."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
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
from coze_tui.tui.widgets.text_views import Paragraphs, first_rows, height_of
from coze_tui.values import valueclass

_ID_OR_URL = re.compile(r"\d{10,}|.*/.*", re.ASCII)
"""Matches what can be an ID of Coze or a URL; anything shorter filters by name."""
_TYPED = "typed"
_LEAST_DETAIL = 12
"""Cells of a detail that are still worth showing."""
_DESCRIPTION_SHARE = 0.4
"""The largest share of the height for the description."""


@valueclass
class ListedBot:
    """One line of the list. The texts are cleaned when shown."""

    key: str
    """Identifies the bot in the list; `Picked` contains it."""
    title: str
    bot_id: str = ""
    detail: str = ""
    """A few words in its row."""
    description: str = ""
    """Shown in full under the list while the cursor is on it."""
    is_current: bool = False
    """Whether this bot is in use."""

    def matches(self, words: Iterable[str]) -> bool:
        """Return whether its texts contain every word."""
        text = f"{self.title}\n{self.bot_id}\n{self.detail}\n{self.description}".casefold()
        return all(word in text for word in words)


@valueclass
class BotSection:
    """Bots of one origin."""

    title: str
    entries: Sequence[ListedBot] = ()
    remark: str = ""
    """A muted line below the section: why it has no bots, or no more."""
    is_loading: bool = False
    """Whether more bots may follow soon."""


class BotList(Vertical):
    """A field, the list below it, and details of the bot under the cursor.

    The field keeps the focus and moves the cursor. Enter after a text chooses by that text. If bots that
    are still loading may precede the one under the cursor, Enter waits for them.

    Args:
        base_url: The site in use. A pasted URL of another site is reported, not used.
        text: The initial text of the field.
        taken: IDs of bots on which the cursor does not start if there are others.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("choose"), id="bots.choose"),
        *list_keys("bots", ("first", N_("first row")), ("last", N_("last row")), is_led=True),
    ]
    PART = N_("Bots")

    field = getters.query_one(Field)
    rows = getters.query_one(SelectList)
    remark = getters.query_one("#bot-remark", Paragraphs)
    description = getters.query_one("#bot-description", Paragraphs)

    class Picked(Message):
        """A bot of the list was chosen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Typed(Message):
        """An ID or URL of this site was entered."""

        def __init__(self, address: BotAddress) -> None:
            super().__init__()
            self.address = address

    def __init__(
        self, base_url: str, *, text: str = "", taken: Collection[str] = (), id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._base_url = base_url
        self._taken = frozenset(taken)
        self._taken_keys: frozenset[str] = frozenset()
        self._sections: tuple[BotSection, ...] = ()
        self._filter = clean_line(text.strip())
        self._descriptions: dict[str | None, str] = {}
        """By key."""
        self._settled: set[str] = {_TYPED}
        """Keys of the rows that no later row can precede."""
        self._was_moved = False
        """Whether the user moved the cursor after the last change of the text, and so chose it on purpose."""
        self._waits = False
        """Whether Enter was pressed and waits for the list."""

    def compose(self) -> ComposeResult:
        """Yield field, remark, list and description."""
        yield Field(value=self._filter, placeholder=_("Filter, or paste a bot ID or an editor URL"))
        yield Paragraphs(id="bot-remark", role="attention")
        with ScrollableContainer(classes="body", can_focus=False):
            yield SelectList(is_led=True)
        yield Paragraphs(id="bot-description", role="muted")

    def show(
        self, sections: Sequence[BotSection], *, current: str | None = None, base_url: str | None = None
    ) -> None:
        """Show these sections, each bot once, where it comes first.

        Without a text the cursor goes to the entry `current`, or stays where it is. Otherwise it is on the
        first row with the text, unless it was moved.
        """
        self._sections = _each_once(sections)
        if base_url is not None:
            self._base_url = base_url
        self._lay_out(current, first=bool(self._filter.strip()) and not self._was_moved)
        if self._waits and not self._filter.strip() and current is None:
            self.show_message("")  # without a text, Enter would choose a bot that the user has not seen
        elif self._waits and self._is_decided:
            self.show_message("")
            self.rows.action_choose()

    def show_message(self, text: str) -> None:
        """Show a message below the field until the text changes."""
        self._waits = False
        self.remark.show(*([text] if text else []))

    def clear_field(self) -> None:
        """Clear the field, which shows all bots again."""
        self.field.put("")

    def focus_field(self) -> None:
        """Focus the field."""
        self.field.focus()

    # --- keys ---

    def action_move(self, step: int) -> None:
        """Move the cursor of the list."""
        self._was_moved, self._waits = True, False
        self.rows.move(step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page."""
        self._was_moved, self._waits = True, False
        self.rows.action_page(step)

    def action_edge(self, last: bool) -> None:
        """Move the cursor to an end of the list."""
        self._was_moved, self._waits = True, False
        self.rows.action_edge(last)

    def action_choose(self) -> None:
        """Choose the bot under the cursor, once the list is loaded far enough to decide."""
        self._filter_by(self.field.value)  # the message about the last letter may still be in the queue
        if self._is_decided:
            self.rows.action_choose()
        else:
            self.show_message(_("waiting for the list…"))
            self._waits = True

    @property
    def _is_decided(self) -> bool:
        """Return whether the bots that are still loading cannot change the meaning of the text."""
        if self._was_moved or self._is_loaded:
            return True
        if not self._filter.strip():
            return self.rows.current is not None and self.rows.current not in self._taken_keys
        return self.rows.current in self._settled

    @property
    def _is_loaded(self) -> bool:
        return not any(section.is_loading for section in self._sections)

    @on(Input.Changed)
    def _typed_on(self, changed: Input.Changed) -> None:
        changed.stop()
        self._filter_by(changed.value)

    def _filter_by(self, text: str) -> None:
        if text != self._filter:
            self._filter, self._was_moved = text, False
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
        self._describe()

    def _describe(self) -> None:
        """Show the description of the bot under the cursor, with room for the longest one.

        On a low screen it ends with `…` if there is no room for all of it.
        """
        width = max(1, self.size.width - self.description.gutter.width)
        most = max((height_of(text, width) for text in self._descriptions.values()), default=0)
        room = max(1, round(self.size.height * _DESCRIPTION_SHARE))
        self.description.styles.min_height = self.description.styles.max_height = min(most, room)
        text = first_rows(self._descriptions.get(self.rows.current, ""), width, room)
        self.description.show(*([text] if text else []))
        self.description.display = bool(most)

    def on_resize(self, resize: events.Resize) -> None:
        """Adapt the columns to the width."""
        self._lay_out()
        self._describe()

    # --- what was typed ---

    def _address(self) -> BotAddress | None:
        """Return the bot on this site that the text names by its ID or URL; None for any other text."""
        if not _ID_OR_URL.fullmatch(self._filter.strip()):
            return None
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
        return _("This bot is on {other}, but you are on {here}: choose a profile for {other}.").format(
            other=site_name(address.base_url), here=site_name(self._base_url)
        )

    # --- rows ---

    def _lay_out(self, current: str | None = None, *, first: bool = False) -> None:
        if not self.is_attached:
            return
        words = self._filter.casefold().split()
        rows: list[ListRow] = []
        address = self._address()
        self._descriptions, self._settled, is_settled = {}, {_TYPED}, True
        everything = [one for section in self._sections for one in section.entries]
        self._taken_keys = frozenset(one.key for one in everything if one.bot_id in self._taken)
        for section in self._sections:
            entries = [one for one in section.entries if not words or one.matches(words)]
            if address is not None and any(one.bot_id == address.bot_id for one in entries):
                address = None
            is_settled = is_settled and not section.is_loading
            self._descriptions |= {one.key: one.description for one in entries if one.description}
            self._settled |= {one.key for one in entries if is_settled}
            shown = self._entry_rows(entries)
            remark = _("loading…") if section.is_loading else section.remark
            if remark and (section.is_loading or not words):
                shown.append(ListRow(None, ((clean_line(remark), "muted"),)))
            if shown:
                rows += [ListRow(None, ())] if rows else []
                rows += [ListRow(None, ((clean_line(section.title), "muted bold"),)), *shown]
        if address is not None:
            rows = [_typed_row(address), *([ListRow(None, ())] if rows else []), *rows]
        if not rows:
            rows = [ListRow(None, ((_("no matches"), "muted"),))]
        keys = [row.key for row in rows if row.key is not None]
        if first:
            current = next(iter(keys), None)
        elif self._taken and not (words or self._was_moved):
            current = next((key for key in keys if key not in self._taken_keys), None)
        self.rows.show(rows, current=current)
        self._describe()

    def _entry_rows(self, entries: Sequence[ListedBot]) -> list[ListRow]:
        room = self.size.width - 4
        titles = [clean_line(entry.title) for entry in entries]
        rows = []
        for entry, title in zip(entries, titles, strict=True):
            right: list[Part] = []
            if entry.is_current:
                right.append(("● " + _("in use") + "  ", "bot"))
            if entry.bot_id:
                right.append((tail(clean_line(entry.bot_id)), "muted"))
            title = shorten(title, max(1, room - width_of(right) - 2))
            left: list[Part] = [(title, "text bold" if entry.is_current else "text")]
            rest = room - cell_len(title) - width_of(right) - 4
            if entry.detail and rest >= _LEAST_DETAIL:
                left.append((f"  {shorten(clean_line(entry.detail), rest)}", "muted"))
            rows.append(ListRow(entry.key, tuple(left), tuple(right)))
        return rows


def _each_once(sections: Sequence[BotSection]) -> tuple[BotSection, ...]:
    """Return the sections with each bot where it comes first, with the name and description of any place.

    A section whose bots all come earlier has no remark that it is empty.
    """
    known: dict[str, ListedBot] = {}
    for entry in (entry for section in sections for entry in section.entries if entry.bot_id):
        before = known.get(entry.bot_id)
        if before is None:
            known[entry.bot_id] = entry
            continue
        title = entry.title if before.title == before.bot_id else before.title
        description = before.description or entry.description
        known[entry.bot_id] = replace(before, title=title, description=description)
    kept = []
    for section in sections:
        entries = [known.pop(one.bot_id, None) if one.bot_id else one for one in section.entries]
        kept.append(replace(section, entries=tuple(one for one in entries if one is not None)))
    return tuple(kept)


def _typed_row(address: BotAddress) -> ListRow:
    note = _("the bot with this ID")
    return ListRow(_TYPED, ((address.bot_id, "text"), (f"  {note}", "muted")))
