"""Pauses the garbage collector during the start, and while a long text is laid out.

Hardly any imported object becomes garbage, but the collector would traverse all of them repeatedly, for a
tenth of the time to the first frame. The lines of a text of 1 MB are more than a million objects: each
traversal would delay keys by half a second.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def pause_collection() -> None:
    """Stop garbage collection until `resume_collection` is called."""
    gc.disable()


def resume_collection() -> None:
    """Resume garbage collection if it is paused, but never traverse the objects that exist now."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def without_collection() -> Iterator[None]:
    """Create many objects without reference cycles: the collector never traverses them.

    Reference counting frees them like all others.
    """
    was_enabled = gc.isenabled()
    gc.collect(0)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
