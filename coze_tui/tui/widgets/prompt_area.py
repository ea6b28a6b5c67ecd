"""The prompt with what belongs to it: the list over it and the queue above it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from coze_tui.terminal.keys import EnterGuard
from coze_tui.tui.widgets.completion import CompletionList
from coze_tui.tui.widgets.prompt import Commands, Prompt, SendKey
from coze_tui.tui.widgets.queue_strip import QueueStrip


class PromptArea(Vertical):
    """Composes `QueueStrip`, `CompletionList` and `Prompt`, under a rule."""

    def __init__(
        self,
        *,
        commands: Commands | None = None,
        enter_guard: EnterGuard | None = None,
        send_key: SendKey = "enter",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.completion = CompletionList()
        self.queue = QueueStrip()
        self.prompt = Prompt(
            self.completion, commands=commands, enter_guard=enter_guard, send_key=send_key, id="prompt"
        )

    def compose(self) -> ComposeResult:
        """The three, the prompt last."""
        yield self.queue
        yield self.completion
        yield self.prompt

    @on(CompletionList.Picked)
    def _picked(self) -> None:
        self.prompt.focus()
        self.prompt.take_candidate()
