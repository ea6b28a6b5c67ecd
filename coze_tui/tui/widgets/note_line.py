"""A line above the prompt that is hidden while it has no text."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.strip import Strip

from coze_tui.render.cells import cell_len, shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.tui.widgets.line_widget import LineWidget


class NoteLine(LineWidget):
    """Shows a sign, a text, and a hint after it; a long text is shortened, the hint is not."""

    class Clicked(Message):
        """The user has clicked the line."""

        def __init__(self, line: NoteLine) -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> NoteLine:
            """Return the line; lets `on` select it."""
            return self.line

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown = ("", "", "")
        self.display = False

    @property
    def text(self) -> str:
        """Return the displayed note; empty if hidden."""
        return " · ".join(part for part in self._shown[1:] if part)

    def show(self, sign: str, text: str, hint: str) -> bool:
        """Show a text; return False if it is shown already.

        Args:
            sign: One cell.
            hint: The key to press; never cut.
        """
        before, self._shown = self._shown, (sign, clean_line(text), clean_line(hint))
        self.display = bool(text)
        self.refresh()
        return before != self._shown

    def hide(self) -> bool:
        """Show nothing; return False if the line is hidden already."""
        return self.show("", "", "")

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        sign, text, hint = self._shown
        room = self.line_width - cell_len(f"{sign}  · {hint}")
        return self.line(
            [(f"{sign} ", "attention bold"), (shorten(text, max(0, room)), "text"), (f" · {hint}", "muted")]
        )

    def on_click(self, click: events.Click) -> None:
        """Post `Clicked`."""
        self.post_message(self.Clicked(self))
