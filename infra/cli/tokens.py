"""How requests say who asks: by tokens signed here for the local stack, or by one that is given."""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Final

import httpx
import jwt

#: Whose documents the command sees on a stack of its own.
OWNER: Final = "local"
_SECONDS: Final = 300


def signed_token(secret: str, *, seconds: float, owner: str = OWNER, is_admin: bool = False) -> str:
    """Return a token as Supabase Auth would sign it, good for `seconds` from now."""
    now = int(time.time())
    claims: dict[str, object] = {
        "sub": owner,
        "role": "authenticated",
        "aud": "authenticated",
        "iat": now,
        "exp": now + int(seconds),
    }
    if is_admin:
        claims["app_metadata"] = {"role": "admin"}
    return jwt.encode(claims, secret, algorithm="HS256")


def expiry_of(token: str) -> datetime | None:
    """Return when a token says that it ends; None for an API key, or what says nothing."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


class SelfSigned(httpx.Auth):
    """Signs a short-lived token for each request, so a long watch never outlives its token."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token."""
        token = signed_token(self._secret, seconds=_SECONDS)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


class Given(httpx.Auth):
    """Sends the token or API key that the user has; nothing where there is none."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        yield request
