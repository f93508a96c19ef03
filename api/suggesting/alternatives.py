"""Alternatives: whoever is refused a place is told of others, in the refusal itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from allocator.domain.time import Span
from api.call import Call
from api.problems import Problem, RuleBroken, Taken, WrongState
from api.store import refused
from api.suggesting import views
from api.suggesting.asking import Asked
from api.usecases import bookings, waitlist
from api.usecases.discretion import PLAIN
from api.usecases.series import At
from api.usecases.tx import Tx

#: How many alternatives are told.
MOST = 3
#: States of a hold, and of an entry of the waitlist, whose time was over.
LAPSED = ("expired", "waiting")


@contextmanager
def offered(call: Call, asked: Callable[[Tx], Asked | None]) -> Iterator[None]:
    """Have a refusal of a place tell alternatives, each with its token.

    Parameters
    ----------
    asked
        Says what others are to be suggested for, None for nothing; it is asked once all is rolled
        back.
    """
    try:
        yield
    except (Taken, RuleBroken, WrongState) as problem:
        if _lost(problem):
            problem.more["alternatives"] = _alternatives(call, asked, problem)
        raise


def again(tx: Tx, name: str) -> Asked | None:
    """Return what a booking was asked for, near to where it was; None where it was no hold."""
    row = bookings.found(tx, name)
    first = row.visits[0]
    resources = {r: tuple(n) for r, n in first["resources"].items() if ":" not in r}
    near = Asked(wanted=row.starts_at, preferred=resources, urgent=row.urgent)
    if row.request is not None:
        return replace(near, request=row.request)
    request = bookings.request_of(row)
    (step, *more), attendees = request.steps, tuple(a.resource for a in request.attendees)
    if more or request.series is not None:
        return None
    if step.sessions:
        return replace(near, session=first["session"], attendees=attendees, preferred={})
    return replace(near, service=step.service, attendees=attendees)


def beside(
    tx: Tx, name: str, visits: Sequence[At], resources: Mapping[str, Sequence[str]]
) -> Asked:
    """Return what a booking asks for that was to be with others, near to where it is."""
    row = bookings.found(tx, name)
    there = {(visit["occurrence"], visit["step"]): visit["start"] for visit in row.visits}
    starts = [there[at] for at in visits if at in there]
    wanted = datetime.fromisoformat(min(starts)) if starts else row.starts_at
    return Asked(booking=name, visits=tuple(visits), wanted=wanted, preferred=resources)


def waiting(tx: Tx, name: str) -> Asked | None:
    """Return what an entry of the waitlist waits for, near to what it was offered last."""
    row = waitlist.found(tx, name)
    last = row.hold_starts_at or max(row.offered, default=None)
    if row.booking_id is None:
        return Asked(request=row.request, wanted=last)
    spans = [Span(start=tx.now, end=row.ends_at)]
    if row.windows:
        within = ((datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in row.windows)
        spans = [Span(start=a, end=min(b, row.ends_at)) for a, b in within]
    earlier = tuple(span for span in spans if span.start < span.end)
    return Asked(booking=str(row.booking), windows=earlier, wanted=last) if earlier else None


def _lost(problem: Problem) -> bool:
    """Say whether a place is lost: taken, against a rule, or not confirmed in time.

    Whoever waits again had an offer, and it went to others.
    """
    return not isinstance(problem, WrongState) or problem.more.get("state") in LAPSED


def _alternatives(
    call: Call, asked: Callable[[Tx], Asked | None], problem: Problem
) -> list[dict[str, Any]]:
    suggester = call.service.suggester

    def work(tx: Tx) -> list[dict[str, Any]]:
        what = asked(tx)
        if what is None:
            return []
        found = suggester.suggest(tx, replace(what, limit=MOST))
        if found.offers and what.wanted is not None and _busy(problem):  # else it is counted
            refused.note(tx.connection, tx.tenant, found.service, what.wanted)
        return [views.suggestion(tx, found, one) for one in found.offers]

    try:
        return call.read(work)
    except Problem:  # the refusal stands, whatever else goes wrong
        return []


def _busy(problem: Problem) -> bool:
    """Say whether a place was refused because others were there first."""
    rules = {violation["rule"] for violation in problem.more.get("violations", ())}
    return isinstance(problem, Taken) or (isinstance(problem, RuleBroken) and not rules <= PLAIN)
