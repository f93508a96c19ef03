"""Keys, memberships, sessions of browsers and links."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api import views
from api.call import COOKIE, Answer, Calling, Raw
from api.routes.documents import answer_of
from api.routes.documents import links as next_links
from api.routes.paging import Paged
from api.schemas.bodies import KeyIn, LinkIn, MembershipIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.usecases import access

routes = APIRouter(tags=["access"], route_class=KnownRoute)


@routes.post(
    "/v1/keys",
    status_code=201,
    operation_id="create_key",
    responses={201: answer_of("NewKey") | next_links("revoke_key")},
)
def create_key(call: Calling, body: KeyIn, raw: Raw) -> Response:
    """Make a key; its secret is told this once, and to whoever repeats this very call."""

    def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
        row, secret = access.create_key(tx, **dict(body))
        return 201, {**views.key(row), "key": secret}, {}

    return call.once(raw, work, secret=True)


@routes.get("/v1/keys", operation_id="list_keys", responses={200: answer_of("KeyList")})
def keys(call: Calling, page: Paged) -> Response:
    """List keys, without their secrets."""
    rows = call.read(lambda tx: access.keys(tx, after=page.after, limit=page.limit + 1))
    return Answer(page.of(rows, lambda shown: [views.key(row) for row in shown]))


@routes.delete("/v1/keys/{name}", operation_id="revoke_key", responses={200: answer_of("Key")})
def revoke_key(call: Calling, name: Name) -> Response:
    """Make a key worthless."""
    return Answer(views.key(call.read(lambda tx: access.revoke_key(tx, name))))


@routes.post(
    "/v1/memberships",
    status_code=201,
    operation_id="create_membership",
    responses={201: answer_of("Membership")},
)
def create_membership(call: Calling, body: MembershipIn, raw: Raw) -> Response:
    """Say what somebody who signs in elsewhere is to this tenant."""
    return call.once(
        raw,
        lambda tx: (
            201,
            views.membership(
                access.create_membership(
                    tx,
                    issuer=body.issuer,
                    subject=body.subject,
                    role=body.role,
                    locations=body.locations,
                    person=body.person,
                )
            ),
            {},
        ),
    )


@routes.get(
    "/v1/memberships",
    operation_id="list_memberships",
    responses={200: answer_of("MembershipList")},
)
def memberships(call: Calling, page: Paged) -> Response:
    """List memberships."""
    rows = call.read(lambda tx: access.memberships(tx, after=page.after, limit=page.limit + 1))
    return Answer(page.of(rows, lambda shown: [views.membership(row) for row in shown]))


@routes.delete("/v1/memberships/{name}", status_code=204, operation_id="remove_membership")
def remove_membership(call: Calling, name: Name) -> Response:
    """End a membership."""
    call.read(lambda tx: access.remove_membership(tx, name))
    return Response(status_code=204)


@routes.post("/v1/session", operation_id="sign_in", responses={200: answer_of("SignedIn")})
def sign_in(call: Calling) -> Response:
    """Exchange a key for a cookie that scripts cannot read."""
    cookie, csrf, ends = call.read(access.sign_in)
    answer = Answer({"csrf_token": csrf, "expires_at": views.instant(ends)})
    answer.set_cookie(
        COOKIE,
        cookie,
        expires=ends,
        httponly=True,
        samesite="strict",
        secure=call.service.settings.secure_cookies,
    )
    return answer


@routes.delete("/v1/session", status_code=204, operation_id="sign_out")
def sign_out(call: Calling, request: Request) -> Response:
    """End a browser's session."""
    call.read(lambda tx: access.sign_out(tx, request.cookies.get(COOKIE, "")))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE)
    return answer


@routes.post(
    "/v1/bookings/{name}/links",
    status_code=201,
    operation_id="create_link",
    responses={201: answer_of("NewLink")},
)
def create_link(call: Calling, name: Name, body: LinkIn, raw: Raw) -> Response:
    """Make a link for one purpose; its secret is told this once, and to a repeat of this call."""

    def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
        row, secret = access.create_link(tx, name, body.purpose, body.expires_at)
        return 201, {**views.link(row), "token": secret}, {}

    return call.once(raw, work, secret=True)


@routes.get(
    "/v1/bookings/{name}/links", operation_id="list_links", responses={200: answer_of("LinkList")}
)
def links(call: Calling, name: Name) -> Response:
    """List the links to a booking, without their secrets."""
    rows = call.read(lambda tx: access.links(tx, name))
    return Answer({"items": [views.link(row) for row in rows], "next": None})


@routes.delete("/v1/bookings/{name}/links/{link}", status_code=204, operation_id="revoke_link")
def revoke_link(call: Calling, name: Name, link: Name) -> Response:
    """Make a link worthless."""
    call.read(lambda tx: access.revoke_link(tx, name, link))
    return Response(status_code=204)
