"""The support bundle of a chat: its text, without tokens, and the name of its file."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version

from coze_tui import __version__
from coze_tui.config.startup import Startup
from coze_tui.config.tokens import MASK
from coze_tui.diagnostics.crash import system_name, without_secrets
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.exports.exporting import support_bundle_text


def support_bundle(chat: InspectedChat, startup: Startup, *, mask: bool) -> str:
    """Return the text of the bundle: a capture with facts about this program at its head.

    Args:
        mask: leave out what was said; only the length of each text is kept.
    """
    return support_bundle_text(chat, _versions(), mask=mask, without_secrets=_without_secrets(startup))


def support_bundle_name(chat_id: str) -> str:
    """Return a file name for the support bundle of a chat."""
    letters = "".join(letter for letter in chat_id if letter.isascii() and letter.isalnum())
    return f"coze-support-{letters[-6:] or 'chat'}.sse"


def _versions() -> Mapping[str, str]:
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": system_name(),
        "httpx": version("httpx"),
    }


def _without_secrets(startup: Startup) -> Callable[[str], str]:
    """Return a function that masks the token and any text that looks like a token."""
    token = startup.known_token()

    def clean_of_secrets(text: str) -> str:
        if token is not None:
            text = text.replace(token.reveal(), MASK)
        return without_secrets(text, startup.environment)

    return clean_of_secrets
