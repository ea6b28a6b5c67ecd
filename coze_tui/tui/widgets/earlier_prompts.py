"""The prompts of before, walked with the arrow keys and searched. Pure."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 1_000


class EarlierPrompts:
    """What was sent before, the newest first. The unsent draft and edits made on the way are kept."""

    def __init__(self, prompts: Iterable[str] = ()) -> None:
        self._prompts: list[str] = []
        for prompt in prompts:
            if len(self._prompts) == _MOST:
                break
            if prompt.strip() and self._prompts[-1:] != [prompt]:
                self._prompts.append(prompt)
        self._position = -1
        self._edited: dict[int, str] = {}

    @property
    def is_walking(self) -> bool:
        """An earlier prompt is in the box, not the draft."""
        return self._position >= 0

    def older(self, present: str) -> str | None:
        """The one before; None at the oldest. `present` is what is in the box, which is kept."""
        return self._go(self._position + 1, present)

    def newer(self, present: str) -> str | None:
        """The one after, at last the draft; None when that is in the box."""
        return self._go(self._position - 1, present)

    def sent(self, prompt: str) -> None:
        """One more was sent: it is the newest, and the walk begins anew."""
        self._position = -1
        self._edited.clear()
        if prompt.strip() and self._prompts[:1] != [prompt]:
            self._prompts.insert(0, prompt)
            del self._prompts[_MOST:]

    def search(self, words: str, limit: int = 50) -> list[str]:
        """Those in which every one of the words stands, the newest first, each once."""
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
