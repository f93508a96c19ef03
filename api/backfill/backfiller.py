"""The backfiller: looks in whom somebody waits, what came free, and offers it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import structlog
from sqlalchemy import Connection

from allocator.domain.schedule import Assignment
from allocator.domain.time import Span
from allocator.suggest import Reason, Taker, WaitlistEntry
from api.backfill import resolving, waiting
from api.backfill.offering import offer, principal
from api.backfill.watching import EVERYTHING, News, Watching
from api.problems import NotFound, RuleBroken, StoreUnavailable, Taken, TooMany, WrongState
from api.store import people
from api.store import waitlist as store
from api.store.database import Again, Database
from api.store.world import Worlds
from api.suggesting.indexes import Indexes
from api.usecases.policy import too_far
from api.usecases.tx import Tx
from api.usecases.waitlist_policy import WaitlistPolicy, waitlist_policy

LOG = structlog.get_logger("allocator.backfill")
T = TypeVar("T")
#: Seconds between two looks, and after one that the database did not answer.
EVERY, PAUSE = 0.1, 1.0
#: Entries for whom everything that is free is looked at at once, at most.
MOST = 200
DAY = timedelta(days=1)
#: Looks at one tenant in a row in which all places were lost to others, at most: by then it is
#: something else, and the next that comes free is waited for.
VAIN = 5
#: Looks for which a tenant is left alone in whom something went wrong.
REST = 50


@dataclass(slots=True)
class _Tenant:
    """What is remembered of a tenant in whom somebody waits.

    Attributes
    ----------
    world
        The version of its world when it was last looked after.
    again
        Whether it is to be looked after, whatever has come to pass.
    full
        Entries for whom everything that is free is to be looked at, by number.
    impossible
        Starts that a rule forbade after all, by entry: not tried again in this world.
    versions
        Of the requests of entries, as they were asked when they were looked at.
    alone
        Entries for whom a solve had nothing: the next look is for each by themselves.
    vain, rest
        Looks in a row in which every place was lost, and looks for which it is left alone.
    """

    world: int = -1
    again: bool = True
    full: set[int] = field(default_factory=set)
    impossible: dict[int, set[datetime]] = field(default_factory=dict)
    versions: dict[int, int | None] = field(default_factory=dict)
    alone: set[int] = field(default_factory=set)
    vain: int = 0
    rest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is found at one look at a tenant.

    Attributes
    ----------
    now
        When.
    terms, index
        Its terms, and what is taken.
    rows
        Who waits.
    """

    now: datetime
    terms: WaitlistPolicy
    index: Watching
    rows: Sequence[Any]


@dataclass(slots=True)
class _Offers:
    """What came of some offers.

    Attributes
    ----------
    made
        How many places are held now.
    missed
        Entries that may yet be offered another place: theirs was lost, or offered to another.
    """

    made: int = 0
    missed: set[int] = field(default_factory=set)


