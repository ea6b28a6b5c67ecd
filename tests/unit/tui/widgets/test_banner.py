"""The lines that say what is wrong."""

from __future__ import annotations

from typing import Any

from coze_tui.tui.widgets.text_views import Banner

LONG = "cannot write to the history. " + "Make the folder writable, or set another one. " * 9


def lines_of(banner: Banner) -> list[str]:
    return [banner.render_line(y).text.rstrip() for y in range(banner.size.height)]


async def test_is_there_only_while_something_is_wrong(stage: Any) -> None:
    banner = Banner()
    async with stage(banner) as (_app, pilot):
        assert not banner.display
        banner.add("the disk is full")
        banner.add("the disk is full")
        await pilot.pause()
        assert lines_of(banner) == ["! the disk is full"]
        banner.add("\x1bthe store is locked")
        banner.take_back("\x1bthe store is locked")
        banner.take_back("it never was there")
        await pilot.pause()
        assert lines_of(banner) == ["! the disk is full"]
        banner.dismiss()
        await pilot.pause()
        assert not banner.display


async def test_a_long_text_is_wrapped_and_its_end_cut_openly(stage: Any) -> None:
    banner = Banner()
    async with stage(banner, size=(80, 24)) as (_app, pilot):
        banner.add(LONG)
        await pilot.pause()
        first, second, third = lines_of(banner)
        assert first.startswith("! cannot write to the history. Make the folder")
        assert second.startswith("  ")
        assert third.endswith("…")
        assert " ".join(f"{first} {second}".split()) in f"! {LONG}"


async def test_the_newest_stays_when_there_is_no_room_for_all(stage: Any) -> None:
    banner = Banner()
    async with stage(banner, size=(80, 9)) as (_app, pilot):
        for number in range(5):
            banner.add(f"trouble {number}, with [red]brackets[/]")
        await pilot.pause()
        assert lines_of(banner) == [
            "! trouble 2, with [red]brackets[/]",
            "! trouble 3, with [red]brackets[/]",
            "! trouble 4, with [red]brackets[/]",
        ]
