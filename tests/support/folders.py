"""Folders in which something cannot be done."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """A folder on which nothing can be written."""
    if os.geteuid():
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o500 if path.is_dir() else 0o400)
        try:
            yield
        finally:
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o700 if path.is_dir() else 0o600)
        return
    mounted = ["mount", "-o", "bind,ro", str(folder), str(folder)]
    if not shutil.which("mount") or subprocess.run(mounted, check=False, capture_output=True).returncode:
        pytest.skip("root can write everywhere and may not mount")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
