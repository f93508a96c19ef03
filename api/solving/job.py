"""``python -m api.solving.job TENANT UID WORKER``: one solve, in a process of its own.

No transaction is open while it solves: the problem is read in one, news are written several times
a second, the result in another. Whoever kills this process loses what it has found since the best
schedule was written down last, which is done as often as that costs little.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection

from allocator.domain.faults import Fault, InvalidProblem, InvalidSchedule
from allocator.domain.schedule import Assignment, Schedule
from allocator.frames.nested import Decoder, encode
from allocator.prepare.prepared import Prepared
from allocator.solve.budget import Control
from allocator.solve.params import Params
from allocator.solve.progress import Progress
from allocator.solve.result import Result
from allocator.solve.solve import solve
from api import logs, traces
from api.auth.principal import Principal, Role
from api.problems import Invalid, StoreUnavailable
from api.settings import Settings
from api.solving.asked import Asked, asked_of
from api.solving.clinic import Clinic, clinic
from api.solving.outcome import Stay, document
from api.solving.publishing import Cancelled, Publisher
from api.solving.stopped import stopped
from api.store import solves
from api.store.database import Again, Database
from api.store.solves import TO_PUBLISH
from api.store.world import Worlds
from api.usecases.rules import faults as told_faults
from api.usecases.tx import Tx

LOG = structlog.get_logger("allocator.solving")
#: Seconds between two times of telling, and of hearing whether to stop.
EVERY = 0.25
#: How many times as long as it takes to write the best schedule down, it is not written again.
REST = 10
#: Seconds after which a solve that is to stop ends with what it has told last.
PATIENCE = 0.5
#: How much less than the API a solve presses for the processor.
NICE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How a solve stands, of which problem, and which booked visits stay where they are in it."""

    progress: Progress
    found: Clinic
    stays: Mapping[str, Stay]


