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
from service.conftest import Clinic, physio
from service.processes import until
from service.receiver import receiving
from service.relaying import due, turns
from service.test_events import fan_out

from api import traces
from api.store.database import Database


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


def test_a_call_from_a_trace_of_somebody_elses_lies_in_it(
    clinic: Clinic, spans: InMemorySpanExporter
) -> None:
    """By the header of W3C; what is none begins a trace of its own."""
    asker = clinic.asker()
    spans.clear()
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    asker.get("/v1/tenant", traceparent=f"00-{trace}-{parent}-01")
    asker.get("/v1/tenant", traceparent="nonsense")
    calls = [span for span in spans.get_finished_spans() if span.name == "GET /v1/tenant"]
    inside, alone = calls
    assert inside.context is not None and inside.parent is not None
    assert (inside.context.trace_id, inside.parent.span_id) == (int(trace, 16), int(parent, 16))
    assert alone.parent is None


@pytest.mark.usefixtures("no_webhooks")
def test_a_message_to_a_webhook_has_a_span(
    clinic: Clinic, relay: Database, spans: InMemorySpanExporter
) -> None:
    """With the event's id, which try it is, and what was answered; neither address nor secret."""
    fan_out(relay)
    with receiving() as receiver:
        receiver.answers = [500]
        body = {"url": receiver.url, "types": ["booking.*"]}
        assert clinic.asker().post("/v1/webhooks", body).status_code == 201
        clinic.asker().post("/v1/holds", physio("2030-01-07T09:00:00+01:00"))
        turns(relay, 1)
        due(clinic)
        turns(relay, 1)
        names = [message.headers["webhook-id"] for message in receiver.got]
    told = [span for span in spans.get_finished_spans() if span.name == "delivery"]
    assert [dict(span.attributes or {}) for span in told] == [
        {"event": name, "attempt": attempt, "http.response.status_code": status}
        for name, attempt, status in zip(names, (1, 2), (500, 204), strict=True)
    ]
    assert receiver.url not in "".join(span.to_json() for span in told)


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
