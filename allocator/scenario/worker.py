"""``python -m allocator.scenario.worker``: does the task that comes in, gives back its value.

It ends at once where whoever sent the task is gone.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from typing import Any


def main() -> None:
    """Do the task; what it prints goes where errors go, so that it is not taken for its value."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who has sent the task
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    task, given, named = pickle.load(sys.stdin.buffer)
    answered = threading.Event()
    threading.Thread(target=_end_with_sender, args=(answered,), daemon=True).start()
    told: tuple[bool, Any]
    try:
        told = (True, task(*given, **named))
    except Exception as error:
        told = (False, error)
    try:
        sent = pickle.dumps(told)
    except (pickle.PicklingError, AttributeError, TypeError):
        sent = pickle.dumps((False, RuntimeError(f"{type(told[1]).__name__}: {told[1]}")))
    with answer:
        answer.write(sent)
        answer.flush()
        answered.set()  # before the sender can know that this was all


def _end_with_sender(answered: threading.Event) -> None:
    """Wait until nobody can send any more, then end, whatever is being done."""
    os.read(0, 1)
    os._exit(0 if answered.is_set() else 1)


if __name__ == "__main__":
    main()
