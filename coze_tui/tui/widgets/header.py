"""The line at the top: bot, site, title of the conversation, and the state chip."""

from __future__ import annotations

from textual.reactive import reactive
from textual.strip import Strip

from coze_tui.render.cells import cell_len, shorten
from coze_tui.tui.widgets.chip import Chip
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of

_LEAST_TITLE = 8
"""The least cells in which a title is shown."""


class ChatHeader(LineWidget):
    """Shows bot, site, title and state. Each value repaints the line only if it differs.

    In a narrow terminal the title is cut first, then the site, then the bot's name; the chip stays.
    """

    bot: reactive[str] = reactive("")
    """Name of the bot; clean, on one line, as `site` and `title`."""
    site: reactive[str] = reactive("")
    title: reactive[str] = reactive("")
    chip: reactive[Chip] = reactive(Chip())

    def __init__(self, *, bot: str = "", site: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(ChatHeader.bot, bot)
        self.set_reactive(ChatHeader.site, site)

    def show_chip(self, chip: Chip) -> None:
        """Set the chip; it may be called at every frame, because only another text repaints the line."""
        if chip.text != self.chip.text or chip.activity is not self.chip.activity:
            self.chip = chip

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.content_size.width
        activity = self.chip.activity
        sign, word = activity.sign, self.chip.text
        word = shorten(word, max(0, width - 3))
        right: list[Part] = [(f"{sign} ", activity.role), (f"{word}", activity.role)]
        room = width - width_of(right) - 2
        if room < 1:
            return self.line([], right)
        bot = shorten(self.bot, room - 2)
        left: list[Part] = [("● ", "bot"), (bot, "text bold")]
        room -= width_of(left)
        if self.site and room >= cell_len(self.site) + 3:
            left.append((f"   {self.site}", "muted"))
            room -= cell_len(self.site) + 3
        if self.title and room >= _LEAST_TITLE + 3:
            title = shorten(self.title, room - 3)
            # In the middle of the line where it fits there, else close to the left part.
            middle = (width - cell_len(title)) // 2
            last = width - width_of(right) - 2 - cell_len(title)
            start = max(width_of(left) + 3, min(middle, last))
            left += [(" " * (start - width_of(left)), "text"), (title, "text")]
        return self.line(left, right)
