"""The state machine of a chat: events in, updates out. Pure: no I/O and no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from coze_tui.api import events
from coze_tui.api.events import ChatEvent, MessageDeltas, parse_events
from coze_tui.api.json_values import text_of
from coze_tui.api.objects import Chat, ContentType, Frame, LastError, Message, MessageType, Role, Usage
from coze_tui.engine.model.answers import Answers
from coze_tui.engine.model.contents import Content, content_of, numbered
from coze_tui.engine.model.outcomes import Level, Outcome, Silence, silence_of
from coze_tui.engine.model.parts import Agent, Answer, Part, Thoughts, Tool
from coze_tui.engine.model.thinking import split_thinking
from coze_tui.engine.model.tool_messages import FINISH, RECALL, verbose_of
from coze_tui.engine.model.tools import Tools
from coze_tui.engine.model.updates import (
    ActionRequired,
    AgentChanged,
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    EventRecord,
    FollowUpOffered,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    TurnUpdate,
    UsageReported,
)
from coze_tui.text.cleaning import StreamCleaner, clean, clean_line

_LEVELS: Mapping[MessageType, Level] = {
    MessageType.FUNCTION_CALL: "tool",
    MessageType.TOOL_RESPONSE: "tool",
    MessageType.TOOL_OUTPUT: "tool",
    MessageType.KNOWLEDGE: "tool",
    MessageType.ANSWER: "good",
    MessageType.UNKNOWN: "attention",
}
RETRIEVED = "retrieved"
"""The `id` of a frame that was not in the stream but built from a retrieve or message/list response."""
_DETAIL = 120
"""Largest number of characters in the detail of an event record."""
_LONGEST_URL = 4_000


class TurnState:
    """The state of one chat after its events so far.

    `apply` accepts any event in any state; the list of updates may be empty.

    Args:
        new_cleaner: returns a cleaner for the deltas of one text; in a live chat it also masks the token.
    """

    def __init__(
        self, *, conversation_id: str = "", new_cleaner: Callable[[], StreamCleaner] = StreamCleaner
    ) -> None:
        self.asked_conversation_id = conversation_id
        """The conversation the question was sent to; empty for a new one."""
        self.chat_id = ""
        self.conversation_id = conversation_id
        self.section_id = ""
        self.phase: Phase | Outcome = Phase.SENDING
        self.outcome: Outcome | None = None
        """The end that a chat event announced; None before that event (docs/wire.md 3.7, shape 5)."""
        self.error: LastError | None = None
        """The first error seen; it wins over a later completed (docs/wire.md 3.8)."""
        self.is_done = False
        """Whether `done` has arrived: nothing follows."""
        self.parts: list[Part] = []
        """Answers and tool messages in the order of their first appearance."""
        self.follow_ups: list[str] = []
        self._offered: set[str] = set()
        """The same questions, found at once however many they are."""
        self.usage: Usage | None = None
        self.finish_reason = ""
        """Of generate_answer_finish: 0 for complete, 1 for interrupted; empty before that message.

        See docs/wire.md 3.4.
        """
        self.frame_count = 0
        self.completed_ids: set[str] = set()
        self._answers = Answers(self.parts, new_cleaner)
        self._tools = Tools(self.parts)
        self._thoughts = Thoughts()

    @property
    def is_identified(self) -> bool:
        """Return whether its IDs are known, so that the chat can be recovered (docs/wire.md 7.4)."""
        return bool(self.chat_id and self.conversation_id)

    @property
    def is_ending(self) -> bool:
        """Return whether the end was announced; then only late messages or `done` may follow."""
        return self.outcome is not None or self.error is not None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Return the answers in order; one chat may have several (docs/wire.md 7.2)."""
        return tuple(self._answers.all)

    @property
    def silence(self) -> Silence | None:
        """Return the contents of a chat without text; None if the bot has sent text."""
        tools = [part for part in self.parts if isinstance(part, Tool)]
        return silence_of(
            [answer.whole_text for answer in self.answers],
            [answer.whole_reasoning for answer in self.answers],
            [tool.name for tool in tools if tool.type is MessageType.FUNCTION_CALL],
        )

    def sent(self) -> list[TurnUpdate]:
        """Return the first updates of every turn, which report that the question was sent."""
        return [PhaseChanged(Phase.SENDING, 0), EventNoted(EventRecord("sent", 0, level="good"))]

    def enter(self, phase: Phase | Outcome, at_us: int, detail: str = "") -> list[TurnUpdate]:
        """Enter a phase; return no update if the turn is already in it."""
        # A second tool call has the same phase but another name.
        if phase is self.phase and phase is not Phase.TOOL:
            return []
        self.phase = phase
        return [PhaseChanged(phase, at_us, detail)]

    def resumed(self, at_us: int) -> list[TurnUpdate]:
        """Continue the chat after tool outputs were submitted (docs/wire.md 4.4)."""
        self.outcome = None
        self.is_done = False
        note = EventNoted(EventRecord("tool_outputs", at_us, level="tool"))
        return [*self.enter(Phase.SENDING, at_us), note]

    def apply_all(self, frames: Iterable[Frame]) -> Iterator[TurnUpdate]:
        """Yield the updates of frames; neighboring deltas of one answer become one update."""
        for event in parse_events(frames):
            yield from self.apply(event)

    def apply(self, event: ChatEvent | MessageDeltas) -> list[TurnUpdate]:
        """Return the updates of an event, in the order in which they are shown."""
        self.frame_count += 1
        at_us = event.frame.at_us
        match event:
            case events.MessageDelta(message=message):
                return self._delta(event, message)
            case events.MessageDeltas(frames=frames):
                self.frame_count += len(frames) - 1
                return self._deltas(event)
            case events.MessageCompleted(message=message):
                return self._completed(event, message)
            case events.ChatCreated(chat=chat):
                return [
                    *self._identify(chat),
                    *self.enter(Phase.CREATED, at_us),
                    self._note(event, "created", "good"),
                ]
            case events.ChatInProgress(chat=chat):
                return [
                    *self._identify(chat),
                    *self.enter(Phase.IN_PROGRESS, at_us),
                    self._note(event, "in_progress", "good"),
                ]
            case events.ChatCompleted(chat=chat):
                return self._chat_completed(event, chat)
            case events.ChatFailed(chat=chat, error=error):
                return [
                    *self._identify(chat),
                    *self._failed(error),
                    *self._usage(chat.usage),
                    self._note(event, "failed", Outcome.FAILED.level, clean_line(error.line)[:_DETAIL]),
                ]
            case events.ChatRequiresAction(chat=chat):
                return self._requires_action(event, chat)
            case events.ChatCanceled(chat=chat):
                # Only the first announced end counts.
                self.outcome = self.outcome or Outcome.SERVER_CANCELED
                return [*self._identify(chat), self._note(event, "canceled", Outcome.SERVER_CANCELED.level)]
            case events.ChatExpired(chat=chat):
                self.outcome = self.outcome or Outcome.EXPIRED
                return [
                    *self._identify(chat),
                    *self._usage(chat.usage),
                    self._note(event, "expired", Outcome.EXPIRED.level),
                ]
            case events.ErrorEvent(error=error):
                self.error = self.error or error
                return [self._note(event, "error", "error", clean_line(error.line)[:_DETAIL])]
            case events.AudioDelta():
                return [self._note(event, "audio")]
            case events.Done(debug_url=debug_url):
                self.is_done = True
                return [self._note(event, "done", "good", clean_line(debug_url)[:_LONGEST_URL])]
            case events.UnknownEvent(frame=frame, reason=reason):
                detail = "" if reason == "name" else clean_line(frame.data[: 4 * _DETAIL])[:_DETAIL]
                return [self._note(event, clean_line(frame.event)[:60] or "?", "attention", detail)]

    def settle(self, at_us: int) -> list[TurnUpdate]:
        """Settle the open answers with the text of their deltas, because no more text arrives."""
        return [
            *self._release_later(at_us),
            *(
                update
                for answer in self.answers
                if not answer.is_settled
                for update in self._settle(answer, "", "", at_us)
            ),
        ]

    # --- chats ---

    def _identify(self, chat: Chat) -> list[TurnUpdate]:
        # Later events repeat the IDs.
        if not chat.id or (chat.id == self.chat_id and chat.conversation_id in ("", self.conversation_id)):
            return []
        # Some servers create a new conversation instead of the requested one (docs/wire.md 3.8).
        replaced = bool(
            self.asked_conversation_id
            and chat.conversation_id
            and chat.conversation_id != self.asked_conversation_id
        )
        self.chat_id = chat.id
        self.conversation_id = chat.conversation_id or self.conversation_id
        self.section_id = chat.section_id or self.section_id
        return [ChatIdentified(self.chat_id, self.conversation_id, self.section_id, replaced)]

    def _chat_completed(self, event: events.ChatCompleted, chat: Chat) -> list[TurnUpdate]:
        # An earlier error overrides a completed event (docs/wire.md 3.8).
        error = self.error or chat.last_error
        updates = [*self._identify(chat), *self.settle(event.frame.at_us), *self._usage(chat.usage)]
        if error is not None:
            updates += self._failed(error)
        elif self.outcome is None:
            self.outcome = Outcome.COMPLETED
        return [*updates, self._note(event, "completed", "good" if error is None else "attention")]

    def _requires_action(self, event: events.ChatRequiresAction, chat: Chat) -> list[TurnUpdate]:
        calls = chat.required_action.tool_calls if chat.required_action else ()
        # A question node (docs/wire.md 3.6) needs no output, and its question is already in the answer.
        functions = tuple(call for call in calls if call.type != "reply_message")
        self.outcome = Outcome.REQUIRES_ACTION if functions else Outcome.COMPLETED
        updates = [*self._identify(chat), *self.settle(event.frame.at_us), *self._usage(chat.usage)]
        detail = clean_line(", ".join(call.name for call in functions))[:_DETAIL]
        updates.append(self._note(event, "requires_action", "attention", detail))
        if functions:
            updates.append(ActionRequired(functions, event.frame.at_us))
        return updates

    def _failed(self, error: LastError) -> list[TurnUpdate]:
        self.error = self.error or error
        self.outcome = Outcome.FAILED
        return []

    def _usage(self, usage: Usage | None) -> list[TurnUpdate]:
        if usage is None or usage == self.usage:
            return []
        self.usage = usage
        return [UsageReported(usage)]

    # --- messages ---

    def _delta(self, event: events.MessageDelta, message: Message) -> list[TurnUpdate]:
        frame = event.frame
        # Only answers grow; for other messages, the completed event is used.
        if message.role is Role.USER or message.type is not MessageType.ANSWER:
            return [self._note(event, f"{message.type} delta")]
        if message.content_type is ContentType.AUDIO:
            return [self._note(event, "audio")]  # base64, never text (docs/wire.md 7.2)
        answer = self._answers.growing(message.id)
        updates: list[TurnUpdate] = []
        reasoning, text = message.reasoning_content, message.content
        if message.content_type is not ContentType.TEXT and text:
            if not answer.is_completed:  # otherwise it repeats the complete card
                answer.held.append(message)
            text = ""
        if reasoning:
            updates += self._add_reasoning(answer, reasoning, () if text else (frame,))
        # An empty delta counts for the answer; such deltas are common (docs/wire.md 3.5).
        if text or not reasoning:
            updates += self._add_text(answer, text, (frame,))
        return updates

    def _deltas(self, run: MessageDeltas) -> list[TurnUpdate]:
        answer = self._answers.growing(run.message.id)
        is_text = bool(run.message.content)
        grow = self._add_text if is_text else self._add_reasoning
        updates: list[TurnUpdate] = []
        singles = 0
        while (
            singles < len(run.frames)
            and not (answer.text if is_text else answer.reasoning)
            and not answer.is_completed
        ):
            # The time of the first text must be that of the first delta with visible text.
            updates += grow(answer, run.pieces[singles], run.frames[singles : singles + 1])
            singles += 1
        if singles < len(run.frames):
            updates += grow(answer, "".join(run.pieces[singles:]), run.frames[singles:])
        return updates

    def _add_reasoning(self, answer: Answer, reasoning: str, frames: Sequence[Frame]) -> list[TurnUpdate]:
        """Add reasoning; `frames` is empty if the deltas also contain text, which counts the frames."""
        if answer.is_completed:
            # These may be another answer under the same ID; `_release_later` decides at the end.
            later = answer.another()
            later.reasoning.append(later.reasoning_cleaner.feed(reasoning))
            return [ReasoningGrew(answer.message_id, "", *_counted(frames))]
        piece = answer.reasoning_cleaner.feed(reasoning)
        if piece:
            answer.reasoning.append(piece)
        if frames:
            self._thoughts.arrived(answer, frames[0].at_us, frames[-1].at_us)
        entered = self.enter(Phase.REASONING, frames[0].at_us) if frames else []
        return [*entered, ReasoningGrew(answer.message_id, piece, *_counted(frames))]

    def _add_text(self, answer: Answer, text: str, frames: Sequence[Frame]) -> list[TurnUpdate]:
        """Add text of an answer, or reasoning if it is between the tags that models use."""
        if answer.is_completed:
            answer.another().feed(text)
            return [AnswerGrew(answer.message_id, "", *_counted(frames))]
        split = answer.feed(text)
        updates: list[TurnUpdate] = []
        if split.reasoning:
            # Each delta counts once: for the text, if the piece has both.
            counted = _counted(() if split.text else frames)
            updates += [
                *self.enter(Phase.REASONING, frames[0].at_us),
                ReasoningGrew(answer.message_id, split.reasoning, *counted),
            ]
            if not split.text:
                self._thoughts.arrived(answer, frames[0].at_us, frames[-1].at_us)
                return updates
        if split.text:
            self._thoughts.end(frames[0].at_us)
            updates += self.enter(Phase.ANSWERING, frames[0].at_us)
        return [*updates, AnswerGrew(answer.message_id, split.text, *_counted(frames))]

    def _completed(self, event: events.MessageCompleted, message: Message) -> list[TurnUpdate]:
        at_us = event.frame.at_us
        if message.id:
            # `ChatFetcher` does not fetch these again.
            self.completed_ids.add(message.id)
        if message.role is Role.USER or message.type is MessageType.QUESTION:
            return [self._note(event, "question")]  # an echo (docs/wire.md 7.2)
        updates: list[TurnUpdate] = []
        name, detail = str(message.type), ""
        match message.type:
            case MessageType.ANSWER:
                updates += self._answer_completed(message, event.frame)
                updates += self._usage(Usage.from_meta_data(message.meta_data))
                # Without IDs, only a completed message separates two answers.
                if not message.id:
                    self._answers.end_anonymous()
            case MessageType.FUNCTION_CALL:
                updates += self._release_later(at_us)
                self._answers.call_tool()
                self._thoughts.end(at_us)
                called = self._tools.call(message, at_us)
                detail = called.name
                updates += [*self.enter(Phase.TOOL, at_us, called.name), called]
            case MessageType.TOOL_RESPONSE | MessageType.TOOL_OUTPUT | MessageType.KNOWLEDGE:
                self._thoughts.end(at_us)
                response = self._tools.respond(message, at_us)
                detail = response.name
                updates += [response, *self.enter(Phase.IN_PROGRESS, at_us)]
            case MessageType.FOLLOW_UP:
                detail = clean_line(message.content)[:_DETAIL]
                updates += self._offer([message.content], at_us)
            case MessageType.VERBOSE:
                more, detail = self._verbose(message, at_us)
                updates += more
            case MessageType.UNKNOWN:
                name = clean_line(text_of(message.raw.get("type")))[:60] or name
                updates += self._remarked(message, at_us)
            case MessageType.QUESTION:
                pass
        return [*updates, self._note(event, name, _LEVELS.get(message.type, "info"), detail)]

    def _offer(self, questions: Iterable[str], at_us: int) -> list[TurnUpdate]:
        """Offer questions or choices of a question node that were not offered before."""
        updates: list[TurnUpdate] = []
        for question in map(clean, questions):
            if question.strip() and question not in self._offered:
                self._offered.add(question)
                self.follow_ups.append(question)
                updates.append(FollowUpOffered(question, at_us))
        return updates

    def _verbose(self, message: Message, at_us: int) -> tuple[list[TurnUpdate], str]:
        """Return the updates of a verbose message (docs/wire.md 3.4), and the detail of its record."""
        said = verbose_of(message.content)
        if said.msg_type == FINISH:
            self.finish_reason = said.finish_reason
            # 1 means interrupted: such an answer is not complete.
            if self.finish_reason in ("0", ""):
                return [*self.settle(at_us), *self.enter(Phase.SETTLING, at_us)], FINISH
        elif said.msg_type == RECALL:
            self._thoughts.end(at_us)
            return [self._tools.respond(message, at_us)], RECALL
        elif agent := said.agent:
            part = Agent(message.id or f"agent-{len(self.parts)}", agent.name, agent.condition, at_us)
            self.parts.append(part)
            self._thoughts.end(at_us)
            changed = AgentChanged(part.message_id, agent.id, agent.name, agent.condition, at_us)
            return [changed], f"→ {agent.name}"
        return self._remarked(message, at_us), said.msg_type

    def _answer_completed(self, message: Message, frame: Frame) -> list[TurnUpdate]:
        """Settle an answer with its completed message; return nothing if it repeats an earlier one.

        A text that does not continue the completed text under the same ID becomes another answer.
        """
        content = content_of(message)
        text, thought = self._readable(content)
        reasoning = "\n\n".join(filter(None, (message.reasoning_content, thought)))
        answer = self._answers.completed(message.id, text, is_fetched=frame.id == RETRIEVED)
        text = answer.own_text(text)
        # A repetition, a continuation, or another answer under the same ID.
        if answer.is_completed:
            known = answer.whole_text
            is_repeated = known.startswith(text)
            if is_repeated and (answer.whole_reasoning or not reasoning):
                answer.later = None
                return []
            if not is_repeated and not text.startswith(known):
                answer = self._answers.add_after(answer)
            elif is_repeated:
                text = ""
        answer.is_completed, answer.later = True, None
        updates = self._settle(answer, text, reasoning, frame.at_us)
        return [*updates, *self._offer(content.choices, frame.at_us)]

    def _readable(self, content: Content) -> tuple[str, str]:
        """Return the text of an answer, with its choices numbered as they are offered, and its reasoning."""
        choices = tuple(map(clean, content.choices))
        offered = list(dict.fromkeys([*self.follow_ups, *choices]))
        split = split_thinking(clean(numbered(Content(content.text, choices), offered)))
        return split.text, split.reasoning

    def _release_later(self, at_us: int) -> list[TurnUpdate]:
        """Turn the deltas after a completed message into answers, unless they only repeat its text."""
        updates: list[TurnUpdate] = []
        for answer in self.answers:  # a copy, because the loop adds answers
            later = answer.later
            if later is not None and later.whole_text not in answer.whole_text:
                updates += self._settle(self._answers.add_after(answer), "", "", at_us)
            answer.later = None
        return updates

    def _settle(self, answer: Answer, text: str, reasoning: str, at_us: int) -> list[TurnUpdate]:
        # The completed text replaces the deltas; if it is empty, theirs remains (docs/wire.md 3.5).
        self._thoughts.end(at_us)
        answer.flush()
        # A card can be read only when all of its deltas are joined.
        if answer.held and not text:
            whole = "".join(message.content for message in answer.held)
            text, _reasoning = self._readable(content_of(replace(answer.held[0], content=whole)))
        answer.held = []
        if text:
            answer.text = [text]
        if reasoning:
            answer.reasoning = [clean(reasoning)]
        answer.is_settled = True
        return [AnswerSettled(answer.message_id, answer.whole_text, answer.whole_reasoning, at_us)]

    def _remarked(self, message: Message, at_us: int) -> list[TurnUpdate]:
        remark = self._tools.remark(message, at_us)
        if remark is None:
            return []
        self._thoughts.end(at_us)
        return [remark]

    def _note(self, event: ChatEvent, name: str, level: Level = "info", detail: str = "") -> EventNoted:
        frame = event.frame
        return EventNoted(EventRecord(name, frame.at_us, frame.bytes, level, detail, self.frame_count))


def _counted(frames: Sequence[Frame]) -> tuple[tuple[int, ...], int]:
    """Return the arrival times of frames, and their size in bytes."""
    return tuple(frame.at_us for frame in frames), sum(frame.bytes for frame in frames)
