"""Traces: a span for each request, with its transactions, and nothing at all where switched off."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service.conftest import Clinic
from service.processes import until

from api import traces


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans of this process, meanwhile."""
    exporter = InMemorySpanExporter()
    provider = traces.use(SimpleSpanProcessor(exporter), "api")
    yield exporter
    traces.configure("", "api")
    provider.shutdown()


def test_a_request_has_a_span_with_its_transaction_in_it(
    clinic: Clinic, spans: InMemorySpanExporter
) -> None:
    """Named after the route's template, with the status; the transaction is its child."""
    asker = clinic.asker()
    asker.get("/v1/tenant")  # leases its share of the limits
    spans.clear()
    held = asker.get("/v1/people/P1")
    transaction, request = spans.get_finished_spans()
    assert (transaction.name, request.name) == ("transaction", "GET /v1/people/{name}")
    assert transaction.parent == request.context
    assert dict(transaction.attributes or {}) == {"attempt": 1}
    assert dict(request.attributes or {}) == {
        "request_id": held.headers["x-request-id"],
        "http.response.status_code": 200,
    }


def test_of_an_error_a_span_tells_the_type_alone(
    clinic: Clinic, spans: InMemorySpanExporter
) -> None:
    """What it says may be somebody's name."""
    asker = clinic.asker()
    spans.clear()
    assert asker.get("/v1/people/nobody-of-that-name").status_code == 404
    told = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert [one["error.type"] for one in told if "error.type" in one] == ["NotFound"]
    assert "nobody-of-that-name" not in "".join(s.to_json() for s in spans.get_finished_spans())


def test_switched_off_nothing_is_made() -> None:
    """One and the same span stands for all, and OpenTelemetry is not asked."""
    assert traces.span("request", route="/v1/holds") is traces.span("transaction")
    with traces.span("request") as nothing:
        assert nothing is None


class Collector(BaseHTTPRequestHandler):
    """Takes what is sent, as a collector of OpenTelemetry's would."""

    taken: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_spans_go_where_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """By OTLP over HTTP, with the name of the part that sends them."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        traces.configure(f"http://127.0.0.1:{collector.server_port}/v1/traces", "solve")
        with traces.span("solve", solve="a-uuid"):
            pass
        until(lambda: bool(Collector.taken))
        provider = traces.Tracing.tracer.span_processor
        traces.configure("", "solve")
        provider.shutdown()
        collector.shutdown()
        thread.join()
    sent = b"".join(Collector.taken)
    assert b"allocator-solve" in sent and b"a-uuid" in sent
