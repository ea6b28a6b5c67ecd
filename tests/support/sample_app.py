"""The app of `sample_program.py`; a module of its own, because it imports Textual."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static, TextArea
from textual.widgets.text_area import Edit, EditResult

from coze_tui.terminal.app import TerminalApp, paint_now
from coze_tui.terminal.keys import NEW_LINE, SEND
from coze_tui.terminal.signals import ExitGuard


class Log(ScrollView):
    """Lines that grow at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = [""]

    def feed(self, text: str) -> None:
        before = len(self.rows)
        for character in text:
            if character == "\n" or len(self.rows[-1]) >= max(10, self.size.width - 4):
                self.rows.append("")
            if character != "\n":
                self.rows[-1] += character
        if len(self.rows) != before:
            self.virtual_size = Size(self.size.width, len(self.rows))
            self.scroll_end(animate=False, immediate=True)
            self.refresh()
        else:
            self.refresh(Region(0, before - 1 - self.scroll_offset.y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        y += self.scroll_offset.y
        text = self.rows[y] if y < len(self.rows) else ""
        return Strip([Segment(text, self.rich_style)]).crop_extend(0, self.size.width, self.rich_style)


class Prompt(TextArea):
    """Writes down what arrives; Enter sends unless it was pasted."""

    def __init__(self, log: Path) -> None:
        super().__init__(id="prompt")
        self.cursor_blink = False
        self.log_file = log

    def note(self, line: str) -> None:
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    async def _on_key(self, event: events.Key) -> None:
        app = self.app
        assert isinstance(app, SampleApp)
        typed = app.enter_guard.is_typed(event)
        self.note(f"key {event.key}")
        if event.key in SEND and typed:
            event.prevent_default()
            event.stop()
            self.note(f"sent {self.text!r}")
            self.text = ""
        elif event.key in SEND | NEW_LINE:
            event.prevent_default()
            event.stop()
            self.insert("\n")

    def edit(self, edit: Edit) -> EditResult:
        """Show what was typed before anything else."""
        result = super().edit(edit)
        app = self.app
        assert isinstance(app, SampleApp)
        paint_now(self)
        return result

    async def _on_paste(self, event: events.Paste) -> None:
        self.note(f"paste {event.text!r}")


class SampleApp(TerminalApp[None]):
    CSS = """
    Screen { background: #11131a; color: #d7dae4; }
    #head { height: 1; background: #171a23; }
    Horizontal { height: 1fr; }
    Log { width: 1fr; background: #11131a; }
    #side { width: 20; background: #171a23; }
    #prompt { height: 4; border: none; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", priority=True),
        Binding("ctrl+z", "suspend_process", priority=True),
        Binding("ctrl+l", "repaint", priority=True),
    ]
    exit_guard: ExitGuard | None = None

    def __init__(self, log: Path, *, stream: float, stall: bool) -> None:
        super().__init__()
        self.log_path = log
        self.stream = stream
        self.stall = stall
        self.pending = ""
        self.started = 0.0

    def compose(self) -> ComposeResult:
        yield Static("the sample", id="head")
        with Horizontal():
            yield Log()
            yield Static("side", id="side")
        yield Prompt(self.log_path)

    def on_mount(self) -> None:
        self.query_one(Prompt).focus()
        if self.exit_guard is not None:
            self.exit_guard.attach(asyncio.get_running_loop(), self.leave)
        if self.stream:
            self.started = time.monotonic()
            self.written = 0
            self.set_interval(1 / 30, self.flow)
        self.call_after_refresh(self.query_one(Prompt).note, "ready")

    def terminal_is_gone(self) -> None:
        if self.exit_guard is not None:
            self.exit_guard.hung_up()

    def leave(self, code: int) -> None:
        self.query_one(Prompt).note(f"leaving {code}")
        if self.stall:
            time.sleep(60)
        self.exit(return_code=code)

    def flow(self) -> None:
        """What has come since."""
        due = int((time.monotonic() - self.started) * self.stream)
        if due <= self.written:
            return
        words = "".join(f"word{number} " for number in range(self.written, due))
        self.written = due
        self.query_one(Log).feed(words)
        self.query_one("#side", Static).update(f"delta {due}")

    def action_repaint(self) -> None:
        self.repaint()
