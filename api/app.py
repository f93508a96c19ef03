"""The one place where the service is put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from allocator.domain.schedule import Assignment
from allocator.domain.steering import SteeringPolicy
from api import traces
from api.auth.credentials import Credentials
from api.auth.failures import Failures
from api.auth.limits import Limits
from api.call import COOKIE, Answer, Service
from api.metrics import Metrics
from api.middleware import Envelope
from api.problems import Invalid, MethodNotAllowed, NotFound, Problem
from api.routes import (
    absences,
    access,
    bookings,
    bulk,
    catalogue,
    claims,
    documentation,
    events,
    explanations,
    health,
    holds,
    metrics,
    people,
    popular_hours,
    sessions,
    solves,
    suggestions,
    tenants,
    waitlist,
    webhooks,
)
from api.schemas.answers import answers
from api.schemas.bodies import BookingIn
from api.schemas.domain import REF, schemas_of
from api.schemas.examples import example
from api.settings import Settings
from api.solving.asked import Asked
from api.store.database import Database
from api.store.promise import demand_promise
from api.store.world import Worlds
from api.suggesting.suggester import Suggester
from api.usecases.things import KINDS

LOG = structlog.get_logger("allocator.service")
PROBLEM = "application/problem+json"
DESCRIPTION = """\
Bookings that cannot collide: hold a place, confirm it, move it, cancel it.

Send your key as `Authorization: Bearer KEY`. Instants have an offset; answers are in UTC. Every
change takes an `Idempotency-Key`, so that a repeat is harmless; changes of what is kept take
`If-Match` with the version that they change. What goes wrong is told as a problem document.
"""
#: The parts of the page of all paths, first what a day is made of, last what is set up once.
TAGS = (
    "suggestions",
    "holds",
    "bookings",
    "claims",
    "requests",
    "waitlist",
    "solves",
    "absences",
    "explanations",
    "people",
    "sessions",
    "services",
    "resources",
    "calendars",
    "locations",
    "events",
    "webhooks",
    "access",
    "tenant",
    "audit",
    "health",
)
#: What every path may answer beside its own.
ALWAYS = (401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, 503)


def application(settings: Settings | None = None) -> FastAPI:
    """Return the service.

    Raises
    ------
    StoreUnavailable
        On start-up, where the database cannot keep the promise: its constraint is missing, its
        migrations are not current, or the role is one that row-level security does not bind.
    """
    settings = settings or Settings()
    database = Database(
        settings.database_url, size=settings.pool_size, seconds=settings.statement_seconds
    )
    counted = Metrics(settings.relay_database_url)
    traces.configure(settings.traces, "api")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            demand_promise(database)
            yield
        finally:
            counted.close()
            database.close()

    app = FastAPI(
        title="Allocator",
        version=version("allocator"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.service = Service(
        settings=settings,
        seal=settings.seal,
        database=database,
        worlds=Worlds(),
        suggester=Suggester(settings.seal),
        credentials=Credentials(database, settings.tokens),
        failures=Failures(settings.failed_per_minute),
        limits=Limits(database),
        metrics=counted,
    )
    schemas: dict[str, dict[str, Any]] = answers()
    # Paths are tried in this order: what is asked most often comes first.
    app.include_router(suggestions.routes)
    app.include_router(bulk.router())
    for kind in KINDS.values():
        app.include_router(catalogue.router(kind, schemas))
    for routes in (
        people,
        sessions,
        popular_hours,
        waitlist,
        holds,
        bookings,
        claims,
        solves,
        absences,
        events,
        webhooks,
        explanations,
        access,
        tenants,
        health,
        metrics,
    ):
        app.include_router(routes.routes)
    documentation.document(app)
    schemas_of(Asked, schemas)
    schemas_of(Assignment, schemas)
    schemas_of(SteeringPolicy, schemas)
    brought = BookingIn.model_json_schema(ref_template=REF + "{model}")
    schemas.update({**brought.pop("$defs"), "BookingIn": brought})
    schemas["Proposal"] = _proposal(schemas["Asked"])
    schemas["NewSolve"] = _new_solve(schemas["Asked"])
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(
        Envelope,
        most_bytes=settings.most_bytes,
        import_bytes=settings.import_bytes,
        bug=_answer(Problem()),
        answered=counted.answered,
    )
    app.openapi = lambda: _openapi(app, schemas)  # type: ignore[method-assign]
    return app


def _new_solve(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of what a solve is asked for: how, and what is to become of it."""
    more = {
        "publish": {
            "type": "boolean",
            "default": False,
            "description": "Publish it as soon as it is solved.",
        },
        "dry_run": {
            "type": "boolean",
            "default": False,
            "description": "Only validate, and count what it would look at.",
        },
    }
    return {**asked, "title": "NewSolve", "properties": {**asked["properties"], **more}}


