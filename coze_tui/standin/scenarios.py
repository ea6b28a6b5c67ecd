"""A scenario as data: what a bot says, and the pauses, gates and breaks between.

`Answer` and `FollowUps` are shorthands; `expand` turns them into the plain steps that a run plays one by
one. A callable in a list of steps is asked when its turn comes, so that it can see the outputs of the tools.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Turn:
    """What a scenario may know when it chooses its steps."""

    question: str
    """The text of the last user message, without fault words."""
    chinese: bool
    number: int = 1
    """Which chat of this bot it is, from 1."""
    files: tuple[str, ...] = ()
    """Names of the files sent with the question."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Tool outputs by tool call id, filled while the chat goes on."""
    user_id: str = ""
    history: tuple[str, ...] = ()
    """Earlier questions of this conversation, oldest first."""

    def pick(self, chinese: str, english: str) -> str:
        """The text in the language of the question."""
        return chinese if self.chinese else english


@dataclass(frozen=True)
class Pause:
    """Nothing for a while: scaled by the stand-in's `pace`, or in real time until the client hangs up."""

    seconds: float
    scaled: bool = True


@dataclass(frozen=True)
class Gate:
    """Hold the stream here until `StandIn.release(name)`."""

    name: str


@dataclass(frozen=True)
class Delta:
    """One piece of a message. `message` is its name inside this chat; each name has an id of its own."""

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
    """An answer: a wait, deltas at `rate` a second, the whole text."""

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
    """Many deltas, written as fast as the socket takes them, or one write a delta at `rate` a second."""

    pieces: Iterable[str]
    rate: float = 0
    message: str = "answer"


@dataclass(frozen=True)
class FunctionCall:
    """The bot calls a plugin. `local` is for a plugin that the client must run."""

    plugin: str
    api: str
    arguments: Mapping[str, object] | str
    plugin_id: int = 7511000000000000091
    api_id: int = 7511000000000000092
    thought: str = ""
    local: bool = False


@dataclass(frozen=True)
class ToolResponse:
    """What the plugin said; `plain` sends it without the wrapper."""

    output: str
    plain: bool = False


@dataclass(frozen=True)
class Knowledge:
    """Pieces found in the bot's knowledge: (document, text)."""

    pieces: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Verbose:
    """A `verbose` message; `data` is JSON text or empty."""

    msg_type: str
    data: str = ""


@dataclass(frozen=True)
class FollowUps:
    """Suggested questions, a while after the answer."""

    questions: tuple[str, ...]
    wait: float = 1.2
    scaled: bool = True


@dataclass(frozen=True)
class ToolCall:
    """One call of a `RequireAction`; without an id it gets one."""

    plugin: str
    api: str
    arguments: Mapping[str, object] | str
    id: str = ""


@dataclass(frozen=True)
class RequireAction:
    """The chat waits for the outputs of local tools. The steps after it are played when they have come."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True)
class AskBack:
    """A question node: asks in an answer, and ends in requires_action with a reply_message call."""

    text: str


@dataclass(frozen=True)
class Error:
    """The `error` event. The stream ends with it, unless chat.completed follows, as in studio."""

    code: int = 5000
    msg: str = "internal error (sample)"
    empty: bool = False
    then_completed: bool = False
    data: object = None
    """What is sent in place of code and msg."""
    event: str = "error"


@dataclass(frozen=True)
class Fail:
    """`conversation.chat.failed`; `bare` sends only code and msg."""

    code: int = 5000
    msg: str = "event interval error (sample)"
    bare: bool = False


@dataclass(frozen=True)
class Expire:
    """`conversation.chat.expired`: the server gives the chat up."""


@dataclass(frozen=True)
class Refuse:
    """As the first step: JSON in place of a stream."""

    code: int
    msg: str
    status: int = 200


@dataclass(frozen=True)
class Page:
    """As the first step: some other body in place of a stream."""

    status: int
    body: str
    content_type: str = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Event:
    """An event as given; a mapping becomes JSON."""

    name: str
    data: Mapping[str, object] | str


@dataclass(frozen=True)
class Raw:
    """Bytes as given."""

    data: bytes


@dataclass(frozen=True)
class Capture:
    """A recorded stream in place of everything; comment lines are left out."""

    data: bytes


@dataclass(frozen=True)
class Cut:
    """The line breaks here, the run goes on. `end` ends the HTTP reply properly, `reset` is a TCP reset."""

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
class Bot:
    """A bot: its scenario, and what its page shows."""

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
    variables: tuple[str, ...] = ()
    """The names of its memory variables."""
    thinking: str = ""
    """`thinking_type` of its model, or empty."""
    suggests: bool = False
    """Whether it makes follow-up questions."""


def expand(scenario: Scenario, turn: Turn, rng: random.Random) -> Iterator[Plain]:
    """The plain steps, made one at a time."""
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
    """`text` in pieces as a model gives it: a word with its blank, or one to three characters of Chinese."""
    for match in re.finditer(r"[\u3000-\u9fff\uff00-\uffef]+|\s*[^\s\u3000-\u9fff\uff00-\uffef]+|\s+", text):
        word = match.group()
        size = 3 if CHINESE.search(word) else 8
        while word:
            cut = rng.randint(1, size) if size == 3 else size
            yield word[:cut]
            word = word[cut:]
