"""Complete replies: JSON envelopes, and every form of a refusal (docs/wire.md 3.7, 4, 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from coze_tui.api.complaints import UNEXPLAINED, complaint_of, is_complaint, is_message_without_data
from coze_tui.api.events import error_of_code
from coze_tui.api.json_values import Json, items_of, mapping_of, text_of
from coze_tui.api.objects import Chat
from coze_tui.api.pages import excerpt_of
from coze_tui.config.tokens import MASK, is_jwt
from coze_tui.errors import ApiError, CozeTuiError, ProtocolError
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass

ERROR_BODY = 65_536
"""Bytes of a failed reply that are read."""

_LONGEST_EXCERPT = 200
_LONGEST_LOGID = 100
_LONGEST_WAIT = 86_400.0


@valueclass
class Reply:
    """A response of the server that is not a stream, or not the expected stream."""

    http_status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    is_encoded: bool = False
    """Whether the body's compression cannot be unpacked; `body` is empty then."""
    path: str = ""
    """Path of the call, without the query."""
    sent_jwt: bool = False
    """Whether the token of the call was a JWT."""

    @classmethod
    def of(cls, response: httpx.Response, body: bytes, *, is_encoded: bool = False) -> Reply:
        """Return the reply with our token masked, which a server may repeat in an error."""
        headers = response.headers
        token = response.request.headers.get("authorization", "").removeprefix("Bearer ")
        if token:
            body = body.replace(token.encode(), MASK.encode())
            if any(token in value for value in headers.values()):
                headers = httpx.Headers({name: value.replace(token, MASK) for name, value in headers.items()})
        path = response.request.url.path
        return cls(response.status_code, headers, body, is_encoded, path, is_jwt(token))

    @property
    def content_type(self) -> str:
        """Return the Content-Type without parameters, in lower case (docs/wire.md 3.1)."""
        return clean_line(media_type(self.headers))

    @property
    def logid(self) -> str:
        """Return the logid from the headers of coze.cn, coze.com and Coze Studio (docs/wire.md 5.2)."""
        text: str = self.headers.get("x-tt-logid") or self.headers.get("x-log-id") or ""
        return clean_line(text).strip()[:_LONGEST_LOGID]

    @property
    def retry_after(self) -> float | None:
        """Return seconds from either form of the header; the server's clock may be wrong by years."""
        text = str(self.headers.get("retry-after", "")).strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
            return min(float(text), _LONGEST_WAIT)
        then, now = _time_of(text), _time_of(self.headers.get("date", "")) or datetime.now(UTC)
        return min(max((then - now).total_seconds(), 0.0), _LONGEST_WAIT) if then else None


@valueclass
class Envelope:
    """A JSON response that reports success (docs/wire.md 4)."""

    raw: Json = field(repr=False)
    logid: str
    http_status: int
    content_type: str = ""

    @property
    def data(self) -> object:
        return self.raw.get("data")

    def mapping(self, *keys: str) -> Json:
        """Return the object under the first of `keys` that has one: Coze Studio uses its own names.

        See docs/wire.md 3.8, 4.

        Raises:
            ProtocolError: none of the keys has an object.
        """
        for key in keys or ("data",):
            value = self.raw.get(key)
            if isinstance(value, Mapping):
                return value
        raise ProtocolError(
            "no data",
            excerpt=clean_line(str(dict(self.raw)))[:_LONGEST_EXCERPT],
            http_status=self.http_status,
            content_type=self.content_type,
            logid=self.logid,
        )

    def items(self, *keys: str) -> Sequence[object]:
        """Return the first array under one of `keys`, or an empty one (docs/wire.md 4.2)."""
        for key in keys or ("data",):
            if found := items_of(self.raw.get(key)):
                return found
        return ()


def media_type(headers: httpx.Headers) -> str:
    """Return the Content-Type without its parameters, in lower case."""
    text: str = headers.get("content-type", "")
    return text.partition(";")[0].strip().lower()


def json_of_reply(reply: Reply) -> Json:
    """Return the JSON object in a reply, whatever it reports.

    Raises:
        ApiError: the body is plain text that explains a failure by its status.
        ProtocolError: the body is not a JSON object.
    """
    found = _json_object(reply)
    if found is None:
        raise _without_json(reply)
    return found


