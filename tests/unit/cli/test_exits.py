"""Statuses."""

from __future__ import annotations

import pytest

from coze_tui.cli.exits import MEANINGS, Exit, exit_for, exit_for_end
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import TurnEnded
from coze_tui.errors import (
    ApiError,
    AuthError,
    BusyError,
    CozeTuiError,
    CredentialsError,
    ProtocolError,
    SettingsError,
    StoreError,
    StreamCut,
    TransportError,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingsError("x", source="--y"), 2),
        (CredentialsError("missing"), 3),
        (AuthError(4100, ""), 3),
        (ApiError(4000, ""), 4),
        (BusyError(4016, ""), 4),
        (TransportError("dns"), 5),
        (StreamCut("closed"), 5),
        (ProtocolError("html"), 5),
        (StoreError("full"), 1),
        (CozeTuiError("x"), 1),
        (ZeroDivisionError(), 1),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
    ],
)
def test_every_error_has_its_status(error: BaseException, status: int) -> None:
    assert exit_for(error) == status


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (TurnEnded(Outcome.COMPLETED, 0), 0),
        (TurnEnded(Outcome.CANCELED, 0), 130),
        (TurnEnded(Outcome.SERVER_CANCELED, 0), 4),
        (TurnEnded(Outcome.REQUIRES_ACTION, 0), 6),
        (TurnEnded(Outcome.INTERRUPTED, 0), 5),
        (TurnEnded(Outcome.FAILED, 0), 4),
        (TurnEnded(Outcome.EXPIRED, 0), 4),
        (TurnEnded(Outcome.FAILED, 0, AuthError(4100, "")), 3),
        (TurnEnded(Outcome.FAILED, 0, StreamCut("closed")), 5),
    ],
)
def test_every_end_of_a_turn_has_its_status(ended: TurnEnded, status: int) -> None:
    assert exit_for_end(ended) == status


def test_every_status_has_words() -> None:
    assert set(MEANINGS) == set(Exit)
