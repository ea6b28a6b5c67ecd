"""Creates private files that appear only when complete, and leave nothing if the program is killed."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

_LEFTOVER = r"\.coze-tui-[0-9a-f]{16}\.part"
_NAME = ".coze-tui-{}.part"
_NEW_SECONDS = 60
"""Seconds after which an unlocked folder counts as left by a killed program."""
_NO_LINK = frozenset(
    getattr(errno, name)
    for name in ("EPERM", "ENOENT", "EXDEV", "EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK")
)
"""Errors of a file system or platform without hard links."""


class NewFile:
    """A file of mode 0600 that gets its name when it is complete. Use it in a `with` statement.

    If the system allows it, the file has no name before, so that a killed program leaves nothing. Otherwise
    its temporary name is locked while its program runs; see `remove_leftovers`.
    """

    def __init__(self, folder: Path, *, replaces: bool = False) -> None:
        """Create the file.

        Args:
            replaces: whether `replace` will be called, which needs a temporary name.

        Raises:
            OSError: the file cannot be created.
        """
        self._temporary: Path | None = None
        nameless = None if replaces else _open_nameless(folder)
        if nameless is None:
            self._descriptor, self._temporary = _open_named(folder)
        else:
            self._descriptor = nameless

    def write(self, pieces: Iterable[bytes]) -> None:
        """Write the content and wait until it is on disk."""
        with os.fdopen(os.dup(self._descriptor), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())

    def take_name(self, wanted: Path) -> bool:
        """Give the file its name; return False if the name is in use."""
        try:
            if self._temporary is None:
                # With a descriptor, Python would link the symbolic link in /proc, not the file itself.
                source = f"/proc/self/fd/{self._descriptor}"
                os.link(source, wanted, src_dir_fd=self._descriptor, follow_symlinks=True)
            else:
                os.link(self._temporary, wanted)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            return self._take_name_and_fill(wanted)
        return True

    def _take_name_and_fill(self, wanted: Path) -> bool:
        """Create the name first and then copy the content, on file systems without links."""
        try:
            target = os.open(wanted, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        except FileExistsError:
            return False
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            with os.fdopen(target, "wb") as file:
                while piece := os.read(self._descriptor, 1 << 20):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            os.unlink(wanted)
            raise
        return True

    def replace(self, path: Path) -> None:
        """Give the file this name, in place of a file that has it."""
        assert self._temporary is not None
        if sys.platform == "win32":  # Windows cannot rename an open file
            os.close(self._descriptor)
            self._descriptor = -1
        os.replace(self._temporary, path)
        self._temporary = None

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed programs have left in a folder; no others."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if re.fullmatch(_LEFTOVER, entry.name)]
    except OSError:
        return
    for name in names:
        try:
            _remove_if_unused(folder / name)
        except OSError:
            pass  # it is in use, is not ours, or another program was faster


@contextmanager
def temporary_folder(prefix: str) -> Iterator[str]:
    """Provide a private temporary folder, and remove it and those of killed programs.

    Args:
        prefix: the start of its name; no other program may use it.
    """
    import tempfile  # slow to import, and the first frame needs this module

    _remove_folders(Path(tempfile.gettempdir()), prefix)
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        descriptor = _lock_folder(folder)
        try:
            yield folder
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _remove_folders(parent: Path, prefix: str) -> None:
    import shutil

    for folder in parent.glob(f"{prefix}*"):
        try:
            facts = folder.lstat()
        except OSError:
            continue
        # A folder that was just created is not locked yet.
        if not stat.S_ISDIR(facts.st_mode) or time.time() - facts.st_ctime < _NEW_SECONDS:
            continue
        if sys.platform == "win32" or facts.st_uid != os.geteuid():
            continue
        descriptor = _lock_folder(str(folder))
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _remove_if_unused(path: Path) -> None:
    if sys.platform == "win32":
        path.unlink()  # fails while the file is open
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        facts = os.fstat(descriptor)
        if stat.S_ISREG(facts.st_mode) and facts.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(descriptor)


def _open_nameless(folder: Path) -> int | None:
    """Return a descriptor of a file without a name; None if the system does not support it."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        return None


def _open_named(folder: Path) -> tuple[int, Path]:
    """Return a descriptor and the path of a new file, locked if the system can lock files."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | _BINARY
    while True:
        path = folder / _NAME.format(os.urandom(8).hex())
        descriptor = os.open(path, flags, 0o600)
        if _keeps(descriptor):
            return descriptor, path
        os.close(descriptor)


_BINARY = getattr(os, "O_BINARY", 0)
if sys.platform == "win32":

    def _keeps(descriptor: int) -> bool:
        """Return whether the file still exists."""
        return True

    def _lock_folder(folder: str) -> int | None:
        """Return None, because folders cannot be locked."""
        return None

else:
    import fcntl

    def _keeps(descriptor: int) -> bool:
        """Lock the file; return False if another program has just removed it as a leftover."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # without locks, no program removes it
        return os.fstat(descriptor).st_nlink > 0

    def _lock_folder(folder: str) -> int | None:
        """Return a descriptor that locks a folder; None if another program has locked it, or none can."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor
