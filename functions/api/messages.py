"""What goes over a stream of server-sent events, as bytes."""

from __future__ import annotations

import json
from typing import Any, Final

from common.batches import BatchEvent, BatchView
from common.models import JobEvent, JobView
from functions.api.batches import shown_batch
from functions.api.jobs import shown

#: A comment: proxies see that the stream lives, readers see nothing.
HEARTBEAT: Final = b": still here\n\n"


def encoded_job(job: JobView) -> bytes:
    """Return the job as every message about it carries it."""
    return _json(shown(job))


def encoded_event(event: JobEvent, job: bytes) -> bytes:
    """Return one event's message, with its number as the id to come back with."""
    kind = event.kind.encode()
    content = _json({"kind": event.kind, "at": event.at.isoformat(), "details": event.details})
    # The job is put into the object's end, so that it is encoded once for many events.
    return b'id: %d\nevent: %s\ndata: %s, "job": %s}\n\n' % (event.id, kind, content[:-1], job)


def encoded_end(job: bytes) -> bytes:
    """Return the message behind which nothing comes. It has no id: there is no such event."""
    return b'event: end\ndata: {"job": %s}\n\n' % job


def encoded_batch(batch: BatchView) -> bytes:
    """Return the batch as every message about it carries it."""
    return _json(shown_batch(batch))


def encoded_progress(batch: bytes) -> bytes:
    """Return the message of how far the batch is. It has no id: it is counted, not recorded."""
    return b"event: progress\ndata: %s\n\n" % batch


def encoded_batch_event(event: BatchEvent) -> bytes:
    """Return one event's message, with its number as the id to come back with."""
    said = {
        "kind": event.kind,
        "at": event.at.isoformat(),
        "job_id": event.job_id and str(event.job_id),
        "details": event.details,
    }
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), _json(said))


def encoded_batch_end(batch: bytes) -> bytes:
    """Return the message behind which nothing comes. It has no id: there is no such event."""
    return b'event: end\ndata: {"batch": %s}\n\n' % batch


def encoded_retry(milliseconds: int) -> bytes:
    """Return the hint how long a reader whose stream has ended should wait before it returns."""
    return b"retry: %d\n\n" % milliseconds


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, default=str).encode()
