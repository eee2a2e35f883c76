"""Ids that every process makes alike from a job's id, and the part of the jobs that is kept."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext, TraceFlags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace.sampling import Sampler

#: The ids that the next span of this context is to have: its trace's and its own.
_NEXT: Final[ContextVar[tuple[int, int] | None]] = ContextVar("quire_next_span", default=None)


def root_span_id(job_id: UUID) -> int:
    """Return the id of the span that is the whole job: all others hang on it, from the start."""
    return int.from_bytes(blake2b(job_id.bytes, digest_size=8, person=b"quire-job").digest()) or 1


class JobIds(IdGenerator):
    """Random ids, but for the one span whose ids are the job's."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    def generate_trace_id(self) -> int:
        """Return the next span's trace."""
        given = _NEXT.get()
        return given[0] if given else self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        """Return the next span's own id."""
        given = _NEXT.get()
        return given[1] if given else self._random.generate_span_id()


@contextmanager
def as_root(job_id: UUID) -> Iterator[None]:
    """Have the span that is started inside be the whole job."""
    token = _NEXT.set((job_id.int, root_span_id(job_id)))
    try:
        yield
    finally:
        _NEXT.reset(token)


class JobSampling:
    """Which jobs are kept: every process decides alike, by the job's id."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def keeps(self, job_id: UUID) -> bool:
        """Whether the job's trace is kept.

        The SDK's ratio looks at the lower 64 bits of a trace's id. In a random UUID those begin
        with the two bits of its variant, so that a ratio up to one half would keep none, and one
        from three quarters on all: what it is asked about is a hash.
        """
        spread = int.from_bytes(
            blake2b(job_id.bytes, digest_size=16, person=b"quire-keep").digest()
        )
        asked = self._sampler.should_sample(Context(), spread, "job")
        return asked.decision is Decision.RECORD_AND_SAMPLE

    def root(self, job_id: UUID) -> SpanContext:
        """Return what the job's spans have as their parent, wherever they are made."""
        flags = TraceFlags.SAMPLED if self.keeps(job_id) else TraceFlags.DEFAULT
        return SpanContext(
            job_id.int, root_span_id(job_id), is_remote=True, trace_flags=TraceFlags(flags)
        )
