"""The database's totals and its present state, as Prometheus' own library writes them.

No counters of this process: functions are many and short-lived, and the sum of what the living
ones have seen is nothing that grows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from infra.database.metric_totals import Sample, UnfinishedChunks, UnfinishedJobs

#: Name of the total, its label, and what it is.
_COUNTERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "jobs": ("quire_jobs_total", "event", "Jobs that were created, and that ended, by how."),
    "chunks": ("quire_chunks_total", "outcome", "Attempts at chunks that ended, by how."),
    "pages": ("quire_pages_total", "outcome", "Pages that are done."),
    "retries": ("quire_chunk_retries_total", "code", "Chunks put back to be read again."),
    "failures": ("quire_chunk_failures_total", "code", "Chunks that failed for good."),
}
_SUMMARIES: Final[Mapping[str, tuple[str, str]]] = {
    "chunk_seconds": ("quire_chunk_seconds", "Seconds of attempts that read a chunk."),
    "queue_seconds": ("quire_queue_seconds", "From a chunk's message to its worker."),
    "merge_seconds": ("quire_merge_seconds", "From a merge's beginning to its job's end."),
}


class Totals(Protocol):
    """What is asked of the database."""

    def totals(self) -> list[Sample]:
        """Return all totals."""

    def unfinished_jobs(self) -> list[UnfinishedJobs]:
        """Return what has not ended."""

    def unfinished_chunks(self) -> list[UnfinishedChunks]:
        """Return what waits and what is read."""


def exposition(totals: Totals, accept: str) -> tuple[bytes, str]:
    """Return the metrics and their content type, in the format that the scraper prefers."""
    # Not the library's own registry, which would add this process's memory and threads.
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_FromDatabase(totals))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _FromDatabase(Collector):
    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, also those that nothing has happened to."""
        known: dict[str, dict[str, float]] = defaultdict(dict)
        for sample in self._totals.totals():
            known[sample.name][sample.label] = sample.value
        for name, (metric, label, told) in _COUNTERS.items():
            counter = CounterMetricFamily(metric, told, labels=[label])
            for value, amount in known[name].items():
                counter.add_metric([value], amount)
            yield counter
        hits = known["chunks"].get("cached", 0.0)
        yield CounterMetricFamily("quire_cache_hits_total", "Chunks found in the cache.", hits)
        for name, (metric, told) in _SUMMARIES.items():
            count, seconds = known[name].get("count", 0), known[name].get("sum", 0.0)
            yield SummaryMetricFamily(metric, told, int(count), seconds)
        yield from self._present()

    def _present(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily(
            "quire_unfinished_jobs", "Jobs that have not ended.", labels=["status"]
        )
        stranded = 0
        for each in self._totals.unfinished_jobs():
            jobs.add_metric([each.status], each.jobs)
            stranded += each.stranded
        yield jobs
        yield GaugeMetricFamily(
            "quire_jobs_stranded", "Jobs at work without progress for ten minutes.", stranded
        )
        chunks = GaugeMetricFamily(
            "quire_unfinished_chunks", "Chunks that have not ended.", labels=["priority", "state"]
        )
        pages = GaugeMetricFamily(
            "quire_queue_pages", "Pages that wait for a worker.", labels=["priority"]
        )
        oldest = GaugeMetricFamily(
            "quire_queue_oldest_seconds",
            "Since the message of the chunk that has waited longest was sent.",
            labels=["priority"],
        )
        for found in self._totals.unfinished_chunks():
            priority = found.priority.value
            for state in ("waiting", "due_later", "processing", "expired"):
                chunks.add_metric([priority, state], getattr(found, state))
            pages.add_metric([priority], found.waiting_pages)
            oldest.add_metric([priority], found.oldest_seconds)
        yield from (chunks, pages, oldest)
