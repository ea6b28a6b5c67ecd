"""One line to search with: a sign, what is typed, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.strip import Strip

from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of


class _Words(LineWidget):
    """A few words, as wide as they are."""

    def __init__(self, parts: Sequence[Part], *, classes: str) -> None:
        super().__init__(classes=classes)
        self._parts = list(parts)
        self.styles.width = width_of(parts)

    def show(self, parts: Sequence[Part]) -> None:
        """Show these."""
        if list(parts) != self._parts:
            self._parts = list(parts)
            self.styles.width = width_of(parts)
            self.refresh(layout=True)

    @property
    def text(self) -> str:
        """What is to be read."""
        return "".join(text for text, _role in self._parts)

    def render_line(self, y: int) -> Strip:
        """Draw them."""
        return self.line(self._parts)


class SearchBar(Horizontal):
    """The field is where one types; what its text means is the screen's.

    Args:
        mark: The sign before it.
    """

    field = getters.query_one(Field)

    def __init__(self, mark: str, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._mark = _Words([(f"{mark} ", "user bold")], classes="mark")
        self._remark = _Words([], classes="remark")
        self._placeholder = placeholder

    @property
    def value(self) -> str:
        """What is typed."""
        return self.field.value

    @property
    def remark(self) -> str:
        """What is said at the right."""
        return self._remark.text

    def compose(self) -> ComposeResult:
        yield self._mark
        yield Field(placeholder=self._placeholder)
        yield self._remark

    def show(self, *parts: Part) -> None:
        """Say at the right what came of it."""
        self._remark.show([*parts, (" ", "muted")] if parts else [])
