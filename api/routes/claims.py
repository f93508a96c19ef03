"""Claims: what is taken of resources, and by what; they come and go with bookings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import views
from api.call import Answer, Calling
from api.routes.documents import answer_of
from api.routes.paging import Paged
from api.schemas.texts import AnyInstant, Name
from api.sign_in import KnownRoute
from api.usecases import claimed
from api.usecases.claimed import Claimed

routes = APIRouter(prefix="/v1/claims", tags=["claims"], route_class=KnownRoute)


@routes.get("", operation_id="list_claims", responses={200: answer_of("ClaimList")})
def pages(
    call: Calling,
    page: Paged,
    resource: Annotated[Name | None, Query()] = None,
    state: Annotated[str | None, Query(pattern="^(hold|pending_approval|booked)$")] = None,
    since: Annotated[AnyInstant | None, Query(alias="from")] = None,
    until: Annotated[AnyInstant | None, Query(alias="to")] = None,
) -> Response:
    """List what is taken of resources, buffers included, by resource, state and time."""
    asked = Claimed(resource=resource, state=state, since=since, until=until)
    return Answer(
        call.read(
            lambda tx: page.of(
                claimed.page(tx, asked, after=page.after, limit=page.limit + 1),
                lambda rows: [views.claim(row) for row in rows],
            )
        )
    )


@routes.get("/{name}", operation_id="read_claim", responses={200: answer_of("Claim")})
def read(call: Calling, name: Name) -> Response:
    """Read a claim."""
    return Answer(call.read(lambda tx: views.claim(claimed.read(tx, name))))
