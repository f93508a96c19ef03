"""The page of all paths comes whole from the service itself, also where there is no network."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from starlette.testclient import TestClient

ADDRESS = re.compile(r"""(?:https?:)?//[\w.-]+""")


def test_the_page_and_all_it_loads_come_from_here(http: TestClient) -> None:
    """No other host is named in the page or in what starts it; each asset is there."""
    page = http.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert ADDRESS.findall(page.text) == []
    named = re.findall(r"""(?:src|href)="([^"]+)\"""", page.text)
    types = {}
    for path in named:
        found = http.get(urljoin("/docs", path))
        assert found.status_code == 200, path
        assert found.content, path
        types[path.rsplit("/", 1)[1]] = found.headers["content-type"].partition(";")[0]
    assert types == {
        "swagger-ui.css": "text/css",
        "favicon.png": "image/png",
        "swagger-ui-bundle.js": "text/javascript",
        "start.js": "text/javascript",
    }
    start = http.get("/docs/start.js").text
    assert ADDRESS.findall(start) == []
    assert '"url": "/openapi.json"' in start
    assert http.get("/openapi.json").status_code == 200


def test_the_address_alone_leads_to_the_page(http: TestClient) -> None:
    """Whoever opens the service in a browser comes to the page of all paths."""
    led = http.get("/", follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (307, "/docs")


def test_every_part_of_the_page_is_in_its_order(http: TestClient) -> None:
    """No path has a tag that the order of parts does not know, and no part is empty."""
    document = http.get("/openapi.json").json()
    used = {
        tag
        for path in document["paths"].values()
        for operation in path.values()
        for tag in operation["tags"]
    }
    assert used == {tag["name"] for tag in document["tags"]}


def test_the_page_keeps_to_its_own_policy(http: TestClient) -> None:
    """Scripts and connections from here alone, and none that stands within the page."""
    page = http.get("/docs")
    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["connect-src"]) == ("'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script(?! src=)|<style|\son\w+=|javascript:", page.text) == []


def test_the_page_stands_behind_a_proxy(http: TestClient) -> None:
    """What a proxy puts before all paths stands before these, too."""
    behind = TestClient(http.app, root_path="/clinic")
    page, start = (behind.get(f"/clinic{path}") for path in ("/docs", "/docs/start.js"))
    assert (page.status_code, start.status_code) == (200, 200)
    named = re.findall(r"""(?:src|href)="([^"]+)\"""", page.text)
    assert named and all(urlsplit(path).path.startswith("/clinic/docs/") for path in named)
    assert '"url": "/clinic/openapi.json"' in start.text


def test_nothing_else_is_to_be_had_there(http: TestClient) -> None:
    """A file that is not there is told as every other path, and nothing leads out of the folder."""
    for path in ("/docs/assets/nothing.js", "/docs/assets/..%2f__init__.py", "/docs/assets/"):
        found = http.get(path)
        assert (found.status_code, found.json()["status"]) == (404, 404), path
    assert http.post("/docs").status_code == 405
