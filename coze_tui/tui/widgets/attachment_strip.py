"""The files that will go with the next question, above the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.strip import Strip

from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size
from coze_tui.text.i18n import _
from coze_tui.tui.widgets.line_widget import LineWidget, Part


class AttachmentStrip(LineWidget):
    """Names and sizes on one line. Gone when there is nothing to send along."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._files: tuple[tuple[Path, int], ...] = ()
        self.display = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, in the order in which they were chosen."""
        return tuple(path for path, _size in self._files)

    def add(self, path: Path, count: int) -> None:
        """One more file, of so many bytes; the same one only once."""
        if path not in self.files:
            self._show((*self._files, (path, count)))

    def clear(self) -> None:
        """None any more."""
        self._show(())

    def take(self) -> tuple[tuple[Path, int], ...]:
        """The files with their sizes, shown no longer: their question is on its way."""
        files = self._files
        self.clear()
        return files

    def restore(self, files: Sequence[tuple[Path, int]]) -> None:
        """Show files again whose question could not be sent."""
        self._show(tuple(files))

    def render_line(self, y: int) -> Strip:
        parts: list[Part] = [("  + ", "user")]
        for number, (path, count) in enumerate(self._files):
            parts.append((" · " if number else "", "muted"))
            parts.append((clean_line(path.name), "text"))
            parts.append((f" {size(count)}", "muted"))
        return self.line(parts, [(_("/detach removes"), "muted")])

    def _show(self, files: tuple[tuple[Path, int], ...]) -> None:
        self._files = files
        self.display = bool(files)
        self.refresh()
