"""The base classes of an application: an app and a screen that combine the modules of this folder.

Both work without any override of Textual's private names if the installed Textual is not the version that
they were written for (see `textual_overrides`). Textual's own driver and display then run the app.
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

    It is a `DriverHost` and runs on `TerminalDriver` if the platform has one.
    """

    partial_redraw: bool = True
    """Whether frames are written as differences; if false, Textual writes them."""
    early_frame: EarlyFrame | None = None
    """The frame painted before Textual was imported; set before `run`."""
    take_input: Callable[[], None] | None = None
    """Passes on the input held back while nothing had the focus; set by the driver."""
    before_input: Callable[[TypedInput], None] | None = None
    """Called with each key, run of keys and paste before the focused widget gets it."""
    input_count = 0
    """The number of keys, runs of keys and pastes since the start."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        self.window = Window()
        """The title of the window. Its settings must be made before `run`."""
        self.enter_guard = EnterGuard()
        """Distinguishes typed Enters from pasted ones; the prompt asks it."""
        self.frame_display: FrameDisplay | None = None
        """Writes the frames; None if Textual writes them."""
        self._throttle: OutputThrottle | None = None
        self._line_guard = TerminalGuard()
        self._key_order: KeyOrder | None = None
        self._ignores_blur = constants.DRIVER == WEB_DRIVER
        super().__init__(driver_class)
        self.no_color = is_without_color(os.environ)  # Textual also counts an empty variable
        self._no_colors = NoColors()
        if is_known_textual():
            from coze_tui.terminal.display import FrameDisplay, NoAnimation

            self.frame_display = FrameDisplay(self, self._first_regions, self._last_regions)
            self._animator = NoAnimation(self)
            self._key_order = KeyOrder(self, super().on_event, self._input_comes)
        else:
            self.animation_level = "none"

    # -- the terminal

    @property
    def throttle(self) -> OutputThrottle | None:
        """Return the output throttle; None before the driver has set it and on Textual's own driver."""
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
        """Return Textual's filters, then the guard. NO_COLOR removes all colors instead of showing grays."""
        filters = [each for each in super().get_line_filters() if not isinstance(each, Monochrome | NoColor)]
        # The guard is the last one, so that no filter can add what it removes.
        return [*filters, *((self._no_colors,) if self.no_color else ()), self._line_guard]

    def write_to_terminal(self, text: str) -> None:
        """Write a control sequence that draws nothing. Does nothing without a terminal."""
        # The name is private, and another Textual may not have it.
        driver = getattr(self, "_driver", None)
        if driver is not None:
            driver.write(text)

    def show_title(self, title: str) -> None:
        """Set the window's title if the window has one and it differs."""
        if sequence := self.window.show(title):
            self.write_to_terminal(sequence)

    def ask_background(self) -> None:
        """Ask the terminal for its background again; an answer arrives in `background_reported`."""
        driver = getattr(self, "_driver", None)
        ask = getattr(driver, "ask_background", None)
        if ask is not None:
            ask()

    def background_reported(self, is_light: bool) -> None:
        """Handle the terminal's report of a light or dark background; called by the driver."""

    def terminal_was_away(self) -> None:
        """Handle a return to a terminal with unknown content; called by the driver."""
        if self.frame_display is not None:
            self.frame_display.show_all()

    def terminal_is_gone(self) -> None:
        """Handle the loss of the terminal; called by the driver in its input thread."""

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
        """Ignore the event: Textual's web driver posts it at the start, perhaps after the page's focus."""
        if self._ignores_blur:
            self._ignores_blur = False
            event.prevent_default()

    def on_descendant_focus(self) -> None:
        """Deliver the input typed so far, because a widget has the focus now."""
        if self.take_input is not None:
            self.take_input()

    # -- frames

    def seconds_for(self, count: int) -> float:
        """Return the seconds that the line to the terminal needs for `count` bytes; 0 if fast or unknown."""
        return self._throttle.seconds_for(count) if self._throttle is not None else 0.0

    def _first_regions(self) -> Collection[Region]:
        screen = self.screen
        if not isinstance(screen, TerminalScreen):
            return ()
        return [widget.scrollable_content_region for widget in screen.drawn_first()]

    def _last_regions(self) -> Collection[Region]:
        screen = self.screen
        return [widget.region for widget in screen.drawn_last()] if isinstance(screen, TerminalScreen) else ()

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
        # Textual's own handler runs next and lays out nothing if the final size equals the old one. Then
        # no frame follows, although the terminal has cut off or emptied its content.
        if self.frame_display is not None:
            self.frame_display.resized()

    # -- keys

    async def on_event(self, event: events.Event) -> None:
        """Deliver keys one after the other, however many arrive at once."""
        if self._key_order is None:
            if isinstance(event, TypedInput) and not event.is_forwarded:
                self._input_comes(event)
            await super().on_event(event)
        else:
            await self._key_order.on_event(event)

    def _input_comes(self, event: TypedInput) -> None:
        self.input_count += 1
        if self.before_input is not None:
            self.before_input(event)

    def on_key_passed(self, follower: KeyPassed) -> None:
        """Continue after the key that this message followed."""
        if self._key_order is not None:
            self._key_order.passed(follower)


class TerminalScreen(Screen[ScreenResultType]):
    """A screen that composes only changed lines, and always has the size that the app has now.

    It can be left only once.

    It reads the current size from the app at each Resize, because events may be outdated.
    """

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        if is_known_textual():
            from coze_tui.terminal.compositor import LineCompositor

            self._compositor = LineCompositor()

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close the screen. Does nothing if it is closed already (Enter, then Esc)."""
        return super().dismiss(result) if self in self.app.screen_stack else AwaitComplete()

    def drawn_first(self) -> Sequence[Widget]:
        """Return the widgets whose changes go before all others on a slow line, after the echo of keys."""
        return ()

    def drawn_last(self) -> Sequence[Widget]:
        """Return the widgets that change with those of `drawn_first`, and go after all others."""
        return [widget.vertical_scrollbar for widget in self.drawn_first()]

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
        # Textual's own handler runs after this one and sets the classes for the size in the event.
        event.size = self.app.size


def seconds_for(widget: Widget, count: int) -> float:
    """Return the seconds that the line to the terminal needs for `count` bytes; 0 if fast or unknown."""
    return widget.app.seconds_for(count) if isinstance(widget.app, TerminalApp) else 0.0


def paint_now(*widgets: Widget) -> None:
    """Draw changes in these widgets at once, if the app supports that."""
    app = widgets[0].app
    if isinstance(app, TerminalApp) and app.frame_display is not None:
        app.frame_display.paint_now(*widgets)
