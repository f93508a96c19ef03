"""Python's collector of cycles, put off while many objects are made that all stay."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

#: Times that something is kept, after which all that is kept is looked through once more.
AGAIN = 500
_times = itertools.count(1)


@contextmanager
def collected_later() -> Iterator[None]:
    """Put off the search for cycles: it would walk over all that is kept, again and again.

    Of a problem of 20,000 visits it takes more than a quarter of the time, and finds nothing.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def kept() -> Iterator[None]:
    """Let no search for cycles look again through what is made meanwhile, and what was before.

    All of it goes once nobody needs it, as long as it hangs together in no cycle. What is garbage
    in the end is looked for first: it would stay for ever, with all that it refers to. So would
    what other threads are in the middle of, a dozen objects each time: now and then all is looked
    through once more.
    """
    with collected_later():
        yield
    if next(_times) % AGAIN == 0:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
