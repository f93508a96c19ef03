"""``python -m api.demo_service``: a day at the demonstration clinic, from calls to bookings.

Starts the service on a folder that vanishes, sends what comes in on a day through the client, lets
a worker place it, publishes, tells what happened, and stops.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from allocator.client import Client, Conflict, Place, Solve
from allocator.domain.problem import Problem
from allocator.domain.request import ATTENDEE, Request
from allocator.domain.schedule import Assignment
from allocator.frames import read_problem, write_problem
from api.demo import clinic, next_week
from api.lifetime import with_parent

TENANT = "demonstration"
ALLOCATOR = (sys.executable, "-m", "allocator")
#: Seconds that the solve has.
SECONDS = 15
#: Requests that are left, of which the reason is told.
MOST_LEFT = 5
BEFORE = (
    "A day at a clinic, in about a minute: the service starts on a folder of its own, calls and"
    " requests come in through the Python client, a worker places them, and they are booked."
)
AFTERWARDS = (
    "Everything has stopped, and its data are gone.",
    "`make serve` runs the same service for you to try; docs/client.md shows how to call it.",
)


@dataclass(slots=True, kw_only=True)
class Day:
    """What happened.

    Attributes
    ----------
    called, held, refused
        Calls for an appointment at a certain time; of these, held and confirmed, and not to be had.
    waiting, placed, booked
        Requests for any time that suits; of these, placed by the solve, and booked.
    lost
        Of those that were placed, the ones for which somebody was faster.
    left
        Requests that are left for the next solve, each with the reason.
    status
        The solve's.
    seconds
        How long each part took.
    """

    called: int = 0
    held: int = 0
    refused: int = 0
    waiting: int = 0
    placed: int = 0
    booked: int = 0
    lost: int = 0
    left: dict[str, str] = field(default_factory=dict)
    status: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Note how long something takes."""
        began = time.perf_counter()
        yield
        self.seconds[part] = time.perf_counter() - began

    def table(self) -> Table:
        """Return it for people."""
        table = Table("what happened", title="A day at the demonstration clinic")
        table.add_column("how many", justify="right")
        table.add_column("seconds", justify="right")
        best = "no more is possible" if self.status == "optimal" else "the best in that time"
        for what, count, part in (
            ("The service started, with the clinic in it", None, "started"),
            ("Calls for an appointment at a certain time", self.called, "held"),
            ("  held and confirmed at once", self.held, ""),
            ("  not to be had", self.refused, ""),
            ("Requests for any time that suits", self.waiting, "sent"),
            (f"  placed by a worker's solve: {best}", self.placed, "solved"),
            ("  published, and booked by that", self.booked, "published"),
            ("  placed, and somebody was faster", self.lost, ""),
            ("  left for the next solve", len(self.left), ""),
        ):
            seconds = f"{self.seconds[part]:.1f}" if part else ""
            table.add_row(what, "" if count is None else f"{count:,}", seconds)
        return table

    def told(self) -> str:
        """Return what else people may want to know."""
        some = [f"  {name}: {reason}" for name, reason in list(self.left.items())[:MOST_LEFT]]
        more = [f"  and {len(self.left) - MOST_LEFT} more"] if len(self.left) > MOST_LEFT else []
        lines = ["Why requests are left:", *some, *more] if some else []
        return "\n".join([*lines, *AFTERWARDS])


def run(console: Console, *, seconds: int = SECONDS) -> Day:
    """Live through the day.

    Parameters
    ----------
    console
        Where progress is shown.
    seconds
        That the solve has.
    """
    day = Day()
    problem = next_week(read_problem(clinic()), datetime.now().date())
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )
    # Nothing of the caller's settings: another database would be theirs.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ALLOCATOR_")}
    with ExitStack() as stack:
        stack.enter_context(bars)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="allocator-demo-")))
        folder.chmod(0o755)  # PostgreSQL does not run as root: its own user has to enter
        starting = bars.add_task("The service starts", total=None)
        with day.timed("started"):
            url = stack.enter_context(serving(folder / "data", environment))
            key = seeded(problem, folder, environment)
        bars.update(starting, total=1, completed=1)
        client = stack.enter_context(Client(url, key))
        _go_by(client, problem, day, bars, seconds)
    return day


