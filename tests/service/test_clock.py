"""The clock of the API's machine jumps by an hour: the database's goes on, and is what counts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from service.conftest import Asker, Clinic, physio
from service.issuer import AUDIENCE, ISSUER, Issuer, published
from starlette.testclient import TestClient

from api.app import application
from api.settings import Settings

NINE = "2030-01-07T09:00:00+01:00"
Jump = Callable[[float], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Puts the clock of this process forward by so many hours; back where they are negative."""
    ahead, on_time = 0.0, time.time

    class Like(type(datetime)):  # type: ignore[misc]
        def __instancecheck__(cls, other: object) -> bool:
            return isinstance(other, datetime)

    class Jumped(datetime, metaclass=Like):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromtimestamp(time.time(), tz)

    monkeypatch.setattr(time, "time", lambda: on_time() + 3600 * ahead)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("api", "jwt") and getattr(module, "datetime", 0) is datetime:
            monkeypatch.setattr(module, "datetime", Jumped)

    def jump(hours: float) -> None:
        nonlocal ahead
        ahead = hours

    return jump


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with published() as running:
        yield running


@pytest.fixture(scope="module")
def web(settings: Settings, issuer: Issuer) -> Iterator[TestClient]:
    """A service with a limit of ten holds a minute, which believes an issuer."""
    update = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": issuer.url, "hold_per_minute": 10}
    with TestClient(application(settings.model_copy(update=update))) as client:
        yield client


def minutes_left(clinic: Clinic, name: str) -> float:
    """How long a hold is kept from now on, by the database's clock."""
    ((left,),) = clinic.sql(
        "SELECT extract(epoch FROM expires_at - now()) / 60 FROM booking WHERE uid = :n", n=name
    )
    return float(left)


@pytest.mark.parametrize("hours", [1, -1])
def test_holds_are_kept_by_the_clock_of_the_database(
    clinic: Clinic, web: TestClient, jump: Jump, hours: int
) -> None:
    """Ten minutes; one made before the jump can be confirmed, one that is over cannot."""
    asks = Asker(web, clinic.asker("scheduler").key)
    before = asks.post("/v1/holds", physio(NINE, None)).json()["id"]
    jump(hours)
    body = physio("2030-01-08T09:00:00+01:00", None)
    after = asks.post("/v1/holds", body).json()["id"]
    assert 9 < minutes_left(clinic, after) <= 10
    assert asks.post(f"/v1/holds/{before}/confirm").status_code == 200
    for table in ("booking", "claim"):
        clinic.sql(f"UPDATE {table} SET expires_at = now() WHERE expires_at IS NOT NULL")
    late = asks.post(f"/v1/holds/{after}/confirm")
    assert (late.status_code, late.json()["state"]) == (409, "expired")
    assert asks.post("/v1/holds", body).status_code == 201


@pytest.mark.parametrize("hours", [1, -1])
def test_limits_lock_nobody_out(clinic: Clinic, web: TestClient, jump: Jump, hours: int) -> None:
    """What was used up in other minutes is none of this one's, whatever the clock says."""
    asks = Asker(web, clinic.asker("scheduler").key)
    assert asks.post("/v1/holds", physio(NINE, None)).status_code == 201
    clinic.sql(
        "INSERT INTO allowance SELECT a.tenant_id, a.bucket, a.period + g * interval '1 minute', 10"
        " FROM allowance AS a, generate_series(-90, 90) AS g WHERE abs(g) > 5"
        " AND a.tenant_id = :t AND a.bucket LIKE 'hold:%'",
        t=clinic.tenant,
    )
    jump(hours)
    held = asks.post("/v1/holds", physio("2030-01-08T09:00:00+01:00", None))
    assert held.status_code == 201, held.text
    assert 0 < int(held.headers["RateLimit-Reset"]) <= 60


@pytest.mark.parametrize("hours", [1, -1])
def test_links_and_keys_end_by_the_clock_of_the_database(
    clinic: Clinic, web: TestClient, jump: Jump, hours: int
) -> None:
    """They are good for half an hour while the clock jumps by one, and then they are not."""
    staff = Asker(web, clinic.asker("scheduler").key)
    name = staff.post("/v1/holds", physio(NINE, None)).json()["id"]
    soon = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    jump(hours)
    link = staff.post(f"/v1/bookings/{name}/links", {"purpose": "view", "expires_at": soon})
    made = Asker(web, clinic.asker().key).post(
        "/v1/keys", {"name": "k", "role": "scheduler", "expires_at": soon}
    )
    asking = [Asker(web, link.json()["token"]), Asker(web, made.json()["key"])]
    assert [a.get(f"/v1/bookings/{name}").status_code for a in asking] == [200, 200]
    for table in ("link", "api_key"):
        clinic.sql(f"UPDATE {table} SET expires_at = now() WHERE expires_at IS NOT NULL")
    assert [a.get(f"/v1/bookings/{name}").status_code for a in asking] == [401, 401]


@pytest.mark.parametrize(
    ("hours", "reason"), [(1, "Signature has expired"), (-1, "not yet valid (iat)")]
)
def test_tokens_are_valid_by_the_clock_of_the_machine(
    clinic: Clinic, web: TestClient, issuer: Issuer, jump: Jump, hours: int, reason: str
) -> None:
    """A jump makes them worthless, and its end makes them good; a few seconds are no matter."""
    subject = f"anna-{clinic.tenant}"
    member = {"issuer": ISSUER, "subject": subject, "role": "scheduler"}
    assert clinic.asker().post("/v1/memberships", member).status_code == 201
    asks = Asker(web, issuer.token(subject))
    for ahead, status in ((0, 200), (hours, 401), (-5 / 3600, 200)):
        jump(ahead)
        answer = asks.get("/v1/tenant")
        assert answer.status_code == status, answer.text
        if status == 401:
            assert reason in answer.json()["detail"]
