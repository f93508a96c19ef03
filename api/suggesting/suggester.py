"""Suggestions: places for what is asked, ranked, each with a token by which it can be held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from allocator.domain.faults import InvalidProblem, InvalidSchedule
from allocator.domain.request import Request
from allocator.domain.schedule import Assignment
from allocator.domain.steering import SteeringPolicy
from allocator.domain.time import Span, zone_of
from allocator.suggest import DayOfStarts, ExtraLanes, Nearly, Suggestion, Suggestions, WhyNone
from api.auth.permissions import may
from api.problems import Invalid
from api.sealing import Seal
from api.store import lanes, refused
from api.store.world import World
from api.suggesting import asking, tickets
from api.suggesting.asking import Asked, Subject
from api.suggesting.index import TenantIndex
from api.suggesting.indexes import Indexes
from api.suggesting.tickets import Ticket
from api.usecases import placing
from api.usecases.discretion import PLAIN
from api.usecases.placing import WantedVisit
from api.usecases.policy import policy
from api.usecases.rules import faults as told
from api.usecases.series import At
from api.usecases.tx import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A suggestion that can be held.

    Attributes
    ----------
    suggestion
        As the library has it.
    visits
        Where its visits are to lie, and until when.
    sessions
        The same of the group sessions that are held for it.
    token
        What stands for it.
    """

    suggestion: Suggestion
    visits: tuple[Lies, ...]
    sessions: tuple[Lies, ...]
    token: str


