"""A chat's request as a curl command, as a Python program with cozepy, or as `coze-tui ask`. Pure.

Each command can be pasted into bash, zsh, fish and dash, whatever the question is. It contains the variable
COZE_API_TOKEN, never the token. No text in it can control the terminal that shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Literal, assert_never

from coze_tui.api.chats import ChatRequest
from coze_tui.config.addresses import COZE_CN, COZE_COM, base_url_of_site
from coze_tui.config.child_environment import TOKEN_VARIABLE
from coze_tui.config.settings import Settings, variable_of
from coze_tui.engine.session.requests import request_for
from coze_tui.errors import SettingsError
from coze_tui.store.records import ChatRecord
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.i18n import _

Form = Literal["curl", "python", "ask"]

_LONGEST_ARGUMENT = 100_000
"""Bytes: Linux accepts no argument of 128 kB. The shell's built-in printf has no such limit."""
_LONGEST_LINE = 3_000
"""Bytes: without a line editor, as in dash, a terminal cuts input lines after 4,095."""
_PIECE = 250
"""Characters of a long text on one line."""
_BARE = re.compile(r"[A-Za-z0-9_./:][A-Za-z0-9_./:-]*")
"""Matches a word that no shell changes."""
_UNQUOTED = re.compile(r"(\\\\+|\\(?=['!]|\Z)|'+)")
"""Matches single quotes, and backslashes before which fish would see another backslash, a quote or `!`."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def request_from(record: ChatRecord, settings: Settings) -> tuple[str, ChatRequest]:
    """Return the base URL and a request that asks the question of a past chat again, in a new conversation.

    The request goes to the site in use, because the token goes with it, and a capture may come from anyone.
    The bot is the chat's, if known.

    Raises:
        SettingsError: the chat names a server that is neither the one in use nor a site of Coze.
    """
    if not _is_of_site_in_use(record, settings) and base_url_of_site(record.site) not in (COZE_CN, COZE_COM):
        problem = _(
            "is the server of the chat, but the site in use is {site}. A chat cannot choose where the token "
            "goes: if you trust the server, name it with --base-url or use a profile for it"
        )
        raise SettingsError(problem.format(site=settings.site), source=clean_line(record.site))
    return settings.base_url, request_for(record.question, settings, bot_id=record.bot_id)


def site_warning(record: ChatRecord, settings: Settings) -> str:
    """Return a warning if `request_from` chooses another site than the chat names, or an empty string."""
    if _is_of_site_in_use(record, settings):
        return ""
    warning = _("The chat was on {other}; this request goes to {site}, the site in use.")
    return warning.format(other=clean_line(record.site), site=settings.site)


def _is_of_site_in_use(record: ChatRecord, settings: Settings) -> bool:
    return record.site in ("", settings.site) or base_url_of_site(record.site) == settings.base_url


def as_command(form: Form, base_url: str, request: ChatRequest) -> str:
    """Return the request in one of the forms, with a final line end."""
    match form:
        case "curl":
            return as_curl(base_url, request)
        case "python":
            return as_python(base_url, request)
        case "ask":
            return as_ask(base_url, request)
        case _:
            assert_never(form)


def as_curl(base_url: str, request: ChatRequest) -> str:
    """Return a curl command that sends the same request as coze-tui (docs/wire.md 2)."""
    body = _json(request.to_wire(stream=True))
    address = f"{base_url}/v3/chat"
    if request.conversation_id:
        address += f"?conversation_id={_percent(request.conversation_id)}"
    lines = [
        f"curl --no-buffer --silent --show-error {_quoted(address)}",
        f'  --header "Authorization: Bearer ${TOKEN_VARIABLE}"',
        "  --header 'Content-Type: application/json'",
    ]
    word = _quoted(body)
    if _fits(word):
        return " \\\n".join([*lines, f"  --data-raw {word}"]) + "\n"
    return f"{_printed(body)} | " + " \\\n".join([*lines, "  --data-binary @-"]) + "\n"


def as_python(base_url: str, request: ChatRequest) -> str:
    """Return a program that prints the answer while it arrives."""
    arguments = [f"bot_id={_literal(request.bot_id)}", f"user_id={_literal(request.user_id)}"]
    if request.conversation_id:
        arguments.append(f"conversation_id={_literal(request.conversation_id)}")
    question = _literal(request.question)
    arguments.append(f"additional_messages=[Message.build_user_question_text({question})]")
    if request.custom_variables:
        arguments.append(f"custom_variables={_literal(dict(request.custom_variables))}")
    if request.parameters:
        arguments.append(f"parameters={_literal(dict(request.parameters))}")
    unsent = [name for name in ("publish_status", "connector_id") if getattr(request, name)]
    notes = [f"# cozepy has no way to send {name}; this asks without it.\n" for name in unsent]
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"""\
# pip install cozepy
import os

from cozepy import ChatEventType, Coze, Message, TokenAuth

