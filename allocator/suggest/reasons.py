"""Why a suggestion ranks where it does, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from allocator.domain.calendar import wall
from allocator.domain.steering import Band
from allocator.prepare.visit import Placement, Visit
from allocator.report.words import count
from allocator.state.state import State
from allocator.suggest.suggestion import Reason, Tag
from allocator.suggest.wishes import PRACTITIONER, Wishes
from allocator.table.rulebook import Rulebook

#: Hours from the time wanted within which a start is close to it.
CLOSE_HOURS = 3


def reasons_for(
    book: Rulebook,
    state: State,
    wishes: Wishes,
    plan: Mapping[int, Placement],
    paid: Mapping[int, int],
    load: float | None,
) -> tuple[Reason, ...]:
    """Return what speaks for a plan, then what speaks against it.

    Parameters
    ----------
    book, state
        Rules and goals in force, and what is placed beside the plan.
    wishes
        What counts beside the goals.
    plan
        Where visits would lie, by their numbers.
    paid
        How much more each goal is missed, by its number.
    load
        The expected load.
    """
    missed = {goal.name: paid.get(number, 0) for number, goal in enumerate(book.goals)}
    found = [
        *_about_the_asker(book, wishes, plan, missed),
        *_about_people(book, wishes, plan),
        *_about_the_hour(wishes, load),
        *_about_gaps(book, state, plan, missed),
        *_about_others(missed),
    ]
    return tuple(sorted(found, key=lambda reason: not reason.tag.good))


def _about_the_asker(
    book: Rulebook, wishes: Wishes, plan: Mapping[int, Placement], missed: Mapping[str, int]
) -> Iterator[Reason]:
    prepared = book.prepared
    first = min(plan.values(), key=lambda p: p.start)
    request = next(r for v in plan if (r := prepared.visits[v].request) is not None)
    wanted = wishes.wanted or request.wanted
    if wanted is not None:
        off = abs((prepared.horizon.instant(first.start) - wanted).total_seconds()) / 3600
        if off == 0:
            yield Reason(Tag.AT_WANTED, Tag.AT_WANTED.value)
        elif off <= CLOSE_HOURS:
            yield Reason(Tag.NEAR_WANTED, Tag.NEAR_WANTED.value)
    elif missed.get("soonest") == 0:
        yield Reason(Tag.SOONEST, "on the first day that is possible")
    if request.preferred_windows and missed.get("preferred_windows") == 0:
        yield Reason(Tag.PREFERRED_TIME, Tag.PREFERRED_TIME.value)
    if request.preferred_resources and missed.get("preferred_resources") == 0:
        wished = {name for wish in request.preferred_resources for name in wish.resources}
        who = _names(book, plan, wished)
        yield Reason(Tag.PREFERRED_PERSON, f"with {who}, as preferred")


def _about_people(
    book: Rulebook, wishes: Wishes, plan: Mapping[int, Placement]
) -> Iterator[Reason]:
    """Yield that somebody comes throughout, or is known already; and that the time is the same."""
    prepared = book.prepared
    own = [number for number in plan if prepared.visits[number].session is None]
    teams = [
        {
            r
            for need, members in zip(prepared.visits[number].needs, placement.team, strict=True)
            for r in members
            if not need.attendee and prepared.resources[r].kind == PRACTITIONER
        }
        for number, placement in plan.items()
        if placement.session not in plan  # with whom it is, the session itself says
    ]
    throughout = set[int]().union(*teams[:1]).intersection(*teams)
    known = throughout & wishes.familiar
    if known:
        yield Reason(Tag.AS_BEFORE, f"with {_called(book, known)}, as before")
    elif throughout and len(own) > 1:
        yield Reason(Tag.SAME_CARER, f"with {_called(book, throughout)} throughout")
    minutes = [int(prepared.visits[n].clock.minute_of[plan[n].start]) for n in own]
    if len(own) > 1 and len(set(minutes)) == 1:
        yield Reason(Tag.SAME_TIME, f"each time at {wall(minutes[0])}")


def _called(book: Rulebook, some: set[int]) -> str:
    return " and ".join(book.prepared.who(r) for r in sorted(some))


def _names(book: Rulebook, plan: Mapping[int, Placement], wished: set[str]) -> str:
    taken = {r for p in plan.values() for members in p.team for r in members}
    return _called(book, {r for r in taken if book.prepared.resources[r].id in wished})


def _about_the_hour(wishes: Wishes, load: float | None) -> Iterator[Reason]:
    band = wishes.band(load)
    if load is not None and band is Band.OFF_PEAK:
        yield Reason(Tag.QUIET_HOUR, f"a quiet hour, {load:.0%} busy")
    elif load is not None and band is Band.PEAK:
        yield Reason(Tag.BUSY_HOUR, f"a busy hour, {load:.0%} busy")


def _about_gaps(
    book: Rulebook, state: State, plan: Mapping[int, Placement], missed: Mapping[str, int]
) -> Iterator[Reason]:
    idle = missed.get("compact_days", 0)
    if idle > 0:
        text = f"leaves {count(idle, 'minute')} in which nothing fits"
        yield Reason(Tag.LEAVES_GAP, text)
        return
    touched = [_touches(state, state.prepared.visits[v], p) for v, p in plan.items()]
    if touched and all(both for _, both in touched):
        yield Reason(Tag.CLOSES_GAP, Tag.CLOSES_GAP.value)
    elif touched and all(either for either, _ in touched):
        yield Reason(Tag.NO_GAP, Tag.NO_GAP.value)


def _touches(state: State, visit: Visit, placement: Placement) -> tuple[bool, bool]:
    """Say whether a visit touches other claims of someone who serves: on a side, on both."""
    either = both = False
    for claim in visit.claims(placement):
        if visit.needs[claim.need].attendee:
            continue
        busy = state.busy(claim.resource)
        before = claim.first > 0 and bool(busy >> (claim.first - 1) & 1)
        after = bool(busy >> claim.end & 1)
        either, both = either or before or after, both or (before and after)
    return either, both


def _about_others(missed: Mapping[str, int]) -> Iterator[Reason]:
    if missed.get("overtime", 0) > 0:
        yield Reason(Tag.OVERTIME, f"{count(missed['overtime'], 'minute')} of overtime")
    if missed.get("waiting", 0) > 0:
        yield Reason(Tag.LATE, f"{count(missed['waiting'], 'day')} after it is due")
