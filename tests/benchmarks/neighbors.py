"""The programs that coze-tui is measured beside. Each is as short as its users would write it.

python neighbors.py bare                    a Textual app with one Input
python neighbors.py stream|update QUESTION  an answer in MarkdownStream, or in Markdown.update
python neighbors.py print QUESTION          an answer printed by requests and json.loads
python neighbors.py drain QUESTION          an answer read by httpx-sse and json.loads, not shown
python neighbors.py rows HISTORY            the figures of all chats, added up in a loop over the rows
python neighbors.py search HISTORY TEXT     the lines of all messages that contain a text
python neighbors.py files HISTORY FOLDER    the texts of each conversation in a file, each synced

Each imports only what it needs, because its start is compared, too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator


def body_of(question: str) -> dict[str, object]:
    """The request of a question (docs/wire.md 2.1)."""
    message = {"role": "user", "content": question, "content_type": "text"}
    return {
        "bot_id": os.environ["COZE_BOT_ID"],
        "user_id": "benchmark",
        "stream": True,
        "additional_messages": [message],
    }


def url() -> str:
    """Where to ask."""
    return os.environ["COZE_API_BASE"] + "/v3/chat"


def headers() -> dict[str, str]:
    """Who asks."""
    return {"Authorization": "Bearer " + os.environ["COZE_API_TOKEN"], "Content-Type": "application/json"}


def bare() -> None:
    """The least app one can type in."""
    from textual.app import App, ComposeResult
    from textual.widgets import Input

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Input()

    Bare().run()


def pieces(question: str) -> Iterator[str]:
    """The deltas of an answer, read with the standard library."""
    import http.client
    from urllib.parse import urlsplit

    parts = urlsplit(url())
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("POST", parts.path, json.dumps(body_of(question)).encode(), headers())
    is_delta = False
    for line in connection.getresponse():
        if line.startswith(b"event:"):
            is_delta = line.strip().endswith(b"conversation.message.delta")
        elif is_delta and line.startswith(b"data:"):
            yield json.loads(line[5:])["content"]


def shown(question: str, *, by_update: bool) -> None:
    """An answer in Textual's own Markdown, in the two ways its documentation and its users know."""
    import asyncio
    import threading

    from textual.app import App, ComposeResult
    from textual.containers import VerticalScroll
    from textual.widgets import Markdown

    class Shown(App[None]):
        CSS = "VerticalScroll { height: 1fr; }"

        def compose(self) -> ComposeResult:
            with VerticalScroll():
                yield Markdown()

        def on_mount(self) -> None:
            self.query_one(VerticalScroll).anchor()
            queue: asyncio.Queue[str] = asyncio.Queue()
            loop = asyncio.get_running_loop()

            def read() -> None:
                for piece in pieces(question):
                    loop.call_soon_threadsafe(queue.put_nowait, piece)

            threading.Thread(target=read, daemon=True).start()
            self.run_worker(self.update(queue) if by_update else self.stream(queue))

        async def stream(self, queue: asyncio.Queue[str]) -> None:
            stream = Markdown.get_stream(self.query_one(Markdown))
            while True:
                await stream.write(await queue.get())

        async def update(self, queue: asyncio.Queue[str]) -> None:
            text = ""
            while True:
                text += await queue.get()
                while not queue.empty():
                    text += queue.get_nowait()
                await self.query_one(Markdown).update(text)
                await asyncio.sleep(0.1)

    Shown().run()


def printed(question: str) -> None:
    """The twenty lines with requests that one writes instead of `coze-tui ask`."""
    import requests

    event, body = "", json.dumps(body_of(question)).encode()
    with requests.post(url(), body, headers=headers(), stream=True) as response:
        for line in response.iter_lines():
            text = line.decode("utf-8")
            if text.startswith("event:"):
                event = text[6:].strip()
            elif text.startswith("data:") and event == "conversation.message.delta":
                message = json.loads(text[5:])
                if message["type"] == "answer":
                    sys.stdout.write(message["content"])
                    sys.stdout.flush()
    sys.stdout.write("\n")


async def drained(question: str) -> None:
    """Read all and show nothing."""
    import time

    import httpx
    from httpx_sse import aconnect_sse

    count = 0
    began = 0.0
    async with (
        httpx.AsyncClient(trust_env=False, timeout=None) as client,
        aconnect_sse(client, "POST", url(), json=body_of(question), headers=headers()) as source,
    ):
        async for event in source.aiter_sse():
            if event.event == "conversation.message.delta":
                began = began or time.perf_counter()
                json.loads(event.data)
                count += 1
    print(count, time.perf_counter() - began)


def rows(history: str) -> None:
    """Add up what the statistics show, row by row."""
    import sqlite3

    columns = "bot_id, status, error_code, sent_at, first_text_us, total_us, characters, token_count"
    sums: dict[str, int] = {}
    times: list[int] = []
    for bot, status, _code, _at, first, _total, _characters, tokens in sqlite3.connect(history).execute(
        f"SELECT {columns} FROM chats WHERE is_final"
    ):
        sums[bot] = sums.get(bot, 0) + tokens
        if status == "completed":
            times.append(first)
    times.sort()
    print(sums, times[len(times) // 2] if times else 0)


def search(history: str, text: str) -> None:
    """Print the messages that contain a text, the latest first, as they are read."""
    import sqlite3

    for conversation, content in sqlite3.connect(history).execute(
        "SELECT conversation, content FROM messages WHERE instr(content, ?) ORDER BY key DESC", (text,)
    ):
        start = max(0, content.find(text) - 40)
        print(conversation, " ".join(content[start : start + 80].split()), flush=True)


def files(history: str, folder: str) -> None:
    """Write the texts of each conversation into a file."""
    import sqlite3
    from pathlib import Path

    Path(folder).mkdir()
    c = sqlite3.connect(history)
    for (key,) in c.execute("SELECT key FROM conversations WHERE deleted_at = 0").fetchall():
        said = c.execute(
            "SELECT role, content FROM messages WHERE conversation = ? ORDER BY position", (key,)
        )
        with open(Path(folder) / f"{key}.md", "w", encoding="utf-8") as file:
            file.writelines(f"## {role}\n\n{content}\n\n" for role, content in said)
            file.flush()
            os.fsync(file.fileno())


if __name__ == "__main__":
    name, question = sys.argv[1], " ".join(sys.argv[2:])
    if name == "bare":
        bare()
    elif name in ("stream", "update"):
        shown(question, by_update=name == "update")
    elif name == "print":
        printed(question)
    elif name == "rows":
        rows(question)
    elif name == "search":
        search(*sys.argv[2:])
    elif name == "files":
        files(*sys.argv[2:])
    else:
        import asyncio

        asyncio.run(drained(question))
