"""What holds for all tests."""

from __future__ import annotations

import signal

import pytest

pytest.register_assert_rewrite("tests.support")

_SIGNALS = ("SIGINT", "SIGHUP", "SIGQUIT")


def pytest_configure() -> None:
    """Programs that the tests start take signals, also where the tests run under nohup or behind `&`."""
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            ours = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
            signal.signal(number, ours)
