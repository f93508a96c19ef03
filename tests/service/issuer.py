"""An issuer of tokens that a test can stop, and that signs whatever it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE = "issuer-of-tests", "allocator-tests"


@dataclass
class Issuer:
    """Keys, and where their public halves are published."""

    url: str = ""
    rsa: Any = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    ec: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    up: bool = True
    asked: int = 0

    @property
    def jwks(self) -> bytes:
        one = RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True)
        other = ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
        keys = [{**one, "kid": "rsa", "use": "sig"}, {**other, "kid": "ec", "use": "sig"}]
        return json.dumps({"keys": keys}).encode()

    @property
    def public_pem(self) -> bytes:
        """The public key as everybody has it."""
        made: bytes = self.rsa.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return made

    def token(
        self, subject: str, *, kid: str = "rsa", algorithm: str = "RS256", **claims: Any
    ) -> str:
        """Sign a token that is valid, but for what is said otherwise."""
        now = int(time.time())
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600}
        said |= claims
        key = self.ec if algorithm.startswith("ES") else self.rsa
        return jwt.encode(said, key, algorithm, headers={"kid": kid})


@contextmanager
def published() -> Iterator[Issuer]:
    """Serve an issuer's keys on this machine."""
    issuer = Issuer()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            self.send_response(200 if issuer.up else 500)
            self.end_headers()
            if issuer.up:
                self.wfile.write(issuer.jwks)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_port}/jwks"
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
