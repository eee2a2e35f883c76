"""An issuer's public keys, as it publishes them (a JSON Web Key Set, RFC 7517)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from common.errors import TransientError

if TYPE_CHECKING:
    from jwt import PyJWK

#: What Supabase and Google sign with, by the type of key it needs. A key is good for one alone.
_ALGORITHM_OF: Final = {("EC", "P-256"): "ES256", ("RSA", None): "RS256"}

#: Supabase caches its set for as long at its edge (supabase.com/docs/guides/auth/signing-keys):
#: a key that was taken back is not believed for longer.
_FRESH_SECONDS: Final = 600.0
#: Whoever makes up key ids makes us ask the issuer so often and no oftener.
_PAUSE_SECONDS: Final = 10.0
#: With no keys at all nobody gets in: then it is tried again sooner.
_FIRST_PAUSE_SECONDS: Final = 1.0
_TIMEOUT_SECONDS: Final = 5.0
#: What an issuer that is well takes at the most, a new TLS connection included.
_GRACE_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


class PublishedKeys:
    """The keys by their ids: fetched at the first need, then when they are old or one is unknown.

    For one event loop, which it does not block. While the issuer is away the known keys go on
    counting. `now` is the clock, in seconds.
    """

    def __init__(self, url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._now = now
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._next_try = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        #: When that was, by the clock that a wait goes by.
        self._began = 0.0

    async def find(self, key_id: str) -> PyJWK | None:
        """Return the key; None where the issuer has no such key.

        Only an unknown key waits for an issuer that hangs. A known one, when it is old, gets
        what an issuer that is well needs to say that it was taken back, and then counts while
        the fetch goes on. TransientError where the issuer has never answered: then nobody can
        tell.
        """
        if key_id not in self._keys:
            await self._refreshed()
        elif self._is_old():
            await self._refreshed(within=_GRACE_SECONDS)
        if self._fetched_at is None:
            raise TransientError(
                "The keys that tokens are checked with can't be had just now. Try again in a "
                "moment.",
                code="KEYS_UNAVAILABLE",
            )
        return self._keys.get(key_id)

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._now() - self._fetched_at > _FRESH_SECONDS

    async def _refreshed(self, within: float | None = None) -> None:
        """Wait for the fetch: to its end, or until so many seconds after its beginning."""
        self._refresh()
        if self._fetching is None:
            return
        left = None
        if within is not None:
            left = max(0.0, self._began + within - time.monotonic())
        # One fetch for all who wait; that one of them leaves is nothing to the others.
        ended, _ = await asyncio.wait([self._fetching], timeout=left)
        for fetch in ended:
            fetch.result()

    def _refresh(self) -> None:
        """Begin to fetch the keys, unless that is under way or was done just now."""
        if self._fetching is not None or self._now() < self._next_try:
            return
        pause = _FIRST_PAUSE_SECONDS if self._fetched_at is None else _PAUSE_SECONDS
        self._next_try = self._now() + pause
        self._began = time.monotonic()
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        import httpx

        try:
            # In a thread: making a TLS context alone takes tens of milliseconds.
            fetched = await asyncio.to_thread(_download, self._url)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            log.warning("the issuer's keys can't be had", extra={"url": self._url}, exc_info=error)
        else:
            self._keys = dict(_usable(fetched))
            self._fetched_at = self._now()
        finally:
            self._fetching = None


def _download(url: str) -> list[Any]:
    """Return the set's keys, whatever they are. Raises httpx.HTTPError, ValueError."""
    import httpx

    answer = httpx.get(url, timeout=_TIMEOUT_SECONDS, headers={"Accept": "application/json"})
    answer.raise_for_status()
    key_set = answer.json()
    if not isinstance(key_set, dict) or not isinstance(key_set.get("keys"), list):
        raise ValueError("what the issuer publishes is no JSON Web Key Set")  # noqa: TRY004
    return list(key_set["keys"])


def _usable(keys: list[Any]) -> Iterator[tuple[str, PyJWK]]:
    """Yield the public keys for signatures by their ids.

    Bound to the algorithm that the key itself allows: a shared secret that stands in a public
    set, or another algorithm that a token names, is never believed.
    """
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    for key in keys:
        if not isinstance(key, dict):
            continue
        algorithm = _ALGORITHM_OF.get((str(key.get("kty")), key.get("crv")))
        key_id = key.get("kid")
        if (
            algorithm is None
            or not isinstance(key_id, str)
            or key.get("alg", algorithm) != algorithm
            or key.get("use", "sig") != "sig"
        ):
            continue
        try:
            yield key_id, PyJWK(key, algorithm)
        except PyJWTError:
            log.warning("a published key can't be read", extra={"key_id": key_id})
