"""``python crashing_solve.py``: solves that run and publish, each in a process that is killed.

Each line that it reads, ``TENANT UID WORKER POINT``, is one: SIGKILL hits its process at that
point. Points are before each statement and commit, after a commit was sent, and after it is done.
What is told back is the point, or ``done`` where there are not so many.
"""

from __future__ import annotations

import os
import sys
from uuid import UUID

from service import crashing
from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from api.settings import Settings
from api.solving import job
from api.store.database import Database


def main() -> None:
    """Run what is asked for, one after another; each is forked off, so that it begins at once."""
    event.listen(Engine, "before_cursor_execute", crashing.before_statement)
    PGDialect_psycopg.do_commit = crashing.commit  # type: ignore[method-assign]
    job.EVERY = 3600.0  # nothing but the solve itself comes by points
    for line in sys.stdin:
        tenant, uid, worker, point = line.split()
        child = os.fork()
        if not child:
            crashing.left[:] = [int(point)]
            database = Database(Settings().worker_database_url, size=2)
            job.Job(database, int(tenant), UUID(uid), worker).run()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print("done" if status == 0 else "failed", flush=True)


if __name__ == "__main__":
    main()
