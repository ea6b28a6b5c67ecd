"""Scenarios as data: the messages of a bot, with pauses, gates and breaks.

`Answer` and `FollowUps` are shorthands; `expand` converts them to the plain steps that a run plays one by
one. A callable step is called when its turn comes, so that it has access to the outputs of the tools.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Turn:
    """The input of a scenario."""

    question: str
    """The text of the last user message, without fault words."""
    chinese: bool
    number: int = 1
    """The number of this chat among the bot's chats, from 1."""
    files: tuple[str, ...] = ()
    """Names of the files sent with the question."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Tool outputs by tool call ID, filled while the chat continues."""
    user_id: str = ""
    history: tuple[str, ...] = ()
    """Earlier questions of this conversation, oldest first."""

    def pick(self, chinese: str, english: str) -> str:
        """Return the text in the language of the question."""
        return chinese if self.chinese else english


@dataclass(frozen=True)
class Pause:
    """A pause: scaled by the stand-in's `pace`, or in real time until the client hangs up."""

    seconds: float
    scaled: bool = True


@dataclass(frozen=True)
class Gate:
    """A gate: holds the stream until `StandIn.release(name)`."""

    name: str


@dataclass(frozen=True)
class Delta:
    """A piece of a message. `message` is its name inside this chat; each name has its own ID."""

    content: str = ""
    reasoning: str = ""
    message: str = "answer"
    content_type: str = "text"


@dataclass(frozen=True)
class Complete:
    """`conversation.message.completed`. No content means the joined deltas of `message`."""

    content: str | None = None
    reasoning: str | None = None
    message: str = "answer"
    type: str = "answer"
    content_type: str = "text"


@dataclass(frozen=True)
class Answer:
    """An answer: a pause, deltas at `rate` per second, the completed text."""

    text: str
    reasoning: str = ""
    wait: float = 0.4
    rate: float = 50
    pieces: tuple[str, ...] | None = None
    reasoning_pieces: tuple[str, ...] | None = None
    message: str = "answer"
    content_type: str = "text"


@dataclass(frozen=True)
class Burst:
    """Many deltas, as fast as the socket accepts them, or one per write at `rate` per second."""

    pieces: Iterable[str]
    rate: float = 0
    message: str = "answer"


@dataclass(frozen=True)
class FunctionCall:
    """A call of a plugin. With `local`, the client must run it."""

    plugin: str
    api: str
    arguments: Mapping[str, object] | str
    plugin_id: int = 7511000000000000091
    api_id: int = 7511000000000000092
    thought: str = ""
    local: bool = False


@dataclass(frozen=True)
class ToolResponse:
    """The response of a plugin; `plain` sends it without the wrapper."""

    output: str
    plain: bool = False


@dataclass(frozen=True)
class Knowledge:
    """Pieces found in the bot's knowledge, as (document, text)."""

    pieces: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verbose:
    """A `verbose` message; `data` is JSON text or empty."""

    msg_type: str
    data: str = ""


@dataclass(frozen=True)
class FollowUps:
    """Suggested questions, with a delay after the answer."""

    questions: tuple[str, ...]
    wait: float = 1.2
    scaled: bool = True


@dataclass(frozen=True)
class ToolCall:
    """One call of a `RequireAction`; without an ID it gets one."""

    plugin: str
    api: str
    arguments: Mapping[str, object] | str
    id: str = ""


