"""``python -m api.solving.job TENANT UID WORKER``: one solve, in a process of its own.

No transaction is open while it solves: the problem is read in one, news are written each second,
the result in another. Whoever kills this process loses at most a second of it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from allocator.domain.faults import Fault, InvalidSchedule
from allocator.domain.schedule import Assignment, Schedule
from allocator.frames.nested import Decoder, encode
from allocator.solve.budget import Control
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import Result
from allocator.solve.solve import solve
from api import logs, traces
from api.auth.principal import Principal, Role
from api.problems import Invalid
from api.settings import Settings
from api.solving.asked import asked_of
from api.solving.clinic import Clinic, clinic
from api.store import solves
from api.store.database import Database
from api.store.world import Worlds
from api.usecases.tx import Tx

LOG = structlog.get_logger("allocator.solving")
#: Seconds between two times of telling.
EVERY = 0.5
#: How much less than the API a solve presses for the processor.
NICE = 10


class Job:
    """A solve that a worker has taken."""

    def __init__(self, database: Database, tenant: int, uid: UUID, worker: str) -> None:
        self._database = database
        self._tenant = tenant
        self._worker = worker
        self._uid = uid
        self._control = Control()
        self._latest: Progress | None = None
        self._told: Progress | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        """Solve, tell, and write what came of it."""
        row, found = self._database.run(self._tenant, self._read)
        telling = threading.Thread(target=self._tell, args=(row.id,), daemon=True)
        telling.start()
        try:
            if isinstance(found, Invalid):
                self._end(row.id, "failed", {"error": found.detail, **found.more})
                return
            asked = asked_of(row)
            result = solve(
                found.problem,
                Params(
                    time_limit_seconds=asked.time_limit_seconds,
                    workers=asked.workers,
                    seed=asked.seed,
                    gap=asked.gap_percent / 100,
                ),
                on_progress=self._hear,
                control=self._control,
                start=started(row, found),
            )
        finally:
            self._ended.set()
            telling.join()
        self._end(row.id, "solved", document(result, found))

    def _read(self, connection: Any, now: Any) -> tuple[Any, Clinic | Invalid]:
        row = solves.find(connection, self._tenant, self._uid)
        assert row is not None
        who = Principal(tenant=self._tenant, actor=f"solve:{row.uid}", role=Role.ADMINISTRATOR)
        tx = Tx(connection=connection, now=now, principal=who, worlds=Worlds())
        try:
            return row, clinic(tx, asked_of(row))
        except Invalid as invalid:
            return row, invalid

    def _hear(self, progress: Progress) -> None:
        self._latest = progress

    def _tell(self, solve: int) -> None:
        """Tell how it stands, and hear whether to stop, until it has ended."""
        while not self._ended.wait(EVERY):
            mine, stop = self._say(solve, self._latest)
            if not mine:
                LOG.warning("lost", action="solve.lost", solve=str(self._uid))
                os._exit(1)
            if stop:
                self._control.stop()

    def _say(self, solve: int, news: Progress | None) -> tuple[bool, bool]:
        """Write the news, where they are any; say whether it is still ours, and to be stopped."""
        fresh = None if news is self._told else news
        progress = None if fresh is None else told(fresh)
        incumbent = None if fresh is None else [encode(a) for a in fresh.assignments()]
        found = self._database.run(
            self._tenant,
            lambda connection, now: solves.tell(
                connection, self._tenant, solve, self._worker, progress, incumbent
            ),
        )
        self._told = news
        return found

    def _end(self, solve: int, state: str, result: Mapping[str, Any]) -> None:
        self._database.run(
            self._tenant,
            lambda connection, now: solves.end(
                connection, self._tenant, solve, self._worker, state, result
            ),
        )


def started(row: Any, found: Clinic) -> Schedule | None:
    """Return where a solve stood when its worker died, as far as the problem still has it."""
    if not row.incumbent:
        return None
    faults: list[Fault] = []
    assignments: tuple[Assignment, ...] = Decoder(faults).value(
        tuple[Assignment, ...], row.incumbent, ""
    )
    names = {*found.requests, *found.bookings}
    known = {
        visit
        for request in found.problem.requests
        if request.id in names
        for visit in request.visit_ids()
    }
    start = Schedule(assignments=tuple(a for a in assignments if a.visit in known))
    try:
        from allocator.prepare.prepared import Prepared

        Prepared(found.problem).placements(start)
    except InvalidSchedule:
        return None
    return start


def told(progress: Progress) -> dict[str, Any]:
    """Return how a solve stands, as it is kept."""
    return {
        "phase": progress.phase,
        "level": progress.level,
        "seconds": round(progress.seconds, 1),
        "costs": list(progress.costs),
        "bounds": list(progress.bounds),
        "visits_placed": progress.visits_placed,
        "visits": progress.visits,
    }


def document(result: Result, found: Clinic) -> dict[str, Any]:
    """Return what came of a solve, as it is kept: what it would book and move, and the figures."""
    mine = {
        visit: request.id
        for request in found.problem.requests
        if request.id in found.requests or request.id in found.bookings
        for visit in request.visit_ids()
    }
    services = {
        request.visit_id(occurrence, number): step.service
        for request in found.problem.requests
        if request.id in found.requests or request.id in found.bookings
        for occurrence in range(1, request.occurrences + 1)
        for number, step in enumerate(request.steps, 1)
    }
    there = {a.visit for a in found.problem.published}
    schedule = result.schedule or Schedule()
    return {
        "status": result.status.name.lower(),
        "seconds": round(result.seconds, 2),
        "levels": [
            {"name": level.name, "cost": level.cost, "bound": level.bound, "total": level.total}
            for level in result.levels
        ],
        "requests": len(found.requests),
        "visits": [
            {**encode(a), "request": mine[a.visit], "service": services[a.visit]}
            for a in schedule.assignments
            if a.visit in mine
        ],
        "sessions": [
            encode(a)
            for a in schedule.assignments
            if found.problem.knows("session", a.visit) and a.visit not in there
        ],
        "before": [
            {**encode(a), "request": mine[a.visit]}
            for a in found.problem.published
            if a.visit in mine
        ],
        "unplaced": [
            {"visit": u.visit, "request": u.request, "reason": u.reason}
            for u in schedule.unplaced
            if u.visit in mine
        ],
        "notes": list(result.notes),
    }


def main() -> None:
    """Run the solve that the arguments name."""
    tenant, uid, worker = sys.argv[1:4]
    settings = Settings()
    logs.configure(settings.log_level)
    traces.configure(settings.traces, "solve")
    os.nice(NICE)
    database = Database(settings.worker_database_url, size=2)
    try:
        with traces.span("solve", solve=uid):
            Job(database, int(tenant), UUID(uid), worker).run()
    finally:
        database.close()


if __name__ == "__main__":
    main()
