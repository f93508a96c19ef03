"""Figures for whoever runs the service, in Prometheus' text format."""

from __future__ import annotations

import hmac
import ipaddress

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.call import Service, service_of
from api.problems import Unauthenticated

#: Not in the OpenAPI document: it is for whoever runs the service, not for its clients.
routes = APIRouter(include_in_schema=False)
#: Headers of a proxy: what comes through one is from elsewhere, however near the proxy is.
PROXIED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")


@routes.get("/metrics")
def metrics(request: Request) -> Response:
    """Tell how the service does."""
    service = service_of(request)
    _demand(service, request)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _demand(service: Service, request: Request) -> None:
    """Refuse whoever neither is on this machine nor has the token of whoever runs the service."""
    wanted = service.settings.metrics_token
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if wanted and hmac.compare_digest(sent.encode(), wanted.encode()):
        return
    if _here(request) and not any(header in request.headers for header in PROXIED):
        return
    raise Unauthenticated(
        "Figures are told on this machine, and to whoever sends ALLOCATOR_METRICS_TOKEN as a"
        " bearer token."
    )


def _here(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
