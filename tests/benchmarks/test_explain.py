"""How soon reasons and ways out are found, and whether they are confirmed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from benchmarks.figures import conditions, table, write

from allocator.bench.csplib046 import FILE
from allocator.bench.csplib046.instance import instance_texts, read_instance
from allocator.bench.csplib046.problem import problem_of
from allocator.bench.sets import data_folder
from allocator.explain import Explainer, find_conflict
from allocator.frames import read_problem
from allocator.solve.params import Params
from allocator.solve.solve import solve

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]


def explained(name: str) -> tuple[Explainer, list[tuple[float, int, bool, int]]]:
    """Explain all that a schedule leaves out: seconds, facts, confirmed, relaxations of each."""
    problem = read_problem(ROOT / "data" / name)
    result = solve(problem, Params(time_limit_seconds=30, seed=0))
    assert result.schedule is not None
    explainer = Explainer(problem, result.schedule)
    rows = []
    began = time.perf_counter()
    for why in explainer.why_not_all():
        ended = time.perf_counter()
        facts = 0 if why.core is None else len(why.core.facts)
        confirmed = why.core is not None and why.core.confirmed
        rows.append((ended - began, facts, confirmed, len(why.relaxations)))
        began = ended
    return explainer, rows


def test_reasons() -> None:
    """Reasons and relaxations, one by one and all together."""
    lines = []
    for name in ("clinic-demo", "clinic-overloaded"):
        explainer, rows = explained(name)
        longest = 0.0
        for request in explainer.unserved[:10]:
            began = time.perf_counter()
            explainer.why_not(request)
            longest = max(longest, time.perf_counter() - began)
        lines.append(
            (
                name,
                len(rows),
                sum(confirmed for _, _, confirmed, _ in rows),
                sum(facts > 0 for _, facts, _, _ in rows),
                sum(some > 0 for _, _, _, some in rows),
                f"{sum(seconds for seconds, *_ in rows):.1f}",
                f"{max(seconds for seconds, *_ in rows):.2f}",
                f"{longest:.2f}",
            )
        )
    write(
        "Reasons",
        "`allocator explain`: for each request that a solve of 30 s leaves out, the fewest facts"
        " that leave no way, confirmed by solving again, and what would place it, each solved. The"
        " last column is for one request with who stands in its way: the longest of the ten most"
        " urgent. Cores of 0 facts are requests that could be placed, which the search left open.",
        table(
            (
                "clinic",
                "left out",
                "cores confirmed",
                "cores found",
                "with a relaxation",
                "all, s",
                "longest, s",
                "one with rivals, s",
            ),
            lines,
        ),
        conditions(seed=0),
    )


def test_csplib046() -> None:
    """All 25 instances are decided; each infeasible one has a minimal conflict, confirmed."""
    path = data_folder() / "csplib046" / FILE
    if not path.exists():
        pytest.skip("the instances are not at hand: set ALLOCATOR_BENCHMARKS")
    lines = []
    for number, text in instance_texts(path).items():
        instance = read_instance(path, number, text)
        problem = problem_of(instance)
        result = solve(problem, Params(time_limit_seconds=10, workers=2))
        told: tuple[object, ...] = ("", "", "", "")
        if result.schedule is None:
            began = time.perf_counter()
            conflict = find_conflict(problem)
            assert conflict is not None
            seconds = time.perf_counter() - began
            told = (
                len(conflict.demands),
                len(conflict.core.facts),
                "yes" if conflict.core.confirmed else "no",
                f"{seconds:.2f}",
            )
        lines.append(
            (
                instance.number,
                len(instance.distances),
                len(instance.agents),
                result.status.name.lower(),
                f"{result.seconds:.2f}",
                *told,
            )
        )
    write(
        "Meetings that cannot all be held (CSPLib prob046)",
        "Each meeting must be held, at a place of its own, with travel for those who attend several"
        " ([CSPLib prob046](https://www.csplib.org/Problems/prob046/), CC BY 4.0). Where they"
        " cannot all be held: meetings in conflict of which none can be spared, the facts of"
        " its core, and whether both were confirmed by solving again.",
        table(
            (
                "instance",
                "meetings",
                "agents",
                "decided",
                "in, s",
                "meetings in conflict",
                "facts",
                "confirmed",
                "in, s",
            ),
            lines,
        ),
        conditions(workers=2, seed=0),
    )
