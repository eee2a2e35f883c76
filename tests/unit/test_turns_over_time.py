"""Turns over thousands of chunks: a strict broker, its workers, and owners who never stop."""

from __future__ import annotations

from collections import Counter, deque

import pytest

from common.models import Priority
from common.turns import Lane, give

WINDOW = 16


class Deployment:
    """Owners with endless backlogs, and workers of whom one ends a chunk at each step."""

    def __init__(self, owners: dict[str, Priority], workers: int) -> None:
        self.owners = owners
        self.workers = workers
        #: Redis's lists: by priority, those that go ahead first.
        self.lists: dict[tuple[Priority, bool], deque[tuple[str, int]]] = {
            (priority, ahead): deque() for priority in Priority for ahead in (True, False)
        }
        #: Messages that were sent and not taken yet, the longest ago first.
        self.queued: dict[tuple[str, int], None] = {}
        self.reading: deque[str] = deque()
        self.sent: dict[Priority, int] = {}
        self.read: Counter[str] = Counter()
        self._number = 0

    def step(self) -> None:
        """Have one chunk read, and the next taken."""
        if len(self.reading) >= self.workers:
            self.read[self.reading.popleft()] += 1
        self._give()
        for waiting in self.lists.values():
            # A message that was sent twice is dropped the second time.
            while waiting and waiting[0] not in self.queued:
                waiting.popleft()
            if waiting:
                message = waiting.popleft()
                del self.queued[message]
                self.reading.append(message[0])
                break

    def _give(self) -> None:
        queued, reading = Counter(owner for owner, _ in self.queued), Counter(self.reading)
        lanes = [
            Lane(
                priority,
                owner,
                waiting_chunks=100,
                queued=queued[owner],
                processing=reading[owner],
            )
            for owner, priority in self.owners.items()
        ]
        round_ = give(lanes, window=WINDOW, parts=1, sent=self.sent)
        self.sent = dict(round_.sent)
        for priority, places in round_.promotions:
            order = list(Priority)
            below = [
                m for m in self.queued if order.index(self.owners[m[0]]) > order.index(priority)
            ]
            for message in below[:places]:
                self._send(message, priority, ahead=True)
        for priority, places in round_.renewals:
            own = [m for m in self.queued if self.owners[m[0]] is priority]
            for message in own[:places]:
                self._send(message, priority, ahead=True)
        for turn in round_.turns:
            for place in range(turn.chunks):
                self._number += 1
                message = (turn.lane.owner, self._number)
                self._send(message, turn.lane.priority, ahead=turn.is_first and not place)

    def _send(self, message: tuple[str, int], priority: Priority, *, ahead: bool) -> None:
        self.queued.pop(message, None)
        self.queued[message] = None
        self.lists[priority, ahead].append(message)


@pytest.mark.parametrize("others", [1, 4, 8, 30])
def test_nobody_is_kept_from_reading_by_others_of_the_same_priority(others: int) -> None:
    owners = {"alice": Priority.NORMAL} | {f"bob{n}": Priority.NORMAL for n in range(others)}
    deployment = Deployment(owners, workers=8)
    for _ in range(4000):
        deployment.step()
    fair = 4000 / len(owners)
    assert min(deployment.read[owner] for owner in owners) > fair / 4


@pytest.mark.parametrize("others", [1, 40])
def test_a_sixteenth_is_left_to_what_is_lower_however_many_are_above(others: int) -> None:
    owners = {f"bob{n}": Priority.NORMAL for n in range(others)} | {"carol": Priority.LOW}
    deployment = Deployment(owners, workers=8)
    for _ in range(4000):
        deployment.step()
    assert 4000 / 32 < deployment.read["carol"] < 4000 / 8
