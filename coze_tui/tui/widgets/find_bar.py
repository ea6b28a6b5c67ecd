"""The line with which one finds a text in the open conversation."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from coze_tui.text.format import thousands
from coze_tui.text.i18n import N_, _
from coze_tui.tui.widgets.search_bar import SearchBar


class FindBar(SearchBar):
    """Shown while one finds; it tells what is typed and which way to go, and is told what came of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "step(1)", N_("next"), id="find.next"),
        Binding("up,shift+enter", "step(-1)", N_("previous"), id="find.previous"),
        Binding("tab", "leave", N_("to the log"), id="find.leave"),
        Binding("escape", "close", N_("close"), id="find.close"),
    ]
    PART = N_("Find")

    class Typed(Message):
        """Another text is to be found."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Stepped(Message):
        """The next or the previous match is wanted."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Left(Message):
        """Typing is over; the matches stay lit."""

    class Closed(Message):
        """Nothing is to be found any more."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("⌕", placeholder=_("find in this conversation"), id=id)
        self.display = False

    @property
    def is_open(self) -> bool:
        """One finds."""
        return bool(self.display)

    def open(self) -> None:
        """Let a text be typed; the last one is there to be taken again."""
        self.display = True
        self.field.focus()
        self.field.action_select_all()

    def take(self, text: str) -> None:
        """Show a text that was typed elsewhere; nothing for an empty one."""
        with self.prevent(Input.Changed):
            self.field.put(text)
        self.display = bool(text)
        self.show()

    def close(self) -> None:
        """Be gone."""
        self.display = False

    def show_place(self, place: int, count: int) -> None:
        """Tell which of the places with the text is in sight, counted from 1."""
        if not self.value.strip():
            self.show()
        elif not count:
            self.show((_("not found"), "attention"))
        else:
            self.show((f"{thousands(place)}/{thousands(count)}", "muted"))

    def action_step(self, step: int) -> None:
        """Ask for the next or the previous match."""
        self.post_message(self.Stepped(step))

    def action_leave(self) -> None:
        """Stop typing."""
        self.post_message(self.Left())

    def action_close(self) -> None:
        """Stop finding."""
        self.post_message(self.Closed())

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        self.post_message(self.Typed(message.value))
