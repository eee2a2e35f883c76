"""Readers of event streams that cost next to nothing, and the cheapest server for them.

    python -m tests.bench.event_readers read HOST PORT PATH TOKEN COUNT
    python -m tests.bench.event_readers serve PORT COUNT < schedule.json

`read` says "ready" when every reader has its answer's head, and at the end one JSON object: what
each event took, in seconds from its own `at` to each reader, and how many readers missed one.
`serve` writes messages of given sizes at given times to all its readers, without anything else.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from datetime import UTC, datetime
from functools import cache
from typing import Final

_MESSAGE: Final = re.compile(rb'id: (\d+)\nevent: \w+\ndata: \{"kind": "\w+", "at": "([^"]+)"')
_END: Final = b"event: end\n"
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


class Reader(asyncio.Protocol):
    """One reader. What it gets is looked through for ids and times, and thrown away."""

    def __init__(self, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._request = request
        self._rest = b""
        self.begun: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.got: list[tuple[int, bytes, float]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note what has come, and when."""
        now = time.time()
        if not self.begun.done():
            self.begun.set_result(None)
        content = self._rest + data
        whole = content.rfind(b"\n\n")
        for match in _MESSAGE.finditer(content, 0, max(whole, 0)):
            self.got.append((int(match[1]), match[2], now))
        if _END in content and not self.ended.done():
            self.ended.set_result(None)
        self._rest = content[whole + 2 :] if whole >= 0 else content

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that nothing more comes."""
        if not self.ended.done():
            self.ended.set_result(None)


async def read(host: str, port: int, path: str, token: str, count: int) -> None:
    """Read with so many readers until the job has ended."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    readers: list[Reader] = []
    for _ in range(count):
        _, reader = await loop.create_connection(lambda: Reader(request), host, port)
        readers.append(reader)
    await asyncio.gather(*(reader.begun for reader in readers))
    print("ready", flush=True)
    await asyncio.gather(*(reader.ended for reader in readers))
    last = max(number for reader in readers for number, _, _ in reader.got)
    everything = list(range(1, last + 1))
    seconds = [
        arrived - _seconds_of(at)
        for reader in readers
        for number, at, arrived in reader.got
        # The first was there before the readers were.
        if number > 1
    ]
    astray = sum([number for number, _, _ in reader.got] != everything for reader in readers)
    print(json.dumps({"seconds": seconds, "events": last, "astray": astray}))


@cache
def _seconds_of(at: bytes) -> float:
    return datetime.fromisoformat(at.decode()).timestamp()


class Subscriber(asyncio.Protocol):
    """One reader's connection, as the cheapest server holds it."""

    def __init__(self, everybody: list[asyncio.Transport], expected: int, all_in: asyncio.Event):
        self._everybody = everybody
        self._expected = expected
        self._all_in = all_in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer at once: the request is the same every time."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(_HEAD)
        self._everybody.append(transport)
        if len(self._everybody) == self._expected:
            self._all_in.set()


async def serve(port: int, count: int, schedule: list[tuple[float, int]]) -> None:
    """Write messages (seconds from the first, bytes) to so many readers, then end."""
    everybody: list[asyncio.Transport] = []
    all_in = asyncio.Event()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Subscriber(everybody, count, all_in), "127.0.0.1", port
    )
    print("ready", flush=True)
    async with server:
        await all_in.wait()
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        for number, (due, size) in enumerate(schedule, 1):
            await asyncio.sleep(begun + due - time.monotonic())
            at = datetime.now(UTC).isoformat()
            head = f'id: {number}\nevent: x\ndata: {{"kind": "x", "at": "{at}", "job": "'
            message = (head + "x" * max(size - len(head) - 4, 0) + '"}\n\n').encode()
            for transport in everybody:
                transport.write(message)
        for transport in everybody:
            transport.close()
        # Closing writes out first what is left.
        while any(transport.get_write_buffer_size() for transport in everybody):
            await asyncio.sleep(0.05)


def main() -> None:
    """Be what the first argument says."""
    match sys.argv[1:]:
        case ["read", host, port, path, token, count]:
            asyncio.run(read(host, int(port), path, token, int(count)))
        case ["serve", port, count]:
            asyncio.run(serve(int(port), int(count), json.load(sys.stdin)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
