"""One line to type in, alone or in a bar with a sign before it and a remark after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets.input import Selection

from coze_tui.render.cells import cell_len
from coze_tui.terminal.keys import KeyRun
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _
from coze_tui.text.words import word_left, word_right
from coze_tui.tui.commands import parse
from coze_tui.tui.key_names import short_key
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of

_LEAST_FOR_HINT = 36
"""Cells for the text and the number of matches that a hint must leave free."""


def edit(key: str, action: str, name: str, description: str) -> Binding:
    """Return a binding of all widgets with text input."""
    return Binding(key, action, description, id=f"text.{name}", show=False)


class Field(Input, inherit_bindings=False):
    """Textual's Input with our looks; a pasted text is cleaned and inserted as one line.

    The screen handles Enter, because it knows the meaning of the text. A hidden field never copies its text
    to a clipboard.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        edit("left", "cursor_left", "left", N_("left")),
        edit("right", "cursor_right", "right", N_("right")),
        edit("ctrl+left,alt+b", "cursor_left_word", "word_left", N_("word left")),
        edit("ctrl+right,alt+f", "cursor_right_word", "word_right", N_("word right")),
        edit("home,ctrl+a", "home", "line_start", N_("start of the line")),
        edit("end,ctrl+e", "end", "line_end", N_("end of the line")),
        edit("shift+left", "cursor_left(True)", "select_left", N_("select left")),
        edit("shift+right", "cursor_right(True)", "select_right", N_("select right")),
        edit("shift+home", "home(True)", "select_to_start", N_("select to the start")),
        edit("shift+end", "end(True)", "select_to_end", N_("select to the end")),
        edit("f7", "select_all", "select_all", N_("select all")),
        edit("backspace", "delete_left", "delete_left", N_("delete left")),
        edit("delete,ctrl+d", "delete_right", "delete_right", N_("delete right")),
        edit("ctrl+w,ctrl+backspace,alt+backspace", "delete_left_word", "delete_word", N_("delete a word")),
        edit("alt+d,alt+delete", "delete_right_word", "delete_word_right", N_("delete the next word")),
        edit("ctrl+u", "delete_left_all", "delete_to_start", N_("delete to the start of the line")),
        edit("ctrl+k", "delete_right_all", "delete_to_end", N_("delete to the end")),
        edit("ctrl+x", "cut", "cut", N_("cut")),
        edit("ctrl+v", "paste", "paste", N_("paste what was cut")),
    ]
    PART = N_("Editing")
    takes_line_ends: ClassVar[bool] = False
    """See `TakesRuns`: the screen handles Enter."""

    def __init__(
        self, *, value: str = "", placeholder: str = "", password: bool = False, id: str | None = None
    ) -> None:
        super().__init__(value, placeholder, password=password, select_on_focus=False, compact=True, id=id)
        self.cursor_blink = False

    def put(self, value: str) -> None:
        """Replace the text, the cursor at the end."""
        self.value = value
        self.cursor_position = len(value)

    def on_key_run(self, run: KeyRun) -> None:
        """Insert characters that were read at once."""
        self.replace(clean_line(run.text), *self.selection)

    def on_paste(self, paste: events.Paste) -> None:
        """Insert all lines, because Textual silently drops all but the first."""
        paste.stop()
        paste.prevent_default()
        self._insert(paste.text)

    def action_paste(self) -> None:
        """Insert the text that was copied in this program."""
        self._insert(self.app.clipboard)

    def action_copy(self) -> None:
        """Copy the selection, unless it is hidden."""
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        """Cut the selection, unless it is hidden."""
        if not self.password:
            super().action_cut()

    def action_cursor_left_word(self, select: bool = False) -> None:
        """Move to the start of the word before the cursor; of a hidden text, to its start."""
        if self.password:
            super().action_cursor_left_word(select)
        else:
            self._move(word_left(self.value, self.cursor_position), select)

    def action_cursor_right_word(self, select: bool = False) -> None:
        """Move to the end of the word after the cursor; of a hidden text, to its end."""
        if self.password:
            super().action_cursor_right_word(select)
        else:
            self._move(word_right(self.value, self.cursor_position), select)

    def action_delete_left_word(self) -> None:
        """Delete what is selected, or the word before the cursor; of a hidden text, all before it."""
        if self.password or not self.selection.is_empty:
            super().action_delete_left_word()
        else:
            self.delete(word_left(self.value, self.cursor_position), self.cursor_position)

    def action_delete_right_word(self) -> None:
        """Delete what is selected, or the word after the cursor; of a hidden text, all after it."""
        if self.password or not self.selection.is_empty:
            super().action_delete_right_word()
        else:
            self.delete(self.cursor_position, word_right(self.value, self.cursor_position))

    def _move(self, target: int, select: bool) -> None:
        if select:
            self.selection = Selection(self.selection.start, target)
        else:
            self.cursor_position = target

    def _insert(self, text: str) -> None:
        # A line end within the text becomes a space, so that a torn token is noticed, not shortened.
        self.replace(clean_line(text.strip()), *self.selection)


