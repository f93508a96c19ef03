"""``python -m api.worker``: what is done without anybody asking, as long as the service runs."""

from __future__ import annotations

import gc
import time
from contextlib import suppress

import structlog

from api import logs, traces
from api.backfill.backfiller import backfilling
from api.lifetime import Stopping
from api.problems import StoreUnavailable
from api.relay import relaying
from api.settings import Settings
from api.solving.batching import batch
from api.solving.runner import Runner
from api.store.database import Again, Database
from api.suggesting.learning import learning
from api.sweeper import EVERY, forget, sweep

LOG = structlog.get_logger("allocator.worker")
#: Seconds between two times of forgetting.
FORGET = 60.0
#: Seconds between two looks at what waits to be solved by policy.
BATCH = 1.0
#: Seconds that one statement may take.
SECONDS = 60.0


def work(database: Database, stopping: Stopping) -> None:
    """Free what has expired, forget what is old, batch and run solves, until asked to stop.

    A database that is gone is waited for.
    """
    forgotten, batched = -FORGET, -BATCH
    gone = False
    runner = Runner(database)
    try:
        while not stopping.wait(EVERY):
            try:
                sweep(database)
                if time.monotonic() >= batched + BATCH:
                    batch(database)
                    batched = time.monotonic()
                runner.tend()
                if time.monotonic() >= forgotten + FORGET:
                    forget(database)
                    forgotten = time.monotonic()
            except (StoreUnavailable, Again) as problem:
                if not gone:
                    LOG.warning("waiting", action="worker.waiting", reason=type(problem).__name__)
                gone = True
            else:
                if gone:
                    LOG.warning("back", action="worker.back")
                gone = False
    finally:
        with suppress(StoreUnavailable, Again):  # they are taken up when they have been silent
            runner.stop()


def main(settings: Settings) -> None:
    """Work until asked to stop.

    Raises
    ------
    SystemExit
        Where a database that it needs is not named.
    """
    for name in ("relay_database_url", "worker_database_url"):
        if not getattr(settings, name):
            raise SystemExit(f"ALLOCATOR_{name.upper()} is not set; a worker needs it.")
    stopping = Stopping()
    logs.configure(settings.log_level)
    traces.configure(settings.traces, "worker")
    gc.freeze()  # what is loaded stays: to look it through again took a quarter of a message's time
    relay = Database(settings.relay_database_url, size=4, seconds=SECONDS)
    try:
        with (
            relaying(relay, settings.seal, private=settings.webhook_private),
            learning(relay, settings.worker_database_url),
            backfilling(relay, settings.worker_database_url),
        ):
            work(relay, stopping)
    finally:
        relay.close()


if __name__ == "__main__":
    main(Settings())
