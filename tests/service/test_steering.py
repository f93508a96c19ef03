"""The off-peak policy of a tenant: read by everybody, changed in parts by administrators."""

from __future__ import annotations

from typing import Any

import pytest
from service.conftest import Clinic
from service.test_learning import steer

DEFAULT = {
    "kinds": ["practitioner"],
    "off_peak": 60,
    "peak": 85,
    "detour_minutes": 0,
    "savings": [],
    "most_minutes": 240,
    "most_days": 7,
    "currency": "",
}


def test_what_is_not_sent_stays(clinic: Clinic) -> None:
    """The first reads what steers nobody; two changes, each of a part."""
    admin = clinic.asker()
    assert clinic.asker("client").get("/v1/tenant/off-peak").json() == DEFAULT
    assert steer(admin, detour_minutes=90) == {**DEFAULT, "detour_minutes": 90}
    found = steer(admin, off_peak=50, savings=[{"below": 40, "cents": 500}], currency="EUR")
    saving = {"below": 40, "percent": 0, "cents": 500}
    expected = {"detour_minutes": 90, "off_peak": 50, "savings": [saving], "currency": "EUR"}
    assert found == {**DEFAULT, **expected}
    assert admin.get("/v1/tenant").json()["policy"]["steering"] == found
    audit = admin.get("/v1/audit?action=tenant.changed").json()["items"]
    assert [line["after"]["policy"]["steering"]["off_peak"] for line in audit] == [60, 50]


def test_a_change_names_the_version(clinic: Clinic) -> None:
    """428 without, 412 with an old one; nothing is changed."""
    admin = clinic.asker()
    assert admin("PATCH", "/v1/tenant/off-peak", {"peak": 90}).status_code == 428
    etag = admin.get("/v1/tenant/off-peak").headers["etag"]
    assert admin("PATCH", "/v1/tenant/off-peak", {"peak": 90}, If_Match=etag).status_code == 200
    assert admin("PATCH", "/v1/tenant/off-peak", {"peak": 95}, If_Match=etag).status_code == 412
    assert admin.get("/v1/tenant/off-peak").json()["peak"] == 90


@pytest.mark.parametrize(
    "wrong",
    [
        {"off_peak": 90},
        {"savings": [{"below": 70, "percent": 10}]},
        {"savings": [{"below": 50, "percent": 10, "cents": 5}]},
        {"savings": [{"below": 50, "cents": 5}]},
        {"thresholds": [1]},
        {"peak": "much"},
    ],
)
def test_what_makes_no_sense_is_refused(clinic: Clinic, wrong: dict[str, Any]) -> None:
    """Whether a part is changed, or the whole tenant is written."""
    admin = clinic.asker()
    etag = admin.get("/v1/tenant").headers["etag"]
    refused = admin("PATCH", "/v1/tenant/off-peak", wrong, If_Match=etag)
    assert (refused.status_code, bool(refused.json()["detail"])) == (422, True)
    body = {"name": "New", "policy": {"steering": wrong}}
    assert admin("PUT", "/v1/tenant", body, If_Match=etag).status_code == 422
    assert admin.get("/v1/tenant/off-peak").json() == DEFAULT
