"""Who calls, and the tokens in signed URLs."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Any, Final

import jwt
from starlette.requests import Request

from infra.local.emulators.supabase_storage.errors import (
    StorageError,
    access_denied,
    invalid_request,
    no_such_bucket,
)

_ALGORITHM: Final = "HS256"
_ADMIN: Final = "service_role"
_ROW_LEVEL_SECURITY: Final = "new row violates row-level security policy"


class Gate:
    """Knows the project's service key and its JWT secret.

    The emulator has no policies, so as with the service everything is hidden from, and refused
    to, every role but `service_role`.
    """

    def __init__(self, service_key: str, jwt_secret: str) -> None:
        self._service_key = service_key
        self._secret = jwt_secret

    def _claims(self, token: str) -> dict[str, Any]:
        """Return a valid token's claims; what is raised names the fault as the service does."""
        try:
            return jwt.decode(
                token, self._secret, algorithms=[_ALGORITHM], options={"verify_aud": False}
            )
        except jwt.ExpiredSignatureError as error:
            raise access_denied('"exp" claim timestamp check failed') from error
        except jwt.InvalidSignatureError as error:
            raise access_denied("signature verification failed") from error
        except jwt.InvalidTokenError as error:
            raise access_denied("Invalid Compact JWS") from error

    def _role(self, request: Request) -> str:
        authorization = request.headers.get("authorization")
        token = (
            request.headers.get("apikey")
            if authorization is None
            else authorization.removeprefix("Bearer ").strip()
        )
        if token is None:
            raise invalid_request(
                "headers must have required property 'authorization'", code="Error"
            )
        if hmac.compare_digest(token.encode(), self._service_key.encode()):
            return _ADMIN
        return str(self._claims(token).get("role", "anon"))

    def require_admin(self, request: Request) -> None:
        """Let only the service role write."""
        if self._role(request) != _ADMIN:
            raise access_denied(_ROW_LEVEL_SECURITY)

    def may_see(self, request: Request) -> bool:
        """Tell whether rows are visible to the caller; an invalid token is refused."""
        return self._role(request) == _ADMIN

    def require_reader(self, request: Request) -> None:
        """Let the service role read; others are told that there is no such bucket."""
        try:
            visible = self.may_see(request)
        except StorageError:
            visible = False
        if not visible:
            raise no_such_bucket()

    def sign(self, claims: Mapping[str, Any], seconds: int) -> str:
        """Return a token that is good for so many seconds."""
        now = int(time.time())
        return jwt.encode(
            {**claims, "iat": now, "exp": now + seconds}, self._secret, algorithm=_ALGORITHM
        )

    def verify(self, token: str, *, url: str, scope: str) -> dict[str, Any]:
        """Return the claims of a URL's token if it is for this object and this use."""
        try:
            claims = self._claims(token)
        except StorageError as error:
            raise StorageError(400, "InvalidJWT", error.message) from error
        if claims.get("scope") != scope:
            raise invalid_request(f"Token is not scoped for {scope}", code="InvalidSignature")
        if claims.get("url") != url:
            raise invalid_request("Invalid signature", code="InvalidSignature")
        return claims
