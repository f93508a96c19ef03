"""How long a clinic takes to be read, prepared and inserted, told by a process of its own.

``python -m benchmarks.growing FOLDER``: so that its most memory is that of this clinic alone.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from allocator.domain.garbage import collected_later
from allocator.frames import read_problem
from allocator.goals import GOALS
from allocator.rules import RULES
from allocator.solve.budget import Budget
from allocator.solve.construct import construct
from allocator.solve.params import Params
from allocator.solve.work import Work
from allocator.state.state import State


@collected_later()
def measure(folder: Path) -> dict[str, float]:
    """Return processor time of each step, how much there was, and the most memory in MB."""
    clock = [time.process_time()]
    problem = read_problem(folder)
    clock.append(time.process_time())
    work = Work(problem, Params(), Budget(), None, RULES, GOALS)
    clock.append(time.process_time())
    state = State(work.prepared, work.frozen)
    construct(work.book, state, work.alone, work.budget)
    best = work.accept(state.placements)
    clock.append(time.process_time())
    assert best is not None
    return {
        "visits": len(work.free),
        "placed": sum(best.placements[v] is not None for v in work.free),
        "resources": len(problem.resources),
        "load": clock[1] - clock[0],
        "prepare": clock[2] - clock[1],
        "insert": clock[3] - clock[2],
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
