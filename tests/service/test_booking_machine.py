"""Bookings in any order, against an oracle in memory that knows no more than their places."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from service.conftest import Asker, Clinic, furnish

from api.store.database import Database
from api.sweeper import sweep

DAY = datetime(2030, 1, 7, 8, tzinfo=UTC)
MINUTES = {"physio": 45, "surgery": 60, "training": 60}
LANES = {"anna": 1, "ben": 1, "room-1": 1, "room-2": 1, "gym": 3}
LIVE = ("held", "pending_approval", "booked")
CLAIMED = {"held": "hold", "pending_approval": "pending_approval", "booked": "booked"}
YEARS = timedelta(days=3653)
ATTENDED = {
    "check-in": (("booked",), "checked_in"),
    "fulfil": (("booked", "checked_in"), "fulfilled"),
    "no-show": (("booked",), "no_show"),
}
YEARS = timedelta(days=3653)
ATTENDED = {
    "check-in": (("booked",), "checked_in"),
    "fulfil": (("booked", "checked_in"), "fulfilled"),
    "no-show": (("booked",), "no_show"),
}
slots = st.integers(0, 9).map(lambda n: DAY + timedelta(minutes=15 * n))
people = st.sampled_from(["anna", "ben"])
rooms = st.sampled_from(["room-1", "room-2"])
which = st.integers(0, 50)


@dataclass
class Known:
    """What the oracle knows of a booking."""

    name: str
    service: str
    start: datetime
    resources: dict[str, list[str]]
    state: str = "held"
    visit: str = "booked"
    over: bool = False

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=MINUTES[self.service])

    @property
    def takes(self) -> set[str]:
        return {name for names in self.resources.values() for name in names}

    @property
    def live(self) -> bool:
        return self.state in LIVE


@dataclass
class Oracle:
    """All bookings; a place is free where the claims of the others leave a lane throughout."""

    known: dict[str, Known] = field(default_factory=dict)

    def free(self, wanted: Known) -> bool:
        others = [b for b in self.known.values() if b.live and not b.over and b.name != wanted.name]
        return all(self.most(name, [*others, wanted]) <= LANES[name] for name in wanted.takes)

    @staticmethod
    def most(name: str, bookings: list[Known]) -> int:
        """How many take a resource at once, at the worst moment."""
        mine = [b for b in bookings if name in b.takes]
        return max(sum(b.start <= at.start < b.end for b in mine) for at in mine)

    def place(self, placed: Known) -> None:
        """Put a booking there; whoever is over and was in the way has expired."""
        for other in self.known.values():
            if other.over and other.live and other.takes & placed.takes:
                self.end(other)
        self.known[placed.name] = placed

    @staticmethod
    def end(booking: Known) -> None:
        booking.state = {"held": "expired", "pending_approval": "rejected"}[booking.state]
        booking.visit, booking.over = "cancelled", False


class BookingMachine(RuleBasedStateMachine):
    """Clients, a reviewer, the clock and the sweeper, in any order."""

    def __init__(self, found: Callable[[], Clinic], relay: Database) -> None:
        super().__init__()
        self.found, self.relay, self.oracle = found, relay, Oracle()

    @initialize()
    def begin(self) -> None:
        self.clinic = self.found()
        furnish(self.clinic.asker())
        self.asks: Asker = self.clinic.asker()

    def pick(self, number: int) -> Known:
        """One of the bookings, the later ones first: they are the ones with most to come."""
        known = list(self.oracle.known.values())[::-1]
        return known[number % len(known)]

    @property
    def some(self) -> bool:
        return bool(self.oracle.known)

    def change(self, path: str, body: Any, *, allowed: bool) -> Any:
        answer = self.asks.post(path, body)
        assert answer.status_code == (200 if allowed else 409), answer.text
        return answer.json()

    # Places

    def hold(self, service: str, start: datetime, resources: dict[str, list[str]]) -> None:
        wanted = Known("new", service, start, resources)
        body = {"service": service, "start": start.isoformat(), "resources": resources}
        answer = self.asks.post("/v1/holds", body)
        assert answer.status_code == (201 if self.oracle.free(wanted) else 409), answer.text
        if answer.status_code == 201:
            wanted.name = answer.json()["id"]
            self.oracle.place(wanted)

    @rule(service=st.sampled_from(["physio", "surgery"]), start=slots, who=people, room=rooms)
    def hold_treatment(self, service: str, start: datetime, who: str, room: str) -> None:
        self.hold(service, start, {"practitioner": [who], "room": [room]})

    @rule(start=slots)
    def hold_training(self, start: datetime) -> None:
        self.hold("training", start, {"gym": ["gym"]})

    @precondition(lambda self: self.some)
    @rule(number=which, start=slots)
    def move(self, number: int, start: datetime) -> None:
        mine = self.pick(number)
        wanted = Known(mine.name, mine.service, start, mine.resources, mine.state)
        path = f"/v1/bookings/{mine.name}/reschedule"
        visit = {"start": start.isoformat(), "resources": mine.resources}
        self.replace(mine, wanted, path, {"visits": [visit]}, 404)

    @precondition(lambda self: self.some)
    @rule(number=which, who=people, room=rooms)
    def reassign(self, number: int, who: str, room: str) -> None:
        mine = self.pick(number)
        filled = {"practitioner": [who], "room": [room]}
        resources = {"gym": ["gym"]} if mine.service == "training" else filled
        wanted = Known(mine.name, mine.service, mine.start, resources, mine.state)
        path = f"/v1/bookings/{mine.name}/reassign"
        self.replace(mine, wanted, path, {"resources": resources}, 409)

    def replace(self, mine: Known, wanted: Known, path: str, body: Any, attended: int) -> None:
        answer = self.asks.post(path, body)
        if not mine.live or mine.over:
            expected = 409
        elif mine.visit != "booked":
            expected = attended
        else:
            expected = 200 if self.oracle.free(wanted) else 409
        assert answer.status_code == expected, answer.text
        if answer.status_code == 200:
            self.oracle.place(wanted)

    # States

    @precondition(lambda self: self.some)
    @rule(number=which)
    def confirm(self, number: int) -> None:
        mine = self.pick(number)
        allowed = mine.state == "held" and not mine.over
        self.change(f"/v1/holds/{mine.name}/confirm", None, allowed=allowed)
        if allowed:
            mine.state = "pending_approval" if mine.service == "surgery" else "booked"

    @precondition(lambda self: self.some)
    @rule(number=which, verdict=st.sampled_from(["approve", "decline"]))
    def review(self, number: int, verdict: str) -> None:
        mine = self.pick(number)
        allowed = mine.state == "pending_approval" and not mine.over
        self.change(f"/v1/bookings/{mine.name}/{verdict}", None, allowed=allowed)
        if allowed and verdict == "approve":
            mine.state = "booked"
        elif allowed:
            mine.state, mine.visit = "rejected", "cancelled"

    @precondition(lambda self: self.some)
    @rule(number=which)
    def cancel(self, number: int) -> None:
        mine = self.pick(number)
        allowed = mine.live and not mine.over and mine.visit in ("booked", "checked_in")
        self.change(f"/v1/bookings/{mine.name}/cancel", None, allowed=allowed)
        if allowed:
            mine.state = mine.visit = "cancelled"

    @precondition(lambda self: self.some)
    @rule(number=which, what=st.sampled_from(["check-in", "fulfil", "no-show"]))
    def attend(self, number: int, what: str) -> None:
        """People check in early; nobody has been treated or has missed it before it starts."""
        mine = self.pick(number)
        before, after = ATTENDED[what]
        allowed = mine.state == "booked" and mine.visit in before
        allowed &= what == "check-in" or mine.start < DAY
        self.change(f"/v1/bookings/{mine.name}/{what}", None, allowed=allowed)
        if allowed:
            mine.visit = after

    @precondition(lambda self: any(b.state == "booked" for b in self.oracle.known.values()))
    @rule(number=which)
    def years_pass(self, number: int) -> None:
        """A booking is found to lie in the past, at the same time of day as it did."""
        booked = [b for b in self.oracle.known.values() if b.state == "booked" and b.start >= DAY]
        for mine in booked[number % 3 : number % 3 + 1]:
            for what in (
                "visit SET span = tstzrange(lower(span) - :by, upper(span) - :by)"
                " FROM booking b WHERE b.ref = :ref AND visit.booking_id = b.id",
                "claim SET span = tstzrange(lower(claim.span) - :by, upper(claim.span) - :by)"
                " FROM visit v, booking b WHERE b.ref = :ref AND v.booking_id = b.id"
                " AND claim.visit_id = v.id",
                "booking SET starts_at = starts_at - :by WHERE ref = :ref",
            ):
                self.clinic.sql(f"UPDATE {what}", ref=mine.name, by=YEARS)
            mine.start -= YEARS

    @precondition(lambda self: any(b.state in LIVE[:2] for b in self.oracle.known.values()))
    @rule(number=which)
    def time_passes(self, number: int) -> None:
        """The time of one booking is over, and nobody has noticed yet."""
        waiting = [b for b in self.oracle.known.values() if b.state in LIVE[:2]]
        mine = waiting[number % len(waiting)]
        past = "'2020-01-01 00:00+00'"
        self.clinic.sql(f"UPDATE booking SET expires_at = {past} WHERE ref = :ref", ref=mine.name)
        self.clinic.sql(
            f"UPDATE claim SET expires_at = {past} FROM visit, booking WHERE booking.ref = :ref"
            " AND visit.booking_id = booking.id AND claim.visit_id = visit.id",
            ref=mine.name,
        )
        mine.over = True

    @rule()
    def sweep(self) -> None:
        over = [b for b in self.oracle.known.values() if b.over]
        assert sweep(self.relay) == len(over)
        for booking in over:
            self.oracle.end(booking)

    # What always holds

    @invariant()
    def claims_are_those_of_the_oracle(self) -> None:
        """Every live booking has its claims in its state, nobody else has any, none overlap."""
        if not hasattr(self, "clinic"):
            return
        rows = self.clinic.sql(
            "SELECT b.ref, r.ref AS resource, c.lane, lower(c.span) AS start, upper(c.span) AS"
            " finish, c.state, c.expires_at IS NOT DISTINCT FROM b.expires_at AS same FROM claim c"
            " JOIN visit v ON v.tenant_id = c.tenant_id AND v.id = c.visit_id"
            " JOIN booking b ON b.tenant_id = v.tenant_id AND b.id = v.booking_id"
            " JOIN resource r ON r.tenant_id = c.tenant_id AND r.id = c.resource_id"
        )
        there = sorted((r.ref, r.resource, r.start, r.finish, r.state) for r in rows)
        assert there == sorted(
            (b.name, resource, b.start, b.end, CLAIMED[b.state])
            for b in self.oracle.known.values()
            if b.live
            for resource in b.takes
        )
        assert all(r.same and 0 <= r.lane < LANES[r.resource] for r in rows)
        for one, other in itertools.combinations(rows, 2):
            if (one.resource, one.lane) == (other.resource, other.lane):
                assert one.finish <= other.start or other.finish <= one.start
        assert self.clinic.overlaps() == 0

    @invariant()
    def states_are_those_of_the_oracle(self) -> None:
        """Bookings and their visits are in the states that their history brought them to."""
        if not hasattr(self, "clinic"):
            return
        rows = self.clinic.sql(
            "SELECT b.ref, b.state, v.state AS visit FROM booking b JOIN visit v"
            " ON v.tenant_id = b.tenant_id AND v.booking_id = b.id"
        )
        assert {r.ref: (r.state, r.visit) for r in rows} == {
            b.name: (b.state, b.visit) for b in self.oracle.known.values()
        }

    def teardown(self) -> None:
        """The audit log, replayed, brings every booking to the state that it is in."""
        if not hasattr(self, "clinic"):
            return
        replayed: dict[str, str] = {}
        for row in self.clinic.sql(
            "SELECT object, action, before, after FROM audit WHERE kind = 'booking' ORDER BY id"
        ):
            name = str(row.object)
            if row.after is not None and "state" in row.after:
                assert (row.before or {}).get("state") == replayed.get(name)
                replayed[name] = row.after["state"]
        assert replayed == {b.name: b.state for b in self.oracle.known.values()}
        sweep(self.relay)


def test_bookings_in_any_order(new_clinic: Callable[[], Clinic], relay: Database) -> None:
    """Never an overlap, capacity kept, freed once, and the log replayed tells the same story."""
    sweep(relay)
    run_state_machine_as_test(
        lambda: BookingMachine(new_clinic, relay),
        settings=settings(settings.default, max_examples=12, stateful_step_count=40),
    )
