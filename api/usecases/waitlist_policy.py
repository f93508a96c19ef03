"""What a tenant has decided about its waitlist: what is offered, to whom, and for how long."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allocator.domain.faults import Fault
from allocator.domain.request import Request
from allocator.frames.nested import Decoder
from allocator.suggest import BackfillTerms
from api.problems import Invalid
from api.store.world import World

#: How those who wait are served.
MODES = ("one_after_another", "resolve", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistPolicy:
    """A tenant's terms for its waitlist.

    Attributes
    ----------
    mode
        ``one_after_another`` offers what came free to whom it suits best, then to the next.
        ``resolve`` solves anew for all whom it might suit, where these are several, and offers
        each what they get there. ``off`` takes no entries and offers nothing.
    services
        Services that take part; empty is all.
    notice_minutes
        How long before its start an offer can be accepted, at the latest, where its service does
        not ask for more.
    notice_by_service
        Pairs of a service and such a time of its own.
    offer_minutes
        How long an offer lasts, at most.
    short_notice_minutes, short_offer_minutes
        The same where a place starts sooner than the first of these. Nothing is offered that
        leaves less time to answer.
    most_offers
        After how many offers that were not taken an entry ends; 0 is never.
    most_entries
        Entries that one person may have at once.
    resolve_seconds
        How long a solve of ``resolve`` may take.
    """

    mode: str = "one_after_another"
    services: tuple[str, ...] = ()
    notice_minutes: int = 60
    notice_by_service: tuple[tuple[str, int], ...] = ()
    offer_minutes: int = 120
    short_notice_minutes: int = 1440
    short_offer_minutes: int = 15
    most_offers: int = 3
    most_entries: int = 5
    resolve_seconds: int = 10

    def takes(self, services: Collection[str]) -> bool:
        """Say whether all of some services take part."""
        return self.mode != "off" and (not self.services or set(services) <= set(self.services))

    def notice(self, world: World, service: str) -> int:
        """Return how long before its start an offer of a service can be accepted."""
        own = dict(self.notice_by_service).get(service, self.notice_minutes)
        return max(own, world.services[service].notice_minutes)

    def backfill(self, world: World) -> BackfillTerms:
        """Return the same as the library has it: whoever is asked has time to answer."""
        return BackfillTerms(
            services=frozenset(self.services) if self.services else None,
            notice_by_service=tuple(
                (name, self.notice(world, name) + self.short_offer_minutes)
                for name in world.services
            ),
        )

    @property
    def shortest(self) -> timedelta:
        """How much time whoever is asked has to answer, at least."""
        return timedelta(minutes=self.short_offer_minutes)

    def latest(self, world: World, services: Collection[str], start: datetime) -> datetime:
        """Return until when a place can be accepted, whenever it is offered."""
        notice = max((self.notice(world, name) for name in services), default=0)
        return start - timedelta(minutes=notice)

    def lasts(self, now: datetime, start: datetime) -> timedelta:
        """Return how long an offer lasts, at most."""
        short = start - now < timedelta(minutes=self.short_notice_minutes)
        return timedelta(minutes=self.short_offer_minutes if short else self.offer_minutes)


#: Limits of the numbers.
POSSIBLE = {
    "notice_minutes": (0, 366 * 24 * 60),
    "offer_minutes": (1, 30 * 24 * 60),
    "short_notice_minutes": (0, 366 * 24 * 60),
    "short_offer_minutes": (1, 24 * 60),
    "most_offers": (0, 1000),
    "most_entries": (1, 1000),
    "resolve_seconds": (1, 600),
}


def waitlist_policy(world: World) -> WaitlistPolicy:
    """Return what a tenant has decided."""
    faults: list[Fault] = []
    found = read(faults, world.policy.get("waitlist", {}))
    assert not faults, faults
    return found


def services_of(world: World, request: Request) -> set[str]:
    """Return the services that a request may come to, of those that are there."""
    found = {step.service for step in request.steps if step.service}
    found |= {
        world.sessions[name].service
        for step in request.steps
        for name in step.sessions
        if name in world.sessions
    }
    return found & world.services.keys()


def read(faults: list[Fault], given: Mapping[str, Any]) -> WaitlistPolicy:
    """Return what was sent as terms; what is wrong with it is added to the faults."""
    found: WaitlistPolicy = Decoder(faults).object(WaitlistPolicy, given, "policy.waitlist")
    return found


def demand_possible(terms: WaitlistPolicy) -> None:
    """Refuse terms that cannot be kept.

    Raises
    ------
    Invalid
    """
    if terms.mode not in MODES:
        raise Invalid(f"waitlist.mode is {terms.mode!r}; possible are: {', '.join(MODES)}.")
    numbers = [(name, getattr(terms, name), limits) for name, limits in POSSIBLE.items()]
    numbers += [
        (f"notice_by_service of {name}", minutes, POSSIBLE["notice_minutes"])
        for name, minutes in terms.notice_by_service
    ]
    for name, value, (least, most) in numbers:
        if not least <= value <= most:
            raise Invalid(f"waitlist.{name} is {value}; {least} to {most} are possible.")
