"""The prompt with its completions, and with the queue, the edited question and the attachments above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.strip import Strip

from coze_tui.engine.session.sent_files import SentFile
from coze_tui.terminal.keys import EnterGuard
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size, thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.tui.key_names import key_for, long_key
from coze_tui.tui.log.notices import clock_time
from coze_tui.tui.widgets.head import fitting
from coze_tui.tui.widgets.line_widget import LineWidget, Part
from coze_tui.tui.widgets.note_line import NoteLine
from coze_tui.tui.widgets.prompt.completer import Commands
from coze_tui.tui.widgets.prompt.completion import CompletionList
from coze_tui.tui.widgets.prompt.prompt import EditMode, Prompt, SendKey

_SHOWN = 3


class QueueStrip(LineWidget):
    """Shows the queued messages, and the keys that act on them. Hidden while the queue is empty."""

    answer_runs: var[bool] = var(False, init=False)
    """Whether an answer arrives, after which the queue is sent; otherwise it waits for the user."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._queued: tuple[str, ...] = ()
        self.display = False

    def watch_answer_runs(self) -> None:
        """Show the key of the new state."""
        self.refresh()

    @property
    def queued(self) -> tuple[str, ...]:
        """Return the queued messages, the next one first."""
        return self._queued

    def show(self, queued: Sequence[str]) -> None:
        """Show these messages, the next one first."""
        if tuple(queued) == self._queued:
            return
        self._queued = tuple(queued)
        self.display = bool(self._queued)
        if self._queued:
            self.styles.height = 1 + min(_SHOWN, len(self._queued))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line of a message, or the line with the keys."""
        rows = min(_SHOWN, len(self._queued))
        if y < rows:
            first_words = " ".join(self._queued[y][:500].split())
            return self.line([("  › ", "muted"), (first_words, "muted")])
        if y > rows:
            return self.line([])
        count = len(self._queued)
        waiting = ngettext("queued: {n} message", "queued: {n} messages", count).format(n=thousands(count))
        hints = (
            f"  {waiting}",
            _("Esc to stop the answer") if self.answer_runs else _("Enter to send the next one"),
            _("↑ to take back the last one"),
        )
        return self.line(fitting([[(hint, "muted")] for hint in hints], self.line_width))


class EditStrip(LineWidget):
    """Names the earlier question that is edited, and the keys that end it. Hidden while there is none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._asked_at_ms = 0
        self.display = False

    def show(self, asked_at_ms: int | None) -> None:
        """Show the time of a question, in Unix milliseconds (0 if it is not known); None hides the line."""
        self._asked_at_ms = asked_at_ms or 0
        self.display = asked_at_ms is not None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        at = self._asked_at_ms
        what = (
            _("editing a question from {time}").format(time=clock_time(at)) if at else _("editing a question")
        )
        fork, leave = (
            key_for(each, self.screen, self.screen) for each in ("chat.ask_in_fork", "chat.leave_edit")
        )
        hints = (
            _("{key} asks it here").format(key=long_key(self._send_key())),
            _("{key} in a fork").format(key=fork),
            _("{key} leaves").format(key=leave),
        )
        groups: list[list[Part]] = [[(f"  ✎ {what}", "attention")], *([(hint, "muted")] for hint in hints)]
        return self.line(fitting(groups, self.line_width))

    def _send_key(self) -> str:
        return self.screen.query_one(Prompt).send_key


class AttachmentStrip(LineWidget):
    """Names and sizes of attached files on one line. Hidden if there are none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._files: tuple[tuple[SentFile, int], ...] = ()
        self.display = False

    @property
    def files(self) -> tuple[SentFile, ...]:
        """Return the files, in the order in which they were chosen."""
        return tuple(path for path, _size in self._files)

    def add(self, path: SentFile, count: int) -> None:
        """Add a file of `count` bytes; a file is added only once."""
        if path not in self.files:
            self._show((*self._files, (path, count)))

    def clear(self) -> None:
        """Remove all files."""
        self._show(())

    def take(self) -> tuple[tuple[SentFile, int], ...]:
        """Return the files with their sizes and stop showing them, because their question is being sent."""
        files = self._files
        self.clear()
        return files

    def restore(self, files: Sequence[tuple[SentFile, int]]) -> None:
        """Show files again whose question could not be sent."""
        self._show(tuple(files))

    def render_line(self, y: int) -> Strip:
        parts: list[Part] = [("  + ", "user")]
        for number, (path, count) in enumerate(self._files):
            parts.append((" · " if number else "", "muted"))
            parts.append((clean_line(path.name), "text"))
            if count:  # of a URL it is not known
                parts.append((f" {size(count)}", "muted"))
        return self.line(parts, [(_("/detach to remove"), "muted")])

    def _show(self, files: tuple[tuple[SentFile, int], ...]) -> None:
        self._files = files
        self.display = bool(files)
        self.refresh()


class PromptArea(Vertical):
    """Composes `QueueStrip`, `EditStrip`, `NoteLine`, `CompletionList` and `Prompt`, under a rule."""

    def __init__(
        self,
        *,
        commands: Commands | None = None,
        doubt_about: Callable[[str], str],
        enter_guard: EnterGuard,
        send_key: SendKey,
        edit_mode: EditMode,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.completion = CompletionList()
        self.queue = QueueStrip()
        self.edit_strip = EditStrip()
        self.note = NoteLine()
        self.prompt = Prompt(
            self.completion,
            note=self.note,
            commands=commands,
            doubt_about=doubt_about,
            enter_guard=enter_guard,
            send_key=send_key,
            edit_mode=edit_mode,
            id="prompt",
        )

    def compose(self) -> ComposeResult:
        """Yield the five widgets, the prompt last."""
        yield self.queue
        yield self.edit_strip
        yield self.note
        yield self.completion
        yield self.prompt

    def on_mount(self) -> None:
        """Show the mode of vi in the rule."""
        self.watch(self.prompt, "mode", self._show_mode)

    def _show_mode(self, mode: str) -> None:
        self.border_title = Content(f" {mode} ") if mode else None

    @on(CompletionList.Picked)
    def _picked(self) -> None:
        self.prompt.focus()
        self.prompt.take_candidate()
