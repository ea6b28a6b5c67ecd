"""Nothing moves: what is to be somewhere else is there at once.

Each step of a motion is one more screen on a slow line. And Textual's animator fails when what it moves moves
something itself: a list that scrolls and then brings its cursor into sight.
"""

from __future__ import annotations

from typing import Any

from textual._animator import Animator
from textual._types import AnimationLevel, CallbackType


class StillAnimator(Animator):
    """Sets the last value instead of all those before it."""

    def animate(
        self,
        obj: object,
        attribute: str,
        value: Any,
        *,
        final_value: object = ...,
        duration: float | None = None,
        speed: float | None = None,
        easing: object = None,
        delay: float = 0.0,
        on_complete: CallbackType | None = None,
        level: AnimationLevel = "full",
    ) -> None:
        """Set the attribute now; `on_complete` is called at once, too."""
        setattr(obj, attribute, value if final_value is ... else final_value)
        if on_complete is not None:
            on_complete()
