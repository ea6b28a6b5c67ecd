"""The generated parts of the documents.

A document marks each table with `<!-- table: NAME -->` and `<!-- end of table -->`; the text between them is
replaced by what `TABLES` makes of the code. The schema of `ask --json` is a file of its own.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from textual.app import App
from textual.binding import Binding

import coze_tui.tui
from coze_tui.cli.commands import CHAT, COMMANDS, PROGRAM
from coze_tui.cli.exits import MEANINGS
from coze_tui.cli.options import HELP, VERSION, Command
from coze_tui.config.settings import Settings, definitions, variable_of
from coze_tui.engine.model.updates import TurnEnded, TurnUpdate
from coze_tui.errors import CozeTuiError
from coze_tui.store.records import Breaks
from coze_tui.tui.key_names import long_key

ROOT = Path(__file__).parent.parent.parent
SCHEMA = ROOT / "docs" / "ask-json.schema.json"
_FIRST_PARTS = ("Global", "Chat", "Prompt", "Messages")
"""The parts of the screen that come first in docs/keys.md; the others follow by name."""
_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def updated(text: str) -> str:
    """Return the text of a document with every marked table made from the code."""
    return _MARKED.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)


# --- the tables ---


def commands() -> str:
    parts = []
    for command in COMMANDS.values():
        words = f" [{command.words} …]" if command.words else ""
        name = "" if command is CHAT else f" {command.name}"
        parts += [f"## `{PROGRAM}{name}`", f"{_sentence(command.summary)}"]
        parts.append(f"```text\n{PROGRAM}{name} [options]{words}\n```")
        if command.note:
            parts.append(command.note)
        if options := list(_options(command)):
            parts.append(_table(("option", "meaning"), options))
    return "\n" + "\n\n".join(parts) + "\n"


def _options(command: Command) -> Iterator[tuple[str, str]]:
    for option in command.options:
        if option not in (HELP, VERSION):
            value = f" {option.value}" if option.value else ""
            names = ", ".join(f"`{name}{value}`" for name in option.names)
            yield names, option.help.format(default=option.default)


def statuses() -> str:
    return _table(("exit status", "meaning"), ((str(int(status)), text) for status, text in MEANINGS.items()))


def settings() -> str:
    defaults = {each.name: each.default for each in fields(Settings)}
    rows = (
        (
            f"`{name}`",
            f"`{variable_of(name)}`",
            f"`{definition.flag}`" if definition.flag else "–",
            _shown(defaults[name]),
            definition.doc,
        )
        for name, definition in definitions().items()
    )
    return _table(("setting", "variable", "option", "default", "meaning"), rows)


def keys() -> str:
    parts = []
    by_part = sorted(
        _bindings_by_part().items(), key=lambda part: (*(part[0] != one for one in _FIRST_PARTS), part)
    )
    for title, bindings in by_part:
        rows = ((_code(shown), description, f"`{id}`") for id, (shown, description) in bindings.items())
        parts += [f"## {title}", _table(("key", "action", "ID"), rows)]
    return "\n" + "\n\n".join(parts) + "\n"


def _bindings_by_part() -> Mapping[str, dict[str, tuple[list[str], str]]]:
    parts: dict[str, dict[str, tuple[list[str], str]]] = {}
    for module in pkgutil.walk_packages(coze_tui.tui.__path__, "coze_tui.tui."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if kind.__module__ != module.name:
                continue
            own = [one for one in vars(kind).get("BINDINGS", ()) if isinstance(one, Binding) and one.id]
            for one in own:
                shown, _description = parts.setdefault(_title(kind), {}).setdefault(
                    str(one.id), ([], one.tooltip or one.description)
                )
                shown += [name for key in one.key.split(",") if (name := long_key(key)) not in shown]
    return parts


def _title(kind: type) -> str:
    if part := vars(kind).get("PART", ""):
        return str(part)[:1].upper() + str(part)[1:]
    if issubclass(kind, App):
        return "Everywhere"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()


def updates() -> str:
    """Return the table of the updates that `ask --json` prints, with their fields."""
    rows = (
        (
            f"`{snake_case(kind.__name__)}`",
            _sentence(str(kind.__doc__)),
            ", ".join(f"`{name}`" for name in of),
        )
        for kind in get_args(TurnUpdate)
        if (of := _properties(kind))
    )
    return _table(("type", "meaning", "fields"), rows)


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


TABLES: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "statuses": statuses,
    "settings": settings,
    "keys": keys,
    "updates": updates,
}


# --- the schema of `ask --json` ---


def schema() -> str:
    """Return a JSON Schema of one line of `ask --json`. Later versions may add types and fields."""
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A line of coze-tui ask --json",
        "oneOf": [_object(kind) for kind in get_args(TurnUpdate)],
    }
    return json.dumps(whole, indent=2) + "\n"


def _object(kind: type) -> Mapping[str, object]:
    properties = _properties(kind)
    optional = {"silence", "error"} if kind is TurnEnded else set()
    return {
        "type": "object",
        "description": str(kind.__doc__),
        "properties": {"type": {"const": snake_case(kind.__name__)}, **properties},
        "required": ["type", *(name for name in properties if name not in optional)],
    }


def _properties(kind: type) -> dict[str, Mapping[str, object]]:
    hints = get_type_hints(kind)
    properties: dict[str, Mapping[str, object]] = {}
    for each in fields(kind):
        if hints[each.name] is Breaks:  # its times are fields of the line itself
            properties |= _properties(Breaks)
        else:
            properties[each.name] = _value(hints[each.name])
    return properties


_ERROR = {
    "type": "object",
    "properties": {
        "class": {"type": "string"},
        "code": {"type": ["integer", "null"]},
        "logid": {"type": "string"},
        "text": {"type": "string"},
        "msg": {"type": "string"},
    },
    "required": ["class", "code", "logid", "text"],
}
_PLAIN: Sequence[tuple[type, str]] = (
    (bool, "boolean"),
    (int, "integer"),
    (str, "string"),
    (NoneType, "null"),
)


def _value(hint: Any) -> Mapping[str, object]:
    if get_origin(hint) is UnionType:
        present = [_value(one) for one in get_args(hint) if one is not NoneType]
        return present[0] if len(present) == 1 else {"anyOf": present}
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _value(get_args(hint)[0])}
    if issubclass(hint, CozeTuiError):
        return _ERROR
    if issubclass(hint, Enum):
        return {"enum": [one.value for one in hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        properties = _properties(hint)
        return {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": next(name for kind, name in _PLAIN if issubclass(hint, kind))}


# --- Markdown ---


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" if name != "`" else "`` ` ``" for name in names)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _shown(value: object) -> str:
    if value in (None, "") or value is MISSING:
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
