"""One line to type in: flat, with a bar at the left that lights up where one types."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input

from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_


def _edit(key: str, action: str, name: str, description: str) -> Binding:
    return Binding(key, action, description, id=f"text.{name}", show=False)


class Field(Input, inherit_bindings=False):
    """Textual's Input with our looks; what is pasted is cleaned and kept whole on one line.

    Enter is the screen's: it knows what taking the text means. A hidden field never gives its text to a
    clipboard.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        _edit("left", "cursor_left", "left", N_("left")),
        _edit("right", "cursor_right", "right", N_("right")),
        _edit("ctrl+left,alt+b", "cursor_left_word", "word_left", N_("word left")),
        _edit("ctrl+right,alt+f", "cursor_right_word", "word_right", N_("word right")),
        _edit("home,ctrl+a", "home", "line_start", N_("start of the line")),
        _edit("end,ctrl+e", "end", "line_end", N_("end of the line")),
        _edit("shift+left", "cursor_left(True)", "select_left", N_("select left")),
        _edit("shift+right", "cursor_right(True)", "select_right", N_("select right")),
        _edit("shift+home", "home(True)", "select_to_start", N_("select to the start")),
        _edit("shift+end", "end(True)", "select_to_end", N_("select to the end")),
        _edit("f7", "select_all", "select_all", N_("select all")),
        _edit("backspace", "delete_left", "delete_left", N_("delete left")),
        _edit("delete,ctrl+d", "delete_right", "delete_right", N_("delete right")),
        _edit("ctrl+w,ctrl+backspace,alt+backspace", "delete_left_word", "delete_word", N_("delete a word")),
        _edit("alt+d,alt+delete", "delete_right_word", "delete_word_right", N_("delete the next word")),
        _edit("ctrl+u", "delete_left_all", "delete_to_start", N_("delete to the start of the line")),
        _edit("ctrl+k", "delete_right_all", "delete_to_end", N_("delete to the end")),
        _edit("ctrl+x", "cut", "cut", N_("cut")),
        _edit("ctrl+v", "paste", "paste", N_("paste what was cut")),
    ]
    PART = N_("Editing")

    def __init__(
        self, *, value: str = "", placeholder: str = "", password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(value, placeholder, password=password, select_on_focus=False, compact=True, id=id)
        self.cursor_blink = False

    def put(self, value: str) -> None:
        """Replace the text, the cursor at the end."""
        self.value = value
        self.cursor_position = len(value)

    def on_paste(self, paste: events.Paste) -> None:
        """Insert all of it: Textual takes the first line and drops the rest without a word."""
        paste.stop()
        paste.prevent_default()
        self._insert(paste.text)

    def action_paste(self) -> None:
        """Insert what was copied in this program."""
        self._insert(self.app.clipboard)

    def action_copy(self) -> None:
        """Copy the selection, unless it is hidden."""
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        """Cut the selection, unless it is hidden."""
        if not self.password:
            super().action_cut()

    def _insert(self, text: str) -> None:
        # A line end within the text becomes a space, so that a torn token is noticed, not shortened.
        self.replace(clean_line(text.strip()), *self.selection)
