"""The measures, as OpenTelemetry has them: instrument, unit, description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from common.telemetry import Measure, Value

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

Add = Callable[[float, Mapping[str, Value]], None]


class Instrument(NamedTuple):
    """How one measure is told."""

    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    description: str


#: From a lock in Redis to a merge of twenty thousand pages.
SECONDS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)

INSTRUMENTS: Final[Mapping[Measure, Instrument]] = {
    Measure.STAGE_SECONDS: Instrument("histogram", "s", "Seconds of a stage of a job's way."),
    Measure.QUEUE_SECONDS: Instrument("histogram", "s", "From a chunk's message to its claim."),
    Measure.PAGES: Instrument("counter", "{page}", "Pages that are done."),
    Measure.CHUNKS: Instrument("counter", "{chunk}", "Attempts at chunks that ended."),
    Measure.RETRIES: Instrument("counter", "{chunk}", "Chunks put back to be read again."),
    Measure.CACHE_LOOKUPS: Instrument("counter", "{chunk}", "Chunks looked for in the cache."),
    Measure.JOBS_ENDED: Instrument("counter", "{job}", "Jobs that ended."),
    Measure.WEBHOOKS: Instrument("counter", "{try}", "Tries at telling owners' servers."),
    Measure.RESENT: Instrument("counter", "{message}", "Stopped work that was sent again."),
    Measure.QUEUE_AGE: Instrument("gauge", "s", "How long the first in the queue has waited."),
    Measure.QUEUE_PAGES: Instrument("gauge", "{page}", "Pages that wait for a worker."),
    Measure.PROCESSING: Instrument("gauge", "{chunk}", "Chunks that workers have."),
    Measure.STRANDED: Instrument("gauge", "{job}", "Jobs at work that make no progress."),
}


def instruments(meter: Meter) -> dict[Measure, Add]:
    """Return for each measure what adds to it."""
    return {measure: _add(meter, measure, told) for measure, told in INSTRUMENTS.items()}


def _add(meter: Meter, measure: Measure, told: Instrument) -> Add:
    match told.kind:
        case "counter":
            return meter.create_counter(measure, told.unit, told.description).add
        case "gauge":
            return meter.create_gauge(measure, told.unit, told.description).set
        case "histogram":
            return meter.create_histogram(
                measure,
                told.unit,
                told.description,
                explicit_bucket_boundaries_advisory=SECONDS,
            ).record
