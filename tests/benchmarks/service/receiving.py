"""Receives webhooks in a process of its own, and tells how long after its event each came."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime

from aiohttp import web


def main() -> None:
    """Listen at a port of this machine until killed."""
    came: dict[str, float] = {}
    again = others = 0

    async def take(request: web.Request) -> web.Response:
        nonlocal again, others
        body = json.loads(await request.read())
        name = body["data"]["id"]
        again += name in came
        others += body["type"] == "booking.moved"
        sent = datetime.fromisoformat(body["timestamp"]).timestamp()
        came.setdefault(name, time.time() - sent)
        return web.Response(status=204)

    async def tell(request: web.Request) -> web.Response:
        """Tell how many events came, again, and of others' moves; at last their seconds, too."""
        found: dict[str, object] = {"count": len(came), "again": again, "others": others}
        if "whole" in request.query:
            found["seconds"] = sorted(came.values())
            came.clear()
        return web.json_response(found)

    app = web.Application()
    app.add_routes([web.post("/", take), web.get("/", tell)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
