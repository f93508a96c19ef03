"""What is offered to those left out of a clinic's six weeks does help, in the clinic as it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
from cli.running import ROOT
from explain.giving_way import given, held, moved, places_of

from allocator.check.check import check
from allocator.explain import Explainer, Kind, Relaxation, WhyNot
from allocator.frames import read_problem
from allocator.solve.params import Params
from allocator.solve.result import Status
from allocator.solve.solve import solve

#: Requests that are looked at, the most urgent of those that cannot be placed.
LOOKED_AT = 3


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    """A clinic with more asked for than it has time for, planned in haste."""
    problem = read_problem(ROOT / "data" / "clinic-small-95")
    result = solve(problem, Params(workers=1, deterministic_limit=0.001))
    assert result.schedule is not None
    return Explainer(problem, result.schedule)


@pytest.fixture(scope="module")
def reasons(explainer: Explainer) -> list[WhyNot]:
    """Why some requests are left out, where something would help."""
    every = (explainer.why_not(request) for request in explainer.unserved)
    return list(islice((why for why in every if why.relaxations), LOOKED_AT))


def cheapest(why: WhyNot) -> list[Relaxation]:
    """Return the cheapest relaxation of each kind."""
    by_kind: dict[Kind, Relaxation] = {}
    for relaxation in why.relaxations:
        by_kind.setdefault(relaxation.kind, relaxation)
    return list(by_kind.values())


def test_each_request_has_a_confirmed_core(reasons: list[WhyNot]) -> None:
    """CP-SAT was asked again for each of them, and several kinds of ways out are offered."""
    assert len(reasons) == LOOKED_AT
    assert all(why.core is not None and why.core.confirmed for why in reasons)
    kinds = {relaxation.kind for why in reasons for relaxation in why.relaxations}
    assert kinds >= {Kind.SHORTER, Kind.LONGER_HOURS, Kind.WIDER_WINDOW, Kind.MOVED, Kind.WITHOUT}


def test_the_places_that_are_told_are_right(explainer: Explainer, reasons: list[WhyNot]) -> None:
    """They break nothing in the changed clinic; without a rule they break that rule alone."""
    problem, schedule = explainer.problem, explainer.schedule
    for why in reasons:
        request = problem.request(why.request)
        for relaxation in why.relaxations:
            after = places_of(relaxation, schedule)
            if relaxation.kind is Kind.WITHOUT:
                found = [v for v in check(problem, after).violations if not v.inherited]
                (rule,) = {violation.rule for violation in found}
                assert why.core is not None
                assert (rule, relaxation.object) in {(f.rule, f.object) for f in why.core.facts}
                continue
            around = held(problem, moved(schedule, relaxation), request)
            assert check(given(around, request, relaxation), after).valid, relaxation.sentence


def test_the_clinic_solved_anew_serves_the_request(
    explainer: Explainer, reasons: list[WhyNot]
) -> None:
    """The cheapest of each kind, all else held where it is; as the clinic is there is no way."""
    problem, schedule = explainer.problem, explainer.schedule
    for why in reasons:
        request = replace(problem.request(why.request), must=True)
        requests = tuple(request if r.id == request.id else r for r in problem.requests)
        asked = replace(problem, requests=requests)
        as_it_is = solve(held(asked, schedule, request), Params(workers=1))
        assert as_it_is.status is Status.INFEASIBLE
        for relaxation in cheapest(why):
            if relaxation.kind is Kind.WITHOUT:
                continue
            around = held(asked, moved(schedule, relaxation), request)
            result = solve(given(around, request, relaxation), Params(workers=1))
            assert result.schedule is not None, relaxation.sentence


def test_the_price_tells_how_far_and_how_booked(
    explainer: Explainer, reasons: list[WhyNot]
) -> None:
    """Who moves counts once, for each day that it moves, and twice more where it is booked."""
    booked = {rival.object: rival.booked for why in reasons for rival in why.in_the_way}
    some = [r for why in reasons for r in why.relaxations if r.kind is Kind.MOVED]
    assert some
    for relaxation in some:
        (there,) = (p for p in relaxation.places if p.visit.startswith(relaxation.object))
        before = explainer.schedule[there.visit].start.astimezone(there.start.tzinfo)
        days = abs((there.start.date() - before.date()).days)
        assert relaxation.amount == 1 + days + 2 * booked[relaxation.object]
        assert relaxation.price == relaxation.amount * Kind.MOVED.value
