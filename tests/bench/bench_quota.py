"""Sixteen workers at a quota of 60 calls a minute: what is refused, and how much of it is used.

`python -m tests.bench.bench_quota`

The whole local stack, one page a chunk, an OCR that takes a second a call. Once with the bucket
that all workers share; once without it: then a call that the service refuses puts its chunk back,
as it did before there was one; and once with the bucket while somebody else uses a third of the
quota. Each takes three minutes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from redis import Redis

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_mixed

_QUOTA: Final = 60
#: What is left where somebody else uses the quota too.
_LEFT: Final = 40
_WORKERS: Final = 16
#: Left out: processes open their connections, and an empty bucket fills.
_FIRST_SECONDS: Final = 10.0
_SECONDS: Final = 150.0
_PAGES: Final = 400
#: So many calls a minute that nobody waits for the bucket.
_WITHOUT: Final = 100_000


@dataclass(frozen=True)
class Calls:
    """What the service saw, in seconds from the first call on."""

    served: Sequence[float]
    refused: Sequence[float]
    #: What the service took in a minute.
    quota: int
    #: Of all chunks together.
    put_back: int
    redis_commands: int

    @property
    def most_in_a_minute(self) -> int:
        """The most calls that were served in any 60 seconds."""
        return max(sum(start <= each < start + 60 for each in self.served) for start in self.served)


def main() -> None:
    """Print a table: what, with the bucket, without it, target."""
    head = f"{_WORKERS} workers, a quota of {_QUOTA} calls a minute"
    print(f"{head:<50} {'bucket':>8} {'none':>8} {f'{_LEFT} left':>8}    target", flush=True)
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
        at = Path(folder)
        within = list(figures(_measure(at / "within", _QUOTA, quota=_QUOTA)))
        without = list(figures(_measure(at / "without", _WITHOUT, quota=_QUOTA)))
        less = list(figures(_measure(at / "less", _QUOTA, quota=_LEFT)))
    for (what, value, target), *others in zip(within, without, less, strict=True):
        verdict = ""
        if target is not None:
            sign, is_met = (">=", value >= target) if target else ("<=", value <= target)
            verdict = f"{sign} {target:<4g} {'met' if is_met else 'MISSED'}"
        values = " ".join(f"{each:>8.3g}" for each in (value, *(other[1] for other in others)))
        print(f"{what:<50} {values}    {verdict}".rstrip(), flush=True)


def figures(calls: Calls) -> Iterator[tuple[str, float, float | None]]:
    """Yield what was measured, and the aim where there is one."""
    served = [each for each in calls.served if each >= _FIRST_SECONDS]
    refused = [each for each in calls.refused if each >= _FIRST_SECONDS]
    seconds = _SECONDS - _FIRST_SECONDS
    yield f"calls refused after the first {_FIRST_SECONDS:.0f} s", len(refused), 0
    yield "calls refused within them", len(calls.refused) - len(refused), None
    yield "share of the quota used", len(served) / (calls.quota * seconds / 60), 0.9
    yield "most calls served in any 60 s", calls.most_in_a_minute, None
    yield "chunks put back, for one that is read", calls.put_back / len(calls.served), None
    yield "Redis commands, for one that is read", calls.redis_commands / len(calls.served), None


def _measure(folder: Path, calls_per_minute: int, *, quota: int) -> Calls:
    print(
        f"  {_SECONDS:.0f} s with {calls_per_minute} calls a minute …", file=sys.stderr, flush=True
    )
    path = folder.with_suffix(".pdf")
    write_mixed(path, pages=_PAGES, scanned_every=10_000)
    environment = {
        "CHUNK_SIZE_PAGES": "1",
        "DOCUMENT_AI__CALLS_PER_MINUTE": str(calls_per_minute),
    }
    options = StackOptions(workers=_WORKERS, extra_env=environment)
    with (
        Stack(Home(folder), options=options) as stack,
        QuireClient(stack) as quire,
        quire.document_ai(instant=True, latency_per_call_seconds=1, quota_per_minute=quota),
        Redis.from_url(stack.endpoints["redis"]) as redis,
    ):
        url = f"{stack.endpoints['control']}/document-ai/calls"
        commands = redis.info("stats")["total_commands_processed"]
        quire.submit(path, chunk_pages=1)
        wait_for(lambda: httpx.get(url).json(), "the first call")
        time.sleep(_SECONDS)
        seen = httpx.get(url).json()
        commands = redis.info("stats")["total_commands_processed"] - commands
        [row] = quire.rows("SELECT count(*) FROM job_events WHERE kind = 'chunk_put_back'")
    began = seen[0]["started_at"]
    starts = [(call["started_at"] - began, call["status"]) for call in seen]
    refused = [at for at, status in starts if status == "RESOURCE_EXHAUSTED"]
    served = [at for at, status in starts if status != "RESOURCE_EXHAUSTED"]
    return Calls(served, refused, quota, row["count"], commands)


if __name__ == "__main__":
    main()
