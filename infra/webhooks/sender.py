"""Sends one webhook and says what came of it: one request, no redirects, no proxies."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import certifi
import httpcore

from common.errors import InvalidRequest
from common.webhook_urls import Target, TargetPolicy, check_url
from common.webhooks import Answer, Trouble
from infra.webhooks.network import (
    MAX_ANSWER_BYTES,
    AddressRefused,
    Bounds,
    NameNotFound,
    PublicNetwork,
    Resolver,
    system_addresses,
)

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "application/json",
    "User-Agent": "Quire-Webhooks/1",
}

_REFUSED: Final = "The address is not on the public Internet, and nothing was sent."


class WebhookSender:
    """Posts to an owner's server. Nothing that it does or answers is raised."""

    def __init__(
        self,
        policy: TargetPolicy,
        *,
        timeout_seconds: float,
        resolve: Resolver = system_addresses,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._timeout = timeout_seconds
        self._resolve = resolve
        self._given_context = ssl_context

    def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Send it once, within the time-out from looking up the name to the end of the answer."""
        began = time.monotonic()

        def seconds() -> float:
            return round(time.monotonic() - began, 3)

        try:
            target = check_url(url, self._policy)
            status, asked = self._exchange(target, content, {**_HEADERS, **headers})
        except (InvalidRequest, AddressRefused):
            return Answer(None, seconds(), Trouble("WEBHOOK_URL_REFUSED", _REFUSED, final=True))
        except NameNotFound:
            return Answer(
                None, seconds(), Trouble("NAME_NOT_FOUND", "The host's name could not be found.")
            )
        except httpcore.TimeoutException:
            return Answer(
                None,
                seconds(),
                Trouble("TIMEOUT", f"There was no answer within {self._timeout:g} seconds."),
            )
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Answer(None, seconds(), _trouble(error))
        return Answer(status, seconds(), _refusal(status), retry_after=asked)

    def _exchange(
        self, target: Target, content: bytes, headers: Mapping[str, str]
    ) -> tuple[int, float | None]:
        bounds = Bounds(seconds=self._timeout, max_bytes=MAX_ANSWER_BYTES)
        url = httpcore.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        named: list[tuple[bytes | str, bytes | str]] = [("Host", target.authority)]
        named.extend(headers.items())
        with (
            httpcore.ConnectionPool(
                ssl_context=self._context,
                max_connections=1,
                network_backend=PublicNetwork(bounds, self._policy, self._resolve),
            ) as pool,
            # Left after its head: what else the receiver says is nothing that we need.
            pool.stream("POST", url, headers=named, content=content) as response,
        ):
            said = {name.lower(): value for name, value in response.headers}
            return response.status, _seconds(said.get(b"retry-after"))

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self._given_context or ssl.create_default_context(cafile=certifi.where())


def _trouble(error: Exception) -> Trouble:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Trouble("CERTIFICATE_INVALID", "The server's certificate is not valid for its name.")
    if isinstance(cause, ssl.SSLError):
        return Trouble("TLS_FAILED", "The server and we could not agree on an encryption.")
    if isinstance(error, httpcore.ConnectError):
        return Trouble("CONNECTION_FAILED", "The server could not be reached.")
    return Trouble("ANSWER_UNREADABLE", "The server ended the connection without an answer.")


def _refusal(status: int) -> Trouble | None:
    if 300 <= status < 400:
        return Trouble("REDIRECTED", "The server sent us elsewhere; redirects are not followed.")
    if status == 410:
        return Trouble("RECEIVER_GONE", "The server wants no more of these (410).", final=True)
    return None


def _seconds(header: bytes | None) -> float | None:
    """Read Retry-After where it is in seconds; a date is not worth its reading."""
    return float(header) if header is not None and header.isdigit() and len(header) < 10 else None
