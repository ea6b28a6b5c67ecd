"""The mode in which an earlier question is edited in the prompt, while the draft waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coze_tui.tui.widgets.prompt.area import EditStrip
from coze_tui.tui.widgets.prompt.prompt import Prompt

if TYPE_CHECKING:
    from coze_tui.engine.library.conversations import SavedEdit


class QuestionEdit:
    """Puts an earlier question into the prompt, and restores the draft afterwards."""

    def __init__(self, strip: EditStrip, prompt: Prompt) -> None:
        self._strip = strip
        self._prompt = prompt
        self._question: SavedEdit | None = None
        self._draft = ""

    @property
    def is_on(self) -> bool:
        """Return whether the prompt contains an earlier question."""
        return self._question is not None

    @property
    def question(self) -> SavedEdit | None:
        """Return the edited question, with the text of the prompt; None if there is none."""
        if self._question is None:
            return None
        from dataclasses import replace

        return replace(self._question, text=self._prompt.message)

    @property
    def draft(self) -> str:
        """Return the unsent text that belongs to no earlier question."""
        return self._draft if self.is_on else self._prompt.message

    def begin(self, question: SavedEdit) -> None:
        """Put a question into the prompt. The draft waits, also if another question was edited."""
        self._draft = self.draft
        self._show(question)
        self._prompt.set_message(question.text)

    def end(self) -> None:
        """Restore the draft."""
        if self.is_on:
            self._show(None)
            self._prompt.set_message(self._draft)

    def forget(self) -> None:
        """End the mode without changing the prompt, because another conversation is shown."""
        self._show(None)

    def _show(self, question: SavedEdit | None) -> None:
        self._question = question
        self._prompt.is_editing = question is not None
        self._strip.show(question.asked_at if question is not None else None)
