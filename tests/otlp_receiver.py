"""What takes OTLP over HTTP, as a collector does: parsed by the protocol's own schema."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class ReceivedSpan:
    """A span as it came."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    #: Nanoseconds since 1970.
    began: int
    ended: int
    service: str
    attributes: Mapping[str, Any]
    #: The code of what went wrong; None where nothing did.
    error: str | None
    links: tuple[tuple[str, str], ...]

    @property
    def seconds(self) -> float:
        return (self.ended - self.began) / 1e9


@dataclass(frozen=True)
class ReceivedPoint:
    """A measure's point as it came: a number, or of a histogram the sum and the count."""

    name: str
    unit: str
    labels: Mapping[str, Any]
    value: float
    count: int | None
    instance: str


@dataclass
class OtlpReceiver:
    """Keeps every span and point that is sent to it on 127.0.0.1."""

    port: int = 0
    spans: list[ReceivedSpan] = field(default_factory=list)
    points: list[ReceivedPoint] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    #: Answers nobody while it is cleared.
    answering: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Return the address for OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    def trace(self, job_id: str) -> list[ReceivedSpan]:
        """Return the job's spans, the first to begin first."""
        mine = UUID(job_id).hex
        return sorted((each for each in self.spans if each.trace_id == mine), key=_by_begin)

    def latest(self, name: str, **labels: Any) -> float:
        """Return the sum over all processes of the newest points with these labels."""
        newest = {
            (point.instance, tuple(sorted(point.labels.items()))): point.value
            for point in self.points
            if point.name == name and labels.items() <= point.labels.items()
        }
        return sum(newest.values())

    def take(self, path: str, body: bytes) -> bytes:
        """Keep one request's content, and return what a collector answers."""
        self.bodies.append(body)
        if path.endswith("/v1/traces"):
            self.spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
        elif path.endswith("/v1/metrics"):
            self.points.extend(_points(ExportMetricsServiceRequest.FromString(body)))
        else:
            raise ValueError(f"OTLP has no {path}")
        return b""

    @contextmanager
    def serving(self) -> Iterator[OtlpReceiver]:
        """Serve for a while."""
        receiver = self
        self.answering.set()

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.headers.append({name.lower(): it for name, it in self.headers.items()})
                receiver.answering.wait()
                answer = receiver.take(self.path, body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a sender that was killed, or had waited long enough

        server = Server(("127.0.0.1", 0), Door)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.answering.set()
            server.shutdown()
            server.server_close()
            thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[ReceivedSpan]:
    for resource in request.resource_spans:
        about = _named(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield ReceivedSpan(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    name=span.name,
                    kind=span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    began=span.start_time_unix_nano,
                    ended=span.end_time_unix_nano,
                    service=about["service.name"],
                    attributes=_named(span.attributes),
                    error=span.status.message if span.status.code == 2 else None,
                    links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                )


def _points(request: ExportMetricsServiceRequest) -> Iterator[ReceivedPoint]:
    for resource in request.resource_metrics:
        instance = _named(resource.resource.attributes)["service.instance.id"]
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                kept = getattr(metric, metric.WhichOneof("data"))
                for point in kept.data_points:
                    is_histogram = metric.HasField("histogram")
                    yield ReceivedPoint(
                        name=metric.name,
                        unit=metric.unit,
                        labels=_named(point.attributes),
                        value=point.sum
                        if is_histogram
                        else getattr(point, point.WhichOneof("value")),
                        count=point.count if is_histogram else None,
                        instance=instance,
                    )


def _named(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def _by_begin(span: ReceivedSpan) -> tuple[int, int]:
    return span.began, -span.ended
