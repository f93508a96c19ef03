"""Changes of the catalogue, and of what a tenant lays down for itself."""

from __future__ import annotations

from typing import Any

from service.conftest import Asker, Clinic

OURS = ("uid", "version", "created_at", "changed_at")


def change(asks: Asker, path: str, **more: Any) -> Any:
    """Change some fields of a thing, whatever its version is."""
    there = asks.get(path)
    body = {k: v for k, v in there.json().items() if k not in OURS} | more
    answer = asks("PUT", path, body, If_Match=f'"{there.json()["version"]}"')
    assert answer.status_code == 200, answer.text
    return answer


def tenant_policy(clinic: Clinic, **policy: Any) -> None:
    admin = clinic.asker()
    there = admin.get("/v1/tenant").json()
    body = {"name": there["name"], "policy": policy}
    answer = admin("PUT", "/v1/tenant", body, If_Match=f'"{there["version"]}"')
    assert answer.status_code == 200, answer.text
