"""Composes only what a frame shows anew.

For a frame of one changed line Textual renders every visible widget from its top to its bottom. This asks a
widget for the lines that have changed, one without changes or behind others for nothing; what comes out is
the same.

After a scroll, or when a widget is new, Textual's map of all widgets is out of date, and is made anew when
somebody asks for it. What has come, moved or gone by then is in the new map as if it had been drawn so; then
a toast that is over stays on the screen. Here all that the two maps differ in is drawn.

It overrides private names of Textual: import it only if `textual_overrides.is_known_textual`.
"""

from __future__ import annotations

from textual._compositor import ChopsUpdate, Compositor, CompositorMap, ReflowResult
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class LineCompositor(Compositor):
    """A compositor for `TerminalScreen`."""

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        """Lay out all widgets."""
        shown = self._visible_map
        result = super().reflow(parent, size)
        self._note_difference(shown)
        return result

    @property
    def full_map(self) -> CompositorMap:
        """Where every widget is."""
        shown = self._full_map if self._visible_map is None else self._visible_map
        found = super().full_map
        if self._visible_map is None and found is not shown:
            self._note_difference(shown)
        return found

    def _note_difference(self, shown: CompositorMap | None) -> None:
        """What a frame has shown, and what is so no more, is to be drawn anew."""
        if shown is not None:
            for _widget, place in shown.items() ^ self._full_map.items():
                if seen := place.clip.intersection(place.region):
                    self._dirty_regions.add(seen)

    def render_partial_update(self) -> ChopsUpdate | None:
        """The changed spans; None where nothing has changed."""
        dirty = [seen for region in self._dirty_regions if (seen := region.intersection(self.size.region))]
        self._dirty_regions.clear()
        if not dirty:
            return None
        cuts, spans = self.cuts, list(self._regions_to_spans(dirty))
        chops: list[dict[int, Strip | None]] = [{}] * len(cuts)
        missing: dict[int, set[int]] = {}  # by line: where a chop begins that nobody has filled
        for y, start, end in spans:
            chops[y] = dict.fromkeys(cuts[y][:-1])
            ends = zip(cuts[y], cuts[y][1:], strict=False)
            missing.setdefault(y, set()).update(cut for cut, stop in ends if cut < end and stop > start)
        for widget, (region, clip) in self.visible_widgets.items():  # from the front to the back
            seen = region.intersection(clip)
            own = {y: line for y in seen.line_range if (line := _own(missing.get(y), seen.x, seen.right))}
            if own:
                top, bottom = min(own), max(own) + 1
                crop = Region(seen.x - region.x, top - region.y, seen.width, bottom - top)
                for y, strip in zip(range(top, bottom), widget.render_lines(crop), strict=False):
                    if y in own:
                        _fill(chops[y], cuts[y], seen, strip, own[y])
                        missing[y] -= own[y]
        return ChopsUpdate(chops, spans, [line[1:] for line in cuts])


def _own(missing: set[int] | None, left: int, right: int) -> set[int]:
    """The chops that a widget between two columns fills."""
    return {cut for cut in missing if left <= cut < right} if missing else set()


def _fill(
    chops: dict[int, Strip | None], cuts: list[int], region: Region, strip: Strip, wanted: set[int]
) -> None:
    """Put the wanted parts of a widget's line where they belong."""
    inside = [cut for cut in cuts if region.x <= cut <= region.right]
    parts = [strip] if len(inside) == 2 else strip.divide([cut - region.x for cut in inside[1:]])
    for cut, part in zip(inside, parts, strict=False):
        if cut in wanted:
            chops[cut] = part
