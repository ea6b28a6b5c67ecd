"""Sentences for each code of Coze, word of OAuth and HTTP status (docs/wire.md 1.4, 5.1, 5.2).

Each has a title and the next step in English, translated when they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.diagnostics.meanings import Meaning, meaning_of
from coze_tui.errors import ApiError, NotServedError
from coze_tui.text.i18n import N_

Sentences = tuple[str, str]
"""What has happened, as a clause, and what to do, which may be empty."""

NEW_TOKEN = N_("Log in again with `coze-tui login`, or set COZE_API_TOKEN to a valid token.")
_TOKEN_OR_PROXY = N_(
    "Log in again with `coze-tui login`, or set COZE_API_TOKEN to a valid token. "
    "Check the site and the proxy, too."
)
_PUBLISH = N_('In the editor: Publish → tick "API", then try again.')
_CHECK_BOT = N_("Check the bot id and the site: it must be a bot that this token may see.")
_NEW_CONVERSATION = N_("Start a new conversation.")
LATER = N_("Try again a little later.")
_FIX_WORKFLOW = N_("Fix the workflow in the editor, run it there once, publish it, then try again.")
REPORT = N_("Try once more; if it happens again, report it to Coze's support with the logid.")
REPORT_TO_OWN = N_("Try once more; if it happens again, look for the logid in the logs of that server.")
_REQUEST = N_("This is how coze-tui asked; please report it, with the message and the logid.")
_NOTHING = ""

_BY_CODE: Mapping[int, Sentences] = {
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
    4009: (N_("the service is busy"), LATER),
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
    4100: (N_("the token is wrong or has expired"), NEW_TOKEN),
    4101: (
        N_("the token lacks a right for this"),
        N_(
            "Give it the permission (for a chat at least chat, getChat, listMessage) and the bot's workspace."
        ),
    ),
    4102: (N_("risk control has stopped the request"), N_("Try again later; if it stays, report the logid.")),
    4104: (N_("the chat cannot be canceled any more"), _NOTHING),
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
    5000: (N_("the server has failed"), REPORT),
    700012006: (N_("the token is wrong or has expired"), NEW_TOKEN),
    700012014: (N_("unusual traffic was noticed"), N_("Slow down: wait a few minutes, then try again.")),
    700012054: (
        N_("this bot is not published, or the token may not use it"),
        N_("Publish the bot to the API channel, and check the token's permissions and workspace."),
    ),
    702240010: (
        N_("too many requests from this IP address"),
        N_("Slow down: wait a few minutes, then try again."),
    ),
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
    103100001: (N_("the run has failed"), REPORT),
    103100002: (N_("there is no such bot, or it is not published to the API channel"), _PUBLISH),
    103200001: (N_("there is no such message"), _NEW_CONVERSATION),
    103200002: (
        N_("the run has failed inside the server"),
        N_("Look into the server's log; in debug mode it tells more."),
    ),
    103200003: (N_("there is no record of this run"), _NEW_CONVERSATION),
    103200004: (N_("no chatflow is configured for this"), _FIX_WORKFLOW),
    103200005: (N_("the chat cannot be canceled any more"), _NOTHING),
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
    777777777: (N_("the workflow was canceled by the user"), _NOTHING),
    6031: (N_("the workflow is not published"), N_("Publish the workflow in the editor, then try again.")),
    6039: (N_("the workflow has failed"), _FIX_WORKFLOW),
    6023: (N_("the workflow has failed"), _FIX_WORKFLOW),
}

_BY_WORD: Mapping[str, Sentences] = {
    # OAuth's own (docs/wire.md 1.4)
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

_FILE = (
    N_("the file is not accepted"),
    N_("Check that its ending fits its content, and that Coze accepts files of this kind."),
)
_BY_MEANING: Mapping[Meaning, Sentences] = {
    "no conversation": (N_("there is no such conversation"), _NEW_CONVERSATION),
    "busy": _BY_CODE[4016],
    "too long": _BY_CODE[4010],
    "too many": (N_("too many requests"), LATER),
    "quota": (N_("a quota is used up"), N_("Top up the account, or raise the limit on the platform.")),
    "unpublished": (N_("it is not published"), _PUBLISH),
    "file": _FILE,
    "token": _BY_CODE[4100],
    "permission": (
        N_("the token lacks a right for this"),
        N_("Check the token's permissions, the site and the proxy."),
    ),
}
_GENERAL = frozenset({4000, 5000, 103000000, 103100001, 103200002, 720701013, 777777775, 6023, 6039})
"""Codes of the table under which different things are reported: the words say more than the number."""
_OF_THE_CALL = frozenset({"token", "permission"})
"""Meanings that the general codes do not have: there the words are those of a node or a plug-in."""

_BAD_IDS = N_("Check the conversation ID and the chat ID.")
_BY_CALL: Mapping[tuple[str, int], Sentences] = {
    ("/files/upload", 4000): _FILE,
    ("/v3/chat/retrieve", 4000): (N_("a parameter is not valid"), _BAD_IDS),
    ("/v3/chat/message/list", 4000): (N_("a parameter is not valid"), _BAD_IDS),
    ("/v3/chat/cancel", 4000): (N_("a parameter is not valid"), _BAD_IDS),
    ("/v3/chat/submit_tool_outputs", 4000): (
        N_("the outputs of the tools are not accepted"),
        N_("Ask the question again."),
    ),
    ("/v1/bots", 4000): (N_("a parameter is not valid"), N_("Check the workspace ID.")),
    ("/v1/conversations", 4000): (N_("a parameter is not valid"), _CHECK_BOT),
}
"""Sentences for codes that mean something else in these calls: the end of the path, and the code."""

_PERMISSIONS: Mapping[str, str] = {
    "/v3/chat": "chat",
    "/v3/chat/retrieve": "getChat",
    "/message/list": "listMessage",
    "/v3/chat/cancel": "cancelChat",
    "/v3/chat/submit_tool_outputs": "submitToolChat",
    "/files/upload": "uploadFile",
    "/v1/bots": "listBot",
    "/v1/conversations": "listConversation",
    "/v1/workspaces": "listWorkspace",
}
"""The permission that a call needs, by the end of its path (docs/wire.md 1.3)."""

_UPLOADS = range(104000000, 104000100)

_BY_STATUS: Mapping[int, Sentences] = {
    400: (N_("the server does not accept the request"), N_("Check the bot id and the address of the site.")),
    401: (N_("the token is wrong or has expired"), _TOKEN_OR_PROXY),
    403: (N_("the server refuses the request"), N_("Check the token's permissions, the site and the proxy.")),
    404: (N_("there is nothing at this address"), N_("Check the address of the site: is it the API's?")),
    408: (N_("the server waited too long for the request"), LATER),
    413: (N_("the request is too large"), N_("Send less at a time.")),
    422: (N_("the server does not accept the request"), N_("Check the bot id and the address of the site.")),
    429: (N_("too many requests"), LATER),
    500: (N_("the server has failed"), REPORT),
    502: (N_("a gateway before the server has failed"), LATER),
    503: (N_("the service is not available now"), LATER),
    504: (N_("the server did not answer its gateway in time"), LATER),
    511: (N_("the network asks for a login"), N_("Log in to the network in a browser, then try again.")),
}
_ANYWHERE = frozenset({401, 403, 408, 413, 429, 500, 502, 503, 504, 511})
"""Statuses that mean the same if a gateway sends them as a code, under another status or in an event."""


def sentences_for(error: ApiError) -> Sentences | None:
    """Return the sentences for an error, or None if only its own words can be shown."""
    if isinstance(error, NotServedError):
        return _not_served(error.path)
    if error.code <= 0 and error.msg in _BY_WORD:
        return _BY_WORD[error.msg]
    for (path, code), sentences in _BY_CALL.items():
        if code == error.code and error.path.endswith(path):
            return sentences
    if meaning := meaning_of_error(error.code, error.msg):
        return _BY_MEANING[meaning]
    if known := _BY_CODE.get(error.code):
        return known
    if error.code in _UPLOADS:
        return N_("the upload has failed"), N_("Try again; if it stays, try another file.")
    if error.code == error.http_status or error.code in _ANYWHERE:
        return _BY_STATUS.get(error.code)
    return None


def sentences_for_status(status: int) -> Sentences | None:
    """Return the sentences for an HTTP status, or None if there are none."""
    return _BY_STATUS.get(status)


def meaning_of_error(code: int, msg: str) -> Meaning | None:
    """Return what the words of an error mean, or None if its code says it, or if they are not known."""
    if code in _ANYWHERE or (code in _BY_CODE and code not in _GENERAL):
        return None
    meaning = meaning_of(msg)
    return None if code in _GENERAL and meaning in _OF_THE_CALL else meaning


def permission_for(path: str) -> str:
    """Return the name of the permission that a call needs; empty if it is not known."""
    return next((name for end, name in _PERMISSIONS.items() if path.endswith(end)), "")


def _not_served(path: str) -> Sentences:
    if not path or path.endswith("/v3/chat"):  # that of a stored chat is not known
        return (
            N_("/v3/chat is not served here"),
            N_("Check the address of the site: is it the API's, and is the studio new enough?"),
        )
    return N_("this server does not offer that"), _NOTHING
