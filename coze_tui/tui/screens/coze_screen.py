"""The base classes of all screens and dialogs but Textual's command palette."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Input, TextArea
from textual.widgets.text_area import Selection
from textual.worker import Worker, WorkerState

from coze_tui.errors import CozeTuiError
from coze_tui.render.cells import shorten
from coze_tui.terminal.app import TerminalScreen
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_
from coze_tui.tui.context import AppContext, ContextApp
from coze_tui.tui.widgets.head import HeadLine, HeadParts
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.line_widget import Part, width_of

_NARROW = 80
_LEAST_GAP = 3
"""Cells between a title and its remark."""
_LEAST_REMARK = 8


class CozeScreen(TerminalScreen[ScreenResultType]):
    """A screen that reaches the program's services, and whose failing workers are always reported.

    Ctrl+C copies what is selected, and closes the screen if nothing is. Screens with answers stop them first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+c",
            "interrupt",
            N_("copy the selection, or close"),
            id="app.interrupt",
            show=False,
            priority=True,
        ),
    ]
    PART = N_("Global")

    @property
    def context(self) -> AppContext:
        """Return the services of the program. Only a `ContextApp` has them."""
        app = self.app
        assert isinstance(app, ContextApp)
        return app.context

    def run_in_worker(
        self,
        group: str,
        work: Callable[..., Coroutine[object, object, object]],
        *args: object,
        exclusive: bool = False,
    ) -> None:
        """Call a coroutine function in a worker of this screen; `notify_failure` shows its expected errors.

        Args:
            exclusive: Cancel the other workers of the group first.
        """
        self.run_worker(partial(work, *args), group=group, exclusive=exclusive, exit_on_error=False)

    def action_interrupt(self) -> None:
        """Copy the selection; without one close the screen, at any step."""
        if not self.copy_selection():
            self.close()

    def notify_key(self, message: str) -> None:
        """Show a toast that names a key of this screen; it is removed with the screen."""
        self.context.app.notify(message, owner=self)

    def on_unmount(self) -> None:
        """Remove a toast that names a key of this screen."""
        self.context.app.take_away_toast_of(self)

    def copy_selection(self) -> bool:
        """Copy the selected text, and return whether there was any; hidden text is not copied.

        Clears the selection, so that the next Ctrl+C has its next meaning.
        """
        focused = self.focused
        selected = self.get_selected_text() or _selected_in(focused)
        if selected:
            self.context.copy(selected)
            self.clear_selection()
            if isinstance(focused, TextArea):
                focused.selection = Selection.cursor(focused.selection.end)
        return bool(selected)

    def close(self) -> None:
        """Close the screen without a result."""
        self.dismiss(None)

    def quit(self) -> None:
        """Quit the program."""
        self.app.run_worker(self.app.action_quit(), exit_on_error=False)

    async def before_leaving(self) -> None:
        """Store what must not be lost. The app awaits this when the program ends."""

    def notify_failure(self, error: CozeTuiError) -> None:
        """Show an error: by default in a toast."""
        self.context.notify_failure(error)

    def worker_failed(self, error: CozeTuiError) -> None:
        """Show why a worker of this screen failed: by default as any other error."""
        self.notify_failure(error)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        handle_failure(event, self.worker_failed)


def _selected_in(widget: Widget | None) -> str:
    """Return the selected text of a text box or field, or an empty string if it is hidden."""
    if isinstance(widget, TextArea) or (isinstance(widget, Input) and not widget.password):
        return widget.selected_text
    return ""


def handle_failure(event: Worker.StateChanged, show: Callable[[CozeTuiError], None]) -> None:
    """Show the expected error of a worker. Raise any other, so that Textual ends the app as a crash."""
    error = event.worker.error
    if event.state is not WorkerState.ERROR or error is None:
        return
    if isinstance(error, CozeTuiError):
        show(error)
    elif isinstance(error, Exception):
        raise error


class Heading(HeadLine):
    """The first line, with an empty one under it: a mark, the title, and a remark at the right."""

    def __init__(self, title: str, *, mark: Part = ("●", "bot"), id: str | None = None) -> None:
        sign, role = mark
        self._mark: Part = (f"{sign} ", role)
        self._title = clean_line(title)
        self._remark = ""
        super().__init__(self._lines, id=id)

    def rename(self, title: str) -> None:
        """Show another title, without a remark."""
        self._title, self._remark = clean_line(title), ""
        self.flush()

    def show_remark(self, remark: str) -> None:
        """Show a remark at the right, shortened if the title leaves too little room."""
        self._remark = clean_line(remark)
        self.flush()

    def _lines(self, width: int) -> Sequence[HeadParts]:
        left: list[Part] = [self._mark, (self._title, "text bold")]
        room = width - width_of(left) - _LEAST_GAP
        remark = shorten(self._remark, room) if room >= _LEAST_REMARK else ""
        return [(left, [(remark, "muted")] if remark else [])]


class Pager(ScrollableContainer, can_focus=True, inherit_bindings=False):
    """A container that scrolls with the keys of a pager."""

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
    """A dialog over a dimmed screen. Subclasses provide the body; Esc closes it without a result.

    Args:
        keys: Binding IDs that come first in the footer.
        is_tall: Whether it is as high as the screen instead of its content.
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
        """Yield the heading, the body and the footer."""
        with ScrollableContainer(classes="panel", can_focus=False):
            yield self.heading
            yield from self.body()
            yield KeyFooter(self._keys, last="panel.leave")

    def body(self) -> Iterable[Widget]:
        """Return the widgets between heading and footer."""
        return ()

    def close(self) -> None:
        self.action_leave()

    def action_leave(self) -> None:
        """Close without a result."""
        self.dismiss(None)
