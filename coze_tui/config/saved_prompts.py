"""Prompts that the user has saved: plain text files in a folder beside the settings file.

The name of a prompt is the name of its file without `.md` or `.txt`. Its text may contain blanks, `{{name}}`,
which the user fills before the text is sent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from coze_tui.config.secure_files import write_private
from coze_tui.errors import FileError, SettingsError
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.format import not_reserved
from coze_tui.text.i18n import _
from coze_tui.text.matching import nearest
from coze_tui.values import valueclass

_SUFFIXES = (".md", ".txt")
_LARGEST = 1 << 20
"""Largest size of a prompt in bytes."""
_LONGEST_NAME = 64
_BLANK = re.compile(r"\{\{[ \t]*(\w(?:[\w .-]{0,62}\w)?)[ \t]*\}\}")
RESERVED = frozenset({"save", "delete", "rename"})
"""Words that `/prompts` reads as commands."""


@valueclass
class SavedPrompt:
    """A saved prompt."""

    name: str
    text: str
    """Clean; may be empty."""
    problem: FileError | None = None
    """Why it cannot be read; None if it can."""


class SavedPrompts:
    """The prompts in a folder, which need not exist. Every method reads or writes the disk.

    Methods raise FileError if the disk fails, and SettingsError if a name is invalid, missing or in use.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[SavedPrompt]:
        """Return all prompts by name; `problem` is set in those that cannot be read."""
        found = []
        for name in sorted(self._files(), key=str.casefold):
            try:
                found.append(self.get(name))
            except FileError as error:
                found.append(SavedPrompt(name, "", error))
        return found

    def get(self, name: str) -> SavedPrompt:
        """Return one prompt."""
        path = self._existing(name)
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as error:
            raise FileError("unreadable", str(path), detail=error.strerror or "") from error
        if len(data) > _LARGEST:
            raise FileError("too large", str(path))
        return SavedPrompt(name, clean(data.decode("utf-8-sig", "replace")).strip("\n"))

    def save(self, name: str, text: str, *, replaces: bool = False) -> Path:
        """Save a prompt, in place of an older one only if `replaces`; return its file."""
        files = self._files()
        if name in files and not replaces:
            raise SettingsError(_("is the name of another saved prompt"), source=name)
        path = files.get(name) or self.folder / f"{_possible(name)}{_SUFFIXES[0]}"
        try:
            write_private(path, f"{text}\n".encode("utf-8", "replace"))
        except OSError as error:
            raise FileError("unwritable", str(path), detail=error.strerror or "") from error
        return path

    def delete(self, name: str) -> None:
        """Delete a prompt."""
        path = self._existing(name)
        try:
            path.unlink()
        except OSError as error:
            raise FileError("unwritable", str(path), detail=error.strerror or "") from error

    def rename(self, name: str, new: str) -> None:
        """Rename a prompt."""
        path = self._existing(name)
        if new in self._files():
            raise SettingsError(_("is the name of another saved prompt"), source=new)
        try:
            path.rename(path.with_name(_possible(new) + path.suffix))
        except OSError as error:
            raise FileError("unwritable", str(path), detail=error.strerror or "") from error

    def _existing(self, name: str) -> Path:
        files = self._files()
        if name in files:
            return files[name]
        raise SettingsError(
            _("is not the name of a saved prompt"),
            source=clean_line(name),
            suggestion=nearest(name, tuple(files)),
        )

    def _files(self) -> dict[str, Path]:
        """Return the files by the names of their prompts; if two share a name, the `.md` file."""
        found: dict[str, Path] = {}
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.is_file()]
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise FileError("unreadable", str(self.folder), detail=error.strerror or "") from error
        for suffix in _SUFFIXES:
            for file in names:
                if file.endswith(suffix) and _is_possible(name := file.removesuffix(suffix)):
                    found.setdefault(name, self.folder / file)
        return found


def _is_possible(name: str) -> bool:
    is_word = bool(name) and clean_line(name) == name and not any(map(str.isspace, name))
    is_safe = not name.startswith((".", "-")) and not set(name) & set('/\\:*?"<>|')
    return is_word and is_safe and len(name) <= _LONGEST_NAME and name not in RESERVED


def _possible(name: str) -> str:
    """Return a valid prompt name unchanged; raise SettingsError for any other."""
    if not _is_possible(name) or not_reserved(name) != name:
        reason = _("is not a valid prompt name: use one word of letters, digits, dots and hyphens")
        raise SettingsError(reason, source=clean_line(name))
    return name


def blanks_of(text: str) -> tuple[str, ...]:
    """Return the names of the blanks, each once, in the order of the text."""
    return tuple(dict.fromkeys(match.group(1) for match in _BLANK.finditer(text)))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with values in its blanks. Other blanks remain, and blanks in values count as text."""
    return "".join(values.get(name, piece) if name else piece for piece, name in pieces(text))


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text in pieces: each is a blank with its name, or the text between blanks with no name."""
    at = 0
    for match in _BLANK.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], ""
        yield match.group(), match.group(1)
        at = match.end()
    if at < len(text):
        yield text[at:], ""
