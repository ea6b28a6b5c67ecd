"""Explanations for codes of Coze, error codes of OAuth and HTTP statuses (docs/wire.md 1.4, 5.1, 5.2).

Each has a title and a next step in English, which are translated when they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.diagnostics.meanings import Meaning, meaning_of
from coze_tui.errors import ApiError, NotServedError
from coze_tui.text.i18n import N_

Sentences = tuple[str, str]
"""The problem as a clause, and the next step, which may be empty."""

NEW_TOKEN = N_("Log in again with `coze-tui login`, or set COZE_API_TOKEN to a valid token.")
_TOKEN_OR_PROXY = N_(
    "Log in again with `coze-tui login`, or set COZE_API_TOKEN to a valid token. "
    "Check the site and the proxy, too."
)
_PUBLISH = N_("In the editor, choose Publish, tick “API”, and try again.")
_CHECK_BOT = N_("Check the bot ID and the site; the token must have access to this bot.")
_NEW_CONVERSATION = N_("Start a new conversation.")
LATER = N_("Try again later.")
_FIX_WORKFLOW = N_("Fix the workflow in the editor, test-run and publish it, then try again.")
REPORT = N_("Try again. If it keeps happening, report the logid to Coze support.")
REPORT_TO_OWN = N_("Try again. If it keeps happening, look up the logid in that server's logs.")
_REQUEST = N_("This is probably a bug in coze-tui; please report it with this message and the logid.")
_NOTHING = ""

_BY_CODE: Mapping[int, Sentences] = {
    4000: (
        N_("invalid parameter"),
        N_("Check the IDs, variables and parameters in your settings."),
    ),
    4001: (N_("no such chat, or you have no access to it"), _NEW_CONVERSATION),
    4002: (N_("no such conversation, or you have no access to it"), _NEW_CONVERSATION),
    4003: (N_("invalid metadata in the request"), _REQUEST),
    4004: (N_("invalid messages in the request"), _NEW_CONVERSATION),
    4005: (N_("invalid message"), N_("Change the text or the attachment, then send it again.")),
    4006: (N_("no such bot, or you have no access to it"), _CHECK_BOT),
    4007: (N_("without streaming, the chat history must be saved"), _REQUEST),
    4008: (
        N_("this bot has reached its limit for today"),
        N_("Try again tomorrow, or raise the limit on the platform."),
    ),
    4009: (N_("the service is busy"), LATER),
    4010: (
        N_("the conversation is too long for the model"),
        N_("Shorten the message, or clear the context with /clear."),
    ),
    4011: (N_("the account has run out of Coze tokens"), N_("Top up the account, then try again.")),
    4012: (
        N_("the bot's model is no longer available"),
        N_("Choose another model in the editor and publish the bot."),
    ),
    4013: (N_("the model failed"), N_("Wait a few seconds and try again.")),
    4014: (N_("the bot cannot answer this"), N_("Try rephrasing the question.")),
    4015: (N_("this bot is not published to the API channel"), _PUBLISH),
    4016: (
        N_("a chat is still running in this conversation"),
        N_("Wait for it to finish, cancel it, or start a new conversation."),
    ),
    4019: (N_("the Volcano Engine account has an unpaid balance"), N_("Top up the account, then try again.")),
    4020: (N_("the account has reached its requests-per-minute limit"), N_("Wait a minute, then try again.")),
    4021: (N_("the bot's workflow is not configured"), _FIX_WORKFLOW),
    4022: (N_("the model account has an unpaid balance"), N_("Top up the account, then try again.")),
    4028: (
        N_("the free calls of this account are used up"),
        N_("Upgrade the account; the free quota is not renewed."),
    ),
    4100: (N_("the token is invalid or has expired"), NEW_TOKEN),
    4101: (
        N_("the token lacks a permission"),
        N_(
            "Grant the token permissions (at least chat, getChat and listMessage to chat) and access "
            "to the bot's workspace."
        ),
    ),
    4102: (
        N_("the request was blocked by risk control"),
        N_("Try again later. If it keeps happening, report the logid."),
    ),
    4104: (N_("the chat cannot be canceled any more"), _NOTHING),
    4105: (N_("the text contains sensitive content"), N_("Change the text, then send it again.")),
    4200: (N_("it does not exist or is not published"), N_("Check the ID, and publish it in the editor.")),
    4201: (N_("it already exists"), _NOTHING),
    4300: (N_("the file is empty"), N_("Choose another file.")),
    4301: (N_("only one file can be sent at a time"), N_("Send the files one by one.")),
    4302: (N_("the file is too large"), N_("Choose a file of at most 512 MB.")),
    4303: (N_("this file type is not supported"), N_("Convert the file, or choose another one.")),
    4304: (N_("the file is damaged"), N_("Check that it opens on your computer, then send it again.")),
    4314: (N_("no such workflow run"), _NEW_CONVERSATION),
    4315: (N_("the workflow run has already ended"), _NEW_CONVERSATION),
    5000: (N_("the server failed"), REPORT),
    700012006: (N_("the token is invalid or has expired"), NEW_TOKEN),
    700012014: (N_("unusual traffic detected"), N_("Wait a few minutes, then try again.")),
    700012054: (
        N_("this bot is not published, or the token may not use it"),
        N_("Publish the bot to the API channel, and check the token's permissions and workspace."),
    ),
    702240010: (
        N_("too many requests from this IP address"),
        N_("Wait a few minutes, then try again."),
    ),
    # coze-studio
    103000000: (
        N_("invalid parameter"),
        N_("Check the IDs, variables and parameters in your settings."),
    ),
    103000001: (
        N_("this is not allowed: the conversation belongs to another bot or user"),
        _NEW_CONVERSATION,
    ),
    103000002: (N_("no such conversation"), _NEW_CONVERSATION),
    103100001: (N_("the run failed"), REPORT),
    103100002: (N_("no such bot, or it is not published to the API channel"), _PUBLISH),
    103200001: (N_("no such message"), _NEW_CONVERSATION),
    103200002: (
        N_("the run failed on the server"),
        N_("Check the server's log; debug mode gives more detail."),
    ),
    103200003: (N_("no record of this run"), _NEW_CONVERSATION),
    103200004: (N_("no chatflow is configured"), _FIX_WORKFLOW),
    103200005: (N_("the chat cannot be canceled any more"), _NOTHING),
    100000013: (
        N_("no model is configured"),
        N_("Configure a model in the studio and choose it in the bot's editor."),
    ),
    # workflows
    720702001: (N_("invalid workflow parameter"), _FIX_WORKFLOW),
    720702002: (
        N_("missing workflow parameter"),
        N_("Set it in `parameters` in the settings, or give it a default in the editor."),
    ),
    720702004: (N_("no such workflow"), N_("Check that the bot's workflow still exists.")),
    720702011: (
        N_("the workflow is not published"),
        N_("Publish the workflow in the editor, then try again."),
    ),
    720702078: (N_("the workflow asks a question, which is not supported here"), _FIX_WORKFLOW),
    720702085: (N_("the workflow timed out"), N_("Try again, or simplify the workflow.")),
    720701013: (N_("the workflow failed"), _FIX_WORKFLOW),
    777777775: (N_("a workflow node failed"), _FIX_WORKFLOW),
    777777776: (N_("a workflow node timed out"), N_("Try again, or simplify the workflow.")),
    777777777: (N_("the workflow was canceled by the user"), _NOTHING),
    6031: (N_("the workflow is not published"), N_("Publish the workflow in the editor, then try again.")),
    6039: (N_("the workflow failed"), _FIX_WORKFLOW),
    6023: (N_("the workflow failed"), _FIX_WORKFLOW),
}

_BY_WORD: Mapping[str, Sentences] = {
    # OAuth's own (docs/wire.md 1.4)
    "access_denied": (
        N_("the login was denied in the browser"),
        N_("Start again and approve it in the browser."),
    ),
    "access_deny": (
        N_("the login was denied in the browser"),
        N_("Start again and approve it in the browser."),
    ),
    "expired_token": (
        N_("the code has expired"),
        N_("Start again; a code is valid for a few minutes."),
    ),
    "invalid_client": (
        N_("no such OAuth app"),
        N_("Check the client ID and the site; the app must be of the device type."),
    ),
    "invalid_grant": (N_("the login has expired"), N_("Log in again with `coze-tui login --device`.")),
    "invalid_request": (N_("invalid login request"), N_("Check the client ID.")),
    "unsupported_grant_type": (
        N_("the OAuth app does not allow this kind of login"),
        N_("Create an OAuth app of the device type."),
    ),
}

_FILE = (
    N_("the file is not accepted"),
    N_("Check that the file extension matches the content, and that Coze accepts this file type."),
)
_NETWORK_LOGIN = (
    N_("the network requires a login"),
    N_("Log in to the network in a browser, then try again."),
)
_BY_MEANING: Mapping[Meaning, Sentences] = {
    "no conversation": (N_("no such conversation"), _NEW_CONVERSATION),
    "busy": _BY_CODE[4016],
    "too long": _BY_CODE[4010],
    "too many": (N_("too many requests"), LATER),
    "quota": (N_("the quota is used up"), N_("Top up the account, or raise the limit on the platform.")),
    "unpublished": (N_("it is not published"), _PUBLISH),
    "file": _FILE,
    "token": _BY_CODE[4100],
    "permission": (
        N_("the token lacks a permission"),
        N_("Check the token's permissions, the site and the proxy."),
    ),
    "network login": _NETWORK_LOGIN,
}
_GENERAL = frozenset({4000, 5000, 103000000, 103100001, 103200002, 720701013, 777777775, 6023, 6039})
"""Codes with several meanings: their messages are more specific than the code."""
_OF_THE_CALL = frozenset({"token", "permission"})
"""Meanings that general codes never have; such words there are those of a node or a plug-in."""

_BAD_IDS = N_("Check the conversation ID and the chat ID.")
_BY_CALL: Mapping[tuple[str, int], Sentences] = {
    ("/files/upload", 4000): _FILE,
    ("/v3/chat/retrieve", 4000): (N_("invalid parameter"), _BAD_IDS),
    ("/v3/chat/message/list", 4000): (N_("invalid parameter"), _BAD_IDS),
    ("/v3/chat/cancel", 4000): (N_("invalid parameter"), _BAD_IDS),
    ("/v3/chat/submit_tool_outputs", 4000): (
        N_("the outputs of the tools are not accepted"),
        N_("Ask the question again."),
    ),
    ("/v1/bots", 4000): (N_("invalid parameter"), N_("Check the workspace ID.")),
    ("/v1/conversations", 4000): (N_("invalid parameter"), _CHECK_BOT),
}
"""Explanations of codes with another meaning in these calls: the end of the path, and the code."""

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
    400: (N_("the server rejected the request"), N_("Check the bot ID and the site URL.")),
    401: (N_("the token is invalid or has expired"), _TOKEN_OR_PROXY),
    403: (N_("the server denied access"), N_("Check the token's permissions, the site and the proxy.")),
    404: (N_("nothing found at this URL"), N_("Check the site URL; it must be the API's.")),
    408: (N_("the server timed out waiting for the request"), LATER),
    413: (N_("the request is too large"), N_("Send less at once.")),
    422: (N_("the server rejected the request"), N_("Check the bot ID and the site URL.")),
    429: (N_("too many requests"), LATER),
    500: (N_("the server failed"), REPORT),
    502: (N_("a gateway in front of the server failed"), LATER),
    503: (N_("the service is temporarily unavailable"), LATER),
    504: (N_("the gateway timed out waiting for the server"), LATER),
    511: _NETWORK_LOGIN,
}
_ANYWHERE = frozenset({401, 403, 408, 413, 429, 500, 502, 503, 504, 511})
"""Statuses with the same meaning if a gateway sends them as a code, under another status or in an event."""


def sentences_for(error: ApiError) -> Sentences | None:
    """Return the explanation of an error, or None if only its own message can be shown."""
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
        return N_("the upload failed"), N_("Try again. If it keeps failing, try another file.")
    if error.code == error.http_status or error.code in _ANYWHERE:
        return _BY_STATUS.get(error.code)
    return None


def sentences_for_status(status: int) -> Sentences | None:
    """Return the explanation of an HTTP status, or None if there is none."""
    return _BY_STATUS.get(status)


def meaning_of_error(code: int, msg: str) -> Meaning | None:
    """Return the meaning of an error's message, or None if its code is specific or the message is unknown."""
    if code in _ANYWHERE or (code in _BY_CODE and code not in _GENERAL):
        return None
    meaning = meaning_of(msg)
    return None if code in _GENERAL and meaning in _OF_THE_CALL else meaning


def permission_for(path: str) -> str:
    """Return the name of the permission that a call needs; empty if unknown."""
    return next((name for end, name in _PERMISSIONS.items() if path.endswith(end)), "")


def _not_served(path: str) -> Sentences:
    if not path or path.endswith("/v3/chat"):  # the path of a stored chat is not known
        return (
            N_("this server does not provide /v3/chat"),
            N_("Check that the site URL is that of the API, and that this Coze Studio is recent enough."),
        )
    return N_("not supported by this server"), _NOTHING
