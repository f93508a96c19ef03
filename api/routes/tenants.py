"""The tenant, the lanes that it adds, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import views
from api.call import Answer, Calling, Raw
from api.routes.documents import answer_of, body_of
from api.routes.paging import Paged
from api.schemas.bodies import ExtraLaneIn, TenantChange
from api.schemas.documents import one
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.usecases import extra_lanes, listing, tenants
from api.usecases.tx import Tx

routes = APIRouter(route_class=KnownRoute)


@routes.get(
    "/v1/tenant", tags=["tenant"], operation_id="read_tenant", responses={200: answer_of("Tenant")}
)
def read(call: Calling) -> Response:
    """Read the tenant that your key belongs to."""
    row = call.read(tenants.read)
    return Answer(views.tenant(row), headers=views.etag(row.version))


@routes.put(
    "/v1/tenant",
    tags=["tenant"],
    operation_id="change_tenant",
    responses={200: answer_of("Tenant")},
)
def change(call: Calling, body: TenantChange, raw: Raw) -> Response:
    """Write the tenant's name and policy."""

    def work(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = tenants.change(tx, call.version, name=body.name, policy=body.policy)
        return 200, views.tenant(row), views.etag(row.version)

    return call.once(raw, work)


@routes.get(
    "/v1/tenant/off-peak",
    tags=["tenant"],
    operation_id="read_steering",
    summary="Read the off-peak policy",
    responses={200: answer_of("SteeringPolicy")},
)
def steering(call: Calling) -> Response:
    """Read when hours count as quiet or busy, and what is offered for quiet ones."""
    row = call.read(tenants.read)
    return Answer(views.steering(row), headers=views.etag(row.version))


@routes.patch(
    "/v1/tenant/off-peak",
    tags=["tenant"],
    operation_id="change_steering",
    summary="Change the off-peak policy",
    openapi_extra=body_of("SteeringPolicy"),
    responses={200: answer_of("SteeringPolicy")},
)
def steer(call: Calling, body: Raw) -> Response:
    """Change parts of the off-peak policy; what is not sent stays as it is."""

    def change(tx: Tx) -> tuple[int, Any, dict[str, str]]:
        row = tenants.steer(tx, call.version, one(body))
        return 200, views.steering(row), views.etag(row.version)

    return call.once(body, change)


@routes.post(
    "/v1/resources/{name}/extra-lanes",
    status_code=201,
    tags=["resources"],
    operation_id="add_lane",
    responses={201: answer_of("ExtraLane")},
)
def add_lane(call: Calling, name: Name, body: ExtraLaneIn, raw: Raw) -> Response:
    """Overbook a resource on purpose, for a while."""
    return call.once(
        raw,
        lambda tx: (
            201,
            views.lane(extra_lanes.add(tx, name, **dict(body))),
            {},
        ),
    )


@routes.get(
    "/v1/resources/{name}/extra-lanes",
    tags=["resources"],
    operation_id="list_lanes",
    responses={200: answer_of("ExtraLaneList")},
)
def lanes(call: Calling, name: Name) -> Response:
    """List the lanes that were added to a resource."""
    rows = call.read(lambda tx: extra_lanes.listed(tx, name))
    return Answer({"items": [views.lane(row) for row in rows], "next": None})


@routes.delete(
    "/v1/resources/{name}/extra-lanes/{lane}",
    status_code=204,
    tags=["resources"],
    operation_id="remove_lane",
)
def remove_lane(call: Calling, name: Name, lane: Name) -> Response:
    """Take lanes back that were added; refused while what is booked needs them."""
    call.read(lambda tx: extra_lanes.remove(tx, name, lane))
    return Response(status_code=204)


@routes.get(
    "/v1/audit", tags=["audit"], operation_id="list_audit", responses={200: answer_of("AuditList")}
)
def audit(
    call: Calling,
    page: Paged,
    object: Annotated[Name | None, Query(description="UUID of what changed.")] = None,
    action: Annotated[Name | None, Query()] = None,
) -> Response:
    """List who changed what, in order."""
    rows = call.read(
        lambda tx: listing.audit(
            tx, object=object, action=action, after=page.after, limit=page.limit + 1
        )
    )
    return Answer(page.of(rows, lambda shown: [views.audit(row) for row in shown]))
