"""Which trace of their own a caller's request is a part of (W3C Trace Context)."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


def calling_span(traceparent: str, tracestate: str = "") -> SpanContext | None:
    """Return what the headers name; None where they name nothing that makes sense."""
    carrier = {"traceparent": traceparent, "tracestate": tracestate}
    named = get_current_span(TraceContextTextMapPropagator().extract(carrier, Context()))
    context = named.get_span_context()
    return context if context.is_valid else None
