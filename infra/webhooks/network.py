"""Connections to public addresses only, within bounds of time and bytes.

A name is looked up once; every address it has is checked, and the connection goes to a checked
address itself, so that a second look-up can't lead elsewhere. TLS still asks for the name.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final, TypeAlias

import httpcore

from common.webhook_urls import TargetPolicy

Address: TypeAlias = IPv4Address | IPv6Address
#: Returns a name's addresses; raises OSError where there are none.
Resolver: TypeAlias = Callable[[str, int], Sequence[Address]]

#: An answer's head and body; nothing of it is needed but its status.
MAX_ANSWER_BYTES: Final = 64 * 1024


class AddressRefused(Exception):
    """The name stands for an address that is not public."""


class NameNotFound(Exception):
    """The name stands for no address."""


def system_addresses(host: str, port: int) -> list[Address]:
    """Ask the system, as any other program would."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A scope stays in the text behind a %; such an address is never public.
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


class Bounds:
    """What one request may take, whatever the other side does."""

    def __init__(self, *, seconds: float, max_bytes: int) -> None:
        self._ends = time.monotonic() + seconds
        self._bytes_left = max_bytes

    def seconds_left(self) -> float:
        """Return what is left of the time. Raises httpcore.ReadTimeout where nothing is."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def count(self, received: bytes) -> bytes:
        """Take what came off the allowance; raises httpcore.ReadError once it is used up."""
        self._bytes_left -= len(received)
        if self._bytes_left < 0:
            raise httpcore.ReadError("too much")
        return received


class PublicNetwork(httpcore.NetworkBackend):
    """Makes the one connection of one request."""

    def __init__(self, bounds: Bounds, policy: TargetPolicy, resolve: Resolver) -> None:
        self._bounds = bounds
        self._policy = policy
        self._resolve = resolve
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of the name that answers, if all of them are public."""
        failure: Exception = NameNotFound()
        addresses = self._checked(host, port)
        for tried, address in enumerate(addresses):
            # One that swallows packets leaves the others their share of the time.
            share = self._bounds.seconds_left() / (len(addresses) - tried)
            try:
                stream = self._system.connect_tcp(str(address), port, timeout=share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return BoundedStream(stream, self._bounds)
        raise failure

    def _checked(self, host: str, port: int) -> Sequence[Address]:
        addresses = self._addresses(host, port)
        if not all(self._policy.permits(address) for address in addresses):
            raise AddressRefused
        return addresses

    def _addresses(self, host: str, port: int) -> Sequence[Address]:
        """Look the name up in a thread of its own: the system's look-up can't be told to stop."""
        found: Future[Sequence[Address]] = Future()

        def look_up() -> None:
            try:
                found.set_result(self._resolve(host, port))
            except Exception as error:  # noqa: BLE001 - raised below, in the caller's thread
                found.set_exception(error)

        threading.Thread(target=look_up, name="webhook-name", daemon=True).start()
        try:
            return found.result(self._bounds.seconds_left())
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, UnicodeError) as error:
            raise NameNotFound from error


class BoundedStream(httpcore.NetworkStream):
    """A connection whose every step has only what is left of the whole."""

    def __init__(self, stream: httpcore.NetworkStream, bounds: Bounds) -> None:
        self._stream = stream
        self._bounds = bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        return self._bounds.count(self._stream.read(max_bytes, self._bounds.seconds_left()))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, self._bounds.seconds_left())

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on encrypted, with a server that proves to be the one named."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._bounds.seconds_left())
        return BoundedStream(stream, self._bounds)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)
