"""The short list over the prompt: slash commands, paths, earlier prompts. The prompt handles its keys."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice

from textual import events
from textual.message import Message
from textual.strip import Strip

from coze_tui.config.locations import typed_paths
from coze_tui.engine.session.sent_files import web_address
from coze_tui.render.cells import cell_len, pad, shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size
from coze_tui.text.i18n import _, listed
from coze_tui.tui.widgets.line_widget import LineWidget, Part
from coze_tui.values import valueclass

_MOST_ROWS = 8
_LEAST_COLUMN = 14
_MOST_READ = 5_000
_MOST_SHOWN = 50


@valueclass
class Candidate:
    """A completion of the typed text."""

    text: str
    """The text that replaces the typed one."""
    description: str = ""
    """One clean line; already in the language in use."""
    label: str = ""
    """The text in the list, if it is not `text`."""
    is_complete: bool = True
    """Whether Enter may send it at once, as a command without a missing argument; not a folder."""

    @property
    def shown(self) -> str:
        """Return the text in the list."""
        return self.label or self.text


class CompletionList(LineWidget):
    """A list that covers the rows above the prompt, so that nothing moves when it opens."""

    class Picked(Message):
        """A row was clicked; it is the current one now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.display = False
        self._candidates: tuple[Candidate, ...] = ()
        self._index = 0
        self._top = 0

    @property
    def is_open(self) -> bool:
        """Return whether the list is visible."""
        return bool(self._candidates)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Return all candidates, the best first."""
        return self._candidates

    @property
    def current(self) -> Candidate | None:
        """Return the selected candidate; None until the user has moved, if none was selected at first."""
        return self._candidates[self._index] if self._candidates and self._index >= 0 else None

    def show(self, candidates: Sequence[Candidate], *, chooses_first: bool = True) -> None:
        """Show these candidates; hides the list if there are none.

        Args:
            chooses_first: Whether the first one is selected; otherwise none is until the user moves.
        """
        if tuple(candidates) == self._candidates:
            return
        self._candidates = tuple(candidates)
        self._index, self._top = 0 if chooses_first else -1, 0
        rows = min(_MOST_ROWS, len(self._candidates))
        if rows:
            self.styles.height = rows
            self.styles.offset = (0, -rows)
        self.display = bool(rows)
        self.refresh()

    def close(self) -> None:
        """Show nothing."""
        self.show(())

    def move(self, step: int) -> None:
        """Select another candidate; the first one follows the last."""
        if not self._candidates:
            return
        start = self._index if self._index >= 0 else min(-step, 0)
        self._index = (start + step) % len(self._candidates)
        self._top = min(self._top, self._index)
        self._top = max(self._top, self._index - _MOST_ROWS + 1)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line of a candidate."""
        index = self._top + y
        if index >= len(self._candidates):
            return self.line([])
        candidate = self._candidates[index]
        is_current = index == self._index
        left: list[Part] = [("› " if is_current else "  ", "user")]
        if candidate.description:
            widest = max(cell_len(one.shown) for one in self._candidates)
            column = max(_LEAST_COLUMN, min(widest, self.content_size.width // 2))
            name = shorten(candidate.shown, column)
            left.append((pad(name, column + 2), "bot"))
            left.append((candidate.description, "muted"))
        else:
            left.append((candidate.shown, "text"))
        right: list[Part] = []
        if y == 0 and len(self._candidates) > _MOST_ROWS:
            right.append((f"{max(0, self._index) + 1}/{len(self._candidates)}", "muted"))
        return self.line(left, right, "selected" if is_current else "")

    def on_click(self, click: events.Click) -> None:
        """Select and pick the clicked candidate."""
        offset = click.get_content_offset(self)
        if offset is not None and self._top + offset.y < len(self._candidates):
            self._index = self._top + offset.y
            self.refresh()
            self.post_message(self.Picked())


def path_candidates(typed: str) -> list[Candidate]:
    """Return files and folders that start with the typed text, folders first; none if unreadable.

    Reads folders, so call it in a thread. Includes hidden files only after a typed dot, and no file whose
    name cannot be shown unchanged.
    """
    if (url := web_address(typed)) is not None:
        return [Candidate(url, label=_("attach {name}").format(name=clean_line(url)))]
    folder, slash, begun = typed.rpartition("/")
    prefix = folder + slash
    folds = begun.casefold()
    found: list[tuple[bool, str, str]] = []
    try:
        with os.scandir(os.path.expanduser(prefix) or ".") as entries:
            for entry in islice(entries, _MOST_READ):
                name = entry.name
                if not name.casefold().startswith(folds) or (name.startswith(".") and not begun):
                    continue
                if clean_line(name) != name:
                    continue
                is_folder = entry.is_dir()
                detail = "" if is_folder else size(entry.stat().st_size)
                found.append((not is_folder, f"{name}/" if is_folder else name, detail))
    except (OSError, ValueError):
        pass
    found.sort(key=lambda one: (one[1].rstrip("/") != begun, one[0], one[1].casefold()))
    return [
        Candidate(prefix + name, detail, name, is_complete=is_file)
        for is_file, name, detail in found[:_MOST_SHOWN]
    ]


def dropped_candidates(text: str) -> list[Candidate]:
    """Return as one candidate the files that a pasted text names, in the form of files dropped on a terminal.

    Empty if any of them is not a file. Reads the disk, so call it in a thread.
    """
    paths = typed_paths(text)
    try:
        if not all(path.is_file() for path in paths):
            return []
        names = listed(clean_line(path.name) for path in paths)
        total = sum(path.stat().st_size for path in paths)
    except (OSError, ValueError):
        return []
    return [Candidate("\n".join(map(str, paths)), size(total), _("attach {name}").format(name=names))]
