"""The parts of a turn that appear in its transcript, as far as they have arrived. Pure."""

from __future__ import annotations

from collections.abc import Callable

from coze_tui.api.objects import Message, MessageType
from coze_tui.engine.model.thinking import Split, ThinkingSplitter
from coze_tui.text.cleaning import StreamCleaner
from coze_tui.values import recordclass, valueclass


class Answer:
    """One answer, as far as it has arrived."""

    def __init__(self, message_id: str, new_cleaner: Callable[[], StreamCleaner] = StreamCleaner) -> None:
        self.message_id = message_id
        self.text: list[str] = []
        """Pieces, none of them empty; also in `reasoning`."""
        self.reasoning: list[str] = []
        self.is_settled = False
        self.is_completed = False
        """Whether its completed message has arrived; then deltas no longer change it."""
        self.later: Answer | None = None
        """The text of deltas after its completed message. It is shown only if it is a different answer."""
        self.before: Answer | None = None
        """The previous answer under the same ID, which a tool call or a completed message has ended."""
        self.called_at: list[int] = []
        """Lengths of its text at each tool call during the answer."""
        self.held: list[Message] = []
        """Deltas that are not text, such as pieces of a card, readable only when all have arrived."""
        self.thought_from_us = 0
        self.thought_until_us = 0
        """The start and end of its reasoning, in microseconds after the question; 0 without deltas."""
        self.new_cleaner = new_cleaner
        self.text_cleaner = new_cleaner()
        self.reasoning_cleaner = new_cleaner()
        self.splitter = ThinkingSplitter()

    @property
    def thought_us(self) -> int:
        """Return the microseconds that its reasoning has taken; 0 if unknown."""
        return self.thought_until_us - self.thought_from_us

    @property
    def whole_text(self) -> str:
        """Return the text that was shown."""
        return "".join(self.text)

    @property
    def whole_reasoning(self) -> str:
        """Return the reasoning that was shown."""
        return "".join(self.reasoning)

    def another(self) -> Answer:
        """Return a new answer for deltas that follow the completed message of this one under the same ID."""
        if self.later is None:
            # `#2`, `#3`… after the server's ID, because several answers share it.
            first, _mark, number = self.message_id.partition("#")
            self.later = Answer(f"{first}#{int(number or 1) + 1}", new_cleaner=self.new_cleaner)
        return self.later

    def own_text(self, completed: str) -> str:
        """Return the whole text of this answer, given its completed message, whose text replaces the deltas.

        After a tool call or an earlier answer under the same ID, some servers complete the last part and
        others all text under the ID. The earlier text remains.
        """
        own = self.whole_text.strip()
        # The usual case: the completed text repeats the deltas.
        if own and completed.strip() == own:
            return completed
        earlier: list[str] = []
        before = self.before
        while before is not None:
            earlier.insert(0, before.whole_text)
            before = before.before
        for start in range(len(earlier)):
            joined = "".join(earlier[start:])
            if completed.startswith(joined) and completed[len(joined) :].lstrip().startswith(own):
                return completed[len(joined) :]
        for place in self.called_at:
            first, last = self.whole_text[:place], self.whole_text[place:].strip()
            if last and completed.lstrip().startswith(last) and not completed.startswith(first):
                return first + completed
        return completed

    def feed(self, text: str) -> Split:
        """Add a piece of text as it arrived; return the part of it that can be shown."""
        return self._add(self.splitter.feed(self.text_cleaner.feed(text)))

    def flush(self) -> None:
        """Add the text that was held back, because the rest of it will not arrive."""
        self._add(self.splitter.feed(self.text_cleaner.flush()))
        self._add(self.splitter.flush())
        self.reasoning += filter(None, [self.reasoning_cleaner.flush()])

    def _add(self, split: Split) -> Split:
        if split.reasoning:
            self.reasoning.append(split.reasoning)
        if split.text:
            self.text.append(split.text)
        return split


class Thoughts:
    """Measures the reasoning of the answers of a turn. It ends when anything else arrives."""

    def __init__(self) -> None:
        self._answer: Answer | None = None
        """The answer whose reasoning is arriving."""

    def arrived(self, answer: Answer, first_us: int, last_us: int) -> None:
        """Count one or more deltas of the reasoning of an answer."""
        if self._answer is not answer:
            # Reasoning of another answer ends this one.
            self.end(first_us)
            if answer.thought_from_us:
                return  # it continued after something else
            self._answer, answer.thought_from_us = answer, first_us
        answer.thought_until_us = last_us

    def end(self, at_us: int) -> None:
        """Record that something other than reasoning has arrived."""
        if self._answer is not None:
            self._answer.thought_until_us = max(self._answer.thought_until_us, at_us)
            self._answer = None


@recordclass
class Tool:
    """A tool call with or without its response, recalled knowledge, or a message of another kind."""

    message_id: str
    type: MessageType
    name: str
    text: str
    at_us: int
    answered_by: str = ""
    answers: str = ""
    """For a response: the message ID of the call."""


@valueclass
class Agent:
    """The agent of the bot that answers from here on."""

    message_id: str
    name: str
    condition: str
    at_us: int


Part = Answer | Tool | Agent
