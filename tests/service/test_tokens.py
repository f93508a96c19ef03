"""Bearer tokens of an issuer: who is believed, and to what tenant they lead."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from service.conftest import Asker, Clinic
from service.issuer import AUDIENCE, ISSUER, Issuer, published
from starlette.testclient import TestClient

from api.app import application
from api.auth.tokens import AGAIN, CURRENT, TokenRules, Tokens
from api.problems import IssuerUnavailable, Unauthenticated
from api.settings import Settings


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with published() as running:
        yield running


@pytest.fixture(scope="module")
def rules(issuer: Issuer) -> TokenRules:
    return TokenRules(issuer=ISSUER, audience=AUDIENCE, jwks_url=issuer.url)


@pytest.fixture(scope="module")
def web(settings: Settings, rules: TokenRules) -> Iterator[TestClient]:
    """The service, believing the issuer of the tests."""
    asked = settings.model_copy(
        update={"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": rules.jwks_url}
    )
    with TestClient(application(asked), raise_server_exceptions=False) as client:
        yield client


def join(clinic: Clinic, subject: str, role: str, **more: Any) -> str:
    """Make somebody a member; return the membership's name."""
    made = clinic.asker().post(
        "/v1/memberships", {"issuer": ISSUER, "subject": subject, "role": role, **more}
    )
    assert made.status_code == 201, made.text
    name: str = made.json()["id"]
    return name


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None) -> str:
    """Write a token as no library would: unsigned, or signed by whatever bytes."""

    def coded(part: bytes) -> bytes:
        return base64.urlsafe_b64encode(part).rstrip(b"=")

    said = b".".join(coded(json.dumps(part).encode()) for part in (header, claims))
    mark = b"" if secret is None else hmac.new(secret, said, hashlib.sha256).digest()
    return (said + b"." + coded(mark)).decode()


@pytest.mark.parametrize(("kid", "algorithm"), [("rsa", "RS256"), ("ec", "ES256")])
def test_a_token_stands_for_its_membership(
    clinic: Clinic, web: TestClient, issuer: Issuer, kid: str, algorithm: str
) -> None:
    """Whoever the issuer names does what their membership allows, and the audit log says who."""
    subject = f"anna-{clinic.tenant}-{kid}"
    member = join(clinic, subject, "administrator")
    asks = Asker(web, issuer.token(subject, kid=kid, algorithm=algorithm))
    assert asks.get("/v1/tenant").status_code == 200
    made = asks.post("/v1/locations", {"id": f"north-{kid}"})
    assert made.status_code == 201
    (line,) = asks.get(f"/v1/audit?object={made.json()['uid']}").json()["items"]
    assert line["actor"] == f"user:{member}"


def test_roles_inside_tokens_mean_nothing(clinic: Clinic, web: TestClient, issuer: Issuer) -> None:
    """A client whose token claims to be an administrator is a client."""
    subject = f"client-{clinic.tenant}"
    join(clinic, subject, "client")
    claims = {"role": "administrator", "roles": ["administrator"], "scope": "*"}
    answer = Asker(web, issuer.token(subject, **claims)).get("/v1/audit")
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("The role client may not take the action audit.read")


