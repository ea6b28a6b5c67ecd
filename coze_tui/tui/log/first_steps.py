"""The introduction that an empty conversation shows until the first question."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import cell_len, shorten
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.tui.log.blocks import EntryBlock, PlainBlock
from coze_tui.tui.log.entries import Entry

_GAP = "   "


class FirstStepsEntry(Entry):
    """A few sentences and a list of keys; removed as soon as a message follows.

    Args:
        sentences: One paragraph each.
        keys: Names of keys and their actions.
    """

    is_transient = True

    def __init__(self, sentences: Sequence[str], keys: Sequence[tuple[str, str]]) -> None:
        blocks: list[EntryBlock] = [PlainBlock(sentence, "muted") for sentence in sentences]
        super().__init__([*blocks, KeysBlock(keys)])

    def copy_text(self) -> str:
        return ""


class KeysBlock(EntryBlock):
    """Keys and their actions, several per line if they fit."""

    spaced = True

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = tuple(keys)

    def _lay_out(self, width: int, palette: Palette) -> Sequence[Line]:
        rows: list[list[Segment]] = []
        used = 0
        for key, words in self._keys:
            does = shorten(words, max(1, width - cell_len(key) - 1))
            size = cell_len(key) + 1 + cell_len(does)
            if not rows or used + len(_GAP) + size > width:
                rows.append([])
                used = -len(_GAP)
            else:
                rows[-1].append(Segment(_GAP))
            rows[-1] += [
                Segment(key, palette.accent + Style(bold=True)),
                Segment(f" {does}", palette.muted),
            ]
            used += len(_GAP) + size
        return [Line(body=tuple(row), width=sum(cell_len(part.text) for part in row)) for row in rows]
