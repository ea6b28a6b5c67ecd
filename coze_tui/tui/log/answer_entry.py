"""The entry of a whole response: answers, reasoning, tool calls, follow-ups, and how it ended."""

from __future__ import annotations

from typing import TypeVar, assert_never

from coze_tui.api.objects import MessageType
from coze_tui.engine.model import updates
from coze_tui.engine.model.contents import unlisted
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome, waited_words
from coze_tui.engine.model.transcript import (
    AgentTranscript,
    AnswerTranscript,
    ChatTranscript,
    ToolTranscript,
    agent_line,
    tool_word,
)
from coze_tui.errors import CozeTuiError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import duration, size, tail, thousands
from coze_tui.text.i18n import _
from coze_tui.tui.log.answer import AnswerBlock
from coze_tui.tui.log.blocks import (
    Awaited,
    EntryBlock,
    HeaderBlock,
    MoreToolsBlock,
    NoticeBlock,
    PlainBlock,
    ToolBlock,
)
from coze_tui.tui.log.entries import BotEntry, time_facts
from coze_tui.tui.log.follow_ups import FollowUpsBlock
from coze_tui.tui.log.notices import About, Hint, notices_of
from coze_tui.tui.log.reasoning import ReasoningBlock

_B = TypeVar("_B", bound=EntryBlock)
_MOST_TOOLS = 500
"""Tool calls of one chat that are shown one by one; any more are only counted."""


