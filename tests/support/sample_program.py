"""A small program on our terminal modules, started in a pty by tests/terminal: a log, a prompt, a side.

    python -m tests.support.sample_program [--log FILE] [--early] [--stream PER_SECOND] [--stall-exit]
                                           [--plain] [--hold SECONDS] [--patience SECONDS]

What arrives (keys, pastes) is written to the log file, one line each.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from coze_tui.terminal.signals import PATIENCE, ExitGuard


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, default=Path("/dev/null"))
    parser.add_argument("--early", action="store_true")
    parser.add_argument("--hold", type=float, default=0.0)
    parser.add_argument("--stream", type=float, default=0.0)
    parser.add_argument("--stall-exit", action="store_true")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--patience", type=float, default=PATIENCE)
    arguments = parser.parse_args()

    from coze_tui.terminal.first_frame import paint_skeleton

    early = None
    if arguments.early:
        early = paint_skeleton(
            [(0, " early header", "#171a23"), (-1, " › ", "#171a23")], "#11131a", "#d7dae4"
        )

    with ExitGuard(early.modes if early else None, patience=arguments.patience) as exit_guard:
        with arguments.log.open("a") as log:
            log.write("guarded\n")
        time.sleep(arguments.hold)
        from tests.support.sample_app import SampleApp

        app = SampleApp(arguments.log, stream=arguments.stream, stall=arguments.stall_exit)
        app.partial_redraw = not arguments.plain
        app.early_frame = early
        app.exit_guard = exit_guard
        app.run()
    if early is not None:
        early.restore()
    return exit_guard.code if exit_guard.code is not None else app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