{"".join(notes)}coze = Coze(auth=TokenAuth(os.environ["{TOKEN_VARIABLE}"]), base_url={_literal(base_url)})
for event in coze.chat.stream(
{lines}):
    if event.event == ChatEventType.CONVERSATION_MESSAGE_DELTA:
        print(event.message.content, end="", flush=True)
    elif event.event == ChatEventType.CONVERSATION_CHAT_FAILED:
        raise SystemExit(f"the chat failed: {{event.chat.last_error}}")

print()
"""


def as_ask(base_url: str, request: ChatRequest) -> str:
    """Return a command line that asks the same question with coze-tui."""
    wire = {
        "publish_status": request.publish_status,
        "connector_id": request.connector_id,
        "custom_variables": _json(request.custom_variables) if request.custom_variables else "",
        "parameters": _json(request.parameters) if request.parameters else "",
    }
    variables = [f"{variable_of(name)}={_quoted(value)}" for name, value in wire.items() if value]
    options = {
        "--base-url": base_url,
        "--bot": request.bot_id,
        "--user": request.user_id,
        "--conversation": request.conversation_id,
    }
    words = [*variables, "coze-tui ask"]
    words += [f"{name} {_quoted(value)}" for name, value in options.items() if value]
    word = _quoted(request.question)
    if _fits(word):
        return " ".join([*words, "--", word]) + "\n"
    return f"{_printed(request.question)} | {' '.join(words)}\n"


# --- quoting ---


def _mended(text: str) -> str:
    """Return the text without lone surrogates and NUL, which requests and arguments cannot contain."""
    return _SURROGATE.sub("\ufffd", text).replace("\0", "")


def _json(value: Mapping[str, object]) -> str:
    """Return JSON on one line, in ASCII if a terminal would not show it verbatim."""
    text = _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    if not _is_plain(text):
        text = json.dumps(json.loads(text), separators=(",", ":"))
    return text


def _quoted(text: str) -> str:
    """Return the text as one word that bash, zsh, fish and dash read in the same way.

    Uses single quotes, also around line ends, and double quotes for characters that single quotes cannot
    contain. A text that a terminal would not show verbatim is printed by printf.
    """
    text = _mended(text)
    if _BARE.fullmatch(text):
        return text
    if not _is_plain(text.replace("\n", "")):
        return _by_printf(text)
    parts = [
        (f"'{part}'" if part else "") if number % 2 == 0 else '"' + part.replace("\\", "\\\\") + '"'
        for number, part in enumerate(_UNQUOTED.split(text))
    ]
    word = "".join(parts) or "''"
    if "\n" in text:
        # Interactive bash before 5 expands `!` as history, even within quotes that span several lines.
        word = word.replace("!", "'\\!'")
    return word


def _by_printf(text: str) -> str:
    body = text.rstrip("\n")  # a shell removes the line ends from a command's output
    format_ = _octal(body, _is_literal)
    if not _is_plain(format_):  # many combining marks
        format_ = _octal(body, lambda character: character.isascii() and _is_literal(character))
    if format_.startswith("-"):  # printf would read it as an option
        format_ = f"\\055{format_[1:]}"
    line_ends = text[len(body) :]
    return f"\"$(printf '{format_}')\"" + (f"'{line_ends}'" if line_ends else "")


def _octal(text: str, is_literal: Callable[[str], bool]) -> str:
    """Return a format for printf, without any character that a shell might interpret."""
    return "".join(
        character if is_literal(character) else "".join(f"\\{byte:03o}" for byte in character.encode())
        for character in text
    )


def _is_literal(character: str) -> bool:
    return character not in "\\%'\"$`!" and _can_be_shown(character)


def _fits(word: str) -> bool:
    """Return whether a quoted word is short enough for an argument, and its lines for a terminal."""
    data = word.encode()
    return len(data) <= _LONGEST_ARGUMENT and all(len(line) <= _LONGEST_LINE for line in data.splitlines())


def _printed(text: str) -> str:
    """Return a command that prints a text of any length, on short lines."""
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    return " \\\n  ".join(["printf '%s'", *map(_quoted, pieces)])


def _literal(value: object) -> str:
    """Return the value as a Python literal."""
    mended = _mended_all(value)
    text = repr(mended)
    return text if _is_plain(text) else ascii(mended)


def _mended_all(value: object) -> object:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {str(_mended_all(key)): _mended_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended_all(item) for item in value]
    return value


def _is_plain(text: str) -> bool:
    """Return whether a terminal shows the text, and a shell accepts it, verbatim."""
    return all(map(_can_be_shown, text)) and clean(text) == text


def _can_be_shown(character: str) -> bool:
    return character.isprintable() or character in "\u3000\u200d"  # the wide space, and the joiner in emoji


def _percent(text: str) -> str:
    from urllib.parse import quote

    return quote(_mended(text), safe="")
