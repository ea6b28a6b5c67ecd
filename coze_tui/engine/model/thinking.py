"""Splits off reasoning that a model writes into its answer between `<think>` and `</think>`. Pure.

The tags of some models are `<thinking>`, or in upper case.
"""

from __future__ import annotations

import re
from typing import Literal

from coze_tui.values import valueclass

_TAGS = ("<think>", "<thinking>")
_CLOSE = r"(?i:</think(?:ing)?>)"
_LONGEST_CLOSE = len("</thinking>")


@valueclass
class Split:
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
            # Some models write line ends before the tag.
            bare = piece.lstrip()
            start = bare[: len(_TAGS[-1])].lower()
            tag = next((tag for tag in _TAGS if start.startswith(tag)), "")
            if not tag:
                # The tag may go on in the next delta.
                if any(tag.startswith(start) for tag in _TAGS):
                    self._held = piece
                    return Split("", "")
                self._place = "text"
                return Split("", piece)
            self._place, self._is_fresh = "thinking", True
            piece = bare[len(tag) :]
        if self._place == "thinking":
            close = re.search(_CLOSE, piece)
            if close is None:
                # Otherwise half of a closing tag would appear as reasoning.
                held = _begun(piece)
                self._held = piece[len(piece) - held :]
                return Split(self._fresh(piece[: len(piece) - held]), "")
            reasoning = self._fresh(piece[: close.start()])
            self._place, self._is_fresh = "text", True
            piece = piece[close.end() :]
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
    end = text[1 - _LONGEST_CLOSE :].lower()
    found = end.rfind("<")
    is_begun = found >= 0 and any(f"</{tag[1:]}".startswith(end[found:]) for tag in _TAGS)
    return len(end) - found if is_begun else 0
