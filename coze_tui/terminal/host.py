"""What an app must have so that the modules of this folder can meet in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import constants, events
from textual._animator import Animator
from textual._types import AnimationLevel, CallbackType
from textual.app import App, ReturnType
from textual.await_complete import AwaitComplete
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen, ScreenResultType

from coze_tui.terminal.compositor import LineCompositor
from coze_tui.terminal.keys import EnterGuard

if TYPE_CHECKING:
    from coze_tui.terminal.first_frame import EarlyFrame
    from coze_tui.terminal.throttle import OutputThrottle


class TerminalApp(App[ReturnType]):
    """An app that runs on our own driver, where there is one for the platform."""

    early_frame: EarlyFrame | None = None
    """The frame painted before Textual was imported; set before `run`."""
    outlet: OutputThrottle | None = None
    """The line to the terminal; set by our driver."""
    take_input: Callable[[], None] | None = None
    """Lets the driver pass on the keys it has held back while nothing had the focus; set by our driver."""
    _enter_guard: EnterGuard | None = None

    @property
    def enter_guard(self) -> EnterGuard:
        """Tells typed Enters from pasted ones; the prompt asks it."""
        if self._enter_guard is None:
            self._enter_guard = EnterGuard()
        return self._enter_guard

    def get_driver_class(self) -> type[Driver]:
        """Our driver on POSIX, unless the environment names another."""
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from coze_tui.terminal.driver import TerminalDriver

        return TerminalDriver

    def on_descendant_focus(self) -> None:
        """Something has the focus: what was typed until now can go there."""
        if self.take_input is not None:
            self.take_input()

    def terminal_was_away(self) -> None:
        """Called by the driver when what the terminal shows is no longer known."""

    def terminal_is_gone(self) -> None:
        """Called by the driver, in its input thread, when nothing can be read any more."""


class OnceLeftScreen(Screen[ScreenResultType]):
    """A screen that can be left but once."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave the screen; when that has happened already (Enter, then Esc) the one below stays."""
        return super().dismiss(result) if self in self.app.screen_stack else AwaitComplete()


class CurrentSizeScreen(OnceLeftScreen[ScreenResultType]):
    """A screen that takes every Resize as news that there is a size, and asks the app which."""

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        self._compositor = LineCompositor()

    def _screen_resized(self, size: Size) -> None:
        super()._screen_resized(self.app.size)

    def _on_mount(self, event: events.Mount) -> None:
        """Before the first layout: Textual gives a screen the classes of its size only after that."""
        width, height = self.app.size
        for length, breakpoints in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            for name in self._get_breakpoint_classes(length, breakpoints or []):
                self.add_class(name)

    def _on_resize(self, event: events.Resize) -> None:  # type: ignore[override]
        """Textual's own handler comes after this one and gives the classes of the size in the event."""
        event.size = self.app.size


class NoAnimation(Animator):
    """Sets the last value instead of all those before it."""

    def animate(
        self,
        obj: object,
        attribute: str,
        value: Any,
        *,
        final_value: object = ...,
        duration: float | None = None,
        speed: float | None = None,
        easing: object = None,
        delay: float = 0.0,
        on_complete: CallbackType | None = None,
        level: AnimationLevel = "full",
    ) -> None:
        """Set the attribute now; `on_complete` is called at once, too."""
        setattr(obj, attribute, value if final_value is ... else final_value)
        if on_complete is not None:
            on_complete()
