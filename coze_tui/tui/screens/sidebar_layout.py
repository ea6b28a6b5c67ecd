"""The place of the events in the chat screen: beside the messages, over them, or on one line below."""

from __future__ import annotations

from coze_tui.tui.screens.conversation import ChatWidgets
from coze_tui.tui.screens.coze_screen import CozeScreen

_WIDE = 100
"""Columns from which the sidebar is beside the messages."""
_LOW = 18
"""Rows below which the screen leaves out what is not needed."""


class SidebarLayout:
    """Arranges the sidebar and the status strip for the size of the terminal."""

    def __init__(self, screen: CozeScreen[None], widgets: ChatWidgets) -> None:
        self._screen = screen
        self._sidebar, self._strip, self._prompt = widgets.sidebar, widgets.strip, widgets.prompt

    @property
    def is_over_log(self) -> bool:
        """Return whether the sidebar covers the messages."""
        return self._sidebar.has_class("-overlay")

    def arrange(self) -> None:
        """Put the events beside the messages, or on a narrow screen over them or into the strip below."""
        size = self._screen.app.size  # known before there is a layout
        is_wide = size.width >= _WIDE
        choice = self._screen.context.settings.sidebar
        self._screen.set_class(not is_wide, "-narrow")
        self._screen.set_class(size.height < _LOW, "-low")
        over = self.is_over_log and not is_wide
        self._sidebar.set_class(over, "-overlay")
        self._sidebar.adapt_to(size.width)
        self._sidebar.display = over or (is_wide and choice != "hidden")
        self._strip.display = not self._sidebar.display

    def toggle(self) -> None:
        """Show or hide the sidebar: over the messages if there is no room beside them."""
        if self._screen.size.width >= _WIDE:
            hidden = self._screen.context.settings.sidebar != "hidden"
            self._screen.context.choose_sidebar("hidden" if hidden else "shown")
            self.arrange()
        else:
            over = not self.is_over_log
            self._sidebar.set_class(over, "-overlay")
            self.arrange()
            (self._sidebar if over else self._prompt).focus()
        self._sidebar.flush()
