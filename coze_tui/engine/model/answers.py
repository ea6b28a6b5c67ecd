"""The answers of a turn by the IDs of their messages, which servers leave out, repeat or change. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from coze_tui.engine.model.parts import Answer, Part
from coze_tui.text.cleaning import StreamCleaner

_MID_SENTENCE = ",，、;；-"
"""Besides letters and digits, the last characters of a text whose sentence is not complete."""


class Answers:
    """Finds the answer to which a delta or a completed message belongs, and adds new ones to the parts."""

    def __init__(self, parts: list[Part], new_cleaner: Callable[[], StreamCleaner] = StreamCleaner) -> None:
        self._parts = parts
        self._new_cleaner = new_cleaner
        self._all: list[Answer] = []
        self._by_key: dict[str, Answer] = {}
        self._ended: dict[str, Answer] = {}
        """Answers that a tool call has ended, until more text arrives under their ID."""
        self._anonymous = 0

    @property
    def all(self) -> Sequence[Answer]:
        """Return the answers in order. The caller must not change them while it reads them."""
        return self._all

    def growing(self, message_id: str) -> Answer:
        """Return the answer that a delta continues; create it if it is new.

        Deltas without an ID form one anonymous answer (docs/wire.md 7.2).
        """
        key = message_id or self._anonymous_key
        return self._by_key.get(key) or self._add(key)

    def completed(self, message_id: str, text: str, *, is_fetched: bool = False) -> Answer:
        """Return the answer that a completed message ends; create it if it is new.

        A message with an unknown ID completes the anonymous answer.

        Args:
            is_fetched: whether the message was fetched after a cut. Its ID may differ from that of its
                deltas, so it also completes an answer whose text it continues.
        """
        key = message_id or self._anonymous_key
        answer = self._by_key.get(key)
        ended = self._ended.get(key)
        # The message completes an answer that a tool call has ended.
        if answer is None and ended is not None and text.strip() == ended.whole_text.strip():
            answer = self._by_key[key] = self._ended.pop(key)
        if answer is not None or ended is not None:
            return answer or self._add(key)
        anonymous = self._by_key.get(self._anonymous_key)
        # Its deltas had no ID, but its completed message has.
        if message_id and anonymous is not None and not anonymous.is_settled:
            answer = self._by_key[key] = anonymous
        elif not message_id and (only := self._only_open_one()) is not None:
            answer = only
        # A fetched message may have another ID than its deltas.
        elif is_fetched and text and (begun := self._begun_with(text)) is not None:
            answer = self._by_key[key] = begun
        return answer or self._add(key)

    def end_anonymous(self) -> None:
        """Let the next delta without an ID start another answer."""
        self._anonymous += 1

    def call_tool(self) -> None:
        """End the open answers, because a tool is called: later text under their IDs is another answer.

        A text in the middle of a sentence continues, since the nodes of a chatflow can run at the same time.
        """
        # A copy, because the loop removes items.
        for key, answer in [*self._by_key.items()]:
            text = answer.whole_text
            if answer.is_completed or not text.strip():
                continue
            last = text.rstrip(" ")[-1]
            if last.isalnum() or last in _MID_SENTENCE:
                answer.called_at.append(len(text))
            else:
                self._ended[key] = self._by_key.pop(key)

    def add_after(self, answer: Answer) -> Answer:
        """Add an answer that follows another one under the same ID."""
        later = answer.another()
        answer.later, later.before = None, answer
        self._by_key |= {key: later for key, each in self._by_key.items() if each is answer}
        self._append(later)
        return later

    @property
    def _anonymous_key(self) -> str:
        return f"anonymous-{self._anonymous}"

    def _add(self, key: str) -> Answer:
        before = self._ended.pop(key, None)
        if before is not None:
            self._by_key[key] = before
            return self.add_after(before)
        answer = self._by_key[key] = Answer(key, new_cleaner=self._new_cleaner)
        self._append(answer)
        return answer

    def _append(self, answer: Answer) -> None:
        self._parts.append(answer)
        self._all.append(answer)

    def _only_open_one(self) -> Answer | None:
        """Return the answer that is not settled; None if there is none, or more than one."""
        open_ones = [*islice((item for item in self._all if not item.is_settled), 2)]
        return open_ones[0] if len(open_ones) == 1 else None

    def _begun_with(self, text: str) -> Answer | None:
        """Return the answer, not completed yet, whose deltas are the start of a text."""
        open_ones = (item for item in self.all if not item.is_completed and item.whole_text)
        return next((item for item in open_ones if text.startswith(item.whole_text)), None)