class AnswerEntry(BotEntry):
    """The complete response of a bot: answers, reasoning, tool calls, follow-ups, and the final state.

    Args:
        base_url: The site that was asked; if it refuses the token, the entry names the other site.
        only_read: Omit key hints from the notices, because no key works in this view.
        bot_id: The bot whose name the entry shows; empty for a fixed name.
    """

    def __init__(
        self,
        bot_name: str,
        sent_at_ms: int,
        *,
        chat: int = 0,
        base_url: str = "",
        only_read: bool = False,
        bot_id: str = "",
    ) -> None:
        super().__init__(
            HeaderBlock(bot_name, "accent", time_facts(sent_at_ms)), (), chat=chat, bot_id=bot_id
        )
        self.sent_at_ms = sent_at_ms
        self.base_url = base_url
        self._only_read = only_read
        self.outcome: Outcome | None = None
        self.error: CozeTuiError | None = None
        self.figures: TurnFigures | None = None
        """The metrics of the running turn; they include each update before the entry shows it."""
        self._first_text_us = 0
        self._total_us = 0
        self._tokens = 0
        self._ended: updates.TurnEnded | None = None
        self._hint: Hint | None = None
        self.is_at_coze = False
        """Whether Coze has accepted the question, so that the chat exists on the server."""
        self._tools = 0
        self._more_tools: MoreToolsBlock | None = None
        self._thinking: ReasoningBlock | None = None
        """The reasoning that is arriving."""
        self._follow_ups: list[str] = []

    @classmethod
    def of(cls, chat: ChatTranscript, *, only_read: bool = False) -> AnswerEntry:
        """Return the entry of a stored chat."""
        record = chat.record
        entry = cls(
            clean_line(record.bot_name) or tail(clean_line(record.bot_id)),
            record.sent_at,
            chat=record.key,
            base_url=chat.base_url,
            only_read=only_read,
            bot_id=record.bot_id,
        )
        for part in chat.parts:
            match part:
                case AnswerTranscript():
                    if part.reasoning:
                        entry.blocks.append(ReasoningBlock(part.message_id, part.reasoning, part.thought_us))
                    entry.blocks.append(AnswerBlock(part.message_id, part.text, is_finished=True))
                case ToolTranscript():
                    name = "knowledge" if part.type is MessageType.KNOWLEDGE else part.name
                    tool = ToolBlock(part.message_id, tool_word(name), part.arguments, _tool_tail)
                    if part.response is not None:
                        tool.respond(part.response, part.elapsed_us)
                    tool.is_unpaired = part.is_unpaired
                    entry._add_tool(tool)
                case AgentTranscript():
                    entry.blocks.append(PlainBlock(part.line, "muted"))
        for question in chat.follow_ups:
            entry.follow_up(updates.FollowUpOffered(question, 0))
        # Before `end`, which shows them in the header.
        entry._first_text_us = record.first_text_us
        entry._tokens = record.token_count
        # Coze gives a chat its ID when it accepts the question.
        entry.is_at_coze = bool(record.chat_id)
        entry.end(updates.TurnEnded(chat.outcome, record.total_us, chat.error, chat.silence, record.breaks))
        return entry

    @property
    def is_thinking(self) -> bool:
        """Return whether reasoning is arriving."""
        return self._thinking is not None

    @property
    def answers(self) -> tuple[AnswerBlock, ...]:
        """Return the answers in order."""
        return tuple(block for block in self.blocks if isinstance(block, AnswerBlock))

    @property
    def follow_ups(self) -> list[str]:
        """Return the suggested follow-ups."""
        return self._follow_ups

    def copy_text(self) -> str:
        return "\n\n".join(answer.text for answer in self.answers if answer.text)

    # --- while it comes ---

    def reasoning_grew(self, update: updates.ReasoningGrew) -> None:
        """Add text to the reasoning of a message."""
        thinking = self._thinking
        if thinking is None or thinking.message_id != update.message_id:
            self._end_thinking(update.arrivals_us[0] if update.arrivals_us else 0)
            thinking = self._thinking = self._reasoning_of(update.message_id)
        thinking.append(update.text, update.arrivals_us)
        self.changed()

    def answer_grew(self, update: updates.AnswerGrew) -> AnswerBlock | None:
        """Add text to an answer, and return its block; None if there is no text."""
        if not update.text:
            return None
        self._note_first_text()
        block = self._answer_of(update.message_id)
        # The reasoning took until the first delta of the answer arrived, not until it is drawn.
        if self._thinking is not None and update.arrivals_us:
            self._end_thinking(update.arrivals_us[0])
        block.append(update.text)
        self.changed()
        return block

    def answer_settled(self, update: updates.AnswerSettled) -> None:
        """Replace an answer and its reasoning by their final texts."""
        # Without a stream all of the reasoning comes with the completed message.
        if update.reasoning:
            self._reasoning_of(update.message_id).finish(update.reasoning)
        self._end_thinking(update.at_us)
        if update.text:
            self._note_first_text()
            self._answer_of(update.message_id).finish(update.text)
        self.changed()

    def _note_first_text(self) -> None:
        # From the figures, so that all surfaces show the same time.
        if not self._first_text_us and self.figures is not None and self.figures.first_text_us:
            self._first_text_us = self.figures.first_text_us
            self._update_label()

    def tool_called(self, update: updates.ToolCalled) -> None:
        """Show a tool call."""
        self._end_thinking(update.at_us)
        self._add_tool(ToolBlock(update.message_id, update.name, update.arguments, _tool_tail))

    def tool_responded(self, update: updates.ToolResponded) -> None:
        """Show the response of a tool or the recalled knowledge."""
        self._end_thinking(update.at_us)
        tool = next(
            (block for block in self._all(ToolBlock) if block.message_id == update.call_message_id), None
        )
        if tool is None and self._more_tools is not None:
            return  # its call is only counted
        if tool is None:
            # A response that names no call may belong to any that waits: show that instead of a guess.
            if update.name != "knowledge" and not update.is_remark:
                for call in self._all(ToolBlock):
                    call.is_unpaired = call.response is None
                    call.release()
            tool = ToolBlock(update.message_id, tool_word(update.name), "", _tool_tail)
            self._add_tool(tool)
        tool.respond(update.text, update.elapsed_us)
        self.changed()

    def agent_changed(self, update: updates.AgentChanged) -> None:
        """Show which agent answers from here on."""
        self._end_thinking(update.at_us)
        self._add(PlainBlock(agent_line(update.name, update.condition), "muted"))

    def follow_up(self, update: updates.FollowUpOffered) -> None:
        """Show a follow-up, unless it is a choice that an answer lists."""
        self._follow_ups.append(update.text)
        shown = unlisted(self._follow_ups, (answer.text for answer in self.answers))
        number = len(self._follow_ups)
        if (number, update.text) not in shown:
            return
        blocks = self._all(FollowUpsBlock)
        if not blocks:
            self._add(FollowUpsBlock())
            blocks = self._all(FollowUpsBlock)
        blocks[-1].offer(update.text, number)
        self.changed()

    def begin_again(self) -> None:
        """Remove all but the header, because all updates of the chat will arrive again."""
        self.blocks = [self._header]
        self.outcome = self.error = self._ended = self._hint = None
        self._tools, self._more_tools, self._follow_ups = 0, None, []
        self._thinking = None
        self.changed()

    def resumed(self) -> None:
        """Remove the notices about the end, because the chat continues or is fetched again."""
        self.outcome = self.error = self._ended = self._hint = None
        self.blocks = [block for block in self.blocks if not isinstance(block, NoticeBlock)]
        self._await_tools("tool")
        self.changed()

    def usage(self, tokens: int) -> None:
        """Show the number of tokens."""
        self._tokens = tokens
        self._update_label()

    def end(self, update: updates.TurnEnded) -> None:
        """Show how the turn ended."""
        self.outcome, self.error = update.outcome, update.error
        self._end_thinking()
        # The time of a chat that was cut or has failed is not the time of an answer.
        self._total_us = update.at_us if update.outcome is Outcome.COMPLETED else 0
        self._ended = update
        self.is_at_coze = self.is_at_coze or (self.figures is not None and bool(self.figures.chat_id))
        # A tool runs no longer than its chat.
        self._await_tools("user" if update.outcome is Outcome.REQUIRES_ACTION else "nobody")
        self._update_label()
        self._show_end()

    def hint(self, hint: Hint | None) -> None:
        """Show below the notice about the end what happened to the question; None removes this hint."""
        if hint is not self._hint:
            self._hint = hint
            self._show_end()

    def translate(self) -> None:
        self._update_label()
        self._show_end()
        super().translate()

    def _show_end(self) -> None:
        """Replace the notices about the end, in the current language."""
        # Their words depend on the language, and on what became of the question since.
        self.blocks = [block for block in self.blocks if not isinstance(block, NoticeBlock)]
        if self._ended is not None:
            about = About(self.sent_at_ms, self.base_url, self._only_read, self.is_at_coze, self._hint)
            for notice in notices_of(self._ended, about):
                self._add(notice)
        self.changed()

    def _update_label(self) -> None:
        """Show the known times and tokens in the header."""
        facts = time_facts(self.sent_at_ms)
        if self._total_us:
            facts.append(duration(self._total_us))
        if self._first_text_us:
            facts.append(_("first text {time}").format(time=duration(self._first_text_us)))
        if self._ended is not None and self._ended.breaks.waited_us:
            facts.append(waited_words(self._ended.breaks.waited_us))
        if self._tokens:
            facts.append(_("{n} tokens").format(n=thousands(self._tokens)))
        if self._header.set_facts(facts):
            self.changed()

    def _await_tools(self, awaits: Awaited) -> None:
        for tool in self._all(ToolBlock):
            tool.await_response(awaits)

    def _all(self, kind: type[_B]) -> list[_B]:
        return [block for block in self.blocks if isinstance(block, kind)]

    def _add_tool(self, tool: ToolBlock) -> None:
        """Show a call. Only counts calls above the limit, so that a flood of calls blocks nothing."""
        if self._tools < _MOST_TOOLS:
            self._tools += 1
            self._add(tool)
            return
        if self._more_tools is None:
            self._more_tools = MoreToolsBlock()
            self._add(self._more_tools)
        # The inspector has every call; the message pane needs no block for each.
        self._more_tools.count()
        self.changed()

    def _add(self, block: EntryBlock) -> None:
        last = self.blocks[-1]
        # follow-ups stay last, even if something else arrives late
        at = len(self.blocks) - 1 if isinstance(last, FollowUpsBlock) else len(self.blocks)
        self.blocks.insert(at, block)
        self.changed()

    def _answer_of(self, message_id: str) -> AnswerBlock:
        # From the end: a delta belongs to the newest answer, of which there may be many before.
        for block in reversed(self.answers):
            if block.message_id == message_id:
                return block
        block = AnswerBlock(message_id)
        self._add(block)
        return block

    def _reasoning_of(self, message_id: str) -> ReasoningBlock:
        for block in self._all(ReasoningBlock):
            if block.message_id == message_id:
                return block
        block = ReasoningBlock(message_id)
        answer = next((item for item in self.answers if item.message_id == message_id), None)
        # Reasoning comes before its answer, also if it arrives after it.
        if answer is not None:
            self.blocks.insert(self.blocks.index(answer), block)
        else:
            self._add(block)
        return block

    def _end_thinking(self, at_us: int = 0) -> None:
        """Fold the arriving reasoning, if any, because something else arrived at this time."""
        if self._thinking is not None:
            self._thinking.end(at_us)
            self._thinking = None


def _tool_tail(block: ToolBlock) -> str:
    if block.response is None and block.is_unpaired:
        return _("its response is unknown")
    if block.response is None:
        match block.awaits:
            case "tool":
                return _("running…")
            case "user":
                return _("waits for you")
            case "nobody":
                return _("no response")
            case _:
                assert_never(block.awaits)
    amount = size(len(block.response.encode("utf-8", "replace")))
    if not block.elapsed_us:
        return f"→ {amount}"
    return _("→ {amount} in {time}").format(amount=amount, time=duration(block.elapsed_us))
