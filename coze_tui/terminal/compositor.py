"""Composes only the lines that have changed.

For a frame with one changed line, Textual renders every visible widget completely. This compositor asks
each widget for its changed lines only, and skips widgets that are unchanged or covered. The result is
the same.

After a scroll, or with a new widget, Textual's map of all widgets is outdated and is rebuilt at the next
access. Widgets that have appeared, moved or disappeared until then count as drawn, so a closed toast remains
on the screen. This compositor draws everything in which the two maps differ.

It overrides private names of Textual: import it only if `textual_overrides.is_known_textual`.
"""

from __future__ import annotations

from textual._compositor import ChopsUpdate, Compositor, CompositorMap, ReflowResult
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class LineCompositor(Compositor):
    """The compositor of `TerminalScreen`."""

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        """Lay out all widgets."""
        shown = self._visible_map
        result = super().reflow(parent, size)
        self._note_difference(shown)
        return result

    @property
    def full_map(self) -> CompositorMap:
        """Return the region of every widget."""
        shown = self._full_map if self._visible_map is None else self._visible_map
        found = super().full_map
        if self._visible_map is None and found is not shown:
            self._note_difference(shown)
        return found

    def _note_difference(self, shown: CompositorMap | None) -> None:
        """Mark the differences between the map of the last frame and the current map as dirty."""
        if shown is not None:
            for _widget, place in shown.items() ^ self._full_map.items():
                if seen := place.clip.intersection(place.region):
                    self._dirty_regions.add(seen)

    def render_partial_update(self) -> ChopsUpdate | None:
        """Return the changed spans; None if nothing has changed."""
        dirty = [seen for region in self._dirty_regions if (seen := region.intersection(self.size.region))]
        self._dirty_regions.clear()
        if not dirty:
            return None
        cuts, spans = self.cuts, list(self._regions_to_spans(dirty))
        chops: list[dict[int, Strip | None]] = [{}] * len(cuts)
        missing: dict[int, set[int]] = {}  # by line: columns of chops that no widget has filled yet
        for y, start, end in spans:
            chops[y] = dict.fromkeys(cuts[y][:-1])
            ends = zip(cuts[y], cuts[y][1:], strict=False)
            missing.setdefault(y, set()).update(cut for cut, stop in ends if cut < end and stop > start)
        for widget, (region, clip) in self.visible_widgets.items():  # from front to back
            seen = region.intersection(clip)
            own = {
                y: line
                for y, left in missing.items()
                if seen.y <= y < seen.bottom and (line := _own(left, seen.x, seen.right))
            }
            if own:
                top, bottom = min(own), max(own) + 1
                crop = Region(seen.x - region.x, top - region.y, seen.width, bottom - top)
                for y, strip in zip(range(top, bottom), widget.render_lines(crop), strict=False):
                    if y in own:
                        _fill(chops[y], cuts[y], seen, strip, own[y])
                        missing[y] -= own[y]
                        if not missing[y]:
                            del missing[y]
            # All widgets below are covered.
            if not missing:
                break
        return ChopsUpdate(chops, spans, [line[1:] for line in cuts])


def _own(missing: set[int], left: int, right: int) -> set[int]:
    """Return the missing chops that a widget between two columns fills."""
    return {cut for cut in missing if left <= cut < right}


def _fill(
    chops: dict[int, Strip | None], cuts: list[int], region: Region, strip: Strip, wanted: set[int]
) -> None:
    """Put the wanted parts of a widget's line into its chops."""
    inside = [cut for cut in cuts if region.x <= cut <= region.right]
    parts = [strip] if len(inside) == 2 else strip.divide([cut - region.x for cut in inside[1:]])
    for cut, part in zip(inside, parts, strict=False):
        if cut in wanted:
            chops[cut] = part
