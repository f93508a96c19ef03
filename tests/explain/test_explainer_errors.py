"""What cannot be explained is refused, and the message names the object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from tiny import at, need, patient, practitioner, problem, request, room, service

from allocator.domain.faults import FaultCode, InvalidSchedule
from allocator.domain.resource import Location
from allocator.domain.schedule import Assignment, Schedule
from allocator.explain import Explainer


def put(visit: str, who: str = "ann", role: str = "practitioner") -> Assignment:
    """Place a visit on Monday at 9."""
    return Assignment(visit=visit, start=at(0, 9), end=at(0, 10), resources=((role, (who,)),))


ASKED = problem(request("A"), request("B", "pia"), resources=(practitioner("ann"), patient("pia")))
PLACED = Schedule(assignments=(put("A"),))
NAIVE = datetime(2026, 3, 2, 9)


def other(*assignments: Assignment) -> Schedule:
    """Return another schedule."""
    return Schedule(assignments=assignments)


CASES: dict[str, tuple[Callable[[Explainer], object], FaultCode, str]] = {
    "why_not of nothing": (
        lambda e: e.why_not("Z"),
        FaultCode.UNKNOWN_NAME,
        "Request Z does not exist.",
    ),
    "why_not of a visit": (
        lambda e: e.why_not("A#1"),
        FaultCode.UNKNOWN_NAME,
        "Request A#1 does not exist.",
    ),
    "why_not of what is served": (
        lambda e: e.why_not("A"),
        FaultCode.CONTRADICTION,
        "Request A is served.",
    ),
    "why_here of nothing": (
        lambda e: e.why_here("Z"),
        FaultCode.UNKNOWN_NAME,
        "Visit Z does not exist.",
    ),
    "why_here of what is left out": (
        lambda e: e.why_here("B"),
        FaultCode.CONTRADICTION,
        "Visit B is not placed.",
    ),
    "slot of nothing": (
        lambda e: e.slot("Z", at(0, 9)),
        FaultCode.UNKNOWN_NAME,
        "Visit Z: no request has this visit.",
    ),
    "slot without a zone": (
        lambda e: e.slot("B", NAIVE),
        FaultCode.NAIVE_TIME,
        "Visit B: 2026-03-02T09:00:00 has no zone or offset.",
    ),
    "slot between two ticks": (
        lambda e: e.slot("B", at(0, 9, 30)),
        FaultCode.OFF_GRID,
        "B: its start 2026-03-02T09:30:00+01:00 is not on the grid of 60 minutes.",
    ),
    "slot after the horizon": (
        lambda e: e.slot("B", at(1, 9)),
        FaultCode.OUTSIDE_HORIZON,
        "B: 2026-03-03T09:00:00+01:00 to 2026-03-03T10:00:00+01:00 is not inside the horizon",
    ),
    "slot in another role": (
        lambda e: e.slot("B", at(0, 9), {"nurse": ("ann",)}),
        FaultCode.UNKNOWN_NAME,
        "B: the role 'nurse'; its visit has: attendee:pia, practitioner.",
    ),
    "slot with nobody": (
        lambda e: e.slot("B", at(0, 9), {"practitioner": ("zoe",)}),
        FaultCode.UNKNOWN_NAME,
        "B: the resource 'zoe' does not exist.",
    ),
    "difference to a schedule of others": (
        lambda e: e.difference(other(put("Z"))),
        FaultCode.UNKNOWN_NAME,
        "Z: no request has this visit.",
    ),
    "difference to a schedule with others": (
        lambda e: e.difference(other(put("A", "zoe"))),
        FaultCode.UNKNOWN_NAME,
        "A: the resource 'zoe' does not exist.",
    ),
    "a schedule of others": (
        lambda e: Explainer(e.problem, other(put("Z"))),
        FaultCode.UNKNOWN_NAME,
        "Z: no request has this visit.",
    ),
    "a schedule that places a visit twice": (
        lambda e: Explainer(e.problem, other(put("A"), put("A"))),
        FaultCode.DUPLICATE,
        "A: the visit is placed twice.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_message_names_the_object(case: str) -> None:
    """One fault, with its code, its object and a full sentence."""
    ask, code, message = CASES[case]
    with pytest.raises(InvalidSchedule) as caught:
        ask(Explainer(ASKED, PLACED))
    (fault,) = caught.value.faults
    assert fault.code is code
    assert message in fault.message
    assert fault.message.endswith(".")
    assert fault.id
    assert fault.id in fault.message


def test_a_visit_that_nobody_can_hold_is_refused() -> None:
    """Ann stays in the north and the only room is in the south: A can be held nowhere."""
    asks = problem(
        request("A"),
        locations=(Location(id="north"), Location(id="south")),
        resources=(practitioner("ann", location="north"), room("den", location="south")),
        services=(service(needs=(need(), need("room"))),),
    )
    with pytest.raises(InvalidSchedule) as caught:
        Explainer(asks, Schedule()).slot("A", at(0, 9))
    (fault,) = caught.value.faults
    assert (fault.code, fault.id) == (FaultCode.NOBODY, "A")
    assert fault.message == "Visit A: nobody can hold it, at any time."


def test_no_question_changes_the_schedule() -> None:
    """After all questions, answered and refused, every answer is as before."""
    explainer = Explainer(ASKED, PLACED)

    def answers() -> tuple[object, ...]:
        return (
            explainer.placements,
            explainer.unserved,
            explainer.why_not("B"),
            explainer.why_here("A"),
            explainer.slot("A", at(0, 9)),
            explainer.analysis(),
            explainer.difference(other()),
        )

    before = answers()
    for ask, _, _ in CASES.values():
        with pytest.raises(InvalidSchedule):
            ask(explainer)
    assert answers() == before
