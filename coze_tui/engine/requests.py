"""A question as the request that asks it, with what the settings say of every chat. Pure."""

from __future__ import annotations

from coze_tui.api.chats import Attachment, ChatRequest
from coze_tui.settings import Settings


def request_for(
    question: str,
    settings: Settings,
    *,
    bot_id: str = "",
    conversation_id: str = "",
    attachments: tuple[Attachment, ...] = (),
) -> ChatRequest:
    """Ask this of a bot, by default the one that is set.

    Args:
        conversation_id: Coze's; empty for a new conversation.
    """
    return ChatRequest(
        bot_id=bot_id or settings.bot_id,
        user_id=settings.user_id,
        question=question,
        conversation_id=conversation_id,
        attachments=attachments,
        custom_variables=settings.custom_variables,
        parameters=settings.parameters,
        # the published bot is what every server means by nothing; studio knows no other (api 2.1)
        publish_status="" if settings.publish_status == "published_online" else settings.publish_status,
        connector_id=settings.connector_id,
    )
