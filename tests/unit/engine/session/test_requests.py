"""A question as a request."""

from __future__ import annotations

from coze_tui.api.chats import ChatRequest
from coze_tui.config.settings import Settings
from coze_tui.engine.session.requests import request_for

SETTINGS = Settings(
    bot_id="75", user_id="lin", custom_variables={"a": "b"}, parameters={"n": 1}, connector_id="999"
)


def test_the_settings_say_what_every_chat_needs() -> None:
    assert request_for("q", SETTINGS) == ChatRequest(
        "75", "lin", "q", custom_variables={"a": "b"}, parameters={"n": 1}, connector_id="999"
    )


def test_another_bot_and_a_conversation_may_be_given() -> None:
    request = request_for("q", SETTINGS, bot_id="76", conversation_id="2")
    assert (request.bot_id, request.conversation_id) == ("76", "2")


def test_only_the_draft_is_asked_for_by_name() -> None:
    assert (
        request_for("q", Settings(publish_status="unpublished_draft")).publish_status == "unpublished_draft"
    )
    assert request_for("q", Settings()).publish_status == ""
