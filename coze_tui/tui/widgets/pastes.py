"""Long pastes, kept outside the text box: there each is one chip, `[pasted 1.0 MB, 12 345 lines]`. Pure."""

from __future__ import annotations

import re

from coze_tui.text.format import size, thousands
from coze_tui.text.i18n import ngettext

_CHIP_BYTES = 32_000
_CHIP_LINES = 1_000
_CHIP_LINE = 5_000
_BOX = 64_000
"""Characters that the box itself may come to hold by pasting."""
_MOST = 8_000_000
"""Characters of one paste; of all together twice as many are remembered."""


class Pastes:
    """The texts behind the chips of one prompt."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._given: set[str] = set()
        """Chips of all times: undo may bring one back, which must not stand for another text."""

    @staticmethod
    def is_too_long(text: str) -> bool:
        """It is not taken at all."""
        return len(text) > _MOST

    @staticmethod
    def is_long(text: str, held: int = 0) -> bool:
        """It is better kept outside a box that holds so many characters (a long line costs seconds a key)."""
        if len(text) + held > _BOX or len(text.encode("utf-8", "replace")) > _CHIP_BYTES:
            return True
        lines = text.split("\n")
        return len(lines) > _CHIP_LINES or max(map(len, lines)) > _CHIP_LINE

    def keep(self, text: str, shown: str) -> str:
        """Remember the text and return its chip; no two chips are the same.

        Args:
            shown: What is in the box: texts whose chips are not there may be forgotten to make room.
        """
        spare = [chip for chip in self._texts if chip not in shown]
        while spare and sum(map(len, self._texts.values())) + len(text) > 2 * _MOST:
            del self._texts[spare.pop(0)]
        count = text.count("\n") + 1
        told = ngettext("pasted {size}, {n} line", "pasted {size}, {n} lines", count).format(
            size=size(len(text.encode("utf-8", "replace"))), n=thousands(count)
        )
        chip, number = f"[{told}]", 1
        while chip in self._given or chip in shown:
            number += 1
            chip = f"[{told} #{number}]"
        self._given.add(chip)
        self._texts[chip] = text
        return chip

    def whole(self, shown: str) -> str:
        """What is in the box, with the texts in place of their chips."""
        pattern = self._pattern()
        return pattern.sub(lambda chip: self._texts[chip.group()], shown) if pattern else shown

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where chips stand in a line of the box."""
        pattern = self._pattern() if "[" in line else None
        return [chip.span() for chip in pattern.finditer(line)] if pattern else []

    def _pattern(self) -> re.Pattern[str] | None:
        if not self._texts:
            return None
        # re keeps the patterns it compiled last.
        return re.compile("|".join(map(re.escape, self._texts)))
