"""The problem's own constraints, looked at in a schedule's times alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import combinations

from allocator.bench.case import PARTS, Scored
from allocator.bench.csplib046.instance import Instance
from allocator.domain.schedule import Schedule

#: When slot 0 starts, and how long each is.
ZERO = datetime(2026, 3, 2, tzinfo=UTC)
SLOT = timedelta(hours=1)


def score(instance: Instance, schedule: Schedule | None, *, solvable: bool = False) -> Scored:
    """Look whether all meetings are held, and everyone gets from one to the next.

    Parameters
    ----------
    instance
        What was to be held.
    schedule
        When it is held, or None.
    solvable
        Whether it is known that a schedule holds all: else to find none may be right.
    """
    slots: dict[int, int] = {}
    broken = []
    for one in schedule.assignments if schedule is not None else ():
        meeting = int(one.visit.removeprefix("meeting "))
        slots[meeting], beside = divmod(one.start - ZERO, SLOT)
        if beside or one.end - one.start != SLOT:
            broken.append(f"Meeting {meeting} does not take one slot: {one.start} to {one.end}.")
    missing = [m for m in range(len(instance.distances)) if m not in slots]
    if schedule is not None or solvable:
        broken += [f"Meeting {meeting} is not held." for meeting in missing]
    broken += _broken(instance, slots)
    return Scored({"held": PARTS * len(missing)}, tuple(broken))


def _broken(instance: Instance, slots: Mapping[int, int]) -> Iterator[str]:
    for meeting, slot in slots.items():
        if not 0 <= slot < instance.slots:
            yield f"Meeting {meeting} is in slot {slot}; there are 0 to {instance.slots - 1}."
    for agent, attended in enumerate(instance.agents):
        for one, other in combinations([m for m in attended if m in slots], 2):
            apart = abs(slots[one] - slots[other])
            least = 1 + instance.distances[one][other]
            if apart < least:
                yield (
                    f"Agent {agent} has meetings {one} and {other} {apart} slots apart, not {least}"
                    " at least."
                )
