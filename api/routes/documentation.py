"""The page of all paths: Swagger UI, and all that it loads, from this process alone."""

from __future__ import annotations

from html import escape
from json import dumps

from fastapi import FastAPI
from fastapi.openapi.docs import swagger_ui_default_parameters
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

PATH = "/docs"
#: Whose files these are: Swagger UI as a package of Python's, kept in step with FastAPI.
ASSETS = ("fastapi_offline", "static")
#: The page loads nothing from elsewhere, talks to nobody else, and stands in no other page. Styles
#: within it are Swagger UI's own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
<link rel="icon" href="{root}/docs/assets/favicon.png">
<title>{title}</title>
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script>
</body>
</html>
"""
SCRIPT = """\
SwaggerUIBundle({{
  ...{settings},
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
}});
"""


def document(app: FastAPI) -> None:
    """Give the service its page of all paths."""

    def page(request: Request) -> Response:
        content = PAGE.format(root=escape(_root(request)), title=escape(app.title))
        return HTMLResponse(content, headers={"Content-Security-Policy": POLICY})

    def start(request: Request) -> Response:
        url = f"{_root(request)}{app.openapi_url}"
        settings = dumps({**swagger_ui_default_parameters, "url": url, "validatorUrl": None})
        return Response(SCRIPT.format(settings=settings), media_type="text/javascript")

    def front(request: Request) -> Response:
        return RedirectResponse(f"{_root(request)}{PATH}")

    app.add_route("/", front, include_in_schema=False)
    app.add_route(PATH, page, include_in_schema=False)
    app.add_route(f"{PATH}/start.js", start, include_in_schema=False)
    app.mount(f"{PATH}/assets", StaticFiles(packages=[ASSETS]))


def _root(request: Request) -> str:
    """Return what stands before all paths where a proxy has put something there."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")