def hour(away: int) -> int:
    return int(time.time()) + 3600 * away


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": hour(-1)},
        {"nbf": hour(1)},
        {"iss": "somebody-else"},
        {"aud": "something-else"},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "a\x00b"},
        {"aud": None},
    ],
    # No id tells the time: whoever runs the tests in several processes collects the same in each.
    ids=lambda claims: "-".join(
        f"{k}={'a time' if isinstance(v, int) else str(v)[:9]!r}" for k, v in claims.items()
    ),
)
def test_tokens_that_do_not_hold_are_refused(
    clinic: Clinic, web: TestClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    """Expired, not yet valid, or of the wrong issuer, audience or subject: nobody is known."""
    subject = f"member-{clinic.tenant}"
    join(clinic, subject, "scheduler")
    assert Asker(web, issuer.token(subject)).get("/v1/tenant").status_code == 200
    now = int(time.time())
    said: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": now + 600}
    said |= claims
    said = {name: value for name, value in said.items() if value is not None}
    token = jwt.encode(said, issuer.rsa, "RS256", headers={"kid": "rsa"})
    answer = Asker(web, token).get("/v1/tenant")
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:allocator:problem:unauthenticated"
    assert answer.headers["www-authenticate"] == 'Bearer realm="allocator"'


@pytest.mark.parametrize(
    ("header", "signed"),
    [
        ({"alg": "none", "kid": "rsa"}, False),
        ({"alg": "None", "kid": "rsa"}, False),
        ({"alg": "HS256", "kid": "rsa"}, True),
        ({"alg": "HS256"}, True),
        ({"alg": "RS256", "kid": "rsa"}, True),
        ({"alg": "ES256", "kid": "rsa"}, True),
        ({"alg": "RS256", "kid": "ec"}, True),
        ({"alg": "RS256", "kid": "unknown"}, True),
        ({"alg": "RS256", "kid": 7}, True),
        ({"alg": "RS256"}, True),
        ({}, True),
    ],
    ids=str,
)
def test_the_algorithm_is_pinned(
    clinic: Clinic, web: TestClient, issuer: Issuer, header: dict[str, Any], signed: bool
) -> None:
    """No token goes unsigned, signed by the public key as a secret, or by another key's name."""
    subject = f"member-{clinic.tenant}"
    join(clinic, subject, "administrator")
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": hour(1)}
    token = by_hand(header, claims, issuer.public_pem if signed else None)
    assert Asker(web, token).get("/v1/tenant").status_code == 401


def test_a_key_that_another_algorithm_is_for_is_refused(
    clinic: Clinic, web: TestClient, issuer: Issuer
) -> None:
    """A token rightly signed by the RSA key, under the name of the other key, is refused."""
    subject = f"member-{clinic.tenant}"
    join(clinic, subject, "administrator")
    answer = Asker(web, issuer.token(subject, kid="ec")).get("/v1/tenant")
    assert answer.status_code == 401
    assert answer.json()["detail"] == "The token is signed by RS256; its key is for ES256."


def test_garbage_is_refused(clinic: Clinic, web: TestClient) -> None:
    """What is no token at all leads to nobody."""
    for garbage in ("x", "a.b.c", "ey.ey.ey", "...", "ws_abc"):
        assert Asker(web, garbage).get("/v1/tenant").status_code == 401


def test_a_member_of_nothing_is_refused(web: TestClient, issuer: Issuer) -> None:
    """A valid token of somebody unknown is understood, and refused."""
    answer = Asker(web, issuer.token("nobody-at-all")).get("/v1/tenant")
    assert answer.status_code == 403


def test_a_header_chooses_among_tenants(
    new_clinic: Callable[[], Clinic], web: TestClient, issuer: Issuer
) -> None:
    """A member of two tenants names one, sees it alone, and has its role."""
    one, other, third = new_clinic(), new_clinic(), new_clinic()
    subject = f"both-{one.tenant}"
    first, second = join(one, subject, "administrator"), join(other, subject, "client")
    strange = join(third, f"else-{one.tenant}", "administrator")
    asks = Asker(web, issuer.token(subject))
    unnamed = asks.get("/v1/tenant")
    assert unnamed.status_code == 403
    assert first in unnamed.json()["detail"] and second in unnamed.json()["detail"]
    names = [asks.get("/v1/tenant", Allocator_Membership=m).json()["id"] for m in (first, second)]
    assert names == [c.asker().get("/v1/tenant").json()["id"] for c in (one, other)]
    assert asks.get("/v1/audit", Allocator_Membership=first).status_code == 200
    assert asks.get("/v1/audit", Allocator_Membership=second).status_code == 403
    for unknown in (strange, "x"):
        answer = asks.get("/v1/tenant", Allocator_Membership=unknown)
        assert answer.status_code == 403
        assert answer.json()["detail"] == f"The membership {unknown!r} is none of yours."


def test_a_membership_ends_at_once(clinic: Clinic, web: TestClient, issuer: Issuer) -> None:
    """Who is no member any more is refused, however long their token lasts."""
    subject = f"gone-{clinic.tenant}"
    member = join(clinic, subject, "scheduler")
    asks = Asker(web, issuer.token(subject))
    assert asks.get("/v1/tenant").status_code == 200
    assert clinic.asker()("DELETE", f"/v1/memberships/{member}").status_code == 204
    assert asks.get("/v1/tenant").status_code == 403


def test_one_membership_in_a_tenant(clinic: Clinic) -> None:
    """The same issuer and subject cannot have two roles in one tenant."""
    join(clinic, "twice", "scheduler")
    again = clinic.asker().post(
        "/v1/memberships", {"issuer": ISSUER, "subject": "twice", "role": "administrator"}
    )
    assert again.status_code == 409
    assert again.json()["type"] == "urn:allocator:problem:duplicate"


def test_without_an_issuer_tokens_are_refused(clinic: Clinic, issuer: Issuer) -> None:
    """Where nothing is set up, no token is believed."""
    answer = Asker(clinic.http, issuer.token("anna")).get("/v1/tenant")
    assert answer.status_code == 401


def test_an_issuer_that_cannot_be_reached(clinic: Clinic, settings: Settings) -> None:
    """Before its keys were ever read, tokens wait (503), and keys of ours work."""
    gone = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "http://127.0.0.1:9/jwks"}
    with TestClient(application(settings.model_copy(update=gone))) as web:
        answer = Asker(web, Issuer().token("anna")).get("/v1/tenant")
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:allocator:problem:issuer-unavailable"
        assert answer.headers["retry-after"] == "10"
        assert Asker(web, clinic.asker().key).get("/v1/tenant").status_code == 200


def test_keys_once_read_work_on(rules: TokenRules, issuer: Issuer, lines: list[Any]) -> None:
    """An issuer that is down is asked again every few minutes; its keys serve meanwhile."""
    now, asked = 0.0, issuer.asked
    tokens = Tokens(rules, lambda: now)
    token = issuer.token("anna")
    issuer.up = False
    try:
        with pytest.raises(IssuerUnavailable):
            tokens.subject(token)
        issuer.up, now = True, AGAIN + 1
        assert tokens.subject(token).name == "anna"
        assert issuer.asked - asked == 2
        issuer.up, now = False, now + CURRENT + 1
        assert tokens.subject(token).name == "anna"
        assert issuer.asked - asked == 3
        assert [(line["action"], line["known"]) for line in lines] == [
            ("tokens.unreachable", 0),
            ("tokens.unreachable", 2),
        ]
    finally:
        issuer.up = True


def test_made_up_keys_do_not_make_us_ask(rules: TokenRules, issuer: Issuer) -> None:
    """However many tokens name unknown keys, the issuer is asked once in a while."""
    tokens, asked = Tokens(rules, lambda: 0.0), issuer.asked
    for number in range(20):
        with pytest.raises(Unauthenticated):
            tokens.subject(issuer.token("anna", kid=f"made-up-{number}"))
    assert issuer.asked - asked == 1