def _go_by(client: Client, problem: Problem, day: Day, bars: Progress, seconds: int) -> None:
    booked = {a.visit: a for a in problem.published}
    calls = _busiest([r for r in problem.requests if _single(r) in booked])
    requests = _busiest([r for r in problem.requests if not _published(r, booked)])
    with day.timed("held"):
        for request in bars.track(calls, description="Calls are answered"):
            day.called += 1
            try:
                _book(client, request, booked[_single(request)])
                day.held += 1
            except Conflict:
                day.refused += 1
    with day.timed("sent"):
        for request in bars.track(requests, description="Requests come in"):
            client.requests.create(request)
            day.waiting += 1
    with day.timed("solved"):
        task = bars.add_task("A worker solves", total=seconds)

        def hear(news: Solve) -> None:
            done = (news.progress or {}).get("seconds", 0)
            bars.update(task, completed=min(done, seconds))

        names = [request.id for request in requests]
        asked = client.solves.ask(
            first=problem.horizon.first,
            days=problem.horizon.days,
            requests=names,
            time_limit_seconds=seconds,
        )
        solved = client.solves.wait(asked.id, hear)
        bars.update(task, completed=seconds)
    result = solved.result or {}
    day.status = result.get("status", solved.state)
    day.placed = len({visit["request"] for visit in result.get("visits", ())})
    with day.timed("published"):
        done = client.solves.publish(asked.id)
    day.booked, day.lost = len(done.booked), len(done.lost)
    left = set(names) - set(done.booked)
    why = {one["request"]: one["reason"] for one in result.get("unplaced", ())}
    why |= {one.request: one.detail for one in done.lost}
    day.left = {name: why.get(name, "") for name in names if name in left}


def _busiest(requests: Sequence[Request]) -> list[Request]:
    """Return the requests of the day on which most came in, in that order."""
    timed = [(request.requested, request) for request in requests if request.requested]
    ((busiest, _),) = Counter(at.date() for at, _ in timed).most_common(1)
    return [r for at, r in sorted(timed, key=lambda pair: pair[0]) if at.date() == busiest]


def _single(request: Request) -> str:
    """Return the only visit of a request; "" where it has several."""
    visits = list(request.visit_ids())
    return visits[0] if len(visits) == 1 else ""


def _published(request: Request, booked: dict[str, Assignment]) -> bool:
    return any(visit in booked for visit in request.visit_ids())


def _book(client: Client, request: Request, at: Assignment) -> None:
    """Hold the time that somebody calls for, and confirm it."""
    client.requests.create(request)
    resources = {r: names for r, names in at.resources if not r.startswith(ATTENDEE)}
    place = Place(start=at.start, resources=resources)
    held = client.bookings.hold(request=request.id, visits=[place])
    client.bookings.confirm(held.id)


@contextmanager
def serving(data: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Run the service on a folder that is not there yet; yield its address."""
    command = [*ALLOCATOR, "serve", "--port", "0", "--data", str(data), "--json"]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=with_parent(signal.SIGTERM),
    ) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            if not told:
                raise SystemExit("The service did not start; its reason is above.")
            yield json.loads(told)["url"]
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree((data / "postgres").resolve(), ignore_errors=True)


def seeded(problem: Problem, folder: Path, environment: Mapping[str, str]) -> str:
    """Bring the clinic in, of which nobody has asked for anything yet; return a key."""
    empty = replace(
        problem, requests=(), published=(), pins=(), relations=(), precedences=(), apart=()
    )
    write_problem(empty, folder / "clinic")
    command = [*ALLOCATOR, "seed", str(folder / "clinic"), "--tenant", TENANT, "--json"]
    told = subprocess.run(
        [*command, "--data", str(folder / "data")],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return str(json.loads(told)["key"])


def main() -> None:
    """Live through the day, and tell of it."""
    console = Console(highlight=False)
    console.print(BEFORE)
    day = run(console)
    console.print(day.table())
    console.print(day.told(), markup=False)


if __name__ == "__main__":
    main()
