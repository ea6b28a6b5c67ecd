"""The garbage collector does not run during the start, nor while a long text is laid out.

Hardly anything that is imported becomes garbage, but the collector would look through all of it again and
again, for a tenth of the time to the first frame. The lines of a text of 1 MB are a million objects and more:
each look through them would hold up keys for half a second.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def pause_collection() -> None:
    """Do not collect garbage until `resume_collection` is called."""
    gc.disable()


def resume_collection() -> None:
    """Collect garbage again, but never look through what exists now. Does nothing if it was not paused."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def without_collection() -> Iterator[None]:
    """Create many objects that contain no circles: the collector never looks through them.

    They are freed like all others when nothing refers to them.
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
