"""Which program runs a chat, and whether it still lives; also when it ran elsewhere on a shared store."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

LEASE_MS = 60_000
"""Where nobody can look for the process, silence for so long means that it is gone."""


def this_program() -> str:
    """A text that tells this process from every other one, before and after a restart of the machine."""
    pid = os.getpid()
    return json.dumps([_machine(), _boot(), pid, _start_of(pid)])


def is_dead(owner: str, beat_at_ms: int, now_ms: int) -> bool:
    """The owner is no more. Sure where it ran on this machine; else judged by its last sign of life."""
    try:
        machine, boot, pid, start = json.loads(owner)
    except ValueError:
        return True  # nobody owns it
    if machine != _machine():
        return now_ms - beat_at_ms > LEASE_MS
    if boot != _boot():
        return True
    if not boot or not start:
        return not _is_running(int(pid)) or now_ms - beat_at_ms > LEASE_MS
    return bool(_start_of(int(pid)) != start)


def _machine() -> str:
    """The name of the host, and of the process namespace where there are several."""
    try:
        return f"{platform.node()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _boot() -> str:
    return _first_line("/proc/sys/kernel/random/boot_id")


def _start_of(pid: int) -> str:
    """When a process began, in ticks of the kernel; empty if there is none, or no way to know."""
    # The name of the program is in brackets and may hold anything, brackets too.
    fields = _first_line(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True  # there is no harmless way to ask; the lease decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace").strip()
    except OSError:
        return ""
