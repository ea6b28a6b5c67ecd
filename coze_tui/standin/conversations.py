"""Endpoints of conversations and their messages (docs/wire.md 4.6, 4.7)."""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.standin import objects
from coze_tui.standin.context import Failure, ServerContext, envelope, json_reply
from coze_tui.standin.http import Answer, Request
from coze_tui.standin.questions import mapping, read_message, read_meta_data
from coze_tui.standin.state import Conversation, Message


class Conversations:
    """The conversation endpoints of one stand-in."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context

    async def create(self, request: Request) -> Answer:
        """POST /v1/conversation/create."""
        context, state = self._context, self._context.state
        body = mapping(request.body) if request.raw else {}
        bot_id = body.get("bot_id") or ""
        if bot_id and bot_id not in state.bots:
            raise Failure(5000, "internal error (sample)")  # what the service says to a wrong bot id
        name = body.get("name") or ""
        messages = body.get("messages") or []
        if not isinstance(name, str) or len(name) > 100:
            raise Failure(4000, "name has at most 100 characters (sample)")
        if not isinstance(messages, list) or len(messages) > 16:
            raise Failure(4004, "messages: at most 16 (sample)")
        read = [] if context.studio else [read_message(item, state.files) for item in messages]
        meta_data = read_meta_data(body.get("meta_data"))
        conversation_id = state.new_id()
        section_id = state.new_id() if context.studio else conversation_id
        conversation = Conversation(
            conversation_id, context.now(), section_id, str(bot_id), meta_data=meta_data
        )
        conversation.creator_id = context.user_id
        conversation.connector_id = str(body.get("connector_id") or "1024")
        # Studio stores no name; the official service defaults to the first message.
        conversation.name = "" if context.studio else name or (read[0].content[:100] if read else "")
        state.conversations[conversation_id] = conversation
        for message in read:
            self._add(conversation, message)
        return envelope(context, objects.conversation_object(conversation, studio=context.studio))

    async def retrieve(self, request: Request) -> Answer:
        """GET /v1/conversation/retrieve."""
        conversation = self._find(request)
        body = objects.conversation_object(conversation, studio=self._context.studio)
        return envelope(self._context, body, key="ConversationData" if self._context.studio else "data")

    async def list(self, request: Request) -> Answer:
        """GET /v1/conversations: newest first, by bot and channel."""
        context = self._context
        bot_id = request.query.get("bot_id", "")
        if not bot_id:
            raise Failure(4000, "bot_id is required (sample)")
        number, size = page(request.query, default=50, most=50)
        channel = request.query.get("connector_id") or "1024"
        found = [
            conversation
            for conversation in context.state.conversations.values()
            if conversation.bot_id == bot_id and conversation.connector_id == channel
        ]
        found.sort(
            key=lambda conversation: int(conversation.id),
            reverse=_descending(request.query.get("sort_order")),
        )
        start = (number - 1) * size
        listed = [objects.conversation_object(c, studio=context.studio) for c in found[start : start + size]]
        return envelope(context, {"conversations": listed, "has_more": len(found) > start + size})

    async def rename(self, request: Request) -> Answer:
        """PUT /v1/conversations/{id}."""
        conversation = self._find(request)
        name = mapping(request.body).get("name")
        if not isinstance(name, str) or not 1 <= len(name) <= 100:
            raise Failure(4000, "name has 1 to 100 characters (sample)")
        conversation.name, conversation.updated_at = name, self._context.now()
        return envelope(self._context, objects.conversation_object(conversation, studio=self._context.studio))

    async def delete(self, request: Request) -> Answer:
        """DELETE /v1/conversations/{id}."""
        conversation = self._find(request)
        del self._context.state.conversations[conversation.id]
        if conversation.chat is not None:
            conversation.chat.stop.set()
        return envelope(self._context, {})

    async def clear(self, request: Request) -> Answer:
        """POST /v1/conversations/{id}/clear: a new section; the messages stay listed."""
        conversation = self._find(request)
        conversation.section_id = self._context.state.new_id()
        conversation.updated_at = self._context.now()
        conversation.waiting = ""
        return envelope(self._context, {"id": conversation.section_id, "conversation_id": conversation.id})

    def _find(self, request: Request) -> Conversation:
        conversation = self._context.state.conversations.get(request.query.get("conversation_id", ""))
        if conversation is None:
            if self._context.studio:
                raise Failure(103000002, "conversation not found (sample)")
            raise Failure(4002, "The conversation does not exist, or it is not yours (sample)")
        return conversation

    # ── messages ────────────────────────────────────────────────────────────────────────────────────────

    async def list_messages(self, request: Request) -> Answer:
        """POST /v1/conversation/message/list: pages by before_id and after_id, in the order of the list."""
        context = self._context
        conversation = self._find(request)
        body = mapping(request.body) if request.raw else {}
        limit = body.get("limit") or 50
        if not isinstance(limit, int) or not 1 <= limit <= 50:
            raise Failure(4000, "limit is 1 to 50 (sample)")
        chat_id = body.get("chat_id")
        messages = [m for m in conversation.messages if not chat_id or m.chat_id == chat_id]
        before, after = _text(body, "before_id"), _text(body, "after_id")
        if context.studio:
            # Order is ignored: newest first, but oldest first with before_id; questions and answers only.
            messages = [m for m in messages if m.type in {"question", "answer"}]
            descending = not before
        else:
            descending = _descending(body.get("order"))
        if descending:
            messages.reverse()
        chosen, more = _window(messages, before, after, limit)
        listed = [self._listed(message) for message in chosen]
        extra: objects.Json = {
            "first_id": chosen[0].id if chosen else "0",
            "last_id": chosen[-1].id if chosen else "0",
            "has_more": more,
        }
        if context.studio and not listed:
            logid = {context.logid_header: context.logid()}
            return json_reply({"code": 0, "msg": "", **extra}, logid)  # no data at all
        return envelope(context, listed, extra=extra)

    async def create_message(self, request: Request) -> Answer:
        """POST /v1/conversation/message/create."""
        conversation = self._find(request)
        body = mapping(request.body)
        message = read_message(dict(body), self._context.state.files)
        # A message created without a type is listed without one (docs/wire.md 3.4).
        message.type = _text(body, "type")
        return envelope(self._context, self._message(self._add(conversation, message)))

    async def retrieve_message(self, request: Request) -> Answer:
        """GET /v1/conversation/message/retrieve."""
        return envelope(self._context, self._message(self._find_message(request)))

    async def modify_message(self, request: Request) -> Answer:
        """POST /v1/conversation/message/modify: returns the message under `message`."""
        message = self._find_message(request)
        body = mapping(request.body)
        if body.get("content") is not None:
            new = {"role": message.role, "content": body["content"], "content_type": body.get("content_type")}
            read = read_message(new, self._context.state.files)
            message.content, message.content_type = read.content, read.content_type
        if body.get("meta_data") is not None:
            message.meta_data = read_meta_data(body["meta_data"])
        message.updated_at = self._context.now()
        return envelope(self._context, self._message(message), key="message")

    async def delete_message(self, request: Request) -> Answer:
        """POST /v1/conversation/message/delete."""
        message = self._find_message(request)
        self._find(request).messages.remove(message)
        return envelope(self._context, self._message(message))

    def _find_message(self, request: Request) -> Message:
        wanted = request.query.get("message_id", "")
        message = next((m for m in self._find(request).messages if m.id == wanted), None)
        if message is None:
            raise Failure(4000, "The message does not exist (sample)")
        return message

    def _add(self, conversation: Conversation, message: Message) -> Message:
        message.id = self._context.state.new_id()
        message.conversation_id, message.section_id = conversation.id, conversation.section_id
        message.created_at = conversation.updated_at = self._context.now()
        conversation.messages.append(message)
        return message

    def _listed(self, message: Message) -> objects.Json:
        chat = self._context.state.chats.get(message.chat_id)
        text_times = chat is not None and chat.text_times
        return objects.listed_message(message, text_times=text_times, studio=self._context.studio)

    def _message(self, message: Message) -> objects.Json:
        return objects.listed_message(message)


def page(query: Mapping[str, str], *, default: int, most: int) -> tuple[int, int]:
    """Return page_num (or page_index) and page_size. Raise Failure 4000 if invalid."""
    try:
        number = int(query.get("page_num") or query.get("page_index") or 1)
        size = int(query.get("page_size") or default)
    except ValueError as error:
        raise Failure(4000, "page_num and page_size are numbers (sample)") from error
    if number < 1 or not 1 <= size <= most:
        raise Failure(4000, f"page_num from 1, page_size 1 to {most} (sample)")
    return number, size


def _descending(order: object) -> bool:
    return str(order or "desc").lower() != "asc"


def _text(body: Mapping[str, object], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _window(messages: list[Message], before: str, after: str, limit: int) -> tuple[list[Message], bool]:
    """Return the page before or after an ID, and whether more messages follow in that direction."""
    ids = [message.id for message in messages]
    if before:
        if before not in ids:
            raise Failure(4000, "before_id is not in the conversation (sample)")
        end = ids.index(before)
        return messages[max(0, end - limit) : end], end > limit
    start = 0
    if after:
        if after not in ids:
            raise Failure(4000, "after_id is not in the conversation (sample)")
        start = ids.index(after) + 1
    return messages[start : start + limit], len(messages) > start + limit
