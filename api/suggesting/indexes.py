"""The indexes of all tenants of whom somebody has asked lately, in this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

import structlog

from allocator.domain.garbage import kept
from api.problems import StoreUnavailable
from api.store.changes import Looked, Seen
from api.store.database import Database
from api.suggesting.index import TenantIndex
from api.usecases.tx import Tx

LOG = structlog.get_logger("allocator.suggesting")
#: Tenants whose indexes are kept.
TENANTS = 100
#: Seconds for which the first question waits while somebody else reads an index.
PATIENCE = 3.0
#: Times that an index may be outdated before it is read.
TRIES = 4


@dataclass(slots=True)
class _Slot:
    """A tenant's index; whoever reads it anew holds the lock."""

    index: TenantIndex | None = None
    odd: frozenset[str] = frozenset()
    reading: Lock = field(default_factory=Lock)


class Indexes:
    """The indexes of this process.

    Parameters
    ----------
    kind
        What an index is.
    """

    def __init__(self, kind: type[TenantIndex] = TenantIndex) -> None:
        self._kind = kind
        self._slots: OrderedDict[int, _Slot] = OrderedDict()
        self._lock = Lock()

    def of(self, tx: Tx, odd: Collection[str] = ()) -> TenantIndex:
        """Return the index of a tenant, in step with what is committed.

        While it is read anew, others are answered from the old one.

        Parameters
        ----------
        odd
            People who have to be there from the first, since they have work of their own.

        Raises
        ------
        StoreUnavailable
            Where there is no old one, and reading it takes long.
        """
        slot = self._slot(tx.tenant)
        for _ in range(TRIES):
            index = before = slot.index
            if not slot.odd.issuperset(odd):
                slot.odd |= frozenset(odd)
                index = None
            elif index is not None and index.follow(tx):
                return index
            if not slot.reading.acquire(timeout=PATIENCE if index is None else 0):
                if index is not None:
                    return index
                raise StoreUnavailable("What is free is being read; ask again.")
            try:
                if slot.index is before:  # nobody else has read it meanwhile
                    with kept():  # to look it through takes as long as many questions
                        slot.index = self._kind.read(tx, slot.odd)
                    LOG.info("read", action="index.read", visits=len(slot.index))
            finally:
                slot.reading.release()
        raise StoreUnavailable("What is free changes faster than it can be read; ask again.")

    def in_step(
        self, database: Database, tenant: int, looked: Looked | None = None
    ) -> tuple[TenantIndex, datetime] | None:
        """Return the index of a tenant, in step with what is committed, and when it was.

        No transaction is opened for that. None is where it takes one.

        Parameters
        ----------
        looked
            What has changed by now, where that was asked already.
        """
        index = self.known(tenant)
        at = None if index is None else index.keep_up(database, tenant, looked)
        return None if index is None or at is None else (index, at)

    def seen(self, tenant: int) -> Seen | None:
        """Return what a tenant's index was looked with; None where it was not read."""
        index = self.known(tenant)
        return None if index is None else index.seen

    def known(self, tenant: int) -> TenantIndex | None:
        """Return the index of a tenant as it was last; None where it was not read."""
        with self._lock:
            slot = self._slots.get(tenant)
            if slot is None:
                return None
            self._slots.move_to_end(tenant)
            return slot.index

    def _slot(self, tenant: int) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(tenant, _Slot())
            self._slots.move_to_end(tenant)
            while len(self._slots) > TENANTS:
                self._slots.popitem(last=False)
            return slot
