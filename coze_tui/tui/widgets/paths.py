"""Paths that are typed: the file that is meant, and what a beginning could become."""

from __future__ import annotations

import os
from itertools import islice

from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size
from coze_tui.tui.widgets.completion import Candidate

_READ = 5_000
_SHOWN = 50


def path_candidates(typed: str) -> list[Candidate]:
    """Files and folders whose names begin with what was typed, folders first; none where it cannot be read.

    Reads folders, so it is called in a thread.

    Hidden ones only come when a dot was typed, and never one whose name could not be shown as it is.
    """
    folder, _, begun = typed.rpartition("/")
    prefix = f"{folder}/" if _ else ""
    folds = begun.casefold()
    found: list[tuple[bool, str, str]] = []
    try:
        with os.scandir(os.path.expanduser(prefix) or ".") as entries:
            for entry in islice(entries, _READ):
                name = entry.name
                if not name.casefold().startswith(folds) or (name.startswith(".") and not begun):
                    continue
                if clean_line(name) != name:
                    continue
                is_folder = entry.is_dir()
                told = "" if is_folder else size(entry.stat().st_size)
                found.append((not is_folder, f"{name}/" if is_folder else name, told))
    except (OSError, ValueError):
        pass
    found.sort(key=lambda one: (one[0], one[1].casefold()))
    return [
        Candidate(prefix + name, told, name, is_complete=is_file) for is_file, name, told in found[:_SHOWN]
    ]
