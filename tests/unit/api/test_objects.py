from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.json_values import int_of, items_of, mapping_of, text_of
from coze_tui.api.objects import (
    Bot,
    Chat,
    ChatStatus,
    Conversation,
    LastError,
    Message,
    MessageType,
    Role,
    Usage,
    User,
    Workspace,
)

READERS: list[Callable[[object], object]] = [
    reader.from_wire for reader in (Bot, Chat, Conversation, LastError, Message, Usage, User, Workspace)
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (None, ""),
        (True, ""),
        ({}, ""),
        ([], ""),
        (7511000000000010001, "7511000000000010001"),
        (1.5, "1.5"),
    ],
)
def test_text_of_any_json(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *((5, 5), (-5, -5), ("5", 5), (" 5 ", 5), ("-5", -5), (5.9, 5), (True, 0), (None, 0)),
        *(("", 0), ("-", 0), ("--5", 0), ("5-", 0), ("5.5", 0), ("x", 0), ("9" * 30, 0), ([], 0)),
        *((float("nan"), 0), (float("inf"), 0), (1e30, 0), ("²", 0)),
    ],
)
def test_int_of_any_json(value: object, number: int) -> None:
    assert int_of(value) == number


def test_what_is_no_container_is_an_empty_one() -> None:
    assert mapping_of(None) == mapping_of([1]) == {}
    assert list(items_of(None)) == list(items_of({"a": 1})) == []


@pytest.mark.parametrize(
    ("text", "status", "is_final"),
    [
        ("created", ChatStatus.CREATED, False),
        ("in_progress", ChatStatus.IN_PROGRESS, False),
        ("completed", ChatStatus.COMPLETED, True),
        ("compleated", ChatStatus.COMPLETED, True),
        ("failed", ChatStatus.FAILED, True),
        ("expired", ChatStatus.EXPIRED, True),
        ("requires_action", ChatStatus.REQUIRES_ACTION, True),
        ("required_action", ChatStatus.REQUIRES_ACTION, True),
        ("canceled", ChatStatus.CANCELED, True),
        ("cancelled", ChatStatus.CANCELED, True),
        ("hibernating", ChatStatus.UNKNOWN, False),
        ("", ChatStatus.UNKNOWN, False),
    ],
)
def test_statuses_in_all_spellings(text: str, status: ChatStatus, is_final: bool) -> None:
    chat = Chat.from_wire({"status": text})
    assert (chat.status, chat.status.is_final) == (status, is_final)


@pytest.mark.parametrize(
    ("value", "usage"),
    [
        ({"token_count": 3, "output_count": 1, "input_count": 2}, Usage(3, 1, 2)),
        ({"output_tokens": 1, "input_tokens": 2}, Usage(3, 1, 2)),
        ({"token_count": "3"}, Usage(3, 0, 0)),
        ({"token_count": 0, "output_count": 0, "input_count": 0}, None),
        ({}, None),
        (None, None),
    ],
)
def test_usage_is_there_or_not(value: object, usage: Usage | None) -> None:
    assert Usage.from_wire(value) == usage


def test_studio_tells_the_usage_in_meta_data() -> None:
    message = Message.from_wire({"meta_data": {"input_tokens": "20", "output_tokens": "4", "token": "24"}})
    assert Usage.from_meta_data(message.meta_data) == Usage(24, 4, 20)
    assert Usage.from_meta_data({"output_tokens": "4"}) == Usage(4, 4, 0)
    assert Usage.from_meta_data({"time_cost": "0.9"}) is None


@pytest.mark.parametrize(
    ("role", "type_", "is_type"),
    [
        ("assistant", "", MessageType.ANSWER),
        (None, None, MessageType.ANSWER),
        ("user", "", MessageType.QUESTION),
        ("user", "user", MessageType.QUESTION),
        ("assistant", "hologram", MessageType.UNKNOWN),
        ("robot", "answer", MessageType.ANSWER),
    ],
)
def test_a_message_without_a_type_has_that_of_its_role(
    role: str | None, type_: str | None, is_type: MessageType
) -> None:
    assert Message.from_wire({"role": role, "type": type_}).type is is_type


def test_an_unexpected_role_is_unknown() -> None:
    assert Message.from_wire({"role": "robot"}).role is Role.UNKNOWN


def test_an_id_of_zero_is_none() -> None:
    assert Message.from_wire({"id": "0", "chat_id": 0}).id == ""


def test_a_bot_in_its_three_shapes() -> None:
    whole = Bot.from_wire(
        {
            "bot_id": "1",
            "name": "潮汐",
            "onboarding_info": {"prologue": "你好", "suggested_questions": ["一", "", None, "二"]},
            "is_published": False,
        }
    )
    assert (whole.id, whole.name, whole.prologue) == ("1", "潮汐", "你好")
    assert whole.suggested_questions == ("一", "二")
    assert not whole.is_published
    assert Bot.from_wire({"id": "2", "name": "n"}).id == "2"
    old = Bot.from_wire({"bot_id": "3", "bot_name": "o"})
    assert (old.id, old.name, old.is_published) == ("3", "o", True)


def test_the_small_objects() -> None:
    assert Workspace.from_wire({"id": 1, "name": "w"}) == Workspace("1", "w")
    assert User.from_wire({"user_id": "1", "user_name": "u", "nick_name": "n"}) == User("1", "u", "n")
    assert Conversation.from_wire({"id": "1", "updated_at": "7"}).updated_at == 7


@given(st.sampled_from(READERS), JSON)
def test_any_json_is_read(reader: Callable[[object], object], value: object) -> None:
    reader(json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (LastError(4016, "busy"), "4016 busy"),
        (LastError(502, "502 Bad Gateway"), "502 Bad Gateway"),
        (LastError(429, "Error (429): slow down"), "Error (429): slow down"),
        (LastError(500, "request 15002 failed"), "500 request 15002 failed"),
        (LastError(700012006, ""), "700012006"),
        (LastError(-1, "the knowledge base is being rebuilt"), "the knowledge base is being rebuilt"),
        (LastError(0, "no reason"), "no reason"),
    ],
)
def test_a_line_contains_the_code_once(error: LastError, line: str) -> None:
    assert error.line == line
