"""The introduction that an empty conversation shows until the first question."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.screen import Screen

from coze_tui.render.cells import cell_len, shorten
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.i18n import N_, _
from coze_tui.tui.key_names import key_for
from coze_tui.tui.log.blocks import EntryBlock, PlainBlock
from coze_tui.tui.log.entries import Entry

_GAP = "   "
_SHOWN_BY_BOTS = N_(
    "reasoning · tools · local tools · questions to you · failures · a lost connection · thousands "
    "of deltas · cards and forms · Markdown"
)


def first_steps(screen: Screen[None], demo_bots: int) -> FirstStepsEntry:
    """Return the introduction for an empty conversation: in the demo its bots, and a few keys.

    Args:
        screen: The chat, which has the keys.
        demo_bots: The number of bots of the demo; 0 for a real site.
    """

    def key_of(binding: str) -> str:
        return key_for(binding, screen, screen)

    sentences: list[str] = []
    if demo_bots:
        reach = _("This is the demo: each of its {n} bots shows one feature. {key} changes the bot.")
        sentences = [reach.format(n=demo_bots, key=key_of("chat.bot")), _(_SHOWN_BY_BOTS)]
    twice = " ".join([key_of("chat.events")] * 2)
    keys = [("/", _("commands")), (twice, _("every frame")), (key_of("chat.history"), _("history"))]
    return FirstStepsEntry(sentences, [*keys, (key_of("chat.help"), _("keys"))])


class FirstStepsEntry(Entry):
    """A few sentences and a list of keys; removed as soon as a message follows.

    Args:
        sentences: One paragraph each.
        keys: Names of keys and their actions.
    """

    # Above a conversation it would only be in the way.
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
            # A narrow pane cuts the words of a key, never the key.
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
