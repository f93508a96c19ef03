"""Bookings of the service as a data frame: a row for each visit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

#: Columns that stand before those of the roles.
COLUMNS = (
    "booking",
    "state",
    "request",
    "person",
    "service",
    "location",
    "visit",
    "occurrence",
    "step",
    "start",
    "end",
    "visit_state",
)


def bookings_to_frame(bookings: Iterable[Any]) -> pd.DataFrame:
    """Return a row for each visit, with a column for each role of its needs.

    Parameters
    ----------
    bookings
        As the client has them. Times are in UTC; attendees stand under ``person`` alone.
    """
    rows = []
    for booking in bookings:
        for visit in booking.visits:
            roles = {
                role: ", ".join(names)
                for role, names in visit.resources.items()
                if not role.startswith("attendee:")
            }
            rows.append(
                {
                    "booking": booking.id,
                    "state": booking.state,
                    "request": booking.request,
                    "person": booking.person,
                    "service": visit.service,
                    "location": booking.location,
                    "visit": visit.id,
                    "occurrence": visit.occurrence,
                    "step": visit.step,
                    "start": visit.start,
                    "end": visit.end,
                    "visit_state": visit.state,
                    **roles,
                }
            )
    roles_of_all = dict.fromkeys(key for row in rows for key in row if key not in COLUMNS)
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *roles_of_all])
    for at in ("start", "end"):
        frame[at] = pd.to_datetime(frame[at], utc=True)
    return frame
