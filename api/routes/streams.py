"""Server-sent events, as they are answered and as OpenAPI describes them."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any

from starlette.responses import StreamingResponse

TEXT: dict[str, Any] = {"type": "string"}


class Events(StreamingResponse):
    """Server-sent events, which nobody on the way keeps, or holds back until there are many."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterable[str], status_code: int = 200) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, status_code, headers)


def stream_of(description: str) -> dict[str, Any]:
    """Describe a stream; its schema is that of one event, whose data is text, as OpenAPI has it."""
    event = {
        "type": "object",
        "properties": {"id": TEXT, "event": TEXT, "data": TEXT},
        "required": ["event", "data"],
    }
    return {"description": description, "content": {Events.media_type: {"schema": event}}}
