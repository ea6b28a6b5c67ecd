"""Children of tests and benchmarks that do not outlive them, however these end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> Callable[[], None]:
    """Return a `preexec_fn` with which Linux kills the child when the thread that starts it has ended.

    Elsewhere it does nothing.
    """
    parent = os.getpid()
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None).prctl  # not in the child, which may only do little before it runs its program

    def ask_for_a_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed a moment ago
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_for_a_signal
