"""The form for local tools: the calls that a chat waits for, and a field for each output."""

from __future__ import annotations

import json
import shlex
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import ClassVar

from textual import events, getters, on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import TextArea
from textual.worker import Worker

from coze_tui.api.objects import ToolCall
from coze_tui.engine.session.local_tools import REFUSAL
from coze_tui.render.cells import cell_len
from coze_tui.terminal.keys import NEW_LINE, PASTE_WINDOW, SEND, EnterGuard
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size, tail, thousands
from coze_tui.text.i18n import N_, _, listed, ngettext
from coze_tui.tui.editor import edit_text
from coze_tui.tui.key_names import short_key
from coze_tui.tui.screens.coze_screen import Pager, Panel
from coze_tui.tui.widgets.head import HeadLine, HeadParts
from coze_tui.tui.widgets.line_widget import Part, width_of
from coze_tui.tui.widgets.prompt.prompt import NEW_LINE_KEYS
from coze_tui.tui.widgets.prompt.text_box import TextBox
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from coze_tui.tui.widgets.text_views import JsonView, with_parts

_FOOTER = ("output.done", "output.next", "output.new_line", "tool.send", "tool.run", "tool.next")
"""IDs of the bindings that the footer shows first."""
ToolOutputs = tuple[tuple[str, str], ...]
"""ID of the call and its output, for every call."""

RunCommand = Callable[[Sequence[str], str], Awaitable[str]]
"""Runs a command with the arguments of the call on stdin; returns its output or raises ToolCommandError."""


class OutputBox(TextBox):
    """The box in which an output is typed or pasted. The form handles Enter in a single line.

    Args:
        enter_guard: Distinguishes a typed Enter from a pasted one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next_line", N_("new line"), id="output.next_line", show=False),
        Binding(NEW_LINE_KEYS, "new_line", N_("new line"), id="output.new_line"),
    ]
    MOST_ROWS: ClassVar[int] = 8
    PART = N_("Output")

    class LineEnded(Message):
        """A program has typed a single line and Enter (`tmux send-keys`)."""

    def __init__(self, enter_guard: EnterGuard) -> None:
        super().__init__()
        self._guard = enter_guard

    @property
    def is_one_line(self) -> bool:
        """Return whether the box contains text, on one line."""
        return bool(self.text.strip()) and self.document.line_count == 1

    def on_key(self, key: events.Key) -> None:
        """Insert the line end of a pasted Enter; the bindings handle a typed one."""
        if key.key not in SEND and key.key not in NEW_LINE:
            return
        key.prevent_default()
        if not self._guard.is_typed(key):
            key.stop()
            if self.is_one_line and self._guard.may_end_a_line(key):
                self.set_timer(2 * PASTE_WINDOW, lambda: self._end_line(key))
            self.action_new_line()

    def _end_line(self, key: events.Key) -> None:
        if self._guard.is_quiet_since(key) and self.remove_line_end():
            self.post_message(self.LineEnded())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let Enter insert a new line if there are several lines."""
        return self.document.line_count > 1 if action == "next_line" else True

    def action_new_line(self) -> None:
        """Insert a new line."""
        self.insert_typed("\n")

    def action_next_line(self) -> None:
        """Insert a new line."""
        self.insert_typed("\n")

    def placeholder_text(self, width: int) -> str:
        """Return the hint of an empty box."""
        return _("Tool output: type it, paste it, or write it in your editor")


def form_title(count: int) -> str:
    """Return the title of a form for this number of calls."""
    return ngettext("The bot wants to use a tool", "The bot wants to use {n} tools", count).format(
        n=thousands(count)
    )


def _state_of(output: str) -> tuple[Part, ...]:
    if not output.strip():
        return ()
    amount = size(len(output.encode("utf-8", "replace")))
    try:
        json.loads(output)
    except (ValueError, RecursionError) as error:
        place = f" · {error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        text = _("not JSON: sent as text")
        return (("! ", "attention"), (f"{text}{place} · {amount}", "muted"))
    return (("✓ ", "good"), (f"JSON · {amount}", "muted"))


