"""Why a request is not placed, and why a slot cannot be had; nothing is solved for it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from allocator.domain.faults import InvalidSchedule
from allocator.domain.schedule import Schedule
from allocator.domain.time import zone_of
from allocator.goals import GOALS
from allocator.prepare.prepared import Prepared
from allocator.rules import RULES
from allocator.rules.rule import Violation
from allocator.state.state import State
from allocator.table.funnel import funnel
from allocator.table.rulebook import Rulebook
from api.problems import Invalid, NotFound, WrongState
from api.solving.asked import DAYS, Asked
from api.solving.clinic import Clinic, clinic
from api.solving.discretion import where_one_works
from api.solving.stopped import REASON
from api.store import bookings as kept
from api.store.changes import unseen
from api.usecases import things
from api.usecases.discretion import PLAIN, discreet, in_utc, unavailable
from api.usecases.rules import WHOLE
from api.usecases.rules import faults as told
from api.usecases.tx import Tx

REQUESTS = things.KINDS["requests"]
#: Days before a slot that is asked about at which its problem begins.
BEFORE = 14


def explain(
    tx: Tx,
    *,
    request: str,
    start: datetime | None = None,
    resources: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Say why a request is not placed; with a start, also what stands against its visit there.

    The last solve of what waits is asked: why it left the request out, or who was faster when it
    was published. Where that knows nothing of the request, or the request has changed since, its
    starts are counted beside what is booked now. Clients ask about their own requests, and hear no
    more than what and when.

    Parameters
    ----------
    start
        Of the request's first visit.
    resources
        Names by role; for roles that are not named, those against whom least is to be said.

    Raises
    ------
    NotFound, WrongState, Invalid
    """
    tx.demand("requests.read")
    row = things.found(tx, REQUESTS, request)
    booking = kept.of_request(tx.connection, tx.tenant, row.id)
    if booking is not None:
        raise WrongState(f"The request {row.ref!r} is {booking.state} as booking {booking.uid}.")
    if row.state != "requested":
        raise WrongState(f"The request {row.ref!r} is {row.state}.", state=row.state)
    days = _days(tx, start)
    what = {"tenant": tx.tenant, "ref": row.ref, "writer": row.transaction_id, "lost": LOST}
    last = tx.connection.execute(_LAST, what).all()
    last = [one for one in last if one.visit["reason"] != REASON]
    visits, slot = [one.visit for one in last], None
    if start is not None or not visits:
        found = clinic(tx, replace(days, requests=(row.ref,)))
        visits = visits or _counted(found, row.ref)
        slot = None if start is None else _slot(tx, found, row.ref, start, resources or {})
    return {
        "request": row.ref,
        "solve": str(last[0].uid) if last else None,
        "visits": [_visit(tx, one) for one in visits],
        "slot": slot,
    }


#: What a lost race is told as: nothing has run out.
LOST = "It had a place, which was gone when it was to be booked: "
_LAST = text(
    f"""
    SELECT last.uid, visit
    FROM (SELECT uid, result, published, read_snapshot FROM solve
          WHERE tenant_id = :tenant AND state IN ('solved', 'publishing', 'published')
            AND coalesce((asked ->> 'pending')::boolean, true)
          ORDER BY id DESC LIMIT 1) AS last
    CROSS JOIN LATERAL (
        SELECT visit FROM jsonb_array_elements(last.result -> 'unplaced') AS visit
        UNION ALL
        SELECT jsonb_build_object('visit', lost -> 'request', 'request', lost -> 'request',
                                  'funnel', '[]'::jsonb,
                                  'reason', CAST(:lost AS text) || (lost -> 'problem' ->> 'detail'))
        FROM jsonb_array_elements(coalesce(last.published -> 'lost', '[]')) AS lost) AS told
    WHERE visit ->> 'request' = :ref
      AND NOT {unseen("CAST(:writer AS bigint)", "last.read_snapshot")}
    """
)


def _days(tx: Tx, start: datetime | None) -> Asked:
    """Return the days that are looked at: from today on, or those round a slot that is later."""
    zone = zone_of(tx.world_now.zone)
    today = tx.now.astimezone(zone).date()
    if start is None:
        return Asked(first=today)
    day = start.astimezone(zone).date()
    if day < today:
        raise Invalid(f"The slot starts on {day}; today is {today}.")
    return Asked(first=max(today, day - timedelta(days=BEFORE)), days=DAYS)


