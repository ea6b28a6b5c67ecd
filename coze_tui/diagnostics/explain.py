"""Explain each error to the user: one table by class and by code, translated when shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, assert_never

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
    StoreErrorKind,
    StoreWarning,
    StreamCut,
    ToolCommandError,
    TransportError,
    TransportKind,
)
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.terminal.clipboard import Copied

_LACKS_PERMISSION = 4101
LONGEST = 400
"""Characters of outside text that an explanation repeats at most."""


@valueclass
class Explanation:
    """An error explained to the user."""

    title: str
    """One short line: what happened, with the code where there is one."""
    what: str = ""
    """Why, or the server's own words; may be empty."""
    do: str = ""
    """What to do next; may be empty where nothing helps."""
    logid: str = ""
    code: int = 0
    """Coze's code; 0 for errors of other kinds."""

    @property
    def text(self) -> str:
        """Return the whole explanation on one line."""
        logid = f"logid {self.logid}" if self.logid else ""
        return _joined(_sentence(self.title), self.what, self.do, logid)


def explain(error: BaseException, *, base_url: str) -> Explanation:
    """Return what happened, why, and what to do.

    Args:
        base_url: the API base that was asked, or empty. With it, a rejected token leads to a hint at the
            other site, and the user is not sent to Coze with errors of a self-hosted server.
    """
    match error:
        case ApiError():
            return _for_api_error(error, base_url)
        case TransportError():
            return _for_transport_error(error)
        case ProtocolError():
            return _for_protocol_error(error)
        case CredentialsError():
            return _for_credentials_error(error)
        case SettingsError():
            return _for_settings_error(error)
        case StoreError():
            return _for_store_error(error)
        case FileError():
            return _for_file_error(error)
        case AttachmentError():
            return _for_attachment_error(error)
        case ToolCommandError():
            return _for_tool_command_error(error)
        case InternalError():
            return _for_own_fault(error.fault)
        case CozeTuiError():
            return Explanation(_outside(str(error)) or type(error).__name__)
        case _:
            return _for_own_fault(error)


def _for_own_fault(error: BaseException) -> Explanation:
    return Explanation(
        _("an error in coze-tui itself: {name}").format(name=type(error).__name__),
        do=_("Please report it, with what you did just before."),
    )


# --- what Coze says (docs/wire.md 5.1) ---


def _for_api_error(error: ApiError, base_url: str) -> Explanation:
    known = sentences_for(error)
    msg, logid = _outside(error.msg), _outside(error.logid)
    if known is None:
        title, what, do = _unknown(error, msg, base_url)
    else:
        title, what, do = _(known[0]), _quoted(msg), _(_for_site(known[1], base_url))
    if error.retry_after is not None:
        do = _("The server asks to wait {seconds} s before the next try.").format(
            seconds=round(max(error.retry_after, 0))
        )
    if error.code == _LACKS_PERMISSION and (permission := permission_for(error.path)):
        do = _joined(_("This call needs the permission {name}.").format(name=permission), do)
    if isinstance(error, AuthError):
        hint = _jwt_hint(base_url) if error.sent_jwt else ""
        do = hint or _joined(do, _other_site_hint(base_url))
    number = "" if error.code <= 0 else _("{code} — {title}").format(code=error.code, title=title)
    return Explanation(number or title, what, do, logid, error.code)


def _unknown(error: ApiError, msg: str, base_url: str) -> tuple[str, str, str]:
    match error:
        case AuthError():
            do = _(NEW_TOKEN)
        case BusyError():
            do = _("Wait for it, cancel it, or start a new conversation.")
        case QuotaError():
            do = _(LATER)
        case NotFoundError():
            do = _("Check the id and the address of the site.")
        case _:
            do = _(_for_site(REPORT, base_url))
    return msg or _("the server gave no reason"), "", do


def _for_site(do: str, base_url: str) -> str:
    """Return the next step in English; for a self-hosted server Coze cannot help."""
    is_own = base_url and not other_site(base_url)
    return REPORT_TO_OWN if do == REPORT and is_own else do


