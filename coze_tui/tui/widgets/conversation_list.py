"""The history as a list that draws lines: grouped by day, of any length, with a cursor and a selection."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from coze_tui.engine.library.states import MOST_MARKS, all_marks
from coze_tui.render.cells import cell_len, shorten
from coze_tui.render.palette import Palette
from coze_tui.text.i18n import N_, _
from coze_tui.tui.history_items import Item, Ranges, clock, day_heading, day_of, short_date
from coze_tui.tui.widgets.line_list import LineList, list_keys
from coze_tui.tui.widgets.line_widget import Part, role_of, width_of

_LEAST_FOR_BOT = 44
"""Width of a line from which it contains the bot's name."""
_LEAST_BOT = 12
_BOT_SHARE = 3
"""The names of the bots have at most one part in this many of a line."""
_CLOCK_CELLS = 5
_NEAR = 30
"""Lines before the end at which more conversations are requested."""


class ConversationList(LineList):
    """Conversations under the headings of their days. Draws only visible lines.

    Args:
        palette: For the style of a searched text.
    """

    BINDINGS: ClassVar[list[BindingType]] = list_keys(
        "conversations", ("first", N_("first")), ("last", N_("last"))
    )
    PART = N_("Conversations")

    @staticmethod
    def legend() -> Sequence[tuple[str, str]]:
        """Return the signs before the titles with their meaning, for the help."""
        return [(mark.sign, mark.words) for mark in all_marks()]

    class Moved(Message):
        """The cursor has moved to another conversation, or to none."""

        def __init__(self, item: Item | None) -> None:
            super().__init__()
            self.item = item

    class Chosen(Message):
        """A request to open a conversation."""

        def __init__(self, item: Item) -> None:
            super().__init__()
            self.item = item

    class MoreWanted(Message):
        """The cursor is near the end of the loaded conversations."""

        def __init__(self, *, all: bool) -> None:
            super().__init__()
            self.all = all
            """Whether all remaining conversations are wanted."""

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._palette = palette
        self._items: list[Item] = []
        self._starts: list[int] = []
        """The first line of each item."""
        self._headings: dict[int, date | None] = {}
        """By line; None is the heading of the pinned ones."""
        self._total = 0
        self._has_pins = False
        self._selected: set[str] = set()
        self._empty = ""
        self._has_more = False
        self._asked = False
        self._wants_last = False
        self._bot_cells = 0
        """The widest name of a bot among the items."""
        self._time_cells = _CLOCK_CELLS
        """The widest time; that of a pinned conversation may be a date."""

    # --- what is in it ---

    @property
    def items(self) -> Sequence[Item]:
        """Return the loaded conversations."""
        return self._items

    @property
    def current(self) -> Item | None:
        """Return the conversation under the cursor."""
        return self._items[self._cursor] if self._items else None

    @property
    def chosen(self) -> list[Item]:
        """Return the selected conversations from the top, or the one under the cursor."""
        found = [item for item in self._items if item.id in self._selected]
        if found:
            return found
        return [self.current] if self.current else []

    @property
    def selected(self) -> int:
        """Return the number of selected conversations."""
        return len(self._selected)

    def show(
        self,
        items: Sequence[Item],
        *,
        has_more: bool = False,
        has_pins: bool = True,
        empty: str = "",
        from_top: bool = False,
    ) -> None:
        """Show these conversations; the cursor and the view stay in place if possible.

        Args:
            has_more: Whether further ones can be requested by `MoreWanted`.
            has_pins: Whether pinned ones have their own heading.
            empty: The text to show if there are no conversations.
            from_top: Whether the list is another one, so that the cursor moves to the top.
        """
        before, at = self.current, self._cursor
        is_same = list(items) == self._items and has_pins == self._has_pins
        self._empty, self._has_more, self._asked = empty, has_more, False
        if not is_same:
            line = self._starts[at] - self.scroll_offset.y if before else 0
            self._items, self._has_pins = list(items), has_pins
            known = {item.id for item in items}
            self._selected &= known
            self._place_items()
            self._cursor = 0 if from_top else self._nearest(before, at)
            if not from_top and self._items and before and self._items[self._cursor].id == before.id:
                self.scroll_to(y=max(0, self._starts[self._cursor] - line), animate=False)
        if from_top:
            self._cursor = 0
            self.scroll_to(y=0, animate=False)
        if self._wants_last and not has_more:
            self._wants_last = False
            self._cursor = max(0, len(self._items) - 1)
        self.follow()
        self.refresh()
        if self.current != before:
            self.post_message(self.Moved(self.current))
        self._ask_for_more()

    def go_to(self, id: str) -> None:
        """Put the cursor on a conversation, if it is loaded."""
        place = next((place for place, item in enumerate(self._items) if item.id == id), None)
        if place is not None:
            self.go(place)

    def set_palette(self, palette: Palette) -> None:
        """Draw in other colors."""
        self._palette = palette
        self.refresh()

    def _nearest(self, before: Item | None, at: int) -> int:
        """Return the row for the cursor after a change: the same conversation, else the same row."""
        if before is not None:
            for place, item in enumerate(self._items):
                if item.id == before.id:
                    return place
        return max(0, min(at, len(self._items) - 1))

    def _place_items(self) -> None:
        self._starts, self._headings, line = [], {}, 0
        above: date | str | None = ""
        days: dict[int, date] = {}
        self._bot_cells = max(map(cell_len, {item.bot for item in self._items}), default=0)
        self._time_cells = max(
            (cell_len(self._time_of(item)) for item in self._items if self._stands_pinned(item)),
            default=_CLOCK_CELLS,
        )
        for item in self._items:
            quarter = item.at_ms // 900_000  # no time zone changes its day within a quarter of an hour
            day = days.get(quarter)
            if day is None:
                day = days[quarter] = day_of(item.at_ms)
            group = None if self._stands_pinned(item) else day
            if group != above:
                self._headings[line] = above = group
                line += 1
            self._starts.append(line)
            line += item.height
        self._total = line
        self.virtual_size = Size(self.line_width, line)

    # --- moving ---

    @property
    def row_count(self) -> int:
        """Return the number of loaded conversations."""
        return len(self._items)

    @property
    def line_count(self) -> int:
        """Return the number of lines of conversations and headings."""
        return self._total

    def lines_of(self, row: int) -> tuple[int, int]:
        """Return the lines of a conversation and of the heading right above it."""
        first = self._starts[row]
        return first - (first - 1 in self._headings), first + self._items[row].height

    def cursor_moved(self) -> None:
        """Post the conversation under the cursor."""
        self.post_message(self.Moved(self.current))

    def go(self, row: int) -> None:
        """Put the cursor on a conversation."""
        if self._items:
            self._wants_last = False
            super().go(row)
            self._ask_for_more()

    def action_page(self, step: int) -> None:
        """Move by a page."""
        if self._items:
            target = self._starts[self._cursor] + step * max(1, self.room - 1)
            self.go(bisect_right(self._starts, max(0, target)) - 1)

    def action_edge(self, is_end: bool) -> None:
        """Go to the first conversation, or to the last of all, also if it is not loaded yet."""
        if is_end and self._has_more:
            self._wants_last, self._asked = True, False
            self._ask_for_more()
        else:
            super().action_edge(is_end)

    def select(self) -> None:
        """Toggle the selection of the conversation under the cursor, and go to the next one."""
        item = self.current
        if item is not None:
            self._selected ^= {item.id}
            self.refresh()
            self.move(1)

    def select_all(self) -> None:
        """Select all loaded conversations, or none if all are selected."""
        everything = {item.id for item in self._items}
        self._selected = set() if self._selected == everything else everything
        self.refresh()

    def unselect(self) -> bool:
        """Clear the selection; return whether there was one."""
        had, self._selected = bool(self._selected), set()
        if had:
            self.refresh()
        return had

    def on_click(self, click: events.Click) -> None:
        """Move the cursor to the clicked conversation; a second click opens it."""
        line = self.line_at(click)
        place = None if line is None else self._place(line)
        if place is None:
            return
        if place == self._cursor and click.chain > 1:
            self.post_message(self.Chosen(self._items[place]))
        else:
            self.go(place)

    def _place(self, line: int) -> int | None:
        """Return the conversation on a line; None for a heading."""
        if not self._items or line in self._headings or not 0 <= line < self._total:
            return None
        return bisect_right(self._starts, line) - 1

    # --- scrolling ---

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._ask_for_more()

    def on_resize(self) -> None:
        """Scroll to keep the cursor visible."""
        super().on_resize()
        self._ask_for_more()

    def _ask_for_more(self) -> None:
        bottom = self.scroll_offset.y + self.scrollable_content_region.height
        is_near = self._wants_last or bottom + _NEAR > self._total
        if self._has_more and not self._asked and is_near:
            self._asked = True
            self.post_message(self.MoreWanted(all=self._wants_last))

    # --- looks ---

    def style_of(self, role: str) -> Style:
        """Return the style of a role; `hit` is a match of the search."""
        return self._palette.search_hit if role == "hit" else super().style_of(role)

    def render_line(self, y: int) -> Strip:
        """Return a visible line."""
        line = self.scroll_offset.y + y
        if not self._items:
            return self.line([(f"  {self._empty}", "muted")] if y == 1 else [])
        if line in self._headings:
            return self.line([(f" {self._heading(self._headings[line])}", "muted bold")])
        place = self._place(line)
        if place is None:
            return self.line([])
        item = self._items[place]
        is_current = place == self._cursor
        if line == self._starts[place]:
            left, right = self._first_line(item, is_current)
        else:
            left, right = self._second_line(item)
        drawn = self.line(left, right, "selected" if is_current else "")
        return self.with_cursor(drawn, column=1) if is_current else drawn

    def _heading(self, day: date | None) -> str:
        return _("PINNED") if day is None else day_heading(day, day_of(int(time.time() * 1000)))

    def _first_line(self, item: Item, is_current: bool) -> tuple[list[Part], list[Part]]:
        role = "text bold" if is_current else "text" if item.server is None else "muted"
        right = self._right(item)
        is_selected = item.id in self._selected
        left: list[Part] = [("✓", "user bold") if is_selected else (" ", "text"), (" ", "text")]
        left += [*_flags(item), (" ", "text")]
        room = self.line_width - width_of(left) - width_of(right) - 2
        title = item.title or _("untitled")
        role = role if item.title else "muted"
        left += parts_around(title, item.title_hits, room, role)
        return left, right

    def _right(self, item: Item) -> list[Part]:
        """Return the columns at the right: bot and time. A search has the bot in the second line."""
        right: list[Part] = [(f"{self._time_of(item):>{self._time_cells}} ", "muted")]
        if not item.snippet and self.line_width >= _LEAST_FOR_BOT and self._bot_cells:
            column = self._bot_column
            name = shorten(item.bot, column)
            right.insert(0, (name + " " * (column - cell_len(name) + 2), "muted"))
        return right

    @property
    def _bot_column(self) -> int:
        """Return the cells for the names of bots: those of the widest name, within a limit."""
        return min(self._bot_cells, max(_LEAST_BOT, self.line_width // _BOT_SHARE))

    def _stands_pinned(self, item: Item) -> bool:
        return self._has_pins and item.is_pinned

    def _time_of(self, item: Item) -> str:
        """Return the time of day, which is enough under the heading of a day, or the date."""
        if not self._stands_pinned(item):
            return clock(item.at_ms)
        return short_date(item.at_ms, day_of(int(time.time() * 1000)))

    def _second_line(self, item: Item) -> tuple[list[Part], list[Part]]:
        left: list[Part] = [(" " * (_LEAD_CELLS + MOST_MARKS), "muted")]
        if item.bot:
            left.append((shorten(item.bot, self._bot_column) + "  ", "muted"))
        right: list[Part] = [(f"+{item.more} ", "muted")] if item.more else []
        room = self.line_width - width_of(left) - width_of(right) - 2
        return left + parts_around(item.snippet, item.snippet_hits, room, "muted"), right


_LEAD_CELLS = 3
"""Cells of a line beside the signs and the title: selection, cursor, and the gap before the title."""


def _flags(item: Item) -> list[Part]:
    """Return the signs of the states, next to the title; `☁` alone for one that is only on the server."""
    flags: list[Part] = [(mark.sign, role_of(mark.level)) for mark in item.marks]
    if item.server is not None:
        flags = [("☁", "attention")]
    return [(" " * (MOST_MARKS - len(flags)), "text"), *flags]


def parts_around(text: str, hits: Ranges, width: int, role: str) -> list[Part]:
    """Return a text cut so that its first match is visible, with the matches highlighted.

    Args:
        hits: Start and end of each, in order.
        width: The available cells.
    """
    start = 0
    if hits and cell_len(text) > width:
        start = hits[0][0]
        room = min(width // 3, width - cell_len(text[start : hits[0][1]]) - 2)
        while start and cell_len(text[start - 1 : hits[0][0]]) <= room:
            start -= 1
    lead: list[Part] = [("…", role)] if start else []
    shown = shorten(text[start:], width - len(lead))
    end = start + len(shown) - (1 if shown != text[start:] else 0)
    parts, at = lead, start
    for first, last in hits:
        first, last = max(first, at), min(last, end)
        if first < last:
            parts += [(text[at:first], role), (text[first:last], "hit")]
            at = last
    parts.append((shown[at - start :], role))
    return [(part, style) for part, style in parts if part]
