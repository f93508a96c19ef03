"""What a tenant has decided: limits and terms that bookings keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from allocator.domain.faults import Fault
from allocator.domain.steering import SteeringPolicy
from allocator.domain.time import write_instant, zone_of
from allocator.frames.nested import Decoder
from allocator.frames.steering import FORMAT, steering_from_json
from api.problems import Invalid, RuleBroken
from api.store.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A tenant's terms.

    Attributes
    ----------
    most_open_holds
        Holds that one person may have open at once; what waits for a reviewer counts.
    most_public_holds
        The same of a publishable key, whoever visits its page, and of a client that is no person.
    most_days_ahead
        How many days ahead a client may book; staff always may.
    approval_minutes
        How long a booking waits for a reviewer before it is declined.
    cancel_notice_minutes, reschedule_notice_minutes
        How long before its start a client may still cancel or move a booking; staff always may.
    batch_enough
        Requests that wait, of which so many are solved at once; 0 is never.
    batch_wait_minutes
        How long a request waits before it is solved with all others that wait; 0 is for ever.
    batch_publish
        Whether such a solve is published as soon as it is solved.
    batch_days, batch_seconds
        Days that it looks ahead, and how long it may take.
    suggest_days
        How many days ahead, today among them, times are suggested.
    suggestion_minutes
        How long a suggestion's token can be used.
    """

    most_open_holds: int = 3
    most_public_holds: int = 30
    most_days_ahead: int = 10 * 366
    approval_minutes: int = 2 * 24 * 60
    cancel_notice_minutes: int = 0
    reschedule_notice_minutes: int = 0
    batch_enough: int = 0
    batch_wait_minutes: int = 0
    batch_publish: bool = False
    batch_days: int = 56
    batch_seconds: int = 30
    suggest_days: int = 90
    suggestion_minutes: int = 15


#: What each number may be: a solve cannot be asked for more, nor does a calendar reach further.
POSSIBLE = {
    "most_open_holds": (0, 1_000_000),
    "most_public_holds": (0, 1_000_000),
    "approval_minutes": (1, 366 * 24 * 60),
    "cancel_notice_minutes": (0, 1_000_000_000),
    "reschedule_notice_minutes": (0, 1_000_000_000),
    "most_days_ahead": (0, 200 * 366),
    "batch_enough": (0, 1_000_000),
    "batch_wait_minutes": (0, 366 * 24 * 60),
    "batch_days": (1, 366),
    "batch_seconds": (1, 3600),
    "suggest_days": (1, 366),
    "suggestion_minutes": (1, 24 * 60),
}


def demand_possible(terms: Policy) -> None:
    """Refuse terms that cannot be kept.

    Raises
    ------
    Invalid
    """
    for name, (least, most) in POSSIBLE.items():
        value = getattr(terms, name)
        if not least <= value <= most:
            raise Invalid(f"{name} is {value}; {least} to {most} are possible.")


def policy(world: World) -> Policy:
    """Return what a tenant has decided."""
    faults: list[Fault] = []
    found: Policy = Decoder(faults).object(Policy, dict(world.policy.get("terms", {})), "terms")
    assert not faults, faults
    return found


def steering(world: World) -> SteeringPolicy | None:
    """Return how a tenant steers people to quiet hours; None where it does not."""
    kept = world.policy.get("steering")
    return None if kept is None else steering_of(kept)


def steering_of(kept: Mapping[str, Any]) -> SteeringPolicy:
    """Return a steering policy as the library has it.

    Raises
    ------
    InvalidProblem
        With everything that is wrong with it.
    """
    return steering_from_json({"format": FORMAT, "version": 1, **kept})


def too_far(world: World, now: datetime) -> datetime:
    """Return the first instant at which clients cannot book yet."""
    zone = zone_of(world.zone)
    last = now.astimezone(zone).date() + timedelta(days=policy(world).most_days_ahead)
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)


def demand_near(world: World, now: datetime, start: datetime, what: str) -> None:
    """Hold clients to the tenant's terms: nobody outside books further ahead.

    Raises
    ------
    RuleBroken
        Naming both days.
    """
    end, zone = too_far(world, now), zone_of(world.zone)
    if start >= end:
        last = (end - timedelta(days=1)).date()
        said = f"{what} at {write_instant(start, zone)}; clients can book up to {last}."
        raise RuleBroken(said, violations=[{"rule": "most_days_ahead", "message": said}])