class Backfiller:
    """Offers what comes free, tenant by tenant. Several share the work.

    Parameters
    ----------
    relay
        The relay's database: it sees all tenants.
    database
        The worker's.
    """

    def __init__(self, relay: Database, database: Database) -> None:
        self._relay = relay
        self._database = database
        self._indexes = Indexes(Watching)
        self._worlds = Worlds()
        self._seen: str | None = None
        self._tenants: dict[int, _Tenant] = {}

    def run(self, stopping: threading.Event) -> None:
        """Look again and again until asked to stop; a database that is gone is waited for."""
        while not stopping.wait(EVERY):
            try:
                self.look()
            except (StoreUnavailable, Again) as problem:
                reason = type(problem).__name__
                LOG.warning("waiting", action="backfill.waiting", reason=reason)
                stopping.wait(PAUSE)

    def look(self) -> int:
        """Look once after everybody who waits; return how many places were offered."""
        with self._relay.transaction() as (connection, now):
            found = store.tenants(connection, self._seen)
        self._tenants = {n: self._tenants.get(n, _Tenant()) for n in found.worlds}
        for number, tenant in self._tenants.items():
            tenant.again |= (
                number in found.due
                or tenant.world != found.worlds[number]
                or self._is_over(number, now)
            )
        self._seen = found.snapshot
        offered = 0
        for number, tenant in self._tenants.items():
            tenant.rest = max(0, tenant.rest - 1)
            if tenant.again and not tenant.rest:
                offered += self._careful(number, tenant)
                tenant.world = found.worlds[number]
        if offered:
            LOG.info("offered", action="backfill.offered", places=offered)
        return offered

    def _is_over(self, number: int, now: datetime) -> bool:
        index = self._indexes.known(number)
        return index is not None and cast(Watching, index).is_over(now)

    def _careful(self, number: int, tenant: _Tenant) -> int:
        """Look after a tenant; what goes wrong there holds up no other."""
        try:
            return self._tend(number, tenant)
        except (StoreUnavailable, Again):
            raise
        except Exception as problem:
            LOG.error("bug", action="backfill.bug", exc_info=problem)
            tenant.rest = REST
            return 0

    def _tend(self, number: int, tenant: _Tenant) -> int:
        """Look after a tenant; return how many places were offered."""
        look = self._run(number, self._read)
        self._mind(tenant, look)
        offers = self._solved(number, tenant, look)
        free = [row for row in look.rows if row.solve is None]
        some = _first(free, tenant.full)
        takers = [] if look.terms.mode == "off" else self._takers(tenant, look, free, some)
        takers = self._together(number, tenant, look, takers)
        self._one_after_another(number, tenant, takers, offers)
        tenant.vain = tenant.vain + 1 if offers.missed and not offers.made else 0
        if tenant.vain >= VAIN:
            offers.missed.clear()
        done = [row.id for row in some if row.id not in offers.missed]
        self._run(number, lambda tx: store.note_looked(tx.connection, tx.tenant, done))
        tenant.full.difference_update(done)
        tenant.alone.difference_update(done)
        if not offers.missed - tenant.full:
            look.index.forget()
        tenant.again = bool(offers.missed or tenant.full)
        return offers.made

    def _run(self, number: int, work: Callable[[Tx], T]) -> T:
        who = principal(number)

        def run(connection: Connection, now: datetime) -> T:
            return work(Tx(connection=connection, now=now, principal=who, worlds=self._worlds))

        return self._database.run(number, run)

    def _read(self, tx: Tx) -> _Look:
        """Read who waits, and bring the index into step."""
        rows = waiting.settled(tx)
        index = self._indexes.of(tx)
        names = waiting.people_of(rows) - index.world.resources.keys()
        come = people.resources(tx.connection, tx.tenant, sorted(names))
        if not index.know(come):
            index = self._indexes.of(tx, [row.ref for row in come])
        terms = waitlist_policy(index.world)
        return _Look(now=tx.now, terms=terms, index=cast(Watching, index), rows=rows)

    def _mind(self, tenant: _Tenant, look: _Look) -> None:
        """Remember for whom everything is to be looked at."""
        there = {row.id for row in look.rows}
        if look.index.everything:
            tenant.full |= there
            tenant.impossible.clear()
            look.index.forget()
        before, tenant.versions = tenant.versions, {r.id: r.request_version for r in look.rows}
        tenant.full |= {
            row.id
            for row in look.rows
            if not row.looked or before.get(row.id, row.request_version) != row.request_version
        }
        tenant.full &= there
        tenant.impossible = {n: s for n, s in tenant.impossible.items() if n in there}

    def _solved(self, number: int, tenant: _Tenant, look: _Look) -> _Offers:
        """Offer what solves that have ended have for those who wait; the others wait on.

        Whoever it has nothing for is looked after by themselves: since it was asked, more may
        have come free.
        """
        offers = _Offers()
        rows = resolving.ended(look.rows)
        if not rows:
            return offers
        served = set()
        for one in self._run(number, lambda tx: resolving.solved(tx, rows)):
            if self._offered(number, one.entry, one.visits, one.reasons) is None:
                served.add(one.entry)
        offers.made = len(served)
        alone = [row.id for row in rows if row.uid not in served]
        tenant.alone.update(alone)
        self._run(number, lambda tx: store.note_unsolved(tx.connection, tx.tenant, alone))
        return offers

    def _takers(
        self, tenant: _Tenant, look: _Look, rows: Sequence[Any], some: Sequence[Any]
    ) -> list[tuple[Any, Taker]]:
        """Return entries that could be offered something now, the best first.

        Parameters
        ----------
        some
            Those for whom everything that is free is looked at; for others, what came free.
        """
        index, news = look.index.index, look.index.news()
        terms = look.terms.backfill(look.index.world)
        horizon = look.index.horizon
        within = Span(start=horizon.start, end=horizon.end)
        last = too_far(look.index.world, look.now)
        entries = {
            row.id: waiting.entry_of(row, tenant.impossible.get(row.id, ()), within, last)
            for row in rows
        }
        of = {entries[row.id].request.id: row for row in rows}
        full = [entries[row.id] for row in some]
        others = [entries[row.id] for row in rows if row.id not in tenant.full]

        def asked(who: list[WaitlistEntry], news: News) -> Sequence[Taker]:
            return index.backfill(
                who,
                freed=news.freed,
                sessions=news.sessions,
                terms=terms,
                now=look.now,
                forecast=look.index.forecast,
                policy=look.index.steering,
            ).takers

        with look.index.turn:
            takers = [*asked(full, EVERYTHING), *asked([] if news.none else others, news)]
        takers.sort(key=lambda taker: taker.order)
        return [(of[taker.waiting.request.id], taker) for taker in takers]

    def _together(
        self, number: int, tenant: _Tenant, look: _Look, takers: list[tuple[Any, Taker]]
    ) -> list[tuple[Any, Taker]]:
        """Ask for a solve for those who have rivals, where the terms say so; return the others."""
        some = [row for row, _ in takers if row.booking_id is None and row.id not in tenant.alone]
        if look.terms.mode != "resolve" or len(some) < 2:
            return takers
        full = any(row.id in tenant.full for row in some)
        last = None if full else look.index.news().last()
        until = last or look.index.horizon.end - DAY
        self._run(number, lambda tx: resolving.ask(tx, look.terms, some, until))
        asked = {row.id for row in some}
        return [one for one in takers if one[0].id not in asked]

    def _one_after_another(
        self, number: int, tenant: _Tenant, takers: Sequence[tuple[Any, Taker]], offers: _Offers
    ) -> None:
        """Hold for each the place that suits, as long as nobody before has a part of it."""
        taken: list[Assignment] = []
        for row, taker in takers:
            if _collide(taken, taker.place.visits):
                offers.missed.add(row.id)
                continue
            why = self._offered(number, row.uid, taker.place.visits, taker.reasons)
            if why is None:
                offers.made += 1
                taken += taker.place.visits
            elif isinstance(why, RuleBroken):
                tenant.impossible.setdefault(row.id, set()).add(taker.place.start)
                offers.missed.add(row.id)
            elif isinstance(why, Taken):
                offers.missed.add(row.id)

    def _offered(
        self, number: int, entry: UUID, visits: Sequence[Assignment], reasons: Sequence[Reason]
    ) -> Exception | None:
        """Offer a place to an entry; return why that cannot be."""
        try:
            self._run(number, lambda tx: offer(tx, entry, visits, reasons))
        except (Taken, RuleBroken, WrongState, TooMany, NotFound) as problem:
            return problem
        return None


def _first(rows: Sequence[Any], full: set[int]) -> list[Any]:
    """Return those of some entries who come first, as many as are looked after at once."""
    some = [row for row in rows if row.id in full]
    order = sorted(some, key=lambda row: (waiting.request_of(row).priority, row.created_at, row.id))
    return order[:MOST]


def _collide(taken: Sequence[Assignment], visits: Sequence[Assignment]) -> bool:
    """Say whether places take some resource at one time, or a seat in one session."""
    return any(
        (one.start < other.end and other.start < one.end)
        and (
            (one.session is not None and one.session == other.session)
            or not set(one.everyone()).isdisjoint(other.everyone())
        )
        for one in taken
        for other in visits
    )


@contextmanager
def backfilling(relay: Database, url: str) -> Iterator[None]:
    """Let a backfiller run beside, in a thread of its own, with a connection of its own."""
    stopping = threading.Event()
    database = Database(url, size=1)
    backfiller = Backfiller(relay, database)
    thread = threading.Thread(target=backfiller.run, args=(stopping,), name="backfiller")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        database.close()
