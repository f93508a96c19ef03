"""What suggestions are asked for: a service and people, a request, or a booking that moves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from allocator.domain.request import PreferredResource, Request, Step
from allocator.domain.time import Span
from api.auth.permissions import may
from api.problems import Forbidden, Invalid, NotFound, RuleBroken
from api.store.world import decoded
from api.suggesting import moving
from api.suggesting.index import TenantIndex
from api.suggesting.moving import Moving
from api.usecases import holding, placing, sessions, things
from api.usecases.policy import too_far
from api.usecases.series import At
from api.usecases.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked.

    Attributes
    ----------
    service, session, attendees
        For a single visit: what, or a seat in which group session, and who comes.
    place
        Or the name of a group session that is to be given its place.
    request
        Or the name of a request that is kept.
    booking, visits
        Or the UUID of a booking, and which of its visits move, or are missing and to be added; none
        is all that are open.
    windows
        Where each visit has to lie whole, beside the windows of a request; empty is anywhere.
    wanted
        A time to be near to, or None.
    preferred
        Whom one would rather have: names by role.
    urgent
        Whether what is kept for the urgent is open to it, and a reviewer looks at it.
    overbook
        Whether lanes that were added to a resource may be taken, after everything else.
    limit
        How many suggestions.
    """

    service: str | None = None
    session: str | None = None
    attendees: tuple[str, ...] = ()
    place: str | None = None
    request: str | None = None
    booking: str | None = None
    visits: tuple[At, ...] = ()
    windows: tuple[Span, ...] = ()
    wanted: datetime | None = None
    preferred: Mapping[str, Sequence[str]] = field(default_factory=dict)
    urgent: bool = False
    overbook: bool = False
    limit: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be placed.

    Attributes
    ----------
    request
        As the library has it.
    places
        Its visits by their names there: occurrence and step.
    strangers
        Those who come and whom the index does not know yet.
    moving
        The booking that moves or gets more visits, or None.
    """

    request: Request
    places: Mapping[str, At]
    strangers: Sequence[Any]
    moving: Moving | None = None


def subject(tx: Tx, index: TenantIndex, asked: Asked) -> Subject:
    """Find what is asked for, as far as it is the asker's business.

    Raises
    ------
    Invalid, NotFound, WrongState, RuleBroken
    """
    named = (asked.service, asked.session, asked.place, asked.request, asked.booking)
    if sum(one is not None for one in named) != 1:
        raise Invalid("Name one of these: a service, a group session, a request, a booking.")
    if asked.attendees and not (asked.service or asked.session):
        raise Invalid("Who comes is said by what is named; do not name attendees.")
    if asked.visits and not asked.booking:
        raise Invalid("Visits are named of a booking alone.")
    if asked.urgent and asked.booking:
        raise Invalid("A booking that moves is as urgent as it was booked; do not say it again.")
    if asked.urgent and asked.place:
        raise Invalid("The place of a group session is never urgent.")
    if asked.overbook and tx.principal.own_only:
        raise Forbidden("Lanes that were added are for the staff to fill.")
    if tx.principal.booking is not None and asked.booking is None:
        raise Forbidden("A link is for its own booking; name that.")
    known: Collection[str] = ()
    if asked.booking is not None:
        found = moving.of(tx, index.horizon, asked.booking, asked.visits, asked.wanted)
        request, places = found.request, found.places
        known = {attendee.resource for attendee in request.attendees}
    else:
        found = None
        request = _request(tx, asked)
        places = {
            request.visit_id(occurrence, step): (occurrence, step)
            for occurrence in range(1, request.occurrences + 1)
            for step in range(1, len(request.steps) + 1)
        }
    opens = may(tx.principal, "sessions.place")
    request = replace(request, steps=tuple(_joined(index, step, opens) for step in request.steps))
    names = {attendee.resource for attendee in request.attendees}
    people = sorted(names - index.world.resources.keys())
    strangers = [name for name in people if name not in index.people]
    placing.demand_people(tx, [n for n in people if n in index.people], index.people, known=known)
    new = (name for name in people if name in index.erased and name not in known)
    placing.demand_not_erased({name: index.erased[name] for name in new})
    return Subject(
        request=_wished(request, asked),
        places=places,
        strangers=placing.people_of(tx, strangers, known=known),
        moving=found,
    )


def _request(tx: Tx, asked: Asked) -> Request:
    """Return what a visit, the place of a group session or a request is asked for as."""
    if asked.place is not None:
        return sessions.alone(sessions.unplaced(tx, asked.place))
    if asked.request is None:
        tx.demand("catalogue.read")
        return holding.simple(asked.service or "", asked.attendees, asked.session)
    tx.demand("requests.read")
    row = things.found(tx, things.KINDS["requests"], asked.request)
    holding.demand_unbooked(tx, row)
    return decoded(Request, row.spec, row.ref)


def _joined(index: TenantIndex, step: Step, opens: bool) -> Step:
    """Return a step with those of its group sessions that somebody can join.

    Parameters
    ----------
    opens
        Whether sessions that have no place yet may be given one.
    """
    known = step.sessions & index.world.sessions.keys()
    if step.sessions and not known:
        raise NotFound(f"There is no group session {min(step.sessions)!r}.")
    held = known & index.held.keys()
    if opens:
        held |= {name for name in known if index.world.sessions[name].least <= 1}
    if step.sessions and not held:
        name = min(known)
        raise RuleBroken(
            f"Group session {name} has no place yet; nobody can join it.",
            violations=[{"rule": "session_together", "message": "it has no place yet"}],
        )
    return replace(step, sessions=held)


def _wished(request: Request, asked: Asked) -> Request:
    """Return a request with what is wished for beside."""
    wishes = tuple(
        PreferredResource(role=role, resources=frozenset(names))
        for role, names in asked.preferred.items()
    )
    named = {wish.role for wish in wishes}
    kept = (wish for wish in request.preferred_resources if wish.role not in named)
    return replace(
        request,
        preferred_resources=(*kept, *wishes),
        priority=1 if asked.urgent else request.priority,
        must=False,
    )


def windows(tx: Tx, index: TenantIndex, asked: Asked) -> tuple[Span, ...]:
    """Return where visits may lie: no further ahead than the tenant's terms say."""
    placing.demand_spans(asked.windows)
    end = until(tx, index)
    some = asked.windows or ((Span(start=tx.now, end=end),) if tx.now < end else ())
    return tuple(replace(w, end=min(w.end, end)) for w in some if w.start < end)


def until(tx: Tx, index: TenantIndex) -> datetime:
    """Return how far ahead the asker is suggested anything: clients, what they may book."""
    return min(index.end, too_far(index.world, tx.now)) if tx.principal.own_only else index.end


def is_empty(request: Request, within: Sequence[Span], index: TenantIndex) -> bool:
    """Say whether windows leave nothing of the days in which places are suggested."""
    start, end = index.horizon.start, index.end
    return not all(
        any(w.start < end and w.end > start for w in some)
        for some in (within, *([request.windows] if request.windows else []))
    )
