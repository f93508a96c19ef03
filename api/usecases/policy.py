"""What a tenant has decided: limits and terms that bookings keep."""

from __future__ import annotations

from dataclasses import dataclass

from allocator.domain.faults import Fault
from allocator.frames.nested import Decoder
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
    """

    most_open_holds: int = 3
    most_public_holds: int = 30
    approval_minutes: int = 2 * 24 * 60
    cancel_notice_minutes: int = 0
    reschedule_notice_minutes: int = 0


def policy(world: World) -> Policy:
    """Return what a tenant has decided."""
    faults: list[Fault] = []
    found: Policy = Decoder(faults).object(Policy, dict(world.policy.get("terms", {})), "terms")
    assert not faults, faults
    return found
