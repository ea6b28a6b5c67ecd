"""What to tell a person about each error: one table by class and by code, translated when shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from coze_tui.addresses import other_site
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
    NotServedError,
    ProtocolError,
    QuotaError,
    SettingsError,
    StoreError,
    StreamCut,
    ToolCommandError,
    TransportError,
)
from coze_tui.i18n import N_, _
from coze_tui.text import clean_line

LONGEST = 400
"""Characters of outside text that an advice repeats at most."""


@dataclass(frozen=True, slots=True)
class Advice:
    """An error in a person's words."""

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
        """All of it on one line."""
        parts = [_sentence(self.title), self.what, self.do]
        if self.logid:
            parts.append(f"logid {self.logid}")
        return " ".join(part for part in parts if part)


def advice(error: BaseException, *, base_url: str = "") -> Advice:
    """What to tell about this error.

    Args:
        base_url: the API base in use; with it a refused token brings the hint at the other site.
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
            return Advice(_outside(str(error)) or type(error).__name__)
        case _:
            return _for_own_fault(error)


def _for_own_fault(error: BaseException) -> Advice:
    return Advice(
        _("an error in coze-tui itself: {name}").format(name=type(error).__name__),
        do=_("Please report it, with what you did just before."),
    )


# --- what Coze says (api 5.1) ---

_NEW_TOKEN = N_("Log in again with `coze-tui login`, or set COZE_API_TOKEN to a valid token.")
_PUBLISH = N_('In the editor: Publish → tick "API", then try again.')
_CHECK_BOT = N_("Check the bot id and the site: it must be a bot that this token may see.")
_NEW_CONVERSATION = N_("Start a new conversation.")
_LATER = N_("Try again a little later.")
_FIX_WORKFLOW = N_("Fix the workflow in the editor, run it there once, publish it, then try again.")
_REPORT = N_("Try once more; if it happens again, report it to Coze's support with the logid.")
_REQUEST = N_("This is how coze-tui asked; please report it, with the message and the logid.")
_NOTHING = ""

_BY_CODE: Mapping[int, tuple[str, str]] = {
    4000: (
        N_("a parameter is not valid"),
        N_("Check the ids, the variables and the parameters that you have set."),
    ),
    4001: (N_("there is no such chat, or it is not yours"), _NEW_CONVERSATION),
    4002: (N_("there is no such conversation, or it is not yours"), _NEW_CONVERSATION),
    4003: (N_("the metadata of the request is not valid"), _REQUEST),
    4004: (N_("the messages of the request are not valid"), _NEW_CONVERSATION),
    4005: (N_("the message is not valid"), N_("Change the text or the attachment, then send it again.")),
    4006: (N_("there is no such bot, or it is not yours"), _CHECK_BOT),
    4007: (N_("an answer without a stream must be kept in the history"), _REQUEST),
    4008: (
        N_("this bot's use for today is up"),
        N_("Try again tomorrow, or raise the limit on the platform."),
    ),
    4009: (N_("the service is busy"), _LATER),
    4010: (
        N_("the conversation is too long for the model"),
        N_("Shorten the message, or clear the context with /clear."),
    ),
    4011: (N_("the account has no Coze tokens left"), N_("Top up the account, then try again.")),
    4012: (
        N_("the bot's model is no longer there"),
        N_("Choose another model in the editor and publish the bot."),
    ),
    4013: (N_("the model has failed"), N_("Try once or twice more, after a few seconds.")),
    4014: (N_("the bot cannot answer this"), N_("Say it in other words.")),
    4015: (N_("this bot is not published to the API channel"), _PUBLISH),
    4016: (
        N_("a chat is still running in this conversation"),
        N_("Wait for it, cancel it, or start a new conversation."),
    ),
    4019: (N_("the Volcano account is in arrears"), N_("Top up the account, then try again.")),
    4020: (N_("the requests per minute that were bought are used up"), N_("Wait a minute, then try again.")),
    4021: (N_("the bot's workflow is not configured"), _FIX_WORKFLOW),
    4022: (N_("the model's account is in arrears"), N_("Top up the account, then try again.")),
    4028: (
        N_("the free calls of this account are used up"),
        N_("Upgrade the account: the free quota does not come back."),
    ),
    4100: (N_("the token is wrong or has expired"), _NEW_TOKEN),
    4101: (
        N_("the token lacks a right for this"),
        N_(
            "Give it the permission (for a chat at least chat, getChat, listMessage) and the bot's workspace."
        ),
    ),
    4102: (N_("risk control has stopped the request"), N_("Try again later; if it stays, report the logid.")),
    4104: (N_("the chat cannot be cancelled any more"), _NOTHING),
    4105: (N_("the text holds sensitive content"), N_("Change the text, then send it again.")),
    4200: (N_("it does not exist or is not published"), N_("Check the id, and publish it in the editor.")),
    4201: (N_("it is there already"), _NOTHING),
    4300: (N_("the file is empty"), N_("Choose another file.")),
    4301: (N_("only one file can be sent at a time"), N_("Send the files one by one.")),
    4302: (N_("the file is too large"), N_("The limit is 512 MB a file; choose a smaller one.")),
    4303: (N_("files of this kind are not taken"), N_("Convert the file, or choose another one.")),
    4304: (N_("the file is broken"), N_("Open it on this machine to check it, then send it again.")),
    4314: (N_("there is no such run of the workflow"), _NEW_CONVERSATION),
    4315: (N_("the run of the workflow is already over"), _NEW_CONVERSATION),
    5000: (N_("the server has failed"), _REPORT),
    700012006: (N_("the token is wrong or has expired"), _NEW_TOKEN),
    700012014: (N_("unusual traffic was noticed"), N_("Slow down: wait a few minutes, then try again.")),
    # coze-studio
    103000000: (
        N_("a parameter is not valid"),
        N_("Check the ids, the variables and the parameters that you have set."),
    ),
    103000001: (
        N_("this is not allowed: the conversation belongs to another bot or user"),
        _NEW_CONVERSATION,
    ),
    103000002: (N_("there is no such conversation"), _NEW_CONVERSATION),
    103100001: (N_("the run has failed"), _REPORT),
    103100002: (N_("there is no such bot, or it is not published to the API channel"), _PUBLISH),
    103200001: (N_("there is no such message"), _NEW_CONVERSATION),
    103200002: (
        N_("the run has failed inside the server"),
        N_("Look into the server's log; in debug mode it tells more."),
    ),
    103200003: (N_("there is no record of this run"), _NEW_CONVERSATION),
    103200004: (N_("no chatflow is configured for this"), _FIX_WORKFLOW),
    103200005: (N_("the chat cannot be cancelled any more"), _NOTHING),
    100000013: (
        N_("no model is configured"),
        N_("Configure a model in the studio and choose it in the bot's editor."),
    ),
    # workflows
    720702001: (N_("a parameter of the workflow is not valid"), _FIX_WORKFLOW),
    720702002: (
        N_("a parameter of the workflow is missing"),
        N_("Set it in `parameters` in the settings, or give it a default in the editor."),
    ),
    720702004: (N_("there is no such workflow"), N_("Check that the bot's workflow still exists.")),
    720702011: (
        N_("the workflow is not published"),
        N_("Publish the workflow in the editor, then try again."),
    ),
    720702078: (N_("the workflow asks something that it cannot ask here"), _FIX_WORKFLOW),
    720702085: (N_("the workflow took too long"), N_("Try again, or make the workflow shorter.")),
    720701013: (N_("the workflow has failed"), _FIX_WORKFLOW),
    777777775: (N_("a node of the workflow has failed"), _FIX_WORKFLOW),
    777777776: (N_("a node of the workflow took too long"), N_("Try again, or make the workflow shorter.")),
    777777777: (N_("the workflow was cancelled by the user"), _NOTHING),
    6031: (N_("the workflow is not published"), N_("Publish the workflow in the editor, then try again.")),
    6039: (N_("the workflow has failed"), _FIX_WORKFLOW),
    6023: (N_("the workflow has failed"), _FIX_WORKFLOW),
}

_BY_WORD: Mapping[str, tuple[str, str]] = {
    # OAuth's own (api 1.4)
    "access_denied": (N_("the login was refused in the browser"), N_("Begin again, and agree there.")),
    "access_deny": (N_("the login was refused in the browser"), N_("Begin again, and agree there.")),
    "expired_token": (
        N_("the code was not used in time"),
        N_("Begin again: a code lives for a few minutes."),
    ),
    "invalid_client": (
        N_("there is no such OAuth app"),
        N_("Check the client id and the site; the app's type must be the one for devices."),
    ),
    "invalid_grant": (N_("the login is no longer valid"), N_("Log in again with `coze-tui login --device`.")),
    "invalid_request": (N_("the login was asked for in a wrong way"), N_("Check the client id.")),
    "unsupported_grant_type": (
        N_("the OAuth app does not take this kind of login"),
        N_("Make an app of the type for devices."),
    ),
}

_UPLOADS = range(104000000, 104000100)

_BY_STATUS: Mapping[int, tuple[str, str]] = {
    400: (N_("the server does not accept the request"), N_("Check the bot id and the address of the site.")),
    401: (N_("the token is wrong or has expired"), _NEW_TOKEN),
    403: (N_("the server refuses the request"), N_("Check the token's permissions, the site and the proxy.")),
    404: (N_("there is nothing at this address"), N_("Check the address of the site: is it the API's?")),
    408: (N_("the server waited too long for the request"), _LATER),
    413: (N_("the request is too large"), N_("Send less at a time.")),
    429: (N_("too many requests"), _LATER),
    500: (N_("the server has failed"), _REPORT),
    502: (N_("a gateway before the server has failed"), _LATER),
    503: (N_("the service is not available now"), _LATER),
    504: (N_("the server did not answer its gateway in time"), _LATER),
}


def known_codes() -> frozenset[int]:
    """The codes of Coze, the studio and workflows that have a sentence of their own."""
    return frozenset(_BY_CODE)


def _for_api_error(error: ApiError, base_url: str) -> Advice:
    known = _BY_WORD.get(error.msg) if error.code <= 0 else _BY_CODE.get(error.code)
    if isinstance(error, NotServedError):
        known = (N_("this server does not offer that"), _NOTHING)
    if known is None and error.code in _UPLOADS:
        known = (N_("the upload has failed"), N_("Try again; if it stays, try another file."))
    if known is None and error.code == error.http_status:
        known = _BY_STATUS.get(error.code)
    msg, logid = _outside(error.msg), _outside(error.logid)
    if known is None:
        title, what, do = _unknown(error, msg)
    else:
        title, what, do = _(known[0]), _quoted(msg), _(known[1])
    if error.retry_after is not None:
        do = _("The server asks to wait {seconds} s before the next try.").format(
            seconds=round(max(error.retry_after, 0))
        )
    if isinstance(error, AuthError):
        do = _joined(do, _other_site_hint(base_url))
    number = "" if error.code <= 0 else _("{code} — {title}").format(code=error.code, title=title)
    return Advice(number or title, what, do, logid, error.code)


def _unknown(error: ApiError, msg: str) -> tuple[str, str, str]:
    match error:
        case AuthError():
            do = _(_NEW_TOKEN)
        case BusyError():
            do = _("Wait for it, cancel it, or start a new conversation.")
        case QuotaError():
            do = _(_LATER)
        case NotFoundError():
            do = _("Check the id and the address of the site.")
        case _:
            do = _(_REPORT)
    return msg or _("the server gave no reason"), "", do


def _other_site_hint(base_url: str) -> str:
    other = other_site(base_url)
    if not other:
        return ""
    return _(
        "A token of one site is useless on the other: perhaps it is for {other} (try --base-url {other})."
    ).format(other=other)


# --- the way to Coze ---


def _for_transport_error(error: TransportError) -> Advice:
    detail, url = _outside(error.detail), _outside(error.url)
    if isinstance(error, StreamCut):
        return Advice(
            _("the answer was cut off before its end"),
            _quoted(detail),
            _("What had come is kept. The bot may have gone on: recover the answer instead of asking again."),
        )
    place = url or _("the server")
    match error.kind:
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
            assert_never(error.kind)
    return Advice(title, _quoted(detail), do)


def _for_protocol_error(error: ProtocolError) -> Advice:
    problem = _outside(error.problem)
    titles: Mapping[str, str] = {
        "html": _("the server answered with a web page"),
        "empty": _("the server answered with nothing"),
        "redirect": _("the server wants to send us elsewhere, which is not followed with a token"),
        "compressed": _("the server compressed the event stream, which was not asked for"),
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
    if error.http_status != 200:
        facts.append(f"HTTP {error.http_status}")
    excerpt = _outside(error.excerpt)
    if excerpt:
        facts.append(excerpt)
    check = _(
        "Check the address of the site (the API's, not the web page's), and any proxy or portal between."
    )
    return Advice(
        title or _("the server sent something that Coze does not send"),
        _quoted(", ".join(facts)),
        _joined(_(_LATER), check) if error.http_status >= 500 else check,
        _outside(error.logid),
    )


# --- this machine ---


def _for_credentials_error(error: CredentialsError) -> Advice:
    source = _outside(error.source)
    match error.reason:
        case "missing" if source:
            return Advice(
                _("there is no token in {source}").format(source=source),
                do=_("Put the token there, or run `coze-tui login`."),
            )
        case "missing":
            return Advice(
                _("there is no token"),
                do=_("Run `coze-tui login`, or set COZE_API_TOKEN. `coze-tui demo` shows all without one."),
            )
        case "unreadable":
            return Advice(
                _("the token cannot be read from {source}").format(source=source),
                do=_(
                    "Check that the file is there, is yours and is not a link; or run `coze-tui login` again."
                ),
            )
        case "malformed":
            return Advice(
                _("what is in {source} is no token").format(source=source or _("the input")),
                _("It holds a line break, a space, or characters that no token has."),
                _("Copy the token again, all of it and nothing else."),
            )
        case "command":
            return Advice(
                _("the command {source} gave no token").format(source=source),
                do=_("Run `token_command` by hand: it must print the token and end with status 0."),
            )
        case _:
            assert_never(error.reason)


def _for_settings_error(error: SettingsError) -> Advice:
    source, key = _outside(error.source), _outside(error.key)
    place = _("{file}, line {line}").format(file=source, line=error.line) if error.line else source
    if key:
        place = f"{place}, `{key}`"
    suggestion = _outside(error.suggestion)
    return Advice(
        _("{place}: {problem}").format(place=place, problem=_outside(error.problem)),
        do=_("Did you mean `{suggestion}`?").format(suggestion=suggestion) if suggestion else "",
    )


def _for_store_error(error: StoreError) -> Advice:
    path, detail = _outside(error.path), _outside(error.detail)
    what = _quoted(": ".join(part for part in (path, detail) if part))
    unsaved = _("Until then chats are not saved.")
    match error.kind:
        case "full":
            return Advice(_("the disk is full"), what, _joined(_("Make room on it."), unsaved))
        case "readonly":
            return Advice(
                _("the history cannot be written"),
                what,
                _joined(_("Make the folder writable, or set COZE_TUI_HOME to one that is."), unsaved),
            )
        case "locked":
            return Advice(
                _("the history is locked by another program"),
                what,
                _joined(_("End the other program."), unsaved),
            )
        case "damaged":
            return Advice(
                _("the history is damaged"),
                what,
                _("The damaged file was set aside, not deleted; what can be read of it is taken over."),
            )
        case "newer":
            return Advice(
                _("the history was written by a newer coze-tui"),
                what,
                _joined(_("Update coze-tui, or set COZE_TUI_HOME to another folder."), unsaved),
            )
        case "unreadable":
            return Advice(
                _("a file of coze-tui cannot be read or written"), what, _("Check its owner and mode.")
            )
        case "other":
            return Advice(_("the history does not work"), what, unsaved)
        case _:
            assert_never(error.kind)


# --- putting sentences together ---


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "！", "？", "…")) else text + _(".")


def _quoted(text: str) -> str:
    return _sentence(_("Details: {text}").format(text=text)) if text else ""


def _outside(text: str) -> str:
    """Text of a server, a library or a file: clean, on one line, and never a flood."""
    line = clean_line(text).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _for_tool_command_error(error: ToolCommandError) -> Advice:
    command = _outside(error.command)
    match error.reason:
        case "unusable":
            return Advice(
                _("{command} cannot be run: {reason}").format(command=command, reason=_outside(error.detail)),
                do=_("Check `tools` in the settings."),
            )
        case "failed" if error.status < 0:
            title = _("{command} was ended by signal {number}")
            return Advice(title.format(command=command, number=-error.status), _outside(error.detail))
        case "failed":
            title = _("{command} ended with status {number}")
            return Advice(title.format(command=command, number=error.status), _outside(error.detail))
        case "too large":
            return Advice(_("{command} prints more than a bot can take").format(command=command))


def _for_attachment_error(error: AttachmentError) -> Advice:
    title = _("the file {path} cannot be sent").format(path=_outside(error.path))
    match error.reason:
        case "empty":
            return Advice(title, _("It is empty."))
        case "too large":
            return Advice(title, _("It is larger than 512 MB, which is the most that Coze takes."))
        case reason:
            return Advice(title, _outside(reason), _("Check the path and who may read it."))


def _for_file_error(error: FileError) -> Advice:
    path, detail = _outside(error.path), _outside(error.detail)
    place = _("{file}, line {line}").format(file=path, line=error.line) if error.line else path
    again = _("Nothing of it was imported. Export it again.")
    match error.reason:
        case "unreadable":
            return Advice(_("{place}: cannot be read").format(place=place), _quoted(detail))
        case "unwritable":
            return Advice(_("{place}: cannot be written").format(place=place), _quoted(detail))
        case "empty":
            return Advice(_("{place}: there is nothing in it").format(place=place))
        case "foreign":
            return Advice(
                _("{place}: neither an export nor a capture of coze-tui").format(place=place),
                _quoted(detail),
                _("JSON lines (.jsonl) and captures (.sse) can be imported."),
            )
        case "for reading":
            return Advice(
                _("{place}: this export is for people to read").format(place=place),
                do=_("JSON lines (.jsonl) and captures (.sse) can be imported."),
            )
        case "newer":
            return Advice(
                _("{place}: written by a newer coze-tui").format(place=place),
                _quoted(detail),
                _("Update coze-tui, then import it."),
            )
        case "cut":
            return Advice(_("{place}: the end is missing").format(place=place), _quoted(detail), again)
        case "bad line":
            return Advice(
                _("{place}: this is not what coze-tui writes").format(place=place), _quoted(detail), again
            )
        case "too large":
            return Advice(
                _("{place}: larger than anything coze-tui writes").format(place=place), _quoted(detail)
            )
        case _:
            assert_never(error.reason)
