"""The problem: everything that is known before a schedule is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from allocator.domain.calendar import Calendar
from allocator.domain.faults import InvalidProblem
from allocator.domain.objective import (
    COMFORT,
    ChangeCosts,
    Forecast,
    Level,
    OffPeakPolicy,
    served_first,
)
from allocator.domain.request import (
    Apart,
    Pin,
    Precedence,
    Relation,
    Request,
    Session,
)
from allocator.domain.resource import Location, Resource, Travel
from allocator.domain.schedule import Assignment
from allocator.domain.service import Service, Turnaround
from allocator.domain.time import Horizon
from allocator.domain.validate import problem_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Requests, and the world in which they are to be placed: frozen and validated.

    Raises
    ------
    InvalidProblem
        With every fault at once.

    Attributes
    ----------
    horizon
        The days looked at, and the grid.
    locations, travel, calendars, resources, services, turnarounds
        The world.
    requests, sessions
        What is asked; group sessions are visits of the problem that requests join.
    relations, precedences, apart
        Rules among named visits and resources.
    published
        Assignments that hold today. Unpinned ones may move, at the price of
        ``fewest_changes``.
    pins
        Visits held where they are published. What only pinned visits break is inherited.
    freeze_before
        Visits published to start before this instant are pinned, and none is put there anew.
    most_changes
        At most so many published visits may be placed otherwise than they are published; None is
        any number. Taken off the schedule they do not count, and neither do pinned ones.
    levels
        The objective, in order; empty is one level for each priority class, then comfort.
    without_rules
        Names of rules that are switched off.
    off_peak, forecast, change_costs
        Data of the goals ``off_peak`` and ``fewest_changes``.
    """

    horizon: Horizon
    name: str = ""
    locations: tuple[Location, ...] = ()
    travel: tuple[Travel, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    resources: tuple[Resource, ...] = ()
    services: tuple[Service, ...] = ()
    turnarounds: tuple[Turnaround, ...] = ()
    requests: tuple[Request, ...] = ()
    sessions: tuple[Session, ...] = ()
    relations: tuple[Relation, ...] = ()
    precedences: tuple[Precedence, ...] = ()
    apart: tuple[Apart, ...] = ()
    published: tuple[Assignment, ...] = ()
    pins: tuple[Pin, ...] = ()
    freeze_before: datetime | None = None
    most_changes: int | None = None
    levels: tuple[Level, ...] = ()
    without_rules: frozenset[str] = frozenset()
    off_peak: OffPeakPolicy = field(default_factory=OffPeakPolicy)
    forecast: tuple[Forecast, ...] = ()
    change_costs: ChangeCosts = field(default_factory=ChangeCosts)
    _index: Mapping[str, Mapping[str, Any]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        index: dict[str, dict[str, Any]] = {
            kind: {thing.id: thing for thing in things}
            for kind, things in (
                ("location", self.locations),
                ("calendar", self.calendars),
                ("resource", self.resources),
                ("service", self.services),
                ("request", self.requests),
                ("session", self.sessions),
            )
        }
        object.__setattr__(self, "_index", index)
        faults = tuple(problem_faults(self))
        if faults:
            raise InvalidProblem(faults)

    def location(self, id: str) -> Location:
        """Return a location by id."""
        return self._index["location"][id]

    def calendar(self, id: str) -> Calendar:
        """Return a calendar by id."""
        return self._index["calendar"][id]

    def resource(self, id: str) -> Resource:
        """Return a resource by id."""
        return self._index["resource"][id]

    def service(self, id: str) -> Service:
        """Return a service by id."""
        return self._index["service"][id]

    def request(self, id: str) -> Request:
        """Return a request by id."""
        return self._index["request"][id]

    def session(self, id: str) -> Session:
        """Return a group session by id."""
        return self._index["session"][id]

    def knows(self, kind: str, id: str) -> bool:
        """Say whether an object of this kind (``"resource"``, ``"service"``, …) has this id."""
        return id in self._index[kind]

    def zone(self, location: str | None) -> str:
        """Return the zone of a location; the horizon's where it names none."""
        if location is None:
            return self.horizon.zone
        return self.location(location).zone or self.horizon.zone

    def with_resource(self, resource: Resource) -> Problem:
        """Return the problem with one more resource, of which everything is known to be right."""
        other = copy(self)
        index = {**self._index, "resource": {**self._index["resource"], resource.id: resource}}
        object.__setattr__(other, "resources", (*self.resources, resource))
        object.__setattr__(other, "_index", index)
        return other

    @property
    def objective(self) -> tuple[Level, ...]:
        """The levels in force, in order."""
        return self.objective_for({request.priority for request in self.requests})

    def objective_for(self, classes: Iterable[int]) -> tuple[Level, ...]:
        """Return the levels in force, in order, where requests of these classes may be asked."""
        if self.levels:
            return self.levels
        return (*served_first(classes), Level(name="comfort", goals=COMFORT))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Say in a line what it is: a notebook would show, and keep, all that it holds."""
        things = ("resources", "services", "requests", "published", "pins")
        held = ", ".join(f"{thing}: {len(getattr(self, thing))}" for thing in things)
        days = f"days: {self.horizon.days} from {self.horizon.first} ({self.horizon.zone})"
        printer.text(f"Problem {self.name!r}; {days}, {held}.")

    def suggest(self, request: Request | str, **how: Any) -> Any:
        """Suggest places for one request, the best first; see ``allocator.suggest.suggest``.

        Parameters
        ----------
        request
            What is asked for, or the id of one of the problem's requests.
        **how
            The schedule beside which it is to be placed (by default what is published), the
            limit, and all else that ``allocator.suggest.suggest`` knows.

        Returns
        -------
        Suggestions
            The choices, or why there are none.
        """
        return import_module("allocator.suggest").suggest(self, request, **how)
