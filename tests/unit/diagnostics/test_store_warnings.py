"""What a trouble with the store means, in words."""

from __future__ import annotations

from typing import get_args

import pytest

from coze_tui.diagnostics.explain import explain
from coze_tui.diagnostics.notices import store_warning_text
from coze_tui.errors import StoreError, StoreErrorKind, StoreWarning, StoreWarningKind


@pytest.mark.parametrize("kind", get_args(StoreWarningKind))
@pytest.mark.parametrize("is_saved", [True, False])
def test_every_trouble_is_told_in_one_line_and_names_the_file(kind: StoreWarningKind, is_saved: bool) -> None:
    text = store_warning_text(StoreWarning(kind, "/home/林/history.db", "detail 7"), is_saved=is_saved)
    assert "/home/林/history.db" in text
    assert "\n" not in text
    assert text.endswith(".")


@pytest.mark.parametrize("kind", ["full", "readonly", "locked", "no locks", "broken", "unreadable"])
def test_where_nothing_is_saved_in_this_run_it_is_said_how_that_ends(kind: StoreWarningKind) -> None:
    text = store_warning_text(StoreWarning(kind, "/x"), is_saved=False)
    assert "not being saved" in text
    assert text.endswith("Then restart coze-tui.")
    assert "again" not in store_warning_text(StoreWarning(kind, "/x"))


@pytest.mark.parametrize("kind", get_args(StoreErrorKind))
def test_only_what_saves_chats_says_that_they_are_not_saved(kind: StoreErrorKind) -> None:
    error = StoreError(kind, "/x")
    for text in (explain(error, base_url="").text, store_warning_text(StoreWarning(kind, "/x"))):
        assert "not being saved" not in text
        assert "not saved" not in text
    error.stops_saving = True
    assert "Chats are not being saved." in explain(error, base_url="").what
