"""Follows a job to its end, over whatever happens to the connection on the way."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping

from infra.cli.api import Api
from infra.cli.jobs import RawJob, read_job
from infra.cli.patience import Patience
from infra.cli.trouble import ApiError, Away

#: The kind of the last event of a stream that has told everything.
END = "end"
_NOT_THERE = frozenset({401, 403, 404})


def watch(api: Api, job_id: str, patience: Patience) -> Generator[RawJob, None, None]:
    """Yield the job as it changes, the last time in its final state.

    A stream that breaks off is taken up again after the last event that was seen; between
    tries the job is asked for directly, so a job can be followed even where no stream passes.
    Raises ApiError for a job that is not there, and Unreachable when nothing answers for as
    long as `patience` has.
    """
    after: str | None = None
    while True:
        try:
            for event in api.events(job_id, after):
                patience.renew()
                after = event.id or after
                raw = _job_of(event.data)
                if raw is not None:
                    yield raw
                if event.event == END or (raw is not None and read_job(raw).is_final):
                    break
        except Away:
            pass
        except ApiError as error:
            # Anything else may be only this stream's trouble, which asking directly shows.
            if error.status in _NOT_THERE:
                raise
        # An event tells of a moment that has passed: the job itself has the last word.
        reason: Exception = Away("the event stream ended early")
        try:
            raw = api.job(job_id)
            patience.answered()
            yield raw
            if read_job(raw).is_final:
                return
        except Away as error:
            reason = error
        patience.wait(reason)


def follow_events(
    api: Api, job_id: str, after: str | None, patience: Patience
) -> Iterator[Mapping[str, object]]:
    """Yield the job's events with their ids, each once and in order, until the job has ended.

    A stream that breaks off is taken up again after the last event. Raises like `watch`.
    """
    while True:
        ended = False
        reason: Exception = Away("the event stream ended early")
        try:
            for event in api.events(job_id, after, on_open=patience.renew):
                patience.renew()
                after = event.id or after
                content = _object_in(event.data)
                if event.event == END:
                    ended = True
                elif content:
                    number = int(event.id) if event.id.isdecimal() else event.id
                    yield {"id": number, **content}
            # Only the job itself knows whether the stream was over or cut off.
            if ended and read_job(api.job(job_id)).is_final:
                return
        except Away as error:
            reason = error
        patience.wait(reason)


def _object_in(data: str) -> Mapping[str, object]:
    try:
        content = json.loads(data)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _job_of(data: str) -> RawJob | None:
    job = _object_in(data).get("job")
    return job if isinstance(job, dict) else None
