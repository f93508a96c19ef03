"""``python crashing_solve.py``: solves that run and publish, each in a process that is killed.

Each line on stdin, ``TENANT UID WORKER POINT``, is one: SIGKILL hits its process at that point,
which is told on stdout; ``done`` where there are not so many.
"""

from __future__ import annotations

import os
import sys
from uuid import UUID

from service import points

from api.settings import Settings
from api.solving import job
from api.store.database import Database


def main() -> None:
    """Run what is asked for, one after another; each is forked off, so that it begins at once."""
    settings = Settings()
    points.watch()
    job.EVERY = 3600.0  # nothing but the solve itself comes by points
    for line in sys.stdin:
        tenant, uid, worker, point = line.split()
        child = os.fork()
        if not child:
            database = Database(settings.worker_database_url, size=2)
            points.arm(int(point))
            job.Job(database, int(tenant), UUID(uid), worker).run()
            points.die("done")
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
