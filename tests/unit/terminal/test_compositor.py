"""Composing only what has changed comes to the same as composing everything."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App, ComposeResult
from textual.containers import Container, VerticalScroll
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static, TextArea

from coze_tui.terminal.app import TerminalScreen
from coze_tui.terminal.compositor import LineCompositor


class Counting(Widget):
    """Draws its lines itself and counts them."""

    drawn = 0

    def render_line(self, y: int) -> Strip:
        self.drawn += 1
        text = f"{self.id} {y} 宽 ".ljust(self.size.width, ".")[: self.size.width - 1] + " "
        return Strip([Segment(text, Style(color="red"))]).adjust_cell_length(self.size.width)


class Page(TerminalScreen[None]):
    def compose(self) -> ComposeResult:
        yield Counting(id="side")
        yield Counting(id="log")
        with VerticalScroll():
            yield Static("\n".join(f"line {number} of 多" for number in range(30)))
        yield TextArea("typed\ntext")
        with Container(id="over"):
            yield Static("over all of it 中文")


class Sample(App[None]):
    CSS = """
    Page { layers: base over; }
    #side { dock: right; width: 20; }
    #log { height: 1fr; }
    #over { layer: over; width: 30; height: 7; offset: 11 3; border: round red; }
    VerticalScroll { height: 8; }
    """

    def get_default_screen(self) -> Screen[None]:
        return Page()


def pieces(update: ChopsUpdate | None) -> Iterator[tuple[int, int, str, list[Segment]]]:
    """What an update says of each changed span, cell by cell where it is cut."""
    assert update is not None
    for y, start, end in update.spans:
        for (x, chop), stop in zip(update.chops[y].items(), update.chop_ends[y], strict=False):
            if x < end and stop > start:
                assert chop is not None
                shown = chop.crop(max(0, start - x), min(end, stop) - x)
                yield y, max(x, start), shown.text, list(Segment.simplify(shown))


@pytest.mark.parametrize("seed", range(6))
async def test_the_same_is_shown_as_by_textual(seed: int) -> None:
    chance = Random(seed)
    app = Sample()
    async with app.run_test(size=(70, 30)) as pilot:
        await pilot.pause()
        ours = app.screen._compositor
        assert isinstance(ours, LineCompositor)
        for _ in range(25):
            regions = {
                Region(
                    chance.randrange(70),
                    chance.randrange(30),
                    chance.randrange(1, 40),
                    chance.randrange(1, 6),
                )
                for _ in range(chance.randint(1, 4))
            }
            ours._dirty_regions = set(regions)
            update = ours.render_partial_update()
            ours._dirty_regions = {region.intersection(ours.size.region) for region in regions}
            theirs = Compositor.render_partial_update(ours)
            assert list(pieces(update)) == list(pieces(theirs))
        assert ours.render_partial_update() is None


async def test_a_widget_is_asked_for_its_changed_lines_only() -> None:
    app = Sample()
    async with app.run_test(size=(70, 30)) as pilot:
        await pilot.pause()
        log, side = app.query_one("#log", Counting), app.query_one("#side", Counting)
        app.screen._compositor.update_widgets({log, side})
        app.screen._compositor.render_partial_update()
        log.drawn = side.drawn = 0
        log.refresh(Region(0, 2, 10, 1))
        app.screen._compositor.update_widgets({log, side})
        assert app.screen._compositor.render_partial_update() is not None
        assert (log.drawn, side.drawn) == (1, 0)


async def test_what_lies_behind_is_not_drawn() -> None:
    app = Sample()
    async with app.run_test(size=(70, 30)) as pilot:
        await pilot.pause()
        page, log, over = app.screen, app.query_one("#log", Counting), app.query_one("#over")
        page._compositor.update_widgets({log, over})
        page._compositor.render_partial_update()
        log.drawn = 0
        over.refresh()
        page._compositor.update_widgets({over})
        assert page._compositor.render_partial_update() is not None
        assert log.drawn == 0


@pytest.mark.parametrize("asks", [True, False], ids=["somebody asks for the map", "nobody asks"])
@pytest.mark.parametrize("comes", [True, False], ids=["it comes", "it goes"])
@pytest.mark.parametrize("after", ["a scroll", "a new widget"])
async def test_what_comes_or_goes_before_a_layout_is_drawn(*, asks: bool, comes: bool, after: str) -> None:
    app = Sample()
    async with app.run_test(size=(70, 30)) as pilot:
        page, over = app.screen, app.query_one("#over")
        over.display = not comes
        await pilot.pause()
        ours = page._compositor
        ours.reflow(page, page.size)
        over.display = comes
        if after == "a scroll":
            ours.reflow_visible(page, page.size)
        else:
            ours.update_widgets({Static("new")})
        if asks:
            assert (over in ours.full_map) == comes
        ours.reflow(page, page.size)
        assert any(region.contains_region(Region(11, 3, 30, 7)) for region in ours._dirty_regions)


async def test_what_a_scroll_has_drawn_and_a_layout_does_not_know_is_drawn_over() -> None:
    app = Sample()
    async with app.run_test(size=(70, 30)) as pilot:
        page, over = app.screen, app.query_one("#over")
        over.display = False
        await pilot.pause()
        ours = page._compositor
        ours.reflow(page, page.size)
        over.display = True
        ours.reflow_visible(page, page.size)
        ours.render_update()
        over.display = False
        ours.reflow(page, page.size)
        assert any(region.contains_region(Region(11, 3, 30, 7)) for region in ours._dirty_regions)
