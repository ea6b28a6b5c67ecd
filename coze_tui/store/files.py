"""The files of the store: created private, locked, renamed if damaged; and the meaning of their errors."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from coze_tui.errors import StoreError, StoreErrorKind, StoreWarning, kind_from_errno

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # there `only_one` guards nothing

_LOGS = ("-wal", "-journal")
SIDE_FILES = (*_LOGS, "-shm")

_NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "davfs", "ceph", "lustre"}
    | {"glusterfs", "gpfs", "beegfs", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph"}
)


def prepare(path: Path) -> list[StoreWarning]:
    """Create the folder (0700) and the file (0600) if missing, and remove the permissions of other users.

    Raises:
        StoreError: the folder or file cannot be created or read.
    """
    warnings: list[StoreWarning] = []
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(mode=0o700)
        if not path.exists():
            with only_one(path):
                warnings = _made(path)
        if not path.is_file():  # opening a named pipe would block SQLite
            raise StoreError("unreadable", str(path), "not a regular file")
        return warnings + _made_private(path)
    except OSError as error:
        raise store_error_from_os(error, path) from error


def _made(path: Path) -> list[StoreWarning]:
    if path.exists():  # another program has created it in the meantime
        return []
    warnings = []
    logs = [beside(path, suffix) for suffix in _LOGS]
    if any(log.exists() and log.stat().st_size for log in logs):
        # SQLite would apply the log of a removed file to the new one.
        warnings = [StoreWarning("damaged", str(set_aside(path)), "a log without its store")]
    for suffix in SIDE_FILES:
        beside(path, suffix).unlink(missing_ok=True)  # both are empty
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600))
    return warnings


def _made_private(path: Path) -> list[StoreWarning]:
    if os.name != "posix":
        return []
    lax = [each for each in (path.parent, path) if _is_lax(each)]
    lax += [each for suffix in SIDE_FILES if (each := beside(path, suffix)).exists() and _is_lax(each)]
    warnings = []
    for each in lax:
        mode = stat.S_IMODE(each.stat().st_mode)
        with contextlib.suppress(OSError):  # a read-only file system is reported at the first write
            each.chmod(mode & 0o700)
            warnings.append(StoreWarning("permissions", str(each), f"{mode:04o}"))
    return warnings


def _is_lax(path: Path) -> bool:
    """Return whether other users have access to a path that is ours and not a shared folder such as /tmp."""
    status = path.stat()
    return bool(status.st_mode & 0o077) and status.st_uid == os.getuid() and not status.st_mode & stat.S_ISVTX


def beside(path: Path, suffix: str) -> Path:
    """Return the path with a suffix added to its name."""
    return path.with_name(path.name + suffix)


def is_on_network(path: Path) -> bool:
    """Return whether the file is known to be on a network file system (Linux only)."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace")
    except OSError:
        return False
    return file_system_of(str(path.resolve()), mounts) in _NETWORK_TYPES


