"""Composes only what a frame shows anew.

For a frame of one changed line Textual renders every visible widget from its top to its bottom. This asks a
widget for the lines that have changed, and one without changes for nothing; what comes out is the same.

It overrides the private `Compositor.render_partial_update` of Textual 8.2.8.
"""

from __future__ import annotations

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip


class LineCompositor(Compositor):
    """A compositor for `CurrentSizeScreen`."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """The changed spans; None where nothing has changed."""
        dirty = [seen for region in self._dirty_regions if (seen := region.intersection(self.size.region))]
        self._dirty_regions.clear()
        if not dirty:
            return None
        cuts, spans = self.cuts, list(self._regions_to_spans(dirty))
        chops: list[dict[int, Strip | None]] = [{}] * len(cuts)
        for y in {y for y, _start, _end in spans}:
            chops[y] = dict.fromkeys(cuts[y][:-1])
        for widget, (region, clip) in self.visible_widgets.items():
            if (seen := region.intersection(clip)) and (lines := _lines(seen, dirty)):
                crop = Region(seen.x - region.x, lines.start - region.y, seen.width, len(lines))
                for y, strip in zip(lines, widget.render_lines(crop), strict=False):
                    if chops[y]:
                        _fill(chops[y], cuts[y], seen.x, seen.right, strip)
        return ChopsUpdate(chops, spans, [line[1:] for line in cuts])


def _lines(region: Region, dirty: list[Region]) -> range:
    """From the first changed line of a region to its last."""
    touched = [both for one in dirty if (both := region.intersection(one))]
    return range(min(one.y for one in touched), max(one.bottom for one in touched)) if touched else range(0)


def _fill(chops: dict[int, Strip | None], cuts: list[int], left: int, right: int, strip: Strip) -> None:
    """Put a strip where nothing lies over it: widgets come from the front to the back."""
    own = [cut for cut in cuts if left <= cut <= right]
    parts = [strip] if len(own) == 2 else strip.divide([cut - left for cut in own[1:]])
    for cut, part in zip(own, parts, strict=False):
        if chops.get(cut) is None:
            chops[cut] = part
