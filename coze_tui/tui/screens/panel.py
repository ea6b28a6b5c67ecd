"""The calm panel over a dimmed screen that every dialog is: a heading, a body, its keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget

from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.widgets.head import HeadLine
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.line_widget import Part

_NARROW = 80


class Heading(HeadLine):
    """The first line, with an empty one under it: a mark, the title, and a remark at the right."""

    def __init__(self, title: str, *, mark: Part = ("●", "bot"), id: str | None = None) -> None:
        sign, role = mark
        self._left: list[Part] = [(f"{sign} ", role), (clean_line(title), "text bold")]
        super().__init__(lambda _width: [(self._left, ())], id=id)

    def show_remark(self, remark: str) -> None:
        """Show a remark at the right."""
        self.show(self._left, [(clean_line(remark), "muted")] if remark else [])


class Pager(ScrollableContainer, can_focus=True, inherit_bindings=False):
    """What is read: it scrolls with the keys of a pager."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", N_("line up"), id="reading.up", show=False),
        Binding("down,j", "scroll_down", N_("line down"), id="reading.down", show=False),
        Binding("pageup,b", "page_up", N_("page up"), id="reading.page_up", show=False),
        Binding("pagedown,space", "page_down", N_("page down"), id="reading.page_down", show=False),
        Binding("home,g", "scroll_home", N_("to the top"), id="reading.top", show=False),
        Binding("end,G", "scroll_end", N_("to the end"), id="reading.end", show=False),
    ]
    PART = N_("Text")


class Panel(CozeScreen[ScreenResultType], ModalScreen[ScreenResultType]):
    """Subclasses give the body. Esc closes without a result.

    Args:
        keys: Binding ids that come first among the keys at the bottom.
        is_tall: It takes the height of the screen; else what it needs.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("close"), id="panel.leave"),
        Binding("f1", "app.help", N_("help"), id="panel.help", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_NARROW, "-wide")]  # noqa: RUF012 Textual's type is off
    PART = N_("Panel")

    def __init__(
        self, title: str, *, mark: Part = ("●", "bot"), keys: Sequence[str] = (), is_tall: bool = False
    ) -> None:
        super().__init__(classes="-tall" if is_tall else "")
        self._keys = keys
        self.heading = Heading(title, mark=mark)

    def compose(self) -> ComposeResult:
        """Heading, body, keys."""
        with ScrollableContainer(classes="panel", can_focus=False):
            yield self.heading
            yield from self.body()
            yield KeyFooter(self._keys, last="panel.leave")

    def body(self) -> Iterable[Widget]:
        """What stands between heading and keys."""
        return ()

    def action_leave(self) -> None:
        """Close without a result."""
        self.dismiss(None)
