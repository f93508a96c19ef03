"""One who walks in a process of his own: ``python -m allocator.solve.worker``.

He gets his errand and what others tell through stdin, tells what he has found through stdout, and
is gone when nobody listens any more.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import time
from typing import Any

from allocator.prepare.prepared import Prepared
from allocator.solve.budget import Budget
from allocator.solve.company import EVERY, Companion, Errand, emptied, received
from allocator.solve.loose import loosened
from allocator.solve.walk import Walk
from allocator.table.rulebook import Rulebook


def main() -> None:
    """Walk until the time is over, or nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who has sent him
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may get between
    errand: Errand = pickle.load(sys.stdin.buffer)
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        received(sys.stdin.buffer, heard)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    book = Rulebook(Prepared(errand.problem), errand.rules, errand.goals)
    if errand.classes:
        book = loosened(book)
    budget = Budget(errand.seconds)
    walk = Walk(
        book,
        errand.start,
        errand.free,
        set(errand.must),
        errand.seed,
        budget,
        serving=errand.serving,
        classes=errand.classes,
    )
    companion = Companion(walk)
    told = time.monotonic()
    while not budget.over:
        walk.step()
        if time.monotonic() - told > EVERY:
            talk = companion.tell()
            if talk is not None:
                pickle.dump(talk, out)
                out.flush()
            for other in emptied(heard):
                companion.hear(other)
            companion.rest()
            told = time.monotonic()


if __name__ == "__main__":
    main()
