"""A day of documents that arrive, of workers that read them, and of the rule that scales them.

Every instance, every chunk and every look is played; only the seconds are made up. Documents
arrive at random, more by day than by night, and now and then a thousand at once.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from common.scaling import Decision, Load, Look, ScalingLimits, decide

DAY: Final = 86_400.0
MINUTE: Final = 60.0
CHUNK_PAGES: Final = 25
#: What the platform leaves a worker that is to end, of its 10 seconds.
LAST_SECONDS: Final = 7.0
#: A chunk whose worker ended is claimed again after its lease.
LEASE: Final = 30.0
#: Until a document is cut.
CUTTING: Final = 2.0

LIMITS: Final = ScalingLimits(
    fewest=1,
    most=40,
    slots=4,
    target_age=180,
    start=30,
    cool_down=60,
    calls_per_minute=600,
    reread=35,
)

#: What decides: the load, the number there is, the looks before, and the limits.
Rule = Callable[[Load, int | None, Sequence[Look], ScalingLimits], Decision]


@dataclass(frozen=True, slots=True)
class Chunk:
    """When it can be claimed, and how long reading it takes one worker process."""

    at: float
    pages: int
    seconds: float


@dataclass
class Outcome:
    """What became of the day. Times in seconds."""

    waits: list[float] = field(default_factory=list)
    #: The longest wait of what waits, at every look.
    ages: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    instance_seconds: float = 0.0
    pages: int = 0
    pages_again: int = 0

    @property
    def turns(self) -> list[int]:
        """Minutes in which the number went the other way than the time before."""
        found, last = [], 0
        for minute, (before, after) in enumerate(
            zip(self.numbers, self.numbers[1:], strict=False), 1
        ):
            step = (after > before) - (after < before)
            if step:
                if last and step != last:
                    found.append(minute)
                last = step
        return found

    @property
    def turns_in_an_hour(self) -> int:
        """The most turns in any 60 minutes."""
        turns = self.turns
        return max((sum(turn <= other < turn + 60 for other in turns) for turn in turns), default=0)


def share(values: Sequence[float], part: float) -> float:
    """Return what this part of all values is at most."""
    return sorted(values)[math.ceil(part * len(values)) - 1]


def arrivals(seed: int, *, bursts: int = 6, documents_a_minute: float = 4.0) -> list[Chunk]:
    """Return a day's chunks in the order of their arrival."""
    dice = random.Random(seed)
    moments: list[float] = []
    at = 0.0
    while (at := at + dice.expovariate(2 * documents_a_minute / MINUTE)) < DAY:
        # Thinned to a day that is busiest at noon and nearly still at midnight.
        if dice.random() < 0.5 - 0.45 * math.cos(2 * math.pi * at / DAY):
            moments.append(at)
    for _ in range(bursts):
        begun = dice.uniform(0, DAY - 3600)
        # A batch is uploaded within two minutes.
        moments += [begun + dice.uniform(0, 120) for _ in range(1000)]
    chunks = []
    for at in moments:
        left = max(1, min(2000, round(dice.lognormvariate(math.log(10), 1.1))))
        while left > 0:
            pages = min(CHUNK_PAGES, left)
            left -= pages
            seconds = 1.5 + pages * dice.lognormvariate(math.log(0.75), 0.35)
            chunks.append(Chunk(at + CUTTING, pages, seconds))
    return sorted(chunks, key=lambda chunk: chunk.at)


def play(
    chunks: Sequence[Chunk], limits: ScalingLimits = LIMITS, *, rule: Rule = decide, seed: int = 0
) -> Outcome:
    """Let the day pass, with a look every minute."""
    return _Day(chunks, limits, rule, random.Random(seed)).play()


def cheapest(chunks: Sequence[Chunk], limits: ScalingLimits) -> float:
    """Return instance-seconds below which nobody who knows the future begins all in time.

    The fewest instances are paid in any case. What they can't read by its deadline, read in the
    order of arrival, needs others; those start at once and are never idle. Work is cut into
    seconds and packed without a gap.
    """
    base = limits.fewest * limits.slots
    queue: deque[list[float]] = deque()
    beyond, now, position = 0.0, 0.0, 0
    while now < DAY or queue or position < len(chunks):
        while position < len(chunks) and chunks[position].at <= now:
            chunk = chunks[position]
            queue.append([chunk.at + limits.target_age + chunk.seconds, chunk.seconds])
            position += 1
        while queue and queue[0][0] < now:
            beyond += queue.popleft()[1]
        hands = float(base)
        while queue and hands > 0:
            done = min(hands, queue[0][1])
            queue[0][1] -= done
            hands -= done
            if queue[0][1] <= 0:
                queue.popleft()
        now += 1.0
    return limits.fewest * max(DAY, now) + beyond / limits.slots


