"""Whole replies: JSON envelopes, and every shape in which a server says no (docs/wire.md 3.7, 4, 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx

from coze_tui.api.events import UNEXPLAINED, error_of_code
from coze_tui.api.objects import Json, int_of, items_of, mapping_of, text_of
from coze_tui.config.credentials import MASK
from coze_tui.errors import ApiError, CozeTuiError, ProtocolError
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass

ERROR_BODY = 65_536
"""Bytes of a failed reply that are looked at."""

_LONGEST_EXCERPT = 200
_LONGEST_LOGID = 100
_LONGEST_WAIT = 86_400.0
_NOT_SHOWN = re.compile(
    r"<(script|style)\b.*?(?:</\1[^>]*>|\Z)|<!--.*?(?:-->|\Z)|<[^>]*>?", re.DOTALL | re.IGNORECASE
)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title[^>]*>?", re.DOTALL | re.IGNORECASE)
"""Mostly the page's heading once more."""


@valueclass
class Reply:
    """An answer of the server that is no stream, or not the stream it should be."""

    http_status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    is_encoded: bool = False
    """Compressed though we asked for `identity`; the body has not been read."""

    @classmethod
    def of(cls, response: httpx.Response, body: bytes) -> Reply:
        """The answer without our token, which a server may repeat to explain what it did not like."""
        headers = response.headers
        token = response.request.headers.get("authorization", "").removeprefix("Bearer ")
        if token:
            body = body.replace(token.encode(), MASK.encode())
            if any(token in value for value in headers.values()):
                headers = httpx.Headers({name: value.replace(token, MASK) for name, value in headers.items()})
        return cls(response.status_code, headers, body, is_encoded(response))

    @property
    def content_type(self) -> str:
        """Without parameters, in lower case (docs/wire.md 3.1)."""
        return clean_line(media_type(self.headers))

    @property
    def logid(self) -> str:
        """From the headers of coze.cn, coze.com and studio (docs/wire.md 5.2)."""
        text: str = self.headers.get("x-tt-logid") or self.headers.get("x-log-id") or ""
        return clean_line(text).strip()[:_LONGEST_LOGID]

    @property
    def retry_after(self) -> float | None:
        """Seconds, from either form of the header; the server's clock may be wrong by years."""
        text = str(self.headers.get("retry-after", "")).strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
            return min(float(text), _LONGEST_WAIT)
        then, now = _time_of(text), _time_of(self.headers.get("date", "")) or datetime.now(UTC)
        return min(max((then - now).total_seconds(), 0.0), _LONGEST_WAIT) if then else None


@valueclass
class Envelope:
    """A JSON answer that says yes (docs/wire.md 4)."""

    raw: Json = field(repr=False)
    logid: str
    http_status: int
    content_type: str = ""

    @property
    def data(self) -> object:
        return self.raw.get("data")

    def mapping(self, *keys: str) -> Json:
        """The object under the first of `keys` that holds one: studio has its own names.

        See docs/wire.md 3.8, 4.

        Raises:
            ProtocolError: there is none.
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
        """The array under the first of `keys` that holds one; none is empty (docs/wire.md 4.2)."""
        for key in keys or ("data",):
            if found := items_of(self.raw.get(key)):
                return found
        return ()


def is_encoded(response: httpx.Response) -> bool:
    """Whether the body is compressed, which was not asked for."""
    return response.headers.get("content-encoding", "").strip().lower() not in ("", "identity")


def media_type(headers: httpx.Headers) -> str:
    """The Content-Type without its parameters, in lower case."""
    text: str = headers.get("content-type", "")
    return text.partition(";")[0].strip().lower()


def json_of_reply(reply: Reply) -> Json:
    """The JSON object in a reply, whatever it says.

    Raises:
        ApiError: there is none, and the status is a failure which the body explains in plain text.
        ProtocolError: there is none.
    """
    found = _json_object(reply)
    if found is None:
        raise _without_json(reply)
    return found


def envelope_of_reply(reply: Reply) -> Envelope:
    """The envelope of a reply that says yes: code 0, or none where studio leaves it out (docs/wire.md 4).

    Raises:
        ApiError: it says no.
        ProtocolError: it is no envelope.
    """
    body = json_of_reply(reply)
    if (refusal := _refusal(body, reply)) is not None:
        raise refusal
    return Envelope(body, _logid(body, reply), reply.http_status, reply.content_type)


def error_of_reply(reply: Reply) -> CozeTuiError:
    """Why a reply is not the stream it should be."""
    body = _json_object(reply)
    if body is None:
        return _without_json(reply)
    refusal = _refusal(body, reply)
    return refusal if refusal is not None else protocol_error("no stream", reply)


def _json_object(reply: Reply) -> Json | None:
    if "html" in reply.content_type or reply.is_encoded:
        return None
    try:
        value = json.loads(reply.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refusal(body: Json, reply: Reply) -> ApiError | None:
    """The no in a JSON body, or None: code 0, or no code and no complaint."""
    given = body.get("code")
    code = int_of(given)
    msg = text_of(body.get("msg")) or text_of(body.get("message"))
    if not code:
        if reply.http_status >= 400:
            code = reply.http_status
            msg = msg or text_of(body.get("error_message")) or text_of(body.get("error"))
        elif (isinstance(given, str) and given.strip("0 ")) or (given is None and msg and "data" not in body):
            code = UNEXPLAINED  # docs/wire.md 5.1: a missing code with a msg is an error too
        else:
            return None
    return error_of_code(
        code,
        msg,
        logid=_logid(body, reply),
        http_status=reply.http_status,
        retry_after=reply.retry_after,
    )


def _logid(body: Json, reply: Reply) -> str:
    inside = text_of(mapping_of(body.get("detail")).get("logid"))
    return reply.logid or clean_line(inside).strip()[:_LONGEST_LOGID]


def _without_json(reply: Reply) -> CozeTuiError:
    """What a reply without a JSON object is."""
    status = reply.http_status
    if reply.is_encoded:
        return protocol_error("compressed", reply)
    if 300 <= status < 400:
        return protocol_error("redirect", reply)
    excerpt = _excerpt(reply.body)
    is_html = "html" in reply.content_type or reply.body.lstrip()[:1] == b"<"
    is_plain = status >= 400 and not is_html and (excerpt or not reply.body.strip())
    if is_plain or status == 429:
        msg = excerpt or _phrase(status)
        return error_of_code(
            status, msg, logid=reply.logid, http_status=status, retry_after=reply.retry_after
        )
    if is_html:
        return protocol_error("html", reply, excerpt)
    if not reply.body.strip():
        return protocol_error("empty", reply)
    return protocol_error("not json" if excerpt else "binary", reply, excerpt)


def protocol_error(problem: str, reply: Reply, excerpt: str = "") -> ProtocolError:
    """A reply that is not what Coze sends."""
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


def _excerpt(body: bytes) -> str:
    """The beginning of a body as one line without tags; empty if it is no text."""
    if b"\0" in body[:4_000]:
        return ""
    text = body[:4_000].decode("utf-8", "ignore" if len(body) > 4_000 else "replace")
    if text.count("\ufffd") * 10 > len(text):
        return ""
    found = _TITLE.search(text)
    title = _words_of(found[1]) if found else ""
    rest = _words_of(_TITLE.sub(" ", text, count=1))
    return (rest if title in rest else f"{title} {rest}".strip())[:_LONGEST_EXCERPT]


def _words_of(markup: str) -> str:
    import html  # slow to import, and only pages of proxies need it

    return " ".join(clean_line(html.unescape(_NOT_SHOWN.sub(" ", markup))).split())


def _time_of(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
