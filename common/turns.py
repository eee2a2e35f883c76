"""Whose turn it is: how many of what waits go to the broker now, and of whom.

The rule, in the order in which it decides:

1. Of each priority at most a window's worth is in the broker; what else waits, waits in Postgres,
   where pausing, cancelling and changing a priority reach it at once. Each priority has a window
   of its own, so one that is full never keeps a higher one out.
2. Within a priority owners are served evenly: the next place goes to whoever has least in the
   broker and under work. An owner who has nothing there gets a place even beside a full window,
   ahead of the others of its priority. For each that goes ahead so, what has lain in the broker
   longest goes ahead as well, once more: so however many come with one document after another,
   nobody's message lies there for ever.
3. Within an owner lanes are served evenly: each batch is one, all single documents are another.
4. Redis gives out high before normal before low, strictly. But of sixteen messages of a priority
   one helps what has waited longest below it, where anything is pending there: that is sent once
   more, with the priority it was kept waiting by. So whatever is pending moves on, however much of
   a higher priority arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import groupby
from typing import Final
from uuid import UUID

from common.models import Priority

#: Of so many messages one helps a lower priority ahead.
ONE_IN: Final = 16

#: The lane of an owner's single documents.
SINGLE: Final = UUID(int=0)

_ORDER: Final = tuple(Priority)


@dataclass(frozen=True, slots=True)
class Lane:
    """What shares its turns: one owner's batch, or all its single documents.

    Amounts are in parts of a message: a chunk fills one, of small documents several share one.
    """

    priority: Priority
    owner: str
    id: UUID = SINGLE
    #: What could be sent now; counted only so far as a turn could ask for.
    waiting_chunks: int = 0
    waiting_documents: int = 0
    #: In the broker.
    queued: int = 0
    #: A worker or a split holds it.
    processing: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """How much of a lane goes to the broker, in parts of a message."""

    lane: Lane
    chunks: int
    documents: int
    #: Whether its owner had nothing there: then its first message goes ahead of its priority's.
    is_first: bool


@dataclass(frozen=True, slots=True)
class Round:
    """One giving out of turns."""

    turns: tuple[Turn, ...]
    #: Messages that help lower priorities ahead, by the priority that gives up their places.
    promotions: tuple[tuple[Priority, int], ...]
    #: Messages of a priority that have waited longest in the broker and go ahead of it, each.
    renewals: tuple[tuple[Priority, int], ...]
    #: Messages of each priority since it last helped one ahead.
    sent: Mapping[Priority, int]
    #: Messages of each priority that the broker may hold.
    window: int


def give(
    lanes: Iterable[Lane], *, window: int, parts: int, sent: Mapping[Priority, int] | None = None
) -> Round:
    """Return who may send how much. A message has `parts` parts, and `window` counts messages.

    `sent` is what the round before this one returned.
    """
    known = sorted(lanes, key=lambda lane: (_ORDER.index(lane.priority), lane.owner, lane.id))
    under_work = -(-sum(lane.processing for lane in known) // parts)
    window = max(window, under_work)
    turns: list[Turn] = []
    promotions: list[tuple[Priority, int]] = []
    renewals: list[tuple[Priority, int]] = []
    counted = dict(sent or {})
    for priority, group in groupby(known, key=lambda lane: lane.priority):
        of_class = list(group)
        given = _give_class(of_class, room=window * parts, parts=parts)
        turns += given
        firsts = sum(turn.is_first for turn in given)
        if firsts and any(lane.queued for lane in of_class):
            renewals.append((priority, firsts))
        messages = -(-sum(turn.chunks + turn.documents for turn in given) // parts)
        counted[priority] = counted.get(priority, 0) + messages
        below = _ORDER.index(priority)
        if any(_ORDER.index(lane.priority) > below and _pending(lane) for lane in known):
            if helped := counted[priority] // ONE_IN:
                promotions.append((priority, helped))
            counted[priority] %= ONE_IN
        counted[priority] = min(counted[priority], ONE_IN - 1)
    return Round(tuple(turns), tuple(promotions), tuple(renewals), counted, window)


def _pending(lane: Lane) -> int:
    return lane.waiting_chunks + lane.waiting_documents + lane.queued


def _give_class(lanes: Sequence[Lane], *, room: int, parts: int) -> list[Turn]:
    queued = sum(lane.queued for lane in lanes)
    # Refilled by halves: one round for many messages.
    left = room - queued if queued * 2 <= room else 0
    busy: dict[str, int] = {}
    for lane in lanes:
        busy[lane.owner] = busy.get(lane.owner, 0) + lane.queued + lane.processing
    idle = {owner for owner, amount in busy.items() if not amount}
    taken = {lane: [0, 0] for lane in lanes}
    # The owner with least, and of its lanes the one with least.
    heap = [
        (busy[lane.owner], lane.queued + lane.processing, number)
        for number, lane in enumerate(lanes)
        if lane.waiting_chunks or lane.waiting_documents
    ]
    heapify(heap)
    served: set[str] = set()
    while heap:
        of_owner, of_lane, number = heappop(heap)
        lane = lanes[number]
        if of_owner < busy[lane.owner]:  # another lane of the owner has had a turn since
            heappush(heap, (busy[lane.owner], of_lane, number))
            continue
        chunks, documents = taken[lane]
        if chunks < lane.waiting_chunks:
            share = (parts, 0)
        else:
            share = (0, min(parts, lane.waiting_documents - documents))
        size = sum(share)
        is_first = lane.owner in idle and lane.owner not in served
        if left < size and not is_first:
            break
        left -= size
        served.add(lane.owner)
        taken[lane] = [chunks + share[0], documents + share[1]]
        busy[lane.owner] += size
        if sum(taken[lane]) < lane.waiting_chunks + lane.waiting_documents:
            heappush(heap, (busy[lane.owner], of_lane + size, number))
    firsts: set[str] = set()
    turns = []
    for lane, (chunks, documents) in taken.items():
        if chunks or documents:
            is_first = lane.owner in idle and lane.owner not in firsts
            firsts.add(lane.owner)
            turns.append(Turn(lane, chunks, documents, is_first))
    return turns
