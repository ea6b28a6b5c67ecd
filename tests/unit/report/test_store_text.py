"""What a trouble with the store means, in words."""

from __future__ import annotations

from typing import get_args

import pytest

from coze_tui.report.store_text import words_for
from coze_tui.store.failures import StoreWarning, TroubleKind


@pytest.mark.parametrize("kind", get_args(TroubleKind))
@pytest.mark.parametrize("is_saved", [True, False])
def test_every_trouble_is_told_in_one_line_and_names_the_file(kind: TroubleKind, is_saved: bool) -> None:
    text = words_for(StoreWarning(kind, "/home/林/history.db", "detail 7"), is_saved=is_saved)
    assert "/home/林/history.db" in text
    assert "\n" not in text
    assert text.endswith(".")


@pytest.mark.parametrize("kind", ["full", "readonly", "locked", "unreadable"])
def test_where_nothing_is_saved_in_this_run_it_is_said_how_that_ends(kind: TroubleKind) -> None:
    text = words_for(StoreWarning(kind, "/x"), is_saved=False)
    assert "not saved" in text
    assert text.endswith("Afterwards start coze-tui again.")
    assert "again" not in words_for(StoreWarning(kind, "/x"))
