"""A server between the program and the stand-in, which puts odd values into the JSON of replies."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from coze_tui.standin.server import StandIn
from tests.fuzz.mutations import odd
from tests.support.raw_server import Line, RawServer


@contextmanager
def odd_replies(stand_in: StandIn, seed: int) -> Iterator[str]:
    """Yield the address of a server that passes everything on, with odd values in some replies.

    Streams stay as they are: the target `events` is for them.

    Args:
        seed: The same call gets the same values, whatever is called in between.
    """
    address = urlsplit(stand_in.base_url)
    calls = Counter[str]()

    def talk(line: Line) -> None:
        head, _, body = line.request.partition(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").split("\r\n")
        method, path, _version = first.split(" ")
        calls[path] += 1
        headers = dict(field.split(": ", 1) for field in fields)
        with closing(HTTPConnection(str(address.hostname), int(address.port or 0), timeout=20)) as connection:
            try:
                connection.request(method, path, body, headers)
                _pass_on(connection.getresponse(), line, random.Random(f"{seed} {path} {calls[path]}"))
            except (OSError, HTTPException):
                return  # the stand-in broke the line, as some of its bots do

    with RawServer(talk) as server:
        yield server.base_url


def _pass_on(response: HTTPResponse, line: Line, dice: random.Random) -> None:
    kept = {"content-type", "x-tt-logid", "retry-after"}
    fields = "".join(f"{name}: {value}\r\n" for name, value in response.getheaders() if name.lower() in kept)
    line.send(f"HTTP/1.1 {response.status} {response.reason}\r\n{fields}Connection: close\r\n\r\n")
    if "event-stream" in response.getheader("content-type", ""):
        while piece := response.read1():
            line.send(piece)
        return
    data = response.read()
    try:
        value = json.loads(data)
    except ValueError:
        line.send(data)
        return
    for _ in range(dice.choice((0, 0, 1, 1, 2, 5))):
        # Mostly inside the envelope: a broken envelope hides all that is in it.
        is_inside = isinstance(value, dict) and "data" in value and dice.random() < 0.9
        value = {**value, "data": odd(value["data"], dice)} if is_inside else odd(value, dice)
    line.send(json.dumps(value))