class _Words(LineWidget):
    """A few words; the widget is as wide as they are."""

    def __init__(self, parts: Sequence[Part], *, classes: str) -> None:
        super().__init__(classes=classes)
        self._parts = list(parts)
        self.styles.width = width_of(parts)

    def show(self, parts: Sequence[Part]) -> None:
        """Set the words."""
        if list(parts) != self._parts:
            self._parts = list(parts)
            self.styles.width = width_of(parts)
            self.refresh(layout=True)

    @property
    def text(self) -> str:
        """Return the words without their roles."""
        return "".join(text for text, _role in self._parts)

    def render_line(self, y: int) -> Strip:
        """Return the line with the words."""
        return self.line(self._parts)


class SearchBar(Horizontal):
    """A bar with a field, whose text the screen interprets.

    Args:
        mark: The sign before it.
    """

    field = getters.query_one(Field)

    def __init__(self, mark: str, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._mark = _Words([(f"{mark} ", "user bold")], classes="mark")
        self._remark = _Words([], classes="remark")
        self._placeholder = placeholder

    @property
    def value(self) -> str:
        """Return the typed text."""
        return self.field.value

    @property
    def remark(self) -> str:
        """Return the remark at the right."""
        return self._remark.text

    def compose(self) -> ComposeResult:
        yield self._mark
        yield Field(placeholder=self._placeholder)
        yield self._remark

    def show(self, *parts: Part) -> None:
        """Show the result at the right."""
        self._remark.show([*parts, (" ", "muted")] if parts else [])


class FindBar(SearchBar):
    """The bar of a search in the conversation: it posts the typed text and steps, and shows the result."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "step(1)", N_("next"), id="find.next"),
        Binding("up,shift+enter", "step(-1)", N_("previous"), id="find.previous"),
        Binding("tab", "leave", N_("go to the messages"), id="find.leave"),
        Binding("escape", "close", N_("close"), id="find.close"),
    ]
    PART = N_("Find")

    class Typed(Message):
        """The searched text has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Stepped(Message):
        """A request for the next or the previous match."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Left(Message):
        """The user has left the field; the matches stay highlighted."""

    class Closed(Message):
        """The search was closed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("⌕", placeholder=_("find in this conversation"), id=id)
        self.display = False
        self.opened_from: Widget | None = None
        """The widget that had the focus when the bar was opened, to which Esc returns."""
        self._place: Part = ("", "muted")

    @property
    def is_open(self) -> bool:
        """Return whether the search bar is open."""
        return bool(self.display)

    def on_mount(self) -> None:
        """Update the hint when the active keys change."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self._flush())

    def on_resize(self) -> None:
        """Update the hint for the new width."""
        self._flush()

    def open(self) -> None:
        """Open the bar with the last text, which is searched again; typing replaces it."""
        if not self.display and self.value.strip():
            self.post_message(self.Typed(self.value))
        if self.screen.focused is not self.field:
            self.opened_from = self.screen.focused
        self.display = True
        self.field.focus()
        self.field.action_select_all()

    def take(self, text: str) -> None:
        """Show the query of another search; hides the bar for an empty one."""
        with self.prevent(Input.Changed):
            self.field.put(text)
        self.display = bool(text)
        self._show_place("")

    def close(self) -> None:
        """Hide the bar."""
        self.display = False

    def show_place(self, place: int, count: int) -> None:
        """Show the number of the current match, counted from 1, and the count."""
        if not self.value.strip():
            self._show_place("")
        elif not count:
            words = _("not found")
            if found := parse("/" + self.value.strip().removeprefix("/")):
                words = _("not found · {command} is a command for the prompt").format(command=found[0].name)
            self._show_place(words, "attention")
        else:
            self._show_place(f"{thousands(place)}/{thousands(count)}", "text")

    def _show_place(self, words: str, role: str = "muted") -> None:
        self._place = (words, role)
        self._flush()

    def _flush(self) -> None:
        if not self.display or not self.is_attached:
            return
        place, role = self._place
        hint = self._hint() if place and role != "attention" else ""
        self.show(*([(place, role)] if place else []), *([(f"   {hint}", "muted")] if hint else []))

    def _hint(self) -> str:
        """Return a hint with the active keys for matches; empty if there is no room."""
        names: dict[str, str] = {}
        for key, active in self.screen.active_bindings.items():
            names.setdefault(active.binding.id or "", active.binding.key_display or short_key(key))
        hints = [
            f"{names[key]} {_(words)}"
            for key, words in (
                *(("find.next", N_("next")), ("find.previous", N_("previous")), ("find.close", N_("close"))),
                *(("log.find_next", N_("next")), ("log.find_previous", N_("previous"))),
            )
            if key in names
        ]
        text = " · ".join(hints)
        return text if self.size.width >= cell_len(text) + _LEAST_FOR_HINT else ""

    def action_step(self, step: int) -> None:
        """Ask for the next or the previous match."""
        self.post_message(self.Stepped(step))

    def action_leave(self) -> None:
        """Stop typing."""
        self.post_message(self.Left())

    def action_close(self) -> None:
        """Close the search."""
        self.post_message(self.Closed())

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        self.post_message(self.Typed(message.value))