def _counted(found: Clinic, request: str) -> list[dict[str, Any]]:
    """Return how the starts of each visit run out beside what is booked now."""
    if request in found.skipped:
        return [{"visit": request, "reason": found.skipped[request], "funnel": []}]
    if request not in found.requests:
        horizon = found.problem.horizon
        last = horizon.first + timedelta(days=horizon.days - 1)
        reason = f"None of its windows is within the days looked at, {horizon.first} to {last}."
        return [{"visit": request, "reason": reason, "funnel": []}]
    prepared = Prepared(found.problem)
    book = Rulebook(prepared, RULES, GOALS)
    placements = [prepared.published.get(visit.index) for visit in prepared.visits]
    state = State(prepared, placements)
    counted = []
    for number in prepared.requests[prepared.request_index[request]].visits:
        visit = prepared.visits[number]
        steps = funnel(book, state, visit)
        left = steps[-1].left
        starts = "1 start is" if left == 1 else f"{left} starts are"
        counted.append(
            {
                "visit": visit.id,
                "reason": f"{starts} left by now; the next solve may place it."
                if left
                else f"No start is left after the rule {steps[-1].rule}.",
                "funnel": [{"rule": step.rule, "left": step.left} for step in steps],
            }
        )
    return counted


def _visit(tx: Tx, visit: Mapping[str, Any]) -> dict[str, Any]:
    """Return why a visit is not placed, as whoever asks may hear it."""
    steps = visit["funnel"]
    told = {"visit": visit["visit"], "reason": visit["reason"], "funnel": steps}
    if not tx.principal.own_only:
        return told
    if told["reason"].startswith(LOST):
        return {**told, "reason": "Somebody was faster; the next solve will try again."}
    if not steps:
        return told
    last = steps[-1]
    reason = "There may be a place for it; the next solve will tell."
    if not last["left"]:
        reason = (
            f"No start is left after the rule {last['rule']}."
            if last["rule"] in PLAIN
            else "Nothing is left of what you ask for, in the time for which you ask."
        )
    return {**told, "reason": reason, "funnel": []}


def _slot(
    tx: Tx, found: Clinic, request: str, start: datetime, resources: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Try the first visit of a request at a start, and say what stands against it."""
    # The explainer's package brings the solver's library along, which few processes ever need.
    from allocator.explain.explainer import Explainer

    world = tx.world_now
    if tx.principal.own_only:
        for name in (name for names in resources.values() for name in names):
            if name not in world.resources:
                raise NotFound(f"There is no resource {name!r} for you.")
    if request not in found.requests:
        why = found.skipped.get(request, "It has no window within the days looked at.")
        raise Invalid(f"The request {request!r} cannot be tried: {why}")
    published = Schedule(assignments=found.problem.published)
    own = [visit for visit, mine in found.visits.items() if mine.owner == request]
    try:
        slot = Explainer(found.problem, published).slot(own[0], start, resources)
    except InvalidSchedule as error:
        raise Invalid(error.faults[0].message, faults=told(error.faults)) from error
    broken = [v for v in slot.objections if v.rule not in WHOLE]
    if tx.principal.own_only:
        broken = [
            discreet(_of_own(v, own, slot.assignment), [slot.assignment], world.resources)
            for v in broken
        ]
    theirs = _elsewhere(tx, found, broken)
    return {
        "start": in_utc(slot.assignment.start),
        "end": in_utc(slot.assignment.end),
        "resources": {role: list(names) for role, names in slot.assignment.resources},
        "free": not broken,
        "violations": list(
            {(v.rule, v.message): _broken(tx, found, v, theirs) for v in broken}.values()
        ),
    }


def _elsewhere(tx: Tx, found: Clinic, broken: Sequence[Violation]) -> Set[str]:
    """Return the bookings that stand in the way where the asker does not work."""
    if tx.principal.own_only or not tx.principal.locations:
        return frozenset()
    owners = {found.fixed[name].owner for v in broken for name in v.visits if name in found.fixed}
    return owners - where_one_works(tx, owners)


def _broken(tx: Tx, found: Clinic, violation: Violation, theirs: Container[str]) -> dict[str, Any]:
    """Return what stands against a slot: to the staff with whose bookings it is.

    Visits of others have no names but their UUIDs, which tell nobody anything.

    Parameters
    ----------
    theirs
        Bookings where the asker does not work: whose they are is not told.
    """
    message, bookings = violation.message, []
    if not tx.principal.own_only:
        starts = {a.visit: a.start for a in found.problem.published}
        for visit in violation.visits:
            mine = found.fixed.get(visit)
            if mine is None:
                continue
            if mine.owner in theirs:
                message = message.replace(visit, "a visit elsewhere")
                continue
            person = found.people[mine.owner]
            message = message.replace(visit, person or f"booking {mine.owner}")
            bookings.append({"id": mine.owner, "person": person, "start": in_utc(starts[visit])})
    return {"rule": violation.rule, "message": message, "bookings": bookings}


def _of_own(found: Violation, own: Sequence[str], at: Any) -> Violation:
    """Return a violation; of what others' visits take part in, only that it cannot be had."""
    if set(found.visits) <= set(own):
        return found
    return replace(found, message=unavailable(None, at.start, at.end))