class Job:
    """A solve that a worker has taken.

    Parameters
    ----------
    leave
        Is called where it was stopped and has ended while it is still being worked on: nothing
        comes of that any more, and the worker has others to run.
    """

    def __init__(
        self,
        database: Database,
        tenant: int,
        uid: UUID,
        worker: str,
        leave: Callable[[], object] = lambda: None,
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._worker = worker
        self._uid = uid
        self._leave = leave
        self._worlds = Worlds()
        self._who = principal(tenant, uid)
        self._control = Control()
        self._latest: News | None = None
        self._told: News | None = None
        self._kept: News | None = None
        self._rested = 0.0
        self._stood = False
        self._ended = threading.Event()

    def run(self) -> None:
        """Solve, tell, write what came of it, and publish it where that was asked for."""
        row = self._database.run(self._tenant, self._find)
        self._stood = bool(row.incumbent)
        telling = threading.Thread(target=self._tell, args=(row.id,), daemon=True)
        telling.start()
        try:
            if row.state == "running":
                row = self._solved(row)
            if row is not None and row.publish and not row.cancel and row.state in TO_PUBLISH:
                with suppress(Cancelled):
                    publisher = Publisher(self._database, self._worlds, self._who)
                    publisher.publish(self._uid, by_itself=True)
        finally:
            self._ended.set()
            telling.join()

    def _solved(self, row: Any) -> Any | None:
        """Solve, and return the row as it is then; None where it is somebody else's by now."""
        # In a transaction of its own: the row would be locked for as long as the problem is read,
        # and nobody could cancel the solve, nor tell of it.
        self._database.run(self._tenant, partial(self._note_read, row.id))
        found = self._database.run(self._tenant, partial(self._read, row))
        if isinstance(found, Invalid):
            return self._end(row.id, "failed", {"error": found.detail, **found.more})
        try:
            answer = self._solve(row, found)
        except InvalidProblem as error:
            said = error.faults[0].message
            return self._end(row.id, "failed", {"error": said, "faults": told_faults(error.faults)})
        ended = self._end(row.id, "solved", answer)
        self._latest = None
        return ended

    def _solve(self, row: Any, found: Clinic) -> dict[str, Any]:
        """Solve, and again as long as it leaves out what is booked: that stays where it is.

        Its place is nobody else's, so the others are placed beside it.
        """
        asked = asked_of(row)
        until = time.monotonic() + asked.time_limit_seconds
        start, stays = started(row, found), dict[str, Stay]()
        if start is not None:
            self._hear(found, stays, as_it_stood(row, start))
        self._stood = False
        while True:
            stays = {str(v.uid): Stay.of(v, why) for v, why in found.stays} | stays
            result = solve(
                found.problem,
                Params(
                    time_limit_seconds=max(1.0, until - time.monotonic()),
                    workers=asked.workers,
                    seed=asked.seed,
                    gap=asked.gap_percent / 100,
                ),
                on_progress=partial(self._hear, found, stays),
                control=self._control,
                start=start,
            )
            left = left_out(result, found)
            stays = stays | left
            if not left or self._control.stopped:
                return document(result, found, stays.values())
            found = self._database.run(self._tenant, partial(self._again, asked, frozenset(stays)))
            start = kept(result.schedule, found)

    def _find(self, connection: Connection, now: datetime) -> Any:
        row = solves.find(connection, self._tenant, self._uid, "incumbent")
        assert row is not None
        return row

    def _note_read(self, solve: int, connection: Connection, now: datetime) -> None:
        solves.note_read(connection, self._tenant, solve)

    def _read(self, row: Any, connection: Connection, now: datetime) -> Clinic | Invalid:
        try:
            return clinic(self._tx(connection, now), asked_of(row))
        except Invalid as invalid:
            return invalid

    def _again(
        self, asked: Asked, stay: frozenset[str], connection: Connection, now: datetime
    ) -> Clinic:
        return clinic(self._tx(connection, now), asked, stay)

    def _tx(self, connection: Connection, now: datetime) -> Tx:
        return Tx(connection=connection, now=now, principal=self._who, worlds=self._worlds)

    def _hear(self, found: Clinic, stays: Mapping[str, Stay], progress: Progress) -> None:
        self._latest = News(progress=progress, found=found, stays=stays)

    def _tell(self, solve: int) -> None:
        """Tell how it stands, and hear whether to stop, until it has ended.

        What is to stop, and does not at once, ends here with what it has told last: while the
        problem is prepared nobody hears, and in the end reasons are sought for all who are left
        out. What it still comes to is nobody's. One that had told nothing when it was cancelled
        was over at once.
        """
        heard: float | None = None
        while not self._ended.wait(EVERY):
            try:
                row = self._say(solve, self._latest)
                if row is None:
                    LOG.warning("lost", action="solve.lost", solve=str(self._uid))
                    os._exit(1)
                if not row.cancel:
                    continue
                self._control.stop()
                heard = heard or time.monotonic()
                late = time.monotonic() >= heard + PATIENCE
                if row.state == "cancelled" or (late and self._give_up(solve)):
                    self._leave()
                    return
            except (StoreUnavailable, Again) as problem:  # it is told the next time
                LOG.warning("waiting", action="solve.waiting", reason=type(problem).__name__)

    def _say(self, solve: int, news: News | None) -> Any | None:
        """Write the news, where they are any; return how it stands, None where it is not ours."""
        progress = None if news is None or news is self._told else told(news.progress)
        began = time.monotonic()
        keep = news is not None and news is not self._kept and began >= self._rested
        incumbent = None
        if news is not None and keep:
            incumbent = [encode(a) for a in news.progress.assignments()]
        found = self._database.run(
            self._tenant,
            lambda connection, now: solves.tell(
                connection, self._tenant, solve, self._worker, progress, incumbent
            ),
        )
        self._told = news
        if keep:
            self._kept, ended = news, time.monotonic()
            self._rested = ended + REST * (ended - began)
        return found

    def _give_up(self, solve: int) -> Any | None:
        """End a solve with what it has told last; None where it has ended by itself.

        What another had told before it died is read again first: that is not thrown away.
        """
        news = self._latest
        if news is None and self._stood:
            return None
        if news is None or not news.progress.costs:
            return self._end(solve, "cancelled", None)
        result = stopped(news.progress, news.found)
        stays = {**news.stays, **left_out(result, news.found)}
        return self._end(solve, "solved", document(result, news.found, stays.values()))

    def _end(self, solve: int, state: str, result: Mapping[str, Any] | None) -> Any | None:
        return self._database.run(
            self._tenant,
            lambda connection, now: solves.end(
                connection, self._tenant, solve, self._worker, state, result
            ),
        )


def principal(tenant: int, uid: UUID) -> Principal:
    """Return who a solve is, where it reads and publishes."""
    return Principal(tenant=tenant, actor=f"solve:{uid}", role=Role.ADMINISTRATOR)


def started(row: Any, found: Clinic) -> Schedule | None:
    """Return where a solve stood when its worker died, as far as the problem still has it."""
    if not row.incumbent or len(row.progress["costs"]) != len(found.problem.objective):
        return None
    faults: list[Fault] = []
    assignments: tuple[Assignment, ...] = Decoder(faults).value(
        tuple[Assignment, ...], row.incumbent, ""
    )
    return kept(Schedule(assignments=assignments), found)


def as_it_stood(row: Any, start: Schedule) -> Progress:
    """Return how a solve stood when its worker died: till there is more, it is what there is."""
    return Progress(
        phase=row.progress["phase"],
        seconds=row.progress["seconds"],
        costs=tuple(row.progress["costs"]),
        bounds=tuple(row.progress["bounds"]),
        visits_placed=len(start.assignments),
        visits=row.progress["visits"],
        level=row.progress["level"],
        assignments=lambda: start.assignments,
    )


def kept(schedule: Schedule | None, found: Clinic) -> Schedule | None:
    """Return what of a schedule a problem still has, for a solve to start from."""
    if schedule is None:
        return None
    published = {a.visit for a in found.problem.published} - found.before.keys()
    start = Schedule(
        assignments=tuple(
            a
            for a in schedule.assignments
            if a.visit not in published
            and (a.visit in found.visits or found.problem.knows("session", a.visit))
        )
    )
    try:
        Prepared(found.problem).placements(start)
    except InvalidSchedule:
        return None
    return start


def left_out(result: Result, found: Clinic) -> dict[str, Stay]:
    """Return the booked visits that a schedule leaves out, by UUID."""
    if result.schedule is None:
        return {}
    reasons = {u.visit: u.reason for u in result.schedule.unplaced}
    return {
        mine.uid: Stay(
            booking=None if mine.session else mine.owner,
            person=found.people.get(mine.owner),
            session=mine.owner if mine.session else found.before[visit].session,
            id=mine.uid,
            start=found.before[visit].start,
            reason=reasons.get(visit, ""),
        )
        for visit, mine in found.visits.items()
        if mine.uid and visit not in result.schedule
    }


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
            Job(database, int(tenant), UUID(uid), worker, partial(os._exit, 0)).run()
    finally:
        database.close()


if __name__ == "__main__":
    main()
