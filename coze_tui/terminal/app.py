"""The classes an application derives from: an app and a screen on which the modules of this folder meet.

Both do without every override of Textual's private names if the installed Textual is not the one that they
were written for (see `textual_overrides`). Textual's own driver and display run the app then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from textual import constants, events, on
from textual.app import App, ReturnType
from textual.await_complete import AwaitComplete
from textual.driver import Driver
from textual.filter import LineFilter, Monochrome, NoColor
from textual.geometry import Region, Size
from textual.screen import Screen, ScreenResultType

from coze_tui.terminal.guard import TerminalGuard
from coze_tui.terminal.keys import EnterGuard, KeyOrder, KeyPassed, TypedInput
from coze_tui.terminal.no_color import NoColors, is_without_color
from coze_tui.terminal.textual_overrides import is_known_textual, private_override
from coze_tui.terminal.window import Window

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.widget import Widget

    from coze_tui.terminal.display import FrameDisplay
    from coze_tui.terminal.first_frame import EarlyFrame
    from coze_tui.terminal.throttle import OutputThrottle

WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
"""The value of TEXTUAL_DRIVER that textual-serve sets."""


class TerminalApp(App[ReturnType]):
    """An app whose frames are differences, whose keys stay in order, and from which no control
    character leaves.

    It is a `DriverHost` and runs on `TerminalDriver` where there is one for the platform.
    """

    partial_redraw: bool = True
    """Whether frames are written as differences; off: as Textual does."""
    early_frame: EarlyFrame | None = None
    """The frame painted before Textual was imported; set before `run`."""
    take_input: Callable[[], None] | None = None
    """Passes on the input held back while nothing had the focus; set by the driver."""
    before_input: Callable[[TypedInput], None] | None = None
    """Called with each key, run of keys and paste before the focused widget gets it."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        self.window = Window()
        """The title of the window; settings of it count before `run`."""
        self.enter_guard = EnterGuard()
        """Tells typed Enters from pasted ones; the prompt asks it."""
        self.frame_display: FrameDisplay | None = None
        """Writes the frames; None if Textual does."""
        self._throttle: OutputThrottle | None = None
        self._line_guard = TerminalGuard()
        self._key_order: KeyOrder | None = None
        self._ignores_blur = constants.DRIVER == WEB_DRIVER
        super().__init__(driver_class)
        self.no_color = is_without_color(os.environ)  # Textual counts an empty variable, too
        self._no_colors = NoColors()
        if is_known_textual():
            from coze_tui.terminal.display import FrameDisplay, NoAnimation

            self.frame_display = FrameDisplay(self, self._first_regions)
            self._animator = NoAnimation(self)
            self._key_order = KeyOrder(self, super().on_event, self._input_comes)
        else:
            self.animation_level = "none"

    # -- the terminal

    @property
    def throttle(self) -> OutputThrottle | None:
        """The output throttle; set by the driver, None before that and on Textual's own driver."""
        return self._throttle

    @throttle.setter
    def throttle(self, throttle: OutputThrottle | None) -> None:
        self._throttle = throttle
        if self.frame_display is not None:
            self.frame_display.throttle = throttle

    def get_driver_class(self) -> type[Driver]:
        """Return our driver for a browser, ours for POSIX, or the one that the environment names."""
        if constants.DRIVER == WEB_DRIVER:
            from coze_tui.terminal.web_driver import BrowserDriver

            return BrowserDriver
        if sys.platform == "win32" or constants.DRIVER is not None or not is_known_textual():
            return super().get_driver_class()
        from coze_tui.terminal.driver import TerminalDriver

        return TerminalDriver

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, and after them the guard. NO_COLOR removes colors, none becomes gray."""
        filters = [each for each in super().get_line_filters() if not isinstance(each, Monochrome | NoColor)]
        return [*filters, *((self._no_colors,) if self.no_color else ()), self._line_guard]

    def write_to_terminal(self, text: str) -> None:
        """Write a control sequence that draws nothing. Does nothing without a terminal."""
        driver = getattr(self, "_driver", None)
        if driver is not None:
            driver.write(text)

    def show_title(self, title: str) -> None:
        """Show a title of the window, if there is one to show and it is another one."""
        if sequence := self.window.show(title):
            self.write_to_terminal(sequence)

    def ask_background(self) -> None:
        """Ask the terminal for its background again; `background_reported` gets the answer, if one comes."""
        driver = getattr(self, "_driver", None)
        ask = getattr(driver, "ask_background", None)
        if ask is not None:
            ask()

    def background_reported(self, is_light: bool) -> None:
        """Called by the driver when the terminal has told whether its background is light."""

    def terminal_was_away(self) -> None:
        """Called by the driver when it no longer knows what the terminal shows."""
        if self.frame_display is not None:
            self.frame_display.show_all()

    def terminal_is_gone(self) -> None:
        """Called by the driver, in its input thread, when nothing can be read any more."""

    def on_load(self) -> None:
        """Prepare for a driver that neither takes over the early frame nor draws all after a suspension."""
        if self.frame_display is not None:
            return
        self.app_resume_signal.subscribe(self, lambda _app: self.repaint())
        early, self.early_frame = self.early_frame, None
        if early is not None:
            self._paste_when_focused(early.give_back().decode(errors="replace"))

    def _paste_when_focused(self, text: str) -> None:
        def paste() -> None:
            self.take_input = None
            self.post_message(events.Paste(text))

        self.take_input = paste if text else None

    def on_app_blur(self, event: events.AppBlur) -> None:
        """Ignore the event that Textual's web driver posts at the start, perhaps after the page's focus."""
        if self._ignores_blur:
            self._ignores_blur = False
            event.prevent_default()

    def on_descendant_focus(self) -> None:
        """Pass on what was typed until now: something has the focus."""
        if self.take_input is not None:
            self.take_input()

    # -- frames

    def seconds_for(self, count: int) -> float:
        """Return how long the line to the terminal takes for so many bytes; 0 if it is fast or unknown."""
        return self._throttle.seconds_for(count) if self._throttle is not None else 0.0

    def _first_regions(self) -> Collection[Region]:
        screen = self.screen
        if not isinstance(screen, TerminalScreen):
            return ()
        return [widget.scrollable_content_region for widget in screen.drawn_first()]

    def repaint(self) -> None:
        """Write the whole screen again, because another program may have written over it."""
        if self.frame_display is None or not self.frame_display.repaint():
            self.refresh(layout=True)

    @private_override
    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        display = self.frame_display
        if display is not None and self.partial_redraw and display.can_show(renderable):
            display.show(screen, renderable)
            return
        if display is not None and renderable is not None:
            display.leave()
        super()._display(screen, renderable)

    @on(events.Resize)
    def _forget_frame(self) -> None:
        # Textual's own handler comes next and lays out nothing if the size is the same in the end. Then
        # no frame comes, although the terminal has cut off or emptied what it showed.
        if self.frame_display is not None:
            self.frame_display.resized()

    # -- keys

    async def on_event(self, event: events.Event) -> None:
        """Pass on keys one after the other, however many arrive at once."""
        if self._key_order is None:
            if isinstance(event, TypedInput) and not event.is_forwarded:
                self._input_comes(event)
            await super().on_event(event)
        else:
            await self._key_order.on_event(event)

    def _input_comes(self, event: TypedInput) -> None:
        if self.before_input is not None:
            self.before_input(event)

    def on_key_passed(self, follower: KeyPassed) -> None:
        """Continue after the key that this message followed."""
        if self._key_order is not None:
            self._key_order.passed(follower)


class TerminalScreen(Screen[ScreenResultType]):
    """A screen that composes only changed lines, and always has the size that the app has now.

    It can be left only once.

    It takes every Resize as news that there is a size, and asks the app which.
    """

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        if is_known_textual():
            from coze_tui.terminal.compositor import LineCompositor

            self._compositor = LineCompositor()

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave the screen. If that has happened already (Enter, then Esc), the screen below stays."""
        return super().dismiss(result) if self in self.app.screen_stack else AwaitComplete()

    def drawn_first(self) -> Sequence[Widget]:
        """Return the widgets whose changes go before all others on a slow line, after the echo of keys."""
        return ()

    @private_override
    def _screen_resized(self, size: Size) -> None:
        super()._screen_resized(self.app.size)

    @on(events.Mount)
    def _add_size_classes(self) -> None:
        # Before the first layout: Textual gives a screen the classes of its size only after that.
        if not is_known_textual():
            return
        width, height = self.app.size
        for length, breakpoints in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            for name in self._get_breakpoint_classes(length, breakpoints or []):
                self.add_class(name)

    @on(events.Resize)
    def _take_size_of_app(self, event: events.Resize) -> None:
        # Textual's own handler comes after this one and gives the classes of the size in the event.
        event.size = self.app.size


def seconds_for(widget: Widget, count: int) -> float:
    """Return how long the line to the terminal takes for so many bytes; 0 if it is fast or unknown."""
    return widget.app.seconds_for(count) if isinstance(widget.app, TerminalApp) else 0.0


def paint_now(*widgets: Widget) -> None:
    """Draw what has changed in these widgets at once, in an app that can."""
    app = widgets[0].app
    if isinstance(app, TerminalApp) and app.frame_display is not None:
        app.frame_display.paint_now(*widgets)
