"""Reads error codes and messages from every known shape of JSON, without I/O (docs/wire.md 3.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from coze_tui.api.json_values import Json, int_of, items_of, mapping_of, text_of
from coze_tui.api.pages import is_page, status_in, words_of
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass

UNEXPLAINED = -1
"""The code of a failure if the server has sent none."""

_DEEPEST = 6
_MOST_ITEMS = 3
_LONGEST_EXCERPT = 200

# Keys in lower case, without `_` and `-`: servers write StatusCode, status_code and statusCode.
_CODES = (
    *("code", "errorcode", "errcode", "errno", "errorno", "coden", "statuscode", "retcode", "returncode"),
    *("resultcode", "ret", "status"),
)
_MESSAGES = (
    *("msg", "message", "errormessage", "errormsg", "errmsg", "errordescription", "errordesc"),
    *("statusmessage", "statusmsg", "retmsg", "returnmsg", "resultmsg", "faultstring", "failreason"),
    *("failedreason", "errorreason", "reason", "description", "info", "text"),
)
_TEXTS = ("detail", "error", "err", "errors", "details", "lasterror", "data", "title")
"""Keys that may contain the message itself, if there is none under its own name."""
_DETAILS = ("error", "err", "errors", "detail", "details")
"""Objects or lists whose message is shown next to that of the object that contains them."""
_WRAPPERS = ("lasterror", "responsemetadata", "baseresp", "data", "result", "response", "fault", "body")
"""Objects that are read first if the object that contains them has no message; then any other object is."""
_SUCCESSES = ("success", "ok", "issuccess", "succeeded")
_FAULTS = ("error", "errors", "err", "fault", "errorresponse")
_MOST_KEYS = 20
_NO_WORDS = frozenset({"true", "false", "error"})


@valueclass
class Complaint:
    """The code and the message of an error that a server reports."""

    code: int
    """0 if it is missing."""
    msg: str
    """Empty if it is missing; not cleaned."""


def complaint_of(value: object, text: str = "") -> Complaint:
    """Return code and message of an error in any of its shapes.

    Args:
        text: the text of the JSON value, which is the message if the value has none. An error page is reduced
            to its text; the status in it becomes the code.
    """
    code, msg, word = _read(value)
    if msg.startswith("{"):  # the JSON of an upstream server, passed on as text
        inner = _read(_json_or_none(msg))
        code, msg, word = (code or inner[0], inner[1], word or inner[2]) if inner[1] else (code, msg, word)
    if not (code or msg or word):
        if is_page(text) or (isinstance(value, str) and is_page(value)):
            words = words_of(text if is_page(text) else text_of(value))
            return Complaint(status_in(words), words)
        # An empty object has nothing to show.
        msg = clean_line(text.strip())[:_LONGEST_EXCERPT] if value or not isinstance(value, dict) else ""
    elif is_page(msg):
        msg = words_of(msg)
        code = code or status_in(msg)
    if word and word.casefold() not in msg.casefold():
        msg = f"{msg} ({word})" if msg else word
    return Complaint(code, msg)


def is_complaint(body: Json) -> bool:
    """Return whether an object reports an error by itself, whatever its HTTP status.

    It does with a code other than 0, with `success: false`, and with an error object, but not with a message
    alone. Code 0 means success whatever else the object contains (docs/wire.md 4), except `success: false`.
    """
    return _complains(body, 0)


def _complains(body: Json, depth: int) -> bool:
    keys = _plain(body)
    if any(text_of(keys.get(key)).lower() in ("false", "0") or keys.get(key) is False for key in _SUCCESSES):
        return True
    if (has_failed := _failed_by_code(keys)) is not None:
        return has_failed
    if any(keys.get(key) and isinstance(keys[key], str | Mapping | list) for key in _FAULTS):
        return True
    if bool(keys.get("error")) or text_of(keys.get("status")).lower() in ("error", "fail"):
        return bool(_read(body)[1])
    if any(int_of(keys.get(key)) for key in ("statuscode", "retcode", "returncode", "errno")):
        return depth > 0 or bool(_read(body)[1])
    inner = (mapping_of(keys.get(key)) for key in ("detail", *_WRAPPERS) if key != "lasterror")
    return depth < _DEEPEST and any(each and _complains(each, depth + 1) and _read(each)[1] for each in inner)


def _failed_by_code(keys: Json) -> bool | None:
    """Return whether the code is one of a failure; None if there is no code."""
    given = keys.get("code", keys.get("errorcode", keys.get("errcode")))
    if given is None or isinstance(given, Mapping | list | bool):
        return None
    return bool(int_of(given)) or (isinstance(given, str) and bool(given.strip("0 ")))


def is_message_without_data(body: Json) -> bool:
    """Return whether an object without a code contains a message and no data (docs/wire.md 5.1)."""
    keys = _plain(body)
    said = any(text_of(keys.get(key)) for key in ("msg", "message")) or _is_message(keys.get("detail"))
    return said and keys.get("code") is None and "data" not in keys


def _is_message(detail: object) -> bool:
    """Return whether a `detail` is a message; Coze's own contains only a logid."""
    return bool(_read(detail)[1])


