"""How many worker instances there should be: a rule over what is known, without a clock or memory.

More are wanted as soon as what waits would not be begun in time. Fewer are wanted only after a
while, because the platform chooses which instances end, and gives them 10 seconds: whatever they
read is read again, and paid again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

#: Nobody has finished a chunk of late: Document AI's published latency, and a default chunk.
_USUAL_SECONDS_PER_PAGE: Final = 1.0
_USUAL_PAGES_PER_CHUNK: Final = 25.0
#: What was measured counts fully only once it is much more than these chunks.
_USUAL_CHUNKS: Final = 4

#: A worker that is to end goes on for so long (`worker_soft_shutdown_timeout`).
_LAST_SECONDS: Final = 7.0
#: Seconds that the last instance idles before there is none: the next to come waits for a start.
_LAST_INSTANCE: Final = 600.0
#: Seconds; idle instances are kept no longer, whatever ending them would cost.
_LONGEST: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Load:
    """What there is to do, and how long reading takes of late.

    A stage after OCR counts as a chunk of as many pages as could be read in its time, at least 1.
    """

    #: Pages of chunks that anybody may claim, or may by the next look.
    waiting_pages: int = 0
    #: Chunks that a worker holds, and their pages.
    processing: int = 0
    processing_pages: int = 0
    #: How long the chunk that waits longest has waited.
    oldest_seconds: float = 0.0
    #: Chunks that were read of late, their pages, and the seconds that workers had them.
    read_chunks: int = 0
    read_pages: int = 0
    read_seconds: float = 0.0

    @property
    def pages_per_chunk(self) -> float:
        """Pages of a chunk of late, at least 1."""
        pages = self.read_pages + _USUAL_CHUNKS * _USUAL_PAGES_PER_CHUNK
        return max(1.0, pages / (self.read_chunks + _USUAL_CHUNKS))

    @property
    def seconds_per_page(self) -> float:
        """Seconds that one worker process takes for a page, of late."""
        pages = _USUAL_CHUNKS * _USUAL_PAGES_PER_CHUNK
        return (self.read_seconds + pages * _USUAL_SECONDS_PER_PAGE) / (self.read_pages + pages)


@dataclass(frozen=True, slots=True)
class ScalingLimits:
    """What the operator wants; times in seconds."""

    #: Instances.
    fewest: int
    most: int
    #: Chunks that one instance reads at once.
    slots: int
    #: What arrives is to be begun within this.
    target_age: float
    #: From asking for an instance until it reads.
    start: float
    #: A smaller number must have been enough for so long, even if nothing is being read.
    cool_down: float
    #: Calls a minute that the OCR service takes; a chunk is one call.
    calls_per_minute: int
    #: What reading a page again costs, in seconds of one instance.
    reread: float


@dataclass(frozen=True, slots=True)
class Look:
    """An earlier look: so many instances were enough for what was there."""

    seconds_ago: float
    enough: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What one look has found."""

    #: Instances that are enough for what is there now.
    enough: int
    #: Instances to be asked for: no fewer than `enough`.
    wanted: int


def decide(
    load: Load, current: int | None, looks: Sequence[Look], limits: ScalingLimits
) -> Decision:
    """Return how many instances are enough, and how many to ask for.

    `current` is the number that was asked for last, None where nobody knows; `looks` are earlier
    looks in any order. Up at once; down to the most that any look of a while has found enough,
    and not at all while the looks do not reach that far back.
    """
    enough = _enough(load, limits)
    if current is None or enough >= current:
        return Decision(enough, enough)
    patience = _patience(load, current, limits)
    lower = _most_of(looks, patience, enough, current)
    if lower == 0:
        lower = min(1, _most_of(looks, max(patience, _LAST_INSTANCE), enough, current))
    return Decision(enough, max(limits.fewest, min(lower, current, limits.most)))


def _most_of(looks: Sequence[Look], seconds: float, now: int, current: int) -> int:
    """Return the most that were enough within the last seconds, `current` where nobody knows."""
    before = [look for look in looks if look.seconds_ago >= seconds]
    if not before:
        return current
    # What was enough then was so until the next look. Of two looks at once the higher counts.
    first = min(before, key=lambda look: (look.seconds_ago, -look.enough))
    recent = (look.enough for look in looks if look.seconds_ago < seconds)
    return max(now, first.enough, *recent)


def _enough(load: Load, limits: ScalingLimits) -> int:
    """Return the fewest instances that begin in time what waits."""
    # What is being read is half done, on average.
    pages = load.waiting_pages + load.processing_pages / 2
    # A backlog that is too old already, or nearly, is not chased with all there is.
    left = max(limits.target_age - load.oldest_seconds - limits.start, limits.target_age / 4)
    demand = ceil(pages * load.seconds_per_page / (limits.slots * left))
    # More instances than the service's quota feeds would only be told to come later.
    seconds_per_call = load.seconds_per_page * load.pages_per_chunk
    fed = ceil(limits.calls_per_minute / 60 * seconds_per_call / limits.slots)
    # Ending what reads has its own price, so the quota does not count here.
    busy = ceil(load.processing / limits.slots)
    return max(limits.fewest, min(limits.most, max(busy, min(demand, fed))))


def _patience(load: Load, current: int, limits: ScalingLimits) -> float:
    """Return for how many seconds fewer instances must have been enough.

    An instance that ends takes its share of the chunks in work with it, but for those that are
    done within its last seconds. It stays for as long as staying costs no more than reading the
    others again: who waits so long never pays more than twice what the best choice would have
    cost.
    """
    pages = load.processing_pages / current if current else 0.0
    lost = max(0.0, 1 - _LAST_SECONDS / (load.seconds_per_page * load.pages_per_chunk))
    return max(limits.cool_down, min(limits.cool_down + pages * lost * limits.reread, _LONGEST))
