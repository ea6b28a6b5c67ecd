"""A target of the fuzz run whose cases hang, or end their process, in ways that nothing inside can stop."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Mapping

from tests.fuzz.targets import Target

GOOD = b"good"
HANGING = (b"in the loop", b"in C", b"in spite of everything")
DYING = (b"killed", b"crashed")
FAILING = b"fail"


async def _check(case: bytes) -> None:
    match case:
        case b"in the loop":
            await asyncio.sleep(600)
        case b"in C":
            re.match(r"(a+)+$", "a" * 60 + "b")
        case b"in spite of everything":
            while True:
                try:
                    time.sleep(600)
                except BaseException:  # noqa: BLE001 as a fault may do it
                    continue
        case b"killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"crashed":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"fail":
            raise ValueError("failed")


CASES = [*HANGING, *DYING, FAILING, GOOD]
TARGETS: Mapping[str, Target] = {
    "hanging": Target("hanging", lambda: CASES, lambda seeds, dice: dice.choice(seeds), _check, longest_s=1.0)
}
