"""Visits are named apart, and counting them never takes for ever."""

from datetime import date

import pytest

from allocator.domain.faults import InvalidProblem
from allocator.domain.problem import Problem
from allocator.domain.request import FixedSeries, FlexibleSeries, Request, Session, Step
from allocator.domain.service import Service
from allocator.domain.time import Horizon

HORIZON = Horizon(first=date(2026, 3, 2), days=5, zone="UTC")
SERVICES = (Service(id="S", minutes=30),)
ONE, TWO = (Step(service="S"),), (Step(service="S"), Step(service="S"))


def faults_of(**fields):
    with pytest.raises(InvalidProblem) as caught:
        Problem(horizon=HORIZON, services=SERVICES, **fields)
    return [str(fault) for fault in caught.value.faults]


def test_a_visit_and_a_request_never_share_an_id():
    """A chain R has a visit R.1, so another request R.1 is refused."""
    asked = (Request(id="R", steps=TWO), Request(id="R.1", steps=ONE))
    assert faults_of(requests=asked) == ["Request R: its visit R.1 has the id of request R.1."]


def test_a_visit_and_a_session_never_share_an_id():
    """A series R has a visit R#1, so a group session R#1 is refused."""
    asked = (Request(id="R", steps=ONE, series=FlexibleSeries(count=1)),)
    sessions = (Session(id="R#1", service="S", most=3),)
    assert faults_of(requests=asked, sessions=sessions) == [
        "Request R: its visit R#1 has the id of session R#1."
    ]


def test_a_series_of_a_million_million_visits_is_refused_at_once():
    """Too many visits are a fault; nobody waits until they are counted."""
    asked = (Request(id="R", steps=ONE, series=FixedSeries(count=10**12)),)
    assert faults_of(requests=asked) == [
        f"Request R: it has {10**12} visits; 1 to 200 are possible."
    ]
