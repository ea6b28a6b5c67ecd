"""OAuth: the device flow and the rotating refresh token (docs/wire.md 1.4, 1.5)."""

from __future__ import annotations

import html
import random
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from coze_tui.standin.context import ServerContext, Token, json_reply
from coze_tui.standin.http import Answer, Reply, Request
from coze_tui.standin.objects import Json

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ACCESS_SECONDS = 900
ERRORS = {
    "authorization_pending": "the user has not decided yet (sample)",
    "slow_down": "polled too fast (sample)",
    "access_denied": "the user refused (sample)",
    "expired_token": "the device code has expired (sample)",
    "invalid_request": "the request is not valid (sample)",
    "invalid_client": "the client is not known (sample)",
    "unsupported_grant_type": "this grant type is not served (sample)",
}


@dataclass
class DeviceCode:
    """A login attempt."""

    device_code: str
    user_code: str
    client_id: str
    expires_at: float
    interval: int
    decision: str = ""
    """approve, deny or nothing yet."""
    polled_at: float | None = None


@dataclass
class OAuth:
    """The OAuth endpoints of one stand-in, and the page on which the user decides."""

    context: ServerContext
    interval: int = 5
    expires_in: int = 300
    approve_after: int | None = None
    """The poll, counted from 1, at which the attempt is approved automatically."""
    script: list[str] = field(default_factory=list)
    """Error names to return to the next polls, before anything else."""
    codes: dict[str, DeviceCode] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    """Valid refresh tokens and their clients."""
    _polls: int = 0
    _made: int = 0

    async def device_code(self, request: Request) -> Answer:
        """POST /api/permission/oauth2/device/code, also below workspace_id/{ws}."""
        client_id = _text(request.body, "client_id")
        if not client_id:
            return self._error("invalid_request")
        code = DeviceCode(
            self._secret("dc_"),
            self._user_code(),
            client_id,
            self.context.clock() + self.expires_in,
            self.interval,
        )
        self.codes[code.device_code] = code
        body: Json = {
            "device_code": code.device_code,
            "user_code": code.user_code,
            "verification_uri": f"{self.context.base_url}/device",
            "expires_in": self.expires_in,
            "interval": self.interval,
        }
        return self._reply(body)

    async def token(self, request: Request) -> Answer:
        """POST /api/permission/oauth2/token."""
        grant = _text(request.body, "grant_type")
        if grant == DEVICE_GRANT:
            return self._poll(_text(request.body, "device_code"), _text(request.body, "client_id"))
        if grant == "refresh_token":
            return self._refresh(_text(request.body, "refresh_token"), _text(request.body, "client_id"))
        return self._error("unsupported_grant_type" if grant else "invalid_request")

    def _poll(self, device_code: str, client_id: str) -> Reply:
        code = self.codes.get(device_code)
        if code is None:
            return self._error("invalid_request")
        if code.client_id != client_id:
            return self._error("invalid_client")
        now = self.context.clock()
        too_fast = code.polled_at is not None and now - code.polled_at < code.interval - 0.5
        code.polled_at = now
        self._polls += 1
        if self.script:
            return self._error(self.script.pop(0))
        if now >= code.expires_at:
            return self._error("expired_token")
        if self.approve_after is not None and self._polls >= self.approve_after:
            code.decision = "approve"
        if code.decision == "deny":
            return self._error("access_denied")
        if code.decision == "approve":
            del self.codes[device_code]
            return self._grant(client_id)
        if too_fast:
            code.interval += 5
            return self._error("slow_down")
        return self._error("authorization_pending")

    def _refresh(self, refresh_token: str, client_id: str) -> Reply:
        if self.refresh_tokens.get(refresh_token) != client_id:
            return self._error("invalid_request")  # unknown, or used before, because refresh tokens rotate
        del self.refresh_tokens[refresh_token]
        return self._grant(client_id)

    def _grant(self, client_id: str) -> Reply:
        expires_at = self.context.now() + ACCESS_SECONDS
        access, refresh = self._secret("czu_"), self._secret("czr_")
        self.context.tokens[access] = Token(expires_at=expires_at)
        self.refresh_tokens[refresh] = client_id
        # expires_in is a point in time here, not a duration (docs/wire.md 1.4).
        body: Json = {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": expires_at,
            "token_type": "Bearer",
        }
        return self._reply(body)

    def decide(self, user_code: str, decision: str) -> bool:
        """Approve or deny the attempt with this user code; return whether it exists."""
        found = next((code for code in self.codes.values() if code.user_code == user_code), None)
        if found is None:
            return False
        found.decision = decision
        return True

    async def page(self, request: Request) -> Answer:
        """GET and POST /device: the page on which the user decides."""
        form = {k: v[0] for k, v in parse_qs(request.raw.decode("utf-8", "replace")).items()}
        user_code = form.get("user_code") or request.query.get("user_code", "")
        decision = form.get("decision", "")
        shown = html.escape(user_code)
        if decision in {"approve", "deny"}:
            known = self.decide(user_code, decision)
            text = f"<p>{shown}: {decision}</p>" if known else "<p>No such code, or it is used.</p>"
        else:
            text = (
                f'<form method="post"><input name="user_code" value="{shown}"> '
                '<button name="decision" value="approve">Approve</button> '
                '<button name="decision" value="deny">Deny</button></form>'
            )
        page = f"<!doctype html><meta charset=utf-8><title>Stand-in</title><h1>Log in on a device</h1>{text}"
        return Reply(200, page.encode(), "text/html; charset=utf-8")

    def _error(self, name: str) -> Reply:
        """Return the error with the fields of the docs, of the SDKs, or both (docs/wire.md 1.4)."""
        shape = self.context.switches.oauth_errors
        body: Json = {}
        if shape != "sdk":
            body |= {"error": name, "error_description": ERRORS.get(name, name)}
        if shape != "docs":
            body |= {"error_code": name, "error_message": ERRORS.get(name, name)}
        return self._reply(body, self.context.switches.oauth_error_status)

    def _reply(self, body: Json, status: int = 200) -> Reply:
        return json_reply(body, {self.context.logid_header: self.context.logid()}, status)

    def _secret(self, prefix: str) -> str:
        return f"{prefix}{self._random().getrandbits(160):040x}"

    def _user_code(self) -> str:
        letters = "".join(self._random().choices("BCDFGHJKLMNPQRSTVWXZ", k=8))
        return f"{letters[:4]}-{letters[4:]}"

    def _random(self) -> random.Random:
        self._made += 1
        return random.Random(f"{self.context.seed} oauth {self._made}")


def _text(body: object, key: str) -> str:
    value = body.get(key) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""