@dataclass(frozen=True)
class RequireAction:
    """A wait for the outputs of local tools. The following steps are played when the outputs have arrived."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True)
class AskBack:
    """A question node: asks in an answer, and stops in requires_action with a reply_message call."""

    text: str


@dataclass(frozen=True)
class Error:
    """The `error` event. It ends the stream, unless chat.completed follows, as in studio."""

    code: int = 5000
    msg: str = "internal error (sample)"
    empty: bool = False
    then_completed: bool = False
    data: object = None
    """Sent in place of code and msg if set."""
    event: str = "error"


@dataclass(frozen=True)
class Fail:
    """`conversation.chat.failed`; `bare` sends only code and msg."""

    code: int = 5000
    msg: str = "event interval error (sample)"
    bare: bool = False


@dataclass(frozen=True)
class Expire:
    """`conversation.chat.expired`: the server abandons the chat."""


@dataclass(frozen=True)
class Refuse:
    """As the first step: a JSON error in place of a stream."""

    code: int
    msg: str
    status: int = 200


@dataclass(frozen=True)
class Page:
    """As the first step: another body in place of a stream."""

    status: int
    body: str
    content_type: str = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Event:
    """An arbitrary event; a mapping becomes JSON."""

    name: str
    data: Mapping[str, object] | str


@dataclass(frozen=True)
class Raw:
    """Arbitrary bytes."""

    data: bytes


@dataclass(frozen=True)
class Capture:
    """A recorded stream in place of everything; comment lines are omitted."""

    data: bytes


@dataclass(frozen=True)
class Cut:
    """A broken connection while the run continues. `end` ends the reply properly, `reset` resets TCP."""

    reset: bool = False
    end: bool = False


@dataclass(frozen=True)
class Drip:
    """Comment lines every `every` seconds, for `seconds` or until the client hangs up."""

    seconds: float | None = None
    every: float = 0.3


@dataclass(frozen=True)
class Usage:
    """Token counts to report in place of an estimate."""

    input: int
    output: int


Plain = (
    Pause | Gate | Delta | Complete | Burst | FunctionCall | ToolResponse | Knowledge | Verbose
    | RequireAction | AskBack | Error | Fail | Expire | Refuse | Page | Event | Raw | Capture | Cut | Drip
    | Usage
)  # fmt: skip
Step = Plain | Answer | FollowUps | Callable[[Turn], "Iterable[Step]"]
Scenario = Iterable[Step] | Callable[[Turn], "Iterable[Step]"]


@dataclass(frozen=True)
class MemoryVariable:
    """A variable of a bot's memory (docs/wire.md 11.4). It has the same value for all users."""

    name: str
    value: str = ""
    """Empty if it was never set."""
    is_on: bool = True
    is_in_prompt: bool = True


@dataclass(frozen=True)
class Bot:
    """A bot: its scenario and the content of its page."""

    id: str
    name: str
    scenario: Scenario
    description: str = ""
    prologue: str = ""
    suggested_questions: tuple[str, ...] = ()
    is_published: bool = True
    model_name: str = "standin-sample"
    icon_url: str = "https://example.invalid/icon.png"
    version: str = "1"
    published_at: int = 1760000000
    prompt: str = ""
    draft_prompt: str | None = None
    """The prompt of the draft if its author has not published it yet."""
    mode: int = 0
    """`bot_mode`: 2 is a bot that is one chatflow."""
    variables: tuple[MemoryVariable, ...] = ()
    thinking: str = ""
    """`thinking_type` of its model, or empty."""
    suggests: bool = False
    """Whether it makes follow-up questions."""


def expand(scenario: Scenario, turn: Turn, rng: random.Random) -> Iterator[Plain]:
    """Yield the plain steps, each created when needed."""
    for step in scenario(turn) if callable(scenario) else scenario:
        if isinstance(step, Answer):
            yield from _answer(step, rng)
        elif isinstance(step, FollowUps):
            for number, question in enumerate(step.questions):
                yield Pause(step.wait if number == 0 else step.wait / 6, step.scaled)
                yield Complete(question, message=f"follow_up {question}", type="follow_up")
        elif callable(step):
            yield from expand(step, turn, rng)
        else:
            yield step


def _answer(answer: Answer, rng: random.Random) -> Iterator[Plain]:
    yield Pause(answer.wait)
    reasoning = answer.reasoning_pieces or tuple(split(answer.reasoning, rng))
    for piece in reasoning:
        yield Delta(reasoning=piece, message=answer.message)
        yield Pause(rng.uniform(0.6, 1.4) / answer.rate)
    for piece in answer.pieces if answer.pieces is not None else split(answer.text, rng):
        yield Delta(piece, message=answer.message)
        yield Pause(rng.uniform(0.6, 1.4) / answer.rate)
    yield Complete(answer.text, answer.reasoning, answer.message, content_type=answer.content_type)


def split(text: str, rng: random.Random) -> Iterator[str]:
    """Yield `text` in pieces like those of a model: at most eight characters, or three Chinese ones."""
    for match in re.finditer(r"[\u3000-\u9fff\uff00-\uffef]+|\s*[^\s\u3000-\u9fff\uff00-\uffef]+|\s+", text):
        word = match.group()
        size = 3 if CHINESE.search(word) else 8
        while word:
            cut = rng.randint(1, size) if size == 3 else size
            yield word[:cut]
            word = word[cut:]
