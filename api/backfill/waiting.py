"""Those who wait: what has become of them meanwhile, and as the library has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from allocator.domain.request import Request
from allocator.domain.time import Span
from allocator.suggest import WaitlistEntry
from api.problems import WrongState
from api.store import waitlist as store
from api.store.world import decoded
from api.usecases import waitlist
from api.usecases.tx import Tx

#: States of an offer that may yet be accepted, or has been and waits for a reviewer.
OPEN = ("held", "pending_approval")
#: How long the window is, after all that is looked at, of those for whom nothing is near enough.
NOWHERE = timedelta(days=1)


def settled(tx: Tx) -> list[Any]:
    """Bring every entry into the state in which it is by now; return those that wait."""
    rows = store.live(tx.connection, tx.tenant)
    changed = [row for row in rows if _settle(tx, row)]
    if changed:
        rows = store.live(tx.connection, tx.tenant)
    return [row for row in rows if row.state == "waiting"]


def _settle(tx: Tx, row: Any) -> bool:
    """Say whether an entry is in another state now."""
    if row.booked_as is not None:
        return waitlist.become(tx, row, "booked", offer=row.booked_as)
    over = _over(row, tx.now)
    if over:
        became = waitlist.become(tx, row, over)
        if became and row.state == "offered":
            with suppress(WrongState):  # it was accepted, and waits for a reviewer
                waitlist.release(tx, row)
        return became
    ends = _ends(row)
    if ends != row.ends_at:  # the booking has moved since, or the request was changed
        store.note_end(tx.connection, tx.tenant, row.id, ends)
    if row.state == "offered" and not _open(row, tx.now):
        waitlist.back(tx, row, "declined" if row.hold_state == "cancelled" else "lapsed")
        return True
    return False


def _over(row: Any, now: datetime) -> str:
    """Return the state of an entry for which there is nothing to offer any more; or nothing."""
    if row.booking_id is not None:
        gone = row.booking_state != "booked" or row.visit is None or row.visit_start <= now
        return "expired" if gone else ""
    if row.request_state == "withdrawn":
        return "withdrawn"
    ends = _ends(row)
    late = row.state == "waiting" and ends is not None and ends <= now
    return "expired" if late else ""


def _ends(row: Any) -> datetime | None:
    """Return when it is too late for an entry."""
    if row.booking_id is not None:
        return cast(datetime, row.visit_start)
    return waitlist.ends(request_of(row))


def _open(row: Any, now: datetime) -> bool:
    return row.hold_state in OPEN and row.hold_expires_at > now


def request_of(row: Any) -> Request:
    """Return what somebody waits for."""
    if row.booking_id is None:
        return replace(decoded(Request, row.request_spec, row.request), must=False)
    return earlier(row, row.visit_occurrence)


def earlier(row: Any, occurrence: int | None) -> Request:
    """Return what the one visit of a booking asks for that would come earlier.

    Parameters
    ----------
    occurrence
        Which one it is, of a series of which the others are gone or over.
    """
    request = decoded(Request, row.booking_spec, str(row.booking))
    first = request.first_visit and occurrence == 1
    return replace(request, must=False, series=None, first_visit=first)


def entry_of(
    row: Any, impossible: Iterable[datetime], within: Span, last: datetime
) -> WaitlistEntry:
    """Return somebody who waits, as the library has them.

    Parameters
    ----------
    impossible
        Starts that were found not to be possible after all.
    within
        The days that are looked at.
    last
        When it is too far ahead for clients.
    """
    mover = row.booking_id is not None
    windows = tuple(
        Span(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end))
        for start, end in row.windows
    )
    if row.outside and last < within.end:
        some = windows or (within,)
        near = (replace(one, end=min(one.end, last)) for one in some if one.start < last)
        windows = tuple(near) or (Span(start=within.end, end=within.end + NOWHERE),)
    return WaitlistEntry(
        request=request_of(row),
        since=row.created_at,
        windows=windows,
        offers=len(row.offered),
        refused=(*row.offered, *impossible),
        before=row.visit_start if mover else None,
        moving=(str(row.visit),) if mover else (),
    )


def people_of(rows: Collection[Any]) -> set[str]:
    """Return the names of all who come to what is waited for."""
    return {a.resource for row in rows for a in request_of(row).attendees}
