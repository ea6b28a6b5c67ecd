"""Masks a secret in text that arrives in pieces, in case a server repeats it across several pieces."""

from __future__ import annotations

from collections.abc import Callable

from coze_tui.config.tokens import MASK
from coze_tui.text.cleaning import StreamCleaner

LEAST_SECRET = 6
"""Characters; a shorter secret occurs in ordinary text."""
_LEAST_BEGINNING = 4
"""From this length on, a prefix of the secret is held back until it is certain. Shorter ones are shown,
because each text that ends in the first letter would wait."""


class SecretCleaner(StreamCleaner):
    """A cleaner that also masks a secret, even if it is split between pieces.

    At most the first three characters of the secret are returned.

    Args:
        secret: returns the secret; no variable contains it, because a traceback may show variables.
    """

    def __init__(self, secret: Callable[[], str]) -> None:
        super().__init__()
        self._secret = secret
        self._shown = ""  # the last returned characters, which may be the start of the secret
        self._waiting = ""  # the held-back start of the secret

    def feed(self, piece: str) -> str:
        """Return the part of `piece`, and of the text held back before, that later text cannot change."""
        return self._masked(super().feed(piece))

    def flush(self) -> str:
        """Return the text that was held back, because the text has ended."""
        text = self._masked(super().flush())
        rest, self._waiting = self._waiting, ""
        return text + rest

    def _masked(self, piece: str) -> str:
        if not piece or len(self._secret()) < LEAST_SECRET:
            return piece
        shown, text = len(self._shown), self._shown + self._waiting + piece
        end = len(text)
        if self._secret()[:_LEAST_BEGINNING] in text:
            while (start := text.find(self._secret())) >= 0:
                text = text[: max(start, shown)] + MASK + text[start + len(self._secret()) :]
            end = max(shown, self._beginning(text))
        self._waiting = text[end:]
        self._shown = text[max(0, end - _LEAST_BEGINNING + 1) : end]
        return text[shown:end]

    def _beginning(self, text: str) -> int:
        """Return the index at which the text's end may start the secret, or the length of the text."""
        start = max(0, len(text) - len(self._secret()) + 1)
        while (start := text.find(self._secret()[:_LEAST_BEGINNING], start)) >= 0:
            if self._secret().startswith(text[start:]):
                return start
            start += 1
        return len(text)
