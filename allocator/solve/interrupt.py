"""Heed a stop or Ctrl-C while CP-SAT works."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TypeVar

from allocator.solve.budget import Control

#: Seconds between two looks at whether somebody asked to stop.
HEED = 0.02

T = TypeVar("T")


def interruptible(work: Callable[[], T], control: Control) -> T:
    """Do some work in a thread of its own, and pass on every stop until it has ended.

    What a handler of any other signal raises stops it, too, and is raised once it has ended.

    Parameters
    ----------
    work
        What is to be done; it looks at ``control`` and ends soon once that is stopped.
    control
        Is stopped by Ctrl-C, where this is the main thread and nobody else handles it.

    Returns
    -------
    object
        What the work returns; what it raises is raised.
    """
    # A thread counts as ended once a handler has raised while it was joined: Python issue 45274.
    ended = threading.Event()
    outcome: list[T] = []
    raised: list[BaseException] = []

    def target() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # passed on to the caller below
            raised.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=target, name="solve", daemon=True)
    asked: list[int] = []
    # The handler only takes note, so that an interrupt in any line, or two at once, do no harm.
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        thread.start()
        while not ended.is_set():
            try:
                ended.wait(HEED)
            except KeyboardInterrupt:  # from somebody else's handler
                asked.append(signal.SIGINT)
            if asked or control.stopped:
                control.stop()
    except BaseException:  # from the handler of another signal: nobody waits for more
        while thread in threading.enumerate():
            control.stop()
            ended.wait(HEED)
        raise
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if raised:
        raise raised[0]
    return outcome[0]
