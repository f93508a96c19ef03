"""Webhooks: made, changed, given new secrets, deleted, played again; what became of deliveries."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api import views
from api.call import Answer, Calling, Raw
from api.routes.documents import answer_of, links
from api.routes.paging import Paged
from api.schemas.bodies import ReplayIn, RotateIn, WebhookChange, WebhookIn
from api.schemas.texts import Name
from api.sign_in import KnownRoute
from api.usecases import webhooks

routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=KnownRoute)


@routes.post(
    "",
    status_code=201,
    operation_id="create_webhook",
    responses={
        201: answer_of("NewWebhook")
        | links(
            "read_webhook", "rotate_webhook", "delete_webhook", "replay_webhook", "list_deliveries"
        )
    },
)
def create(call: Calling, body: WebhookIn, raw: Raw) -> Response:
    """Make a webhook; its secret is told this once, and to whoever repeats this very call."""
    service = call.service

    def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
        row, secret = webhooks.create(
            tx, **dict(body), private=service.settings.webhook_private, seal=service.seal
        )
        return 201, {**views.webhook(row), "secret": secret}, views.etag(row.version)

    return call.once(raw, work, secret=True)


@routes.get("", operation_id="list_webhooks", responses={200: answer_of("WebhookList")})
def pages(call: Calling, page: Paged) -> Response:
    """List webhooks, without their secrets."""
    rows = call.read(lambda tx: webhooks.page(tx, after=page.after, limit=page.limit + 1))
    return Answer(page.of(rows, lambda shown: [views.webhook(row) for row in shown]))


@routes.get("/{name}", operation_id="read_webhook", responses={200: answer_of("Webhook")})
def read(call: Calling, name: Name) -> Response:
    """Read a webhook, without its secret."""
    row = call.read(lambda tx: webhooks.read(tx, name))
    return Answer(views.webhook(row), headers=views.etag(row.version))


@routes.put("/{name}", operation_id="change_webhook", responses={200: answer_of("Webhook")})
def change(call: Calling, name: Name, body: WebhookChange, raw: Raw) -> Response:
    """Write where a webhook leads and what it hears; enable it again, or disable it."""
    private = call.service.settings.webhook_private

    def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
        row = webhooks.change(tx, name, call.version, **body.model_dump(), private=private)
        return 200, views.webhook(row), views.etag(row.version)

    return call.once(raw, work)


@routes.post(
    "/{name}/rotate", operation_id="rotate_webhook", responses={200: answer_of("NewWebhook")}
)
def rotate(call: Calling, name: Name, raw: Raw, body: RotateIn | None = None) -> Response:
    """Give a webhook a new secret, told this once; the old one signs beside it for a while."""
    hours = (body or RotateIn(grace_hours=24)).grace_hours

    def work(tx: Any) -> tuple[int, Any, dict[str, str]]:
        row, secret = webhooks.rotate(tx, name, grace_hours=hours, seal=call.service.seal)
        return 200, {**views.webhook(row), "secret": secret}, views.etag(row.version)

    return call.once(raw, work, secret=True)


@routes.delete("/{name}", status_code=204, operation_id="delete_webhook")
def delete(call: Calling, name: Name) -> Response:
    """Delete a webhook, with all that waits for it."""
    call.read(lambda tx: webhooks.delete(tx, name))
    return Response(status_code=204)


@routes.post("/{name}/replay", operation_id="replay_webhook", responses={200: answer_of("Replay")})
def replay(call: Calling, name: Name, body: ReplayIn, raw: Raw) -> Response:
    """Send again what a webhook hears, from an event or an instant on."""
    return call.once(
        raw,
        lambda tx: (
            200,
            {"deliveries": webhooks.replay(tx, name, event=body.event, since=body.since)},
            {},
        ),
    )


@routes.get(
    "/{name}/deliveries",
    operation_id="list_deliveries",
    responses={200: answer_of("DeliveryList")},
)
def deliveries(
    call: Calling,
    name: Name,
    page: Paged,
    state: Annotated[str | None, Query(pattern="^(waiting|delivered|given_up)$")] = None,
) -> Response:
    """List what was sent to a webhook, or is to be, and what became of it."""
    rows = call.read(
        lambda tx: webhooks.deliveries(
            tx, name, state=state, after=page.after, limit=page.limit + 1
        )
    )
    return Answer(page.of(rows, lambda shown: [views.delivery(row) for row in shown]))