def _jwt_hint(base_url: str) -> str:
    """Return what to do with a JWT, with the command; empty for coze.site, which accepts JWTs.

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
        "A token of one site is useless on the other: perhaps it is for {other} (try --base-url {other})."
    ).format(other=other)


# --- the way to Coze ---


def _for_transport_error(error: TransportError) -> Explanation:
    detail, url = _outside(error.detail), _outside(error.url)
    if isinstance(error, StillAnswering):
        title = _("Coze was still answering after {seconds} s").format(seconds=round(error.seconds))
        return Explanation(title, do=_("Fetch the answer later instead of asking again."))
    if isinstance(error, StreamCut):
        return Explanation(
            _("the answer was cut off before its end"),
            _quoted(detail),
            _("What had come is kept. The bot may have gone on: recover the answer instead of asking again."),
        )
    place = url or _("the server")
    title, do = _words_for_transport(error.kind, place)
    return Explanation(_without_gap(title), _quoted(detail), do)


def _words_for_transport(kind: TransportKind, place: str) -> tuple[str, str]:
    """Return what happened on the way to a place, and what to do."""
    match kind:
        case "refused":
            title = _("{place} does not accept connections").format(place=place)
            do = _("Check the address of the site, and that the server runs.")
        case "dns":
            title = _("the name in {place} cannot be found").format(place=place)
            do = _("Check the address of the site and the network connection.")
        case "timeout":
            title = _("{place} did not answer in time").format(place=place)
            do = _("Check the network connection, then try again.")
        case "tls":
            title = _("the connection to {place} is not secure").format(place=place)
            do = _(
                "Check this machine's clock. For a certificate of your own set `ca_file`; "
                "behind a portal, log in there first."
            )
        case "proxy":
            title = _("the proxy on the way to {place} does not work").format(place=place)
            do = _(
                "Check `proxy` in the settings, and HTTPS_PROXY, ALL_PROXY and NO_PROXY in the environment."
            )
        case "closed":
            title = _("{place} closed the connection").format(place=place)
            do = _("Try again.")
        case "not http":
            title = _("what answers at {place} is no web server").format(place=place)
            do = _("Check the address of the site, its port above all, and any proxy between.")
        case "environment":
            title = _("a network setting of the environment cannot be used")
            do = _("Correct or unset the variable, then start again.")
        case "other":
            title = _("the connection to {place} failed").format(place=place)
            do = _("Check the network connection, then try again.")
        case _:
            assert_never(kind)
    return title, do


def _without_gap(text: str) -> str:
    """Return a text without blanks between Chinese characters, where a name stands in a sentence."""
    return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", text)


def _for_protocol_error(error: ProtocolError) -> Explanation:
    problem = _outside(error.problem)
    if problem in ("foreign events", "wrapped events"):
        return _for_foreign_events(error)
    titles: Mapping[str, str] = {
        "html": _("the server answered with a web page"),
        "empty": _("the server answered with nothing"),
        "redirect": _("the server wants to send us elsewhere, which is not followed with a token"),
        "compressed": _("the server's answer is compressed in a way that cannot be read"),
        "not json": _("the server's answer cannot be read"),
        "binary": _("the server's answer is no text"),
        "no stream": _("the server answered, but not with a stream of events"),
        "no data": _("the server's answer lacks what was asked for"),
        "no device code": _("the server gave no code to log in with"),
        "no token": _("the server gave no token"),
        "too large": _("the server's answer is too large"),
        "too many events": _("the server's answer has too many events"),
        "line too long": _("the server's answer has a line that is too long"),
        "event too large": _("the server's answer has an event that is too large"),
    }
    title = titles.get(problem)
    facts = [] if title else [problem]
    status = sentences_for_status(error.http_status) if problem == "html" else None
    if status is not None:  # before the page, which is only how a gateway says it
        facts.append(title or problem)
        title = _("{code} — {title}").format(code=error.http_status, title=_(status[0]))
    elif error.http_status != 200:
        facts.append(f"HTTP {error.http_status}")
    excerpt = _outside(error.excerpt)
    if excerpt:
        facts.append(excerpt)
    return Explanation(
        title or _("the server sent something that Coze does not send"),
        _quoted(", ".join(facts)),
        _advice_for(problem, error.http_status),
        _outside(error.logid),
    )


def _advice_for(problem: str, http_status: int) -> str:
    """Return what to do about a reply that is not Coze's."""
    if problem in _TOO_MUCH:
        return _("What had come is kept. Ask for a shorter answer.")
    if problem == "compressed":
        return _("A proxy between has compressed it: turn that off there, or go around the proxy.")
    check = _(
        "Check the address of the site (the API's, not the web page's), and any proxy or portal between."
    )
    return _joined(_(LATER), check) if http_status >= 500 else check


