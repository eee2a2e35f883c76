"""Go on with one stage of a job, checkpoint by checkpoint, and hand on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from common import telemetry
from common.errors import LeaseLost, PermanentError, QuireError, QuotaError, TransientError
from common.lifecycle import Stage
from common.log_context import logging_for
from common.models import JobId
from common.ports import LiveUpdates
from common.stages import Passed, StageInputs, StageOf, StageRef, Stages, StageWork
from common.telemetry import Hop, Laps
from functions.pipeline.hand_on import or_maintain_sends
from functions.pipeline.heartbeat import Heartbeat
from functions.pipeline.process_chunk import RetryPolicy
from functions.pipeline.put_back import quota_delay
from functions.pipeline.stalls import refuse_if_stalled

log = logging.getLogger(__name__)

#: Between two checkpoints. More than a chunk has: what a stage asks for is seldom paid by the page,
#: and all that builds on it would be lost with it. With pauses that double, some two minutes.
_MOST_TRIES: Final = 8
#: Until a stage is tried again that ended by an error nobody knows.
_AFTER_UNKNOWN: Final = timedelta(seconds=10)


class StageDispatch(Protocol):
    """Sends stages to the workers. TransientError where the broker does not take them."""

    def send_stage(self, stage: StageRef, delay: timedelta = timedelta()) -> None:
        """Enqueue a stage's task, not to be looked at before the delay is over."""


def run_stage(
    job_id: JobId,
    of: StageOf,
    *,
    stages: Stages,
    inputs: Callable[[StageWork], StageInputs],
    dependents: Callable[[Stage], Sequence[Stage]],
    dispatch: StageDispatch,
    announce: Callable[[JobId], None],
    live: LiveUpdates,
    retries: RetryPolicy,
    interval: int,
    lease: timedelta,
    slice_seconds: float,
) -> None:
    """Claim the stage, make what is left of it for so long, and hand on.

    Safe to call twice: one attempt's checkpoints count. Others get their turn after
    `slice_seconds`: what is left is another message's.
    """
    laps = Laps()
    work = stages.claim(job_id, of.stage, interval=interval)
    if work is None:
        log.info("stage is done, taken, held or not due", extra=_fields(job_id, of.stage))
        return
    with (
        logging_for(job_id, attempt=work.attempt),
        telemetry.job_span(Hop.STAGE, job_id, laps, attempt=work.attempt, stage=of.stage.value),
    ):
        live.publish(job_id)
        try:
            with Heartbeat(
                lambda: stages.renew(work), every_seconds=lease.total_seconds() / 3
            ) as heartbeat:
                refuse_if_stalled(work.stalls)
                passed = _go_on(work, of, stages, inputs(work), heartbeat, live, slice_seconds)
        except LeaseLost:
            log.warning("stage lost its lease", extra=_fields(job_id, of.stage))
            return
        except (QuotaError, TransientError) as error:
            passed = _put_back(work, of, error, stages, dependents, dispatch, retries)
        except PermanentError as error:
            passed = _fail(work, of, error, stages, dependents)
        except BaseException:
            # Whatever it is, it may be the document's fault: it is tried again, not for ever.
            again = stages.leave(work, counted=True)
            if again is not None:
                with or_maintain_sends():
                    dispatch.send_stage(again, _AFTER_UNKNOWN)
            raise
        _hand_on(job_id, passed, dispatch, announce)
        live.publish(job_id)


def _go_on(
    work: StageWork,
    of: StageOf,
    stages: Stages,
    inputs: StageInputs,
    heartbeat: Heartbeat,
    live: LiveUpdates,
    slice_seconds: float,
) -> Passed | None:
    """Return what follows; None where nothing is to be sent."""
    began = since = time.monotonic()
    for step in of.function(inputs, work.cursor):
        heartbeat.check()
        now = time.monotonic()
        goes_on = stages.record(work, step, seconds=now - since)
        since = now
        live.publish(work.job_id)
        if not goes_on:
            log.info("stage is paused", extra=_fields(work.job_id, of.stage))
            return None
        if now - began > slice_seconds and step.done < step.total:
            # At a checkpoint: whoever goes on repeats nothing.
            rest = stages.leave(work)
            return Passed(rest) if rest is not None else None
    return stages.finish(work, seconds=time.monotonic() - since)


def _put_back(
    work: StageWork,
    of: StageOf,
    error: QuotaError | TransientError,
    stages: Stages,
    dependents: Callable[[Stage], Sequence[Stage]],
    dispatch: StageDispatch,
    retries: RetryPolicy,
) -> Passed | None:
    """Have it tried again when it may go better; an error that stays is not tried for ever."""
    counted = not isinstance(error, QuotaError)
    delay = quota_delay(error) if isinstance(error, QuotaError) else retries.delay(work.failures)
    try:
        is_back = stages.put_back(work, delay, counted=counted, most=_MOST_TRIES)
    except LeaseLost:
        log.warning("stage lost its lease", extra=_fields(work.job_id, of.stage))
        return None
    if not is_back:
        return _fail(work, of, error, stages, dependents)
    log.warning(
        "stage is put back",
        extra=_fields(work.job_id, of.stage)
        | {"code": error.code, "reason": error.message, "counted": counted},
    )
    with or_maintain_sends():
        dispatch.send_stage(StageRef(work.job_id, of.stage, work.priority), delay)
    return None


def _fail(
    work: StageWork,
    of: StageOf,
    error: QuireError,
    stages: Stages,
    dependents: Callable[[Stage], Sequence[Stage]],
) -> Passed | None:
    log.error(
        "stage failed",
        extra=_fields(work.job_id, of.stage) | {"code": error.code, "reason": error.message},
    )
    try:
        return stages.fail(work, dependents(of.stage), error.code, error.message)
    except LeaseLost:
        log.warning("stage lost its lease", extra=_fields(work.job_id, of.stage))
        return None


def _hand_on(
    job_id: JobId,
    passed: Passed | None,
    dispatch: StageDispatch,
    announce: Callable[[JobId], None],
) -> None:
    if passed is None:
        return
    if passed.next is not None:
        with or_maintain_sends():
            dispatch.send_stage(passed.next)
    if passed.has_ended:
        telemetry.job_ended(job_id)
        log.info("every stage has ended", extra={"job_id": str(job_id)})
        announce(job_id)


def _fields(job_id: JobId, stage: Stage) -> dict[str, str]:
    return {"job_id": str(job_id), "stage": stage.value}
