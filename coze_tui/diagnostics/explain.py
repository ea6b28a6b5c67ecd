"""Explains each error to the user, from one table by class and code, translated when shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import assert_never

from coze_tui.config.addresses import other_site
from coze_tui.diagnostics.error_catalog import (
    LATER,
    NEW_TOKEN,
    REPORT,
    REPORT_TO_OWN,
    permission_for,
    sentences_for,
    sentences_for_status,
)
from coze_tui.diagnostics.local_errors import (
    for_attachment_error,
    for_credentials_error,
    for_file_error,
    for_settings_error,
    for_store_error,
    for_tool_command_error,
)
from coze_tui.diagnostics.sentences import Explanation, joined, outside, quoted
from coze_tui.errors import (
    ApiError,
    AttachmentError,
    AuthError,
    BusyError,
    CozeTuiError,
    CredentialsError,
    FileError,
    InternalError,
    NotFoundError,
    ProtocolError,
    QuotaError,
    SettingsError,
    StillAnswering,
    StoreError,
    StreamCut,
    ToolCommandError,
    TransportError,
    TransportKind,
    code_of,
)
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext, separated

_LACKS_PERMISSION = 4101


def explain(error: BaseException, *, base_url: str) -> Explanation:
    """Return what happened, why, and what to do.

    Args:
        base_url: the API base of the request, or empty. If given, a rejected token leads to a hint at the
            other site, and errors of a self-hosted server do not refer the user to Coze.
    """
    match error:
        case ApiError():
            return _for_api_error(error, base_url)
        case TransportError():
            return _for_transport_error(error)
        case ProtocolError():
            return _for_protocol_error(error)
        case CredentialsError():
            return for_credentials_error(error)
        case SettingsError():
            return for_settings_error(error)
        case StoreError():
            return for_store_error(error)
        case FileError():
            return for_file_error(error)
        case AttachmentError():
            return for_attachment_error(error)
        case ToolCommandError():
            return for_tool_command_error(error)
        case InternalError():
            return _for_own_fault(error.fault)
        case CozeTuiError():
            return Explanation(outside(str(error)) or type(error).__name__)
        case _:
            return _for_own_fault(error)


def _for_own_fault(error: BaseException) -> Explanation:
    return Explanation(
        _("internal error: {name}").format(name=type(error).__name__),
        do=_("Please report this bug, and say what you were doing when it happened."),
    )


# --- errors of Coze (docs/wire.md 5.1) ---


def _for_api_error(error: ApiError, base_url: str) -> Explanation:
    known = sentences_for(error)
    msg, logid = outside(error.msg), outside(error.logid)
    if known is None:
        title, what, do = _unknown(error, msg, base_url)
    else:
        title, what, do = _(known[0]), quoted(msg), _(_for_site(known[1], base_url))
    if error.retry_after is not None:
        do = _("The server asks you to wait {seconds} s before you try again.").format(
            seconds=round(max(error.retry_after, 0))
        )
    if error.code == _LACKS_PERMISSION and (permission := permission_for(error.path)):
        do = joined(_("This call needs the permission {name}.").format(name=permission), do)
    if isinstance(error, AuthError):
        hint = _jwt_hint(base_url) if error.sent_jwt else ""
        do = hint or joined(do, _other_site_hint(base_url))
    number = "" if error.code <= 0 else _("{title} (error {code})").format(code=error.code, title=title)
    return Explanation(number or title, what, do, logid, error.code)


def _unknown(error: ApiError, msg: str, base_url: str) -> tuple[str, str, str]:
    match error:
        case AuthError():
            do = _(NEW_TOKEN)
        case BusyError():
            do = _("Wait for it to finish, cancel it, or start a new conversation.")
        case QuotaError():
            do = _(LATER)
        case NotFoundError():
            do = _("Check the ID and the site URL.")
        case _:
            do = _(_for_site(REPORT, base_url))
    return msg or _("the server gave no reason"), "", do


def _for_site(do: str, base_url: str) -> str:
    """Return the next step in English; it does not mention Coze for a self-hosted server."""
    is_own = base_url and not other_site(base_url)
    return REPORT_TO_OWN if do == REPORT and is_own else do


def _jwt_hint(base_url: str) -> str:
    """Return the advice about a JWT, with the command; empty for coze.site, which accepts JWTs.

    See docs/wire.md 1.3, 1.5.
    """
    if base_url.endswith(".coze.site"):
        return ""
    command = (
        f'curl {base_url}/api/permission/oauth2/token -H "Authorization: Bearer $JWT" '
        "-H 'Content-Type: application/json' "
        """-d '{"grant_type":"urn:ietf:params:oauth:grant-type:jwt-bearer","duration_seconds":86399}'"""
    )
    advice = _(
        "This is a JWT. Exchange it for an access token first, and use the access_token that you get: "
        "{command}"
    )
    return advice.format(command=command)


def _other_site_hint(base_url: str) -> str:
    other = other_site(base_url)
    if not other:
        return ""
    return _(
        "A token works on one site only; this one may belong to {other} (try --base-url {other})."
    ).format(other=other)


# --- the connection to Coze ---


def _for_transport_error(error: TransportError) -> Explanation:
    detail, url = outside(error.detail), outside(error.url)
    if isinstance(error, StillAnswering):
        title = _("Coze was still answering after {seconds} s").format(seconds=round(error.seconds))
        return Explanation(title, do=_("Fetch the answer later instead of asking again."))
    if isinstance(error, StreamCut):
        return Explanation(
            _("the answer was cut off"),
            quoted(detail),
            _(
                "What was received is saved. The bot may have finished anyway: recover the answer "
                "instead of asking again."
            ),
        )
    place = url or _("the server")
    title, do = _words_for_transport(error.kind, place)
    return Explanation(_without_gap(title), quoted(detail), do)


def cut_reason(cut: StreamCut) -> str:
    """Return why a stream was cut, as a short text in the user's language."""
    if cut.kind in ("timeout", "other") and cut.detail:  # our own message
        return outside(cut.detail)
    title, _do = _words_for_transport(cut.kind, _("the server"))
    return _without_gap(title)


