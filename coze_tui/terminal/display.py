"""Sends the terminal what has changed, and no more than it can take.

Textual writes every strip of every dirty region in full. `DifferencesDisplay` keeps two screens, the wanted
and the shown one; a frame is the difference between them, so a frame that finds the line busy is not queued
but skipped: the next one shows the newest state.

It overrides the private `App._display` of Textual 8.2.8 and leaves anything it does not know to Textual.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.color import ColorSystem
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import ReturnType
from textual.geometry import Offset
from textual.strip import Strip

from coze_tui.terminal.cells import UNKNOWN, Cells
from coze_tui.terminal.host import TerminalApp
from coze_tui.terminal.painter import Painter, erases_with_background, find_scroll

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen
    from textual.widget import Widget

_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_WORTH_SYNC = 400
"""Smaller frames leave in one piece anyway."""
_SCROLL_ROWS = 4
_RETRY = 0.015
_WINDOWS_CHUNK = 8192  # https://github.com/Textualize/textual/issues/2548


class DifferencesDisplay(TerminalApp[ReturnType]):
    """An app whose frames are differences."""

    differences: bool = True
    """Off: frames are written as Textual does."""

    _cells: Cells | None = None
    _painter: Painter
    _wanted: list[str]
    _shown: list[str]
    _dirty: set[int]
    _windows: dict[tuple[int, int], int]
    _shown_cursor: tuple[int, int] | None = None
    _reset_due = False
    _retry: asyncio.TimerHandle | None = None

    # -- for the app and its widgets

    @property
    def line_is_clear(self) -> bool:
        """The last frame has left, so what a stream flushes now is seen now; else let it wait a tick."""
        if self._cells is not None and self._dirty:
            return False
        return self.outlet is None or self.outlet.room() > 0

    def repaint(self) -> None:
        """Write the whole screen anew, as another program may have written over it."""
        if self._cells is None or not self._screen_stack:
            self.refresh(layout=True)
            return
        self._reset_due = True
        self._forget_shown()
        self._send()

    def terminal_was_away(self) -> None:
        """The terminal was given to the shell or to an editor: nothing is known of it."""
        super().terminal_was_away()
        self._forget_shown()
        self._send()

    def paint_now(self, *widgets: Widget) -> None:
        """Draw what has changed in these widgets at once, and nothing else: not with the next frame."""
        screen = self.screen
        if self._batch_count or not self.is_running or screen._layout_required or screen._scroll_required:
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
        others = screen._dirty_widgets - due
        screen._compositor.update_widgets(due)
        screen._compositor_refresh()
        screen._dirty_widgets.update(others)
        for widget in due:
            widget._repaint_required = False  # else it would ask for a frame when it is idle

    # -- Textual's frames

    async def _on_resize(self, event: events.Resize) -> None:
        """Textual calls this before its own, which lays out nothing when the size is the same in the end.

        Then no frame comes, and the terminal has cut off or emptied what it showed all the same.
        """
        self._forget_shown()
        self._send_soon()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        driver = self._driver
        if (
            not self.differences
            or not isinstance(renderable, (LayoutUpdate, ChopsUpdate))
            or driver is None
            or driver.is_headless
            or driver.is_inline
            or driver.is_web
        ):
            if self._cells is not None and renderable is not None:
                self._leave_differences()
            super()._display(screen, renderable)
            return
        try:
            if self._batch_count or not self._running or self._closed:
                return
            self._want(screen, renderable)
            self._send()
        finally:
            self.post_display_hook()

    def _leave_differences(self) -> None:
        """Textual writes next: it expects a plain pen."""
        if self._driver is not None and self._running and not self._closed and not self.is_headless:
            self._driver.write("\x1b[0m")
        self._cells = None

    def _forget_shown(self) -> None:
        if self._cells is None:
            return
        self._painter.forget()
        self._shown = [UNKNOWN * len(row) for row in self._wanted]
        self._dirty.update(range(len(self._wanted)))
        self._shown_cursor = None

    def _begin_anew(self, width: int, height: int) -> None:
        colors = self.console._color_system or ColorSystem.TRUECOLOR
        if self._cells is None or self._cells.is_full or self._cells.colors is not colors:
            self._cells = Cells(colors)
            self._painter = Painter(self._cells, erases=erases_with_background(os.environ))
        self._painter.forget()
        self._wanted = [UNKNOWN * width] * height
        self._shown = list(self._wanted)
        self._dirty = set()
        self._windows = {}
        self._shown_cursor = None

    def _want(self, screen: Screen[object], renderable: LayoutUpdate | ChopsUpdate) -> None:
        """Take what Textual wants to be shown."""
        width, height = self.size
        cells = self._cells
        if cells is None or cells.is_full or not self._fits():
            self._begin_anew(width, height)
            if not isinstance(renderable, LayoutUpdate):
                renderable = screen._compositor.render_full_update()
        assert self._cells is not None
        cells = self._cells
        wanted = self._wanted
        for y, x, strip in _pieces(renderable):
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
            self._dirty.add(y)
            window = (x, end)
            self._windows[window] = self._windows.get(window, 0) + end - x

    def _with_head(self, y: int, x: int, head: str) -> str:
        """Put the rest of a cut cluster back to the glyph left of `x`."""
        assert self._cells is not None
        row = self._wanted[y]
        whole = self._cells.continued(row[:x], head)[0] + row[x:]
        if not self._cells.glyphs[ord(row[x - 1])].endswith(head) and len(whole) == len(row):
            self._wanted[y] = row = whole
            self._dirty.add(y)
        return row

    # -- to the terminal

    def _send(self) -> None:
        """Write as much of the difference as the line has room for."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        driver = self._driver
        if driver is None or self._cells is None or not self._running or self._closed:
            return
        if not self._fits():
            self._send_soon()  # a layout is on its way
            return
        cursor = self._cursor()
        if not self._dirty and cursor == self._shown_cursor:
            return
        room = self.outlet.room() if self.outlet is not None else 1 << 20
        urgent = room <= 0
        if urgent and self.outlet is not None:
            room = self.outlet.urgent_room()
        painter = self._painter
        painter.begin()
        if not urgent:
            self._paint(painter, room, cursor[1])
        elif room and cursor[1] in self._dirty and UNKNOWN not in self._shown[cursor[1]]:
            self._paint_row(painter, cursor[1])
        if painter.size or (cursor != self._shown_cursor and room):
            painter.cursor(*cursor)
            self._shown_cursor = cursor
            self._previous_cursor_position = Offset(*cursor)
            frame = painter.take()
            if self._sync_available and len(frame) > _WORTH_SYNC:
                frame = f"{_SYNC_START}{frame}{_SYNC_END}"
            if self.outlet is not None:
                if urgent:
                    self.outlet.spent_urgently(len(frame))
                else:
                    frame += self.outlet.mark(len(frame))
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
        """What is wanted was laid out for the terminal as large as it is now."""
        width, height = self.size
        return len(self._wanted) == height and not (height and len(self._wanted[0]) != width)

    def _paint(self, painter: Painter, room: int, first: int) -> None:
        """Paint dirty rows, the one with the cursor first when not all of them may leave."""
        if self._reset_due:
            self._reset_due = False
            painter.reset()
        rows = sorted(self._dirty)
        if len(rows) > _SCROLL_ROWS and self._windows:
            window = max(self._windows, key=self._windows.__getitem__)
            scroll = find_scroll(self._wanted, self._shown, rows, window)
            if scroll is not None:
                self._scroll(painter, *scroll)
                rows = sorted(self._dirty)
        self._windows.clear()
        if room < 1 << 19 and first in self._dirty:
            rows.remove(first)
            rows.insert(0, first)
        for y in rows:
            self._paint_row(painter, y)
            if painter.size >= room:
                break

    def _paint_row(self, painter: Painter, y: int) -> None:
        painter.row(y, self._wanted[y], self._shown[y])
        self._shown[y] = self._wanted[y]
        self._dirty.discard(y)

    def _scroll(self, painter: Painter, top: int, bottom: int, lines: int) -> None:
        painter.scroll(top, bottom, lines)
        shown = self._shown
        fresh = [UNKNOWN * len(shown[top])] * abs(lines)
        rows = shown[top : bottom + 1]
        shown[top : bottom + 1] = rows[lines:] + fresh if lines > 0 else fresh + rows[:lines]
        self._dirty.update(y for y in range(top, bottom + 1) if shown[y] != self._wanted[y])

    def _cursor(self) -> tuple[int, int]:
        x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
        return x, y


def paint_now(*widgets: Widget) -> None:
    """Draw what has changed in these widgets at once, in an app that can."""
    app = widgets[0].app
    if isinstance(app, DifferencesDisplay):
        app.paint_now(*widgets)


def _joined(cells: Cells, left: str, part: str, right: str) -> str:
    """A row with a new part in it, in which no wide glyph has lost its other half."""
    if left and cells.is_wide(left[-1]):
        left = left[:-1] + cells.emptied(left[-1])
    if part and cells.is_wide(part[-1]):
        part = part[:-1] + cells.emptied(part[-1])
    if right and cells.is_half(right[0]):
        right = cells.emptied(right[0]) + right[1:]
    return left + part + right


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Row, column and strip of everything in a frame of Textual's."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in line:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, x1, x2 in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is None or x > x2 or end <= x1:
                continue
            if x2 > x >= x1 and end <= x2:
                yield y, x, chop
            else:
                yield y, x, chop.crop(0, min(end, x2) - x)
