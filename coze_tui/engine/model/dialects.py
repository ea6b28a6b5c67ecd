"""The kinds of Coze servers, and the features that each kind lacks. Pure.

Screens call `limit` before they offer a feature, and show its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from coze_tui.api.json_values import mapping_of, text_of
from coze_tui.api.objects import Frame
from coze_tui.config.addresses import COZE_CN, COZE_COM
from coze_tui.errors import CozeTuiError, NotServedError
from coze_tui.text.i18n import N_, _
from coze_tui.values import valueclass


class Dialect(StrEnum):
    """A kind of server (docs/wire.md 3.8)."""

    CN = "coze.cn"
    COM = "coze.com"
    CLOUD = "cloud"
    """One of Coze's two sites, or a server that behaves like them."""
    STUDIO = "coze-studio"
    UNKNOWN = "unknown"


class Feature(StrEnum):
    """A feature that a server may lack."""

    REQUIRES_ACTION = "requires_action"
    USAGE = "usage"
    CANCEL = "cancel"
    MESSAGE_LIST = "message_list"
    BOT_LIST = "bot_list"
    WHO_AM_I = "who_am_i"
    DRAFT = "draft"
    OAUTH = "oauth"


@valueclass
class Limit:
    """A feature that a server lacks, or has only in part."""

    feature: Feature
    text: str
    """The consequence for the user, in the language in use."""
    is_whole: bool
    """Whether the feature is missing completely."""


_STUDIO: Mapping[Feature, tuple[bool, str]] = {
    Feature.REQUIRES_ACTION: (
        True,
        N_(
            "Coze Studio does not wait for local tools: it asks in its answer, and your next "
            "message continues the chat"
        ),
    ),
    Feature.USAGE: (
        False,
        N_("Coze Studio reports tokens only together with an answer"),
    ),
    Feature.CANCEL: (False, N_("Coze Studio does not stop a chat; it runs on and may still complete")),
    Feature.MESSAGE_LIST: (False, N_("Coze Studio lists only questions and answers, not tool calls")),
    Feature.BOT_LIST: (True, N_("Coze Studio does not list bots; enter the bot's ID")),
    Feature.WHO_AM_I: (True, N_("Coze Studio does not say who owns a token")),
    Feature.DRAFT: (True, N_("Coze Studio always answers with the published bot, never the draft")),
    Feature.OAUTH: (True, N_("Coze Studio has no browser login; create a token in its settings")),
}
"""Sources: docs/wire.md 2.1, 3.8 and the last columns of docs/wire.md 4. Servers have every
feature that is not listed."""


def limits(dialect: Dialect) -> tuple[Limit, ...]:
    """Return the features that a kind of server lacks."""
    if dialect is not Dialect.STUDIO:
        return ()
    return tuple(Limit(feature, _(text), is_whole) for feature, (is_whole, text) in _STUDIO.items())


def limit(dialect: Dialect, feature: Feature) -> Limit | None:
    """Return the limit of a feature on a kind of server, or None if the feature is complete."""
    return next((each for each in limits(dialect) if each.feature is feature), None)


def unserved(error: CozeTuiError, feature: Feature) -> Limit | None:
    """Return the limit that explains a missing endpoint; only Coze Studio reports one (docs/wire.md 4)."""
    return limit(Dialect.STUDIO, feature) if isinstance(error, NotServedError) else None


def name_of(dialect: Dialect) -> str:
    """Return the name to show."""
    match dialect:
        case Dialect.CLOUD:
            return _("Coze's cloud")
        case Dialect.UNKNOWN:
            return _("unknown")
        case _:
            return str(dialect)


def dialect_of(frames: Iterable[Frame] = (), base_url: str = "", logid: str = "") -> Dialect:
    """Return the kind of the server at a URL, judged by its frames.

    The URLs of Coze's two sites suffice. Frames reveal the kind of any other server; without frames it is
    unknown.
    """
    # Nobody else serves these two URLs.
    by_address = {COZE_CN: Dialect.CN, COZE_COM: Dialect.COM}.get(base_url)
    if by_address is not None:
        return by_address
    votes = dict.fromkeys((Dialect.STUDIO, Dialect.CLOUD), 0)
    site = Dialect.CLOUD
    for frame in frames:
        found = _of_frame(frame)
        if found is None:
            continue
        if found in (Dialect.CN, Dialect.COM):
            # Even one link to the debug page names the site; the votes only decide between cloud and Studio.
            site = found
        votes[Dialect.STUDIO if found is Dialect.STUDIO else Dialect.CLOUD] += 1
    found = _of_logid(logid)
    if found is not None:
        votes[found] += 1
    if votes[Dialect.STUDIO] > votes[Dialect.CLOUD]:
        return Dialect.STUDIO
    return site if votes[Dialect.CLOUD] else Dialect.UNKNOWN


_DEBUG_SITE = re.compile(r"https://www\.(coze\.(?:cn|com))/")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CLOUD_LOGID = re.compile(r"20\d{12}[0-9A-F]{10,}")


def _of_logid(logid: str) -> Dialect | None:
    """Return the kind by a logid: Coze's X-Tt-Logid starts with a time, Coze Studio's X-Log-ID is a UUID."""
    if _UUID.fullmatch(logid):
        return Dialect.STUDIO
    return Dialect.CLOUD if _CLOUD_LOGID.fullmatch(logid) else None


def _of_frame(frame: Frame) -> Dialect | None:
    """Return the kind of server that one frame reveals, if any (docs/wire.md 3.1, 3.8)."""
    match frame.event:
        case "conversation.stream.done" | "conversation.chat.cancelled":
            return Dialect.STUDIO
        case "done":
            site = _DEBUG_SITE.search(frame.data)
            if site:
                return Dialect(site[1])
            return Dialect.CLOUD if frame.data.strip('"') == "[DONE]" else None
        case "error":
            code = text_of(_body(frame).get("code"))
            return Dialect.STUDIO if re.fullmatch(r"103[0-2]\d{5}", code) else None
        case "conversation.chat.created" | "conversation.chat.in_progress" | "conversation.chat.completed":
            body = _body(frame)
            if "usage" in body or "last_error" in body:
                return Dialect.CLOUD
            return Dialect.STUDIO if "failed_at" in body else None
        case "conversation.message.completed":
            return _of_message(_body(frame))
        case _:
            return None


def _of_message(body: Mapping[str, object]) -> Dialect | None:
    if body.get("type") == "verbose":
        content = text_of(body.get("content"))
        if "fin_data" in content:
            return Dialect.STUDIO
        return Dialect.CLOUD if "FinData" in content else None
    if body.get("type") == "answer" and "input_tokens" in mapping_of(body.get("meta_data")):
        return Dialect.STUDIO
    return None


def _body(frame: Frame) -> Mapping[str, object]:
    try:
        return mapping_of(json.loads(frame.data))
    except (ValueError, RecursionError):
        return {}
