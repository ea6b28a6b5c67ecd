"""The garbage collector does not run during the start.

Hardly anything that is imported becomes garbage, but the collector would look through all of it again and
again, for a tenth of the time to the first frame.
"""

import gc


def pause_collection() -> None:
    """Do not collect garbage until `resume_collection` is called."""
    gc.disable()


def resume_collection() -> None:
    """Collect garbage again, but never look through what exists now. Does nothing if it was not paused."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
