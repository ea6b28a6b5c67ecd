"""Texts of several lines in a limited number of rows."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from coze_tui.tui.widgets.text_views import JsonView, first_rows, height_of
from tests.support.host_app import Stage


class Sheet(VerticalScroll):
    """A view in a container that scrolls, as in the form of a local tool."""

    def compose(self) -> ComposeResult:
        yield JsonView()


async def test_long_json_is_drawn_in_slices_and_whole(stage: Stage) -> None:
    text = json.dumps([{"k": number} for number in range(2_000)])
    sheet = Sheet()
    async with stage(sheet, size=(40, 20)) as (app, pilot):
        view = sheet.query_one(JsonView)
        view.show(text)
        assert view.get_content_height(app.size, app.size, 30) < 1_000, "the rest waits for the keys"
        while view.size.height < 3 * 2_000 + 2:
            await pilot.pause(0.01)
        assert view.render_line(3 * 2_000 + 1).text.strip() == "]"
        view.show("short")
        while view.size.height > 1:
            await pilot.pause(0.01)


_TEXT = st.text(st.sampled_from("ab \t\n中é👍\u0301"), max_size=30)


@given(_TEXT, st.integers(2, 9), st.integers(1, 6))
def test_a_text_with_too_many_rows_ends_with_a_sign_of_it(text: str, width: int, most: int) -> None:
    shown = first_rows(text, width, most)
    assert height_of(shown, width) <= most
    assert (shown == text) if height_of(text, width) <= most else shown.endswith("…")
