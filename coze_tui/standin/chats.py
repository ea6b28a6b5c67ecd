"""Endpoints of chats: /v3/chat and below.

See docs/wire.md 2, 4.1-4.4, 4.10.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import chain

from coze_tui.standin import faults as fault
from coze_tui.standin import objects
from coze_tui.standin.context import Failure, ServerContext, envelope, json_reply
from coze_tui.standin.faults import Faults
from coze_tui.standin.http import Answer, Reply, Request, ResponseWriter, StreamReply
from coze_tui.standin.questions import (
    Question,
    mapping,
    read_meta_data,
    read_outputs,
    read_question,
    required,
)
from coze_tui.standin.run import Run
from coze_tui.standin.scenarios import Bot, Capture, Page, Plain, Refuse, Turn, expand
from coze_tui.standin.state import Chat, Conversation, Message
from coze_tui.standin.wire import Frame, Style, Wire

Feed = Callable[[ResponseWriter], Awaitable[None]]


class Chats:
    """The chat endpoints of one stand-in."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._runs: dict[str, Run] = {}
        """The run of each chat, by the ID of the chat."""
        self.extra = fault.NONE
        """Faults of the next chat, besides those in its question."""

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────

    async def chat(self, request: Request) -> Answer:
        """POST /v3/chat."""
        body = mapping(request.body)
        if self._context.studio:
            return await self._studio_chat(request, body)
        bot_id, user_id = required(body, "bot_id"), required(body, "user_id")
        bot = self._context.state.bots.get(bot_id)
        if bot is None:
            raise Failure(4006, "The bot does not exist, or it is not yours (sample)")
        draft = body.get("publish_status") == "unpublished_draft"
        if draft and body.get("bot_version"):
            raise Failure(4000, "bot_version cannot be used with unpublished_draft (sample)")
        if not bot.is_published and not draft:
            raise Failure(4015, "The bot is not published to the channel Agent As API (sample)")
        streaming, saved = body.get("stream") is True, body.get("auto_save_history") is not False
        if not streaming and not saved:
            raise Failure(4007, "auto_save_history must be true if stream is false (sample)")
        meta_data = read_meta_data(body.get("meta_data"))
        question = read_question(body.get("additional_messages"), self._context.state.files, limit=100)
        conversation = self._conversation(request.query.get("conversation_id", ""))
        if not question.messages and (conversation is None or not conversation.messages):
            raise Failure(4000, "additional_messages is empty, and so is the conversation (sample)")
        if conversation is not None and conversation.chat is not None and conversation.chat.busy:
            return self._busy(streaming=streaming)
        return await self._begin(
            bot, conversation, question, user_id, streaming, saved=saved, meta_data=meta_data
        )

    async def _studio_chat(self, request: Request, body: Mapping[str, object]) -> Answer:
        bot_id, user_id = body.get("bot_id"), body.get("user_id")
        if not isinstance(bot_id, str) or not bot_id.isdigit():
            raise Failure(400, "bot_id must be a string of digits (sample)", 400)
        streaming = body.get("stream") is not False
        try:
            question = read_question(
                body.get("additional_messages"), self._context.state.files, limit=10**6, strict=False
            )
        except Failure as failure:
            return self._studio_error(103000000, failure.msg, streaming=streaming)
        bot = self._context.state.bots.get(bot_id)
        if bot is None or not bot.is_published:
            return self._studio_error(103100002, "agent not exists", streaming=streaming)
        # A conversation that does not exist silently becomes a new one (docs/wire.md 3.8).
        conversation = self._context.state.conversations.get(request.query.get("conversation_id", ""))
        return await self._begin(bot, conversation, question, str(user_id or ""), streaming)

    def _studio_error(self, code: int, msg: str, *, streaming: bool) -> Answer:
        if not streaming:
            raise Failure(400, msg, 400)
        text = f"code={code} message={msg}\nstack=…/openapi_agent_run.go:139\n…"
        return self._lone_event(Frame("error", {"code": 103100001, "msg": text}))

    def _busy(self, *, streaming: bool) -> Answer:
        failure = Failure(4016, self._context.switches.busy_text)
        if not streaming:
            raise failure
        return self._lone_event(Frame("error", {"code": failure.code, "msg": failure.msg}))

    def _lone_event(self, frame: Frame) -> StreamReply:
        async def feed(outlet: ResponseWriter) -> None:
            wire = Wire(outlet, Style(chunks=self._context.switches.chunks), self._context.rng())
            await wire.emit(frame, last=True)

        return self._stream_reply(feed, fault.NONE)

    def _conversation(self, conversation_id: str) -> Conversation | None:
        if not conversation_id:
            return None
        conversation = self._context.state.conversations.get(conversation_id)
        if conversation is None:
            raise Failure(4002, "The conversation does not exist, or it is not yours (sample)")
        return conversation

    async def _begin(
        self, bot: Bot, conversation: Conversation | None, question: Question, user_id: str,
        streaming: bool, *, saved: bool = True, meta_data: dict[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        context, state = self._context, self._context.state
        faults, self.extra = question.faults.joined(self.extra), fault.NONE
        reply = fault.instead(faults, context.base_url, {context.logid_header: context.logid()})
        if reply is not None:
            return reply
        chat_id = state.new_id()
        if conversation is None:
            conversation = self._new_conversation(bot.id)
        turn = self._turn(bot, conversation, question, user_id)
        chat = Chat(
            chat_id,
            conversation.id,
            bot.id,
            conversation.section_id,
            context.now(),
            saved,
        )
        chat.meta_data = meta_data or {}
        if faults.has("retrieve-fails"):
            chat.retrieve_failures = faults.number("retrieve-fails", 10**9)
        chat.text_times = faults.has("text-times")
        first, steps = self._steps(bot, conversation, turn, faults)
        if isinstance(first, Refuse):
            raise Failure(first.code, first.msg, first.status)
        if isinstance(first, Page):
            headers = {context.logid_header: context.logid()}
            return Reply(first.status, first.body.encode(), first.content_type, headers)
        run = Run(context, chat, conversation, turn, steps, faults)
        self._runs[chat.id] = run
        is_recorded = isinstance(first, Capture)
        if isinstance(first, Capture):
            run.remember(first)
        conversation.chat = chat
        conversation.updated_at = context.now()
        if saved:
            state.chats[chat.id] = chat
            self._keep(question.messages, chat, conversation)
        else:
            state.unsaved.add(chat.id)
        if faults.has("json-chat") or not (streaming or faults.has("stream-anyway")):
            body = objects.created_chat(chat)
            context.spawn(run.replay(None) if is_recorded else run.start(None))
            return envelope(context, body)

        async def feed(outlet: ResponseWriter) -> None:
            wire = self._wire(outlet, faults)
            context.spawn(run.replay(wire) if is_recorded else run.start(wire))
            await wire.serve()

        return self._stream_reply(feed, faults)

    def _new_conversation(self, bot_id: str) -> Conversation:
        context, state = self._context, self._context.state
        conversation_id = state.new_id()
        section_id = state.new_id() if context.studio else conversation_id
        conversation = Conversation(
            conversation_id, context.now(), section_id, bot_id, creator_id=context.user_id
        )
        state.conversations[conversation_id] = conversation
        return conversation

    def _turn(self, bot: Bot, conversation: Conversation, question: Question, user_id: str) -> Turn:
        state = self._context.state
        state.turns[bot.id] = state.turns.get(bot.id, 0) + 1
        history = tuple(m.content for m in conversation.messages if m.role == "user")
        # without any letters so far, the language is that of the greeting
        chinese = question.is_chinese((bot.prologue, *history))
        return Turn(question.text, chinese, state.turns[bot.id], question.files, {}, user_id, history)

    def _steps(
        self, bot: Bot, conversation: Conversation, turn: Turn, faults: Faults
    ) -> tuple[Plain | None, Iterator[Plain]]:
        """Return the first step, and an iterator over all steps.

        A conversation that waits for an answer continues its earlier scenario."""
        waiting, conversation.waiting = self._runs.get(conversation.waiting), ""
        if waiting is not None:
            steps = waiting.hand_over(turn.question)
        else:
            scenario = fault.substitute(faults, turn) or bot.scenario
            steps = expand(scenario, turn, self._context.rng())
        steps = fault.bend(steps, faults, turn)
        first = next(steps, None)
        return first, steps if first is None else chain([first], steps)

    def _keep(self, messages: Sequence[Message], chat: Chat, conversation: Conversation) -> None:
        for message in messages:
            message.id = self._context.state.new_id()
            message.conversation_id = conversation.id
            message.section_id = conversation.section_id
            message.bot_id, message.chat_id = chat.bot_id, chat.id
            message.created_at = self._context.now()
            conversation.messages.append(message)
            chat.inserted.append(message.id)

    # ── streams ─────────────────────────────────────────────────────────────────────────────────────────

    def _wire(self, outlet: ResponseWriter, faults: Faults) -> Wire:
        style = Style(chunks=self._context.switches.chunks)
        return Wire(outlet, fault.style(style, faults), self._context.rng())

    def _stream_reply(self, feed: Feed, faults: Faults) -> StreamReply:
        """Return the head of an event stream (docs/wire.md 3.1)."""
        context = self._context
        headers = {context.logid_header: context.logid()}
        charset = context.switches.charset or faults.has("charset")
        content_type = "text/event-stream" + ("; charset=utf-8" if charset else "")
        if context.studio:
            headers["Cache-Control"] = "no-cache"
            headers["X-Accel-Buffering"] = "no"
        for packing in ("gzip", "deflate"):
            if faults.has(packing):
                headers["Content-Encoding"] = packing
        changed = fault.TYPES[faults.text("type")] if faults.has("type") else content_type
        return StreamReply(feed, changed, headers)

    # ── afterwards ──────────────────────────────────────────────────────────────────────────────────────

    async def retrieve(self, request: Request) -> Answer:
        """GET (and POST) /v3/chat/retrieve."""
        chat = self._find(request.query)
        if chat.retrieve_failures > 0:
            chat.retrieve_failures -= 1
            raise Failure(5000, "internal error (sample)")
        body = objects.chat_object(chat, studio=self._context.studio)
        if chat.meta_data:
            body["meta_data"] = chat.meta_data
        if chat.inserted and not self._context.studio:
            body["inserted_additional_messages"] = [{"id": message_id} for message_id in chat.inserted]
        return envelope(self._context, body)

    async def messages(self, request: Request) -> Answer:
        """GET (and POST) /v3/chat/message/list: scrambled, and no data after a failure (docs/wire.md 4.2)."""
        context = self._context
        chat = self._find(request.query)
        messages = list(chat.messages)
        if context.studio:
            conversation = context.state.conversations.get(chat.conversation_id)
            asked = conversation.messages if conversation is not None else []
            messages = [*(m for m in asked if m.chat_id == chat.id and m.role == "user"), *messages]
        elif not context.switches.stable_lists:
            # Verbose messages first, as the samples show them, and the others in reverse.
            messages.reverse()
            messages.sort(key=lambda message: message.type != "verbose")
        listed = [
            objects.listed_message(message, text_times=chat.text_times, studio=context.studio)
            for message in messages
        ]
        if context.studio:
            return envelope(context, listed, key="Messages")
        reply = envelope(context, listed)
        if chat.status == "failed":
            body: objects.Json = json.loads(reply.body)
            del body["data"]
            return json_reply(body, dict(reply.headers))
        return reply

    def _find(self, query: Mapping[str, str]) -> Chat:
        chat = self._context.state.chats.get(query.get("chat_id", ""))
        if chat is None or chat.conversation_id != query.get("conversation_id", chat.conversation_id):
            if self._context.studio:
                raise Failure(500, "record not found (sample)", 500)
            raise Failure(4001, "The chat does not exist (sample)")
        return chat

    async def cancel(self, request: Request) -> Answer:
        """POST /v3/chat/cancel: changes the state, but does not close the stream (docs/wire.md 4.3)."""
        context = self._context
        body = mapping(request.body)
        chat = context.state.chats.get(required(body, "chat_id"))
        if chat is None or chat.conversation_id != required(body, "conversation_id"):
            if context.studio:
                raise Failure(400, "record not found (sample)", 400)
            raise Failure(4001, "The chat does not exist (sample)")
        states = {"created", "in_progress"}
        if context.switches.cancel_in_requires_action:
            states.add("requires_action")
        if chat.status not in states:
            if context.studio:
                raise Failure(400, "the chat cannot be canceled (sample)", 400)
            raise Failure(4104, "The chat cannot be canceled in its state (sample)")
        chat.status = "canceled"
        if context.studio:
            # The run continues and may complete (docs/wire.md 4.3).
            logid = {context.logid_header: context.logid()}
            return json_reply({"ChatV3ChatDetail": objects.chat_object(chat, studio=True)}, logid)
        chat.stop.set()
        return envelope(context, objects.chat_object(chat))

    async def submit_tool_outputs(self, request: Request) -> Answer:
        """POST /v3/chat/submit_tool_outputs: continues when all outputs have arrived (docs/wire.md 4.4)."""
        body = mapping(request.body)
        if request.query.get("chat_id") in self._context.state.unsaved:
            raise Failure(5000, "internal error (sample)")
        chat = self._find(request.query)
        run = self._runs.get(chat.id)
        if (
            chat.status != "requires_action"
            or run is None
            or any(call.type != "function" for call in chat.waiting)
        ):
            raise Failure(4000, "The chat waits for no tool outputs (sample)")
        outputs = read_outputs(body.get("tool_outputs"))
        wanted = {call.id for call in chat.waiting}
        if set(outputs) != wanted:
            raise Failure(4000, "tool_outputs must have one output for each tool call, and no other (sample)")
        run.turn.outputs.update(outputs)
        chat.status = "in_progress"
        if body.get("stream") is not True:
            self._context.spawn(run.resume(None))
            return envelope(self._context, objects.created_chat(chat))

        async def feed(outlet: ResponseWriter) -> None:
            wire = self._wire(outlet, fault.NONE)
            self._context.spawn(run.resume(wire))
            await wire.serve()

        return self._stream_reply(feed, fault.NONE)
