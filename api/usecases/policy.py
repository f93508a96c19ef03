"""What a tenant has decided: limits and terms that bookings keep."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.domain.faults import Fault
from allocator.frames.nested import Decoder
from api.problems import Invalid
from api.store.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A tenant's terms.

    Attributes
    ----------
    most_open_holds
        Holds that one person may have open at once.
    most_public_holds
        Holds that a publishable key may have open at once, whoever visits its page.
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
    """

    most_open_holds: int = 3
    most_public_holds: int = 30
    approval_minutes: int = 2 * 24 * 60
    cancel_notice_minutes: int = 0
    reschedule_notice_minutes: int = 0
    batch_enough: int = 0
    batch_wait_minutes: int = 0
    batch_publish: bool = False
    batch_days: int = 56
    batch_seconds: int = 30


#: Terms that are no more than a solve can be asked for.
POSSIBLE = {
    "batch_enough": (0, 1_000_000),
    "batch_wait_minutes": (0, 366 * 24 * 60),
    "batch_days": (1, 366),
    "batch_seconds": (1, 3600),
}


def demand_possible(terms: Policy) -> None:
    """Refuse terms that a batch cannot keep.

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
