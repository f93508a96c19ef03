"""Same seed, one worker and a deterministic limit: the same schedule, byte for byte."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from allocator.domain.problem import Problem
from allocator.frames import write_schedule
from allocator.generate.clinics import clinic
from allocator.prepare.prepared import Prepared
from allocator.solve.params import Params
from allocator.solve.solve import WHOLE_MODEL_VISITS, solve

#: What has an order in a problem that means nothing.
LISTS = (
    *("locations", "travel", "calendars", "resources", "services", "turnarounds", "requests"),
    *("sessions", "relations", "precedences", "apart", "published", "pins", "forecast"),
)


def shuffled(some: Problem, seed: int) -> Problem:
    """Return the same problem with everything in another order."""
    rng = random.Random(seed)
    mixed = {name: tuple(rng.sample(of, len(of))) for name in LISTS if (of := getattr(some, name))}
    return replace(some, **mixed)


def crowded(visits: int) -> Problem:
    """Return a clinic with more asked for than fits, so that there is something to search for."""
    return clinic(visits=visits, weeks=2, load="overloaded", booked=False, seed=3)


def written(some: Problem, folder: Path, limit: float, given: Problem | None = None) -> bytes:
    """Return the bytes of the schedule's files, and what every level costs and is bounded by.

    ``given`` is the same problem in another order. Only the columns of a CSV file follow an
    order, that of the services, so that the files are those of ``some``.
    """
    result = solve(given or some, Params(workers=1, deterministic_limit=limit))
    assert result.schedule is not None
    data = b""
    for suffix in ("csv", "json"):
        path = folder / f"schedule.{suffix}"
        write_schedule(result.schedule, some, path)
        data += path.read_bytes()
    return data + repr(result.levels).encode()


@pytest.mark.parametrize(("visits", "whole"), [(50, True), (220, False)], ids=["whole", "large"])
def test_the_schedule_is_the_same_byte_for_byte(visits: int, whole: bool, tmp_path: Path) -> None:
    """Twice as it stands, and once with everything in another order: the same files.

    Once for a problem that is one model, and once for one that is planned and repaired.
    """
    some = crowded(visits)
    assert (len(Prepared(some).visits) <= WHOLE_MODEL_VISITS) == whole
    once = written(some, tmp_path, 1.0)
    assert written(some, tmp_path, 1.0) == once
    assert written(some, tmp_path, 1.0, shuffled(some, 5)) == once


def test_what_is_published_keeps_the_schedule_the_same(tmp_path: Path) -> None:
    """Beside pinned bookings, and what is published and may move, the order does not count."""
    some = clinic(visits=30, weeks=2, load=95, seed=4)
    result = solve(some, Params(workers=1, deterministic_limit=0.5))
    assert result.schedule is not None
    again = replace(some, published=result.schedule.assignments)
    once = written(again, tmp_path, 0.5)
    assert written(again, tmp_path, 0.5, shuffled(again, 7)) == once