class ToolRequest(Panel[ToolOutputs | None]):
    """Asks for the output of every call; the result None leaves the chat waiting.

    Runs only commands that the settings allow and that the user starts here. Their output is handled like
    typed text.

    Args:
        calls: The calls of ActionRequired, at least one.
        drafts: The typed text of each call ID. The form updates it, so that closing loses nothing.
        commands: The command of each tool name.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "done", N_("send"), id="output.done"),
        Binding("enter", "next_call", N_("next"), id="output.next"),
        Binding("ctrl+s", "send", N_("send"), id="tool.send", priority=True),
        Binding("tab", "go(1)", N_("next"), id="tool.next"),
        Binding("shift+tab", "go(-1)", N_("previous"), id="tool.previous", show=False),
        Binding("ctrl+o", "editor", N_("editor"), id="tool.editor"),
        Binding("ctrl+t", "run", N_("run"), id="tool.run", tooltip=N_("run the command for this tool")),
        Binding("ctrl+r", "refuse", N_("refuse"), id="tool.refuse"),
        Binding("pageup", "read(-1)", N_("page up in the arguments"), id="tool.page_up", show=False),
        Binding("pagedown", "read(1)", N_("page down in the arguments"), id="tool.page_down", show=False),
        Binding("escape", "end_run", N_("stop"), id="tool.stop", tooltip=N_("stop the command")),
        Binding("escape", "leave", N_("later"), id="panel.leave"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-high")]  # noqa: RUF012 Textual's type is off
    PART = N_("Tool request")

    line = getters.query_one(".call", HeadLine)
    command = getters.query_one(".command", HeadLine)
    reading = getters.query_one(Pager)
    arguments = getters.query_one(JsonView)
    box = getters.query_one(OutputBox)
    state = getters.query_one(".state", HeadLine)
    send_row = getters.query_one(SelectList)

    def __init__(
        self,
        calls: Sequence[ToolCall],
        drafts: MutableMapping[str, str] | None = None,
        *,
        commands: Mapping[str, Sequence[str]] | None = None,
        run: RunCommand | None = None,
    ) -> None:
        super().__init__(form_title(len(calls)), mark=("▲", "attention"), keys=_FOOTER)
        self._calls = tuple(calls)
        self._drafts: MutableMapping[str, str] = {} if drafts is None else drafts
        self._commands = {} if commands is None or run is None else commands
        self._run_words = run
        self._command_run: Worker[None] | None = None
        self._at = 0

    def body(self) -> Iterable[Widget]:
        """Yield the call, its output, and the row that sends all."""
        yield HeadLine(classes="call")
        reading = Pager(JsonView(), classes="body")
        reading.can_focus = False
        yield reading
        yield HeadLine(self._command_line, classes="command")
        yield OutputBox(self.context.app.enter_guard)
        yield HeadLine(classes="state")
        yield SelectList()

    def on_mount(self) -> None:
        """Show the first call without an output."""
        empty = (number for number, call in enumerate(self._calls) if not self._output(call))
        self._show_call(next(empty, 0))

    # --- the calls ---

    @property
    def call(self) -> ToolCall:
        """Return the displayed call."""
        return self._calls[self._at]

    def _output(self, call: ToolCall) -> str:
        output = self._drafts.get(call.id, "")
        return output if output.strip() else ""

    def _is_ready(self) -> bool:
        return all(self._output(call) for call in self._calls)

    def _show_call(self, number: int) -> None:
        self._at = number
        self.arguments.show(self.call.arguments)
        self.reading.scroll_home(animate=False)
        draft = self._drafts.get(self.call.id, "")
        if self.box.message != draft:
            self.box.set_message(draft)
        self.box.focus()
        self._show_command()
        self._show_state()

    def _show_command(self) -> None:
        self.command.display = self.call.name in self._commands
        self.command.flush()
        self.refresh_bindings()

    def _command_line(self, width: int) -> Sequence[HeadParts]:
        """Return the whole command of the settings for this call, so that the user sees it before it runs."""
        command = clean_line(shlex.join(self._commands.get(self.call.name, ())))
        if self._is_running:
            running = with_parts(_("{command} is running"), "muted", command=(command, "text"))
            return [([("▶ ", "attention"), *running], ())]
        right: list[Part] = [(_("arguments are passed on stdin"), "muted")]
        if width - cell_len(command) < width_of(right) + 8:
            right = []
        left = with_parts(_("{key} runs {command}"), "muted", key=("^T", "bot"), command=(command, "text"))
        return [(left, right)]

    def _show_state(self) -> None:
        self.state.show([("  ", "text"), *_state_of(self._drafts.get(self.call.id, ""))])
        count = len(self._calls)
        marks: list[Part] = [*map(self._mark, range(count)), ("  ", "text")] if count > 1 else []
        name = clean_line(self.call.name) or _("unnamed tool")
        if self.call.fields:
            name = _("the bot asks for: {fields}").format(fields=clean_line(listed(self.call.fields)))
        call_id = _("call {id}").format(id=clean_line(tail(self.call.id)))
        self.line.show([(name, "attention bold")], [*marks, (call_id, "muted")])
        given = sum(bool(self._output(call)) for call in self._calls)
        if self._is_ready():
            key = short_key(self.context.settings.send_key) if self._enter_ends_output else "^S"
            text = ngettext("Send the output", "Send all {n} outputs", given).format(n=thousands(given))
            self.send_row.show([ListRow("send", ((text, "text bold"),), ((key, "bot"),))])
        else:
            text = _("{given} of {all} outputs entered").format(given=given, all=len(self._calls))
            text = text if len(self._calls) > 1 else _("no output yet")
            self.send_row.show([ListRow(None, ((text, "muted"),))])
        self.refresh_bindings()

    def _mark(self, number: int) -> Part:
        has_output = bool(self._output(self._calls[number]))
        role = "bot" if number == self._at else "good" if has_output else "muted"
        return ("● " if number == self._at else "✓ " if has_output else "○ ", role)

    # --- keys ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what is possible: sending needs every output, running needs a command."""
        if action == "send":
            return self._is_ready()
        if action in ("done", "next_call"):
            ends = self.box.has_focus and self._enter_ends_output
            return ends and self._is_ready() == (action == "done")
        if action == "go":
            return len(self._calls) > 1 or self._is_ready()
        if action == "run":
            return self.call.name in self._commands and not self._is_running
        if action == "end_run":
            return self._is_running
        if action == "leave":
            return not self._is_running
        return True

    def action_go(self, step: int) -> None:
        """Show the next call; after the last one move to the row that sends, if every call has an output."""
        stops = len(self._calls) + self._is_ready()
        here = len(self._calls) if self.send_row.has_focus else self._at
        there = (here + step) % stops
        if there == len(self._calls):
            self.send_row.focus()
        else:
            self._show_call(there)

    @property
    def _enter_ends_output(self) -> bool:
        """Return whether the send key submits the output: Ctrl+J always, Enter only in a single line."""
        swapped = self.context.settings.send_key == "ctrl+j"
        return self.box.is_one_line or (swapped and bool(self._output(self.call)))

    @on(OutputBox.LineEnded)
    def action_done(self) -> None:
        """Send all outputs, or show the next call without an output."""
        self._keep_output()
        if self._is_ready():
            self.action_send()
        else:
            self.action_next_call()

    def action_next_call(self) -> None:
        """Show the next call without an output."""
        empty = [number for number, call in enumerate(self._calls) if not self._output(call)]
        self._show_call(next((number for number in empty if number > self._at), empty[0]))

    def action_editor(self) -> None:
        """Write the output in the editor."""
        draft = self._drafts.get(self.call.id, "")
        output = edit_text(self.app, draft, self.context.startup.environment, suffix=".json")
        if output is not None:
            self.box.set_message(output)
            self.box.focus()

    def action_refuse(self) -> None:
        """Use a refusal as the output, so that the chat can continue. Undo removes it."""
        self.box.set_message(REFUSAL)
        self._keep_output()
        if self._is_ready():
            self.send_row.focus()
        else:
            self.action_next_call()

    # --- the allowed command ---

    @property
    def _is_running(self) -> bool:
        return self._command_run is not None and not self._command_run.is_finished

    def action_run(self) -> None:
        """Run the command of this call."""
        if not self._is_running:
            self._command_run = self._run(self.call)
            self._show_command()

    def close(self) -> None:
        """Stop the command if one runs, else close the form."""
        if self._is_running:
            self.action_end_run()
        else:
            super().close()

    def action_end_run(self) -> None:
        """Stop the command; the text of the box remains."""
        if self._command_run is not None:
            self._command_run.cancel()

    @work(group="command", exclusive=True, exit_on_error=False)
    async def _run(self, call: ToolCall) -> None:
        """Put the output of the command into the box, to be read before it is sent."""
        assert self._run_words is not None
        self._take_output(call, await self._run_words(self._commands[call.name], call.arguments))

    @on(Worker.StateChanged)
    def _run_changed(self, changed: Worker.StateChanged) -> None:
        if changed.worker is self._command_run:
            self._show_command()

    def _take_output(self, call: ToolCall, output: str) -> None:
        if not output.strip():
            self.notify(_("The command printed nothing."), severity="warning", markup=False)
        elif call is self.call:
            self.box.set_message(output)
            self.box.focus()
        else:
            self._drafts[call.id] = output
            self._show_state()

    def action_read(self, pages: int) -> None:
        """Scroll the arguments."""
        if pages > 0:
            self.reading.scroll_page_down(animate=False)
        else:
            self.reading.scroll_page_up(animate=False)

    def action_send(self) -> None:
        """Close with all outputs."""
        if self._is_ready():
            self.dismiss(tuple((call.id, self._output(call)) for call in self._calls))

    @on(SelectList.Chosen)
    def _send_chosen(self) -> None:
        self.action_send()

    @on(TextArea.Changed)
    def _keep_output(self) -> None:
        self._drafts[self.call.id] = self.box.message
        self._show_state()

    @on(TextBox.PasteRefused)
    def _paste_refused(self, refused: TextBox.PasteRefused) -> None:
        words = _("Not pasted: {n} characters are too many; use a shorter output.")
        self.notify(words.format(n=thousands(refused.characters)), severity="warning", markup=False)