def envelope_of_reply(reply: Reply) -> Envelope:
    """Return the envelope of a successful reply: code 0, or no code from Coze Studio (docs/wire.md 4).

    Raises:
        ApiError: the reply reports a failure.
        ProtocolError: the reply is not an envelope.
    """
    body = json_of_reply(reply)
    if (refusal := _refusal(body, reply)) is not None:
        raise refusal
    return Envelope(body, _logid(body, reply), reply.http_status, reply.content_type)


def error_of_reply(reply: Reply) -> CozeTuiError:
    """Return the error for a reply that is not the expected stream."""
    body = _json_object(reply)
    if body is None:
        return _without_json(reply)
    refusal = _refusal(body, reply)
    return refusal if refusal is not None else protocol_error("no stream", reply, excerpt_of(reply.body))


CHAT_KEYS = ("data", "ChatV3ChatDetail")
"""The keys of a chat in an envelope; the second is coze-studio's (docs/wire.md 4)."""


def chat_of_reply(reply: Reply) -> Chat | None:
    """Return the chat in a reply; None if the reply contains anything else, such as an error."""
    body = _json_object(reply)
    if body is None or _refusal(body, reply) is not None:
        return None
    for value in (*(body.get(key) for key in CHAT_KEYS), body):
        chat = Chat.from_wire(value)
        if chat.id and chat.conversation_id:
            return chat
    return None


def _json_object(reply: Reply) -> Json | None:
    """Return the JSON object in a reply, whatever its Content-Type says; None if there is none.

    Some gateways put an error into an array; its first object then counts.
    """
    try:
        value = json.loads(reply.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and value and isinstance(value[0], dict) and is_complaint(value[0]):
        return value[0]
    return value if isinstance(value, dict) else None


def _refusal(body: Json, reply: Reply) -> ApiError | None:
    """Return the error in a JSON body; None if it has code 0, or neither a code nor a complaint."""
    is_failure = reply.http_status >= 400
    if not (is_failure or is_complaint(body) or is_message_without_data(body)):
        return None
    found = complaint_of(body, excerpt_of(reply.body))
    code = found.code or (reply.http_status if is_failure else UNEXPLAINED)
    return error_of_code(
        code,
        found.msg,
        logid=_logid(body, reply),
        http_status=reply.http_status,
        retry_after=reply.retry_after,
        path=reply.path,
        sent_jwt=reply.sent_jwt,
    )


def _logid(body: Json, reply: Reply) -> str:
    inside = text_of(mapping_of(body.get("detail")).get("logid"))
    return reply.logid or clean_line(inside).strip()[:_LONGEST_LOGID]


def _without_json(reply: Reply) -> CozeTuiError:
    """Return the error for a reply without a JSON object."""
    status = reply.http_status
    if 300 <= status < 400:
        return protocol_error("redirect", reply)
    excerpt = excerpt_of(reply.body)
    is_html = "html" in reply.content_type or reply.body.lstrip()[:1] == b"<"
    is_text = bool(excerpt) or not reply.body.strip()
    # A gateway's page is not Coze's response; but if it refuses the request, its status is meaningful.
    is_refusal = 400 <= status < 500 and (is_html or reply.is_encoded or is_text)
    if is_refusal or (status >= 500 and not is_html and not reply.is_encoded and is_text) or status == 429:
        msg = excerpt or _phrase(status)
        return error_of_code(
            status,
            msg,
            logid=reply.logid,
            http_status=status,
            retry_after=reply.retry_after,
            path=reply.path,
            sent_jwt=reply.sent_jwt,
        )
    if reply.is_encoded:
        return protocol_error("compressed", reply)
    if is_html:
        return protocol_error("html", reply, excerpt)
    if not reply.body.strip():
        return protocol_error("empty", reply)
    return protocol_error("not json" if excerpt else "binary", reply, excerpt)


def protocol_error(problem: str, reply: Reply, excerpt: str = "") -> ProtocolError:
    """Return the error for a reply that Coze never sends."""
    return ProtocolError(
        problem,
        excerpt=excerpt,
        http_status=reply.http_status,
        content_type=reply.content_type,
        logid=reply.logid,
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _time_of(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
