"""How many exact re-solves a second one process does at 12 free visits, and what takes the time."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from benchmarks.figures import conditions, table, write

from allocator.bench.case import Case
from allocator.bench.clinic import Clinics
from allocator.bench.sets import Unknown, data_folder, select, set_named
from allocator.generate import clinic
from allocator.model import model as building
from allocator.model.model import Model
from allocator.solve import resolve
from allocator.solve.budget import Budget
from allocator.solve.construct import construct
from allocator.solve.neighbourhoods import NEIGHBOURHOODS
from allocator.solve.neighbourhoods.neighbourhood import Picture
from allocator.solve.params import Params
from allocator.solve.published import keep_published
from allocator.solve.resolve import Resolver
from allocator.solve.ways.exact import EFFORT
from allocator.solve.work import Work
from allocator.state.state import State

pytestmark = pytest.mark.benchmark

DATA = Path(__file__).parents[2] / "data"
FREE = 12
#: Re-solves that are counted, and such as go before them, in which tables are made once for all.
COUNT, BEFORE = 150, 20
#: What is timed, in order: what is called inside another part counts for itself alone.
PARTS = {
    "what visits may do, and its cost": ((building, "options"), (Resolver, "_narrowed")),
    "building models": ((Model, "__init__"), (Model, "hint"), (resolve, "_stages")),
    "CP-SAT": ((resolve, "search"),),
    "lifting, placing, pricing": ((Resolver, "lift"), (Resolver, "move")),
}


class Stopwatch:
    """Processor time by part; a part that is called from another counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._running = ["rest"]
        self._since = time.process_time()

    def _switch(self) -> None:
        now = time.process_time()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Count for a part until it ends."""
        self._switch()
        self._running.append(part)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of which each call, and each item that it yields, is timed."""

        def wrapper(*args: Any, **named: Any) -> Any:
            with self.on(part):
                found = call(*args, **named)
                if callable(found):
                    return self.timed(part, found)
                return iter(list(found)) if isinstance(found, Iterator) else found

        return wrapper


def meetings() -> Case:
    """Return the 100 meetings, or skip."""
    of = set_named("meetings")
    try:
        (source,) = select(of, data_folder() / of.name, ["100"])
    except Unknown as missing:
        pytest.skip(str(missing))
    return source.case()


def clinic_of(visits: int) -> Case:
    """Return a clinic of so many visits that can serve nearly everybody."""
    problem = clinic(visits=visits, weeks=8, booked=False, seed=1)
    return Case(name=f"{visits} visits", problem=problem, score=lambda _: None)  # type: ignore[arg-type, return-value]


def resolved(case: Case, watch: Stopwatch) -> list[object]:
    """Re-solve neighbourhoods of all kinds in turn, from the first schedule on."""
    work = Work(case.problem, Params(), Budget(), None, case.rules, case.goals)
    state = State(work.prepared, work.frozen)
    keep_published(work.book, state)
    construct(work.book, state, work.alone, work.budget)
    best = work.accept(state.placements)
    assert best is not None
    resolver = Resolver(work.book, best.placements, work.must, 0, comfort=True)
    picture = Picture(work.book, resolver.state, work.free)
    chance = random.Random(0)
    proved = gains = 0
    for number in range(BEFORE + COUNT):
        if number == BEFORE:
            watch.seconds.clear()
            proved = gains = 0
            began = time.process_time()
        with watch.on("rest"):
            some = NEIGHBOURHOODS[number % len(NEIGHBOURHOODS)].pick(picture, FREE, chance)[:FREE]
            step = resolver.better(some, EFFORT, work.budget)
            proved += resolver.proved
            if step is not None:
                resolver.move(step.places)
                picture.changed()
                gains += 1
    seconds = time.process_time() - began
    return [
        case.name,
        len(work.free),
        f"{COUNT / seconds:.1f}",
        f"{100 * proved / COUNT:.0f} %",
        gains,
        *(f"{1000 * watch.seconds[part] / COUNT:.1f}" for part in (*PARTS, "rest")),
    ]


def test_resolves_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demonstration clinic, a clinic of some 1,000 visits, and 100 meetings."""
    cases = [
        Clinics().read(DATA / "clinic-demo", "clinic-demo"),
        clinic_of(1000),
        meetings(),
    ]
    rows = []
    for case in cases:
        watch = Stopwatch()
        with monkeypatch.context() as patch:
            for part, calls in PARTS.items():
                for owner, name in calls:
                    patch.setattr(owner, name, watch.timed(part, getattr(owner, name)))
            rows.append(resolved(case, watch))
    write(
        "Re-solves a second",
        f"Exact re-solves of {FREE} free visits, all else fixed, in one process: {COUNT} of them,"
        " picked by all neighbourhoods in turn, from the first schedule on. Processor time; the"
        " last columns are milliseconds of each re-solve, by part.",
        table(
            ("instance", "visits", "a second", "solved to the end", "gains", *PARTS, "rest"), rows
        ),
        conditions(seed=0),
    )
