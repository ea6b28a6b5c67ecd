"""Small dialogs that ask or show one thing. They only return a result; the caller acts on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import getters, on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from coze_tui.render.cells import cell_len
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_
from coze_tui.tui.screens.coze_screen import Pager, Panel
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from coze_tui.tui.widgets.text_views import Paragraphs
from coze_tui.values import valueclass


class Confirm(Panel[bool]):
    """A question with two answers; the cursor starts on the one that changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", N_("yes"), id="confirm.yes", show=False),
        Binding("n", "answer(False)", N_("no"), id="confirm.no", show=False),
    ]
    rows = getters.query_one(SelectList)

    def __init__(self, title: str, text: str, yes: str, no: str) -> None:
        super().__init__(title, mark=("?", "attention bold"))
        self._text = text
        self._yes, self._no = yes, no

    def body(self) -> Iterable[Widget]:
        """Yield the question and its answers."""
        if self._text:
            yield Paragraphs(self._text, "")
        answers = [("y", self._yes), ("n", self._no)]
        yield SelectList(
            [ListRow(key, ((f"{key}  ", "bot"), (clean_line(text), "text"))) for key, text in answers]
        )

    def on_mount(self) -> None:
        """Put the cursor on the harmless answer."""
        self.rows.go_to("n")
        self.rows.focus()

    def action_answer(self, answer: bool) -> None:
        """Close with an answer."""
        self.dismiss(answer)

    def action_leave(self) -> None:
        """Close with False."""
        self.dismiss(False)

    @on(SelectList.Chosen)
    def _chosen(self, chosen: SelectList.Chosen) -> None:
        self.dismiss(chosen.key == "y")


_USUAL_CELLS = 50
"""The longest value that a dialog of the usual width shows whole."""


class AskText(Panel[str | None]):
    """Asks for one line of text. The result is trimmed and may be empty; None if the user cancels."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", N_("OK"), id="ask_text.take"),
    ]
    field = getters.query_one(Field)

    def __init__(self, title: str, value: str = "", placeholder: str = "") -> None:
        super().__init__(title)
        self._value = clean_line(value)
        self._placeholder = clean_line(placeholder)
        self.set_class(cell_len(self._value) > _USUAL_CELLS, "-long")

    def body(self) -> Iterable[Widget]:
        """Yield the field."""
        yield Field(value=self._value, placeholder=self._placeholder)

    def action_take(self) -> None:
        """Close with the typed text."""
        self.dismiss(self.field.value.strip())


@valueclass
class Option:
    """One choice of `Choose`."""

    key: str
    """The result if it is chosen."""
    label: str
    detail: str = ""
    """An explanation of one line."""


class Choose(Panel[str | None]):
    """Asks for one of a few options, by digit or cursor. The result is its key, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(number), f"pick({number})", N_("choose by number"), id=f"choose.{number}", show=False)
        for number in range(1, 10)
    ]
    rows = getters.query_one(SelectList)

    def __init__(self, title: str, text: str, options: Sequence[Option]) -> None:
        super().__init__(title)
        self._text = text
        self._options = tuple(options)

    def body(self) -> Iterable[Widget]:
        """Yield the explanation and the options."""
        if self._text:
            yield Paragraphs(self._text, "")
        yield SelectList([_option_row(number, option) for number, option in enumerate(self._options, 1)])

    def on_mount(self) -> None:
        self.rows.focus()

    def action_pick(self, number: int) -> None:
        """Close with the option of a number."""
        if number <= len(self._options):
            self.dismiss(self._options[number - 1].key)

    @on(SelectList.Chosen)
    def _chosen(self, chosen: SelectList.Chosen) -> None:
        self.dismiss(chosen.key)


def _option_row(number: int, option: Option) -> ListRow:
    digit = f"{number}  " if number < 10 else "   "
    below = ((f"   {clean_line(option.detail)}", "muted"),) if option.detail else ()
    return ListRow(option.key, ((digit, "bot"), (clean_line(option.label), "text")), below=below)


class ShowText(Panel[None]):
    """Shows a text without bars or numbers, so that the terminal's own selection copies it clean."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,p", "leave", N_("close"), id="show_text.leave", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title, is_tall=True)
        self._text = text

    def body(self) -> Iterable[Widget]:
        """Yield the text."""
        yield Pager(Paragraphs(self._text), classes="body")