def _read(value: object, depth: int = 0) -> tuple[int, str, str]:
    """Return the code, the message and the code word of a value; 0 and empty if there is none."""
    if depth > _DEEPEST:
        return 0, "", ""
    if isinstance(value, list):
        return _read_items(value, depth)
    if not isinstance(value, Mapping):
        return 0, text_of(value).strip() if isinstance(value, str) else "", ""
    keys = _plain(value)
    code, word = _code_in(keys)
    msg = next((found for key in _MESSAGES if (found := text_of(keys.get(key)).strip())), "")
    place = ".".join(text_of(part) for part in items_of(keys.get("loc")))  # FastAPI's
    msg = f"{place}: {msg}" if place and msg else msg
    for key in (*_MESSAGES, *_DETAILS):
        inner = keys.get(key)
        if isinstance(inner, Mapping | list):
            code, msg, word = _joined((code, msg, word), _read(inner, depth + 1))
    for key in _WRAPPERS:
        inner = keys.get(key)
        if msg or not isinstance(inner, Mapping):
            continue
        code_inside, msg, word_inside = _read(inner, depth + 1)
        code, word = code or code_inside, word or word_inside
    for key in _TEXTS:
        text = keys.get(key)
        if isinstance(text, str) and text.strip():
            if not msg:
                msg = text.strip()
            elif key in ("error", "err") and not word and text.strip().lower() not in _NO_WORDS:
                word = text.strip()
            elif key == "detail" and text.strip() not in msg:
                msg = f"{msg}: {text.strip()}"
    if not msg and not word:
        code_inside, msg, word = _read_anything(keys, depth)
        code = code or code_inside
    if not msg and not word:
        msg = _by_field(keys)
    return code, msg, word


def _by_field(keys: Json) -> str:
    """Return the messages of a form's check, as in `{"errors": {"bot_id": ["is required"]}}`."""
    for name in _DETAILS:
        fields = [*mapping_of(keys.get(name)).items()][:_MOST_ITEMS]
        # A text in any other object may be an ID, such as Coze's logid.
        texts = {
            field: _read(value)[1] for field, value in fields if isinstance(value, list) or name == "errors"
        }
        if said := "; ".join(f"{field}: {text}" for field, text in texts.items() if text):
            return said
    return ""


def _read_anything(keys: Json, depth: int) -> tuple[int, str, str]:
    """Return the code, the message and the code word in the first object that has a message."""
    for inner in [*keys.values()][:_MOST_KEYS]:
        value = _json_or_none(inner) if isinstance(inner, str) and inner.lstrip()[:1] == "{" else inner
        if isinstance(value, Mapping) or (
            isinstance(value, list) and value and isinstance(value[0], Mapping)
        ):
            found = _read(value, depth + 1)
            if found[1]:
                return found
    return 0, "", ""


def _read_items(items: list[object], depth: int) -> tuple[int, str, str]:
    found: tuple[int, str, str] = (0, "", "")
    msgs: list[str] = []
    for item in items[:_MOST_ITEMS]:
        code, msg, word = _read(item, depth + 1)
        found = (found[0] or code, "", found[2] or word)
        msgs += [msg] if msg and msg not in msgs else []
    return found[0], "; ".join(msgs), found[2]


def _joined(outer: tuple[int, str, str], inner: tuple[int, str, str]) -> tuple[int, str, str]:
    """Return both messages joined, the inner one second, with the first known code."""
    msgs = [outer[1]] if outer[1] else []
    if inner[1] and inner[1] not in outer[1]:
        msgs.append(inner[1])
    return outer[0] or inner[0], ": ".join(msgs), outer[2] or inner[2]


def _code_in(keys: Json) -> tuple[int, str]:
    """Return the first number and the first word among the fields for codes."""
    number, word = 0, ""
    for key in _CODES:
        given = keys.get(key)
        found = int_of(given)
        if key == "status" and not (400 <= found < 600 or (text_of(given).isupper() and not found)):
            continue  # for example "failed", or a flag
        number = number or found
        if isinstance(given, str) and not found and given.strip("0 ") and given.lower() not in _NO_WORDS:
            word = word or given.strip()
    return number, word


def _plain(body: Json) -> Json:
    """Return the object with its keys in lower case, without `_` and `-`; the first of equal keys counts."""
    plain: dict[str, object] = {}
    for key, value in body.items():
        plain.setdefault(key.lower().replace("_", "").replace("-", ""), value)
    return plain


def _json_or_none(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
