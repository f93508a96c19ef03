"""Whatever comes and goes, the index is as one that was built anew."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)
from tiny import at, calendar, need, patient, practitioner, problem, request, room, service

from allocator.domain.problem import Problem
from allocator.domain.request import Request
from allocator.domain.resource import Location, Travel, WorkLimits
from allocator.domain.schedule import Assignment, Claim
from allocator.domain.service import Turnaround
from allocator.suggest import Index

HOURS = st.integers(8, 11)
DAYS = st.integers(0, 1)
SERVING = ("ann", "bob", "one", "lab")
PEOPLE = ("pat", "pam")


def world() -> Problem:
    """Two days of two who serve and two rooms, one for two at once, with rules about neighbours."""
    return problem(
        request("known", "pat"),
        days=2,
        calendars=(calendar(),),
        locations=(Location(id="north"), Location(id="south")),
        travel=(Travel(origin="north", destination="south", minutes=60),),
        resources=(
            practitioner("ann", location="north", mobile=True, limits=WorkLimits(visits_per_day=2)),
            practitioner("bob", location="south", mobile=True),
            room("one", location="north"),
            room("lab", location="south", lanes=2),
            patient("pat"),
        ),
        services=(
            service("visit", needs=(need(), need("room"))),
            service("talk", needs=(need(after_minutes=60),)),
        ),
        turnarounds=(Turnaround(kind="practitioner", before="talk", after="visit", minutes=60),),
    )


class Changes(RuleBasedStateMachine):
    """Claims and bookings come and go, questions are asked in between."""

    claims = Bundle("claims")
    bookings = Bundle("bookings")

    @initialize()
    def begin(self) -> None:
        self.problem = world()
        self.index = Index(self.problem)
        self.index.know(patient("pam"))
        self.claimed: list[Claim] = []
        self.booked: dict[str, tuple[Request, Assignment]] = {}
        self.number = 0

    @rule(
        target=claims,
        resource=st.sampled_from((*SERVING, *PEOPLE)),
        day=st.integers(-1, 2),
        hour=HOURS,
        half=st.booleans(),
        uses=st.integers(1, 2),
    )
    def add(self, resource: str, day: int, hour: int, half: bool, uses: int) -> Claim:
        start = at(day, hour, 30 * half)
        claim = Claim(
            resource=resource,
            visit=f"c{self.number}",
            role="any",
            start=start,
            end=start + timedelta(hours=1),
            uses=uses,
        )
        self.number += 1
        self.index.add(claim)
        self.claimed.append(claim)
        return claim

    @rule(claim=consumes(claims))
    def remove(self, claim: Claim) -> None:
        self.index.remove(claim)
        self.claimed.remove(claim)

    @rule(
        target=bookings,
        what=st.sampled_from(("visit", "talk")),
        who=st.sampled_from(("ann", "bob")),
        where=st.sampled_from(("one", "lab")),
        person=st.sampled_from(PEOPLE),
        day=DAYS,
        hour=HOURS,
    )
    def book(self, what: str, who: str, where: str, person: str, day: int, hour: int) -> str:
        """Book anything anywhere: whether rules allow it is not the index's business."""
        name = f"b{self.number}"
        self.number += 1
        taken = [("practitioner", (who,)), (f"attendee:{person}", (person,))]
        taken += [("room", (where,))] if what == "visit" else []
        asked = request(name, person, what)
        lies = Assignment(
            visit=name, start=at(day, hour), end=at(day, hour + 1), resources=tuple(taken)
        )
        self.index.book(asked, [lies])
        self.booked[name] = asked, lies
        return name

    @rule(name=consumes(bookings))
    def cancel(self, name: str) -> None:
        self.index.cancel(name)
        del self.booked[name]

    @rule(name=bookings)
    def ask_to_move(self, name: str) -> None:
        self.index.suggest(name, explain=False)

    @rule(person=st.sampled_from(PEOPLE), what=st.sampled_from(("visit", "talk")))
    def ask(self, person: str, what: str) -> None:
        self.index.suggest(request("n", person, what), explain=False)

    @invariant()
    def as_built_anew(self) -> None:
        if not hasattr(self, "index"):
            return
        other = Index(self.problem)
        other.know(patient("pam"))
        for claim in self.claimed:
            other.add(claim)
        for asked, lies in self.booked.values():
            other.book(asked, [lies])
        for number, resource in enumerate(self.index.prepared.resources):
            one, two = self.index.state, other.state
            assert one.busy(number) == two.busy(number), resource.id
            for uses in range(1, resource.lanes + 1):
                assert one.full(number, uses) == two.full(number, uses)
            assert one.claimed[number] == two.claimed[number]
        for asked in ("known", request("n", "pam", "visit"), request("n", "pat", "talk")):
            found = self.index.suggest(asked, limit=99, explain=False)
            assert found.options == other.suggest(asked, limit=99, explain=False).options


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
