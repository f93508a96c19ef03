"""Traces by OpenTelemetry, where a setting says where they go; else nothing, at no cost.

Spans hold methods, route templates, statuses and ids, and of an error its type alone: what it says
may be somebody's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from api.problems import StoreUnavailable

#: What is done where traces are switched off.
NOTHING: AbstractContextManager[Any] = nullcontext()


class Tracing:
    """Where the spans of this process go; nowhere until it is told."""

    tracer: Any = None


def configure(endpoint: str, part: str) -> None:
    """Send the spans of this process to an OTLP endpoint; an empty one switches traces off.

    Parameters
    ----------
    endpoint
        Where a collector takes traces by HTTP, such as ``http://127.0.0.1:4318/v1/traces``.
    part
        What this process is: ``api``, ``worker`` or ``solve``.

    Raises
    ------
    StoreUnavailable
        Where the libraries are not installed.
    """
    if not endpoint:
        Tracing.tracer = None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise StoreUnavailable(
            "ALLOCATOR_TRACES is set, but OpenTelemetry is not installed: pip install"
            " 'allocator[traces]'."
        ) from error
    use(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)), part)


def use(processor: Any, part: str) -> Any:
    """Hand the spans of this process to a processor; return their provider."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource.create({"service.name": f"allocator-{part}"}))
    provider.add_span_processor(processor)
    Tracing.tracer = provider.get_tracer("allocator")
    return provider


def span(name: str, parent: str = "", **attributes: str | int) -> AbstractContextManager[Any]:
    """Return a span to be entered; it yields None where traces are switched off.

    Parameters
    ----------
    parent
        The span of somebody else's in which it lies, as ``traceparent`` of W3C names it; "" where
        it lies in the current one.
    """
    return NOTHING if Tracing.tracer is None else _span(name, parent, attributes)


@contextmanager
def _span(name: str, parent: str, attributes: dict[str, str | int]) -> Iterator[Any]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    within = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    with Tracing.tracer.start_as_current_span(
        name,
        within,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except Exception as error:
            current.set_attribute("error.type", type(error).__name__)
            raise
