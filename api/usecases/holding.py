"""Holding: a place is kept for a while, whole, in part, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from allocator.domain.request import Attendee, Request, Step
from api.problems import Invalid, NotFound, Problem, RuleBroken, Taken, TooMany, WrongState
from api.store import bookings as store
from api.store.database import Again
from api.usecases import bookings, placing, series
from api.usecases.new_booking import Becomes, write
from api.usecases.placing import Cast, WantedVisit
from api.usecases.policy import policy
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Partly:
    """What of a series can be had, where not all of it can.

    Attributes
    ----------
    possible
        Visits that can be had together.
    refused
        The others, each with the reason.
    """

    possible: tuple[WantedVisit, ...]
    refused: tuple[tuple[WantedVisit, Problem], ...]


def simple(service: str, attendees: Sequence[str], session: str | None = None) -> Request:
    """Return the request of a single visit."""
    step = Step(sessions=frozenset({session})) if session else Step(service=service)
    return Request(
        id="new", steps=(step,), attendees=tuple(Attendee(resource=name) for name in attendees)
    )


def hold(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    *,
    stored: Any | None = None,
    hold_minutes: int | None = None,
    urgent: bool = False,
    partial: str = "ask",
    confirmed: bool = False,
    saving: Mapping[str, Any] | None = None,
    first: Callable[[], None] = lambda: None,
) -> Any | Partly:
    """Hold the place of a booking for a while.

    Parameters
    ----------
    request
        What is asked for.
    wanted
        Where its visits are to lie.
    stored
        The row of the request, where it is kept.
    hold_minutes
        How long, where not as long as the service says; never longer.
    urgent
        Whether a reviewer has to look at it first.
    partial
        What to do where only some visits of a series can be had: ``"ask"`` returns them,
        ``"accept"`` holds them, ``"refuse"`` raises.
    confirmed
        Whether it is confirmed at once.
    saving
        What whoever comes saves, or None.
    first
        What has to be done before; it comes after the lock under which open holds are counted, so
        that two who book for one person never wait for each other.

    Returns
    -------
    row of booking, or Partly
    """
    tx.demand("bookings.hold")
    if confirmed:
        tx.demand("bookings.confirm")
    if not wanted:
        raise Invalid("No visit is named; at least 1 is needed.")
    places = bookings.demand_once(wanted)
    if stored is not None:
        demand_unbooked(tx, stored)
    if urgent:
        request = replace(request, priority=1)  # reserves for the urgent are open to it
    who = placing.cast(tx, request, wanted)
    person = _person(tx, request, who)
    _cap(tx, person)
    first()
    series.demand_chains(request, places)
    services = [placing.service_of(tx, request, visit) for visit in wanted]
    minutes = min(service.hold_minutes for service in services)
    if hold_minutes is not None:
        minutes = min(minutes, hold_minutes)

    def written(some: Sequence[WantedVisit], *, whole: bool) -> Any:
        return write(
            tx,
            request,
            some,
            who=who,
            person=person,
            minutes=minutes,
            stored=stored,
            urgent=urgent,
            becomes=Becomes.CONFIRMED if confirmed else Becomes.HELD,
            saving=saving,
            whole=whole,
        )

    try:
        return written(wanted, whole=True)
    except (Taken, RuleBroken):
        if len(wanted) == 1 or partial == "refuse":
            raise
    found = partly(tx, request, wanted, who)
    if not found.possible or partial == "ask":
        return found
    renamed = series.numbers(request, {(v.occurrence, v.step): v.start for v in found.possible})
    possible = [replace(v, occurrence=renamed[v.occurrence]) for v in found.possible]
    try:
        return written(possible, whole=False)
    except Taken as error:  # by somebody else, since it was possible: look at it all anew
        raise Again from error


def partly(tx: Tx, request: Request, wanted: Sequence[WantedVisit], who: Cast) -> Partly:
    """Say which visits of a series can be had together, and why the others cannot.

    Each is tried beside those before it that can be had, the steps of a chain together; nothing
    of it stays.
    """
    possible: list[WantedVisit] = []
    refused: list[tuple[WantedVisit, Problem]] = []
    trial = tx.connection.begin_nested()
    try:
        for visits in series.occurrences(wanted):
            step = tx.connection.begin_nested()
            try:
                write(tx, request, [*possible, *visits], who=who, person=None, whole=False)
            except (Taken, RuleBroken) as problem:
                refused += [(visit, problem) for visit in visits]
            else:
                possible += visits
            finally:
                step.rollback()
    finally:
        trial.rollback()
    return Partly(possible=tuple(possible), refused=tuple(refused))


def _person(tx: Tx, request: Request, who: Cast) -> int | None:
    """Return whose booking it is: the first person who attends; a client's own, and no other."""
    people = [number for number in who.people.values() if number is not None]
    if tx.principal.own_only:
        strangers = [n for n in people if n != tx.principal.person]
        if strangers or (people and tx.principal.person is None):
            raise NotFound("You can book for yourself; somebody else is named.")
    attending = [who.people.get(attendee.resource) for attendee in request.attendees]
    first = next((number for number in [*attending, *people] if number is not None), None)
    return tx.principal.person if first is None else first


