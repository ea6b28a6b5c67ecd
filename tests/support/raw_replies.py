"""Replies that no good server gives, for `RawServer`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

from tests.support.program import TOKEN
from tests.support.raw_server import Line

TEXT = "河流把盐带进海里，水蒸发，盐留下。"


def head(status: str = "200 OK", kind: str = "text/event-stream", more: str = "") -> str:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Connection: close\r\n\r\n"


def event(name: str, data: object) -> str:
    return f"event: conversation.{name}\ndata: {json.dumps(data)}\n\n"


CREATED = event("chat.created", {"id": "c1", "conversation_id": "v1", "status": "created"})
SPOKEN = event("message.completed", {"id": "m1", "role": "assistant", "type": "answer", "content": TEXT})
OVER = event("chat.completed", {"id": "c1", "conversation_id": "v1", "status": "completed"})
DONE = 'event: done\ndata: "[DONE]"\n\n'
GOOD = CREATED + SPOKEN + OVER


def sends(*pieces: bytes | str) -> Callable[[Line], None]:
    def talk(line: Line) -> None:
        for piece in pieces:
            line.send(piece)

    return talk


def for_ever(first: str, piece: str) -> Callable[[Line], None]:
    """A piece every 0.2 seconds until the client has had enough."""

    def talk(line: Line) -> None:
        line.send(first)
        while line.send(piece) and not line.over.wait(0.2):
            pass

    return talk


def floods(first: str, piece: bytes, count: int) -> Callable[[Line], None]:
    def talk(line: Line) -> None:
        line.send(first)
        for _ in range(count):
            if not line.send(piece):
                return

    return talk


def says_nothing(line: Line) -> None:
    line.over.wait(30)


def resets(line: Line) -> None:
    line.reset()


RAW: dict[str, tuple[Callable[[Line], None], int, str]] = {
    "is silent": (says_nothing, 5, "did not respond in time"),
    "closes at once": (sends(), 5, "closed the connection"),
    "resets at once": (resets, 5, "closed the connection"),
    "is no web server": (sends("SSH-2.0-OpenSSH_9.2\r\n"), 5, "closed the connection"),
    "sends garbage": (sends("\x00\x13\x88\x99\r\n\r\n"), 5, "is not an HTTP server"),
    "closes in its head": (sends("HTTP/1.1 200 OK\r\nContent-Ty"), 5, "closed the connection"),
    "drips its head": (for_ever("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"), 5, "did not respond in time"),
    "drips comments": (for_ever(head(), ":\n\n"), 5, "did not respond in time"),
    "drips a line": (for_ever(head(), "d"), 5, "did not respond in time"),
    "has a huge head": (sends(head(more=f"X-A: {'a' * 300_000}\r\n"), GOOD), 5, "too long"),
    "has many heads": (sends(head(more="X-A: b\r\n" * 50_000), GOOD), 5, ""),
    "sends odd chunks": (sends(head(more="Transfer-Encoding: chunked\r\n"), "zz\r\nabc"), 5, ""),
    "cuts its chunks": (sends(head(more="Transfer-Encoding: chunked\r\n"), "ff\r\nevent: a"), 5, ""),
    "promises more than it sends": (sends(head(more="Content-Length: 9999\r\n"), CREATED[:20]), 5, ""),
    "has no content": (
        sends("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
        5,
        "before the chat began",
    ),
    "redirects to itself": (
        sends("HTTP/1.1 302 Found\r\nLocation: /v3/chat\r\nContent-Length: 0\r\n\r\n"),
        5,
        "does not follow redirects",
    ),
    "sends a line of 200 MB": (floods(head() + "data: ", b"x" * (1 << 20), 200), 5, "too long"),
    "sends an event of 200 MB": (floods(head(), b"data: " + b"x" * 60_000 + b"\n", 3500), 5, "too large"),
    "sends 70 MB of comments": (floods(head(), (b": " + b"x" * 60_000 + b"\n\n"), 1200), 5, "too large"),
    "sends 100 000 events": (
        floods(head() + CREATED, b"event: odd\ndata: {}\n\n" * 1000, 100),
        5,
        "too many events",
    ),
    "asks to wait for ever": (
        sends(head("429 No", "application/json", "Retry-After: 99999999999\r\n"), '{"code":4013}'),
        4,
        "4013",
    ),
    "asks to wait until 1970": (
        sends(head("429 No", "text/html", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), "<html>busy"),
        4,
        "429",
    ),
    "is a portal that redirects": (
        sends(head("302 Found", more="Location: http://portal.example.invalid/login?to=/\r\n"), "<html>"),
        5,
        "does not follow redirects",
    ),
    "is a portal that shows a page": (sends(head(kind="text/html"), "<html><title>Log in"), 5, "a web page"),
    "is a portal that knows the code for it": (
        sends(head("511 Network Authentication Required", "text/html"), "<html>Log in"),
        5,
        "a web page",
    ),
    "sends a bomb": (
        sends(head(more="Content-Encoding: gzip\r\n"), gzip.compress(b"x" * 100_000_000, 1)),
        5,
        "too long",
    ),
    "sends JSON of 5 MB": (
        sends(head(kind="application/json"), '{"code":1,"msg":"' + "x" * 5_000_000),
        5,
        "",
    ),
    "counts in another code": (sends(head(kind='Text/Event-Stream; charset="gbk"'), GOOD), 0, TEXT),
    "lives in 1970": (sends(head(more="Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), GOOD), 0, TEXT),
    "sends news first": (sends("HTTP/1.1 100 Continue\r\n\r\n", head(), GOOD), 0, TEXT),
    "answers twice": (sends(head(more=f"Content-Length: {len(GOOD)}\r\n"), GOOD, head(), GOOD), 0, TEXT),
    "has a logid that moves the cursor": (
        sends(head("500 No", "application/json", "X-Tt-Logid: \x1b[2J\x9b31m\r\n"), '{"code":5,"msg":"no"}'),
        4,
        "no (error 5)",
    ),
    "repeats the token": (
        sends(head("401 No", "application/json"), f'{{"code":4100,"msg":"bad {TOKEN}"}}'),
        3,
        "4100",
    ),
    "has ids that are half a character": (
        sends(head(), GOOD.replace("c1", "c\\ud800").replace("v1", "v\\udfff")),
        0,
        TEXT,
    ),
    "has ids that are numbers": (
        sends(head(), GOOD.replace('"c1"', "9" * 40).replace('"v1"', "-1")),
        0,
        TEXT,
    ),
    "has ids that lead out of a folder": (sends(head(), GOOD.replace("v1", "\\u0000/../../x")), 0, TEXT),
    "ends before it begins": (sends(head(), OVER + CREATED + SPOKEN), 0, TEXT),
    "says it is over again and again": (sends(head(), GOOD, DONE, DONE, OVER), 0, TEXT),
    "lives at the end of time": (
        sends(head(), GOOD.replace('"status"', '"created_at": 1e999, "completed_at": -1e300, "status"')),
        0,
        TEXT,
    ),
    "sends a number of 6000 digits": (
        sends(head(), CREATED, f'event: conversation.odd\ndata: {{"id": {"9" * 6000}}}\n\n', SPOKEN, OVER),
        0,
        TEXT,
    ),
    "sends 100 000 brackets": (
        sends(head(), CREATED, f"event: conversation.odd\ndata: {'[' * 100_000}\n\n", SPOKEN, OVER),
        0,
        TEXT,
    ),
    "sends early news for ever": (
        for_ever("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
        5,
        "did not respond in time",
    ),
    "switches to another protocol": (
        sends("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        5,
        "closed the connection",
    ),
    "speaks HTTP/1.0": (sends("HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", GOOD), 0, TEXT),
    "marks the order of its bytes": (sends(head(), b"\xef\xbb\xbf", GOOD), 0, TEXT),
    "contradicts itself in its lengths": (
        sends(head(more="Content-Length: 5\r\nContent-Length: 6\r\n"), GOOD),
        5,
        "closed the connection",
    ),
    "asks to wait for 1e308 seconds": (
        sends(head("429 No", "application/json", "Retry-After: 1e308\r\n"), '{"code":4013}'),
        4,
        "4013",
    ),
    "asks to wait until the year 9999": (
        sends(
            head("429 No", "application/json", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"),
            '{"code":4013}',
        ),
        4,
        "4013",
    ),
    "streams the token": (sends(head(), GOOD.replace("c1", TOKEN)), 0, TEXT),
}

HEAVY = (
    *("sends a line of 200 MB", "sends an event of 200 MB", "sends 70 MB of comments", "sends a bomb"),
    *("sends 100 000 events", "sends JSON of 5 MB"),
)
"""Replies that only a process of its own should receive, because its memory is what counts."""