def _proposal(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a schedule that is to be checked."""
    days = {name: asked["properties"][name] for name in ("first", "days")}
    visits = {"type": "array", "items": {"$ref": REF + "Assignment"}}
    return {
        **asked,
        "title": "Proposal",
        "description": "A schedule of the pending requests, beside what is booked.",
        "properties": {**days, "visits": visits},
    }


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Answer(
        problem.document(),
        problem.status,
        {**problem.headers, **(headers or {})},
        media_type=PROBLEM,
    )


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status >= 500:
        LOG.error("problem", action="http.problem", type=error.type, exc_info=error)
    if error.status == 409:
        request.app.state.service.metrics.conflict(error.type)
    return _answer(error)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {
            "code": fault["type"],
            "kind": str(fault["loc"][0]),
            "id": ".".join(str(part) for part in fault["loc"][1:]),
            "message": fault["msg"],
            "where": ".".join(str(part) for part in fault["loc"]),
        }
        for fault in error.errors()
    ]
    first = faults[0]
    where = first["id"] or first["kind"]
    return _answer(Invalid(f"{where}: {first['message']}.", faults=faults))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Problem):
        return _answer(error.__cause__)
    if error.status_code == 404:
        return _answer(NotFound(f"There is no path {request.url.path}."))
    if error.status_code == 405:
        return _answer(_no_method(request))
    return _answer(Invalid(f"The body cannot be read: {error.__cause__ or error.detail}."))


def _no_method(request: Request) -> MethodNotAllowed:
    path, paths = request.url.path, request.app.openapi()["paths"]
    templates = [path] if path in paths else [t for t in paths if compile_path(t)[0].match(path)]
    found = {method.upper() for template in templates for method in paths[template]}
    allowed = sorted(found or {"GET", "HEAD"})
    return MethodNotAllowed(
        f"{path} does not take {request.method}; it takes: {', '.join(allowed)}.", allowed=allowed
    )


def _openapi(app: FastAPI, schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Describe all paths, with what each may answer."""
    if app.openapi_schema:
        return app.openapi_schema
    found = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        openapi_version="3.1.0",
        tags=[{"name": name} for name in TAGS],
    )
    components = found.setdefault("components", {})
    known = components.setdefault("schemas", {})
    known.update(schemas)
    for unused in ("HTTPValidationError", "ValidationError"):
        known.pop(unused, None)
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    body = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, item in found["paths"].items():
        for operation in item.values():
            if operation["summary"].istitle():  # made of the function's name
                operation["summary"] = operation["description"].partition(".")[0]
            if "204" in operation["responses"]:
                operation["responses"]["204"]["description"] = "Done."
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                content["example"] = example(operation["operationId"], media)
            if path.startswith("/health"):
                operation["security"] = []
                continue
            operation["security"] = [{"key": []}, {"cookie": []}]
            for status in ALWAYS:
                told = operation["responses"].get(str(status), {})
                operation["responses"][str(status)] = {
                    "description": "See `type` and `detail`.",
                    **told,
                    "content": body,
                }
    app.openapi_schema = found
    return found
