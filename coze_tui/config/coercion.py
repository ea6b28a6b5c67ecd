"""Reads setting values: typed ones from TOML, text from the environment and from options.

Each reader has a JSON Schema (draft 7) of the TOML values that it accepts. A schema may accept a value that
the reader refuses, because not every rule can be written as a schema, but never the other way around.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from coze_tui.config.addresses import AddressError, AddressFault, base_url_from_text, bot_from_text
from coze_tui.text.i18n import _, listed
from coze_tui.text.matching import nearest
from coze_tui.text.system_text import path_from


class WrongValueError(ValueError):
    """A value is not valid."""

    def __init__(self, problem: str, suggestion: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        """A translated predicate that reads after the name of the value, such as "must be a number"."""
        self.suggestion = suggestion
        """A value that would be accepted, or empty."""


_T = TypeVar("_T", covariant=True)
Schema = Mapping[str, object]
"""A JSON Schema, or a part of one."""


class SettingReader(Generic[_T]):
    """A function that reads one kind of value, with the schema of the values that it accepts.

    The function takes a value and the folder that relative paths start from, and raises WrongValueError.
    """

    def __init__(self, read: Callable[[object, Path], _T], schema: Schema) -> None:
        self._read = read
        self.schema = schema

    def __call__(self, value: object, folder: Path) -> _T:
        return self._read(value, folder)


def _reader(schema: Schema) -> Callable[[Callable[[object, Path], _T]], SettingReader[_T]]:
    """Return a decorator that turns a function into a reader."""
    return lambda read: SettingReader(read, schema)


def _refused(*patterns: str) -> Schema:
    """Return the schema of one line of text, or of a whole number, that matches none of the patterns."""
    pattern = "|".join((_CONTROLS, *patterns))
    return {"type": ["string", "integer"], "not": {"type": "string", "pattern": pattern}}


def _table_of(values: Schema) -> Schema:
    """Return the schema of a table with these values; a string may contain the same as JSON."""
    return {
        "anyOf": [
            {"type": "object", "additionalProperties": values},
            {"type": "string", "pattern": r"^\s*\{"},
        ]
    }


_LARGEST = 10**100
_DEEPEST = 64
"""The most levels in a table of any values; Python prints and sends a few hundred at most."""
_CONTROLS = r"[\u0000-\u001f\u007f-\u009f\u2028\u2029]"
_BLANK = r"^\s*$"
_TEXT = _refused()
_TRUTH = r"^\s*(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|[01])\s*$"
_NUMERAL = r"^\s*[+-]?[0-9_.]+(?:[eE][+-]?[0-9_]+)?\s*$"
_LOCAL_HOST = r"localhost|[a-z0-9.-]*\.localhost|127\.[0-9.]+|0\.0\.0\.0"
_COZE_HOST = r"(?:www\.|api\.)?coze\.(?:cn|com)"
_NOT_SITES = (
    r"^[\s\"'<>]*$",
    r"^\s*[a-z0-9.+-]+://[^/?#]*@",
    r"^\s*(?!https?:)[a-z][a-z0-9+.-]*://",
    rf"^\s*http://(?!(?:{_LOCAL_HOST}|{_COZE_HOST})\.?(?:[:/]|$))[a-z0-9.-]+(?:[:/]|$)",
)
"""Rejects an empty text, a user name or password, other schemes, and plain HTTP to another machine."""
_NOT_BOT = r"^(?!\s*[A-Za-z0-9_-]{0,64}\s*$)[^/]*$"
_COMMAND: Schema = {
    "anyOf": [
        _refused(_BLANK),
        {"type": "array", "minItems": 1, "items": [_refused(_BLANK)], "additionalItems": _TEXT},
    ]
}


@_reader(_TEXT)
def text(value: object, folder: Path) -> str:
    """Read one line of text."""
    if isinstance(value, int) and not isinstance(value, bool):
        _check_size(value)
        return str(value)  # IDs are often written without quotes
    if not isinstance(value, str):
        raise WrongValueError(_("must be a string"))
    if not value.isprintable():
        raise WrongValueError(_("contains a line break or another control character"))
    return value.strip()


@_reader({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _TRUTH}]})
def boolean(value: object, folder: Path) -> bool:
    """Read true or false; in text also yes, on, 1 and their opposites."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "1": True}
    words |= {"false": False, "no": False, "off": False, "0": False}
    known = words.get(value.strip().casefold()) if isinstance(value, str) else None
    if known is None:
        raise WrongValueError(_("must be true or false"))
    return known


def whole(lowest: int, highest: int) -> SettingReader[int]:
    """Return a reader of whole numbers in a range."""

    def read(value: object, folder: Path) -> int:
        number = _number(value)
        if number != int(number) or not lowest <= number <= highest:
            raise WrongValueError(
                _("must be a whole number from {lowest} to {highest}").format(lowest=lowest, highest=highest)
            )
        return int(number)

    return SettingReader(read, _number_schema("integer", lowest, highest))


