"""A document's content is in memory until it has been read, and no longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from tests.contract.small_fixtures import Desk
from tests.e2e.quire_client import wait_for
from tests.world import World


@dataclass
class Memory:
    """Contents that somebody has."""

    alive: int = 0
    lock: Lock = field(default_factory=Lock)

    def change(self, by: int) -> None:
        with self.lock:
            self.alive += by


class Content(bytes):
    """Bytes that are counted as long as they live."""

    memory: Memory

    def __del__(self) -> None:
        self.memory.change(-1)


class Bucket(dict[str, Any]):
    """Gives out a content of its own each time."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory

    def get(self, name: str, default: Any = None) -> Any:
        content = Content(default)
        content.memory = self._memory
        self._memory.change(1)
        return content


def test_contents_are_let_go_one_by_one(world: World) -> None:
    memory = Memory()
    desk = Desk(world, contents=Bucket(memory))
    _, jobs = world.add_batch(4)
    expected = iter([4, 3, 2, 1])

    def look() -> None:
        left = next(expected)
        wait_for(lambda: memory.alive == left, f"{left} contents in memory", 5)

    for job_id in jobs:
        desk.while_reading[world.source_of(job_id).name.encode()] = look
    desk.run(jobs)
    assert desk.statuses(jobs) == ["completed"] * 4
    assert list(expected) == []
    assert memory.alive == 0
