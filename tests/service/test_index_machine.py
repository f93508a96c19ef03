"""The index of what is free, in two processes, equals the claims after whatever comes to pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
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
from service.indexing import Process, at, in_database, in_index
from starlette.testclient import TestClient

from api.app import application
from api.settings import Settings
from api.store.database import Database
from api.sweeper import sweep

which = st.integers(0, 50)
hours = st.integers(8, 10)
services = st.sampled_from(["physio", "training", "surgery"])
paths = st.sampled_from(["holds", "bookings"])
changes = st.sampled_from(["confirm", "cancel", "approve", "decline", "check-in"])
#: Which of two processes of the API a call comes to.
sides = st.integers(0, 1)


class IndexMachine(RuleBasedStateMachine):
    """Suggestions that are held, booked and moved to, by calls to two processes, and the clock."""

    def __init__(
        self,
        found: Callable[[], Clinic],
        others: TestClient,
        process: Process,
        relay: Database,
    ) -> None:
        super().__init__()
        self.found, self.others, self.process, self.relay = found, others, process, relay
        self.bookings: list[str] = []
        self.requests = 0

    @initialize()
    def begin(self) -> None:
        self.clinic = self.found()
        furnish(self.clinic.asker())
        here = self.clinic.asker()
        self.asks = [here, Asker(self.others, here.key)]
        group = {"id": "S", "service": "training", "least": 1, "most": 2}
        assert here.post("/v1/sessions", group).status_code == 201
        self.place(0, 8)

    def suggested(self, side: int, body: dict[str, Any]) -> list[Any]:
        answer = self.asks[side].post("/v1/suggestions", body)
        assert answer.status_code in (200, 409), answer.text
        found: list[Any] = answer.json().get("suggestions", [])
        return found

    def pick(self, number: int) -> str:
        return self.bookings[-1 - number % len(self.bookings)]

    def made(self, answer: Any) -> None:
        """What is suggested can be had, since nobody else is there."""
        assert answer.status_code == 201, answer.text
        self.bookings.append(answer.json()["id"])

    # What is suggested

    @rule(side=sides, hour=hours, service=services, path=paths, number=which)
    def take(self, side: int, hour: int, service: str, path: str, number: int) -> None:
        body = {
            "service": service,
            "windows": [{"start": at(hour), "end": at(hour + 2)}],
            "limit": 3,
        }
        found = self.suggested(side, body)
        if found:
            token = found[number % len(found)]["token"]
            self.made(self.asks[1 - side].post(f"/v1/{path}", {"token": token}))

    @rule(side=sides, number=which)
    def take_a_series(self, side: int, number: int) -> None:
        self.requests += 1
        body = {
            "id": f"R{self.requests}",
            "steps": [{"service": "physio"}],
            "series": {"type": "flexible", "count": 2, "least_days_between": 1},
        }
        assert self.asks[side].post("/v1/requests", body).status_code == 201
        windows = [{"start": at(8, day), "end": at(10, day)} for day in (0, 1, 2)]
        found = self.suggested(side, {"request": body["id"], "windows": windows, "limit": 3})
        if found:
            token = found[number % len(found)]["token"]
            self.made(self.asks[side].post("/v1/bookings", {"token": token}))

    @rule(side=sides)
    def take_a_seat(self, side: int) -> None:
        found = self.suggested(side, {"session": "S"})
        if found:
            self.made(self.asks[side].post("/v1/bookings", {"token": found[0]["token"]}))

    @precondition(lambda self: self.bookings)
    @rule(side=sides, number=which, choice=which, day=st.integers(0, 2))
    def move(self, side: int, number: int, choice: int, day: int) -> None:
        name = self.pick(number)
        windows = [{"start": at(8, day), "end": at(12, day + 1)}]
        found = self.suggested(side, {"booking": name, "windows": windows, "limit": 3})
        if found:
            body = {"token": found[choice % len(found)]["token"]}
            moved = self.asks[side].post(f"/v1/bookings/{name}/reschedule", body)
            assert moved.status_code == 200, moved.text

    # What else comes to pass

    @precondition(lambda self: self.bookings)
    @rule(side=sides, number=which, what=changes)
    def change(self, side: int, number: int, what: str) -> None:
        kind = "holds" if what == "confirm" else "bookings"
        answer = self.asks[side].post(f"/v1/{kind}/{self.pick(number)}/{what}")
        assert answer.status_code in (200, 409), answer.text

    @precondition(lambda self: self.bookings)
    @rule(side=sides, number=which)
    def time_is_over(self, side: int, number: int) -> None:
        """Of a hold, or of what waits for a reviewer; the indexes hear of it as of a new end."""
        name = self.pick(number)
        self.clinic.sql(
            "UPDATE claim SET expires_at = now() FROM visit, booking WHERE booking.ref = :ref"
            " AND visit.booking_id = booking.id AND claim.visit_id = visit.id"
            " AND claim.expires_at IS NOT NULL",
            ref=name,
        )
        self.clinic.sql(
            "UPDATE booking SET expires_at = now() WHERE ref = :ref AND expires_at IS NOT NULL",
            ref=name,
        )
        self.clinic.sql(
            "INSERT INTO audit (tenant_id, actor, action, kind, object) VALUES"
            " (:t, 'test', 'booking.held', 'booking', CAST(:ref AS uuid))",
            t=self.clinic.tenant,
            ref=name,
        )

    @rule()
    def sweep(self) -> None:
        sweep(self.relay)

    @rule(side=sides, hour=hours)
    def place(self, side: int, hour: int) -> None:
        body = {"start": at(hour, 1), "resources": {"gym": ["gym"]}}
        answer = self.asks[side].post("/v1/sessions/S/place", body)
        assert answer.status_code in (201, 409), answer.text

    @rule(side=sides)
    def unplace(self, side: int) -> None:
        assert self.asks[side]("DELETE", "/v1/sessions/S/place").status_code in (204, 404, 409)

    @rule(side=sides, number=which)
    def a_room_more(self, side: int, number: int) -> None:
        body = {"id": f"room-{10 + number}", "kind": "room", "calendar": "office"}
        assert self.asks[side].post("/v1/resources", body).status_code in (201, 409)

    # What always holds

    @invariant()
    def indexes_are_the_claims(self) -> None:
        """A process that only looks, and both that are called, have what the database has."""
        if not hasattr(self, "clinic"):
            return
        for side in (0, 1):
            self.suggested(side, {"service": "physio", "limit": 1})
        apps = [asks.http.app.state.service.suggester.indexes for asks in self.asks]
        known = [indexes._slots[self.clinic.tenant].index for indexes in apps]
        for index in (self.process.index(self.clinic), *known):
            assert in_index(index) == in_database(self.clinic, index)
        assert self.clinic.overlaps() == 0

    def teardown(self) -> None:
        """An index that is read anew says the same as the one that has followed all the way."""
        if not hasattr(self, "clinic"):
            return
        followed = self.process.index(self.clinic)
        self.process.indexes._slots.clear()
        assert in_index(self.process.index(self.clinic)) == in_index(followed)
        sweep(self.relay)


@pytest.fixture
def others(settings: Settings) -> Iterator[TestClient]:
    """Another process of the API on the same database."""
    with TestClient(application(settings), raise_server_exceptions=False) as client:
        yield client


def test_indexes_of_several_processes_are_the_claims(
    new_clinic: Callable[[], Clinic],
    others: TestClient,
    process: Process,
    relay: Database,
) -> None:
    """Whatever is suggested can be had, and every index is what the database says."""
    sweep(relay)
    run_state_machine_as_test(
        lambda: IndexMachine(new_clinic, others, process, relay),
        settings=settings(settings.default, max_examples=8, stateful_step_count=25),
    )