def _words_for_transport(kind: TransportKind, place: str) -> tuple[str, str]:
    """Return the problem of a connection to a host, and what to do."""
    match kind:
        case "refused":
            title = _("connection refused by {place}").format(place=place)
            do = _("Check the site URL, and that the server is running.")
        case "dns":
            title = _("cannot resolve the host name in {place}").format(place=place)
            do = _("Check the site URL and your network connection.")
        case "timeout":
            title = _("{place} did not respond in time").format(place=place)
            do = _("Check your network connection and try again.")
        case "tls":
            title = _("cannot make a secure connection to {place}").format(place=place)
            do = _(
                "Check that this machine's clock is right. If the server uses its own certificate, "
                "set `ca_file`; if your network has a sign-in page, sign in first."
            )
        case "proxy":
            title = _("cannot reach {place} through the proxy").format(place=place)
            do = _(
                "Check the `proxy` setting and the HTTPS_PROXY, ALL_PROXY and NO_PROXY environment variables."
            )
        case "closed":
            title = _("{place} closed the connection").format(place=place)
            do = _("Try again.")
        case "not http":
            title = _("{place} is not an HTTP server").format(place=place)
            do = _("Check the site URL, especially the port, and any proxy in between.")
        case "environment":
            title = _("an environment variable holds an invalid network setting")
            do = _("Fix or unset the variable, then restart.")
        case "other":
            title = _("the connection to {place} failed").format(place=place)
            do = _("Check your network connection and try again.")
        case _:
            assert_never(kind)
    return title, do


def _without_gap(text: str) -> str:
    """Return a text without blanks between Chinese characters, for sentences with an inserted name."""
    return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", text)


def _for_protocol_error(error: ProtocolError) -> Explanation:
    problem = outside(error.problem)
    if problem in ("foreign events", "wrapped events"):
        return _for_foreign_events(error)
    titles: Mapping[str, str] = {
        "html": _("the server returned a web page instead of an API response"),
        "empty": _("the server returned an empty response"),
        "redirect": _(
            "the server redirected the request; coze-tui does not follow redirects, to protect your token"
        ),
        "compressed": _("cannot decompress the server's response"),
        "not json": _("the server's response is not valid JSON"),
        "binary": _("the server's response is not text"),
        "no stream": _("the server's response is not an event stream"),
        "no data": _("the server's response lacks the expected data"),
        "no device code": _("the server did not return a login code"),
        "no token": _("the server did not return a token"),
        "too large": _("the server's response is too large"),
        "too many events": _("the server's response contains too many events"),
        "line too long": _("the server's response contains a line that is too long"),
        "event too large": _("the server's response contains an event that is too large"),
    }
    title = titles.get(problem)
    facts = [] if title else [problem]
    status = sentences_for_status(error.http_status) if problem == "html" else None
    if status is not None:  # before the page, which is only the gateway's form of the status
        facts.append(title or problem)
        title = _("{title} (error {code})").format(code=error.http_status, title=_(status[0]))
    elif error.http_status != 200:
        facts.append(f"HTTP {error.http_status}")
    excerpt = outside(error.excerpt)
    if excerpt:
        facts.append(excerpt)
    return Explanation(
        title or _("unexpected response: this may not be a Coze server"),
        quoted(separated(facts)),
        _advice_for(problem, error.http_status),
        outside(error.logid),
        code_of(error),
    )


def _advice_for(problem: str, http_status: int) -> str:
    """Return what to do about a reply that is not Coze's."""
    if problem in _TOO_MUCH:
        return _("What was received is saved. Ask for a shorter answer.")
    if problem == "compressed":
        return _("A proxy has compressed it: turn compression off there, or bypass the proxy.")
    check = _(
        "Check the site URL (use the API URL, not the web page's), and any proxy or sign-in page in between."
    )
    return joined(_(LATER), check) if http_status >= 500 else check


_TOO_MUCH = frozenset({"too large", "too many events", "line too long", "event too large"})
"""Problems of replies from the right server that are larger than the program accepts."""


def _for_foreign_events(error: ProtocolError) -> Explanation:
    """Explain a stream that contains no event of Coze."""
    title = ngettext(
        "{n} event that is not Coze's ({names})", "{n} events that are not Coze's ({names})", error.events
    ).format(n=thousands(error.events), names=outside(error.excerpt))
    what = ""
    if error.problem == "wrapped events":
        what = _(
            'The events are wrapped as {"event": …, "data": …}: an adapter or a gateway has changed them.'
        )
    return Explanation(title, what, _("Is this the URL of Coze's API?"), outside(error.logid))