_TOO_MUCH = frozenset({"too large", "too many events", "line too long", "event too large"})
"""Replies of the right server that are larger than the program accepts."""


def _for_foreign_events(error: ProtocolError) -> Explanation:
    """Explain a stream in which no event is one of Coze's."""
    title = ngettext(
        "{n} event that is not Coze's ({names})", "{n} events that are not Coze's ({names})", error.events
    ).format(n=thousands(error.events), names=_outside(error.excerpt))
    what = ""
    if error.problem == "wrapped events":
        what = _(
            'The events are wrapped as {"event": …, "data": …}: an adapter or a gateway has changed them.'
        )
    return Explanation(title, what, _("Is this the URL of Coze's API?"), _outside(error.logid))


# --- this machine ---


def _for_credentials_error(error: CredentialsError) -> Explanation:
    source = _outside(error.source)
    match error.reason:
        case "missing" if source:
            return Explanation(
                _("there is no token in {source}").format(source=source),
                do=_("Put the token there, or run `coze-tui login` in a terminal."),
            )
        case "not entered":
            return Explanation(_("no token was entered"), do=_("Run `coze-tui login` again and paste it."))
        case "missing":
            return Explanation(
                _("there is no token"),
                do=_("Run `coze-tui login`, or set COZE_API_TOKEN. `coze-tui demo` shows all without one."),
            )
        case "unreadable":
            return Explanation(
                _("the token cannot be read from {source}").format(source=source),
                do=_(
                    "Check that the file is there, is yours and is not a link; or run `coze-tui login` again."
                ),
            )
        case "malformed":
            return Explanation(
                _("what is in {source} is no token").format(source=source or _("the input")),
                _("It holds a line break, a space, or characters that no token has."),
                _("Copy the token again, all of it and nothing else."),
            )
        case "command":
            return Explanation(
                _("the command {source} gave no token").format(source=source),
                do=_("Run `token_command` by hand: it must print the token and end with status 0."),
            )
        case _:
            assert_never(error.reason)


def _for_settings_error(error: SettingsError) -> Explanation:
    source, key = _outside(error.source), _outside(error.key)
    place = _("{file}, line {line}").format(file=source, line=error.line) if error.line else source
    if key:
        place = f"{place}, `{key}`"
    suggestion = _outside(error.suggestion)
    return Explanation(
        _("{place}: {problem}").format(place=place, problem=_outside(error.problem)),
        do=_("Did you mean `{suggestion}`?").format(suggestion=suggestion) if suggestion else "",
    )


def _for_store_error(error: StoreError) -> Explanation:
    path, detail = _outside(error.path), _outside(error.detail)
    what = _quoted(": ".join(part for part in (path, detail) if part))
    title, do = _store_words(error.kind)
    if error.stops_saving:  # before the details, of which a banner may show the beginning only
        what = _joined(_("Chats are not saved."), what)
    return Explanation(title, what, do)


