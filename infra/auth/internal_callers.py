"""Google's services, which call our functions in a service account's name (OpenID Connect)."""

from __future__ import annotations

import logging
from typing import Any, Final

from infra.auth.published_keys import PublishedKeys
from infra.auth.tokens import InvalidToken, TokenChecker
from infra.settings import DoorSettings, InternalSettings

#: What Cloud Run puts in the place of a signature that it has checked itself
#: (cloud.google.com/run/docs/authenticating/service-to-service).
_CHECKED_BY_PLATFORM: Final = ".SIGNATURE_REMOVED_BY_GOOGLE"

log = logging.getLogger(__name__)


class NotAdmitted(Exception):
    """The caller is known, and is none of this function's."""


class InternalCallers:
    """Says who may call one function, by a token that was made for this function's address.

    Where the platform has checked the token, it has also compared the address.
    """

    def __init__(self, door: DoorSettings, settings: InternalSettings, keys: PublishedKeys) -> None:
        self._door = door
        self._settings = settings
        self._tokens = TokenChecker(issuer=settings.issuer, audience=door.audience, keys=keys)

    async def admit(self, authorization: str | None) -> None:
        """Return where the caller may call.

        Raises InvalidToken (nobody knows who that is), NotAdmitted (another's account), and
        TransientError where the issuer's keys can't be had.
        """
        if not self._settings.required:
            return
        if not self._door.audience or not self._door.callers:
            log.error("this function has no callers in its settings (INTERNAL__…), so none may")
            raise NotAdmitted
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidToken("none")
        claims = await self._claims(token.strip())
        account = str(claims.get("email"))
        if claims.get("email_verified") is not True or account not in self._door.callers:
            log.warning("a service account was refused", extra={"account": account[:255]})
            raise NotAdmitted

    async def _claims(self, token: str) -> dict[str, Any]:
        if not self._settings.platform_checks or not token.endswith(_CHECKED_BY_PLATFORM):
            return await self._tokens.claims(token)
        import jwt

        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                issuer=self._settings.issuer,
                options={
                    "verify_signature": False,
                    "verify_exp": True,
                    "verify_nbf": True,
                    # A service has several addresses. Eventarc's tokens are for one that nobody
                    # knows before the function is there; Cloud Run lets none through that is
                    # for another service.
                    "verify_aud": False,
                    "verify_iss": True,
                    "require": ["exp", "sub"],
                },
            )
        except jwt.PyJWTError as error:
            raise InvalidToken(type(error).__name__) from error
        return claims
