"""The gate before an emulator's calls: it lets through as many as it is opened for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.local.emulators.gate import Gate


class Crowd:
    """Those before a gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.tasks: list[asyncio.Task[None]] = []

    def come(self, count: int) -> None:
        self.tasks += [asyncio.create_task(self._gate.pass_through()) for _ in range(count)]

    async def through(self) -> int:
        """Return how many are through once nobody moves any more."""
        for _ in range(20):
            await asyncio.sleep(0)
        return sum(task.done() for task in self.tasks)


@asynccontextmanager
async def crowd(gate: Gate) -> AsyncIterator[Crowd]:
    before = Crowd(gate)
    yield before
    for task in before.tasks:
        task.cancel()
    await asyncio.gather(*before.tasks, return_exceptions=True)


def test_it_is_open_for_all_at_first() -> None:
    async def story() -> None:
        async with crowd(Gate()) as before:
            before.come(100)
            assert await before.through() == 100

    asyncio.run(story())


def test_it_counts_those_that_wait_and_those_that_come_later() -> None:
    async def story() -> None:
        gate = Gate()
        gate.open(0)
        async with crowd(gate) as before:
            before.come(3)
            assert await before.through() == 0
            gate.open(2)
            assert await before.through() == 2
            gate.open(3)
            assert await before.through() == 3
            before.come(4)
            assert await before.through() == 5
            gate.open(None)
            assert await before.through() == 7

    asyncio.run(story())


def test_who_gives_up_waiting_takes_nobodys_place() -> None:
    async def story() -> None:
        gate = Gate()
        gate.open(0)
        async with crowd(gate) as before:
            before.come(3)
            await before.through()
            before.tasks.pop(0).cancel()
            gate.open(1)
            assert await before.through() == 1

    asyncio.run(story())
