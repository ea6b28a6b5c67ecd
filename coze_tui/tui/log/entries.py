"""The entries of the message pane: questions, greetings and section lines. No widgets, no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.engine.model.transcript import with_files
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.i18n import _
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.blocks import EntryBlock, HeaderBlock, PlainBlock, Role, SectionBlock
from coze_tui.tui.log.follow_ups import FollowUpsBlock
from coze_tui.tui.log.notices import clock_time

_BLANK = Line()


class Entry:
    """A message: a few blocks next to one colored bar."""

    bar: Role | None = None
    """The color of the bar at the left; None for no bar."""
    is_transient = False
    """Whether the entry is removed as soon as another one follows."""

    def __init__(self, blocks: Sequence[EntryBlock], chat: int = 0) -> None:
        self.blocks = list(blocks)
        self.chat = chat
        """Key of its chat in the store; 0 if not stored yet."""
        self._starts: list[int] = []
        self._height: int | None = None
        self._width = 0
        self._palette: Palette | None = None

    @property
    def is_measured(self) -> bool:
        """Return whether its height is exact instead of estimated."""
        return self._height is not None

    def height(self, width: int) -> int:
        """Return the number of lines with the blank one after it; estimated until laid out."""
        if self._height is not None and self._width == width:
            return self._height
        blocks = sum(block.estimate(width) for block in self.blocks)
        # About every second block follows a blank line.
        return blocks + len(self.blocks) // 2 + 1

    def lay_out(self, width: int, palette: Palette) -> int:
        """Compute the lines and return the exact height."""
        self._starts, at = [], 0
        before: EntryBlock | None = None
        for block in self.blocks:
            if before is not None and _gap(before, block):
                at += 1
            self._starts.append(at)
            at += block.height(width, palette)
            before = block
        # With the blank line after it, so that no entry needs to know its neighbors.
        self._height, self._width, self._palette = at + 1, width, palette
        return self._height

    @property
    def is_behind(self) -> bool:
        """Return whether a part of the entry is not laid out yet."""
        return any(block.is_behind for block in self.blocks)

    def advance(self) -> int:
        """Lay out the next slice; return the first changed line. The caller then calls `lay_out`."""
        for block in self.blocks:
            if block.is_behind:
                return self.start_of(block) + block.advance()
        return 0

    def changed(self) -> None:
        """Record that a block has changed: the height is an estimate until the next layout."""
        self._height = None

    def release(self) -> None:
        """Discard the lines but retain the height."""
        for block in self.blocks:
            block.release()

    def line(self, number: int) -> tuple[Line, EntryBlock | None, int]:
        """Return a line of a laid out entry, its block, and its index in the block; a gap has no block."""
        assert self._palette is not None
        for index in range(len(self.blocks) - 1, -1, -1):
            start = self._starts[index]
            if number >= start:
                block = self.blocks[index]
                lines = block.lines(self._width, self._palette)
                if number - start < len(lines):
                    return lines[number - start], block, number - start
                break
        return _BLANK, None, 0

    def start_of(self, block: EntryBlock) -> int:
        """Return the first line of a block; if it is not laid out yet, of the last block that is."""
        # The footer asks for a fold as soon as it arrives, before its first layout.
        number = self.blocks.index(block)
        return self._starts[min(number, len(self._starts) - 1)] if self._starts else 0

    def show_offered(self, *, is_offered: bool, lit: int = 0) -> bool:
        """Set whether digits choose the follow-ups, and which one is typed; return whether that changed."""
        block = next((block for block in self.blocks if isinstance(block, FollowUpsBlock)), None)
        return block is not None and block.show_offered(is_offered=is_offered, lit=lit)

    def translate(self) -> None:
        """Update the texts to the current language."""
        self.release()
        self.changed()

    def copy_text(self) -> str:
        """Return the source of the message for the clipboard."""
        return "\n\n".join(text for block in self.blocks if (text := block.copy_text()))


def _gap(before: EntryBlock, block: EntryBlock) -> bool:
    # A header belongs to the text below it.
    if isinstance(before, HeaderBlock):
        return False
    return block.spaced or before.spaced


class QuestionEntry(Entry):
    """A question with the names of its files."""

    bar = "user"

    def __init__(self, text: str, sent_at_ms: int, *, chat: int = 0, files: Sequence[str] = ()) -> None:
        self.text = text
        self.sent_at_ms = sent_at_ms
        """Unix milliseconds; 0 if unknown."""
        self._header = HeaderBlock(_("you"), "user", time_facts(sent_at_ms))
        super().__init__([self._header, PlainBlock(with_files(text, files))], chat)

    def translate(self) -> None:
        self._header.set_name(_("you"))
        super().translate()

    def copy_text(self) -> str:
        return self.text


class SectionEntry(Entry):
    """A line that shows where the context was cleared."""

    def __init__(self, at_ms: int = 0) -> None:
        self._at_ms = at_ms
        super().__init__([self._block()])

    def _block(self) -> SectionBlock:
        when = f" · {clock_time(self._at_ms)}" if self._at_ms else ""
        return SectionBlock(_("context cleared") + when)

    def translate(self) -> None:
        self.blocks = [self._block()]
        super().translate()


class BotEntry(Entry):
    """An entry with the name of a bot, which may become known later.

    Args:
        bot_id: The bot whose name the entry shows; empty for a fixed name.
    """

    bar = "accent"

    def __init__(self, header: HeaderBlock, blocks: Sequence[EntryBlock], *, chat: int = 0, bot_id: str = ""):
        super().__init__([header, *blocks], chat)
        self._header = header
        self._bot_id = bot_id

    def name_bot(self, bot_id: str, name: str) -> bool:
        """Update the name if the entry is of this bot; return whether it has changed.

        The height of the entry stays the same.
        """
        return bool(bot_id) and bot_id == self._bot_id and self._header.set_name(name)


class GreetingEntry(BotEntry):
    """The greeting of a bot with its suggested questions (docs/wire.md 4.5)."""

    def __init__(self, bot_name: str, prologue: str, questions: Sequence[str], *, bot_id: str = "") -> None:
        blocks: list[EntryBlock] = []
        if prologue:
            blocks.append(AnswerBlock("prologue", prologue, is_finished=True))
        self.follow_ups = list(questions)
        if questions:
            blocks.append(FollowUpsBlock(questions, is_list=True))
        super().__init__(HeaderBlock(bot_name, "accent"), blocks, bot_id=bot_id)


def time_facts(at_ms: int) -> list[str]:
    """Return the facts that a header shows about a time: the time of day, or nothing if it is unknown."""
    return [clock_time(at_ms)] if at_ms else []
