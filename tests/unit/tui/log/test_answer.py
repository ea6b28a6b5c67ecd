"""A long answer is laid out slice by slice, and ends with the lines of a layout at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coze_tui.render.document import Document, render
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.render.scanner import Scanner, Step
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.blocks import SLICE

PALETTE = Palette.dark()
WIDTH = 60

TEXTS = {
    "one line": "x" * 50_000,
    "Chinese": "智能体回答问题，推理内容。" * 4_000,
    "words": "a delta of the answer " * 2_500,
    "short lines": "a short line\n" * 4_000,
    "a table": "| a | b |\n|---|---|\n" + "| one | two |\n" * 3_000,
    "lists": "1. an item\n   - nested\n" * 2_000,
    "links": "[a link](https://example.com/x) and https://example.com/y " * 800,
    "marks": "*a `b [c " * 5_000,
    "quotes": ">>> deep\n" * 5_000,
    "code": "```python\n" + "x = 1  # one\n" * 3_000 + "```\n",
    "late links": "see [abc] here\n\n" * 2_000 + "[abc]: https://example.com/\n",
}


class Work:
    """The characters that have been given to documents, and those that their scanners have read."""

    def __init__(self) -> None:
        self.given = self.read = 0

    def begin(self) -> None:
        """Count from here."""
        self.given = self.read = 0

    def check(self) -> None:
        """No more than a slice was laid out; the beginning of a line may be read again with its end."""
        assert self.given <= SLICE
        assert self.read <= 2 * SLICE


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    append, read = Document.append, Scanner.read

    def counted_append(self: Document, text: str) -> int:
        work.given += len(text)
        return append(self, text)

    def counted_read(self: Scanner, raw: str) -> Step:
        work.read += len(raw)
        return read(self, raw)

    monkeypatch.setattr(Document, "append", counted_append)
    monkeypatch.setattr(Scanner, "read", counted_read)
    return work


def lines_at_once(text: str, width: int = WIDTH) -> list[Line]:
    return render(text, width, PALETTE)


def drain(block: AnswerBlock, width: int = WIDTH, work: Work | None = None) -> list[Line]:
    """Lay out slices until nothing is left; each returns the first line that it changed."""
    shown = list(block.lines(width, PALETTE))
    while block.is_behind:
        if work:
            work.begin()
        first = block.advance()
        if work:
            work.check()
        lines = list(block.lines(width, PALETTE))
        assert lines[:first] == shown[:first]
        shown = lines
    return shown


def opened(text: str) -> AnswerBlock:
    return AnswerBlock("m", text, is_finished=True)


def arrived(text: str) -> AnswerBlock:
    """All text in one delta after a short one, then the final text."""
    block = AnswerBlock("m", text[:10])
    block.lines(WIDTH, PALETTE)
    block.append(text[10:])
    block.lines(WIDTH, PALETTE)
    block.finish(text)
    return block


def replaced(text: str) -> AnswerBlock:
    """Another text than that of the deltas."""
    block = arrived("what arrived before " * 1_000)
    block.finish(text)
    return block


def resized(text: str) -> AnswerBlock:
    block = opened(text)
    block.lines(WIDTH + 20, PALETTE)
    block.advance()
    return block


@pytest.mark.parametrize("make", [opened, arrived, replaced, resized])
@pytest.mark.parametrize("name", TEXTS)
def test_no_slice_is_long_and_the_lines_are_the_same(
    work: Work, make: Callable[[str], AnswerBlock], name: str
) -> None:
    block = make(TEXTS[name])
    assert block.is_behind or make is opened
    lines = drain(block, work=work)
    assert lines == lines_at_once(TEXTS[name])
    assert block.copy_text() == TEXTS[name]


def test_text_that_arrives_meanwhile_comes_after_the_rest() -> None:
    block = AnswerBlock("m", "x" * 3 * SLICE)
    block.lines(WIDTH, PALETTE)
    block.append(" and more")
    assert block.is_behind
    lines = drain(block)
    assert lines[-1].plain.endswith("and more")
    block.append(", and the end")
    assert block.lines(WIDTH, PALETTE)[-1].plain.endswith("the end")


def test_the_old_lines_are_shown_until_the_new_ones_are_complete() -> None:
    block = opened(TEXTS["words"])
    before = drain(block)
    assert list(block.lines(30, PALETTE)) == before
    assert drain(block, 30) == lines_at_once(TEXTS["words"], 30)


def test_released_lines_leave_their_place() -> None:
    block = opened(TEXTS["words"])
    height = len(drain(block))
    block.release()
    assert block.height(WIDTH, PALETTE) == height
    assert len(block.lines(WIDTH, PALETTE)) < height
    assert len(drain(block)) == height == block.height(WIDTH, PALETTE)
