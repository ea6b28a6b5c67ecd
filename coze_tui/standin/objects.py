"""Records as JSON, in the key order of the transcripts: official and studio (docs/wire.md 3.8).

See docs/wire.md 3.3, 3.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from coze_tui.standin.scenarios import FunctionCall, Knowledge, ToolResponse
from coze_tui.standin.state import Chat, Conversation, Message, StoredFile

Json = dict[str, object]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def dumps(value: object) -> str:
    """Return JSON as the service writes it: compact UTF-8, with lone surrogates escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half.group()):04x}", text)


def chat_object(chat: Chat, *, studio: bool = False) -> Json:
    """Return a chat as events and `retrieve` contain it."""
    if studio:
        status = {"canceled": "cancelled", "requires_action": "required_action"}.get(chat.status, chat.status)
        return {
            "id": chat.id,
            "conversation_id": chat.conversation_id,
            "bot_id": chat.bot_id,
            "created_at": chat.created_at,
            "completed_at": chat.completed_at,
            "failed_at": chat.failed_at,
            "status": status,
            "section_id": chat.section_id,
        }
    total = chat.input_tokens + chat.output_tokens
    usage = {"token_count": total, "output_count": chat.output_tokens, "input_count": chat.input_tokens}
    body: Json = {
        "id": chat.id,
        "conversation_id": chat.conversation_id,
        "bot_id": chat.bot_id,
        "created_at": chat.created_at,
        "last_error": {"code": chat.error_code, "msg": chat.error_msg},
        "status": chat.status,
        "usage": usage,
        "section_id": chat.section_id,
    }
    if chat.completed_at:
        body["completed_at"] = chat.completed_at
    if chat.failed_at:
        body["failed_at"] = chat.failed_at
    if chat.waiting and chat.status == "requires_action":
        body["required_action"] = required_action(chat)
    elif chat.called_plugin and chat.status == "completed":
        body["required_action"] = {"type": "", "submit_tool_outputs": {"tool_calls": []}}
    return body


def required_action(chat: Chat) -> Json:
    """Return the calls that the chat waits for (docs/wire.md 3.6)."""
    calls = [
        {
            "id": call.id,
            "type": call.type,
            "function": {"name": call.name, "arguments": call.arguments} if call.type == "function" else None,
            "require_info": None,
        }
        for call in chat.waiting
    ]
    return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}


def created_chat(chat: Chat) -> Json:
    """Return the short chat that a call without a stream receives at once (docs/wire.md 2.3)."""
    return {
        "id": chat.id,
        "conversation_id": chat.conversation_id,
        "bot_id": chat.bot_id,
        "created_at": chat.created_at,
        "last_error": {"code": 0, "msg": ""},
        "status": "in_progress",
    }


def stream_message(message: Message, *, studio: bool = False, delta: bool = False) -> Json:
    """Return a message as events contain it."""
    body: Json = {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "bot_id": message.bot_id,
        "role": message.role,
        "type": message.type,
        "content": message.content,
        "content_type": message.content_type,
    }
    if message.meta_data and not delta:
        body["meta_data"] = message.meta_data
    body["chat_id"] = message.chat_id
    body["section_id"] = message.section_id
    if studio:
        body["created_at"] = message.created_at
        # Studio's completed messages have no reasoning (docs/wire.md 3.5).
        body["reasoning_content"] = message.reasoning if delta else ""
    elif message.reasoning:
        body["reasoning_content"] = message.reasoning
    return body


def listed_message(message: Message, *, text_times: bool = False, studio: bool = False) -> Json:
    """Return a message as lists contain it (docs/wire.md 3.4); its times are numbers unless a fault asks."""
    times: tuple[object, object] = (message.created_at, message.updated_at or message.created_at)
    if text_times:
        times = (str(times[0]), str(times[1]))
    body: Json = {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "bot_id": message.bot_id,
        "chat_id": message.chat_id,
        "section_id": message.section_id,
        "role": message.role,
        "type": message.type,
        "content": message.content,
        # Studio has its own name for a mixture of text and files (docs/wire.md 4.2).
        "content_type": "mix" if studio and message.content_type == "object_string" else message.content_type,
        "meta_data": message.meta_data,
        "created_at": times[0],
        "updated_at": times[1],
    }
    if message.reasoning:
        body["reasoning_content"] = message.reasoning
    return body


def conversation_object(conversation: Conversation, *, studio: bool = False) -> Json:
    """Return a conversation (docs/wire.md 4.6); studio spells `creator_d`."""
    return {
        "id": conversation.id,
        "created_at": conversation.created_at,
        "meta_data": conversation.meta_data,
        "creator_d" if studio else "creator_id": conversation.creator_id,
        "connector_id": conversation.connector_id,
        "last_section_id": conversation.section_id,
        "name": conversation.name,
        "updated_at": conversation.updated_at or conversation.created_at,
    }


def file_object(file: StoredFile, *, studio: bool = False) -> Json:
    """Return an uploaded file (docs/wire.md 4.8)."""
    if studio:
        return {
            "id": file.id,
            "bytes": file.size,
            "CreatedAt": file.created_at,
            "file_name": file.name,
            "uri": f"tos-cn-sample/{file.id}",
            "url": f"http://127.0.0.1:8889/opencoze/tos-cn-sample/{file.id}",
        }
    return {"id": file.id, "bytes": file.size, "created_at": file.created_at, "file_name": file.name}


def verbose_content(msg_type: str, data: str, *, studio: bool = False) -> str:
    """Return the content of a `verbose` message."""
    if studio:
        return dumps({"msg_type": msg_type, "data": data, "from_unit": ""})
    return dumps({"msg_type": msg_type, "data": data, "from_module": None, "from_unit": None})


def answer_finish(reason: int, *, studio: bool = False) -> str:
    """Return `generate_answer_finish`: 0 if all answers were sent, 1 if an action is required."""
    data = dumps({"finish_reason": reason, "fin_data" if studio else "FinData": ""})
    return verbose_content("generate_answer_finish", data, studio=studio)


def function_call_content(call: FunctionCall, call_id: str, *, studio: bool = False) -> str:
    """Return the content of a `function_call` message. Invalid JSON arguments are sent as text.

    See docs/wire.md 3.4.
    """
    if studio:
        function = {"name": call.api, "arguments": arguments_text(call.arguments)}
        return dumps({"id": call_id, "type": "function", "function": function})
    body: Json = {"name": f"{call.plugin}-{call.api}", "arguments": call.arguments}
    if not call.local:
        body["plugin_id"] = call.plugin_id
    body["plugin_name"] = call.plugin
    if not call.local:
        body["api_id"] = call.api_id
    body["api_name"] = call.api
    body["plugin_type"] = 6 if call.local else 1
    if call.thought:
        body["thought"] = call.thought
    return dumps(body)


def arguments_text(arguments: Mapping[str, object] | str) -> str:
    """Return the arguments of a call as JSON text."""
    return arguments if isinstance(arguments, str) else dumps(arguments)


def tool_response_content(response: ToolResponse, *, studio: bool = False) -> str:
    """Return the content of a `tool_response` message."""
    if response.plain or studio:
        return response.output
    return dumps({"content_type": 1, "response_for_model": response.output, "type_for_model": 1})


def knowledge_content(knowledge: Knowledge) -> str:
    """Return the content of a `knowledge` message: recalled pieces."""
    pieces = [
        {"slice": text, "score": 0.9, "meta": {"document": {"name": name}}} for name, text in knowledge.pieces
    ]
    return dumps({"msg_type": "knowledge_recall", "data": dumps({"chunks": pieces})})
