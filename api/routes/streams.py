"""Server-sent events, as they are answered and as OpenAPI describes them."""

from __future__ import annotations

from typing import Any

from starlette.responses import StreamingResponse

TEXT: dict[str, Any] = {"type": "string"}


class Events(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


def stream_of(description: str) -> dict[str, Any]:
    """Describe a stream; its schema is that of one event, whose data is text, as OpenAPI has it."""
    event = {
        "type": "object",
        "properties": {"id": TEXT, "event": TEXT, "data": TEXT},
        "required": ["event", "data"],
    }
    return {"description": description, "content": {Events.media_type: {"schema": event}}}
