"""Texts of several lines in a limited number of rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.tui.widgets.text_views import first_rows, height_of

_TEXT = st.text(st.sampled_from("ab \t\n中é👍\u0301"), max_size=30)


@given(_TEXT, st.integers(2, 9), st.integers(1, 6))
def test_a_text_with_too_many_rows_ends_with_a_sign_of_it(text: str, width: int, most: int) -> None:
    shown = first_rows(text, width, most)
    assert height_of(shown, width) <= most
    assert (shown == text) if height_of(text, width) <= most else shown.endswith("…")
