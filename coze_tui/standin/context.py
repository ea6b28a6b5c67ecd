"""The state shared by all endpoints: records, clock, switches, gates, and the tasks that run chats."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field

from coze_tui.standin.gates import Gates
from coze_tui.standin.http import Reply
from coze_tui.standin.objects import Json, dumps
from coze_tui.standin.state import State


@dataclass
class Switches:
    """Behaviors of the service that docs/wire.md 9 leaves open, changeable while the stand-in runs."""

    auth_status: int = 200
    """HTTP status of 4100 and 4101: 200 or 401."""
    plan: str = "pro_personal"
    """`user_level` of the account: free, pro_personal, team, enterprise (docs/wire.md 16.1)."""
    done_after_failed: bool = True
    cancel_event: bool = False
    """Whether a canceled chat sends conversation.chat.canceled and ends its stream."""
    cancel_in_requires_action: bool = False
    busy_text: str = "Conversation occupied (sample)"
    stable_lists: bool = False
    """Whether v3/chat/message/list keeps the order."""
    charset: bool = False
    """Whether event streams say `; charset=utf-8`."""
    chunks: str = "random"
    """The cutting of events into chunks: random, event or byte."""
    oauth_errors: str = "both"
    """Fields of OAuth errors: docs (error), sdk (error_code) or both."""
    oauth_error_status: int = 400
    max_file_bytes: int = 512 * 1024 * 1024


@dataclass
class ServerContext:
    """The internals of a stand-in. Use it only on the server's loop."""

    studio: bool
    clock: Callable[[], float]
    pace: float
    seed: int
    state: State
    gates: Gates = field(default_factory=Gates)
    switches: Switches = field(default_factory=Switches)
    user_id: str = "7511000000000000011"
    space_id: str = "7511000000000000021"
    base_url: str = ""
    tokens: dict[str, Token] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _logids: Iterator[int] = field(default_factory=lambda: itertools.count(0x1D0))

    def now(self) -> int:
        """Return the Unix time in seconds, as all times on the wire."""
        return int(self.clock())

    def rng(self) -> random.Random:
        """Return a random source for one stream, reproducible for the same seed and order of streams."""
        return random.Random(f"{self.seed} {next(self.state.streams)}")

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run a chat in the background; it continues when its client hangs up."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop every running chat."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def logid(self) -> str:
        """Return a logid: the time and twenty hex digits, or a UUID in studio."""
        number = random.Random(f"{self.seed} logid {next(self._logids)}").getrandbits(128)
        if self.studio:
            text = f"{number:032x}"
            return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        return time.strftime("%Y%m%d%H%M%S", time.gmtime(self.now())) + f"{number:032X}"[:20]

    @property
    def logid_header(self) -> str:
        """Return the name of the header with the logid (docs/wire.md 5.2)."""
        return "X-Log-ID" if self.studio else "X-Tt-Logid"


@dataclass(frozen=True)
class Token:
    """The permissions of a token; without scopes all calls are allowed."""

    scopes: frozenset[str] | None = None
    expires_at: float | None = None


class Failure(Exception):
    """An error that becomes a reply in the dialect of the server."""

    def __init__(self, code: int, msg: str, status: int = 200) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status


def envelope(context: ServerContext, data: object, *, key: str = "data", extra: Json | None = None) -> Reply:
    """Return the usual JSON reply with its logid."""
    logid = context.logid()
    body: Json = {"code": 0, "msg": "", key: data, **(extra or {})}
    if not context.studio:
        body["detail"] = {"logid": logid}
    return json_reply(body, {context.logid_header: logid})


def refusal(context: ServerContext, failure: Failure) -> Reply:
    """Return the JSON reply for an error."""
    logid = context.logid()
    body: Json = {"code": failure.code, "msg": failure.msg}
    if not context.studio:
        body["detail"] = {"logid": logid}
    return json_reply(body, {context.logid_header: logid}, failure.status)


def json_reply(body: object, headers: dict[str, str] | None = None, status: int = 200) -> Reply:
    """Return a JSON reply."""
    content_type = "application/json; charset=utf-8"
    return Reply(status, dumps(body).encode("utf-8", "surrogatepass"), content_type, headers or {})
