"""An issuer of tokens as Supabase is one: keys that it publishes over HTTP and rotates."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PATH = "/auth/v1/.well-known/jwks.json"

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@cache
def _made(key_id: str, algorithm: str) -> tuple[PrivateKey, dict[str, Any]]:
    """Return a key with its public half. RSA keys take long to make: once a run is enough."""
    if algorithm == "ES256":
        curve = ec.generate_private_key(ec.SECP256R1())
        return curve, ECAlgorithm.to_jwk(curve.public_key(), as_dict=True)
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = RSAAlgorithm.to_jwk(numbers.public_key(), as_dict=True)
    # What a published set has not: PyJWT says what may be done with the key object.
    return numbers, {name: part for name, part in public.items() if name != "key_ops"}


class Issuer:
    """Signs tokens with any of its keys, and publishes those that are in `published`."""

    def __init__(self) -> None:
        self.keys: dict[str, PrivateKey] = {}
        self.published: list[object] = []
        #: What it answers in the place of its keys: a status and a body.
        self.instead: tuple[int, bytes] | None = None
        self.fetches = 0
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()
        self.address = ""

    @property
    def url(self) -> str:
        """The project's address."""
        return self.address

    @property
    def name(self) -> str:
        """What its tokens name as their issuer."""
        return f"{self.address}/auth/v1"

    @property
    def keys_url(self) -> str:
        return self.address + PATH

    def add(self, key_id: str, algorithm: str = "ES256", **changes: Any) -> None:
        """Make a key and publish it, with some of its fields changed."""
        key, public = _made(key_id, algorithm)
        self.keys[key_id] = key
        self.published.append({**public, "kid": key_id, "alg": algorithm, "use": "sig", **changes})

    def rotate(self, old: str, new: str, algorithm: str = "ES256") -> None:
        """Publish a new key and the old one no more."""
        self.published = [
            key for key in self.published if not isinstance(key, dict) or key["kid"] != old
        ]
        self.add(new, algorithm)

    def token(self, key_id: str, algorithm: str = "ES256", **changes: Any) -> str:
        """Sign a token; a claim of None is left out."""
        claims = {
            "iss": self.name,
            "aud": "authenticated",
            "sub": "alice",
            "role": "authenticated",
            "exp": int(time.time()) + 3600,
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.keys[key_id], algorithm=algorithm, headers={"kid": key_id})

    @contextmanager
    def serving(self) -> Iterator[Issuer]:
        issuer = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                issuer.asked.set()
                issuer.open.wait(30)
                status, body = 200, json.dumps({"keys": issuer.published}).encode()
                if issuer.instead is not None:
                    status, body = issuer.instead
                elif self.path != PATH:
                    status = 404
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
            self.address = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield self
            finally:
                self.open.set()
                server.shutdown()
                thread.join()
