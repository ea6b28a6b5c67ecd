"""The project file: bot, site and variables for the work in a folder.

Such a file may come from anybody, for example in a cloned repository. So nothing of it is used before the
user agrees to exactly this content, and it cannot name a token, a command or any other file.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal

from coze_tui.config import coercion as read
from coze_tui.config.settings import definitions
from coze_tui.config.toml_text import line_of, parse_toml
from coze_tui.errors import SettingsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, listed
from coze_tui.text.matching import nearest
from coze_tui.values import valueclass

PROJECT_FILE = ".coze-tui.toml"
IGNORE_VARIABLE = "COZE_TUI_NO_PROJECT"
"""If it is set, no project file is used."""
KEYS = ("bot_id", "base_url", "custom_variables", "parameters")
"""The settings that a project file may contain."""
_OTHER_WORDS = {"bot": "bot_id", "site": "base_url", "variables": "custom_variables"}
LIMIT = 16 * 1024
"""Bytes of the largest project file. tomllib takes time by the square of the parts of a dotted key."""
_MOST_SHOWN = 20
_SHOWN_LENGTH = 100
_SHOWN_URL_LENGTH = 300
"""More than the longest host, whose end says whose site it is."""

Trust = Literal["none", "new", "changed", "trusted", "refused", "unusable"]
"""`none`: there is no project file, or it is ignored. `changed`: the user has decided about another content.
`unusable`: it has a problem."""


@valueclass
class Project:
    """A project file without problems."""

    path: Path
    digest: str
    """The hash of its content, which is what the user agrees to."""
    values: Mapping[str, object] = field(default_factory=dict)
    """The settings in it, by the field of `Settings`."""
    warnings: tuple[str, ...] = ()
    """Sentences about who else can change the file."""

    @property
    def base_url(self) -> str:
        """Return the site that it names, or an empty text."""
        return str(self.values.get("base_url", ""))

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield the names of the settings in it and their values, cleaned and shortened for one line each."""
        for name in KEYS:
            value = self.values.get(name)
            if isinstance(value, Mapping):
                items = list(value.items())
                for key, item in items[:_MOST_SHOWN]:
                    yield f"{name}.{_short(str(key))}", _short(str(item))
                if items[_MOST_SHOWN:]:
                    yield name, _("{n} more").format(n=thousands(len(items) - _MOST_SHOWN))
            elif value:
                yield name, _short(str(value), _SHOWN_URL_LENGTH if name == "base_url" else _SHOWN_LENGTH)


def _short(text: str, most: int = _SHOWN_LENGTH) -> str:
    line = clean_line(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def find_project(environment: Mapping[str, str]) -> Path | None:
    """Return the nearest project file in the working folder or above it, or None.

    The search ends with the user's home folder, or with the root.
    """
    try:
        folder = Path.cwd()
    except OSError:  # it was deleted
        return None
    home = environment.get("HOME") or environment.get("USERPROFILE") or ""
    last = Path(os.path.realpath(home)) if home else None
    for each in (folder, *folder.parents):
        file = each / PROJECT_FILE
        if os.path.lexists(file):
            return file
        if each == last:
            return None
    return None


def read_project(path: Path) -> Project:
    """Return a project file.

    Raises:
        SettingsError: it cannot be read, or something in it is not allowed; then none of it may be used.
    """
    try:
        data, warnings = _read(path)
    except OSError as error:
        problem = _("cannot be read: {reason}").format(reason=error.strerror or error)
        raise SettingsError(problem, source=str(path)) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(_("is not valid UTF-8"), source=str(path), line=line) from error
    content = parse_toml(text, str(path))
    values = {name: _value(path, text, name, value) for name, value in content.items()}
    return Project(path, hashlib.sha256(data).hexdigest(), values, warnings)


def _read(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """Return the content, and warnings about its owner and its mode."""
    # O_NONBLOCK: a pipe with this name must not stop the start.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(_("not a regular file"))
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise OSError(_("the file is too large"))
    warnings = []
    if sys.platform != "win32":
        if facts.st_uid != os.geteuid():
            warnings.append(_("The file belongs to another user of this machine."))
        if facts.st_mode & stat.S_IWOTH:  # a group is often the user alone
            warnings.append(_("Other users of this machine can change the file."))
    return data, tuple(warnings)


def _value(path: Path, text: str, name: str, value: object) -> object:
    """Return the value of a setting.

    Raises:
        SettingsError: a project file may not contain it, or it is not valid.
    """
    line = line_of(text, (name,))
    if name not in KEYS:
        if "token" in name.casefold():
            problem = _("must not be in a project file (save a token with `coze-tui login`)")
            raise SettingsError(problem, source=str(path), key=name, line=line)
        problem = _("is not allowed in a project file, which may contain: {names}")
        suggestion = _OTHER_WORDS.get(name) or nearest(name, KEYS)
        problem = problem.format(names=listed(KEYS))
        raise SettingsError(problem, source=str(path), key=name, line=line, suggestion=suggestion)
    try:
        return definitions()[name].reader(value, path.parent)
    except read.WrongValueError as error:
        raise SettingsError(
            error.problem, source=str(path), key=name, line=line, suggestion=error.suggestion
        ) from None


# --- trust ---


def trust_of(project: Project, decided: Mapping[str, str]) -> Trust:
    """Return what the user has decided about a project file.

    Args:
        decided: `AppState.projects`.
    """
    decision, _separator, digest = decided.get(str(project.path), "").partition(" ")
    if not decision:
        return "new"
    if digest != project.digest:
        return "changed"
    return "trusted" if decision == "trusted" else "refused"


def decision_of(project: Project, *, is_trusted: bool) -> str:
    """Return the text that stands for a decision in `AppState.projects`."""
    return f"{'trusted' if is_trusted else 'refused'} {project.digest}"


def trust_text(project: Project, trust: Trust) -> str:
    """Return a sentence about a project file and what was decided about it."""
    path = clean_line(str(project.path))
    match trust:
        case "trusted":
            return _("The project file {path} is trusted, and used.").format(path=path)
        case "refused":
            return _("The project file {path} is not used, because you declined it.").format(path=path)
        case "changed":
            return _("The project file {path} has changed since you were asked about it.").format(path=path)
        case _:
            return _("The project file {path} is not trusted yet.").format(path=path)
