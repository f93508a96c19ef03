"""Figures of the service in Prometheus' text format: what a process counts, what the store knows.

Each process counts for itself in files of a folder that all processes of the API share
(``PROMETHEUS_MULTIPROC_DIR``), so that whichever is asked answers for all. Where there is no such
folder, it answers for itself. Nothing is labelled with a name, an id or a tenant.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from api.problems import StoreUnavailable
from api.store.database import Again, Database
from api.store.figures import Figures, figures

#: Folder in which the processes of the API count, by the name that the library has for it.
SHARED = "PROMETHEUS_MULTIPROC_DIR"
#: Upper bounds of the latency's buckets, in seconds.
BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)
#: Methods that are told apart; a client may send any word as one.
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}


class Metrics:
    """What the processes of the API count.

    Parameters
    ----------
    relay_url
        Where the figures of the store are read, across tenants; "" is nowhere.
    """

    def __init__(self, relay_url: str = "") -> None:
        own = CollectorRegistry()
        self._relay = Database(relay_url, size=1) if relay_url else None
        self._requests = Histogram(
            "allocator_http_request_seconds",
            "Seconds until an answer begins.",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=own,
        )
        self._holds = Counter("allocator_holds", "Holds that were made.", registry=own)
        self._confirmations = Counter(
            "allocator_confirmations", "Holds that were confirmed.", registry=own
        )
        self._suggestions = Counter(
            "allocator_suggestions", "Questions for places that were answered.", registry=own
        )
        self._conflicts = Counter(
            "allocator_conflicts", "Answers with status 409.", ["type"], registry=own
        )
        self._shown = own
        if SHARED in os.environ:
            self._shown = CollectorRegistry()
            MultiProcessCollector(self._shown)
        self._outcomes = {
            ("POST", "/v1/holds", 201): (self._holds,),
            ("POST", "/v1/holds/{name}/confirm", 200): (self._confirmations,),
            ("POST", "/v1/bookings", 201): (self._holds, self._confirmations),
            ("POST", "/v1/suggestions", 200): (self._suggestions,),
        }

    def answered(
        self, method: str, route: str, status: int, seconds: float, *, replayed: bool
    ) -> None:
        """Count an answer; a replayed one has done nothing anew."""
        told = method if method in METHODS else "other"
        self._requests.labels(told, route, str(status)).observe(seconds)
        if not replayed:
            for outcome in self._outcomes.get((method, route, status), ()):
                outcome.inc()

    def conflict(self, type: str) -> None:
        """Count an answer with status 409."""
        self._conflicts.labels(type).inc()

    def text(self) -> bytes:
        """Return everything as Prometheus reads it, without the store's part while that is gone."""
        stored = CollectorRegistry()
        stored.register(_Collected(self._stored()))
        return generate_latest(self._shown) + generate_latest(stored)

    def close(self) -> None:
        """Close the connection to the store."""
        if self._relay is not None:
            self._relay.close()

    def _stored(self) -> list[Metric]:
        if self._relay is None:
            return []
        try:
            with self._relay.transaction() as (connection, _):
                return list(families(figures(connection)))
        except (StoreUnavailable, Again):
            return []


class _Collected:
    """Metrics that are there already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._families


def families(found: Figures) -> Iterator[Metric]:
    """Yield the figures of the store."""
    depth = GaugeMetricFamily(
        "allocator_solves", "Solves that wait in the queue, and that run.", labels=["state"]
    )
    depth.add_metric(["queued"], found.queued)
    depth.add_metric(["running"], found.running)
    yield depth
    yield _gauge("allocator_open_holds", "Holds whose time is not over.", found.open_holds)
    yield _gauge(
        "allocator_oldest_event_seconds",
        "How long the oldest event has waited to be relayed; 0 where none waits.",
        found.oldest_event_seconds,
    )
    messages = GaugeMetricFamily(
        "allocator_deliveries",
        "Messages to webhooks that were not sent yet, and that have failed and are sent again.",
        labels=["state"],
    )
    messages.add_metric(["waiting"], found.waiting)
    messages.add_metric(["failing"], found.failing)
    yield messages
    ended = GaugeMetricFamily(
        "allocator_last_hour_solves", "Solves that ended in the last hour.", labels=["state"]
    )
    for state, many in found.ended.items():
        ended.add_metric([state], many)
    yield ended
    for name, meaning, value in (
        ("solve_seconds", "Mean seconds of a solve.", found.solve_seconds),
        ("solve_gap", "Mean gap of the first level that has a bound.", found.solve_gap),
        ("share_booked", "Requests booked, of those that published solves had.", found.share),
    ):
        if value is not None:
            yield _gauge(f"allocator_last_hour_{name}", f"{meaning} Of the last hour.", value)


def _gauge(name: str, meaning: str, value: Any) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))
