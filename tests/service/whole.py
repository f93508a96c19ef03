"""Whether what is kept of bookings is whole, whatever broke in the middle."""

from __future__ import annotations

from service.conftest import Clinic


def whole(clinic: Clinic) -> None:
    """Every booking has a visit, and all three claims where it is live, and none where not."""
    rows = clinic.sql(
        "SELECT b.state, count(DISTINCT v.id) AS visits, count(c.id) AS claims FROM booking b"
        " LEFT JOIN visit v ON v.tenant_id = b.tenant_id AND v.booking_id = b.id"
        " LEFT JOIN claim c ON c.tenant_id = v.tenant_id AND c.visit_id = v.id"
        " WHERE b.tenant_id = :t GROUP BY b.id, b.state",
        t=clinic.tenant,
    )
    live = {"held": 2, "booked": 2, "cancelled": 0, "expired": 0}
    assert [(row.visits, row.claims) for row in rows] == [(1, live[row.state]) for row in rows]
    assert clinic.overlaps() == 0