def seconds(lowest: float, highest: float) -> SettingReader[float]:
    """Return a reader of seconds in a range."""

    def read(value: object, folder: Path) -> float:
        number = _number(value)
        if not lowest <= number <= highest:
            raise WrongValueError(
                _("must be a number of seconds from {lowest:g} to {highest:g}").format(
                    lowest=lowest, highest=highest
                )
            )
        return number

    return SettingReader(read, _number_schema("number", lowest, highest))


def _number_schema(kind: str, lowest: float, highest: float) -> Schema:
    number = {"type": kind, "minimum": lowest, "maximum": highest}
    return {"anyOf": [number, {"type": "string", "pattern": _NUMERAL}]}


def one_of(*words: str) -> SettingReader[str]:
    """Return a reader that accepts some words only."""

    def read(value: object, folder: Path) -> str:
        word = text(value, folder)
        if word not in words:
            raise WrongValueError(
                _("must be one of: {words}").format(words=listed(words)), nearest(word, words)
            )
        return word

    spaced = "|".join(map(re.escape, words))
    either = [{"enum": list(words)}, {"type": "string", "pattern": rf"^ *(?:{spaced}) *$"}]
    return SettingReader(read, {**_TEXT, "anyOf": either})


@_reader(_TEXT)
def path(value: object, folder: Path) -> Path | None:
    """Read a path, relative to the settings file; `~` is the home folder, and an empty text is None."""
    name = text(value, folder)
    if not name:
        return None
    try:
        return folder / path_from(name).expanduser()
    except RuntimeError:
        raise WrongValueError(_("contains ~, but there is no home folder")) from None


@_reader(_refused(*_NOT_SITES))
def base_url(value: object, folder: Path) -> str:
    """Read the URL of a site; see `base_url_from_text` for what is accepted."""
    try:
        return base_url_from_text(text(value, folder))
    except AddressError as error:
        raise WrongValueError(_address_problem(error.fault), "https://api.coze.cn") from None


@_reader(_refused(_NOT_BOT))
def bot(value: object, folder: Path) -> str:
    """Read the ID of a bot, also from the URL of its editor. An empty text is accepted."""
    words = text(value, folder)
    if not words:
        return ""
    try:
        return bot_from_text(words).bot_id
    except AddressError as error:
        raise WrongValueError(_address_problem(error.fault)) from None


@_reader(_table_of(_TEXT))
def texts(value: object, folder: Path) -> Mapping[str, str]:
    """Read a table of texts."""
    return {name: text(item, folder) for name, item in _table(value).items()}


@_reader(_table_of({}))
def table(value: object, folder: Path) -> Mapping[str, object]:
    """Read a table of any values that JSON has; in text it is a JSON object."""
    found = _table(value)
    left: list[tuple[object, int]] = [(found, 0)]
    while left:
        inner, depth = left.pop()
        if depth > _DEEPEST:
            raise WrongValueError(_("is nested too deeply"))
        match inner:
            case dict() as items:
                left += [(item, depth + 1) for item in items.values()]
            case list() as items:
                left += [(item, depth + 1) for item in items]
            case bool() | str() | None:
                pass
            case int() as number:
                _check_size(number)
            case float() as number if math.isfinite(number):
                pass
            case other:
                raise WrongValueError(_("contains {value}, which JSON cannot express").format(value=other))
    return found


def _table(value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise WrongValueError(_("must be a JSON object"))
    if not isinstance(value, dict):
        raise WrongValueError(_("must be a table"))
    return value


@_reader(_table_of(_COMMAND))
def commands(value: object, folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Read a table of commands: each is a list of words, or a line that is split as a shell would."""
    return {name: _command(item, folder) for name, item in _table(value).items()}


def _command(value: object, folder: Path) -> tuple[str, ...]:
    if isinstance(value, list):
        words = [text(word, folder) for word in value]
    else:
        import shlex

        try:
            words = shlex.split(text(value, folder))
        except ValueError:
            raise WrongValueError(_("has an unclosed quote")) from None
    if not words or not words[0]:
        raise WrongValueError(_("contains no command"))
    return tuple(words)


def _number(value: object) -> float:
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValueError(_("must be a number"))
    if isinstance(value, int):
        _check_size(value)
    if not math.isfinite(value):
        raise WrongValueError(_("must be a number"))
    return float(value)


def _check_size(number: int) -> None:
    """Refuse a whole number so large that Python may convert it neither to text nor to a float."""
    if abs(number) > _LARGEST:
        raise WrongValueError(_("contains a number that is too large"))


def _address_problem(fault: AddressFault) -> str:
    match fault:
        case "empty":
            return _("is empty")
        case "not an address":
            return _("is not a URL")
        case "scheme":
            return _("must start with https://")
        case "plain http":
            return _("must start with https://; plain http would expose the token")
        case "secret inside":
            return _("must not contain a user name or password")
        case "no bot":
            return _("contains no bot ID: paste the digits after /bot/ in the editor's URL, or the whole URL")
