"""Files that only their owner can read, written completely or not at all, with mode 0600 from the start."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from coze_tui.config.new_files import NewFile, remove_leftovers
from coze_tui.text.system_text import spelled

LIMIT = 1 << 20
"""Bytes; a larger private file was not written by this program."""


def make_private_folder(folder: Path) -> bool:
    """Create the folder and its missing parents with mode 0700; return True if a laxer mode was repaired.

    Raises:
        OSError: it cannot be created, is not a folder, or belongs to another user.
    """
    missing = []
    place = folder
    while not place.exists():
        missing.append(place)
        if place == place.parent:
            break
        place = place.parent
    for place in reversed(missing):  # os.makedirs applies its mode to the last folder only
        try:
            place.mkdir(mode=0o700)
        except FileExistsError:  # another process was faster
            pass
    facts = os.stat(folder)
    if not stat.S_ISDIR(facts.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if sys.platform == "win32":
        return False
    if facts.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(folder))
    if facts.st_mode & 0o077:
        os.chmod(folder, 0o700)
        return True
    return False


def write_private(path: Path, data: bytes) -> None:
    """Replace the file by one with this content; a reader sees the old one or the new one, never a part.

    Raises:
        OSError: the file cannot be written; it is unchanged.
    """
    make_private_folder(path.parent)
    remove_leftovers(path.parent)
    with NewFile(path.parent, replaces=True) as new:
        new.write([data])
        new.replace(path)
    if sys.platform != "win32":
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        except OSError:  # some network file systems cannot sync a folder
            pass
        finally:
            os.close(folder)


def open_private(path: Path, flags: int) -> int:
    """Return a descriptor for writing; set the file's mode to 0600, even if the file exists and is ours.

    Args:
        flags: of `os.open`, in addition to O_WRONLY and O_CREAT.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    if sys.platform != "win32":
        facts = os.fstat(descriptor)
        if stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid() and facts.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    return descriptor


def write_new(path: Path, pieces: Iterable[bytes], *, replace: bool = False) -> Path:
    """Write a new file, completely or not at all, with mode 0600; return its path.

    If the name is in use, ` (2)`, ` (3)`… is added to the stem. `_` replaces characters that the locale
    cannot encode. The mode of an existing folder does not change; a missing one is created as private.

    Args:
        replace: whether a plain file of this name is replaced.

    Raises:
        OSError: nothing was written.
    """
    if not path.parent.exists():
        make_private_folder(path.parent)
    path = path.with_name(spelled(path.name))
    with NewFile(path.parent, replaces=replace) as new:
        new.write(pieces)
        if replace:
            new.replace(path)
            return path
        number, wanted = 1, path
        while not new.take_name(wanted):
            number += 1
            wanted = path.with_name(f"{path.stem} ({number}){path.suffix}")
        return wanted


def read_private(path: Path) -> tuple[bytes, bool]:
    """Return the content, and True if other users could read the file, which is then corrected.

    Raises:
        OSError: it is missing, a link, not a plain file, too large, or belongs to another user.
    """
    flags = os.O_RDONLY
    if sys.platform != "win32":
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK  # a link could lead anywhere, and a pipe could block
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
        repaired = False
        if sys.platform != "win32":
            if facts.st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
            if facts.st_mode & 0o077:
                os.fchmod(file.fileno(), 0o600)
                repaired = True
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data, repaired


@contextmanager
def locked(path: Path, *, patience: float = 10.0) -> Iterator[None]:
    """Hold the lock file beside `path`, so that only one process changes the file at a time.

    Raises:
        TimeoutError: another process has locked it for longer than `patience` seconds.
        OSError: the lock file cannot be created.
    """
    make_private_folder(path.parent)
    flags = os.O_RDWR | os.O_CREAT
    if sys.platform != "win32":
        flags |= os.O_NOFOLLOW
    descriptor = os.open(path.with_name(f".{path.name}.lock"), flags, 0o600)
    try:
        deadline = time.monotonic() + patience
        while not _take(descriptor):
            if time.monotonic() > deadline:
                raise TimeoutError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK), str(path))
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)  # also releases the lock


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # A file system without locks: writing without a lock is better than not at all.
            return error.errno in (errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK)
        return True
