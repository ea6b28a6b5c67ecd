"""The footer: the most useful keys at the focus, taken from the live bindings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip

from coze_tui.render.cells import cell_len
from coze_tui.text.i18n import _
from coze_tui.tui.key_names import short_key
from coze_tui.tui.widgets.line_widget import LineWidget, Part
from coze_tui.values import valueclass

_MOST = 7
_GAP = 3


@valueclass
class LiveKey:
    """A key that works now."""

    key: str
    name: str
    """The displayed name."""
    description: str
    """In the current language."""

    @property
    def width(self) -> int:
        """Return its cells."""
        return cell_len(self.name) + 1 + cell_len(self.description)


@runtime_checkable
class NamesKeys(Protocol):
    """A widget or screen in which the meaning of a key depends on the state."""

    def key_words(self, binding: Binding) -> str | None:
        """Return the current effect of the key of an active binding, translated.

        Returns:
            An empty string if the footer hides it; None to use the text of the binding.
        """
        ...


class KeyFooter(LineWidget):
    """A footer of bindings with `show`: of the focused part first, then of the screen and the app.

    Args:
        order: Binding IDs that come first, wherever they are defined, the most important first.
        back: ID of the binding before the last one, which is left out only after all others.
        last: ID of the binding at the end, which is always shown: help.
        most: The largest number of keys.
    """

    def __init__(
        self,
        order: Sequence[str] = (),
        *,
        back: str = "",
        last: str = "",
        most: int = _MOST,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._most = most
        self._order = {name: place for place, name in enumerate(order)}
        self._ends = [name for name in (back, last) if name]
        self._keys: tuple[LiveKey, ...] = ()

    def on_mount(self) -> None:
        """Subscribe to changes of bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)
        self.flush()

    def on_resize(self) -> None:
        """Show as many keys as fit."""
        self.flush()

    def flush(self) -> None:
        """Repaint if the keys have changed, also after a change of language."""
        if not self.is_attached or not self.content_size.width:
            return
        keys = tuple(self._live_keys())
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def shown(self) -> list[str]:
        """Return the displayed keys."""
        return [f"{key.name} {key.description}" for key in self._keys]

    def render_line(self, y: int) -> Strip:
        """Return the line with the keys."""
        parts: list[Part] = []
        for key in self._keys:
            if parts:
                parts.append((" " * _GAP, "text"))
            parts += [(key.name, "bot bold"), (f" {key.description}", "muted")]
        return self.line(parts)

    def on_click(self, click: events.Click) -> None:
        """Run the action of the key under the mouse."""
        offset = click.get_content_offset(self)
        start = 0
        for key in self._keys:
            if offset is not None and start <= offset.x < start + key.width:
                self.app.simulate_key(key.key)
                return
            start += key.width + _GAP

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.call_after_refresh(self.flush)

    def _live_keys(self) -> list[LiveKey]:
        found: dict[str, tuple[int, LiveKey]] = {}
        ends: dict[str, LiveKey] = {}
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            what = binding.id or binding.action
            if not active.enabled or what in found or what in ends:
                continue
            words = active.node.key_words(binding) if isinstance(active.node, NamesKeys) else None
            if words is None:
                words = _(binding.description) if binding.show else ""
            if not words:
                continue
            live = LiveKey(key, binding.key_display or short_key(key), words)
            if what in self._ends:
                ends[what] = live
            else:
                place = self._order.get(what, len(self._order) + len(found))
                found[what] = (place, live)
        first = sorted(found.values(), key=lambda one: one[0])
        last = [ends[name] for name in self._ends if name in ends]
        return self._fitting([live for _place, live in first[: self._most - len(last)]], last)

    def _fitting(self, keys: list[LiveKey], last: list[LiveKey]) -> list[LiveKey]:
        while len(keys) + len(last) > 1 and not self._fits([*keys, *last]):
            del (keys or last)[-1 if keys else 0]
        return [*keys, *last]

    def _fits(self, keys: Sequence[LiveKey]) -> bool:
        return sum(key.width + _GAP for key in keys) - _GAP <= self.content_size.width
