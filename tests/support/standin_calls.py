"""A client of plain sockets for the stand-in's tests: it shares nothing with the client under development."""

from __future__ import annotations

import http.client
import json
import select
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from coze_tui.standin.server import StandIn

BOT = "7511000000000000001"
Json = dict[str, object]


@dataclass(frozen=True)
class Answer:
    """A reply that was read to its end."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Json:
        """The JSON object in it."""
        value: Json = json.loads(self.raw)
        return value

    @property
    def code(self) -> object:
        """The code in the JSON."""
        return self.body["code"]

    @property
    def data(self) -> Json:
        """The `data` of the JSON."""
        return as_object(self.body["data"])

    @property
    def items(self) -> list[Json]:
        """The `data` of the JSON, if it is a list."""
        return as_list(self.body["data"])

    @property
    def events(self) -> list[tuple[str, str]]:
        """The events in it, as (name, data)."""
        return read_events(self.raw.decode("utf-8"))

    @property
    def names(self) -> list[str]:
        """The names of the events."""
        return [name for name, _ in self.events]

    def objects(self, name: str) -> list[Json]:
        """The data of every event of this name."""
        return [as_object(json.loads(data)) for event, data in self.events if event == name]

    def answer(self) -> str:
        """The text of the last completed answer."""
        completed = self.objects("conversation.message.completed")
        return str([message["content"] for message in completed if message["type"] == "answer"][-1])

    def chat(self) -> Json:
        """The first chat in the stream."""
        return self.objects("conversation.chat.created")[0]


class Caller:
    """Calls one stand-in."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.host, self.port = "127.0.0.1", int(urlsplit(stand_in.base_url).port or 0)

    def headers(self, token: str | None = None) -> dict[str, str]:
        """The headers of a call."""
        return {"Authorization": f"Bearer {token or self.stand_in.token}", "Content-Type": "application/json"}

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Answer:
        """One call on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            target = path + ("?" + urlencode(query) if query else "")
            sent = self.headers(token) if headers is None else dict(headers)
            connection.request(method, target, data, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Answer:
        """A GET."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: object = None, **query: object) -> Answer:
        """A POST with JSON."""
        return self.call("POST", path, body, query=query)

    def ask(
        self,
        question: str,
        *,
        bot: str = BOT,
        conversation: str = "",
        messages: object = None,
        **fields: object,
    ) -> Answer:
        """POST /v3/chat, read to the end."""
        body = question_body(question, bot=bot, messages=messages, fields=fields)
        query = {"conversation_id": conversation} if conversation else None
        return self.call("POST", "/v3/chat", body, query=query)

    def open(self, question: str, *, bot: str = BOT, conversation: str = "") -> Line:
        """POST /v3/chat on a socket that the test reads step by step."""
        body = json.dumps(question_body(question, bot=bot)).encode()
        target = "/v3/chat" + (f"?conversation_id={conversation}" if conversation else "")
        line = Line(self.host, self.port)
        line.send(
            f"POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.stand_in.token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        return line

    def upload(self, name: str, data: bytes, *, field: str = "file", more: bytes = b"") -> Answer:
        """POST /v1/files/upload."""
        boundary = uuid.uuid4().hex
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + data
        if more:
            body += f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="more"\r\n\r\n'.encode() + more
        body += f"\r\n--{boundary}--\r\n".encode()
        headers = {**self.headers(), "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.call("POST", "/v1/files/upload", body, headers=headers)

    def retrieve(self, chat: Mapping[str, object]) -> Json:
        """The chat as the server has it now."""
        return self.get("/v3/chat/retrieve", conversation_id=chat["conversation_id"], chat_id=chat["id"]).data


Run = Callable[..., Caller]
"""Starts a stand-in whose one bot plays a scenario, given first; takes options of `StandIn`, too."""


class Line:
    """A raw connection, and the chunked reply on it."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=20)
        self._file = self._socket.makefile("rb")
        self._in_body = False
        self.whole = False
        """Whether the reply came to its proper end."""
        self.reset = False
        """Whether the connection was reset."""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Write bytes."""
        self._socket.sendall(data)

    def head(self) -> bytes:
        """The status line and the headers."""
        lines = []
        while (line := self._file.readline()).strip():
            lines.append(line)
        self._in_body = True
        return b"".join(lines)

    def silent(self) -> bool:
        """Whether nothing has come, and nothing was closed."""
        return not select.select([self._socket], [], [], 0)[0]

    def read(self, size: int = -1) -> bytes:
        """So many bytes as they are, or all until the other side closes."""
        return self._file.read(size)

    def chunks(self) -> Iterator[bytes]:
        """The chunks of the body, until its end or a break."""
        if not self._in_body:
            self.head()
        try:
            while line := self._file.readline().strip():
                size = int(line, 16)
                data = self._file.read(size)
                self._file.readline()
                if size == 0:
                    self.whole = True
                    return
                yield data
        except ConnectionResetError:
            self.reset = True

    def body(self, until: bytes = b"") -> bytes:
        """The body up to the chunk in which `until` is complete, or all of it."""
        seen = b""
        for chunk in self.chunks():
            seen += chunk
            if until and until in seen:
                break
        return seen

    def chat(self, until: bytes) -> Json:
        """Read on until `until` was seen; the chat that was created."""
        return as_object(json.loads(read_events(self.body(until).decode("utf-8", "replace"))[0][1]))


def question_body(
    question: str, *, bot: str = BOT, messages: object = None, fields: Mapping[str, object] | None = None
) -> Json:
    """The body of a POST /v3/chat; a field of None is left out."""
    message = {"role": "user", "type": "question", "content": question, "content_type": "text"}
    body: Json = {"bot_id": bot, "user_id": "lin", "stream": True, "auto_save_history": True}
    body["additional_messages"] = [message] if messages is None else messages
    return {name: value for name, value in {**body, **(fields or {})}.items() if value is not None}


def read_events(text: str) -> list[tuple[str, str]]:
    """The events of a stream written with LF; comments, ids and retry lines are left out."""
    events = []
    for block in text.removeprefix("\ufeff").split("\n\n"):
        fields: dict[str, list[str]] = {"event": [], "data": []}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name in fields:
                fields[name].append(value.removeprefix(" "))
        if fields["event"]:
            events.append((fields["event"][0], "\n".join(fields["data"])))
    return events


def as_object(value: object) -> Json:
    """A JSON object."""
    assert isinstance(value, dict)
    return value


def as_list(value: object) -> list[Json]:
    """A JSON array of objects."""
    assert isinstance(value, list)
    return value
