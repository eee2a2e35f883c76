"""Starts OpenTelemetry in a process that is to send something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from infra.telemetry.flushing import Flushing
from infra.telemetry.identity import JobIds, JobSampling
from infra.telemetry.instruments import instruments
from infra.telemetry.recorder import LookUp, OpenTelemetryRecorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from infra.settings import Settings


def start(settings: Settings, *, is_worker: bool, look_up: LookUp) -> OpenTelemetryRecorder:
    """Return the recorder of this process; its threads run from now on, so not before a fork.

    The SDK is not made the process's own: other libraries that know it would put names of
    objects and texts of queries into spans.
    """
    resource = _resource(settings, "quire-worker" if is_worker else "quire-functions")
    session = _google_session if settings.telemetry.google_login else lambda: None
    send: list[Callable[[], object]] = []
    close: list[Callable[[], object]] = []
    tracer, sampling = None, JobSampling(ALWAYS_OFF)
    measures = {}
    if settings.sends_traces:
        provider = _tracer_provider(resource, session())
        tracer, sampling = provider.get_tracer("quire"), JobSampling(provider.sampler)
        send.append(provider.force_flush)
        close.append(provider.shutdown)
    if settings.sends_metrics:
        meters = _meter_provider(resource, session())
        measures = instruments(meters.get_meter("quire"))
        send.append(meters.force_flush)
        close.append(meters.shutdown)
    return OpenTelemetryRecorder(
        tracer=tracer,
        sampling=sampling,
        measures=measures,
        flushing=Flushing(
            # A worker's threads send by themselves.
            () if is_worker else send,
            close,
            patience=settings.telemetry.flush_seconds,
        ),
        look_up=look_up,
    )


def _resource(settings: Settings, service: str) -> Resource:
    from opentelemetry.sdk.resources import Resource

    # What is given here outdoes the environment, which therefore comes first.
    given = {"service.instance.id": str(uuid4())}
    named = f",{settings.otel_resource_attributes}"
    if not settings.otel_service_name and ",service.name=" not in named:
        given["service.name"] = service
    if ",service.namespace=" not in named:
        given["service.namespace"] = "quire"
    return Resource.create(given)


def _tracer_provider(resource: Resource, session: Any) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # The SDK's own reading of OTEL_TRACES_SAMPLER. What is below a job's span follows the job.
    asked = TracerProvider(shutdown_on_exit=False).sampler
    provider = TracerProvider(
        asked if isinstance(asked, ParentBased) else ParentBased(asked),
        resource,
        shutdown_on_exit=False,
        id_generator=JobIds(),
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=session)))
    return provider


def _meter_provider(resource: Resource, session: Any) -> MeterProvider:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    reader = PeriodicExportingMetricReader(OTLPMetricExporter(session=session))
    return MeterProvider([reader], resource, shutdown_on_exit=False)


def _google_session() -> Any:
    """Return a session whose requests carry a token, renewed when it runs out."""
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
