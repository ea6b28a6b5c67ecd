"""The base of pickers: a field filters a list, and moves its cursor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import getters, on
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.widget import Widget
from textual.widgets import Input

from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.screens.coze_screen import Panel
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.line_list import list_keys
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from coze_tui.tui.widgets.text_views import Paragraphs


class FilterPanel(Panel[str | None]):
    """Asks for one row of a list. The result is its key, or None.

    Args:
        placeholder: Shown in the empty field.
        text: The initial text of the field.
        is_tall: It takes the height of the screen; else what its rows need.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", N_("choose"), id="picker.choose"),
        *list_keys("picker", ("first", N_("first row")), ("last", N_("last row")), is_led=True),
    ]
    PART = N_("Picker")
    FOOTER: ClassVar[Sequence[str]] = ("picker.choose",)
    """IDs of the bindings that the footer shows first."""

    field = getters.query_one(Field)
    rows = getters.query_one(SelectList)
    hint = getters.query_one("#picker-hint", Paragraphs)

    def __init__(self, title: str, *, placeholder: str, text: str = "", is_tall: bool = True) -> None:
        super().__init__(title, keys=self.FOOTER, is_tall=is_tall)
        self._placeholder = placeholder
        self._text = clean_line(text)

    # --- defined by subclasses ---

    @abstractmethod
    def rows_for(self, query: str, width: int) -> Sequence[ListRow]:
        """Return the rows that match the typed text.

        Args:
            query: The typed text without spaces at its ends; empty for all rows.
            width: Cells of a row.
        """

    def hint_for(self, key: str | None) -> str:
        """Return a sentence about the row under the cursor, shown below the list; empty for none."""
        return ""

    def moved(self, key: str | None) -> None:
        """Handle that the cursor is on another row, or on none."""

    # --- composing ---

    def body(self) -> Iterable[Widget]:
        """Yield the field, the list and the sentence about its row."""
        yield Field(value=self._text, placeholder=self._placeholder)
        with ScrollableContainer(classes="body", can_focus=False):
            yield SelectList(is_led=True)
        yield Paragraphs(id="picker-hint", role="muted")

    def on_mount(self) -> None:
        """Show the rows."""
        self.field.focus()
        self.show_rows()

    def show_rows(self, current: str | None = None, *, first: bool = False) -> None:
        """Show the rows for the typed text.

        Args:
            current: The row to put the cursor on.
            first: Whether to put it on the first row.
        """
        if not self.query(Field):
            return  # a resize came before the first layout
        rows = self.rows_for(self.field.value.strip(), self.rows.line_width - 3)
        if not rows:
            rows = [ListRow(None, ((_("no matches"), "muted"),))]
        if first:
            current = next((row.key for row in rows if row.key is not None), None)
        self.rows.show(rows, current=current)
        self._tell()

    def _tell(self) -> None:
        key = self.rows.current
        self.moved(key)
        self.hint.show(*([text] if (text := self.hint_for(key)) else []))

    def on_resize(self) -> None:
        """Fit the rows to the width."""
        self.show_rows()

    # --- keys ---

    @on(Input.Changed)
    def _typed(self) -> None:
        self.show_rows(first=True)

    @on(SelectList.Moved)
    def _moved(self) -> None:
        self._tell()

    @on(SelectList.Chosen)
    def _chosen(self, chosen: SelectList.Chosen) -> None:
        self.dismiss(chosen.key)

    def action_move(self, step: int) -> None:
        """Move the cursor of the list."""
        self.rows.move(step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page."""
        self.rows.action_page(step)

    def action_edge(self, last: bool) -> None:
        """Move the cursor to the first or the last row."""
        self.rows.action_edge(last)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        self.rows.action_choose()
