"""The identity tokens that Google's callers carry, signed by a key of this machine's own."""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

_KEY_BITS = 2048


class OidcIssuer:
    """Signs RS256 tokens shaped like Google's; `jwks()` is what verifies them.

    The key is made once and kept in `folder`, so tokens stay valid over a restart. `issuer` is
    the address under which `/.well-known/openid-configuration` is served.
    """

    def __init__(self, folder: Path, issuer: str) -> None:
        self.issuer = issuer
        self._key = _kept_key(folder / "oidc-key.pem")
        numbers = self._key.public_key().public_numbers()
        self._public = {"kty": "RSA", "e": _base64(numbers.e), "n": _base64(numbers.n)}
        self._key_id = hashlib.sha256(self._public["n"].encode()).hexdigest()[:40]

    def token(self, *, email: str, audience: str, lifetime: timedelta = timedelta(hours=1)) -> str:
        """Return a signed token that says: the caller is `email`, the receiver `audience`."""
        now = datetime.now(UTC)
        # Google names an account by a number of 21 digits, the same in every token.
        account = str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{email}").int)[:21]
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "azp": account,
            "sub": account,
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + lifetime,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public key as a JSON Web Key Set."""
        return {"keys": [{**self._public, "alg": "RS256", "use": "sig", "kid": self._key_id}]}

    def configuration(self) -> dict[str, object]:
        """Return the discovery document that leads a receiver to the key set."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }


def _kept_key(path: Path) -> rsa.RSAPrivateKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # Written beside and renamed, so that a crash leaves no half key; readable by us alone.
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        part.replace(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} does not hold an RSA key; remove it and a new one is made.")
    return key


def _base64(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
