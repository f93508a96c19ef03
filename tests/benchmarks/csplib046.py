"""CSPLib prob046, meeting scheduling, as problems: read from outside, never copied in.

The instances (CC BY 4.0, https://www.csplib.org/Problems/prob046) are looked for in
``$ALLOCATOR_BENCHMARKS/csplib046/instances.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from allocator.domain.problem import Problem
from allocator.domain.request import Attendee, Request, Step
from allocator.domain.resource import Location, Resource, Travel
from allocator.domain.service import Service
from allocator.domain.time import Horizon, Span

#: Minutes of a slot, of a meeting, and of a unit of distance.
SLOT = 60


@dataclass(frozen=True, slots=True)
class Meetings:
    """One instance.

    Attributes
    ----------
    number
        Its number.
    slots
        Starts there are.
    agents
        For each agent the meetings that he attends.
    distances
        Slots that lie at least between two meetings of one agent.
    """

    number: int
    slots: int
    agents: tuple[tuple[int, ...], ...]
    distances: tuple[tuple[int, ...], ...]

    def problem(self) -> Problem:
        """Say it as a problem: each meeting has a place of its own, and all must be held."""
        meetings = range(len(self.distances))
        horizon = Horizon(first=date(2026, 3, 2), days=1, zone="UTC", grain_minutes=SLOT)
        slots = Span(start=horizon.start, end=horizon.instant(self.slots))
        attended = [[n for n, some in enumerate(self.agents) if m in some] for m in meetings]
        return Problem(
            horizon=horizon,
            locations=tuple(Location(id=f"place {m:02}") for m in meetings),
            travel=tuple(
                Travel(
                    origin=f"place {a:02}",
                    destination=f"place {b:02}",
                    minutes=SLOT * self.distances[a][b],
                )
                for a in meetings
                for b in meetings
                if a != b
            ),
            resources=tuple(
                Resource(id=f"agent {n:02}", kind="agent") for n in range(len(self.agents))
            ),
            services=tuple(
                Service(id=f"service {m:02}", minutes=SLOT, location=f"place {m:02}")
                for m in meetings
            ),
            requests=tuple(
                Request(
                    id=f"meeting {m:02}",
                    steps=(Step(service=f"service {m:02}"),),
                    attendees=tuple(Attendee(resource=f"agent {n:02}") for n in attended[m]),
                    windows=(slots,),
                    must=True,
                )
                for m in meetings
            ),
        )


def read(path: Path) -> Iterator[Meetings]:
    """Yield the instances of a file in the form of CSPLib's."""
    text = path.read_text(encoding="utf-8")
    for number, part in re.findall(
        r"Instance #(\d+)\**(.*?)(?=\*\*Instance #|\Z)", text, re.DOTALL
    ):
        slots = re.search(r"DomainSize\s*=\s*(\d+)", part)
        assert slots is not None, f"instance {number} has no DomainSize"
        agents = re.findall(r"Agents? \(\d+\):([\d ]*)", part)
        rows = re.findall(r"^\s*\d+\s*:([\d ]+)$", part.split("Distance")[-1], re.MULTILINE)
        yield Meetings(
            int(number),
            int(slots[1]),
            tuple(tuple(map(int, some.split())) for some in agents),
            tuple(tuple(map(int, row.split())) for row in rows),
        )
