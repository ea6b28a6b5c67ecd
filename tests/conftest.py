"""What holds for all tests: how they are marked, and that the programs they start take signals."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from coze_tui.garbage import pause_collection, resume_collection
from hatch_build import compile_stale_catalogs

pytest.register_assert_rewrite("tests.support")
# A busy machine makes any example slow, and slow to draw; pytest-timeout ends what hangs.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")

TESTS = Path(__file__).parent
SLOW = ("faults", "pilot", "snapshot", "ssh", "terminal", "unit/tui/screens")
"""Folders that do not fit into a run of two minutes on two processors."""

NEW_OBJECTS = 5_000
"""Objects after which Python's garbage collector looks through the new ones.

With its default of 700 it took a third of the time of a pilot test, because every hundredth time it looks
through all that older tests have left.
"""

LONGEST_ID = 80
"""Characters of a parameter that a test id shows in full."""

_SIGNALS = ("SIGINT", "SIGHUP", "SIGQUIT")
_patch = pytest.MonkeyPatch()


def pytest_configure(config: pytest.Config) -> None:
    """Stop if a slow folder is gone, and compile the catalogs that changed since the package was installed.

    Also shortens the waits of pilots, and lets programs take signals if the tests run under nohup or `&`.
    """
    from tests.support.pace import shorten_waits  # only now, when its assertions are rewritten

    if gone := [folder for folder in SLOW if not (TESTS / folder).is_dir()]:
        raise pytest.UsageError(f"tests/conftest.py calls folders slow that do not exist: {gone}")
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # not that of the developer
    if not hasattr(config, "workerinput"):  # once, before the workers of pytest-xdist start
        compile_stale_catalogs()
    shorten_waits(_patch)
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            ours = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
            signal.signal(number, ours)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int | None:
    """Return three processes for two processors: tests wait half of their time, mostly for other programs.

    None leaves the number to the environment variable of pytest-xdist.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return (os.cpu_count() or 1) * 3 // 2


def pytest_unconfigure() -> None:
    """Give Textual its own pace again."""
    _patch.undo()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without collecting garbage: the collector would look through all of them again."""
    pause_collection()
    try:
        return (yield)
    finally:
        resume_collection()
        gc.set_threshold(NEW_OBJECTS)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Return a short id for a long text, which would otherwise be megabytes in each report of its test."""
    if not isinstance(val, str | bytes) or len(val) <= LONGEST_ID:
        return None
    text = val if isinstance(val, str) else val.decode("latin-1")
    return f"{text[:24].encode('unicode_escape').decode()}... of {len(val)}"


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder, and as slow by the list above unless it is marked as quick."""
    for item in items:
        folder = item.path.parent.relative_to(TESTS)
        item.add_marker(folder.parts[0])
        is_slow = any(folder.is_relative_to(slow) for slow in SLOW)
        if is_slow and item.get_closest_marker("quick") is None:
            item.add_marker("slow")
