"""What an app shows: the text of its toasts and the cells of the whole screen."""

from __future__ import annotations

from typing import Any

from textual._context import visible_screen_stack
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.message_log import MessageLog


def toasts_of(app: App[Any]) -> list[str]:
    """Return the texts of the toasts on the current screen, the oldest first."""
    return [str(toast.render()) for toast in app.screen.query("Toast")]


def drawn_strips(app: App[Any]) -> list[Strip]:
    """Return the rows of the screen, with the screens that show through a dialog beneath it."""
    visible_screen_stack.set(list(app._background_screens))
    return app.screen._compositor.render_strips(app.size)


def drawn_text(app: App[Any]) -> str:
    """Return the rows of the screen as text, without the blanks at their ends."""
    return "\n".join(strip.text.rstrip() for strip in drawn_strips(app))


async def stale_rows(pilot: Pilot[Any]) -> list[tuple[str, str]]:
    """Paint every widget again; return the rows that look different then, each as it was and as it is."""
    drawn = drawn_strips(pilot.app)
    for screen in pilot.app.screen_stack:
        for widget in screen.walk_children(with_self=True):
            widget.refresh()
    await pilot.pause()
    fresh = drawn_strips(pilot.app)
    return [
        (old.text, new.text)
        for old, new in zip(drawn, fresh, strict=True)
        if old.simplify() != new.simplify()
    ]


def lines_of(widget: Widget) -> list[str]:
    """Return the lines of a widget in sight as text, without the blanks at their ends."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def go_to(log: MessageLog, entry: Entry) -> None:
    """Scroll to an entry and put the cursor on it."""
    log.viewport.show_entry(entry)
    log.cursor.choose(entry)
