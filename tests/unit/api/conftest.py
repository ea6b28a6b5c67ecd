"""What the tests of the wire share: stream files, and a reply fed in chunks of our choice."""

from __future__ import annotations

import pytest

from tests.support.replies import Read, read
from tests.support.samples import STREAMS


@pytest.fixture(name="read", scope="session")
def read_fixture() -> Read:
    return read


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`stream_file`: once for each file."""
    if "stream_file" in metafunc.fixturenames:
        files = sorted(STREAMS.glob("*.sse"))
        assert files
        metafunc.parametrize("stream_file", files, ids=[file.stem for file in files])