def file_system_of(path: str, mounts: str) -> str:
    """Return the file system type of an absolute path, given the text of /proc/self/mountinfo."""
    best, found = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.partition(" ")[0]
        if len(fields) < 5:
            continue
        mount = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        if (path + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, found = mount, kind
    return found


def set_aside(path: Path) -> Path:
    """Rename a damaged database with its side files and return its new name; delete nothing."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number, aside = 0, beside(path, f".damaged-{stamp}")
    while aside.exists():
        number += 1
        aside = beside(path, f".damaged-{stamp}-{number}")
    # Rename the log first: SQLite would apply a leftover log to the next file with this name.
    for suffix in SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            beside(path, suffix).rename(beside(aside, suffix))
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
    return aside


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a lock, so that only one program at a time creates or replaces the file."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot lock folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- errors of SQLite and the system ---


_KINDS: tuple[tuple[str, StoreErrorKind], ...] = (
    ("SQLITE_FULL", "full"),
    ("SQLITE_READONLY", "readonly"),
    ("SQLITE_BUSY", "locked"),
    ("SQLITE_LOCKED", "locked"),
    ("SQLITE_PROTOCOL", "locked"),
    ("SQLITE_CORRUPT", "damaged"),
    ("SQLITE_NOTADB", "damaged"),
    ("SQLITE_CANTOPEN", "unreadable"),
    ("SQLITE_PERM", "unreadable"),
    ("SQLITE_AUTH", "unreadable"),
    ("SQLITE_IOERR_LOCK", "no locks"),
    ("SQLITE_IOERR_UNLOCK", "no locks"),
    ("SQLITE_IOERR_RDLOCK", "no locks"),
    ("SQLITE_IOERR_CHECKRESERVEDLOCK", "no locks"),
    ("SQLITE_IOERR_SHMLOCK", "no locks"),
    ("SQLITE_IOERR_ACCESS", "unreadable"),
    ("SQLITE_IOERR_CONVPATH", "unreadable"),
    ("SQLITE_IOERR_GETTEMPPATH", "unreadable"),
    ("SQLITE_IOERR_SHMOPEN", "unreadable"),
    ("SQLITE_IOERR_NOMEM", "other"),
    ("SQLITE_IOERR", "broken"),
)
"""By the prefix of SQLite's name; the first match counts."""
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The second is an error whose message Python cannot decode: SQLite quotes a damaged name of a table."""
_PROBED_BYTES = 1 << 16
_ROOM_BYTES = 1 << 20
"""Space that a disk must have again after it was full. With less, the next write would soon fail again."""


def error_name(error: Exception) -> str:
    """Return SQLite's name of an error, such as `SQLITE_BUSY`; empty if it came from the Python module."""
    return str(getattr(error, "sqlite_errorname", None) or "")


def store_error_from_sqlite(error: Exception, path: Path | None) -> StoreError:
    """Return the StoreError for one of `SQLITE_ERRORS`.

    SQLite uses one name for several causes: a quota and a broken disk, a lock and a file system without
    locks. If the cause persists, the same operation on a new file beside the store identifies it.
    """
    name = error_name(error)
    kind: StoreErrorKind = "damaged" if isinstance(error, UnicodeDecodeError) else "other"
    for prefix, meaning in _KINDS:
        if name.startswith(prefix):
            kind = meaning
            break
    if path is not None and (kind in ("broken", "locked") or name.startswith("SQLITE_CANTOPEN")):
        kind = _probed(path, is_lock=kind == "locked") or kind
    return StoreError(kind, str(path or ""), f"{error} ({name})" if name else str(error))


def has_room(path: Path) -> bool:
    """Return whether the disk has enough room again for a store that was full."""
    return _probed(path, is_lock=False, size=_ROOM_BYTES) != "full"


def _probed(path: Path, *, is_lock: bool, size: int = _PROBED_BYTES) -> StoreErrorKind | None:
    """Return why a file beside the store can be neither locked nor written, or None if it can.

    Never touches the store itself: closing a second descriptor would release SQLite's own locks.
    """
    probe = beside(path, ".probe")
    try:
        descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            if not is_lock:
                largest = max(each.stat().st_size for each in path.parent.glob(path.name + "*"))
                os.lseek(descriptor, largest, os.SEEK_SET)  # a limit on file sizes (RLIMIT_FSIZE) also counts
                _write_all(descriptor, bytes(size))
                os.fsync(descriptor)
            elif fcntl is not None:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
            probe.unlink(missing_ok=True)
    except OSError as error:
        kind = kind_from_errno(error.errno)
        return kind if kind != "unreadable" and is_lock == (kind == "no locks") else None
    return None


def _write_all(descriptor: int, data: bytes) -> None:
    while data:  # at a size limit, write() writes only a part
        data = data[os.write(descriptor, data) :]


def store_error_from_os(error: OSError, path: Path) -> StoreError:
    """Return the StoreError for an error of the file system."""
    return StoreError(kind_from_errno(error.errno), str(path), error.strerror or str(error))


def is_busy(error: Exception) -> bool:
    """Return whether another connection holds the lock, so that a retry may help."""
    return error_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def is_interrupted(error: Exception) -> bool:
    """Return whether `Connection.interrupt` has ended a statement."""
    return error_name(error) == "SQLITE_INTERRUPT"
