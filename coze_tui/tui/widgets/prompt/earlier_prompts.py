"""The prompts that were sent before, for walking with ↑ and ↓ and for searching."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_EARLIER = 1_000


class EarlierPrompts:
    """The sent prompts, the newest first, with the unsent draft and the edits of the current walk."""

    def __init__(self, prompts: Iterable[str] = ()) -> None:
        self._prompts: list[str] = []
        self._position = -1
        self._edited: dict[int, str] = {}
        self.add_stored(prompts)

    def add_stored(self, prompts: Iterable[str]) -> None:
        """Add the prompts of the history, newest first, behind those that were sent while it was read.

        The history may contain these already.
        """
        sent = len(self._prompts)
        for number, prompt in enumerate(prompts):
            if len(self._prompts) == _MOST_EARLIER:
                break
            is_sent = number < sent and prompt in self._prompts[:sent]
            if prompt.strip() and not is_sent and self._prompts[-1:] != [prompt]:
                self._prompts.append(prompt)

    def older(self, present: str) -> str | None:
        """Save `present`, the text in the box, and return the previous prompt; None at the oldest."""
        return self._go(self._position + 1, present)

    def newer(self, present: str) -> str | None:
        """Save `present` and return the next prompt, at last the draft; None after the draft."""
        return self._go(self._position - 1, present)

    def sent(self, prompt: str) -> None:
        """Add a sent prompt as the newest, and restart the walk."""
        self._position = -1
        self._edited.clear()
        if prompt.strip() and self._prompts[:1] != [prompt]:
            self._prompts.insert(0, prompt)
            del self._prompts[_MOST_EARLIER:]

    def search(self, words: str, limit: int = 50) -> list[str]:
        """Return the prompts that contain every word, the newest first, each once."""
        wanted = words.casefold().split()
        found: dict[str, None] = {}
        for prompt in self._prompts:
            folded = prompt.casefold()
            if all(word in folded for word in wanted):
                found[prompt] = None
                if len(found) == limit:
                    break
        return list(found)

    def _go(self, position: int, present: str) -> str | None:
        if not -1 <= position < len(self._prompts):
            return None
        self._edited[self._position] = present
        self._position = position
        stored = "" if position < 0 else self._prompts[position]
        return self._edited.get(position, stored)
