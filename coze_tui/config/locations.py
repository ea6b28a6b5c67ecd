"""The paths of the program's files. Only `ensure` creates anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from coze_tui.config.folders import REMEMBERED, SETTINGS, find_folders
from coze_tui.config.secure_files import make_private_folder
from coze_tui.text.system_text import path_from
from coze_tui.values import valueclass

_IS_WINDOWS = os.name == "nt"


@valueclass
class Paths:
    """The program's three folders and the files in them."""

    config: Path
    data: Path
    state: Path
    is_temporary: bool = False
    """No home folder exists, so all folders are in the system's folder for temporary files."""

    @property
    def settings_file(self) -> Path:
        return self.config / SETTINGS

    @property
    def prompts(self) -> Path:
        """Return the folder of saved prompts."""
        return self.config / "prompts"

    @property
    def credentials_file(self) -> Path:
        return self.config / "credentials.json"

    @property
    def database_file(self) -> Path:
        return self.data / "history.db"

    @property
    def copies(self) -> Path:
        """Return the folder of copied texts, for terminals without a clipboard."""
        return self.data / "copies"

    @property
    def remembered_file(self) -> Path:
        return self.state / REMEMBERED

    @property
    def log_file(self) -> Path:
        return self.state / "coze-tui.log"

    @property
    def crashes(self) -> Path:
        """Return the folder of crash reports."""
        return self.state / "crashes"


def find_paths(environment: Mapping[str, str]) -> Paths:
    """Return the paths for this environment, without creating them."""
    config, data, state, is_temporary = find_folders(environment)
    return Paths(Path(config), Path(data), Path(state), is_temporary)


def ensure(paths: Paths) -> list[tuple[Path, OSError]]:
    """Create the folders, for their owner only; return those that could not be created, with the errors."""
    failures = []
    for folder in (paths.config, paths.data, paths.state):
        try:
            make_private_folder(folder)
        except OSError as error:
            failures.append((folder, error))
    return failures


def typed_path(text: str) -> Path:
    """Return the path that a user typed, dropped or pasted in the program, which no shell has read.

    Removes surrounding white space and expands `~`. If the file does not exist, also undoes quotes,
    backslashes and `file://`, which terminals and file managers add. A `~` that cannot be resolved remains,
    so that an error shows it. Reads the disk.
    """
    readings = [_expanded(reading) for reading in path_readings(text.strip(), is_windows=_IS_WINDOWS)]
    return next(filter(os.path.lexists, readings), readings[-1])


def typed_paths(text: str) -> list[Path]:
    """Return the paths that a user typed or dropped together, each read as by `typed_path`.

    Terminals separate dropped files with line ends or blanks. A text is several paths only if each of them
    exists. Reads the disk.
    """
    whole = typed_path(text)
    if os.path.lexists(whole):
        return [whole]
    for parts in path_divisions(text.strip(), is_windows=_IS_WINDOWS):
        paths = [typed_path(part) for part in parts]
        if len(paths) > 1 and all(map(os.path.lexists, paths)):
            return paths
    return [whole]


def path_divisions(text: str, *, is_windows: bool) -> Iterator[list[str]]:
    """Yield the ways to divide a text into paths."""
    yield text.splitlines()
    if is_windows:  # quotes around blanks, and no escapes
        yield [quoted or bare for quoted, bare in re.findall(r'"([^"]+)"|(\S+)', text)]
        return
    import shlex

    with suppress(ValueError):  # an apostrophe
        yield shlex.split(text)
    yield re.split(r"""(?<!\\)\s+(?=[/~'"]|(?i:file:))""", text)


_QUOTES = ('""', "“”", "‘’")
"""Quotes that Windows and Chinese keyboards put around a path."""


def _words(text: str) -> list[str]:
    """Return the words as which a shell reads a text."""
    import shlex  # the start does not need it

    try:
        return shlex.split(text)
    except ValueError:  # an apostrophe
        return [re.sub(r"\\(.)", r"\1", text)]


def path_readings(text: str, *, is_windows: bool) -> list[str]:
    """Return possible meanings of a text as a path: as it is, and as a shell or a browser reads it."""
    found = [text]
    words = [] if is_windows else _words(text)  # a backslash is a separator there
    if len(words) == 1:
        found += words
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        found.append(text[1:-1])
    address = re.fullmatch(r"(?i:file):(?://([^/]*))?(/.*)", found[-1])
    if address is not None:
        from urllib.parse import unquote

        host, path = address[1] or "", unquote(address[2])
        if is_windows and host not in ("", "localhost"):
            path = f"//{host}{path}"  # a share
        elif is_windows:
            path = re.sub(r"^/([A-Za-z])[:|](?=/|$)", r"\1:", path)
        found.append(path)
    return found


def _expanded(text: str) -> Path:
    path = path_from(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path
