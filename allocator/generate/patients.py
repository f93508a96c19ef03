"""Patients: resources too, some with hours of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from allocator.domain.calendar import Calendar, DailySpan, WeeklyRule
from allocator.domain.resource import Resource, WorkLimits

_WEEK = frozenset(range(5))

#: When patients with hours of their own can come; assumed.
AVAILABILITY: dict[str, tuple[frozenset[int], int, int]] = {
    "patient-mornings": (_WEEK, 450, 780),
    "patient-after-school": (_WEEK, 840, 1170),
    "patient-before-and-after-noon": (_WEEK, 540, 960),
    "patient-mon-wed-fri": (frozenset({0, 2, 4}), 450, 1170),
    "patient-tue-thu": (frozenset({1, 3}), 450, 1170),
}

OWN_HOURS_SHARE = 0.2


def availability_calendars() -> tuple[Calendar, ...]:
    """Return the calendars that patients with hours of their own have."""
    return tuple(
        Calendar(
            id=id,
            weekly=(
                WeeklyRule(weekdays=weekdays, hours=DailySpan(start_minute=start, end_minute=end)),
            ),
        )
        for id, (weekdays, start, end) in sorted(AVAILABILITY.items())
    )


@dataclass(slots=True)
class Register:
    """The patients so far, numbered in the order in which they came."""

    rng: Random
    patients: dict[str, Resource] = field(default_factory=dict)

    def new(self, *, free: bool = False, visits_per_day: int | None = None) -> Resource:
        """Register a patient, who is always free or has hours drawn for them."""
        id = f"P{len(self.patients) + 1:04d}"
        own = self.rng.random() < OWN_HOURS_SHARE
        calendar = self.rng.choice(sorted(AVAILABILITY))
        limited = self.rng.random() < 0.15
        patient = Resource(
            id=id,
            kind="patient",
            calendar=calendar if own and not free else None,
            limits=WorkLimits(visits_per_day=visits_per_day or (2 if limited else None)),
        )
        self.patients[id] = patient
        return patient

    def replace(self, patient: Resource) -> None:
        """Note a change of a patient."""
        self.patients[patient.id] = patient

    def forget(self, patient: Resource) -> None:
        """Strike out the patient who was registered last."""
        del self.patients[patient.id]
