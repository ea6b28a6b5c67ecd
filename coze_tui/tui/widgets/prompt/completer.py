"""Completion in the prompt: commands, paths, dropped files, and prompts that were sent before."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence

from coze_tui.tui.widgets.prompt.completion import (
    Candidate,
    CompletionList,
    dropped_candidates,
    path_candidates,
)
from coze_tui.tui.widgets.prompt.earlier_prompts import EarlierPrompts
from coze_tui.tui.widgets.prompt.text_box import TextBox

Offer = Callable[[str, Sequence[Candidate]], None]
"""Shows completions of a text if it is still in the box; may be called from any thread."""
Commands = Callable[[str, Offer], Sequence[Candidate]]
"""Returns the completions of a text that begins with a slash; slow ones are offered later."""
_PATH = re.compile(r"(?:.*\s)?@((?:\S.*)?)")
"""Matches the path after the last `@` that begins a word; file names may contain spaces."""
_DROPPED = r"(?:file:|[a-z]:\\|[/~'\"])[^\n]{1,4000}"
_MAY_BE_DROPPED = re.compile(rf"(?i){_DROPPED}(?:\n+{_DROPPED})*\s*")
"""Matches the paths of dropped files as terminals write them, on one line or on several."""


class Completer:
    """Fills the list over a text box, and puts what is chosen there into the box.

    Args:
        commands: Returns what a text that begins with a slash may become.
        send: Sends the text of the box.
        attach: Called with the path of a file that was chosen, as typed: perhaps relative, perhaps with `~`.
    """

    def __init__(
        self,
        box: TextBox,
        shown: CompletionList,
        commands: Commands | None,
        earlier: EarlierPrompts,
        send: Callable[[], None],
        attach: Callable[[str], object],
    ) -> None:
        self._box = box
        self._list = shown
        self._commands = commands
        self._send = send
        self._attach = attach
        self._earlier = earlier
        self.sought_from: str | None = None
        """The text of the box before a search for an earlier prompt; None if there is no search."""
        self._dropped: str | None = None
        """A text pasted into the empty box that may be the path of a dropped file."""
        self._no_paths: str | None = None
        """No path begins with this, and so none with a longer text."""

    def press(self, key: str, *, may_take: bool) -> bool:
        """Handle a key of the list or of a search; return False if the key is not one of them.

        Args:
            may_take: Whether Enter takes the current candidate; not if it was pasted.
        """
        if key == "escape" and self.sought_from is not None:
            self.stop_search(restore=True)
        elif not self._list.is_open:
            return False
        elif key in ("up", "down", "ctrl+r"):
            self._list.move(-1 if key == "up" else 1)
        elif key == "tab" or (key == "enter" and may_take and self._list.current):
            if self._list.current is None:
                self._list.move(1)
            self.take(may_send=key == "enter")
        elif key == "escape":
            self.close()
        else:
            return False
        return True

    def close(self) -> None:
        """Close the list."""
        self._list.close()

    def update(self) -> None:
        """Show the completions of the typed text; call it after each change of the text."""
        text, typed = self._box.text, self._typed_path()
        if self.sought_from is not None:
            earlier = self._earlier.search(text)
            self._list.show([Candidate(one, label=" ".join(one[:500].split())) for one in earlier])
        elif text == self._dropped:
            self._find_paths(text, dropped_candidates)
        elif text.startswith("/") and "\n" not in text and self._commands is not None:
            found = self._commands(text, self._offer) if self._box.cursor_at_end_of_text else ()
            self._list.show(found, chooses_first=_chooses(text, found))
        elif typed is not None and not self._has_no_paths(typed):
            shown, begun = self._list.candidates, typed.casefold()
            self._list.show([one for one in shown if one.text.casefold().startswith(begun)])
            self._find_paths(typed, path_candidates)
        else:
            self._list.close()

    def pasted(self, *, into_empty_box: bool) -> None:
        """Offer the path of a file that is alone in the box as an attachment."""
        text = self._box.text
        self._dropped = text if into_empty_box and _MAY_BE_DROPPED.fullmatch(text) else None

    # --- taking ---

    def take(self, *, may_send: bool) -> None:
        """Put the current candidate into the box, or attach the file that it is.

        Args:
            may_send: Send a command that needs nothing more.
        """
        candidate = self._list.current
        if candidate is None:
            return
        box, typed = self._box, self._typed_path()
        self.close()
        if self.sought_from is not None:
            self.stop_search(restore=True)
            box.set_message(candidate.text)
        elif box.text == self._dropped:
            box.put("")
            self._attach(candidate.text)
        elif typed is not None and not box.text.startswith("/"):
            self._take_path(typed, candidate)
        else:
            sends = may_send and candidate.is_complete
            needs_space = not sends and not candidate.text.endswith((" ", "/"))
            box.put(f"{candidate.text} " if needs_space else candidate.text)
            if sends:
                self._send()

    def _take_path(self, typed: str, candidate: Candidate) -> None:
        row, column = self._box.cursor_location
        start, end = (row, column - len(typed) - 1), (row, column)
        text = "" if candidate.is_complete else f"@{candidate.text}"
        self._box.replace(text, start, end, maintain_selection_offset=False)
        if candidate.is_complete:
            self._attach(candidate.text)

    # --- earlier prompts ---

    def start_search(self) -> None:
        """Start a search: the box then contains words of an earlier prompt instead of a message."""
        if self.sought_from is None:
            self.sought_from = self._box.text
            self._box.put("")
            self._box.refresh()  # the mark and the placeholder, also if the box was empty
            self.update()

    def stop_search(self, *, restore: bool) -> None:
        """End the search; `restore` puts the text from before it back into the box."""
        before, self.sought_from = self.sought_from, None
        if before is None:
            return
        self.close()
        if restore:
            self._box.put(before)
        self._box.refresh()

    # --- what takes time to find ---

    def _typed_path(self) -> str | None:
        if self._dropped is not None and self._box.text == self._dropped:
            return self._dropped
        row, column = self._box.cursor_location
        match = _PATH.fullmatch(self._box.document[row][:column])
        return match.group(1) if match else None

    def _has_no_paths(self, typed: str) -> bool:
        known = self._no_paths
        if known is None or " " not in typed or typed == known or not typed.startswith(known):
            return False
        return "/" not in typed[len(known) :]

    def _find_paths(self, typed: str, find: Callable[[str], list[Candidate]]) -> None:
        # A folder on a dead network drive must hold up neither typing nor leaving: hence a daemon thread.
        def run() -> None:
            self._box.call_later(self._show_paths, typed, find(typed))

        threading.Thread(target=run, daemon=True).start()

    def _show_paths(self, typed: str, found: list[Candidate]) -> None:
        if typed == self._dropped and not found:
            self._dropped = None  # not a file, perhaps a command
            self.update()
            return
        if not found:
            self._no_paths = typed
        if typed == self._typed_path() and self.sought_from is None:
            self._list.show(found)

    def _offer(self, text: str, candidates: Sequence[Candidate]) -> None:
        """Show completions of a text if it is still in the box. May be called from any thread."""
        self._box.call_later(self._show_offered, text, candidates)

    def _show_offered(self, text: str, candidates: Sequence[Candidate]) -> None:
        if text == self._box.text and self.sought_from is None and self._box.cursor_at_end_of_text:
            self._list.show(candidates, chooses_first=_chooses(text, candidates))


def _chooses(text: str, candidates: Sequence[Candidate]) -> bool:
    """Return whether the first candidate is selected: not if none or all of it is typed."""
    if " " in text and text.endswith((" ", "/")):
        return False
    return not (candidates and candidates[0].text == f"{text}/")