#: Where a visit is to lie, and until when.
Lies = tuple[WantedVisit, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A fixed series of which some dates fail; it cannot be held as it was asked for.

    Attributes
    ----------
    visits
        Those that keep the time.
    failing
        The others: which, when it would be, and where it could lie instead.
    """

    visits: tuple[Lies, ...]
    failing: tuple[tuple[At, datetime, tuple[Lies, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What is suggested.

    Attributes
    ----------
    asked, service
        What was asked, and the service of its first visit.
    steering
        How people are steered to quiet hours, or None.
    offers
        The choices, the best first.
    starts
        How many starts the first visit has in all.
    expires_at
        Until when tokens can be used.
    why_none, next_possible
        Why there is no choice, and the first after the time asked for.
    nearly
        Of a fixed series that has no place whole: the times at which the fewest dates fail.
    """

    asked: Asked
    service: str
    steering: SteeringPolicy | None
    offers: tuple[Offer, ...]
    starts: int
    expires_at: datetime
    why_none: WhyNone | None = None
    next_possible: Offer | None = None
    nearly: tuple[Near, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The days on which something could begin.

    Attributes
    ----------
    first, last
        Local dates that were looked at.
    days
        Those with starts.
    steering
        How people are steered to quiet hours, or None.
    """

    first: date
    last: date
    days: tuple[DayOfStarts, ...]
    steering: SteeringPolicy | None


class Suggester:
    """What a process of the API knows to suggest from.

    Parameters
    ----------
    seal
        What tokens are signed by.
    """

    def __init__(self, seal: Seal) -> None:
        self.indexes = Indexes()
        self._seal = seal

    def suggest(self, tx: Tx, asked: Asked, index: TenantIndex | None = None) -> Offers:
        """Suggest places.

        Parameters
        ----------
        index
            An index that is in step; None where it has to be brought there.

        Raises
        ------
        Forbidden, Invalid, NotFound, WrongState, RuleBroken
        """
        tx.demand("suggestions.read")
        in_step = self.indexes.of(tx) if index is None else index
        index, subject = self._subject(tx, asked, in_step)
        within = asking.windows(tx, index, asked)
        if asking.is_empty(subject.request, within, index):
            why = WhyNone("The time asked for is not looked at.", ("windows",))
            found = Suggestions(request=subject.request.id, why_none=why)
        else:
            found = self._found(tx, index, subject, asked, within)
        terms = policy(index.world)
        until = tx.now + timedelta(minutes=terms.suggestion_minutes)
        secret, *_ = tickets.secrets(self._seal, tx.tenant)

        def offer(one: Suggestion) -> Offer:
            if subject.moving is not None and subject.moving.adds:
                one = replace(one, saving=None)  # a booking has one, for the time that it was for
            visits = _lying(subject, [a for a in one.visits if a.visit in subject.places])
            places = [a for a in one.visits if a.visit in one.opens]
            sessions = tuple((placing.wanted(a, session=a.visit), a.end) for a in places)
            ticket = Ticket(
                until=until,
                service=asked.service,
                session=asked.session,
                attendees=asked.attendees,
                place=asked.place,
                request=asked.request,
                booking=asked.booking,
                urgent=asked.urgent,
                visits=tuple(visit for visit, _ in visits),
                sessions=tuple(place for place, _ in sessions),
                saving=one.saving,
                currency="" if index.steering is None else index.steering.currency,
            )
            token = ticket.token(secret)
            return Offer(suggestion=one, visits=visits, sessions=sessions, token=token)

        if not found.options:
            self._note_refused(tx, index, subject, asked, found.why_none)
        return Offers(
            asked=asked,
            service=_service(index, subject),
            steering=index.steering,
            offers=tuple(offer(one) for one in found.options),
            starts=found.starts,
            expires_at=until,
            why_none=None if found.options else found.why_none,
            next_possible=None if found.next_possible is None else offer(found.next_possible),
            nearly=tuple(_near(subject, one) for one in found.nearly),
        )

    def _note_refused(
        self, tx: Tx, index: TenantIndex, subject: Subject, asked: Asked, why: WhyNone | None
    ) -> None:
        """Count demand for which there was no room, where it is known for which hour."""
        times = [asked.wanted] if asked.wanted else [w.start for w in asked.windows[:1]]
        near = [at for at in times if index.horizon.start <= at < index.horizon.end]
        if near and (why is None or not why.rules or not set(why.rules) <= PLAIN):
            refused.note(tx.connection, tx.tenant, _service(index, subject), near[0])

    def ticket(self, tx: Tx, token: str, action: str) -> Ticket:
        """Return what a token of the tenant's stands for, be it too old.

        Parameters
        ----------
        action
            What is to be done with it.

        Raises
        ------
        Forbidden, Invalid
        """
        tx.demand(action)
        return tickets.opened(tickets.secrets(self._seal, tx.tenant), token)

    def days(self, tx: Tx, asked: Asked, first: date | None, days: int) -> Days:
        """Return the days on which something could begin.

        Parameters
        ----------
        first, days
            Local dates that are looked at, from today on where none is named.

        Raises
        ------
        Forbidden, Invalid, NotFound, WrongState, RuleBroken
        """
        tx.demand("suggestions.read")
        index, subject = self._subject(tx, asked, self.indexes.of(tx))
        zones = {index.world.zone, *(place.zone for place in index.world.locations)} - {""}
        today = min(tx.now.astimezone(zone_of(zone)).date() for zone in zones)
        begin = max(first or today, today)
        end = min((first or today) + timedelta(days=days), index.last + timedelta(days=1))
        found: tuple[DayOfStarts, ...] = ()
        if begin < end:
            within = asking.windows(tx, index, asked)
            if not asking.is_empty(subject.request, within, index):
                found = _answered(
                    index,
                    subject,
                    lambda request: index.index.days(
                        request,
                        windows=within,
                        forecast=index.forecast,
                        locations=sorted(tx.principal.locations),
                        now=tx.now,
                        opens=may(tx.principal, "sessions.place"),
                    ),
                )
        # By the clock of the place; and later visits may well lie behind the last day.
        found = tuple(one for one in found if begin <= one.day < end)
        last = max(begin, end - timedelta(days=1))
        return Days(first=begin, last=last, days=found, steering=index.steering)

    def _subject(self, tx: Tx, asked: Asked, index: TenantIndex) -> tuple[TenantIndex, Subject]:
        """Return what is asked for, and an index that knows who comes."""
        subject = asking.subject(tx, index, asked)
        if not index.know(subject.strangers):
            index = self.indexes.of(tx, [row.ref for row in subject.strangers])
        return index, subject

    def _found(
        self, tx: Tx, index: TenantIndex, subject: Subject, asked: Asked, within: Sequence[Span]
    ) -> Suggestions:
        found = _answered(
            index,
            subject,
            lambda request: index.index.suggest(
                request,
                windows=within,
                limit=asked.limit,
                wanted=asked.wanted,
                forecast=index.forecast,
                policy=index.steering,
                locations=sorted(tx.principal.locations),
                now=tx.now,
                until=asking.until(tx, index),
                stays=True,
                opens=may(tx.principal, "sessions.place"),
                explain=False,
                lanes=_added(index.world) if asked.overbook else None,
            ),
        )
        options = tuple(one for one in found.options if _fits(tx, index.world, one))
        return found if len(options) == len(found.options) else replace(found, options=options)


def _answered(index: TenantIndex, subject: Subject, question: Callable[[Request | str], T]) -> T:
    """Ask a question of an index; a booking that moves leaves its place meanwhile."""
    moving, request = subject.moving, subject.request
    try:
        with index.turn:
            if moving is None:
                return question(request)
            with index.anew(moving.booking, request, moving.kept):
                return question(request.id)
    except (InvalidProblem, InvalidSchedule) as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error


def _added(world: World) -> dict[str, list[ExtraLanes]]:
    """Return the lanes that were added to resources, as the library has them."""
    return {
        name: [ExtraLanes(span=Span(start=x.start, end=x.end), lanes=x.lanes) for x in some]
        for name, some in world.extra_lanes.items()
    }


def _fits(tx: Tx, world: World, one: Suggestion) -> bool:
    """Say whether there are lanes for what is in lanes that were added.

    That as many are free throughout does not say so yet: what reaches out of the time of an added
    lane is never in it.
    """
    for name in {claim.resource for claim in one.crowded}:
        mine = (claim for claim in one.crowded if claim.resource == name)
        spans = [(claim.start, claim.end) for claim in mine for _ in range(claim.uses)]
        number = world.numbers["resource"][name]
        count = world.lanes_of(name, world.resources[name].lanes)
        if not lanes.fit(tx.connection, tx.tenant, number, count, spans):
            return False
    return True


def _service(index: TenantIndex, subject: Subject) -> str:
    """Return the service of the first visit of what is asked for."""
    step = subject.request.steps[0]
    sessions = (index.world.sessions[name] for name in sorted(step.sessions))
    return step.service or next((session.service for session in sessions), "")


def _near(subject: Subject, one: Nearly) -> Near:
    return Near(
        visits=_lying(subject, one.visits),
        failing=tuple(
            (subject.places[failing.visit], failing.start, _lying(subject, failing.instead))
            for failing in one.failing
        ),
    )


def _lying(subject: Subject, visits: Sequence[Assignment]) -> tuple[Lies, ...]:
    return tuple((_wanted(subject, a), a.end) for a in visits)


def _wanted(subject: Subject, assignment: Assignment) -> WantedVisit:
    """Return where a visit is to lie, as it is held."""
    wanted = placing.wanted(assignment, *subject.places[assignment.visit])
    if all(attendee.required for attendee in subject.request.attendees):
        return replace(wanted, attending=None)  # tokens are shorter
    return wanted
