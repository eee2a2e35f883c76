"""Follows a batch to its end, over whatever happens to the connection on the way."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra.cli.api import Api
from infra.cli.batches.meter import meter_on
from infra.cli.batches.view import Batch, read_batch
from infra.cli.exits import STOPS, CommandError, stop_code
from infra.cli.jobs import RawJob
from infra.cli.patience import Patience
from infra.cli.trouble import ApiError, Away


def changes(api: Api, batch_id: str, patience: Patience) -> Iterator[RawJob]:
    """Yield the batch as it changes, the last time when it has ended.

    A stream that breaks off is taken up again; between tries the batch is asked for directly.
    Raises ApiError for a batch that is not there, and Unreachable when nothing answers for as
    long as `patience` has.
    """
    path = f"/v1/batches/{batch_id}"
    after: str | None = None
    while True:
        try:
            for event in api.stream(f"{path}/events", after):
                patience.renew()
                after = event.id or after
                raw = _batch_of(event.data) if event.event == "progress" else None
                if raw is not None:
                    yield raw
                    if read_batch(raw).is_final:
                        break
        except (Away, ApiError):
            # It may be only this stream's trouble, which asking directly shows.
            pass
        reason: Exception = Away("the event stream ended early")
        try:
            raw = api.get(path)
            patience.answered()
            yield raw
            if read_batch(raw).is_final:
                return
        except Away as error:
            reason = error
        patience.wait(reason)


def follow(api: Api, batch_id: str, *, quiet: bool) -> tuple[RawJob, Batch]:
    """Show the batch on standard error until it has ended; return how. Ctrl-C leaves it be."""
    raw: RawJob = {}
    with going_on(api, batch_id), meter_on(sys.stderr, quiet=quiet) as meter:
        for raw in changes(api, batch_id, Patience()):
            meter.batch(read_batch(raw))
    return raw, read_batch(raw)


@contextmanager
def going_on(api: Api, batch_id: str) -> Iterator[None]:
    """Say of a command that is interrupted within where the batch goes on."""
    try:
        yield
    except STOPS as stop:
        raise CommandError(
            "Interrupted.",
            stop_code(stop),
            code="INTERRUPTED",
            advice=f"The batch goes on {api.place}: quire batch status {batch_id} --watch",
        ) from stop


def _batch_of(data: str) -> RawJob | None:
    try:
        content = json.loads(data)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    inner = content.get("batch")
    found = inner if isinstance(inner, dict) else content
    return found if "batch_id" in found else None
