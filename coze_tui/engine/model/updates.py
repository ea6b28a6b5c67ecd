"""The updates of a turn: the TurnUpdate union. Only values, whose texts are already clean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import field
from enum import StrEnum

from coze_tui.api.objects import ToolCall, Usage
from coze_tui.engine.model.outcomes import Level, Outcome, Silence
from coze_tui.errors import CozeTuiError
from coze_tui.store.records import Breaks
from coze_tui.text.i18n import _
from coze_tui.values import valueclass


class Phase(StrEnum):
    """The steps of a running turn (docs/glossary.md 2.1). `Outcome` has the final states."""

    SENDING = "sending"
    CREATED = "created"
    IN_PROGRESS = "in_progress"
    REASONING = "reasoning"
    ANSWERING = "answering"
    TOOL = "tool"
    SETTLING = "settling"
    STOPPING = "stopping"
    RECOVERING = "recovering"
    AWAITING = "awaiting"
    """The stream was cut and Coze is still answering; the program asks for the chat from time to time."""


@valueclass
class PhaseChanged:
    """The turn has entered another phase, or has ended."""

    phase: Phase | Outcome
    at_us: int
    """Microseconds since the question was sent, as in every update."""
    detail: str = ""
    """The tool's name in phase TOOL."""


@valueclass
class ChatIdentified:
    """The first event has brought the IDs of the chat."""

    chat_id: str
    conversation_id: str
    section_id: str
    conversation_replaced: bool = False
    """Whether the server created a new conversation instead of the requested one (docs/wire.md 3.8)."""


def conversation_replaced_text() -> str:
    """Return the sentence for a conversation that the server has replaced."""
    return _("The server no longer has this conversation and started a new one.")


@valueclass
class LogidReported:
    """The ID of the request in the server's log; Coze support asks for it (docs/wire.md 5.2)."""

    logid: str


@valueclass
class ReasoningGrew:
    """More reasoning of one message has arrived."""

    message_id: str
    text: str
    """Only the new part."""
    arrivals_us: tuple[int, ...]
    """One arrival time for each Coze delta inside `text`."""
    bytes: int = 0
    """Total size of their frames."""


@valueclass
class AnswerGrew:
    """More text of one answer has arrived."""

    message_id: str
    text: str
    """Only the new part; may be empty, since empty deltas are common (docs/wire.md 3.5)."""
    arrivals_us: tuple[int, ...]
    """Arrival time of each delta in `text`: more than one after merging; empty if the text comes from a
    recovery."""
    bytes: int = 0


@valueclass
class AnswerSettled:
    """One answer is complete; `text` replaces the text of the deltas (docs/wire.md 3.5)."""

    message_id: str
    text: str
    reasoning: str
    at_us: int


@valueclass
class ToolCalled:
    """The bot calls a tool on the server."""

    message_id: str
    name: str
    arguments: str
    """JSON text to show, as far as it could be parsed."""
    at_us: int


@valueclass
class ToolResponded:
    """A tool has responded, knowledge was recalled, or a message of another kind has arrived."""

    message_id: str
    call_message_id: str
    """Message ID of the ToolCalled that it answers; empty for knowledge and for responses without a call."""
    name: str
    text: str
    elapsed_us: int
    """Microseconds from the call to this response; 0 without a call."""
    at_us: int
    is_remark: bool = False
    """Whether it is a message of another kind; its name is Coze's word for the kind."""


@valueclass
class AgentChanged:
    """Another agent of the bot answers from here on (docs/wire.md 3.4)."""

    message_id: str
    agent_id: str
    name: str
    condition: str
    """Why the bot has chosen this agent; may be empty."""
    at_us: int


@valueclass
class FollowUpOffered:
    """The bot suggests a question, or a question node offers an answer. The text may have several lines."""

    text: str
    at_us: int


@valueclass
class ActionRequired:
    """The chat waits for the outputs of local tools (docs/wire.md 3.6)."""

    tool_calls: tuple[ToolCall, ...]
    """The calls to run, without any `reply_message`, whose question is the text of the answer."""
    at_us: int


@valueclass
class UsageReported:
    """The tokens that the chat has used."""

    usage: Usage


@valueclass
class EventRecord:
    """One event that is not a delta, or a record of our own."""

    name: str
    """`sent`, `created`, `in_progress`, a message type, `completed`, `done`, `error`, `cut`, `retrieve`…"""
    at_us: int
    bytes: int = 0
    level: Level = "info"
    detail: str = ""
    """One short clean line: a tool's name, an error's code, the msg_type of a verbose."""
    frame_number: int = 0
    """Position of its frame in the chat from 1; 0 for a record of our own."""


@valueclass
class EventNoted:
    """An event other than a delta has arrived, perhaps an unknown or ignored one."""

    record: EventRecord


@valueclass
class TurnEnded:
    """The last update of a turn; every turn has exactly one."""

    outcome: Outcome
    at_us: int
    error: CozeTuiError | None = field(default=None, compare=False)
    silence: Silence | None = None
    """The contents of a chat that completed without any text; None for all others."""
    breaks: Breaks = Breaks()
    """Interruptions of the turn; `at_us`, as every time of a turn, excludes the waiting."""


TurnUpdate = (
    PhaseChanged
    | ChatIdentified
    | LogidReported
    | ReasoningGrew
    | AnswerGrew
    | AnswerSettled
    | ToolCalled
    | ToolResponded
    | AgentChanged
    | FollowUpOffered
    | ActionRequired
    | UsageReported
    | EventNoted
    | TurnEnded
)


@valueclass
class Followed:
    """A turn that was followed to its end."""

    ended: TurnEnded
    calls: tuple[ToolCall, ...]
    """The local tools whose outputs it waits for; empty unless its outcome is `requires_action`."""


async def follow(updates: AsyncGenerator[TurnUpdate, None], show: Callable[[TurnUpdate], object]) -> Followed:
    """Pass each update of a turn to `show`; return the outcome. Every command follows turns with this.

    Closes the generator even if `show` raises or the caller is canceled, so that the stream closes too.
    """
    ended = TurnEnded(Outcome.INTERRUPTED, 0)
    calls: tuple[ToolCall, ...] = ()
    async with aclosing(updates):
        async for update in updates:
            show(update)
            match update:
                case ActionRequired(tool_calls=calls):
                    pass
                case TurnEnded():
                    ended = update
                case _:
                    pass
    return Followed(ended, calls if ended.outcome is Outcome.REQUIRES_ACTION else ())
