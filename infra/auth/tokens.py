"""Checks tokens (JWT): by whom, for whom, until when; and by which kind of key."""

from __future__ import annotations

from typing import Any, Final

from infra.auth.published_keys import PublishedKeys

#: How far the clocks of the issuer and of this process may be apart.
_LEEWAY_SECONDS: Final = 30
_SHARED_SECRET: Final = "HS256"  # noqa: S105 - an algorithm's name
#: A tuple: what a token names as its algorithm need not be hashable.
_PUBLISHED_KEY: Final = ("ES256", "RS256")


class InvalidToken(Exception):
    """The token proves nothing. Why is for the log, not for whoever sent it."""


class TokenChecker:
    """Reads the tokens of one issuer that are meant for one audience.

    By its published keys, by a secret shared with it, or by either. Which of them counts is said
    by the key's kind and never by the token alone: a public key is no secret, so an HS256 token
    is only ever held against `secret`.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        keys: PublishedKeys | None,
        secret: str | None = None,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._secret = secret

    async def claims(self, token: str) -> dict[str, Any]:
        """Return what the token says.

        Raises InvalidToken, and TransientError where the issuer's keys can't be had.
        """
        # Costs 70 ms, which a process that checks no token need not spend.
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            algorithm, key_id = header.get("alg"), header.get("kid")
            if algorithm == _SHARED_SECRET:
                return self._by_secret(token)
            if algorithm in _PUBLISHED_KEY and isinstance(key_id, str):
                return await self._by_published_key(token, algorithm, key_id)
        except jwt.PyJWTError as error:
            raise InvalidToken(type(error).__name__) from error
        raise InvalidToken("no algorithm that is taken here")

    def _by_secret(self, token: str) -> dict[str, Any]:
        if self._secret is None:
            raise InvalidToken("no secret is shared with the issuer")
        # Knowing the secret is proof enough of the issuer: only one that names another is refused.
        claims = self._decoded(token, self._secret, _SHARED_SECRET)
        if claims.get("iss", self._issuer) != self._issuer:
            raise InvalidToken("another issuer")
        return claims

    async def _by_published_key(self, token: str, algorithm: str, key_id: str) -> dict[str, Any]:
        key = None if self._keys is None else await self._keys.find(key_id)
        if key is None or key.algorithm_name != algorithm:
            raise InvalidToken("no such key")
        return self._decoded(token, key, algorithm, issuer=self._issuer)

    def _decoded(
        self, token: str, key: Any, algorithm: str, *, issuer: str | None = None
    ) -> dict[str, Any]:
        import jwt

        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=self._audience,
            issuer=issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "sub"]},
        )
        return claims
