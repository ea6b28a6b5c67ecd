"""Long pastes: each is one token in the box, and is replaced by its text when the message is used."""

from __future__ import annotations

import re

from coze_tui.text.format import thousands
from coze_tui.text.i18n import ngettext

_CHIP_BYTES = 32_000
_CHIP_LINES = 1_000
_CHIP_LINE = 5_000
_MOST_IN_BOX = 64_000
"""The most characters in the box after a paste."""
_TYPED_LINE = 24_000
"""The most characters of a typed line; longer lines delay keys."""
_MOST_PASTED = 8_000_000
"""The most characters of one paste; all pastes together may have twice as many."""
_LARGE_LINES = 10
"""The rows of the prompt; more lines would hide the text typed before them."""
_LARGE_CHARACTERS = 1_000
"""About the characters of these rows at 100 columns."""


class Pastes:
    """The texts behind the tokens of one box, such as `[60 lines pasted, 960 characters]`."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._used: set[str] = set()
        """Tokens of all times: undo may bring one back, which must not stand for another text."""
        self._opened: set[str] = set()
        """Tokens whose text is to stay in sight."""

    @staticmethod
    def is_too_long(text: str) -> bool:
        """Return whether a text is not accepted at all."""
        return len(text) > _MOST_PASTED

    @staticmethod
    def is_large(text: str) -> bool:
        """Return whether a pasted text would fill the prompt, so that a token serves better."""
        return len(text) > _LARGE_CHARACTERS or text.count("\n") >= _LARGE_LINES

    @staticmethod
    def has_large_height(text: str) -> bool:
        """Return whether a text has more lines than the prompt has rows."""
        return text.count("\n") >= _LARGE_LINES

    @staticmethod
    def is_long(text: str, held: int = 0) -> bool:
        """Return whether a box of `held` characters cannot hold a text: long lines are slow."""
        if len(text) + held > _MOST_IN_BOX or len(text.encode("utf-8", "replace")) > _CHIP_BYTES:
            return True
        lines = text.split("\n")
        return len(lines) > _CHIP_LINES or max(map(len, lines)) > _CHIP_LINE

    @staticmethod
    def is_long_typed(text: str, held: int = 0) -> bool:
        """Return whether a box of `held` characters cannot hold a text that arrives like typing."""
        return len(text) + held > _MOST_IN_BOX or max(map(len, text.split("\n"))) > _TYPED_LINE

    def keep(self, text: str, shown: str) -> str:
        """Remember a text and return its token; no two tokens in a box are the same.

        Args:
            shown: The content of the box. A text whose token is not in it may be discarded to make room.
        """
        for token, known in self._texts.items():
            if known == text and token not in shown and token not in self._opened:
                return token
        spare = [token for token in self._texts if token not in shown]
        while spare and sum(map(len, self._texts.values())) + len(text) > 2 * _MOST_PASTED:
            del self._texts[spare.pop(0)]
        count = text.removesuffix("\n").count("\n") + 1
        label = ngettext(
            "{n} line pasted, {characters} characters", "{n} lines pasted, {characters} characters", count
        ).format(n=thousands(count), characters=thousands(len(text)))
        token, number = f"[{label}]", 1
        while token in self._used or token in shown:
            number += 1
            token = f"[{label} #{number}]"
        self._used.add(token)
        self._texts[token] = text
        return token

    def open(self, token: str) -> str:
        """Return the text of a token, and exclude it from `folded` from now on."""
        self._opened.add(token)
        return self._texts[token]

    def text_of(self, token: str) -> str:
        """Return the text of a token."""
        return self._texts[token]

    def folded(self, text: str) -> str:
        """Return a text with tokens in place of large pastes in it, unless they were opened."""
        for token, known in sorted(self._texts.items(), key=lambda each: -len(each[1])):
            if token not in self._opened and self.is_large(known) and token not in text:
                text = text.replace(known, token, 1)
        return text

    def whole(self, shown: str) -> str:
        """Return the text of the box with the pasted texts in place of their tokens."""
        pattern = self._pattern()
        return pattern.sub(lambda token: self._texts[token.group()], shown) if pattern else shown

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Return the columns of the tokens in a line of the box."""
        pattern = self._pattern() if "[" in line else None
        return [token.span() for token in pattern.finditer(line)] if pattern else []

    def _pattern(self) -> re.Pattern[str] | None:
        if not self._texts:
            return None
        # re keeps the patterns it compiled last.
        return re.compile("|".join(map(re.escape, self._texts)))
