"""Makes OpenTelemetry's spans and measures of what work says about itself."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    format_span_id,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)

from common.errors import QuireError, TransientError
from common.telemetry import NOTHING, EndedJob, Hop, Laps, Measure, Span, TraceIds, Value
from infra.telemetry.identity import JobSampling, as_root

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

    from infra.telemetry.flushing import Flushing
    from infra.telemetry.instruments import Add

log = logging.getLogger(__name__)

#: Jobs that ended and were not looked up yet; a process that is stopped between loses no more.
_MOST_ENDED: Final = 10_000

_KINDS: Final[Mapping[Hop, SpanKind]] = {
    Hop.SUBMIT: SpanKind.SERVER,
    Hop.INGEST: SpanKind.CONSUMER,
    Hop.CHUNK: SpanKind.CONSUMER,
    Hop.MERGE: SpanKind.CONSUMER,
    Hop.WEBHOOK: SpanKind.CONSUMER,
    Hop.INGEST_DISPATCH: SpanKind.PRODUCER,
    Hop.MERGE_DISPATCH: SpanKind.PRODUCER,
    Hop.CHUNK_OCR: SpanKind.CLIENT,
    Hop.WEBHOOK_POST: SpanKind.CLIENT,
}
_WAITS: Final = frozenset({Hop.INGEST_WAIT, Hop.CHUNK_WAIT, Hop.MERGE_WAIT, Hop.WEBHOOK_WAIT})

#: Raises TransientError where nobody answers now.
LookUp = Callable[[Sequence[UUID]], Sequence[EndedJob]]


class OpenTelemetryRecorder:
    """One process's spans and measures. Either of them may be wanted alone."""

    def __init__(
        self,
        *,
        tracer: Tracer | None,
        sampling: JobSampling,
        measures: Mapping[Measure, Add],
        flushing: Flushing,
        look_up: LookUp,
    ) -> None:
        self._tracer = tracer
        self._sampling = sampling
        self._measures = measures
        self._flushing = flushing
        self._look_up = look_up
        self._ended: deque[UUID] = deque(maxlen=_MOST_ENDED)

    def span(self, hop: Hop, attributes: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """Have a part of the stretch that goes on; outside of any there is none."""
        if not get_current_span().get_span_context().is_valid:
            return NOTHING
        return _Stretch(self, hop, None, attributes)

    def job_span(
        self, hop: Hop, job_id: UUID, laps: Laps | None, attributes: Mapping[str, Value]
    ) -> AbstractContextManager[Span]:
        """Have a stretch of a job's way."""
        return _Stretch(self, hop, job_id, attributes, laps)

    def past(
        self, hop: Hop, job_id: UUID, began: int, ended: int, attributes: Mapping[str, Value]
    ) -> None:
        """Note a stretch that is over."""
        span = self.begun(hop, self.parent_of(job_id), began, attributes)
        span.end(ended)
        self.took(hop, ended - began)

    def submitted(
        self, job_id: UUID, began: int, caller: SpanContext | None, attributes: Mapping[str, Value]
    ) -> None:
        """Note the request that made the job, with a link to the caller's own trace."""
        links = [Link(caller)] if caller is not None else None
        ended = time.time_ns()
        span = self.begun(Hop.SUBMIT, self.parent_of(job_id), began, attributes, links)
        span.end(ended)
        self.took(Hop.SUBMIT, ended - began)

    def job_ended(self, job_id: UUID) -> None:
        """Remember that the job's way is to be told."""
        if self._measures or self._sampling.keeps(job_id):
            self._ended.append(job_id)

    def add(self, measure: Measure, amount: float, labels: Mapping[str, Value]) -> None:
        """Count, or measure."""
        if self._measures:
            self._measures[measure](amount, labels)

    def ids(self) -> TraceIds | None:
        """Return where the work at hand is."""
        context = get_current_span().get_span_context()
        if self._tracer is None or not context.is_valid:
            return None
        return TraceIds(
            format_trace_id(context.trace_id),
            format_span_id(context.span_id),
            context.trace_flags.sampled,
        )

    def flush(self) -> None:
        """Tell the ways of the jobs that ended, and send all."""
        self._tell_ended()
        self._flushing.flush()

    def close(self) -> None:
        """Send all that is left: the process ends."""
        self._tell_ended()
        self._flushing.close()

    def parent_of(self, job_id: UUID) -> Context:
        """Return the context in which a span is directly on the job's way."""
        return set_span_in_context(NonRecordingSpan(self._sampling.root(job_id)), Context())

    def begun(
        self,
        hop: Hop,
        context: Context | None,
        began: int | None,
        attributes: Mapping[str, Value],
        links: Sequence[Link] | None = None,
    ) -> OtelSpan:
        """Return a span that has begun. It is not the current one yet."""
        if self._tracer is None:
            return NonRecordingSpan(get_current_span(context).get_span_context())
        return self._tracer.start_span(
            hop,
            context,
            _KINDS.get(hop, SpanKind.INTERNAL),
            attributes={f"quire.{name}": value for name, value in attributes.items()},
            links=links,
            start_time=began,
            # An error's text may say what a document says. Its code is noted instead.
            record_exception=False,
            set_status_on_exception=False,
        )

    def took(self, hop: Hop, nanoseconds: int) -> None:
        """Measure a stage."""
        if hop not in _WAITS:
            self.add(Measure.STAGE_SECONDS, max(0, nanoseconds) / 1e9, {"stage": hop.value})

    def _tell_ended(self) -> None:
        if not self._ended:
            return
        ids = [self._ended.popleft() for _ in range(len(self._ended))]
        try:
            jobs = self._look_up(list(dict.fromkeys(ids)))
        except TransientError as error:
            # The work itself is done; whoever flushes next asks again.
            self._ended.extend(ids)
            log.warning(
                "ended jobs could not be looked up for telemetry",
                extra={"code": error.code, "jobs": len(ids)},
                exc_info=True,
            )
            return
        for job in jobs:
            self.add(Measure.JOBS_ENDED, 1, {"status": job.status})
            now = time.time_ns()
            ended = now - int(job.finished_ago * 1e9)
            if job.retried_ago is None:
                began = now - int(job.created_ago * 1e9)
                with as_root(job.job_id):
                    span = self.begun(Hop.JOB, Context(), began, job.attributes)
            else:
                # The whole was told when it ended first; this is what came behind.
                began = now - int(job.retried_ago * 1e9)
                span = self.begun(Hop.JOB, self.parent_of(job.job_id), began, job.attributes)
            if job.error_code is not None:
                _fail(span, job.error_code)
            span.end(ended)


class _Stretch:
    """A stretch that goes on: the current span while inside."""

    __slots__ = (
        "_attributes",
        "_began",
        "_hop",
        "_job_id",
        "_laps",
        "_recorder",
        "_span",
        "_token",
    )

    def __init__(
        self,
        recorder: OpenTelemetryRecorder,
        hop: Hop,
        job_id: UUID | None,
        attributes: Mapping[str, Value],
        laps: Laps | None = None,
    ) -> None:
        self._recorder = recorder
        self._hop = hop
        self._job_id = job_id
        self._attributes = attributes
        self._laps = laps

    def __enter__(self) -> Self:
        recorder, laps = self._recorder, self._laps
        context = None if self._job_id is None else recorder.parent_of(self._job_id)
        self._began = laps.began if laps else time.time_ns()
        self._span = recorder.begun(self._hop, context, self._began, self._attributes)
        self._token = contexts.attach(set_span_in_context(self._span))
        if laps:
            began = laps.began
            for hop, ended in laps.laps:
                recorder.begun(hop, None, began, {}).end(ended)
                recorder.took(hop, ended - began)
                began = ended
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        contexts.detach(self._token)
        if error is not None:
            self.fail(error.code if isinstance(error, QuireError) else type(error).__name__)
        ended = time.time_ns()
        self._span.end(ended)
        self._recorder.took(self._hop, ended - self._began)

    def note(self, **attributes: Value) -> None:
        """Say more about it."""
        for name, value in attributes.items():
            self._span.set_attribute(f"quire.{name}", value)

    def fail(self, code: str) -> None:
        """It did not go well."""
        _fail(self._span, code)


def _fail(span: OtelSpan, code: str) -> None:
    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR, code))
