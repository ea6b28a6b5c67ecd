"""Splits off reasoning that a model writes into its answer between `<think>` and `</think>`. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

_OPEN = "<think>"
_CLOSE = "</think>"


class Split(NamedTuple):
    """The reasoning and the text in a piece of an answer."""

    reasoning: str
    text: str


class ThinkingSplitter:
    """Splits an answer into reasoning and text while it arrives; a tag may be split between pieces."""

    def __init__(self) -> None:
        self._place: Literal["start", "thinking", "text"] = "start"
        self._held = ""
        """Undecided text: at the start perhaps a tag, in the reasoning perhaps the closing tag."""
        self._is_fresh = False
        """Line ends right after a tag belong to neither."""

    def feed(self, piece: str) -> Split:
        """Add the next piece of the answer; return the part of the text that is decided."""
        if self._place == "text" and not self._is_fresh:
            return Split("", piece)
        reasoning = ""
        piece, self._held = self._held + piece, ""
        if self._place == "start":
            bare = piece.lstrip()
            if not bare.startswith(_OPEN):
                if _OPEN.startswith(bare):
                    self._held = piece
                    return Split("", "")
                self._place = "text"
                return Split("", piece)
            self._place, self._is_fresh = "thinking", True
            piece = bare[len(_OPEN) :]
        if self._place == "thinking":
            before, close, after = piece.partition(_CLOSE)
            if not close:
                held = _begun(before)
                self._held = before[len(before) - held :]
                return Split(self._fresh(before[: len(before) - held]), "")
            reasoning = self._fresh(before)
            self._place, self._is_fresh = "text", True
            piece = after
        return Split(reasoning, self._fresh(piece))

    def flush(self) -> Split:
        """Return the text that was held back, because the answer has ended."""
        held, self._held = self._held, ""
        return Split(held, "") if self._place == "thinking" else Split("", held)

    def _fresh(self, text: str) -> str:
        if self._is_fresh:
            text = text.lstrip("\n")
            self._is_fresh = not text
        return text


def split_thinking(text: str) -> Split:
    """Return the reasoning and the text of a whole answer."""
    splitter = ThinkingSplitter()
    first, last = splitter.feed(text), splitter.flush()
    return Split((first.reasoning + last.reasoning).strip("\n"), first.text + last.text)


def _begun(text: str) -> int:
    """Return how many characters at the end of a text may be the start of the closing tag."""
    return next((n for n in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:n])), 0)