@dataclass
class _Instance:
    ready_at: float
    busy: dict[int, tuple[Chunk, float, float]] = field(default_factory=dict)


class _Day:
    """The state of the play. Events are (when, order, what)."""

    def __init__(
        self, chunks: Sequence[Chunk], limits: ScalingLimits, rule: Rule, dice: random.Random
    ) -> None:
        self._limits, self._rule, self._dice = limits, rule, dice
        self._order = count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._waiting: deque[tuple[float, Chunk]] = deque()
        self._instances = [_Instance(0.0) for _ in range(limits.fewest)]
        self._looks: deque[tuple[float, int]] = deque(maxlen=60)
        self._finished: deque[tuple[float, Chunk]] = deque(maxlen=500)
        self._left = len(chunks)
        # The service's quota: a bucket of a few seconds' calls.
        self._calls, self._filled_at, self._refills = 10.0, 0.0, False
        self._keys = count()
        self.outcome = Outcome(pages=sum(chunk.pages for chunk in chunks))
        for chunk in chunks:
            self._at(chunk.at, self._arrival(chunk, chunk.at))
        self._at(0.0, self._look)

    def play(self) -> Outcome:
        before = 0.0
        while self._events:
            now, _, happen = heapq.heappop(self._events)
            self.outcome.instance_seconds += len(self._instances) * (now - before)
            before = now
            happen(now)
            self._begin(now)
        return self.outcome

    def _at(self, when: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), happen))

    def _arrival(self, chunk: Chunk, since: float) -> Callable[[float], None]:
        return lambda _now: self._waiting.append((since, chunk))

    def _begin(self, now: float) -> None:
        if not self._waiting:
            return
        for instance in self._instances:
            while (
                self._waiting
                and instance.ready_at <= now
                and len(instance.busy) < self._limits.slots
            ):
                if not self._may_call(now):
                    return
                since, chunk = self._waiting.popleft()
                self.outcome.waits.append(now - since)
                key, end = next(self._keys), now + chunk.seconds
                instance.busy[key] = (chunk, now, end)
                self._at(end, self._end(instance, key))

    def _may_call(self, now: float) -> bool:
        rate = self._limits.calls_per_minute / MINUTE
        self._calls = min(rate, self._calls + (now - self._filled_at) * rate)
        self._filled_at = now
        if self._calls >= 1:
            self._calls -= 1
            return True
        if not self._refills:
            self._refills = True
            self._at(now + (1 - self._calls) / rate + 1e-6, self._refilled)
        return False

    def _refilled(self, _now: float) -> None:
        self._refills = False

    def _end(self, instance: _Instance, key: int) -> Callable[[float], None]:
        def end(now: float) -> None:
            if key in instance.busy:
                chunk, _, _ = instance.busy.pop(key)
                self._finished.append((now, chunk))
                self._left -= 1

        return end

    def _look(self, now: float) -> None:
        load = self._load(now)
        looks = [Look(now - at, enough) for at, enough in self._looks]
        current = len(self._instances)
        decision = self._rule(load, current, looks, self._limits)
        wanted = decision.wanted
        self._looks.append((now, decision.enough))
        self.outcome.ages.append(load.oldest_seconds)
        self.outcome.numbers.append(wanted)
        for _ in range(wanted - current):
            self._instances.append(_Instance(now + self._limits.start))
            self._at(now + self._limits.start, lambda _now: None)
        for _ in range(current - wanted):
            self._remove(self._dice.randrange(len(self._instances)), now)
        if now + MINUTE < DAY or self._left:
            self._at(now + MINUTE, self._look)

    def _remove(self, index: int, now: float) -> None:
        instance = self._instances.pop(index)
        for key, (chunk, _, end) in list(instance.busy.items()):
            if end > now + LAST_SECONDS:
                del instance.busy[key]
                self.outcome.pages_again += chunk.pages
                self._at(now + LEASE, self._arrival(chunk, now + LEASE))

    def _load(self, now: float) -> Load:
        busy = [chunk for chunk, _, _ in self._busy()]
        recent = [chunk for at, chunk in self._finished if at > now - 1800]
        return Load(
            waiting_pages=sum(chunk.pages for _, chunk in self._waiting),
            processing=len(busy),
            processing_pages=sum(chunk.pages for chunk in busy),
            oldest_seconds=max((now - since for since, _ in self._waiting), default=0.0),
            read_chunks=len(recent),
            read_pages=sum(chunk.pages for chunk in recent),
            read_seconds=sum(chunk.seconds for chunk in recent),
        )

    def _busy(self) -> Iterator[tuple[Chunk, float, float]]:
        for instance in self._instances:
            yield from instance.busy.values()
