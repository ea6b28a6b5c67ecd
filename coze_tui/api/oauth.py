"""Gets OAuth tokens with the device flow, the one for terminals, and refreshes them.

See docs/wire.md 1.4, 1.5.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlencode

from coze_tui.api.client import CozeClient
from coze_tui.api.complaints import UNEXPLAINED
from coze_tui.api.json_values import Json, int_of, text_of
from coze_tui.api.replies import Reply, envelope_of_reply, json_of_reply, protocol_error
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.errors import ApiError, AuthError, TransportError
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_TOKEN_PATH = "/api/permission/oauth2/token"
_LONGEST_INTERVAL = 30
_SLOWER_BY = 5
_TIMES_BEGIN = 1_000_000_000
"""A larger `expires_in` is a point in time, a smaller one a duration (docs/wire.md 1.4)."""


@valueclass
class DeviceCode:
    """The code that the user types in a browser, and the one with which we poll."""

    device_code: Secret
    user_code: str
    verification_uri: str
    expires_in: int = 300
    """Seconds from now."""
    interval: int = 5
    """Seconds between two polls."""

    @property
    def verification_url(self) -> str:
        """Return the URL of the page with the code filled in."""
        return f"{self.verification_uri}?{urlencode({'user_code': self.user_code})}"


async def request_device_code(client: CozeClient, client_id: str, workspace_id: str = "") -> DeviceCode:
    """Request a device code, limited to a workspace if one is given."""
    place = f"workspace_id/{quote(workspace_id, safe='')}/" if workspace_id else ""
    path = f"/api/permission/oauth2/{place}device/code"
    reply = await client.post_without_token(path, lambda: {"client_id": client_id})
    answer = _answer(reply)
    code = DeviceCode(
        device_code=Secret(text_of(answer.get("device_code"))),
        user_code=clean_line(text_of(answer.get("user_code"))),
        verification_uri=clean_line(text_of(answer.get("verification_uri"))),
        expires_in=int_of(answer.get("expires_in")) or 300,
        interval=max(1, int_of(answer.get("interval")) or 5),
    )
    if not (code.device_code.reveal() and code.verification_uri.startswith(("https://", "http://"))):
        raise protocol_error("no device code", reply)
    return code


async def wait_for_pair(
    client: CozeClient,
    client_id: str,
    code: DeviceCode,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    now: Callable[[], float] = time.time,
) -> OAuthPair:
    """Poll until the user has agreed in the browser.

    Raises:
        AuthError: with OAuth's error code as `msg`: `access_denied`, `expired_token`…
    """
    interval, waited = code.interval, 0
    while waited < code.expires_in:
        await sleep(interval)
        waited += interval
        try:
            reply = await client.post_without_token(
                _TOKEN_PATH,
                lambda: {
                    "client_id": client_id,
                    "grant_type": _DEVICE_GRANT,
                    "device_code": code.device_code.reveal(),
                },
            )
            return _pair(reply, client_id, client.base_url, now())
        except TransportError:
            continue  # the connection may recover before the code expires
        except ApiError as error:
            if error.msg == "slow_down":
                interval = min(interval + _SLOWER_BY, _LONGEST_INTERVAL)
            elif error.msg != "authorization_pending" and error.http_status < 500:
                raise
    raise AuthError(UNEXPLAINED, "expired_token")


async def refresh(client: CozeClient, pair: OAuthPair, *, now: Callable[[], float] = time.time) -> OAuthPair:
    """Return a new pair. The old refresh token is then invalid, so save the new pair first."""
    reply = await client.post_without_token(
        _TOKEN_PATH,
        lambda: {
            "grant_type": "refresh_token",
            "client_id": pair.client_id,
            "refresh_token": pair.refresh.reveal(),
        },
    )
    return _pair(reply, pair.client_id, client.base_url, now())


def _pair(reply: Reply, client_id: str, base_url: str, now: float) -> OAuthPair:
    answer = _answer(reply)
    access, refresh = (Secret(text_of(answer.get(key)).strip()) for key in ("access_token", "refresh_token"))
    expires = int_of(answer.get("expires_in"))
    del answer  # a traceback may show local variables
    if not access.reveal():
        raise protocol_error("no token", reply)
    expires_at = expires if expires > _TIMES_BEGIN else int(now) + expires
    return OAuthPair(access, refresh, expires_at, client_id, base_url)


def _answer(reply: Reply) -> Json:
    """Return the body; raise if any of the four error fields is set (docs/wire.md 1.4)."""
    body = json_of_reply(reply)
    for key in ("error", "error_code"):
        if word := clean_line(text_of(body.get(key))).strip():
            raise AuthError(UNEXPLAINED, word, logid=reply.logid, http_status=reply.http_status)
    return envelope_of_reply(reply).raw
