"""Handles every request: records it, applies faults, routes it, checks its token (docs/wire.md 4, 9)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from coze_tui.standin import faults as fault
from coze_tui.standin.catalog import Catalog
from coze_tui.standin.chats import Chats
from coze_tui.standin.context import Failure, ServerContext, json_reply, refusal
from coze_tui.standin.control import Control
from coze_tui.standin.conversations import Conversations
from coze_tui.standin.faults import Faults
from coze_tui.standin.http import Answer, Reply, Request
from coze_tui.standin.oauth import OAuth

NO_TOKEN = "-"
MAX_KEPT = 1_000_000
CHAT_PATH = "/v3/chat"
Endpoint = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """An endpoint. A path may have `{name}` parts, which the handler receives in the query."""

    methods: str
    path: str
    endpoint: Endpoint
    scope: str = ""
    """The scope that a token needs; `NO_TOKEN` for a path without authentication."""
    studio: bool = False
    """Whether studio has this endpoint."""

    def match(self, path: str) -> dict[str, str] | None:
        """Return the named parts of the path, or None if it does not match."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return None if found is None else found.groupdict()


@dataclass
class PathFault:
    """Faults for the next calls of a path."""

    faults: Faults
    path: str
    times: int


class Service:
    """All endpoints of one stand-in."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self.requests: deque[Request] = deque(maxlen=10_000)
        self._path_faults: list[PathFault] = []
        self.oauth = OAuth(context)
        self._chats = Chats(context)
        self._routes = self._make_routes()

    def add_fault(self, faults: Faults, path: str, times: int) -> None:
        """Break the next calls of a path. Raise `UnknownFault` for faults that only chats support."""
        if path != CHAT_PATH and self._instead(faults) is None:
            raise fault.UnknownFault(f"only a chat can have {' '.join(faults.values)}")
        self._path_faults.append(PathFault(faults, path, times))

    def _make_routes(self) -> Sequence[Route]:
        context = self._context
        chats, conversations, catalog = self._chats, Conversations(context), Catalog(context)
        control = Control(context, self.oauth, self.requests, self.add_fault)
        # Studio has only GET for endpoints that also accept POST on the official service.
        read = "GET" if context.studio else "GET POST"
        one, message = "/v1/conversations/{conversation_id}", "/v1/conversation/message"
        oauth = "/api/permission/oauth2"
        return [
            Route("POST", "/v3/chat", chats.chat, "chat", studio=True),
            Route(read, "/v3/chat/retrieve", chats.retrieve, "getChat", studio=True),
            Route(read, "/v3/chat/message/list", chats.messages, "listMessage", studio=True),
            Route("POST", "/v3/chat/cancel", chats.cancel, "cancelChat", studio=True),
            Route("POST", "/v3/chat/submit_tool_outputs", chats.submit_tool_outputs, "submitToolChat"),
            Route("POST", "/v1/conversation/create", conversations.create, "createConversation", studio=True),
            Route(
                "GET",
                "/v1/conversation/retrieve",
                conversations.retrieve,
                "retrieveConversation",
                studio=True,
            ),
            Route("GET", "/v1/conversations", conversations.list, "listConversation", studio=True),
            Route("PUT", one, conversations.rename, "editConversation", studio=True),
            Route("DELETE", one, conversations.delete, "editConversation", studio=True),
            Route("POST", one + "/clear", conversations.clear, "editConversation", studio=True),
            Route("POST", message + "/list", conversations.list_messages, "listMessage", studio=True),
            Route("POST", message + "/create", conversations.create_message, "createMessage"),
            Route("GET", message + "/retrieve", conversations.retrieve_message, "retrieveMessage"),
            Route("POST", message + "/modify", conversations.modify_message, "modifyMessage"),
            Route("POST", message + "/delete", conversations.delete_message, "deleteMessage"),
            Route("GET", "/v1/bots", catalog.bots, "listBot"),
            Route("GET", "/v1/bots/{bot_id}", catalog.bot, "getMetadata", studio=True),
            Route("GET", "/v1/bots/{bot_id}/versions", catalog.versions, "listBot"),
            Route("GET", "/v1/bot/get_online_info", catalog.online_info, "getMetadata", studio=True),
            Route("GET", "/v1/space/published_bots_list", catalog.published_bots, "listBot"),
            Route("POST", "/v1/files/upload", catalog.upload, "uploadFile", studio=True),
            Route("GET", "/v1/files/retrieve", catalog.file, "retrieveFile"),
            Route("GET", "/v1/workspaces", catalog.workspaces, "listWorkspace"),
            Route("GET", "/v1/users/me", catalog.me),
            Route("GET", "/v1/variables", catalog.variables, "readVariable"),
            Route("GET", "/v1/commerce/benefit/benefits/get", catalog.benefits, "getBenefit"),
            Route("POST", oauth + "/device/code", self.oauth.device_code, NO_TOKEN),
            Route(
                "POST", oauth + "/workspace_id/{workspace_id}/device/code", self.oauth.device_code, NO_TOKEN
            ),
            Route("POST", oauth + "/token", self.oauth.token, NO_TOKEN),
            Route("GET POST", "/device", self.oauth.page, NO_TOKEN),
            Route("GET POST", "/_standin/{what}", control.handle, NO_TOKEN, studio=True),
        ]

    async def handle(self, request: Request) -> Answer:
        """Return the reply to a request."""
        if not request.path.startswith("/_standin/"):
            # Do not store a large body, such as a file.
            self.requests.append(request if len(request.raw) < MAX_KEPT else replace(request, raw=b""))
            broken = self._path_fault(request)
            if broken is not None:
                return broken
        try:
            return await self._route(request)
        except Failure as failure:
            return self._refuse(request, failure)

    def _path_fault(self, request: Request) -> Answer | None:
        """Return the broken reply of this call if one is set. Other faults apply to the chat it starts."""
        self._chats.extra = fault.NONE
        for entry in self._path_faults:
            if entry.times > 0 and request.path == entry.path:
                entry.times -= 1
                reply = self._instead(entry.faults)
                if reply is None:
                    self._chats.extra = entry.faults
                return reply
        return None

    def _instead(self, faults: Faults) -> Answer | None:
        return fault.instead(
            faults, self._context.base_url, {self._context.logid_header: self._context.logid()}
        )

    async def _route(self, request: Request) -> Answer:
        found = False
        for route in self._routes:
            parts = route.match(request.path)
            if parts is None or (self._context.studio and not route.studio):
                continue
            found = True
            if request.method in route.methods.split():
                if route.scope != NO_TOKEN:
                    self._authorise(request, route.scope)
                return await route.endpoint(_with(request, parts))
        return self._nowhere(request, known=found)

    def _authorise(self, request: Request, scope: str) -> None:
        """Check that the token is valid and has the scope. Raise Failure 4100, 4101 or 700012006."""
        context = self._context
        header = request.headers.get("authorization", "")
        kind, _, value = header.partition("Bearer")
        token = context.tokens.get(value.strip()) if not kind.strip() else None
        if token is None or (token.expires_at is not None and token.expires_at <= context.clock()):
            if context.studio:
                raise Failure(700012006, "authentication is invalid (sample)")
            raise Failure(4100, "authentication is invalid", context.switches.auth_status)
        if scope and token.scopes is not None and scope not in token.scopes and not context.studio:
            msg = f"the token you entered lacks the permission needed: {scope} (sample)"
            raise Failure(4101, msg, context.switches.auth_status)

    def _refuse(self, request: Request, failure: Failure) -> Reply:
        if self._context.studio and request.path == "/v3/chat/retrieve" and failure.status == 500:
            headers = {self._context.logid_header: self._context.logid()}
            return Reply(500, failure.msg.encode(), "text/plain; charset=utf-8", headers)
        if self._context.studio and 4000 <= failure.code < 5000:
            failure = Failure(400, failure.msg, 400)  # a bad parameter (docs/wire.md 5.2)
        return refusal(self._context, failure)

    def _nowhere(self, request: Request, *, known: bool) -> Reply:
        """Return the reply for a path or method without an endpoint."""
        headers = {self._context.logid_header: self._context.logid()}
        if not self._context.studio:
            status = 405 if known else 404
            return json_reply(
                {"code": 4000, "msg": f"no such API: {request.method} {request.path}"}, headers, status
            )
        if re.match(r"/(v1|v2|v3|api)(/|$)", request.path):
            return json_reply({"code": 401, "msg": "missing session_key in cookie"}, headers, 401)
        page = b"<!doctype html><title>Coze Studio</title><div id=root></div>"
        return Reply(200, page, "text/html", headers)


def _with(request: Request, parts: dict[str, str]) -> Request:
    query = {**request.query, **parts}
    return Request(request.method, request.path, query, request.headers, request.raw, request.at)