def _store_words(kind: StoreErrorKind) -> tuple[str, str]:
    """Return what happened to the history, and what to do."""
    match kind:
        case "full":
            return _("the disk is full"), _("Make room on it.")
        case "readonly":
            return (
                _("the history cannot be written"),
                _("Make the folder writable, or set COZE_TUI_HOME to one that is."),
            )
        case "locked":
            return _("the history is locked by another program"), _("End the other program.")
        case "no locks":
            return (
                _("the file system cannot lock files"),
                _("Set COZE_TUI_HOME to a folder on a local disk."),
            )
        case "broken":
            return (
                _("the disk reports an error"),
                _(
                    "Check the disk and its connection, and copy what is on it. "
                    "Set COZE_TUI_HOME to a folder on another disk."
                ),
            )
        case "damaged":
            return (
                _("the history is damaged"),
                _("The damaged file was set aside, not deleted; what can be read of it is taken over."),
            )
        case "newer":
            return (
                _("the history was written by a newer coze-tui"),
                _("Update coze-tui, or set COZE_TUI_HOME to another folder."),
            )
        case "unreadable":
            return _("a file of coze-tui cannot be read or written"), _("Check its owner and mode.")
        case "other":
            return (
                _("the history does not work"),
                _("Try again. If it happens again, set COZE_TUI_HOME to another folder."),
            )
        case _:
            assert_never(kind)


def store_warning_text(warning: StoreWarning, *, is_saved: bool = True) -> str:
    """Return what happened to the history and what it means, on one line.

    Args:
        is_saved: whether chats are saved nevertheless.
    """
    match warning.kind:
        case "network":
            return _(
                "The history lies where SQLite's log does not work, as on a network drive ({path}). Chats "
                "are saved, but programs wait for each other. COZE_TUI_HOME names another place."
            ).format(path=warning.path)
        case "permissions":
            return _("Others could read {path}; that is repaired.").format(path=warning.path)
        case "migrated":
            return _("The history was brought to the present form; a copy of before is {path}.").format(
                path=warning.path
            )
        case "replaced":
            return _(
                "The history was moved or replaced. Chats are saved in the file that is now {path}."
            ).format(path=warning.path)
        case "damaged" if not is_saved:
            return _(
                "The history is damaged and no new one could be made ({path}). Chats are not saved until "
                "that is repaired; nothing was deleted."
            ).format(path=warning.path)
        case "damaged":
            return _(
                "The history was damaged. It was set aside as {path}, and what could be read was kept."
            ).format(path=warning.path)
        case kind:
            error = StoreError(kind, warning.path, warning.detail)
            error.stops_saving = not is_saved
            text = explain(error, base_url="").text
            if kind in _MENDED_BY_USER and not is_saved:
                text = _joined(text, _("Afterwards start coze-tui again."))
            return text


_MENDED_BY_USER = frozenset({"full", "readonly", "locked", "no locks", "broken", "unreadable"})
"""Problems of a store that is used again once its user has solved them."""


# --- putting sentences together ---


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "！", "？", "…")) else text + _(".")


def _quoted(text: str) -> str:
    return _sentence(_("Details: {text}").format(text=text)) if text else ""