def demand_unbooked(tx: Tx, request: Any) -> None:
    """Refuse to book a request twice; whoever books has locked its row."""
    there = store.of_request(tx.connection, tx.tenant, request.id)
    if there is not None:
        raise WrongState(
            f"The request {request.ref!r} is {there.state} as booking {there.uid}; cancel or move"
            " that.",
            booking=str(there.uid),
        )
    if request.state == "withdrawn":
        raise WrongState(f"The request {request.ref!r} is withdrawn.", state=request.state)


def _cap(tx: Tx, person: int | None) -> None:
    """Refuse more open holds than one person may have, or whoever books for nobody in particular.

    Exact, since they are counted under a lock. What waits for a reviewer is as open as a hold:
    nobody blocks time by having it wait.
    """
    terms, who = policy(tx.world), tx.principal
    if who.own_only and (who.publishable or person is None):
        key = -(tx.tenant + 2**51)
        there = store.open_holds(tx.connection, key, tx.tenant, None, who.actor)
        _demand_fewer(
            there, terms.most_public_holds, "This page has" if who.publishable else "You have"
        )
    elif person is not None:
        key = -(person + 2**50)
        there = store.open_holds(tx.connection, key, tx.tenant, person, who.actor)
        _demand_fewer(there, terms.most_open_holds, "This person has")


def _demand_fewer(there: int, most: int, has: str) -> None:
    if there >= most:
        raise TooMany(
            f"{has} {there} open holds; at most {most} are possible.",
            retry_after_seconds=60,
        )


def offer(
    tx: Tx,
    request: Request,
    wanted: Sequence[WantedVisit],
    until: datetime,
    *,
    stored: Any | None,
    leaving: Sequence[int] = (),
) -> Any:
    """Hold a place for somebody who waits, until they have answered.

    Parameters
    ----------
    until
        When they have to have answered.
    stored
        The row of the request, where it is kept; it is locked.
    leaving
        Numbers of the visits that they would leave for it: rules do not hear of these, and the
        time that they take is theirs for now.

    Raises
    ------
    WrongState, Taken, RuleBroken, TooMany
    """
    tx.demand("bookings.hold")
    if stored is not None:
        demand_unbooked(tx, stored)
    series.demand_chains(request, bookings.demand_once(wanted))
    who = placing.cast(tx, request, wanted)
    person = _person(tx, request, who)
    _cap(tx, person)
    minutes = (until - tx.now) / timedelta(minutes=1)
    return write(
        tx, request, wanted, who=who, person=person, minutes=minutes, stored=stored, freed=leaving
    )


def book(tx: Tx, request: Request, wanted: Sequence[WantedVisit], stored: Any) -> Any:
    """Book a request that is kept, at once; a reviewer looks at it where its service asks for it.

    Raises
    ------
    WrongState, Taken, RuleBroken
    """
    tx.demand("bookings.hold")
    tx.demand("bookings.confirm")
    demand_unbooked(tx, stored)
    series.demand_chains(request, bookings.demand_once(wanted))
    who = placing.cast(tx, request, wanted)
    person = _person(tx, request, who)
    becomes = Becomes.CONFIRMED
    return write(tx, request, wanted, who=who, person=person, stored=stored, becomes=becomes)


def bring_in(tx: Tx, request: Request, wanted: Sequence[WantedVisit], stored: Any | None) -> Any:
    """Book what has been agreed upon elsewhere; nobody reviews it, and it has had its notice.

    Raises
    ------
    Invalid, NotFound, WrongState, Taken, RuleBroken
    """
    tx.demand("bookings.import")
    if stored is not None:
        demand_unbooked(tx, stored)
    series.demand_chains(request, bookings.demand_once(wanted))
    who = placing.cast(tx, request, wanted)
    person = _person(tx, request, who)
    return write(
        tx,
        request,
        wanted,
        who=who,
        person=person,
        stored=stored,
        becomes=Becomes.BOOKED,
        noticed=True,
    )
