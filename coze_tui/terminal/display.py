"""Sends only changes to the terminal, and no more than the line can carry.

Textual writes every strip of every dirty region in full. `FrameDisplay` stores two screens, the wanted one
and the displayed one. A frame is the difference between them, so a frame is skipped while the line is busy:
the next one contains the newest state. Anything that this class cannot display is left to Textual.

On a slow line the cursor's row is sent first, so that typed keys appear. The regions that the screen names as
urgent follow a few times a second, because every frame costs moves and styles. The rest follows if there is
room. Regions that only follow the urgent ones, such as scrollbars, go with the rest.

It reads private names of Textual: import it only if `textual_overrides.is_known_textual`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Collection, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeGuard

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from rich.style import Style
from textual._animator import Animator
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._types import AnimationLevel, CallbackType
from textual.geometry import Offset, Region
from textual.strip import Strip

from coze_tui.terminal.cells import UNKNOWN, Cells, byte_count
from coze_tui.terminal.painter import Painter, erases_with_background, find_scroll

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.app import App
    from textual.screen import Screen
    from textual.widget import Widget

    from coze_tui.terminal.throttle import OutputThrottle

_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_WORTH_SYNC = 400
"""Bytes above which a frame gets synchronized-update marks; smaller ones arrive in one piece anyway."""
_SCROLL_ROWS = 4
_RETRY = 0.015
_FRAME = 400
"""Bytes that the line can carry between two frames."""
_REST_LAG = 0.12
"""Seconds by which the remainder of a frame may delay keys and text on a slow line."""
_STILL = 1000
"""Bytes that the line could have carried when a frame without other changes sends the last regions."""
_UNLIMITED = 1 << 19
"""Room above which the line counts as fast."""
_WINDOWS_CHUNK = 8192  # https://github.com/Textualize/textual/issues/2548


class FrameDisplay:
    """Writes the frames of an app as differences.

    Args:
        app: The app whose frames are written.
        first: Returns the regions of the screen that are sent before the rest on a slow line.
        last: Returns the regions that are sent with the rest, or when nothing else changes. Each of their
            changes would cost more bytes than it tells.
    """

    def __init__(
        self,
        app: App[Any],
        first: Callable[[], Collection[Region]] = tuple,
        last: Callable[[], Collection[Region]] = tuple,
    ) -> None:
        self.link_of: Callable[[Style], str] | None = None
        """Returns the target of text in a style; None if no hyperlinks are sent. Set it before the first
        frame."""
        self.throttle: OutputThrottle | None = None
        """Says how much may be written; None: as much as there is."""
        self._app = app
        self._first = first
        self._first_due = 0.0
        """The time at which the urgent regions may be painted next on a slow line."""
        self._last = last
        self._last_is_due = False
        """Whether the last regions are painted although something else changes."""
        self._painted_at = 0.0
        """The time at which anything but the last regions was painted."""
        self._cells: Cells | None = None
        self._painter: Painter
        self._wanted: list[str] = []
        self._shown: list[str] = []
        self._dirty: dict[int, int] = {}
        """Rows that are shown differently → the number of the frame that changed them last."""
        self._frame = 0
        self._windows: dict[tuple[int, int], int] = {}
        """Columns (from, to) → number of changed cells between them; a scroll is searched there."""
        self._shown_cursor: tuple[int, int] | None = None
        self._reset_due = self._clear_due = False
        self._retry: asyncio.TimerHandle | None = None

    # -- for the app

    def repaint(self) -> bool:
        """Write the whole screen again, modes included. Return False if nothing was displayed yet."""
        if self._cells is None or not self._app._screen_stack:
            return False
        self._reset_due = True
        self.show_all()
        return True

    def show_all(self) -> None:
        """Write the whole screen again, because the shell or an editor has used the terminal."""
        self._forget_shown()
        self._send()

    def resized(self) -> None:
        """Erase the screen and write all of it again a little later, unless a layout comes before.

        Terminals rearrange their cells in different ways after a resize. Writing over them is not enough:
        tmux retains halves of wide glyphs beyond the edge, which later delete what is written next to them.
        """
        self._reset_due = self._clear_due = self._cells is not None
        self._forget_shown()
        self._send_soon()

    def paint_now(self, *widgets: Widget) -> None:
        """Draw the changes in these widgets at once, instead of with the next frame."""
        app = self._app
        screen = app.screen
        # A layout or a scroll draws a whole frame soon, with these widgets in it.
        if app._batch_count or not app.is_running or screen._layout_required or screen._scroll_required:
            return
        due = {
            widget
            for widget in widgets
            if widget._repaint_regions
            and not (widget._layout_required or widget._scroll_required)
            and widget.screen is screen
        }
        if not due:
            return
        # Textual would count the other widgets as drawn, too; they wait for its next frame.
        others = screen._dirty_widgets - due
        screen._compositor.update_widgets(due)
        screen._compositor_refresh()
        screen._dirty_widgets.update(others)
        for widget in due:
            widget._repaint_required = False  # otherwise the widget would request a frame when idle

    # -- Textual's frames

    def can_show(self, renderable: RenderableType | None) -> TypeGuard[LayoutUpdate | ChopsUpdate]:
        """Return whether this is a frame for a terminal in full-screen mode."""
        driver = self._app._driver
        return isinstance(renderable, (LayoutUpdate, ChopsUpdate)) and not (
            driver is None or driver.is_headless or driver.is_inline or driver.is_web
        )

    def show(self, screen: Screen[object], renderable: LayoutUpdate | ChopsUpdate) -> None:
        """Write a frame that `can_show` accepts; replaces `App._display`."""
        app = self._app
        try:
            if app._batch_count or not app._running or app._closed:
                return
            self._want(screen, renderable)
            self._send()
        finally:
            app.post_display_hook()

    def leave(self) -> None:
        """Reset the style, because Textual writes next and expects that none is set."""
        app = self._app
        if self._cells is None:
            return
        if app._driver is not None and app._running and not app._closed and not app.is_headless:
            app._driver.write("\x1b[0m")
        self._cells = None

    def _forget_shown(self) -> None:
        if self._cells is None:
            return
        self._painter.forget()
        self._shown = [UNKNOWN * len(row) for row in self._wanted]
        self._dirty = dict.fromkeys(range(len(self._wanted)), self._frame)
        self._shown_cursor = None

    def _start_over(self, width: int, height: int) -> None:
        colors = None
        if not self._app.no_color:
            colors = COLOR_SYSTEMS.get(self._app.console.color_system or "", ColorSystem.TRUECOLOR)
        if self._cells is None or self._cells.is_full or self._cells.colors is not colors:
            self._cells = Cells(colors, self.link_of)
            self._painter = Painter(self._cells, erases=erases_with_background(os.environ))
        self._painter.forget()
        self._wanted = [UNKNOWN * width] * height
        self._shown = list(self._wanted)
        self._dirty = {}
        self._windows = {}
        self._shown_cursor = None

    def _want(self, screen: Screen[object], renderable: LayoutUpdate | ChopsUpdate) -> None:
        """Store the frame that Textual wants to be shown."""
        width, height = self._app.size
        cells = self._cells
        if cells is None or cells.is_full or not self._fits():
            self._start_over(width, height)
            if not isinstance(renderable, LayoutUpdate):
                renderable = screen._compositor.render_full_update()
        assert self._cells is not None
        cells = self._cells
        wanted = self._wanted
        self._frame += 1
        for y, x, strip in _pieces(renderable):
            # Textual may still finish a frame of the size before a resize.
            if not (0 <= y < height and 0 <= x < width):
                continue
            part = cells.row(strip)
            row = wanted[y]
            if x and (head := cells.head(strip)):
                row = self._with_head(y, x, head)
            end = x + len(part)
            if row[x:end] == part:
                continue
            if end > width:
                part = part[: width - x]
                end = width
            wanted[y] = _joined(cells, row[:x], part, row[end:])
            self._dirty[y] = self._frame
            window = (x, end)
            self._windows[window] = self._windows.get(window, 0) + end - x

    def _with_head(self, y: int, x: int, head: str) -> str:
        """Join the rest of a cut cluster to the glyph left of `x`."""
        assert self._cells is not None
        row = self._wanted[y]
        whole = self._cells.continued(row[:x], head)[0] + row[x:]
        if not self._cells.glyphs[ord(row[x - 1])].endswith(head) and len(whole) == len(row):
            self._wanted[y] = row = whole
            self._dirty[y] = self._frame
        return row

    # -- to the terminal

    def _send(self) -> None:
        """Write as much of the difference as the line can carry, and the rest a little later."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        app = self._app
        driver = app._driver
        if driver is None or self._cells is None or not app._running or app._closed:
            return
        if not self._fits():
            self._send_soon()  # a layout follows soon
            return
        cursor = self._cursor()
        if not self._dirty and cursor == self._shown_cursor:
            return
        throttle = self.throttle
        room = throttle.room() if throttle is not None else 1 << 20
        urgent = room <= 0
        if urgent and throttle is not None:
            room = throttle.urgent_room()
        painter = self._painter
        painter.begin()
        if not urgent:
            self._paint(painter, room, cursor[1])
        # On a busy line, only the row in which the user types.
        elif room and cursor[1] in self._dirty and UNKNOWN not in self._shown[cursor[1]]:
            self._paint_row(painter, cursor[1], self._wanted[cursor[1]])
        if painter.size or (cursor != self._shown_cursor and room):
            painter.cursor(*cursor)
            self._shown_cursor = cursor
            app._previous_cursor_position = Offset(*cursor)
            frame = painter.take()
            if app._sync_available and len(frame) > _WORTH_SYNC:
                frame = f"{_SYNC_START}{frame}{_SYNC_END}"
            if self.throttle is not None:
                if urgent:
                    self.throttle.spent_urgently(byte_count(frame))
                else:
                    # After the frame, so that the answer says that the terminal has read it.
                    frame += self.throttle.mark(byte_count(frame))
            if sys.platform == "win32":
                for offset in range(0, len(frame), _WINDOWS_CHUNK):
                    driver.write(frame[offset : offset + _WINDOWS_CHUNK])
            else:
                driver.write(frame)
            driver.flush()
        if self._dirty:
            self._send_soon()

    def _send_soon(self) -> None:
        if self._retry is None and self._cells is not None:
            self._retry = asyncio.get_running_loop().call_later(_RETRY, self._send)

    def _fits(self) -> bool:
        """Return whether the wanted rows were laid out for the current size of the terminal."""
        width, height = self._app.size
        return len(self._wanted) == height and not (height and len(self._wanted[0]) != width)

    def _paint(self, painter: Painter, room: int, cursor_row: int) -> None:
        """Paint dirty rows, in order of urgency if there is not enough room."""
        if self._reset_due:
            self._reset_due = False
            painter.reset()
        if self._clear_due:
            self._clear_due = False
            painter.clear(len(self._wanted))
        if room >= _UNLIMITED or self.throttle is None:
            self._find_scroll(painter)
            for y in sorted(self._dirty):
                self._paint_row(painter, y, self._wanted[y])
            return
        if cursor_row in self._dirty:
            self._paint_row(painter, cursor_row, self._wanted[cursor_row])
        first, last = self._first(), self._last()
        rest_room = self.throttle.room(_REST_LAG) if first else room
        now, before = monotonic(), painter.size
        if not first or now >= self._first_due:
            self._find_scroll(painter)
            self._paint_columns(painter, room, first)
            if painter.size > before:
                self._first_due = now + self.throttle.seconds_for(_FRAME)
        with_first = painter.size
        self._paint_columns(painter, rest_room, [*first, *last], outside=True)
        if painter.size > before:
            self._painted_at = now
        if painter.size > with_first or now - self._painted_at >= self.throttle.seconds_for(_STILL):
            self._last_is_due = True
        if self._last_is_due:
            self._last_is_due = not self._paint_columns(painter, rest_room, last)

    def _find_scroll(self, painter: Painter) -> None:
        """Scroll rows in the terminal that have moved."""
        rows = sorted(self._dirty)
        # A few rows are written in less time than a scroll is found.
        if len(rows) > _SCROLL_ROWS and self._windows:
            window = max(self._windows, key=self._windows.__getitem__)
            scroll = find_scroll(self._wanted, self._shown, rows, window)
            if scroll is not None:
                self._scroll(painter, *scroll)
        self._windows.clear()

    def _paint_columns(
        self, painter: Painter, room: int, regions: Collection[Region], *, outside: bool = False
    ) -> bool:
        """Paint dirty rows inside or outside of some regions until the frame has a size, the newest first.

        Returns whether all of them were painted.
        """
        for y in sorted(self._dirty, key=lambda y: (-self._dirty[y], y)):
            if painter.size >= room:
                return False
            self._paint_row(painter, y, self._mixed(y, regions, outside=outside))
        return True

    def _mixed(self, y: int, regions: Collection[Region], *, outside: bool) -> str:
        """Return the wanted row inside (or outside) some regions, and the displayed row elsewhere."""
        assert self._cells is not None
        wanted, shown = self._wanted[y], self._shown[y]
        row, other = (wanted, shown) if outside else (shown, wanted)
        for region in regions:
            if region.y <= y < region.bottom:
                x, end = region.x, region.right
                row = _joined(self._cells, row[:x], other[x:end], row[end:])
        return row

    def _paint_row(self, painter: Painter, y: int, row: str) -> None:
        """Change a row of the terminal to this one."""
        painter.row(y, row, self._shown[y])
        self._shown[y] = row
        if row == self._wanted[y]:
            self._dirty.pop(y, None)

    def _scroll(self, painter: Painter, top: int, bottom: int, lines: int) -> None:
        painter.scroll(top, bottom, lines)
        self._last_is_due = True  # whole rows move, with all that is in them
        shown = self._shown
        # The terminal fills them, with the background that is set or with its own.
        fresh = [UNKNOWN * len(shown[top])] * abs(lines)
        rows = shown[top : bottom + 1]
        shown[top : bottom + 1] = rows[lines:] + fresh if lines > 0 else fresh + rows[:lines]
        for y in range(top, bottom + 1):
            if shown[y] != self._wanted[y]:
                self._dirty.setdefault(y, 0)

    def _cursor(self) -> tuple[int, int]:
        x, y = self._app.screen.outer_size.clamp_offset(self._app.cursor_position)
        return x, y


def _joined(cells: Cells, left: str, part: str, right: str) -> str:
    """Return a row with a new part. Replaces halves of wide glyphs that the part cuts."""
    if left and cells.is_wide(left[-1]):
        left = left[:-1] + cells.emptied(left[-1])
    if part and cells.is_wide(part[-1]):
        part = part[:-1] + cells.emptied(part[-1])
    if right and cells.is_half(right[0]):
        right = cells.emptied(right[0]) + right[1:]
    return left + part + right


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield the row, column and strip of each piece of Textual's frame."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and x <= x2 and end > x1:
                # the whole chop, because cropping it to the span could cut a cluster
                yield y, x, chop


class NoAnimation(Animator):
    """An animator that sets the final value at once, because each intermediate value would cost a frame."""

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
        """Set the attribute now, and call `on_complete`."""
        setattr(obj, attribute, value if final_value is ... else final_value)
        if on_complete is not None:
            on_complete()
