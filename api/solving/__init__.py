"""Batches: a tenant's pending requests as a problem, solved apart, and published as bookings."""