def _outside(text: str) -> str:
    """Return a text of a server, a library or a file cleaned, on one line and shortened."""
    line = clean_line(text).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _joined(*sentences: str) -> str:
    """Return the sentences one after the other; Chinese has no blank between them."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or text.endswith(("。", "！", "？")) else f" {sentence}"
    return text


def _for_tool_command_error(error: ToolCommandError) -> Explanation:
    command = _outside(error.command)
    match error.reason:
        case "unusable":
            return Explanation(
                _("{command} cannot be run: {reason}").format(command=command, reason=_outside(error.detail)),
                do=_("Check `tools` in the settings."),
            )
        case "failed" if error.status < 0:
            title = _("{command} was ended by signal {number}")
            return Explanation(title.format(command=command, number=-error.status), _outside(error.detail))
        case "failed":
            title = _("{command} ended with status {number}")
            return Explanation(title.format(command=command, number=error.status), _outside(error.detail))
        case "too large":
            return Explanation(_("{command} prints more than a bot can take").format(command=command))


def _for_attachment_error(error: AttachmentError) -> Explanation:
    title = _("the file {path} cannot be sent").format(path=_outside(error.path))
    match error.reason:
        case "empty":
            return Explanation(title, _("It is empty."))
        case "too large":
            return Explanation(title, _("It is larger than 512 MB, which is the most that Coze takes."))
        case "no url":
            return Explanation(title, _("It is not a URL with a host name."), _("Check the URL."))
        case reason:
            return Explanation(title, _sentence(_outside(reason)), _("Check the path and who may read it."))


def _for_file_error(error: FileError) -> Explanation:
    path, detail = _outside(error.path), _outside(error.detail)
    place = _("{file}, line {line}").format(file=path, line=error.line) if error.line else path
    again = _("Nothing of it was imported. Export it again.")
    match error.reason:
        case "unreadable":
            return Explanation(_("{place}: cannot be read").format(place=place), _quoted(detail))
        case "unwritable":
            return Explanation(_("{place}: cannot be written").format(place=place), _quoted(detail))
        case "empty":
            return Explanation(_("{place}: there is nothing in it").format(place=place))
        case "foreign":
            return Explanation(
                _("{place}: neither an export nor a capture of coze-tui").format(place=place),
                _quoted(detail),
                _("JSON lines (.jsonl) and captures (.sse) can be imported."),
            )
        case "no capture":
            return Explanation(_("{place}: no capture of a chat").format(place=place), _quoted(detail))
        case "for reading":
            return Explanation(
                _("{place}: this export is for people to read").format(place=place),
                do=_("JSON lines (.jsonl) and captures (.sse) can be imported."),
            )
        case "newer":
            return Explanation(
                _("{place}: written by a newer coze-tui").format(place=place),
                _quoted(detail),
                _("Update coze-tui, then import it."),
            )
        case "cut":
            return Explanation(_("{place}: the end is missing").format(place=place), _quoted(detail), again)
        case "bad line":
            return Explanation(
                _("{place}: this is not what coze-tui writes").format(place=place), _quoted(detail), again
            )
        case "too large":
            return Explanation(
                _("{place}: larger than anything coze-tui writes").format(place=place), _quoted(detail)
            )
        case _:
            assert_never(error.reason)


def explain_library(name: str, installed: str, written_for: str) -> str:
    """Return why the screen does without our own display, and what to do.

    Args:
        name: The library that has changed.
        installed: Its installed version; empty if it cannot be found.
        written_for: The version that this program was written for.
    """
    text = _(
        "{library} {installed} differs from {written_for}, for which this coze-tui was written, so the screen"
        " uses Textual's own display and may be slower. Run: pip install {name}=={written_for}"
    )
    return text.format(
        library=name.capitalize(), installed=installed or "?", name=name, written_for=written_for
    )


def copied_text(copied: Copied, what: str) -> str:
    """Return a sentence that says which way a text was copied, and what cannot be known of it.

    See docs/ui.md 5.

    Args:
        what: The name of what was copied, translated.
    """
    from coze_tui.terminal.clipboard import Way  # loads asyncio, which no other sentence needs

    amount = _("{what}, {n} characters").format(what=what, n=thousands(copied.characters))
    path = clean_line(str(copied.path)) if copied.path else ""
    if Way.TMUX in copied.ways:
        return _("{amount}: in tmux's buffer, and sent on to the terminal's clipboard.").format(amount=amount)
    if Way.TERMINAL in copied.ways and path:
        return _(
            "{amount}: sent to the terminal's clipboard; some terminals refuse it, so it is in {path}, too."
        ).format(amount=amount, path=path)
    if Way.TERMINAL in copied.ways:
        return _("{amount}: sent to the terminal's clipboard; some terminals refuse it.").format(
            amount=amount
        )
    if path and copied.too_long:
        return _("{amount}: too long for a terminal's clipboard; saved as {path}").format(
            amount=amount, path=path
        )
    if path:
        return _("{amount}: saved as {path}").format(amount=amount, path=path)
    return _("{amount}: could not be copied: {reason}").format(
        amount=amount, reason=clean_line(copied.file_failed)
    )
