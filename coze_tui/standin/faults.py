"""Faults on request: `fault:NAME` or `fault:NAME=VALUE` in a question, any number of them.

There are three kinds: another reply (`instead`), other steps of the bot (`bend`), and other events and
bytes (`edit`, `style`). `FAULTS` describes each.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from coze_tui.standin.http import Answer, Reply, Silence
from coze_tui.standin.objects import dumps
from coze_tui.standin.scenarios import (
    Answer as Say,
)
from coze_tui.standin.scenarios import (
    AskBack,
    Burst,
    Complete,
    Delta,
    Drip,
    Error,
    Event,
    Expire,
    Fail,
    Pause,
    Plain,
    RequireAction,
    Step,
    Turn,
)
from coze_tui.standin.wire import DONE_STYLES, Frame, Style

SHAPES: dict[str, object] = {
    "nested": {"error": {"message": "the reason (sample)", "code": "odd_word"}},
    "detail-text": {"detail": "the reason (sample)"},
    "detail-list": {"detail": [{"loc": ["body", "bot_id"], "msg": "the reason (sample)"}]},
    "detail-object": {"detail": {"error_code": 5000, "error_message": "the reason (sample)"}},
    "errors": {"errors": [{"message": "the reason (sample)"}]},
    "errors-by-field": {"errors": {"bot_id": ["the reason (sample)"]}},
    "response-metadata": {"ResponseMetadata": {"Error": {"Code": "Odd", "Message": "the reason (sample)"}}},
    "base-resp": {"BaseResp": {"StatusCode": 5000, "StatusMessage": "the reason (sample)"}},
    "data-msg": {"code": 5000, "msg": "", "data": {"msg": "the reason (sample)"}},
    "message": {"Message": "the reason (sample)"},
    "oauth": {"error": "odd_word", "error_description": "the reason (sample)"},
    "no-success": {"success": False, "message": "the reason (sample)", "data": None},
}
"""Error bodies as sent by gateways and other servers."""
TYPES: dict[str, str | None] = {
    "plain": "text/plain; charset=utf-8",
    "json": "application/json",
    "both": "application/json, text/event-stream; charset=utf-8",
    "html": "text/html",
    "none": None,
}
"""Content-Types of an event stream as changed by gateways."""

FAULTS: dict[str, str] = {
    # in place of the reply
    "401": "HTTP 401 with the JSON of 4100",
    "403": "HTTP 403 with an HTML page",
    "html401": "HTTP 401 with an HTML page",
    "html413": "HTTP 413 with an HTML page",
    "gzip401": "HTTP 401 with the JSON of 4100, compressed",
    "shape": "HTTP 200 with an error in another place: " + ", ".join(SHAPES),
    "404": "HTTP 404 with plain text",
    "429": "HTTP 429 with Retry-After, seconds by value (default 3)",
    "500json": "HTTP 500 with JSON",
    "500text": "HTTP 500 with plain text",
    "html502": "HTTP 502 with an HTML page",
    "html200": "HTTP 200 with an HTML page, as a captive portal gives",
    "big502": "HTTP 502 with a page of 1 MB",
    "empty200": "HTTP 200, application/json, no body",
    "empty-stream": "an event stream with no event",
    "garbage": "HTTP 200 that claims to be an event stream and is random bytes",
    "binary500": "HTTP 500 with random bytes",
    "bad-json": "HTTP 200, application/json, cut in the middle",
    "json-as-stream": "the JSON of 4100, called an event stream",
    "no-content-type": "the JSON of 4100 without a Content-Type",
    "expired-token": "the JSON of 4100 under HTTP 200",
    "code": "JSON with this code under HTTP 200 (default 5000)",
    "redirect": "a redirect with this status (default 307) to another origin on loopback",
    "json-chat": "JSON with the chat, which runs on, in place of the stream",
    "stream-anyway": "a stream although none was asked for",
    "hang": "no reply until the client gives up",
    "reset": "a TCP reset: without a value in place of the reply, else after so many events",
    # the connection breaks
    "cut-events": "the line breaks after so many events (default 5)",
    "cut-bytes": "the line breaks after so many bytes (default 900)",
    "end-events": "the reply ends properly, but too early, after so many events (default 5)",
    # the content differs
    "silence": "so many real seconds of silence (default 30) after two deltas",
    "drip": "comments every 0.3 s after two deltas, for so many seconds or for ever",
    "error": "an error event with this code (default 5000) after two deltas, then the end",
    "error-empty": "an error event with {} as data",
    "error-page": "an error event with an HTML page as data",
    "error-unnamed": "an error with neither code nor event name after two deltas, then the end",
    "error-then-completed": "an error event after two deltas, then chat.completed",
    "failed": "chat.failed with this code (default 5000) after two deltas",
    "bare-failed": "chat.failed whose data is only code and msg",
    "failed-no-code": "chat.failed with code 0 and a message",
    "expired": "chat.expired after two deltas",
    "unknown-event": "an event, a message type and a status that nobody knows, between the others",
    "huge-line": "a delta of so many characters (default 1000000) in one line",
    "two-answers": "a second answer before the bot's own",
    "no-delta": "answers come only completed",
    "no-completed": "answers come only as deltas",
    "completed-differs": "the completed text is not the joined deltas",
    "late-follow-ups": "follow-ups so many real seconds (default 2) after the answer",
    "hostile": "text with ESC, OSC 52, C1, bidi controls, markup brackets, a lone surrogate",
    "u2028": "text with raw U+2028, U+2029 and U+0085",
    "split-surrogate": "an emoji whose two halves come in two deltas",
    "card": "the answer is a card",
    "audio": "sound after chat.completed",
    "echo-question": "the question comes back before chat.created",
    "bad-tool-json": "a function_call whose content is no JSON",
    # the frames differ
    "numeric-ids": "ids are JSON numbers",
    "nulls": "null wherever a field may be missing",
    "anonymous": "deltas without id, type and role",
    "done": "the end mark: " + ", ".join(DONE_STYLES) + " or none",
    "crlf": "CR LF line ends",
    "cr": "CR line ends",
    "bom": "a byte order mark first",
    "comments": "comment lines before every event",
    "retry": "a retry line first",
    "ids": "an id line in every event",
    "space": "a space after every colon",
    "data-first": "data before event",
    "two-data-lines": "JSON over two data lines",
    "no-last-blank": "the last event has no blank line",
    "gzip": "the stream is compressed",
    "deflate": "the stream is compressed in the other way",
    "nameless": "the events have no names",
    "wrapped": "name and data of each event are JSON in an event without a name",
    "type": "the stream has another Content-Type: " + ", ".join(TYPES),
    "one-byte": "chunks of one byte",
    "charset": "text/event-stream; charset=utf-8",
    # later calls about this chat
    "retrieve-fails": "retrieve answers 5000, so many times or for ever",
    "text-times": "the times of its messages are strings in lists, not numbers",
}

_VALUES: dict[str, set[str]] = {"done": {*DONE_STYLES, "none"}, "shape": {*SHAPES}, "type": {*TYPES}}
"""The accepted values of faults with a fixed set of values."""
_WORD = re.compile(r"\s*\bfault:(\S+)")
HOSTILE = (
    "plain \x1b[31mred\x1b[0m \x1b]52;c;aGVsbG8=\x07 \x1b]0;title\x07 \x9b31m \x9d0;t\x9c "
    "\u202eabc\u202c \u2066x\u2069 [bold]no markup[/bold] [link=javascript:x]y[/] \x07\x08\x00\x7f\ufffe "
    "\ud83d end\r\nnext"
)


ENDS = (Complete, Burst, Fail, Expire, Error, RequireAction, AskBack)
"""Steps that end an answer, before which a fault in the middle must have happened."""


class UnknownFault(ValueError):
    """An unknown fault word, or an invalid value."""


@dataclass(frozen=True)
class Faults:
    """The faults of one call, by name. Falsy if there are none."""

    values: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values)

    def has(self, name: str) -> bool:
        """Return whether this fault was requested."""
        return name in self.values

    def text(self, name: str) -> str:
        """Return the value of a fault, or an empty text."""
        return self.values.get(name, "")

    def number(self, name: str, default: int) -> int:
        """Return the value of a fault as a number, or the default if it has none."""
        return int(self.values.get(name) or default)

    def seconds(self, name: str, default: float) -> float:
        """Return the value of a fault in seconds, or the default if it has none."""
        return float(self.values.get(name) or default)

    def joined(self, other: Faults) -> Faults:
        """Return the faults of both; own values take precedence."""
        return Faults({**other.values, **self.values})


NONE = Faults()


def parse(words: str) -> Faults:
    """Return the faults of `crlf cut-events=5`. Raise `UnknownFault` for any other word, such as a typo."""
    values: dict[str, str] = {}
    for word in words.split():
        name, _, value = word.removeprefix("fault:").partition("=")
        if name not in FAULTS:
            raise UnknownFault(f"unknown fault {name!r}")
        if name in _VALUES and value not in _VALUES[name]:
            raise UnknownFault(f"unknown {'end mark' if name == 'done' else name} {value!r}")
        if name not in _VALUES and value and not value.replace(".", "", 1).isdigit():
            raise UnknownFault(f"the value of fault {name!r} must be a number, not {value!r}")
        values[name] = value
    return Faults(values)


def take(question: str) -> tuple[str, Faults]:
    """Return the question without fault words, and the faults. Raise `UnknownFault` as `parse` does."""
    words = " ".join(_WORD.findall(question))
    return (_WORD.sub("", question).strip(), parse(words)) if words else (question, NONE)


def instead(faults: Faults, origin: str, headers: Mapping[str, str]) -> Answer | None:
    """Return the reply that a fault sends in place of the real one, or None. `headers` has the logid."""
    if faults.has("hang"):
        return Silence(reset=False)
    if faults.has("reset") and not faults.text("reset"):
        return Silence(reset=True)
    return next((_reply(name, faults, origin, headers) for name in faults.values if name in _REPLIES), None)


def _reply(name: str, faults: Faults, origin: str, headers: Mapping[str, str]) -> Reply:
    status, content_type, body = _REPLIES[name]
    more: dict[str, str] = {}
    detail = {"logid": next(iter(headers.values()), "")}
    if body == "denied":
        body = dumps({"code": 4100, "msg": "authentication is invalid", "detail": detail})
    match name:
        case "shape":
            body = dumps(SHAPES[faults.text("shape")])
        case "gzip401":
            more["Content-Encoding"] = "gzip"
            return Reply(status, gzip.compress(body.encode()), content_type, {**headers, **more})
        case "429":
            more["Retry-After"] = str(faults.number("429", 3))
        case "big502":
            body += " " + "x " * 500_000
        case "bad-json":
            body = body[: len(body) // 2]
        case "code":
            code = faults.number("code", 5000)
            body = dumps({"code": code, "msg": f"error {code} (sample)", "detail": detail})
        case "redirect":
            status = faults.number("redirect", 307)
            # Another name of the same machine is another origin, to which a token must not be sent.
            more["Location"] = f"http://localhost:{origin.rpartition(':')[2]}/_standin/elsewhere"
    raw = _NOISE if body == "noise" else body.encode()
    return Reply(status, raw, content_type, {**headers, **more})


def _page(title: str) -> str:
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1>gateway</body></html>"
    )


_NOISE = bytes(range(256)) * 40
_JSON, _HTML, _STREAM = "application/json", "text/html; charset=utf-8", "text/event-stream"
_REPLIES: dict[str, tuple[int, str | None, str]] = {
    "401": (401, _JSON, "denied"),
    "403": (403, _HTML, _page("403 Forbidden")),
    "html401": (401, _HTML, _page("401 Unauthorized")),
    "html413": (413, _HTML, _page("413 Request Entity Too Large")),
    "gzip401": (401, _JSON, "denied"),
    "shape": (200, _JSON, ""),
    "404": (404, "text/plain", "404 page not found\n"),
    "429": (429, _JSON, '{"code":4009,"msg":"too many requests (sample)"}'),
    "500json": (500, _JSON, '{"code":500,"msg":"internal server error"}'),
    "500text": (500, "text/plain; charset=utf-8", "internal server error\n"),
    "html502": (502, _HTML, _page("502 Bad Gateway")),
    "html200": (200, _HTML, _page("Sign in to the network")),
    "big502": (502, _HTML, _page("502 Bad Gateway")),
    "empty200": (200, _JSON, ""),
    "empty-stream": (200, _STREAM, ""),
    "garbage": (200, _STREAM, "noise"),
    "binary500": (500, "application/octet-stream", "noise"),
    "bad-json": (200, _JSON, "denied"),
    "json-as-stream": (200, _STREAM, "denied"),
    "no-content-type": (200, None, "denied"),
    "expired-token": (200, _JSON, "denied"),
    "code": (200, _JSON, ""),
    "redirect": (307, None, ""),
}
"""Status, Content-Type, body; `denied` is replaced by the JSON of 4100, `noise` by binary data."""


def style(base: Style, faults: Faults) -> Style:
    """Return the style of a stream with these faults."""
    for name, change in _STYLES.items():
        if faults.has(name):
            base = change(base)
    for name, how in (("cut-events", "close"), ("end-events", "end"), ("reset", "reset")):
        if faults.has(name):
            base = replace(base, cut_events=faults.number(name, 5), cut_how=how)
    if faults.has("cut-bytes"):
        base = replace(base, cut_bytes=faults.number("cut-bytes", 900))
    return base


_STYLES: dict[str, Callable[[Style], Style]] = {
    "crlf": lambda style: replace(style, newline="\r\n"),
    "cr": lambda style: replace(style, newline="\r"),
    "bom": lambda style: replace(style, bom=True),
    "comments": lambda style: replace(style, comments=True),
    "retry": lambda style: replace(style, retry=True),
    "ids": lambda style: replace(style, number_from=1),
    "space": lambda style: replace(style, space=True),
    "data-first": lambda style: replace(style, data_first=True),
    "two-data-lines": lambda style: replace(style, two_data_lines=True),
    "no-last-blank": lambda style: replace(style, last_blank=False),
    "gzip": lambda style: replace(style, packing="gzip"),
    "deflate": lambda style: replace(style, packing="deflate"),
    "one-byte": lambda style: replace(style, chunks="byte"),
}


def substitute(faults: Faults, turn: Turn) -> list[Step] | None:
    """Return the steps that a fault substitutes for the bot's own, or None."""
    if faults.has("hostile"):
        return [Say(HOSTILE, pieces=tuple(re.findall(r"(?s).{1,5}", HOSTILE)))]
    if faults.has("u2028"):
        return [
            Say("one\u2028two\u2029three\u0085four", pieces=("one\u2028", "two\u2029three", "\u0085four"))
        ]
    if faults.has("split-surrogate"):
        return [Delta("smile \ud83d"), Delta("\ude00!"), Complete("smile \U0001f600!")]
    if faults.has("huge-line"):
        big = ("0123456789" * (faults.number("huge-line", 1_000_000) // 10 + 1))[
            : faults.number("huge-line", 1_000_000)
        ]
        return [Delta(big), Complete()]
    if faults.has("card"):
        card = dumps(
            {"card_type": 3, "template_url": "https://example.invalid/card", "response_for_model": "a card"}
        )
        return [Complete(card, content_type="card")]
    return None


def bend(steps: Iterator[Plain], faults: Faults, turn: Turn) -> Iterator[Plain]:
    """Yield the bot's steps with those of the faults inserted."""
    if faults.has("two-answers"):
        text = turn.pick("先说一句。", "One thing first.")
        yield from (Delta(text, message="first"), Complete(text, message="first"))
    if faults.has("bad-tool-json"):
        yield Complete('{"name":"broken-call","arguments":{"a":', message="bad", type="function_call")
    deltas, bent = 0, False
    for step in steps:
        if not bent and (deltas == 2 or isinstance(step, ENDS)):
            bent = True
            yield from _in_the_middle(faults)
        if isinstance(step, Complete) and step.type == "answer":
            if faults.has("no-completed"):
                continue
            if faults.has("completed-differs"):
                step = replace(step, content="This is the true text. " + (step.content or ""))
        if isinstance(step, Complete) and step.type == "follow_up" and faults.has("late-follow-ups"):
            yield Pause(faults.seconds("late-follow-ups", 2), scaled=False)
        yield step
        deltas += isinstance(step, Delta)
    if not bent:
        yield from _in_the_middle(faults)


def _in_the_middle(faults: Faults) -> Iterator[Plain]:
    if faults.has("silence"):
        yield Pause(faults.seconds("silence", 30), scaled=False)
    if faults.has("drip"):
        yield Drip(faults.seconds("drip", 0) or None)
    if faults.has("unknown-event"):
        yield Event("conversation.weather.changed", {"id": "1", "status": "rain"})
        yield Complete("?", message="odd", type="odd_type", content_type="odd_content")
    if faults.has("error"):
        code = faults.number("error", 5000)
        yield Error(code, f"error {code} (sample)")
    if faults.has("error-empty"):
        yield Error(empty=True)
    if faults.has("error-page"):
        yield Error(data=_page("502 Bad Gateway"))
    if faults.has("error-unnamed"):
        yield Error(0, "upstream model overloaded (sample)", data=SHAPES["nested"], event="")
    if faults.has("error-then-completed"):
        yield Error(then_completed=True)
    if faults.has("failed"):
        code = faults.number("failed", 5000)
        yield Fail(code, f"failure {code} (sample)")
    if faults.has("bare-failed"):
        yield Fail(bare=True)
    if faults.has("failed-no-code"):
        yield Fail(0, "the knowledge base is being rebuilt (sample)")
    if faults.has("expired"):
        yield Expire()


def edit(frame: Frame, faults: Faults) -> Frame | None:
    """Return the frame to send; None to drop it."""
    if not faults or not isinstance(frame.data, Mapping):
        return frame
    if faults.has("no-delta") and frame.event == "conversation.message.delta":
        return None
    data = dict(frame.data)
    if faults.has("numeric-ids"):
        data = {k: int(v) if isinstance(v, str) and _is_id(k, v) else v for k, v in data.items()}
    if faults.has("nulls"):
        kept = {"id", "conversation_id", "chat_id", "content", "status", "type", "role", "code", "msg"}
        data = {k: v if k in kept else None for k, v in data.items()}
        data |= {
            "meta_data": None,
            "reasoning_content": data.get("reasoning_content"),
            "required_action": None,
        }
    if faults.has("anonymous") and frame.event == "conversation.message.delta":
        data = {k: v for k, v in data.items() if k in {"content", "reasoning_content"}}
    return named(Frame(frame.event, data), faults)


def named(frame: Frame, faults: Faults) -> Frame:
    """Return the frame with the event name that the faults require."""
    if faults.has("wrapped"):
        return Frame("", {"event": frame.event, "data": frame.data})
    return Frame("", frame.data) if faults.has("nameless") else frame


def _is_id(key: str, value: str) -> bool:
    return key.endswith("id") and value.isdigit()
