"""Identifies the program that runs a chat, and finds out whether it is still running, on any machine."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

LEASE_MS = 60_000
"""If the process cannot be looked up, it counts as ended after this time without a heartbeat."""


def this_program() -> str:
    """Return an identifier of this process that no other process has."""
    return owner_of(os.getpid())


def owner_of(pid: int) -> str:
    """Return an identifier of a process of this machine that no other process has."""
    return json.dumps([_pid_scope(), pid, _start_of(pid)])


def is_dead(owner: str, beat_at_ms: int, now_ms: int) -> bool:
    """Return whether the owner has ended: certain on this Linux machine, else by its last heartbeat."""
    try:
        scope, pid, start = json.loads(owner)
    except (ValueError, TypeError):
        return True  # no owner
    is_silent = now_ms - beat_at_ms > LEASE_MS
    if scope != _pid_scope():
        return is_silent
    if start:
        return bool(_start_of(int(pid)) != start)
    return is_silent or not _is_running(int(pid))


def _pid_scope() -> str:
    """Return the scope of a process ID: one boot of one machine, and a namespace in it."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return platform.node()
    return f"{_content('/proc/sys/kernel/random/boot_id')} {namespace}"


def _start_of(pid: int) -> str:
    """Return the start time of a process in kernel ticks; empty if it does not exist or cannot be read."""
    # The program's name is in brackets and may contain any characters, even brackets.
    fields = _content(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # os.kill(pid, 0) is not harmless on Windows
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # the process exists, but belongs to another user
    return True


def _content(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return ""
