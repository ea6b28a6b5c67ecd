"""Counts the spacing marks of Indic scripts as one cell each, as most terminals do.

Rich counts every mark as zero cells. tmux, xterm, VTE and others count the marks of Unicode's category Mc,
such as the vowel signs of `हिन्दी`, as one cell, so text positioned by Rich's count overwrites them.
Terminals that draw whole clusters need no more cells than Rich counts.
"""

from __future__ import annotations

import functools
import sys
import unicodedata
from collections.abc import Callable, Mapping

import rich.cells

from coze_tui.terminal.textual_overrides import is_known_textual

_CLUSTERING = frozenset({"iTerm.app", "WezTerm", "ghostty", "Apple_Terminal"})
"""Values of TERM_PROGRAM."""
_LAST = 0x1FFFF
"""Marks are below it; the rest of the table contains tags and selectors, which have no width anywhere."""


def counts_spacing_marks(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal counts a spacing mark as a cell. Multiplexers do, in any outer terminal."""
    if environment.get("TMUX") or environment.get("STY"):
        return True
    term = environment.get("TERM", "")
    return not (
        sys.platform == "win32"
        or term.startswith(("xterm-kitty", "xterm-ghostty"))
        or environment.get("TERM_PROGRAM") in _CLUSTERING
        or environment.get("LC_TERMINAL") == "iTerm2"
        or environment.get("WT_SESSION")
    )


def count_spacing_marks() -> None:
    """Make Rich, and so Textual, count a spacing mark as one cell. Call this before any text is measured."""
    names = vars(rich.cells)
    if not is_known_textual() or names[_LOADER] is _load:
        return
    names[_LOADER] = _load
    rich.cells.get_character_cell_size.cache_clear()
    rich.cells.cached_cell_len.cache_clear()


_LOADER = "load_cell_table"
_load_as_rich: Callable[[str], rich.cells.CellTable] = vars(rich.cells)[_LOADER]


@functools.cache
def _load(unicode_version: str = "auto") -> rich.cells.CellTable:
    """Return Rich's table without the spacing marks; a character that is not in it has one cell."""
    table = _load_as_rich(unicode_version)
    widths: list[tuple[int, int, int]] = []
    for start, end, width in table.widths:
        if width or end > _LAST or start < 0x300:
            widths.append((start, end, width))
            continue
        for code in range(start, end + 1):
            if unicodedata.category(chr(code)) == "Mc":
                continue
            if widths and widths[-1][1] == code - 1 and widths[-1][2] == 0:
                widths[-1] = (widths[-1][0], code, 0)
            else:
                widths.append((code, code, 0))
    return table._replace(widths=widths)
