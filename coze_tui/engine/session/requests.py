"""Builds the request for a question, and uploads its files first (docs/wire.md 2.2, 4.8)."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.api import resources
from coze_tui.api.chats import Attachment, ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.config.settings import Settings
from coze_tui.engine.session.sent_files import SentFile, WebFile, kind_of
from coze_tui.errors import AttachmentError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.system_text import readable


def check(path: SentFile) -> int:
    """Return the size in bytes of a file to attach; 0 for a file on the web, which is not opened.

    Raises:
        AttachmentError: the file cannot be sent.
    """
    if isinstance(path, WebFile):
        return 0
    try:
        # Opened, because `stat` does not show whether the file can be read.
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        raise AttachmentError(error.strerror or type(error).__name__, str(path)) from error
    if not size:
        raise AttachmentError("empty", str(path))
    if size > resources.LARGEST_FILE:
        raise AttachmentError("too large", str(path))
    return size


def attachments_for(paths: Sequence[SentFile]) -> tuple[Attachment, ...]:
    """Return attachments for files that are not uploaded yet: their types and names, without IDs."""
    return tuple(_attachment(path) for path in paths)


def _attachment(path: SentFile, file_id: str = "") -> Attachment:
    url = path.url if isinstance(path, WebFile) else ""
    return Attachment(kind_of(path), file_id, clean_line(readable(path.name)), file_url=url)


async def upload_all(client: CozeClient, paths: Sequence[SentFile]) -> tuple[Attachment, ...]:
    """Upload the files, one after the other, except those on the web.

    Raises:
        AttachmentError: a file cannot be read.
        ApiError, TransportError: the server did not accept a file.
    """
    sent = []
    for path in paths:
        if isinstance(path, WebFile):
            sent.append(_attachment(path))
            continue
        try:
            file_id = await resources.upload_file(client, path)
        except OSError as error:
            raise AttachmentError(error.strerror or type(error).__name__, str(path)) from error
        sent.append(_attachment(path, file_id))
    return tuple(sent)


def request_for(
    question: str,
    settings: Settings,
    *,
    bot_id: str = "",
    conversation_id: str = "",
    attachments: tuple[Attachment, ...] = (),
) -> ChatRequest:
    """Return the request for a question to a bot, by default the one in the settings.

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
        # The published bot is the default of every server; Coze Studio knows no other (docs/wire.md 2.1).
        publish_status="" if settings.publish_status == "published_online" else settings.publish_status,
        connector_id=settings.connector_id,
    )
