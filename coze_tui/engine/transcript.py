"""A chat as it is told afterwards: the same for the screen, an export and a preview. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from coze_tui.api.objects import MessageType, Usage
from coze_tui.engine.updates import Phase
from coze_tui.errors import CozeTuiError
from coze_tui.i18n import _


@dataclass(frozen=True, slots=True)
class ToldAnswer:
    """One whole answer."""

    message_id: str
    text: str
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ToldTool:
    """One call of a tool with what it gave, or knowledge that was recalled."""

    message_id: str
    type: MessageType
    name: str
    arguments: str = ""
    response: str | None = None
    """None where no answer came."""
    elapsed_us: int = 0


@dataclass(frozen=True, slots=True)
class ToldChat:
    """One question and what the bot sent back for it."""

    key: int
    """Of the chat in the store; 0 where it is not stored."""
    question: str
    sent_at_ms: int
    """Unix milliseconds."""
    bot_name: str = ""
    base_url: str = ""
    """Of the site that was asked; empty where that is not known."""
    chat_id: str = ""
    section_id: str = ""
    logid: str = ""
    parts: tuple[ToldAnswer | ToldTool, ...] = ()
    follow_ups: tuple[str, ...] = ()
    outcome: Phase = Phase.COMPLETED
    error: CozeTuiError | None = field(default=None, compare=False)
    first_text_us: int = 0
    total_us: int = 0
    usage: Usage | None = None
    first: int = 0
    """Position of its first message in the conversation; 0 where it is not stored."""
    last: int = 0
    """Position of its last message."""
    starts_section: bool = False
    """The context was cleared before this chat (api 4.6)."""
    files: tuple[str, ...] = ()
    """Names of what went with the question."""

    @property
    def asked(self) -> str:
        """The question with the names of its files."""
        return with_files(self.question, self.files)


def with_files(question: str, files: Sequence[str]) -> str:
    """A question as it is shown: the names of its files under it."""
    return "\n".join([question, *(f"+ {name}" for name in files)])


def tool_word(name: str) -> str:
    """What a tool is called; what Coze recalls of the bot's knowledge has no name of its own."""
    return _("knowledge") if name == "knowledge" else name or _("tool")


def event_words(name: str) -> str:
    """What an event is called: by Coze's word, unless that would say too little."""
    match name:
        case "answer":
            return _("answer complete")
        case "completed":
            return _("chat completed")
        case "failed":
            return _("chat failed")
        case "canceled":
            return _("chat canceled")
        case _:
            return name


def outcome_words(outcome: Phase | None) -> str:
    """How a chat has ended, in a word or a few."""
    match outcome:
        case Phase.COMPLETED:
            return _("completed")
        case Phase.FAILED:
            return _("failed")
        case Phase.CANCELED:
            return _("stopped")
        case Phase.REQUIRES_ACTION:
            return _("waited for a tool")
        case _:
            return _("cut off")
